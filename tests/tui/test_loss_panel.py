"""The loss panel: its record is the history, its curves and marks are what there is to see."""

from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from hosting import PanelHost, rest, text_of

from engine import EpochRow, History, Session, Snapshot, Trainer, load_experiment
from tui.drawing.axes import number
from tui.panels.loss import KINDS, LossPanel
from tui.panels.record import Record, known_steps


@asynccontextmanager
async def hosted(name="digits", size=(100, 20), **changes):
    session = Session(load_experiment(name, {key.replace("__", "."): value for key, value in changes.items()}))
    session.start()
    app = PanelHost(session, LossPanel())
    try:
        async with app.run_test(size=size) as pilot:
            rest(session)
            yield app.panel, session, pilot
    finally:
        session.close()


def trained(session, epochs):
    session.epoch(epochs)
    return rest(session)


def snapshot_of(trainer, version=1, **changes):
    now = {
        "step": trainer.state.step, "epoch": trainer.state.epoch, "steps_per_epoch": trainer.steps_per_epoch,
        "history": trainer.history, "nodes": trainer.network.nodes, "probe": trainer.probe,
        "keyframes": trainer.timeline.steps, "base": trainer.base, "edits": tuple(trainer.edits),
    }  # fmt: skip
    return Snapshot(version, 1, "paused", trainer.experiment, **{**now, **changes})


def simulated(steps, per_epoch=45):
    """A record of so many steps, with a spike, as if trained for hours."""
    history = History()
    rng = np.random.default_rng(0)
    losses = 1 / np.sqrt(np.arange(1, steps + 1)) + rng.exponential(0.01, steps)
    losses[steps // 3] = 40.0
    history.write(0, np.stack([losses, losses], 1), np.full(steps, 0.01))
    for epoch in range(steps // per_epoch + 1):
        at = epoch * per_epoch
        row = EpochRow(epoch, at, 0.01, 1 / (1 + epoch), 0.5, 1 / (1 + epoch), 0.5, None, None, 1.0, 1e-3, 0.0)
        history.rows.append(row)
    return history


# ---------------------------------------------------------------------------------------------- the record


def same(record, history):
    assert np.array_equal(record.losses.values, history.losses, equal_nan=True)
    assert np.array_equal(record.norms.values, history.grad_norms, equal_nan=True)
    assert np.array_equal(record.lrs.values, history.lrs.astype(np.float32))
    for name, column in record.columns.items():
        expected = [(row.step, getattr(row, name)) for row in history.rows if getattr(row, name) is not None]
        assert list(zip(column.steps.tolist(), column.values.tolist(), strict=True)) == expected
        assert len(column.blocks) == len(column)
    assert record.rows == history.rows
    trained = [row.valid_loss for row in history.rows[1:]]
    assert (record.best and record.best.valid_loss) == min(trained, default=None)


def test_the_best_epoch_is_a_trained_one_that_decides():
    trainer, record = Trainer(load_experiment("xor-perceptron")), Record()
    record.follow(snapshot_of(trainer, 1))
    assert record.best is None
    for turn, _ in enumerate(trainer):
        record.follow(snapshot_of(trainer, turn + 2))
    nothing = [row for row in trainer.history.rows if not row.train_loss]
    assert len(nothing) > 1  # the untrained network, and one whose weights have come back to zero
    assert record.best.train_loss == min(row.train_loss for row in trainer.history.rows if row not in nothing)


def test_the_record_is_the_history_after_any_walk():
    trainer, record, rng = Trainer(load_experiment("overfit")), Record(), np.random.default_rng(3)
    longest = 0
    for turn in range(120):
        move = rng.integers(6)
        if move < 3:
            trainer.advance(steps=int(rng.integers(1, 25)))
        elif move == 3:
            trainer.seek(int(rng.integers(0, trainer.history.steps + 1)))
        elif move == 4:
            trainer.edit("optimizer.lr", float(rng.choice([0.001, 0.002, 0.005, 0.01])))
        elif rng.random() < 0.2:
            trainer.reset()
        if rng.random() < 0.5:
            record.follow(snapshot_of(trainer, turn))
            same(record, trainer.history)
            longest = max(longest, record.steps)
    assert longest > 50


def test_rows_that_the_training_thread_forgets_between_two_looks_are_no_error():
    trainer, record = Trainer(load_experiment("xor-mlp")), Record()
    trainer.advance(epochs=3)
    record.follow(snapshot_of(trainer, 1))
    rows = trainer.history.rows
    trainer.history.rows = rows[:2]  # what else is known of the history is as it was
    record.follow(snapshot_of(trainer, 2))
    trainer.reset()
    record.follow(snapshot_of(trainer, 3))
    same(record, trainer.history)


def test_another_run_is_another_record():
    record = Record()
    for name in ("overfit", "digits", "deep-relu"):
        trainer = Trainer(load_experiment(name))
        trainer.advance(epochs=2)
        record.follow(snapshot_of(trainer))
        same(record, trainer.history)


def test_what_the_worker_writes_ahead_of_the_snapshot_is_no_future():
    trainer = Trainer(load_experiment("overfit"))
    trainer.advance(steps=20)
    old = replace(snapshot_of(trainer), activity="playing")
    trainer.advance(steps=30)
    assert known_steps(old, 0) == 20
    record = Record()
    record.follow(old)
    assert record.steps == 20
    assert record.rows[-1].step <= 20
    record.follow(snapshot_of(trainer))
    trainer.seek(10)
    record.follow(replace(snapshot_of(trainer), activity="playing"))
    assert record.steps == 50


# ---------------------------------------------------------------------------------------------- the panel


async def test_empty_then_the_first_batch():
    async with hosted() as (panel, session, pilot):
        panel.show(session.snapshot)
        await pilot.pause()
        assert "nothing trained yet" in text_of(panel)
        session.step()
        snapshot = rest(session)
        panel.show(snapshot)
        await pilot.pause()
        assert "nothing" not in text_of(panel)
        assert "measured at the end of each epoch" in text_of(panel)  # accuracy
        assert f"batch {number(float(snapshot.history.losses[0]))}" in text_of(panel)


async def test_the_values_are_the_record_s():
    async with hosted(size=(140, 20)) as (panel, session, pilot):
        snapshot = trained(session, 4)
        panel.show(snapshot)
        await pilot.pause()
        text, row = text_of(panel), snapshot.history.rows[4]
        assert f"train {number(row.train_loss)}" in text
        assert number(row.valid_loss) in text
        assert number(row.valid_accuracy) in text  # accuracy stands beside
        for _ in range(3):
            await pilot.press("left")
        await pilot.pause()
        cursor = int(panel.chart.view.cursor)
        exact = number(float(snapshot.history.losses[cursor - 1]))
        assert f"batch {exact}" in text_of(panel)
        assert f" {cursor}" in text_of(panel).split("\n\n")[0].split("\n")[-1]  # below the cursor, on the axis
        await pilot.press("escape")
        assert panel.chart.view.cursor is None


async def test_views_axes_smoothing_zoom_by_key():
    async with hosted(size=(60, 14)) as (panel, session, pilot):
        panel.show(trained(session, 6))
        await pilot.pause()
        panel.focus()
        seen = []
        for _ in KINDS:
            seen.append(panel.chosen.name)
            assert [kind.name for kind in panel.shown] == [panel.chosen.name]
            assert [child.display for child in panel.children].count(True) == 1
            await pilot.press("v")
        assert seen == [kind.name for kind in KINDS]
        chart = panel.chart
        await pilot.press("l", "x", "up")
        assert chart.view.log
        assert chart.view.by_epoch
        assert chart.view.beta == 0.97
        await pilot.press("down", "down", "plus")
        assert chart.view.beta == 0.6
        low, high = chart.view.limits(chart.last)
        assert high - low < 200
        await pilot.press("shift+left")
        assert chart.view.high is not None
        await pilot.press("end")
        assert chart.view.high is None
        assert chart.view.window is not None
        await pilot.press("0")
        assert chart.view.limits(chart.last)[0] == 0
        await pilot.pause()
        for other in panel.charts.values():  # all are looked at in the same way, each with its own log axis
            assert replace(other.view, log=False) == replace(chart.view, log=False)
        assert panel.charts["gradient norm"].view.log
        assert not panel.charts["learning rate"].view.log


@pytest.mark.parametrize(("size", "count"), [((60, 14), 1), ((100, 14), 2), ((60, 30), 2), ((110, 34), 4)])
async def test_as_many_charts_as_fit(size, count):
    async with hosted(size=size) as (panel, session, pilot):
        panel.show(trained(session, 2))
        await pilot.pause()
        assert len(panel.shown) == count
        shown = [panel.charts[kind.name] for kind in panel.shown]
        assert all(chart.size.width >= 40 and chart.size.height >= 10 for chart in shown)
        await pilot.press("d")
        await pilot.pause()
        assert len(panel.shown) == 1
        await pilot.press("v")
        assert panel.chosen.name == "accuracy"


async def test_a_chart_that_the_run_has_not_is_not_chosen():
    async with hosted("digits", data="reg_plane", loss="mse") as (panel, session, _):
        panel.show(rest(session))
        panel.action_choose("learning rate")
        panel.action_choose("accuracy")
        assert panel.chosen.name == "learning rate"


async def test_a_chart_that_a_run_behind_other_panels_has_not_is_let_go():
    async with hosted("digits", size=(60, 16)) as (panel, session, _):
        panel.show(trained(session, 1))
        panel.action_choose("accuracy")
        session.rebuild(load_experiment("digits", {"data": "reg_plane", "loss": "mse"}))
        panel.follow(rest(session))
        panel.on_resize()
        assert [kind.name for kind in panel.shown] == ["loss"]


async def test_numbers_as_targets_have_no_accuracy():
    async with hosted("digits", data="reg_plane", loss="mse") as (panel, session, pilot):
        panel.show(trained(session, 1))
        await pilot.pause()
        assert "accuracy" not in [kind.name for kind in panel.kinds]
        assert [kind.name for kind in panel.shown] == ["loss", "learning rate"]


async def test_going_back_dims_the_future_and_an_edit_ends_it():
    async with hosted("overfit", size=(60, 16)) as (panel, session, pilot):
        trained(session, 10)
        session.seek(24)
        panel.show(rest(session))
        await pilot.pause()
        chart = panel.chart
        assert "▼" in text_of(panel)
        plot, picture = chart._plot, chart._picture
        body = slice(plot.top + 1, plot.top + plot.height)
        here = plot.column_of(24)
        train = chart.palette.color("train")
        lit = np.flatnonzero((picture.fg[body] == train).any(0))
        assert len(lit)
        assert lit.max() <= here
        assert (picture.fg[body, here + 1 :] == chart.palette.faded(train)).any()
        assert f"train {number(session.snapshot.history.rows[4].train_loss)}" in text_of(panel)
        session.edit("optimizer.lr", 0.001)
        panel.show(rest(session))
        await pilot.pause()
        assert panel.record.steps == 24
        assert "▼" not in text_of(panel)
        assert "✎" in text_of(panel)


async def test_best_epoch_early_stopping_and_divergence_are_marked():
    async with hosted("overfit", early_stopping__patience=4, early_stopping__restore_best=False) as (panel, session, _):
        session.play()
        snapshot = rest(session)
        assert snapshot.activity == "stopped early"
        panel.show(snapshot)
        best = min(snapshot.history.rows, key=lambda row: row.valid_loss)
        assert {(mark.glyph, mark.step) for mark in panel._marks(snapshot)} == {
            ("★", best.step), ("■", snapshot.step),
        }  # fmt: skip
        assert "★" in text_of(panel)
        assert "■" in text_of(panel)
    async with hosted("exploding") as (panel, session, pilot):
        session.play()
        snapshot = rest(session)
        assert snapshot.activity == "diverged"
        panel.show(snapshot)
        await pilot.pause()
        assert ("×", snapshot.step + 1) in {(mark.glyph, mark.step) for mark in panel._marks(snapshot)}
        assert "×" in text_of(panel), "also where the record ends with the axis"


async def test_values_that_are_not_finite_are_marked():
    history = simulated(200)
    history.write(100, np.array([[np.nan, np.inf]]), np.array([0.01]))
    history.rows[3] = replace(history.rows[3], valid_loss=float("nan"))
    experiment = load_experiment("digits")
    app = PanelHost(None, LossPanel())
    async with app.run_test(size=(110, 34)) as pilot:
        app.panel.show(Snapshot(1, 1, "paused", experiment, step=200, steps_per_epoch=45, history=history))
        await pilot.pause()
        for kind in app.panel.shown:
            text = app.panel.charts[kind.name].to_text(50, 14)
            assert ("×" in text) == (kind.name in ("loss", "gradient norm"))


async def test_a_mouse_reads_and_zooms():
    async with hosted(size=(100, 20)) as (panel, session, pilot):
        panel.show(trained(session, 4))
        await pilot.pause()
        first, second = (panel.charts[kind.name] for kind in panel.shown)
        await pilot.click(first, offset=(30, 8))
        await pilot.pause()
        plot = first._plot
        assert first.view.cursor == plot.step_at(30)
        assert second.view.cursor == first.view.cursor
        assert panel.has_focus


async def test_a_spike_is_seen_at_the_end_of_a_thousand_steps_and_of_a_million():
    experiment, spans = load_experiment("digits"), {}
    for steps in (1000, 1_000_000):
        history = simulated(steps - 1)
        history.write(steps - 1, np.array([[0.1, 0.1]]), np.array([0.01]))
        app = PanelHost(None, LossPanel())
        async with app.run_test(size=(60, 20)) as pilot:
            panel = app.panel
            snapshot = Snapshot(1, 1, "playing", experiment, step=steps - 60, steps_per_epoch=45, history=history)
            panel.show(snapshot)
            await pilot.pause()
            panel.show(snapshot)
            for step in range(steps - 60, steps):
                panel.show(replace(snapshot, version=step, step=step))
            assert panel.record.steps == steps - 1
            spans[steps] = "40" in panel.chart.to_text(60, 20)
    assert all(spans.values())  # the spike is on the axis


@pytest.mark.parametrize("size", [(92, 30), (36, 8)])
async def test_what_to_do_first_is_whole_in_a_narrow_chart(size):
    async with hosted(size=size) as (panel, session, pilot):
        assert "no data yet" not in text_of(panel), "before the first snapshot too"
        panel.show(rest(session))
        await pilot.pause()
        for kind in panel.shown:
            chart = panel.charts[kind.name]
            text = " ".join(chart.to_text(*chart.size).split())
            assert text == "nothing trained yet space trains s one batch e one epoch"
