"""The run before: kept when another one takes its place, drawn behind it, and told apart in words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosting import PanelHost, Until, ready, rest, text_of
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from engine import Experiment, Session, Trainer, load_experiment
from engine.checkpoint import load_checkpoint, save_checkpoint
from tui.app import Workbench
from tui.differences import Course
from tui.drawing.axes import number
from tui.panels.compared import Compared, better
from tui.panels.comparison import Earlier, listed, verdict
from tui.panels.loss import LossPanel
from tui.panels.record import Record

SMALL = {"model.hidden": [8], "data.limit": 300}


class Bench:
    """The loss panel in an app of its own, with a session that rests after all that is asked."""

    def __init__(self, session: Session, panel: LossPanel, pilot: Pilot[int]) -> None:
        self.session, self.panel, self.pilot = session, panel, pilot

    async def show(self) -> None:
        """Waits until the session rests, and shows its snapshot."""
        self.panel.show(rest(self.session))
        await self.pilot.pause()
        await self.pilot.pause()

    async def train(self, epochs: int) -> None:
        self.session.epoch(epochs)
        await self.show()

    async def change(self, **changes: Any) -> None:
        """Starts over with other settings."""
        edited = self.session.snapshot.experiment.edited({key.replace("__", "."): v for key, v in changes.items()})
        self.session.rebuild(edited)
        await self.show()

    @property
    def told(self) -> str:
        """The lines below the charts."""
        compared = self.panel.compared
        return compared.render().plain if compared.display else ""

    @property
    def text(self) -> str:
        return text_of(self.panel)

    def faint(self, name: str = "loss") -> int:
        """How many cells of a chart are of the run before."""
        chart = self.panel.charts[name]
        glyphs = [ord("○"), ord("◇")]
        return int(np.isin(chart.draw(*chart.size, chart.palette).chars[1:], glyphs).sum())


@asynccontextmanager
async def bench(size: tuple[int, int] = (100, 20), name: str = "digits", **changes: Any) -> AsyncIterator[Bench]:
    session = Session(load_experiment(name, {**(SMALL if name == "digits" else {}), **changes}))
    session.start()
    panel = LossPanel()
    try:
        async with PanelHost(session, panel).run_test(size=size) as pilot:
            found = Bench(session, panel, pilot)
            await found.show()
            panel.focus()
            yield found
    finally:
        session.close()


async def test_a_change_keeps_the_run_before_behind_the_present_one() -> None:
    async with bench() as it:
        await it.train(6)
        before = it.session.snapshot.history.rows[3]
        assert not it.faint()
        assert it.told == ""
        await it.change(model__hidden=[4], seed=5)
        assert it.faint() > 4, "also before the first step"
        assert it.told.split("\n")[0].startswith("○◇ before: hidden 8 → 4; seed 0 → 5")
        await it.train(3)
        now = it.session.snapshot.history.rows[3]
        better = "better" if now.valid_loss < before.valid_loss else "worse"
        by = number(abs(now.valid_loss - before.valid_loss), 2)
        values = f"{number(now.valid_loss)}, before {number(before.valid_loss)}"
        assert it.told.split("\n")[1] == f"validation loss {values} at epoch 3: {better} by {by}"
        assert it.panel.charts["loss"].last == it.session.snapshot.steps_per_epoch * 6
        assert it.faint("accuracy")
        await it.train(6)
        assert "at epoch 6:" in it.told, "the last epoch that both have"


async def test_a_reset_and_an_edit_in_the_past_are_other_runs_too() -> None:
    async with bench() as it:
        await it.train(4)
        it.session.reset()
        await it.show()
        assert it.told.startswith("○◇ before: the same settings")
        await it.train(5)
        it.session.seek(it.session.snapshot.steps_per_epoch * 2)
        await it.show()
        assert it.panel.comparison.run.last_epoch("train_loss") == 4, "going back replaces nothing"
        it.session.edit("optimizer.lr", 0.05)
        await it.show()
        assert it.panel.comparison.run.last_epoch("train_loss") == 5
        fork = it.session.snapshot.step
        assert it.told.startswith(f"○◇ before: lr 0.005 → 0.05 from step {fork} on")
        it.session.reset()
        await it.show()
        assert it.panel.comparison.run.last_epoch("train_loss") == 5, "nothing was trained since"


async def test_an_edit_on_the_way_is_no_other_run() -> None:
    async with bench() as it:
        await it.train(3)
        it.session.edit("optimizer.lr", 0.05)
        await it.train(2)
        assert it.panel.comparison.run is None
        it.session.reset()
        await it.show()
        assert it.told.startswith("○◇ before: lr 0.005 → 0.05; it had lr 0.005 → 0.05 from step 30 on")


async def test_an_edit_behind_the_last_step_had_no_effect_on_the_run_before() -> None:
    async with bench() as it:
        await it.train(3)
        for rate in (0.01, 0.02):
            it.session.edit("optimizer.lr", rate)
            await it.show()
        it.session.reset()
        await it.show()
        assert it.told.startswith("○◇ before: lr 0.005 → 0.02")


async def test_an_edit_behind_the_last_step_had_no_effect_on_the_present_run_either() -> None:
    async with bench() as it:
        await it.train(2)
        it.session.reset()
        it.session.edit("optimizer.lr", 0.01)
        await it.show()
        assert it.told.startswith("○◇ before: lr 0.005 → 0.01 "), "what it is going to be"
        await it.train(2)
        steps = it.session.snapshot.step
        for rate in (0.005, 0.001):
            it.session.edit("optimizer.lr", rate)
            await it.show()
            assert it.told.startswith("○◇ before: lr 0.005 → 0.01 ")
        await it.train(1)
        assert it.told.startswith(f"○◇ before: lr 0.005 → 0.01; lr 0.01 → 0.001 from step {steps} on ")
        it.session.seek(1)
        await it.show()
        assert f"; lr 0.01 → 0.001 from step {steps} on " in it.told, "it is on record"


async def test_the_settings_of_a_run_that_was_opened_are_those_it_was_trained_with(tmp_path: Path) -> None:
    trainer = Trainer(load_experiment("digits", SMALL))
    trainer.advance(epochs=1)
    trainer.edit("optimizer.lr", 0.05)
    trainer.advance(epochs=1)
    save_checkpoint(trainer, tmp_path / "run.safetensors")
    async with bench(size=(140, 20)) as it:
        await it.train(2)
        it.session.open(lambda: load_checkpoint(tmp_path / "run.safetensors"))
        await it.show()
        assert it.told.startswith("○◇ before: lr 0.005 → 0.05 from step 10 on ")


async def test_the_test_split_measured_at_the_end_replaces_nothing() -> None:
    async with bench(**{"data.test": 0.2, "epochs": 3}) as it:
        it.session.play()
        await it.show()
        assert it.session.snapshot.activity == "finished"
        assert it.session.snapshot.history.rows[-1].test_loss is not None
        assert it.panel.comparison.run is None


async def test_the_cursor_reads_both() -> None:
    async with bench(size=(140, 20)) as it:
        await it.train(6)
        old = it.session.snapshot.history.rows
        await it.change(optimizer__lr=0.02)
        await it.train(2)
        steps = it.session.snapshot.steps_per_epoch
        new = it.session.snapshot.history.rows
        it.panel.charts["loss"].read(float(2 * steps))
        await it.pilot.pause()
        row = it.text.split("\n")[0]
        assert f"train {number(new[2].train_loss)}" in row
        assert f"○ {number(old[2].train_loss)}" in row
        assert f"◇ {number(old[2].valid_loss)}" in row
        assert f"before {number(old[2].valid_loss)} at step {2 * steps}:" in it.told
        it.panel.charts["loss"].read(float(5 * steps))
        await it.pilot.pause()
        row = it.text.split("\n")[0]
        assert "train –" in row, "the present run has not come so far"
        assert f"○ {number(old[5].train_loss)}" in row
        assert " at " not in it.told


async def test_epochs_lie_on_epochs_though_their_steps_differ() -> None:
    async with bench() as it:
        await it.train(4)
        many = it.session.snapshot.steps_per_epoch
        await it.change(batch_size=64)
        await it.train(2)
        few = it.session.snapshot.steps_per_epoch
        assert few < many
        assert it.panel.charts["loss"].last == 4 * many
        await it.pilot.press("x")
        await it.pilot.pause()
        assert it.panel.charts["loss"].last == 4 * few
        old = it.panel.comparison.run.at("valid_loss", 2)
        assert f"before {number(old)} at epoch 2:" in it.told


async def test_a_key_hides_it_and_another_keeps_it() -> None:
    async with bench(size=(120, 20)) as it:
        await it.pilot.press("c", "p")
        assert it.panel.comparison.wanted, "there is nothing to hide yet"
        assert not it.panel.useful(next(action for action in it.panel.ACTIONS if action.id == "before"))
        await it.train(3)
        await it.change(seed=1)
        assert "before" in str(it.panel.border_subtitle)
        await it.pilot.press("c")
        assert (it.faint(), it.told) == (0, "")
        await it.pilot.press("p")
        assert it.faint()
        assert it.told.startswith("○◇ baseline: seed 0 → 1")
        await it.train(2)
        await it.change(seed=2)
        assert it.told.startswith("○◇ baseline: seed 0 → 2"), "still the first"
        await it.pilot.press("p")
        assert it.told.startswith("○◇ before: seed 1 → 2"), "the latest"


async def test_other_data_is_not_compared_and_another_loss_by_accuracy_alone() -> None:
    async with bench(size=(100, 20)) as it:
        await it.train(3)
        await it.change(loss="mse")
        await it.train(1)
        assert not it.faint("loss")
        assert it.faint("accuracy")
        assert "loss cross_entropy → mse" in it.told
        assert "validation accuracy" in it.told
        await it.pilot.resize_terminal(42, 20)
        await it.pilot.pause()
        assert it.told.split("\n")[-1].startswith(("valid acc 0.", "acc 0.")), "the chart's valid is the loss"
        await it.pilot.resize_terminal(100, 20)
        it.session.rebuild(load_experiment("playground"))
        await it.show()
        assert it.told.startswith("○◇ before: other data (digits → circle): nothing to compare")
        assert not it.faint("accuracy")
        await it.train(1)
        assert it.told == ""


@pytest.mark.parametrize(("size", "rows"), [((36, 8), 1), ((42, 16), 2), ((36, 5), 0)])
async def test_there_are_as_many_lines_as_there_is_room_for(size: tuple[int, int], rows: int) -> None:
    async with bench(size=size) as it:
        await it.train(3)
        await it.change(model__hidden=[4], optimizer__name="sgd", seed=9)
        await it.train(3)
        lines = it.told.split("\n") if it.told else []
        assert len(lines) == rows
        assert all(len(line) <= size[0] for line in lines)
        if rows:
            assert "better" in lines[-1] or "worse" in lines[-1]
            assert lines[-1].rpartition(" at epoch 3")[0].split(", ")[1].split()[0] in ("before", "was")


async def test_a_run_before_that_exploded_leaves_room_for_the_present_one() -> None:
    async with bench(name="digits", size=(70, 20)) as it:
        await it.train(4)
        chart = it.panel.charts["loss"]
        limits = chart._plot.values
        rows = it.session.snapshot.history.rows
        await it.change(seed=1)
        run: Earlier = it.panel.comparison.run
        run.columns["train_loss"].values[:] = 1e9
        await it.train(3)
        assert chart._plot.values.high < 20 * limits.high
        assert chart._plot.values.high >= max(row.train_loss for row in rows[:1])


async def test_a_click_keeps_the_run() -> None:
    app = Workbench(load_experiment("digits", SMALL))
    async with app.run_test(size=(120, 40)) as pilot:
        await _trained(app, pilot, 3)
        app.session.rebuild(app.session.snapshot.experiment.edited({"seed": 4}))
        panel: Any = app.bench.desk.panels["loss"]
        rest(app.session)
        app._tick()
        await pilot.pause()
        await pilot.pause()
        await pilot.click(panel.compared, offset=(panel.compared.size.width - 2, 0))
        assert panel.comparison.baseline is not None


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_notices_leave_the_lines_in_sight(size: tuple[int, int], until: Until) -> None:
    app = Workbench(load_experiment("digits", {**SMALL, "epochs": 2}))
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(app, pilot, until)
        await pilot.press("3", "e", "r", "e", "e", "e")
        await until(pilot, lambda: len(app.screen.query(Toast)) == 2)
        compared = app.bench.desk.panels["loss"].query_one(Compared)
        await until(pilot, lambda: "before" in compared.render().plain and bool(compared.region))
        places = [toast.region for toast in app.screen.query(Toast)]
        assert [place.overlaps(compared.region) for place in places] == [False, False]
        assert size[0] < 80 or all(place.height == 1 for place in places)
        assert all(place.bottom <= app.bench.desk.region.y + 2 for place in places)


async def _trained(app: Workbench, pilot: Pilot[int], epochs: int) -> None:
    while app._session is None or not app.session.snapshot.nodes:
        await pilot.pause()
    app.session.epoch(epochs)
    rest(app.session)
    app._tick()


async def test_a_hidden_panel_keeps_the_run_too(until: Until) -> None:
    app = Workbench(load_experiment("digits", SMALL))
    async with app.run_test(size=(44, 12)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("1")
        panel: Any = app.bench.desk.panels["loss"]
        assert not panel.display
        assert "c compare" not in app.bench.hints.render().plain
        await _trained(app, pilot, 3)
        await pilot.press("r")
        await until(pilot, lambda: panel.comparison.run is not None)
        await pilot.press("3")
        await until(pilot, lambda: panel.compared.display)
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: "c compare" in app.bench.hints.render().plain)
        assert panel.comparison.run.last_epoch("valid_loss") == 3


def test_a_long_run_is_kept_in_few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.panels.comparison.MOST", 10)
    session = Session(load_experiment("xor-mlp"))
    session.start()
    try:
        session.epoch(95)
        record = Record()
        record.follow(rest(session))
    finally:
        session.close()
    kept = Earlier.of(record, Course(Experiment()))
    assert 5 <= len(kept.columns["train_loss"]) <= 10
    assert kept.at("train_loss", 20) == record.rows[20].train_loss
    assert kept.at("train_loss", 21) is None


@pytest.mark.parametrize(
    ("column", "now", "before", "end", "better"),
    [
        ("loss", 0.21, 0.34, "better by 0.13", True),
        ("loss", 0.34, 0.21, "worse by 0.13", False),
        ("accuracy", 0.97, 0.96, "better by 0.010", True),
        ("loss", 0.25, 0.25, "the same", None),
        ("loss", float("nan"), 0.25, "worse", False),
        ("loss", 0.25, float("inf"), "better", True),
    ],
)
def test_which_is_better_and_by_how_much(column: str, now: float, before: float, end: str, better: bool | None) -> None:
    found = verdict(column, "valid", now, before, "before", "epoch 20")
    assert (found.end, found.better) == (end, better)
    assert found.values[0] == f"validation {column} {number(now)}, before {number(before)} at epoch 20"


@pytest.mark.parametrize(
    ("width", "shown", "line"),
    [
        (80, True, "validation loss 0.1269, baseline 0.1520 at epoch 2: better by 0.025"),
        (64, True, "validation loss 0.1269, baseline 0.1520 at epoch 2: better"),
        (50, True, "valid 0.1269, baseline 0.1520 at epoch 2: better"),
        (46, True, "0.1269, baseline 0.1520 at epoch 2: better"),
        (40, True, "0.1269, was 0.1520 at epoch 2: better"),
        (36, True, "0.1269, baseline 0.1520: better"),
        (50, False, "loss 0.1269, baseline 0.1520 at epoch 2: better"),
        (38, False, "loss 0.1269, baseline 0.1520: better"),
    ],
)
def test_the_epoch_is_told_before_the_difference(width: int, shown: bool, line: str) -> None:
    found = verdict("loss", "valid", 0.1269, 0.1520, "baseline", "epoch 2", shown)
    assert better(found, width).plain == line


def test_as_many_changes_as_fit_are_listed() -> None:
    words = ["hidden 8 → 4", "optimizer adam → sgd", "seed 0 → 1"]
    assert listed(words, "before", 80) == "before: hidden 8 → 4; optimizer adam → sgd; seed 0 → 1"
    assert listed(words, "before", 53) == "before: hidden 8 → 4; optimizer adam → sgd and 1 more"
    assert listed(words, "before", 34) == "before: hidden 8 → 4 and 2 more"
    assert listed(words, "before", 20) == "before: 3 changes"
    assert listed(words[:1], "before", 15) == "before: hidden…"


def test_without_words_there_is_nothing_to_say() -> None:
    assert Compared().render() == Content()
