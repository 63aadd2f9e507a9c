"""Sizes that no one works in, which a resize passes through all the same."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from engine import load_experiment
from tui.app import Workbench
from tui.store import SavedRun
from tui.welcome import Offer, Welcome

SIZES = [*((width, 10) for width in range(16, 0, -1)), (1, 1), (30, 3), (200, 2), (80, 24)]


async def squeeze(app: Workbench, pilot: Pilot[int]) -> None:
    """Goes through the sizes, drawing each."""
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause()
    assert app.is_running


@pytest.mark.parametrize(
    "keys",
    [("o",), ("o", "x", "x"), ("ctrl+s",), ("ctrl+s", "end", "enter"), ("ctrl+p",), ("ctrl+p", *"zoom"),
     ("ctrl+p", *"%%%"), ("question_mark",), ("apostrophe",), ("5", "d"), ("5", "d", "question_mark"), ("5", "i")],
    ids=" ".join,
)  # fmt: skip
async def test_what_lies_over_the_workbench_survives_every_narrow_screen(until, keys: tuple[str, ...]) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes))
        await pilot.press(*keys)
        assert app.screen is not app.bench
        await squeeze(app, pilot)


async def test_what_is_shown_at_the_start_survives_every_narrow_screen(until) -> None:
    run = SavedRun(Path("nowhere"), "A run with quite a long title", 3, 20, 135, 0.0)
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes))
        for screen in (Offer(run), Welcome({})):
            app.push_screen(screen)
            await pilot.pause()
            assert app.screen is screen
            await squeeze(app, pilot)
            await pilot.press("escape")


async def test_a_page_up_or_down_in_a_list_without_room_leaves_it_as_it_is(until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("o")
        options = app.screen.query_one(OptionList)
        options.display = False
        await pilot.pause()
        app.screen.query_one(Input).value = "digits"
        await pilot.press("pagedown", "pageup")
        assert options.highlighted == 0
        options.display = True
        await pilot.pause()
        await pilot.press("pagedown")
        assert options.highlighted == options.option_count - 1


@pytest.mark.parametrize("over", ["", "ctrl+p"])
async def test_the_panel_in_use_has_the_focus_again_after_a_screen_that_was_too_small(until, over: str) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("3", *filter(None, [over]))
        await pilot.resize_terminal(1, 1)
        await pilot.press("escape")
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: app.focused is app.bench.desk.panels["loss"])
        assert app.bench.desk.focused_name == "loss"


async def test_a_click_on_a_hint_of_a_panel_works_without_a_focus(until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("3")
        loss = app.bench.desk.panels["loss"]
        shown = loss.chosen
        place = app.bench.hints.render().plain.index("v view")
        app.bench.set_focus(None)
        await pilot.click(app.bench.hints, offset=(place + 1, 0))
        assert loss.chosen != shown
        assert app.focused is loss


async def test_the_header_is_whole_after_a_resize_at_rest(until) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes))
        await until(pilot, lambda: "epoch 0/500" in app.bench.header.render().plain)
        await pilot.resize_terminal(1, 1)
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        strips = app.bench.header.render_lines(app.bench.header.size.region)
        drawn = "\n".join(strip.text for strip in strips)
        assert "epoch 0/500" in drawn
        assert "step 0" in drawn
