"""The palette: from any focus it finds what any panel can do, and does it there."""

import pytest
from hosting import Until, ready
from textual.events import Key
from textual.widgets import OptionList

from engine import load_experiment
from tui.actions import ACTIONS
from tui.app import Workbench
from tui.screens.draw import DrawScreen
from tui.screens.seeing import SeeingScreen
from tui.search import Entry, Palette, matching


def entries(*rows: tuple[str, str]) -> list[Entry]:
    return [Entry(text, about, "", lambda: None) for text, about in rows]


def names(found: list[Entry]) -> list[str]:
    return [entry.text for entry in found]


def test_names_come_before_meanings_and_starts_of_words_before_the_rest() -> None:
    rows = entries(("Analog", "x"), ("Save", "writes a log"), ("Loss: Log", "an axis"), ("Quit", "leave"))
    assert names(matching(rows, "log")) == ["Loss: Log", "Analog", "Save"]
    assert names(matching(rows, "LOG loss")) == ["Loss: Log"]
    assert names(matching(rows, "")) == names(rows)
    assert names(matching(rows, "qit")) == ["Quit"]
    assert not matching(rows, "xyz")


@pytest.mark.parametrize("place", range(1, 7))
async def test_every_action_of_every_panel_is_offered_from_any_focus(until: Until, place: int) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot, until)
        await pilot.press(str(place), "ctrl+p")
        assert isinstance(app.screen, Palette)
        offered = names(list(app.screen.found))
        for name, panel in app.bench.desk.panels.items():
            for action in panel.ACTIONS:
                assert f"{name.capitalize()}: {action.label}" in offered
        for action in ACTIONS:
            if action.id not in ("command_palette", "leave"):
                assert any(text in (action.label, f"Go to {action.label}") for text in offered), action
        for text in ("Data: Confusion", "Loss: accuracy", "Optimizer: lr", "Layer dense1", "Theme ansi", "Open spiral"):
            assert text in offered
        first = app.bench.desk.focused_name.capitalize()
        assert offered[0].startswith(f"{first}: ")


async def test_a_choice_goes_to_its_panel_and_acts_there(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        desk = app.bench.desk
        await pilot.press("1", "ctrl+p", *"confusion", "enter")
        await until(pilot, lambda: desk.focused_name == "data" and desk.panels["data"].view.name == "Confusion")
        await pilot.press("ctrl+p", *"loss log", "enter")
        await until(pilot, lambda: desk.focused_name == "loss" and desk.panels["loss"].charts["loss"].view.log)
        await pilot.press("ctrl+p", *"optimizer lr", "enter")
        await until(pilot, lambda: desk.panels["optimizer"].form.cursor == "optimizer.lr")
        await pilot.press("ctrl+p", *"layer dense2", "enter")
        await until(pilot, lambda: app.selected_node == "dense2")


async def test_keys_typed_ahead_reach_the_palette_and_what_it_opens(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        for key in ("1", "ctrl+p", *"draw", "enter", "space"):
            app.post_message(Key(key, key if len(key) == 1 else " " if key == "space" else None))
        await until(pilot, lambda: isinstance(app.screen, DrawScreen) and not app.screen.pad.ink.empty)
        assert app.session.snapshot.activity != "playing"


async def test_over_a_whole_screen_its_own_actions_come_first_and_those_of_panels_leave_it(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("ctrl+p", *"see inside", "enter")
        await until(pilot, lambda: isinstance(app.screen, SeeingScreen))
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, Palette)
        assert app.screen.found[0].text == "Seeing: Layer"
        await pilot.press(*"next layer", "enter")
        await until(pilot, lambda: isinstance(app.screen, SeeingScreen) and app.screen._node == "flatten1")
        await pilot.press("ctrl+p", *"go to gradients", "enter")
        await until(pilot, lambda: app.screen is app.bench and app.bench.desk.focused_name == "gradients")


async def test_the_list_is_moved_through_while_one_types(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("ctrl+p", *"theme", "down", "down")
        options = app.screen.query_one(OptionList)
        assert options.highlighted == 2
        assert app.screen.found[2].text == "Theme light"
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "light")
