"""Sizes that come in the wrong order, or while another is being laid out."""

from collections.abc import Awaitable, Callable

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.pilot import Pilot
from textual.screen import Screen

from engine import load_experiment
from tui.app import Workbench
from tui.resizing import present

Until = Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]]


async def test_two_sizes_on_their_way_at_once_are_not_laid_out_in_turn_for_ever(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Workbench(load_experiment("spiral"))
    laid_out = list[Size]()
    lay_out = Screen._refresh_layout

    def counted(self: Screen[object], size: Size | None = None, scroll: bool = False) -> None:
        laid_out.append(size or self.outer_size)
        assert len(laid_out) < 50, laid_out[-4:]
        lay_out(self, size, scroll)

    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None)
        monkeypatch.setattr(Screen, "_refresh_layout", counted)
        for size in (Size(39, 9), Size(100, 30)):
            app.bench.post_message(Resize(size, size))
            app.bench.call_later(lambda: None)
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: app.bench.header.outer_size.width == 100)
        await until(pilot, lambda: app.bench.size == Size(100, 30))


async def test_the_size_is_the_terminals_own_whatever_is_told_last(until: Until) -> None:
    app = Workbench(load_experiment("spiral"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None)
        await pilot.resize_terminal(100, 30)
        app.post_message(Resize(Size(1, 60), Size(1, 60)))
        await pilot.pause()
        assert app.size == app.bench.size == Size(100, 30)


def test_a_terminal_that_reports_its_sizes_itself_is_believed() -> None:
    event = Resize(Size(90, 20), Size(90, 20), pixel_size=Size(900, 400))
    assert present(event, None) is event
    assert present(Resize(Size(90, 20), Size(90, 20)), None).size == Size(90, 20)
