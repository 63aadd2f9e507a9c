"""The palette: from any focus it finds what any panel can do, and does it there."""

import re
from collections import Counter

import pytest
from hosting import Until, ready
from textual.events import Key
from textual.widgets import OptionList, Static

from engine import KINDS, Experiment, load_experiment
from engine.augment import Augmentation
from tui.actions import ACTIONS
from tui.app import Workbench
from tui.preferences import Preferences
from tui.screens.draw import DrawScreen
from tui.screens.seeing import SeeingScreen
from tui.search import Entry, Palette, everything, matching
from tui.settings import Settings


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


def test_a_word_in_another_form_comes_last() -> None:
    rows = entries(
        ("Spin", "the rotation of an image"), ("rotation", "a turn"), ("Turn", "rotates at once"), ("Gray", "x"),
        ("normalization", "x"), ("Crotat", "x"), ("Sigmoid layer", "x"),
    )  # fmt: skip
    assert names(matching(rows, "rotates")) == ["Turn", "rotation", "Spin"]
    assert names(matching(rows, "rotated image")) == ["Spin"]
    assert names(matching(rows, "grey")) == ["Gray"]
    assert names(matching(rows, "normalise")) == ["normalization"]
    assert names(matching(rows, "sigmoids")) == names(matching(rows, "layers")) == ["Sigmoid layer"]


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


async def test_every_component_and_every_setting_is_found_once(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: "Optimizer: augmentation.crop" in names(everything(app)))
        found = everything(app)
        texts = names(found)
        assert not [text for text, count in Counter(texts).items() if count > 1]
        assert names(matching(found, "undo")) == ["Undo", "Redo"], "to do again what was undone is another thing"
        assert not [entry.text for entry in found if not entry.help]
        for kind in KINDS.values():
            for name, component in kind.choices().items():
                shown = [one for one in matching(found, name) if re.search(rf"(^|[ :]){re.escape(name)}$", one.text)]
                assert any(component.summary() in one.help for one in shown), name
        experiment = load_experiment("digits")
        for section in ("regularization", "augmentation", "early_stopping", "output", "model", "data", "optimizer"):
            for name in type(getattr(experiment, section)).model_fields:
                text = name if section == "optimizer" else f"{section}.{name}"
                assert any(one.endswith(f": {text}") for one in texts), text
        for name in Settings.model_fields:
            assert name == "keys" or any(name.partition("_")[0] in one.lower() for one in texts)
        assert [one.text for one in matching(found, "adam")][:2] == ["Optimizer: adam", "Optimizer: adamw"]
        assert names(matching(found, "augment")[:8]) == [
            f"Optimizer: augmentation.{name}" for name in Augmentation.model_fields
        ]
        assert names(matching(found, "spiral"))[:2] == ["Open spiral", "Architecture: data spiral"]
        assert "Optimizer: rmsprop" in names(matching(found, "momentum")), "a component is found by its settings, too"


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("xavier", "Architecture: init glorot_normal"), ("kaiming", "Architecture: init he_normal"),
        ("rotate", "Optimizer: augmentation.rotation"), ("screenshot", "Export screen"), ("units", "Data: See inside"),
        ("neurons", "Data: See inside"), ("neuron", "Data: See inside"), ("grey", "Architecture: data image_folder"),
        ("saves", "Save run"), ("shuffled seeds", "New seed"),
    ],
)  # fmt: skip
async def test_things_are_found_by_their_other_names(until: Until, word: str, wanted: str) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: "Optimizer: augmentation.crop" in names(everything(app)))
        assert wanted in names(matching(everything(app), word))[:6]


async def test_choosing_a_component_does_what_the_forms_do(until: Until) -> None:
    app = Workbench(load_experiment("digits"))

    def runs() -> Experiment:
        return app.session.snapshot.experiment

    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        optimizer, architecture = (app.bench.desk.panels[name] for name in ("optimizer", "architecture"))

        async def choose(words: str) -> None:
            await until(pilot, lambda: app.screen is app.bench and bool(architecture.editing.settled))
            await pilot.press("ctrl+p", *(" " if key == "_" else key for key in words), "enter")

        await choose("rmsprop")
        await until(pilot, lambda: runs().optimizer.name == "rmsprop")
        assert (app.bench.desk.focused_name, optimizer.form.cursor) == ("optimizer", "optimizer")
        await choose("schedule cosine")
        await until(pilot, lambda: runs().schedule.name == "cosine")
        await choose("flip")
        await until(pilot, lambda: optimizer.form.cursor == "augmentation.flip")
        await choose("he uniform")
        await until(pilot, lambda: runs().model.init.name == "he_uniform")
        await choose("output.init")
        await until(pilot, lambda: architecture.form.cursor == "output.init")
        await choose("dropout add")
        await until(pilot, lambda: architecture.form.menu is not None)
        assert architecture.form.menu.value == "dropout"
        before = len(app.session.snapshot.nodes)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.session.snapshot.nodes) == before + 1)
        assert [node.layer.name for node in app.session.snapshot.nodes][-2] == "dropout", "behind the last layer"
        await choose("data iris")
        await until(pilot, lambda: runs().data.name == "iris")
        await choose("perceptron optimizer")
        await until(pilot, lambda: any("a rule for loss.name" in one.message for one in app._notifications))
        await choose("undo")
        await until(pilot, lambda: runs().data.name == "digits")
        await choose("frames per second")
        await until(pilot, lambda: isinstance(app.screen, Preferences))
        await until(
            pilot, lambda: "how often the screen looks" in str(app.screen.query_one("#meaning", Static).content)
        )


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
