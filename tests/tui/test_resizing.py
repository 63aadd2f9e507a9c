"""Sizes that come in the wrong order, or while another is being laid out."""

import os
import struct
import sys
from collections.abc import Callable, Iterator

import pytest
from hosting import Until
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from engine import load_experiment
from tui.app import Workbench
from tui.resizing import present

fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], None]]:
    """The standard error of this process is a terminal that is as large as one says."""
    keeper, own = pty.openpty()
    with open(own, "w") as stream:
        monkeypatch.setattr(sys, "__stderr__", stream)
        yield lambda width, height: fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    os.close(keeper)


def told(width: int, height: int, pixel_size: Size | None = None) -> Resize:
    """An event of Textual's driver."""
    return Resize(Size(width, height), Size(width, height), pixel_size=pixel_size)


def test_the_size_is_the_terminals_own_whatever_is_told_last(
    terminal: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal(100, 30)
    assert present(told(1, 60)).size == Size(100, 30)
    terminal(40, 12)
    assert present(told(100, 30)).size == Size(40, 12)


def test_a_terminal_that_reports_its_sizes_itself_or_does_not_know_any_is_believed(
    terminal: Callable[[int, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(100, 30)
    assert present(told(90, 20, Size(900, 400))).size == Size(90, 20)
    terminal(0, 0)
    assert present(told(90, 20)).size == Size(90, 20)
    monkeypatch.setattr(sys, "__stderr__", None)
    assert present(told(90, 20)).size == Size(90, 20)
