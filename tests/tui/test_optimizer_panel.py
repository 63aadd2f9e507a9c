"""The optimizer panel through the pilot: what is live, what starts over, what is refused, and the picture."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from hosting import Desk, Until, desk_of

from engine import History, load_experiment
from tui.drawing.palette import Palette
from tui.panels.schedule import SchedulePicture


@asynccontextmanager
async def opened(
    until: Until, source: str = "xor-mlp", size: tuple[int, int] = (100, 44), **changes: Any
) -> AsyncIterator[Desk]:
    async with desk_of("optimizer", "2", until, source, size, changes) as desk:
        yield desk


def line(desk: Desk, key: str) -> str:
    """The line of a field, which the cursor goes to."""
    form = desk.panel.form
    form.go(key)
    place = next(place for place, row in enumerate(form.rows) if row.key == key)
    return str(form.render_line(place - form.scroll_offset.y).text)


async def test_live_and_other_settings_are_marked(until: Until) -> None:
    async with opened(until, "digits") as desk:
        for key in ("optimizer.lr", "schedule", "batch_size", "epochs", "regularization.l2", "early_stopping.patience"):
            assert line(desk, key).rstrip().endswith("•"), key
        for key in ("optimizer", "loss", "seed"):
            assert line(desk, key).rstrip().endswith("↻"), key
        assert "from" not in desk.panel.hint.text
        assert "seed" in line(desk, "seed")


async def test_plus_and_minus_move_a_live_setting_at_once_and_it_is_recorded(until: Until) -> None:
    async with opened(until, "digits") as desk:
        run = desk.app.session.snapshot.run
        await desk.press("s")
        await until(desk.pilot, lambda: desk.app.session.snapshot.step == 1)
        desk.panel.form.go("optimizer.lr")
        await desk.press("plus", "plus")
        assert desk.runs.optimizer.lr == 0.02
        await desk.press("minus", "h", "l", "left", "right", "equals_sign")
        assert desk.runs.optimizer.lr == 0.02
        assert "0.02" in line(desk, "optimizer.lr")
        assert "lr 0.02 at step 1 of" in desk.panel.picture.to_text(40, 5), "as the head of the screen says"
        snapshot = desk.app.session.snapshot
        assert snapshot.run == run
        assert snapshot.step == 1
        assert {(edit.step, edit.key) for edit in snapshot.edits} == {(1, "optimizer.lr")}


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("augmentation.rotation", ["5", "10", "20", "50"]), ("augmentation.shift", ["1", "2", "3", "4"]),
        ("augmentation.mixup", ["0.05", "0.1", "0.2", "0.5"]), ("seed", ["1", "2", "3", "4"]),
        ("loss.label_smoothing", ["0.01", "0.02", "0.05", "0.1"]),
    ],
)  # fmt: skip
async def test_plus_and_minus_go_on_where_the_value_waits_for_enter(until: Until, key: str, values: list[str]) -> None:
    async with opened(until, "digits") as desk:
        run, form = desk.app.session.snapshot.run, desk.panel.form
        form.go(key)
        for press, value in zip(("plus", "equals_sign", "l", "right"), values, strict=True):
            await desk.press(press)
            assert (form.typing.text, form.typing.verdict.problem) == (value, None)
        await desk.press("minus", "h", "left")
        assert form.typing.text == values[0]
        assert desk.app.session.snapshot.run == run
        await desk.press("plus", "enter")
        assert not form.busy
        assert (desk.app.session.snapshot.run, form.row.field.text()) == (run + 1, values[1])


async def test_a_remapped_key_steps_on_too(until: Until) -> None:
    async with opened(until, "digits") as desk:
        desk.app.change_settings(keys={"optimizer.more": "y"})
        desk.panel.form.go("seed")
        await desk.press("y", "y", "y")
        assert desk.panel.form.typing.text == "3"
        await desk.press("plus")
        assert desk.panel.form.typing.text == "4", "a plus is no number either"


async def test_while_a_value_waits_other_keys_are_refused_in_a_line_and_do_nothing(until: Until) -> None:
    async with opened(until, "digits") as desk:
        form, before = desk.panel.form, desk.app.session.snapshot.version
        form.go("augmentation.rotation")
        await desk.press("plus")
        for key, sign in (("e", "e"), ("v", "v"), ("space", " "), ("question_mark", "?"), ("q", "q")):
            await desk.press(key)
            assert form.typing.text == "5"
            assert desk.panel.hint.text == f"✗ '{sign}' is no part of a number; enter applies, esc restores"
        await desk.press("plus")
        assert form.typing.text == "10"
        assert "largest turn" in desk.panel.hint.text.lower()
        await desk.press("3", "0", "e")
        assert form.typing.text == "30e", "of a number, it is the exponent"
        await desk.press("escape")
        assert (desk.runs.augmentation.rotation, desk.app.session.snapshot.version) == (0, before)


@pytest.mark.parametrize("width", [120, 80, 40])
async def test_the_footer_tells_the_keys_that_hold_while_a_value_is_edited(until: Until, width: int) -> None:
    async with opened(until, "digits", (width, 24)) as desk:
        hints = desk.app.bench.hints

        def foot() -> str:
            return " ".join(str(hints.render()).split())

        usual = foot()
        assert usual.startswith("space play s batch")
        desk.panel.form.go("seed")
        await desk.press("plus")
        assert foot().startswith("enter apply esc back" + " ↑ more ↓ less" * (width > 40))
        assert foot().endswith("ctrl+q quit")
        assert "space" not in foot()
        await desk.pilot.click(hints, offset=(2, 0))
        await desk.settle()
        assert (desk.runs.seed, foot()) == (1, usual)
        desk.panel.form.go("optimizer")
        await desk.press("enter")
        assert foot().startswith("enter apply esc back" + " ↓ next ↑ before" * (width > 40))
        await desk.pilot.click(hints, offset=(15, 0))
        await desk.settle()
        assert (desk.panel.form.busy, foot()) == (False, usual)


async def test_a_typed_value_says_when_it_takes_effect(until: Until) -> None:
    async with opened(until) as desk:
        desk.panel.form.go("regularization.l2")
        await desk.press("enter", "0", "full_stop", "1")
        assert "from the next step on" in desk.panel.hint.text
        await desk.press("enter")
        assert desk.runs.regularization.l2 == 0.1
        await desk.press("enter", "minus", "1")
        assert "regularization.l2 is -1.0: must be at least 0" in desk.panel.hint.text
        await desk.press("enter", "escape")
        assert desk.runs.regularization.l2 == 0.1


async def test_another_optimizer_starts_the_run_over_and_is_chosen_from_a_list(until: Until) -> None:
    async with opened(until) as desk:
        run, first = desk.app.session.snapshot.run, desk.runs
        desk.panel.form.go("optimizer")
        await desk.press("enter", "l")
        assert "starts the run over" in desk.panel.hint.text
        assert desk.app.session.snapshot.run == run
        await desk.press("enter")
        assert desk.runs.optimizer.name == "lion"
        assert desk.app.session.snapshot.run == run + 1
        assert [row.key for row in desk.panel.form.rows if row.key.startswith("optimizer.")] == [
            f"optimizer.{name}" for name in type(desk.runs.optimizer).model_fields
        ]
        await desk.press("u")
        assert desk.runs == first


async def test_booleans_and_choices_go_by_keys(until: Until) -> None:
    async with opened(until) as desk:
        desk.panel.form.go("early_stopping.restore_best")
        await desk.press("plus")
        assert desk.runs.early_stopping.restore_best is False
        await desk.press("enter", "space", "enter")
        assert desk.runs.early_stopping.restore_best is True
        desk.panel.form.go("early_stopping.monitor")
        await desk.press("right")
        assert desk.runs.early_stopping.monitor == "valid_accuracy"
        await desk.press("enter", "down", "enter")
        assert desk.runs.early_stopping.monitor == "train_loss"
        await desk.press("enter", "down", "escape")
        assert desk.runs.early_stopping.monitor == "train_loss"


async def test_another_schedule_is_live_and_brings_its_fields(until: Until) -> None:
    async with opened(until) as desk:
        run = desk.app.session.snapshot.run
        desk.panel.form.go("schedule")
        await desk.press("enter", "c", "enter")
        assert desk.runs.schedule.name == "cosine"
        assert desk.app.session.snapshot.run == run
        assert "floor" in line(desk, "schedule.floor")


async def test_what_the_experiment_as_a_whole_refuses_is_said(until: Until) -> None:
    async with opened(until, "digits") as desk:
        desk.panel.form.go("optimizer")
        await desk.press("enter", "p")
        assert "a rule for loss.name = 'perceptron'" in desk.panel.hint.text
        await desk.press("enter")
        assert desk.panel.form.menu is not None
        assert desk.runs.optimizer.name == "adam"


async def test_seed_loss_batch_and_epochs(until: Until) -> None:
    async with opened(until) as desk:
        desk.panel.form.go("seed")
        await desk.press("plus")
        assert "other first weights" in desk.panel.hint.text
        await desk.press("enter")
        assert desk.runs.seed == 1
        desk.panel.form.go("batch_size")
        await desk.press("enter", "2", "enter")
        assert desk.runs.batch_size == 2
        desk.panel.form.go("epochs")
        await desk.press("enter", "up", "enter")
        assert desk.runs.epochs > load_experiment("xor-mlp").epochs


async def test_moving_by_every_key(until: Until) -> None:
    async with opened(until) as desk:
        form = desk.panel.form
        keys = [row.key for row in form.rows if row.selectable]
        for key, place in (("end", -1), ("home", 0), ("down", 1), ("j", 2), ("k", 1), ("up", 0), ("pagedown", 8)):
            await desk.press(key)
            assert form.cursor == keys[place], key
        await desk.press("pageup")
        assert form.cursor == keys[0]


async def test_leaving_the_panel_restores_what_was_typed(until: Until) -> None:
    async with opened(until) as desk:
        desk.panel.form.go("optimizer.lr")
        before = desk.runs
        await desk.press("enter", "9", "tab")
        await until(desk.pilot, lambda: not desk.panel.has_focus)
        assert not desk.panel.form.busy
        assert desk.runs == before


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 60)])
async def test_every_size_reads(until: Until, size: tuple[int, int]) -> None:
    async with opened(until, "digits", size) as desk:
        assert "lr" in desk.text
        assert "0.005" in desk.text
        desk.panel.form.go("schedule")
        await desk.settle()
        assert "schedule" in desk.text


# ------------------------------------------------------------------------------------------------ the picture


def drawn(picture: SchedulePicture, width: int = 40, height: int = 5) -> list[str]:
    return picture.draw(width, height, Palette()).to_text().split("\n")


def test_the_picture_falls_with_a_linear_schedule_and_marks_the_present() -> None:
    picture = SchedulePicture()
    experiment = load_experiment("digits").edited({"schedule": "linear", "epochs": 10})
    picture._experiment, picture._steps_per_epoch, picture._step = experiment, 10, 50
    lines = drawn(picture)
    at = next((row, line.index("●")) for row, line in enumerate(lines) if "●" in line)
    assert abs(at[1] - 20) <= 1
    assert at[0] in (1, 2)
    assert lines[0].strip()
    assert lines[0][20:].strip() == ""
    assert lines[3][:15].strip() == ""
    assert "lr 0.0025 at step 50 of 100" in lines[-1]


def test_the_past_is_what_it_was_even_after_an_edit() -> None:
    history = History()
    history.write(0, np.zeros((40, 2)), np.full(40, 0.5))
    picture = SchedulePicture()
    picture._experiment = load_experiment("digits").edited({"optimizer.lr": 0.1, "epochs": 10})
    picture._history, picture._step, picture._steps_per_epoch = history, 40, 10
    np.testing.assert_array_equal(picture.rates(np.arange(38, 42)), [0.5, 0.5, 0.1, 0.1])


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 1), (300, 9)])
def test_every_size_of_picture(size: tuple[int, int]) -> None:
    picture = SchedulePicture()
    assert drawn(picture, *size)
    picture._experiment = load_experiment("digits").edited({"schedule": "one_cycle"})
    assert len(drawn(picture, *size)) == size[1]
