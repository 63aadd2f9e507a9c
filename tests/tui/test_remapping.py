"""A remapped key works, and shows wherever keys are shown; every setting is on the settings screen."""

from pathlib import Path

import pytest
from hosting import Until, text_of
from textual.pilot import Pilot
from textual.widgets import OptionList

from engine import load_experiment
from tui.app import Workbench
from tui.help import Help, KeyTable
from tui.preferences import Preferences
from tui.screens.draw import DrawScreen
from tui.screens.order import TABLES
from tui.screens.seeing import SeeingScreen
from tui.search import everything
from tui.settings import Settings, usable_keys
from tui.welcome import lines_of

REMAPPED = """welcome = false
[keys]
"app.epoch" = "f7"
"loss.toggle_log" = "f8"
"pad.dot" = "f9"
"draw.mode" = "f6"
"seeing.layer:1" = "f10"
"""


async def ready(app: Workbench, pilot: Pilot[int], until: Until) -> None:
    """Waits until the network is built and every panel on the screen has drawn it."""
    await until(pilot, lambda: app._session is not None and bool(app.snapshot.nodes) and bool(app.presets))
    version = app.snapshot.version
    panels = app.bench.desk.visible_panels
    await until(pilot, lambda: all((panel.shown_version or -1) >= version for panel in panels))


def keys_in_help(app: Workbench) -> str:
    """The first words of each line of help."""
    return " ".join(str(table.render()) for table in app.screen.query(KeyTable))


@pytest.fixture
def remapped(own_folders: Path) -> None:
    (own_folders / "config" / "nn-tui" / "settings.toml").write_text(REMAPPED)


async def test_keys_of_the_program_and_of_panels(until: Until, remapped: None) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert not app._notifications
        footer = app.bench.hints.render().plain
        assert "f7 epoch" in footer
        assert "f8 log" in footer
        assert "f7  one epoch" in text_of(app.bench.desk.panels["loss"])
        assert "f7 one epoch" in text_of(app.bench.desk.panels["timeline"])
        keys = {entry.text: entry.keys for entry in everything(app)}
        assert keys["Epoch"] == "f7"
        assert keys["Loss: Log"] == "f8"
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        assert "f7 " in keys_in_help(app)
        assert "f8 " in keys_in_help(app)
        await pilot.press("escape", "e", "f7")
        await until(pilot, lambda: app.snapshot.epoch == 1)
        log = app.bench.desk.panels["loss"].charts["loss"].view.log
        await pilot.press("l")
        assert app.bench.desk.panels["loss"].charts["loss"].view.log == log
        await pilot.press("f8")
        assert app.bench.desk.panels["loss"].charts["loss"].view.log != log


async def test_keys_of_the_draw_and_seeing_screens(until: Until, remapped: None) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("5", "d")
        screen = app.screen
        assert isinstance(screen, DrawScreen)
        await until(pilot, lambda: "f9 paint" in str(screen.foot.render()) and "f6 shows" in str(screen.foot.render()))
        await pilot.press("f9")
        assert not screen.pad.ink.empty
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        assert app.screen.topic.title == "Draw"
        assert "f9 " in keys_in_help(app)
        assert "f6 " in keys_in_help(app)
        await pilot.press("escape", "escape", "i")
        assert isinstance(app.screen, SeeingScreen)
        await pilot.press("f10")
        assert app.screen._node == "flatten1"


async def test_a_key_changed_over_the_draw_screen_shows_at_once(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("5", "d", "ctrl+s")
        options = app.screen.query_one(OptionList)
        options.highlighted = options.get_option_index("keys.pad.clear")
        await pilot.press("enter", "f5", "escape")
        screen = app.screen
        assert isinstance(screen, DrawScreen)
        await until(pilot, lambda: "f5 clear" in str(screen.foot.render()))


async def test_every_setting_is_on_the_settings_screen_and_can_be_changed(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, Preferences)
        options = app.screen.query_one(OptionList)
        shown = {option.id for option in options.options}
        names = set(Settings.model_fields) - {"keys"}
        assert shown == names | {f"keys.{name}" for name in app.all_actions()}
        assert {f"keys.{scope}.{action.id}" for scope, table in TABLES.items() for action in table} <= shown
        for name in sorted(names):
            before = getattr(app.settings, name)
            options.highlighted = options.get_option_index(name)
            await pilot.press("enter")
            assert getattr(app.settings, name) != before, name


def test_screens_of_their_own_may_use_the_keys_of_the_program_but_no_key_twice() -> None:
    from tui.actions import ACTIONS

    known = {f"app.{action.id}": action for action in ACTIONS}
    known |= {f"{scope}.{action.id}": action for scope, table in TABLES.items() for action in table}
    assert usable_keys({"pad.dot": "b", "app.play": "x"}, known) == ({"pad.dot": "b", "app.play": "x"}, [])
    assert "draw.mode" in usable_keys({"pad.dot": "m"}, known)[1][0]


def test_the_orientation_names_the_keys_that_the_person_has() -> None:
    rows = {meaning: keys for keys, meaning in lines_of({})}
    assert rows["one epoch, one batch"] == "e  s"
    assert rows["go to a panel; tab goes to the next one"] == "1 to 6"
    rows = {meaning: keys for keys, meaning in lines_of({"app.epoch": "f7", "app.next_panel": "f2"})}
    assert rows["one epoch, one batch"] == "f7  s"
    assert rows["go to a panel; f2 goes to the next one"] == "1 to 6"
    rows = {meaning: keys for keys, meaning in lines_of({"app.focus_panel:loss": "f3", "app.open": ""})}
    assert rows["go to a panel; tab goes to the next one"] == "1  2  f3  4  5  6"
    assert rows["open another experiment"] == "palette"
