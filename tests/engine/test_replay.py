"""Going back is exact: a walk of steps, returns, seeks and edits ends in the very bits of the straight run."""

import random
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from engine import BadInput, Trainer, load_experiment, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler

EDITS = {
    "optimizer.lr": (0.3, 0.01, 0.05),
    "batch_size": (3, 5, 8, 0, 20),
    "optimizer.momentum": (0.0, 0.9, 0.5),
    "optimizer.nesterov": (True, False),
    "optimizer.beta1": (0.9, 0.5, 0.0),
    "optimizer.beta2": (0.999, 0.9),
    "optimizer.weight_decay": (0.0, 0.1),
    "optimizer.centered": (True, False),
    "regularization.l2": (0.0, 0.01),
    "regularization.l1": (0.0, 0.003),
    "regularization.decay": (0.0, 0.02),
    "regularization.max_norm": (0.0, 0.7),
    "regularization.clip_norm": (0.0, 0.2),
    "regularization.clip_value": (0.0, 0.05),
    "schedule.name": ("cosine", "one_cycle", "constant", "step", "plateau", "exponential"),
    "schedule.warmup": (0, 4),
    "schedule": ("linear", {"name": "plateau", "patience": 0, "gamma": 0.5}),
    "epochs": (4, 6, 9),
    "early_stopping.patience": (0, 1, 2),
    "early_stopping.restore_best": (True, False),
    "early_stopping.monitor": ("train_loss", "valid_accuracy", "valid_loss"),
    "early_stopping.min_delta": (0.0, 0.2),
}
OPTIMIZERS = [
    {"name": "sgd", "lr": 0.1},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9},
    {"name": "adam", "lr": 0.02},
    {"name": "adamw", "lr": 0.02},
    {"name": "nadam", "lr": 0.02},
    {"name": "rmsprop", "lr": 0.01},
    {"name": "lion", "lr": 0.01},
    {"name": "adagrad", "lr": 0.1},
]


def tiny_splits(rows=23, seed=0):
    """Three noisy clusters in the plane, 23 rows to train on, so that batches rarely divide them."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 3, rows + 9)
    x = (draw.normal(0, 1, (rows + 9, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[labels]).astype(np.float32)
    train, valid = Split(x[:rows], labels[:rows]), Split(x[rows:], labels[rows:])
    scaler = fit_scaler("none", train.x)
    return Splits(train, valid, None, (2,), ("a", "b", "c"), ("x1", "x2"), (), scaler)


def experiment(**changes):
    table = {
        "seed": 3,
        "epochs": 6,
        "batch_size": 4,
        "layers": [
            {"type": "dense", "units": 6},
            "batch_norm",
            "tanh",
            {"type": "dropout", "rate": 0.2},
            {"type": "dense", "units": 5},
            "relu",
        ],
        "optimizer": {"name": "adam", "lr": 0.02},
    }
    return parse_experiment({**table, **changes})


def make(**changes):
    return Trainer(experiment(**changes), splits=tiny_splits())


def record(trainer):
    """All that must not differ, as bytes and values."""
    state, history, upto = trainer.state, trainer.history, trainer.state.step
    rows = [[value for name, value in vars(row).items() if name != "seconds"] for row in history.rows]
    best = state.best and (state.best.epoch, state.best.step, state.best.value, state.best.values.tobytes())
    return {
        "place": (state.step, state.epoch, state.row, trainer.status),
        "monitors": (state.plateau, state.stopping, state.stopped),
        "weights": state.values.tobytes(),
        "statistics": state.buffers.tobytes(),
        "slots": {name: slot.tobytes() for name, slot in state.slots.items()},
        "losses": history.losses[:upto].tobytes(),
        "norms": history.grad_norms[:upto].tobytes(),
        "lrs": history.lrs[:upto].tobytes(),
        "rows": [row for row in rows if row[1] <= upto],
        "best": best,
        "experiment": trainer.experiment,
    }


def straight(start, edits, step):
    """A fresh run that takes the same edits at the same steps, one step after another."""
    trainer = make(**start)
    for edit in edits:
        while trainer.state.step < edit.step:
            trainer.step()
        trainer.edit(edit.key, edit.value)
    while trainer.state.step < step:
        before = trainer.state.step
        trainer.step()
        assert trainer.state.step > before, "the straight run ends earlier"
    return trainer


def assert_same(one, other):
    first, second = record(one), record(other)
    for name in first:
        assert first[name] == second[name], name


def try_edit(trainer, dice):
    key = dice.choice(sorted(EDITS))
    before = record(trainer)
    try:
        trainer.edit(key, dice.choice(EDITS[key]))
    except BadInput:
        assert record(trainer) == before, f"a refused edit of {key} changed something"


def walk(trainer, dice, moves):
    for _ in range(moves):
        move = dice.random()
        if move < 0.3:
            trainer.step()
        elif move < 0.45:
            trainer.advance(steps=dice.randint(2, 15))
        elif move < 0.5:
            trainer.advance(epochs=1, measure=dice.random() < 0.5)
        elif move < 0.6:
            trainer.back(dice.randint(1, 5))
        elif move < 0.75:
            trainer.seek(dice.randint(0, trainer.history.steps))
        elif move < 0.78:
            trainer.measure()
        else:
            try_edit(trainer, dice)


@pytest.mark.parametrize("seed", range(24))
def test_a_random_walk_ends_where_the_straight_run_does(seed):
    dice = random.Random(seed)
    start = {"optimizer": OPTIMIZERS[seed % len(OPTIMIZERS)]}
    trainer = make(**start)
    for _ in range(4):
        walk(trainer, dice, 12)
        edits = [edit for edit in trainer.edits if edit.step <= trainer.state.step]
        assert_same(trainer, straight(start, edits, trainer.state.step))


@pytest.mark.parametrize("seed", range(6))
def test_a_run_with_edits_replays_from_any_keyframes(seed):
    """The same seeks with all keyframes but the first one lost: everything is replayed from step 0."""
    dice = random.Random(100 + seed)
    trainer = make()
    walk(trainer, dice, 30)
    trainer.seek(trainer.history.steps)
    end = record(trainer)
    trainer.timeline.truncate(0)
    for step in (trainer.history.steps // 2, trainer.history.steps):
        trainer.seek(step)
    assert record(trainer) == end


def test_the_walk_notices_a_wrong_bit():
    one, other = make(), make()
    for trainer in (one, other):
        trainer.advance(steps=10)
    other.network.values[3] = np.nextafter(other.network.values[3], np.float32(9))
    with pytest.raises(AssertionError, match="weights"):
        assert_same(one, other)


def test_states_that_differ_in_anything_are_not_the_same():
    trainer = make(early_stopping={"patience": 9})
    trainer.advance(epochs=2)
    assert trainer.state.best is not None
    assert trainer.state.same(trainer.state.copy())
    for change in (
        lambda state: setattr(state, "step", 3),
        lambda state: setattr(state, "stopped", True),
        lambda state: setattr(state, "best", None),
        lambda state: setattr(state, "best", replace(state.best, values=state.best.values + 1)),
        lambda state: state.slots["m"].fill(0),
        lambda state: state.slots.pop("v"),
        lambda state: state.buffers.fill(0),
    ):
        other = trainer.state.copy()
        change(other)
        assert not trainer.state.same(other)


def test_many_steps_at_once_are_single_steps():
    one, many = make(epochs=4), make(epochs=4)
    while not one.done:
        one.step()
    for _ in many:
        pass
    assert_same(one, many)


def test_two_trainers_with_one_seed_are_equal_and_with_another_seed_are_not():
    runs = [make(), make(), make(seed=4)]
    for trainer in runs:
        trainer.advance(epochs=3)
    assert_same(runs[0], runs[1])
    assert record(runs[0])["weights"] != record(runs[2])["weights"]


def test_measuring_changes_nothing():
    one, other = make(), make()
    for _ in range(20):
        one.step()
        one.measure()
        other.advance(steps=1, measure=False)
    assert_same(one, other)


def test_back_and_forward_over_an_edit_applies_it_again():
    trainer = make(optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9})
    trainer.advance(steps=10)
    trainer.edit("optimizer.momentum", 0.0)
    trainer.edit("optimizer.lr", 0.01)
    trainer.edit("optimizer.momentum", 0.9)
    trainer.advance(steps=10)
    end = record(trainer)
    trainer.seek(4)
    assert trainer.experiment.optimizer.lr == 0.1
    trainer.seek(10)
    assert trainer.experiment.optimizer.lr == 0.01
    trainer.advance(steps=10)
    assert record(trainer) == end
    assert [edit.step for edit in trainer.edits] == [10, 10, 10]
    assert trainer.history.lrs[9:11].tolist() == pytest.approx([0.1, 0.01], rel=1e-6)


def test_the_future_is_kept_until_something_changes_it():
    trainer = make()
    trainer.advance(steps=30)
    trainer.seek(12)
    assert trainer.history.steps == 30
    trainer.edit("optimizer.lr", 0.5)
    assert trainer.history.steps == 12
    assert max(trainer.timeline.steps) == 12
    assert [row.step for row in trainer.history.rows] == [0, 6, 12]
    with pytest.raises(BadInput, match="step 30 is not on record"):
        trainer.seek(30)


def test_an_edit_that_changes_nothing_keeps_the_future():
    trainer = make()
    trainer.advance(steps=30)
    trainer.seek(12)
    trainer.edit("optimizer.lr", 0.02)
    assert trainer.history.steps == 30
    assert not trainer.edits


def test_an_edit_can_be_taken_back_after_returning_to_its_step():
    trainer = make()
    trainer.advance(steps=10)
    trainer.edit("optimizer.lr", 0.5)
    trainer.back(1)
    trainer.step()
    trainer.edit("optimizer.lr", 0.02)
    trainer.advance(steps=5)
    plain = make()
    plain.advance(steps=15)
    assert record(trainer)["weights"] == record(plain)["weights"]


@pytest.mark.parametrize("key", ["seed", "data.name", "optimizer.name", "model.hidden", "layers", "loss.name", "title"])
def test_what_needs_a_new_network_is_refused_in_one_line(key):
    trainer = make()
    with pytest.raises(BadInput, match="rebuilt network") as refused:
        trainer.edit(key, "x")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"), [("optimizer.lr", -1), ("optimizer.lr", "fast"), ("optimizer.lrr", 1), ("batch_size", 1.5)]
)
def test_a_wrong_value_is_refused_and_changes_nothing(key, value):
    trainer = make()
    trainer.advance(steps=8)
    trainer.seek(5)
    before = record(trainer)
    with pytest.raises(BadInput, match=key):
        trainer.edit(key, value)
    assert record(trainer) == before
    assert trainer.history.steps == 8


def test_a_batch_size_that_leaves_one_row_for_batch_norm_is_refused_before_it_hurts():
    trainer = make()
    trainer.advance(steps=2)
    before = record(trainer)
    for size in (1, 2, 11, 22):
        with pytest.raises(BadInput, match="batch_size"):
            trainer.edit("batch_size", size)
    assert record(trainer) == before
    with pytest.raises(BadInput, match=r"layers\.batch_norm1 .*batch_size"):
        make(batch_size=22)


def test_the_timeline_stays_within_its_budget_and_still_replays():
    trainer = make(epochs=200)
    trainer.timeline.budget = 6 * trainer.state.nbytes
    trainer.advance(epochs=40)
    for _ in range(60):
        trainer.advance(epochs=1)
    frames = trainer.timeline.steps
    assert len(frames) <= 6
    assert frames[0] == 0
    assert frames[-1] == trainer.state.step
    end = record(trainer)
    for step in (7, 100, 371, 599, 600):
        trainer.seek(step)
        assert trainer.state.step == step
    assert record(trainer) == end
    fresh = make(epochs=200)
    fresh.advance(steps=371)
    trainer.seek(371)
    assert_same(trainer, fresh)


def test_keyframes_lie_closer_together_near_the_present():
    trainer = make(epochs=1000)
    trainer.timeline.budget = 12 * trainer.state.nbytes
    for _ in range(200):
        trainer.advance(epochs=1)
    gaps = np.diff(trainer.timeline.steps)
    assert gaps[-1] == 6
    assert gaps[0] >= 10 * gaps[-1]


def test_early_stopping_stops_after_patience_epochs_and_restores_the_best_weights():
    trainer = make(epochs=200, optimizer={"name": "sgd", "lr": 0.5}, early_stopping={"patience": 3})
    for _ in trainer:
        pass
    assert trainer.status == "stopped early"
    losses = [row.valid_loss for row in trainer.history.rows[1:]]
    best = int(np.argmin(losses)) + 1
    assert trainer.state.epoch == best + 3
    fresh = make(epochs=200, optimizer={"name": "sgd", "lr": 0.5})
    fresh.advance(epochs=best)
    assert fresh.state.values.tobytes() == trainer.state.values.tobytes()
    assert fresh.state.buffers.tobytes() == trainer.state.buffers.tobytes()
    end = record(trainer)
    trainer.seek(3)
    assert trainer.status == "running"
    for _ in trainer:
        pass
    assert record(trainer) == end


def test_a_stopped_run_goes_on_when_patience_is_raised_and_replays():
    trainer = make(epochs=60, optimizer={"name": "sgd", "lr": 0.5}, early_stopping={"patience": 2})
    for _ in trainer:
        pass
    stopped = trainer.state.step
    trainer.edit("early_stopping.patience", 50)
    trainer.advance(epochs=3)
    assert trainer.state.step > stopped
    end = record(trainer)
    trainer.seek(1)
    trainer.seek(trainer.history.steps)
    assert record(trainer) == end


def test_a_shorter_run_is_finished_at_the_step_of_the_edit_on_replay_too():
    trainer = make(epochs=9)
    trainer.advance(epochs=4)
    trainer.edit("epochs", 4)
    assert trainer.status == "finished"
    trainer.back(5)
    assert trainer.status == "running"
    trainer.advance(steps=50)
    assert trainer.status == "finished"
    assert trainer.state.epoch == 4


def test_plateau_lowers_the_rate_when_the_validation_loss_no_longer_falls():
    schedule = {"name": "plateau", "gamma": 0.5, "patience": 1, "threshold": 0.0}
    trainer = make(epochs=30, optimizer={"name": "sgd", "lr": 1.0}, schedule=schedule)
    for _ in trainer:
        pass
    best, bad, factor, expected = np.inf, 0, 1.0, [1.0]
    for row in trainer.history.rows[1:]:
        better = row.valid_loss < best
        best, bad = (row.valid_loss, 0) if better else (best, bad + 1)
        if bad > 1:
            factor, bad = factor / 2, 0
        expected.append(factor)
    assert min(expected) < 0.5
    steps = trainer.steps_per_epoch
    assert trainer.history.lrs[::steps].tolist() == pytest.approx(expected[:-1], rel=1e-6)


@pytest.mark.parametrize("lr", [1e12, 1e30])
@pytest.mark.parametrize("chunk", [1, 100])
def test_divergence_stops_before_the_update_and_names_node_and_step(lr, chunk):
    layers = [{"type": "dense", "units": 6}, "relu", {"type": "dense", "units": 6}, "relu"]
    trainer = make(layers=layers, loss="quadratic", optimizer={"name": "sgd", "lr": lr})
    while not trainer.done:
        good = trainer.state.values.copy()
        step = trainer.state.step
        report = trainer.advance(steps=chunk)
    assert report.status == trainer.status == "diverged"
    assert np.isfinite(trainer.network.values).all()
    assert f"step {trainer.history.steps + 1}:" in report.problem
    assert any(f"'{node.name}'" in report.problem for node in trainer.network.nodes)
    assert "\n" not in report.problem
    if chunk == 1 and trainer.state.step == step:
        assert trainer.state.values.tobytes() == good.tobytes()
    straight_run = make(layers=layers, loss="quadratic", optimizer={"name": "sgd", "lr": lr})
    straight_run.advance(steps=trainer.state.step)
    assert straight_run.state.values.tobytes() == trainer.state.values.tobytes()


@pytest.mark.parametrize("lr", [1e12, 1e30])
def test_the_last_good_step_of_a_diverged_run_is_measured(lr):
    settings = {"layers": [{"type": "dense", "units": 6}], "loss": "quadratic", "optimizer": {"name": "sgd", "lr": lr}}
    trainer, one_by_one = make(**settings), make(**settings)
    report = trainer.advance(seconds=60.0)
    for _ in range(trainer.state.step):
        one_by_one.step()
    assert report.status == trainer.status == "diverged"
    assert trainer.probe == report.probe == one_by_one.probe
    assert trainer.probe.step == trainer.state.step == trainer.history.steps
    assert trainer.probe.nodes[0].update_ratio is not None
    assert trainer.state.values.tobytes() == one_by_one.state.values.tobytes()


def test_where_the_weights_themselves_are_lost_the_step_gone_back_to_is_measured():
    trainer = make()
    trainer.advance(steps=3)
    trainer.state.values.fill(np.nan)
    report = trainer.advance(steps=1)
    assert report.status == "diverged"
    assert report.probe.step == trainer.state.step < 3
    assert np.isfinite(report.probe.nodes[0].grad_norm)


def test_the_sentence_of_divergence_knows_whether_gradients_are_clipped():
    for clip, part in ((0, "or set regularization.clip_norm"), (1e9, "or regularization.clip_norm (now 1e+09)")):
        trainer = make(loss="quadratic", optimizer={"name": "sgd", "lr": 1e12}, regularization={"clip_norm": clip})
        trainer.advance(steps=100)
        assert trainer.status == "diverged"
        assert part in trainer.problem
        assert "that update was not made" in trainer.problem


def test_a_diverged_run_can_go_back_be_edited_and_go_on():
    layers = [{"type": "dense", "units": 6}, "relu"]
    trainer = make(layers=layers, loss="quadratic", optimizer={"name": "sgd", "lr": 0.01})
    trainer.advance(steps=5)
    fine = record(trainer)
    trainer.edit("optimizer.lr", 1e20)
    while not trainer.done:
        trainer.advance(steps=10)
    assert trainer.status == "diverged"
    trainer.seek(5)
    assert trainer.status == "running"
    assert record(trainer)["weights"] == fine["weights"]
    trainer.edit("optimizer.lr", 0.01)
    trainer.advance(steps=5)
    plain = make(layers=layers, loss="quadratic", optimizer={"name": "sgd", "lr": 0.01})
    plain.advance(steps=10)
    assert record(trainer)["weights"] == record(plain)["weights"]


def test_the_first_row_tells_loss_and_gradient_of_the_untrained_network():
    trainer = make(layers=[{"type": "dense", "units": 6}, "tanh"])
    first = trainer.history.rows[0]
    assert (first.epoch, first.step, first.update_ratio) == (0, 0, None)
    trainer.step()
    assert first.grad_norm == pytest.approx(float(trainer.history.grad_norms[0]), rel=1e-5)
    assert first.lr == pytest.approx(0.02)


def test_reset_starts_over_with_the_present_settings():
    trainer = make()
    trainer.advance(steps=9)
    trainer.edit("optimizer.lr", 0.3)
    trainer.edit("optimizer.beta1", 0.5)
    trainer.edit("batch_size", 8)
    trainer.advance(steps=9)
    trainer.reset()
    assert (trainer.history.steps, trainer.edits, trainer.timeline.steps) == (0, [], (0,))
    trainer.advance(steps=12)
    fresh = make(optimizer={"name": "adam", "lr": 0.3, "beta1": 0.5}, batch_size=8)
    fresh.advance(steps=12)
    assert_same(trainer, fresh)


def test_a_report_tells_what_was_done():
    trainer = make()
    report = trainer.advance(epochs=2)
    assert (report.step, report.epoch, report.status) == (12, 2, "running")
    assert len(report.losses) == 12
    assert [row.epoch for row in report.rows] == [1, 2]
    assert report.probe is not None
    assert report.probe.step == 12
    assert report.losses.tobytes() == trainer.history.losses.tobytes()
    report.losses[:] = 0
    assert trainer.history.losses.all()
    assert trainer.advance(seconds=0.0).step == 13
    assert [report.epoch for report in trainer] == [3, 4, 5, 6]
    assert trainer.advance(steps=5).step == 36
    assert trainer.status == "finished"


def test_by_the_clock_the_instruments_are_read_no_more_often_than_they_are_worth():
    trainer = make(epochs=1000)
    trainer.advance(steps=1)
    assert trainer.probe.step == 1
    trainer._measured = (perf_counter(), 3600.0)
    trainer.advance(seconds=0.0)
    assert (trainer.state.step, trainer.probe.step) == (2, 1)
    trainer.advance(steps=1)
    assert trainer.probe.step == 3
    trainer._measured = (perf_counter(), 0.0)
    trainer.advance(seconds=0.0)
    assert trainer.probe.step == 4


def test_a_reader_finds_the_first_row_at_any_moment_of_a_reset(monkeypatch):
    trainer = Trainer(load_experiment("xor-mlp"))
    trainer.advance(epochs=2)
    measure, seen = trainer.measure, []

    def read():
        seen.append(len(trainer.history.rows))
        return measure()

    monkeypatch.setattr(trainer, "measure", read)
    trainer.reset()
    trainer.edit("optimizer.lr", 0.5)
    assert seen == [1, 1]
    assert [row.epoch for row in trainer.history.rows] == [0]
    assert trainer.history.rows[0].lr == 0.5
