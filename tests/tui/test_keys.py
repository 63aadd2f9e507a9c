"""Keys that come all at once do what they do one by one."""

import pytest
from hosting import Until, ready
from textual.events import Key
from textual.widgets import Input

from engine import load_experiment
from tui.app import Workbench
from tui.help import Help
from tui.preferences import Preferences


def at_once(app: Workbench, *keys: str) -> None:
    """Sends keys as a driver does that reads them together."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("place", range(1, 7))
async def test_a_panel_key_counts_for_the_next_key(until: Until, place: int) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        at_once(app, "3" if place != 3 else "4", str(place), "question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        assert app.screen.topic.title == list(app.bench.desk.panels.values())[place - 1].TITLE


async def test_tab_counts_for_the_next_key(until: Until) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        at_once(app, "2", "tab", "tab", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        assert app.screen.topic.title == "Gradients"


async def test_keys_behind_a_panel_key_edit_in_that_panel(until: Until) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        at_once(app, "2", "home", "down", "enter", *"0.03", "enter", "3")
        await until(pilot, lambda: app.session.snapshot.experiment.optimizer.lr == 0.03)
        await until(pilot, lambda: app.bench.desk.focused_name == "loss")


async def test_what_is_typed_behind_the_key_of_a_dialog_goes_into_it(until: Until) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        at_once(app, "o", *"spiral", "enter", "e")
        await until(pilot, lambda: app.session.snapshot.experiment == load_experiment("spiral"))
        await until(pilot, lambda: app.session.snapshot.epoch == 1)
        at_once(app, "o", *"digits")
        await until(pilot, lambda: bool(app.screen.query(Input)) and app.screen.query_one(Input).value == "digits")
        at_once(app, "escape", "ctrl+s", "enter", "escape", "1", "question_mark", "escape", "2")
        await until(pilot, lambda: app.bench.desk.focused_name == "optimizer")
        assert app.screen is app.bench
        assert app.settings.theme == "dark"


async def test_a_key_that_never_comes_back_holds_the_others_up_for_a_moment_only(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        monkeypatch.setattr(Workbench, "_follow", lambda *_: None)
        at_once(app, "1", "question_mark", "escape", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Preferences))
