"""The record of the instruments: which epochs it holds, and that it forgets what the run forgot."""

import numpy as np
import pytest

from engine import Experiment, Session, Trainer, parse_experiment
from engine.instruments import LAYER_COLUMNS, MOST, PARAMETER_COLUMNS, Instruments


def small(**changes: object) -> Experiment:
    data = {"name": "xor", "samples": 120, "validation": 0.2}
    return parse_experiment({"data": data, "epochs": 6, "batch_size": 10, "model": {"name": "mlp"}} | changes)


def epochs(instruments: Instruments) -> list[int]:
    found = sorted({int(row[0]) for row in instruments.layers})
    assert found == sorted({int(row[0]) for row in instruments.parameters})
    return found


def test_epochs_that_are_asked_for_one_by_one_are_all_there() -> None:
    trainer = Trainer(small())
    for epoch in range(1, 7):
        trainer.advance(epochs=1)
        assert epochs(trainer.history.instruments) == list(range(epoch + 1))
    assert trainer.probe is not None
    last = trainer.history.instruments.layers[-len(trainer.probe.nodes) :]
    column = LAYER_COLUMNS.index("update_ratio")
    assert [float(row[column]) for row in last if row[column]] == [
        stats.update_ratio for stats in trainer.probe.nodes if stats.update_ratio is not None
    ]
    assert {len(row) for row in trainer.history.instruments.parameters} == {len(PARAMETER_COLUMNS)}


@pytest.mark.parametrize("took", [0.0, 1e9])
def test_played_through_epochs_are_measured_as_far_as_there_is_time(took: float) -> None:
    trainer = Trainer(small())
    trainer._measured = (0.0, took)
    trainer._worth_measuring = lambda share: not took  # type: ignore[method-assign]
    trainer.advance(seconds=1e9)
    assert epochs(trainer.history.instruments) == ([0, 6] if took else list(range(7)))


def test_measuring_in_passing_changes_no_weight() -> None:
    with_it, without = Trainer(small()), Trainer(small())
    with_it._worth_measuring = lambda share: True  # type: ignore[method-assign]
    without._worth_measuring = lambda share: False  # type: ignore[method-assign]
    for trainer in (with_it, without):
        trainer.advance(seconds=1e9)
    assert np.array_equal(with_it.network.values, without.network.values)


def test_what_an_edit_made_different_is_forgotten_and_going_back_forgets_nothing() -> None:
    trainer = Trainer(small())
    for _ in range(5):
        trainer.advance(epochs=1)
    rows = trainer.history.instruments.layers
    trainer.seek(trainer.history.rows[3].step + 1)
    assert trainer.history.instruments.layers == rows
    trainer.edit("optimizer.lr", 0.5)
    assert epochs(trainer.history.instruments) == [0, 1, 2, 3]
    trainer.advance(epochs=1)
    assert epochs(trainer.history.instruments) == [0, 1, 2, 3, 4]
    assert (
        trainer.history.instruments.layers[: 4 * len(trainer.network.nodes)] == rows[: 4 * len(trainer.network.nodes)]
    )
    trainer.reset()
    assert epochs(trainer.history.instruments) == [0]


def test_memory_is_bounded_and_what_was_asked_for_stays() -> None:
    trainer = Trainer(small())
    assert trainer.probe is not None
    instruments = Instruments()
    for epoch in range(3 * MOST):
        instruments.note(epoch, trainer.probe, asked=epoch % 100 == 0)
    found = epochs(instruments)
    assert MOST / 2 <= len(found) <= MOST + 30
    assert set(range(0, 3 * MOST, 100)) <= set(found)
    assert max(np.diff(found)) == 4


def test_the_epoch_at_which_early_stopping_ends_a_run_is_measured() -> None:
    trainer = Trainer(small(epochs=500, early_stopping={"patience": 1}))
    trainer._worth_measuring = lambda share: False  # type: ignore[method-assign]
    while not trainer.done:
        trainer.advance(seconds=1e9, measure=False)
    assert trainer.status == "stopped early"
    assert trainer.probe is not None
    assert trainer.probe.step == trainer.state.step
    assert all(stats.update_ratio is not None for stats in trainer.probe.parameters)


def test_a_session_s_single_epochs_are_on_record() -> None:
    session = Session(small())
    session.start()
    for _ in range(3):
        session.epoch()
        session.ask(lambda trainer: None).result(10)
    while session.snapshot.activity == "playing":
        session.ask(lambda trainer: None).result(10)
    history = session.snapshot.history
    session.close()
    assert history is not None
    assert epochs(history.instruments) == [0, 1, 2, 3]
