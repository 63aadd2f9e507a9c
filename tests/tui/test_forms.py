"""Fields, ladders, what is being typed or chosen, and the form on a screen."""

from dataclasses import replace
from itertools import pairwise
from math import isnan
from typing import Any

import pytest
from hosting import ScreenHost
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from textual.app import ComposeResult
from textual.widget import Widget

from engine import KINDS, BadInput, Component, Experiment, Setting, load_experiment
from tui.entry import Menu, Typing, Verdict
from tui.fields import Field, Option, as_text, field_of, fields_of, span
from tui.forms import Form
from tui.rows import FieldRow, HeadingRow, Row


def field(key: str, **changes: Any) -> Field:
    """A field of the default experiment by its dotted key."""
    experiment = load_experiment("digits").edited(changes)
    part, _, name = key.partition(".")
    if not name:
        return field_of(key, Setting.of(key, Experiment.model_fields[key]), getattr(experiment, key))[0]
    return next(found for found in fields_of(getattr(experiment, part), f"{part}.") if found.key == key)


def walk(of: Field, start: Any, direction: int, count: int) -> list[Any]:
    values = [start]
    for _ in range(count):
        values.append(of.stepped(values[-1], direction))
    return values[1:]


# ------------------------------------------------------------------------------------------------ ladders


def test_learning_rates_climb_one_two_five() -> None:
    lr = field("optimizer.lr")
    assert walk(lr, 0.001, 1, 6) == [0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
    assert walk(lr, 0.001, -1, 4) == [0.0005, 0.0002, 0.0001, 0.00005]
    assert lr.stepped(0.003, 1) == 0.005
    assert lr.stepped(0.003, -1) == 0.002


def test_zero_is_the_last_rung_where_it_is_allowed_and_never_where_not() -> None:
    penalty = field("regularization.l2")
    assert walk(penalty, 0.0, 1, 3) == [1e-5, 2e-5, 5e-5]
    assert walk(penalty, 5e-5, -1, 4) == [2e-5, 1e-5, 0.0, 0.0]
    assert min(walk(field("optimizer.lr"), 1e-6, -1, 40)) > 0


FIRST = {
    "rotation": 5, "mean": 0.01, "value": 0.01, "low": 0.01, "high": 0.01, "std": 0.001, "max_norm": 0.1,
    "clip_value": 0.1, "clip_norm": 0.1, "decay": 0.001, "weight_decay": 0.001, "l1": 1e-5, "l2": 1e-5,
    "min_delta": 1e-5,
}  # fmt: skip


def zero_is_allowed(setting: Setting) -> bool:
    return setting.low is None or setting.low < 0 or (setting.low == 0 and not setting.low_open)


def test_the_first_step_from_zero_is_one_that_is_seen() -> None:
    sections = [field.annotation for field in Experiment.model_fields.values() if isinstance(field.annotation, type)]
    kinds = [component for kind in KINDS.values() for component in kind.registry.values()]
    models = [*kinds, *(section for section in sections if issubclass(section, BaseModel))]
    found = {
        (model.__name__, name): (setting.high, Field(name, setting, 0.0).stepped(0.0, 1))
        for model in models
        for name, setting in ((name, Setting.of(name, field)) for name, field in model.model_fields.items())
        if setting.type == "float" and zero_is_allowed(setting)
    }
    steps = {1: 0.01, 10: 0.05, 80: 0.5}
    assert len(found) > 80
    for key, (high, first) in found.items():
        assert isinstance(first, float)
        assert first == (FIRST[key[1]] if key[1] in FIRST else steps.get(high or 0)), (key, high, first)
    assert walk(field("augmentation.rotation"), 0.0, 1, 7) == [5, 10, 20, 50, 100, 180, 180]
    assert walk(field("augmentation.rotation"), 20.0, -1, 4) == [10, 5, 0, 0]


def test_shares_go_by_twentieths_and_towards_one_ever_finer() -> None:
    rate = next(found for found in fields_of(KINDS["layer"].parse("dropout")) if found.label == "rate")
    assert walk(rate, 0.0, 1, 7) == [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25]
    assert walk(rate, 0.15, -1, 5) == [0.1, 0.05, 0.02, 0.01, 0.0]
    assert walk(field("optimizer.beta1"), 0.85, 1, 5) == [0.9, 0.95, 0.98, 0.99, 0.995]
    assert walk(field("optimizer.beta2"), 0.999, -1, 4) == [0.998, 0.995, 0.99, 0.98]


def test_units_and_batches_are_powers_of_two() -> None:
    batch = field("batch_size")
    assert walk(batch, 32, 1, 3) == [64, 128, 256]
    assert walk(batch, 33, -1, 8) == [32, 16, 8, 4, 2, 1, 0, 0]
    assert batch.stepped(0, 1) == 1
    assert batch.stepped(48, 1) == 64
    units = next(found for found in fields_of(KINDS["layer"].parse("dense")) if found.label == "units")
    assert walk(units, 4, -1, 4) == [2, 1, 1, 1]


def test_other_whole_numbers_go_by_one_then_by_five_then_one_two_five() -> None:
    epochs = field("epochs")
    assert walk(epochs, 8, 1, 5) == [9, 10, 15, 20, 25]
    assert walk(epochs, 95, 1, 3) == [100, 200, 500]
    assert walk(epochs, 200, -1, 3) == [100, 95, 90]
    assert walk(epochs, 2, -1, 3) == [1, 1, 1]
    assert walk(field("seed"), 41, 1, 2) == [42, 43]


def test_a_fraction_typed_for_a_whole_number_goes_to_the_whole_number_beside_it() -> None:
    for name in ("epochs", "batch_size", "seed"):
        assert field(name).stepped(7.5, 1) == 8
        assert field(name).stepped(7.5, -1) == 7
        assert field(name).stepped(8.0, 1) in (9, 16)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e308, -1e308, 10**308])
def test_what_is_beyond_every_rung_stays_where_it_is(value: float) -> None:
    for one in every_number():
        assert one.stepped(value, 1) == one.stepped(value, -1) == value
        assert isnan(one.stepped(float("nan"), 1))


def every_number() -> list[Field]:
    """Every number that any component of the program can be set to."""
    found: list[Field] = []
    for kind in KINDS.values():
        for name, component in kind.registry.items():
            for setting in component.settings():
                if setting.type in ("int", "float"):
                    found.append(Field(f"{kind.kind}.{name}.{setting.name}", setting, setting.default))
    return found


def within_range(component: type[Component], key: str, value: Any) -> bool:
    """Whether a setting takes a value; what two settings ask of each other is not asked here."""
    try:
        component.model_validate({key: value})
    except ValidationError as error:
        return all(problem["type"] == "value_error" for problem in error.errors())
    return True


@pytest.mark.parametrize("one", every_number(), ids=lambda one: one.key)
def test_every_number_climbs_and_falls_within_its_range(one: Field) -> None:
    kind, name, key = one.key.split(".")
    component: type[Component] = KINDS[kind].registry[name]
    values = [one.value, *walk(one, one.value, 1, 12)]
    values += walk(one, values[-1], -1, 30)
    for value in values:
        if value is not None and key not in ("low", "high"):
            assert within_range(component, key, value), value
    up = [value for value in walk(one, one.value, 1, 5) if value is not None]
    assert all(after >= before for before, after in pairwise(up))


@given(st.floats(1e-9, 1e9), st.sampled_from([1, -1]))
def test_a_step_moves_and_the_way_back_is_at_most_one_rung(value: float, direction: int) -> None:
    lr = field("optimizer.lr")
    moved = lr.stepped(value, direction)
    assert (moved - value) * direction > 0
    assert (lr.stepped(moved, -direction) - value) * direction <= abs(value) * 1e-6


# ------------------------------------------------------------------------------------------------ fields


def test_fields_come_from_the_components_with_those_of_components_within_them() -> None:
    init = KINDS["layer"].parse({"type": "dense", "init": {"name": "normal", "std": 0.5}})
    found = [(one.key, one.text(), one.depth) for one in fields_of(init, "layers.0.")]
    assert found == [
        ("layers.0.units", "32", 0), ("layers.0.bias", "on", 0), ("layers.0.init", "normal", 0),
        ("layers.0.init.mean", "0", 1), ("layers.0.init.std", "0.5", 1), ("layers.0.bias_init", "zeros", 0),
    ]  # fmt: skip


def test_typed_text_becomes_a_value_or_stays_text_for_the_engine_to_refuse() -> None:
    assert field("optimizer.lr").parse(" 1e-3 ") == 0.001
    assert field("batch_size").parse("64") == 64
    assert isinstance(field("batch_size").parse("64"), int)
    assert field("data.limit").parse("") is None
    assert field("model.hidden").parse("[64, 32]") == [64, 32]
    assert field("model.hidden").parse("64,") == [64]
    assert field("optimizer.lr").parse("fast") == "fast"
    with pytest.raises(BadInput, match=r"optimizer\.lr is 'fast'"):
        load_experiment("digits").edited({"optimizer.lr": "fast"})


def test_hint_says_meaning_range_and_default() -> None:
    assert field("optimizer.lr").hint() == "Learning rate: the size of a step; above 0; default 0.001"
    assert "default unset" in field("model.init").hint()


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({}, ""), ({"low": 0}, "0 or more"), ({"low": 0, "low_open": True}, "above 0"),
        ({"low": 1, "high": 1_000_000}, "1 to 1,000,000"),
        ({"low": 0, "high": 1, "high_open": True}, "0 or more, below 1"),
        ({"high": 0.5}, "0.5 or less"), ({"low": -1, "high": 1, "low_open": True}, "above -1, 1 or less"),
    ],
)  # fmt: skip
def test_ranges_in_words(bounds: dict[str, Any], words: str) -> None:
    assert span(Setting("x", "float", 0.0, "a number", **bounds)) == words


@pytest.mark.parametrize(
    ("value", "text"), [(1e-8, "1e-8"), (1e-10, "1e-10"), (2e9, "2e9"), (0.05, "0.05"), (10.0, "10")]
)
def test_small_numbers_read_as_in_the_charts(value: float, text: str) -> None:
    assert as_text(value) == text
    assert float(text) == value


def test_what_can_be_chosen_carries_a_line_each() -> None:
    optimizers = field("optimizer").options()
    assert [option.value for option in optimizers] == list(KINDS["optimizer"].registry)
    assert all(option.summary for option in optimizers)
    assert field("model.init").options()[0] == Option(None, "unset", "what the activation wants")
    assert [option.label for option in field("model.batch_norm").options()] == ["on", "off"]


def test_choices_go_round() -> None:
    assert walk(field("data.standardize"), "none", 1, 3) == ["unit", "zscore", "none"]
    assert field("data.standardize").stepped("none", -1) == "zscore"


# ------------------------------------------------------------------------------------------------ typing, choosing


def typed(start: Typing, *keys: str) -> Typing:
    for key in keys:
        start = start.key(key, key if len(key) == 1 else None) or start
    return start


def test_the_first_character_replaces_and_later_ones_are_inserted() -> None:
    start = Typing(field("optimizer.lr"), "0.005", 5)
    assert typed(start, "1", "e", "-", "2").text == "1e-2"
    assert typed(start, "end", "1").text == "0.0051"
    assert typed(start, "backspace", "backspace", "2").text == "0.02"
    assert typed(start, "home", "delete", "3").text == "3.005"
    assert typed(start, "left", "ctrl+u").text == "5"
    assert typed(start, "ctrl+a", "right", "right", "9").text == "0.9005"
    assert typed(start, "up").text == "0.01"
    assert typed(start, "down").text == "0.002"
    assert start.key("f5", None) is None


def test_a_value_that_was_stepped_to_steps_on_until_something_is_typed() -> None:
    start = Typing(field("augmentation.rotation"), "0", 1)
    assert typed(start, "+", "+", "+").text == "20"
    assert typed(start, "+", "+", "+").step(-1).text == "10"
    assert typed(start, "+", "3").text == "3"
    assert not typed(start, "+", "3").stepped
    assert not typed(start, "+", "left").stepped
    assert typed(start, "1", "e", "+", "1").text == "1e+1", "behind a digit it is part of a number"
    assert typed(Typing(field("model.hidden"), "32", 2), "+").text == "+"
    assert typed(Typing(field("title"), "x", 1), "up") == Typing(field("title"), "x", 1)


@pytest.mark.parametrize("keys", ["e", "v", "?", "5v", "1ee", "1.5.", "5 ", "l", "1-", "+q"])
def test_what_is_no_part_of_a_number_is_refused(keys: str) -> None:
    after = typed(Typing(field("optimizer.lr"), "0.005", 5), *keys)
    before = typed(Typing(field("optimizer.lr"), "0.005", 5), *keys[:-1])
    assert (after.text, after.fresh, after.refused) == (before.text, before.fresh, keys[-1])
    assert typed(after, "backspace").refused == ""


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("optimizer.lr", "-1.5e-3"), ("optimizer.lr", ".5"), ("optimizer.lr", "1_000"), ("batch_size", "1e3"),
        ("model.hidden", "[64, 32]"), ("model.hidden", "64,32,"), ("title", "a title, 5 epochs?"),
    ],
)  # fmt: skip
def test_whatever_can_become_a_value_is_typed(key: str, text: str) -> None:
    assert typed(Typing(field(key), "", 0, fresh=False), *text).text == text
    strange = Typing(field(key), "", 0).insert("pasted")
    assert typed(strange, "x").text == "pastedx", "what was pasted is mended as one likes"


def test_menu_moves_wraps_and_jumps_to_a_letter() -> None:
    options = tuple(Option(name, name) for name in ("adam", "lion", "nadam", "sgd", "silu"))
    menu = Menu("x", "x", options, 0, lambda value: Verdict(), lambda value: None)

    def after(*keys: str) -> Any:
        now = menu
        for key in keys:
            now = now.key(key, key if len(key) == 1 else None) or now
        return now.value

    assert after("down") == "lion"
    assert after("up") == "silu"
    assert after("space", "space") == "nadam"
    assert after("end") == "silu"
    assert after("end", "home") == "adam"
    assert after("pagedown") == "silu"
    assert after("s") == "sgd"
    assert after("s", "s") == "silu"
    assert after("z") == "adam"
    assert after("equals_sign") == after("plus") == "lion"


def test_several_can_be_ticked_and_keep_their_order() -> None:
    options = tuple(Option(name, name) for name in ("x1", "x2", "x1^2"))
    menu = Menu("x", "x", options, 2, lambda value: Verdict(), lambda value: None, ticked=("x1", "x2"))
    more = menu.key("space", " ")
    assert more is not None
    assert more.value == ["x1", "x2", "x1^2"]
    assert Menu("x", "x", options, 0, menu.judge, menu.pick, more.ticked).toggled().value == ["x2", "x1^2"]


# ------------------------------------------------------------------------------------------------ on a screen


class Owner(Widget, can_focus=True):
    """A form over the optimizer of an experiment, and a record of what was applied."""

    def __init__(self) -> None:
        super().__init__()
        self.experiment = load_experiment("digits")
        self.form = Form(self, lambda: self.has_focus)
        self.applied: list[tuple[str, Any]] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        self.rows()

    def rows(self) -> None:
        fields = fields_of(self.experiment.optimizer, "optimizer.") + fields_of(self.experiment.data, "data.")
        rows: list[Row] = [HeadingRow("title", text="Settings")]
        rows += [FieldRow(one.key, field=one, label_width=12) for one in fields]
        self.form.show(rows)

    def judge(self, key: str, value: Any) -> Verdict:
        try:
            self.experiment.edited({key: value})
        except BadInput as error:
            return Verdict(problem=str(error))
        return Verdict(effect="fine")

    def apply(self, key: str, value: Any) -> None:
        self.applied.append((key, value))
        self.experiment = self.experiment.edited({key: value})
        self.rows()

    def open(self, row: Row) -> None:
        self.opened.append(row.key)

    def touched(self) -> None:
        pass

    def on_key(self, event: Any) -> None:
        self.form.key(event.key, event.character)


class Small(ScreenHost):
    def __init__(self) -> None:
        super().__init__()
        self.owner = Owner()

    def compose(self) -> ComposeResult:
        yield self.owner

    def on_mount(self) -> None:
        self.owner.focus()

    def line(self, key: str) -> str:
        form = self.owner.form
        place = next(place for place, row in enumerate(form.rows) if row.key == key)
        return form.render_line(place - form.scroll_offset.y).text


async def test_a_wrong_value_is_marked_said_and_not_applied() -> None:
    app = Small()
    async with app.run_test(size=(36, 12)) as pilot:
        form = app.owner.form
        form.go("optimizer.lr")
        form.edit()
        await pilot.press("minus", "1")
        assert form.hint() == [("✗ optimizer.lr is -1.0: must be greater than 0", "error")]
        assert "-1" in app.line("optimizer.lr")
        assert "✗" in app.line("optimizer.lr")
        await pilot.press("enter")
        assert form.typing is not None
        assert app.owner.applied == []
        await pilot.press("escape")
        assert form.typing is None
        assert "0.005" in app.line("optimizer.lr")
        form.edit()
        await pilot.press("full_stop", "1", "enter")
        assert app.owner.applied == [("optimizer.lr", 0.1)]
        assert "0.1" in app.line("optimizer.lr")


async def test_the_mouse_selects_edits_and_chooses() -> None:
    app = Small()
    async with app.run_test(size=(40, 16)) as pilot:
        form = app.owner.form
        await pilot.click(form, offset=(4, 0))
        assert form.cursor == "optimizer.lr", "a heading cannot be selected"
        await pilot.click(form, offset=(4, 2))
        assert form.cursor == "optimizer.beta1"
        assert not form.busy
        await pilot.click(form, offset=(4, 2))
        assert form.typing is not None
        assert form.typing.field.key == "optimizer.beta1"
        await pilot.press("escape")
        await pilot.click(form, offset=(20, 8))
        assert form.menu is not None
        assert form.cursor == "data.standardize"
        await pilot.click(form, offset=(6, 10))
        assert app.owner.applied == [("data.standardize", "unit")]
        await pilot.click(form, offset=(3, 15))
        assert form.cursor == "data.standardize"


async def test_the_cursor_stays_in_sight_and_keeps_its_row() -> None:
    app = Small()
    async with app.run_test(size=(24, 4)) as pilot:
        form = app.owner.form
        form.move(100)
        await pilot.pause()
        assert form.cursor == form.rows[-1].key
        assert any("standardi" in form.render_line(y).text for y in range(form.size.height))
        form.move(-100)
        await pilot.pause()
        assert "Settings" in form.render_line(0).text, "the heading above the first row is shown with it"
        form.go("optimizer.beta2")
        app.owner.apply("optimizer.name", "adamw")
        assert form.cursor == "optimizer.beta2"
        app.owner.apply("optimizer.name", "sgd")
        assert form.cursor in {row.key for row in form.rows}


async def test_every_size_can_be_drawn() -> None:
    app = Small()
    async with app.run_test(size=(60, 20)) as pilot:
        form = app.owner.form
        form.go("data.standardize")
        form.edit()
        for size in ((1, 1), (2, 3), (5, 2), (12, 40), (200, 60), (36, 12)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            for y in range(form.size.height):
                assert form.render_line(y).cell_length <= max(size[0], 2)


async def test_paste_takes_one_line() -> None:
    app = Small()
    async with app.run_test():
        form = app.owner.form
        form.go("optimizer.lr")
        form.edit()
        form.paste(" 0.25\nrm -rf /\n")
        assert form.typing is not None
        assert form.typing.text == "0.25"


def test_an_empty_list_reads_none_and_is_typed_as_nothing() -> None:
    weights = replace(field("model.hidden"), value=())
    assert (weights.text(), weights.source()) == ("none", "")


@pytest.mark.parametrize("width", [30, 33, 40])
def test_a_long_value_begins_where_its_label_ends(width: int) -> None:
    row = FieldRow("loss", field=replace(field("loss"), value="binary_cross_entropy"), label_width=15, marked=True)
    line = "".join(text for text, _ in row.parts(width))
    assert "binary_cross_entropy" in line
    assert len(line) == width


def test_a_long_label_takes_the_room_that_its_value_leaves() -> None:
    smoothing = field("loss.label_smoothing")
    row = FieldRow(smoothing.key, field=smoothing, label_width=12, marked=True)
    assert "".join(text for text, _ in row.parts(28)).startswith("label_smoothing 0")
    long = FieldRow(smoothing.key, field=replace(smoothing, value="a very long value"), label_width=12, marked=True)
    assert "".join(text for text, _ in long.parts(28)).startswith("label_smoot… a very long")
