"""The worker thread: commands from anywhere, in order; errors shown and never lost; an end that joins."""

import threading
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest

from engine import BadInput, Session, Trainer, load_experiment


def digits(**changes):
    small = {"model.hidden": [8], "epochs": 50, "data.limit": 160}
    return load_experiment("digits", {**small, **{key.replace("__", "."): value for key, value in changes.items()}})


@pytest.fixture
def session():
    made = Session(digits())
    made.start()
    yield made
    made.close()
    assert not made._thread.is_alive()


def settle(session):
    """Waits until every command sent so far was carried out."""
    return session.ask(lambda trainer: trainer.state.step).result(timeout=20)


def wait(session, condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition(session.snapshot):
        assert time.monotonic() < end, session.snapshot
        time.sleep(0.002)
    return session.snapshot


def test_it_loads_and_waits(session):
    assert Session(digits()).snapshot.activity == "loading"
    settle(session)
    shown = session.snapshot
    assert (shown.activity, shown.step, shown.epoch, shown.run) == ("paused", 0, 0, 1)
    assert shown.steps_per_epoch == 5
    assert [node.name for node in shown.nodes] == ["flatten1", "dense1", "relu1", "output"]
    assert shown.probe is not None
    assert len(shown.history.rows) == 1


def test_commands_are_carried_out_in_order(session):
    session.step()
    session.step()
    session.step(3)
    assert settle(session) == 5
    session.back()
    session.step()
    session.back(2)
    assert settle(session) == 3
    session.epoch()
    wait(session, lambda shown: shown.epoch == 1 and shown.activity == "paused")
    session.epoch(2)
    wait(session, lambda shown: shown.epoch == 3 and shown.activity == "paused")
    assert settle(session) == 15
    session.step()
    session.back_epoch()
    assert settle(session) == 15
    session.back_epoch()
    assert settle(session) == 10
    session.seek(12)
    assert settle(session) == 12
    session.reset()
    assert settle(session) == 0
    assert session.snapshot.history.steps == 0


def test_what_the_session_trains_is_what_a_trainer_trains(session):
    session.epoch(3)
    session.edit("optimizer.lr", 0.001)
    session.epoch(1)
    wait(session, lambda shown: shown.activity == "paused" and shown.step > 0)
    weights, edits = session.ask(lambda made: (made.network.values.copy(), list(made.edits))).result(timeout=20)
    trainer = Trainer(digits())
    while trainer.state.step < edits[0].step:
        trainer.step()
    trainer.edit("optimizer.lr", 0.001)
    while trainer.state.step < session.snapshot.step:
        trainer.step()
    assert trainer.network.values.tobytes() == weights.tobytes()


def test_play_runs_until_paused(session):
    session.play()
    wait(session, lambda shown: shown.step > 3 or shown.activity == "finished")
    session.pause()
    step = settle(session)
    assert session.snapshot.activity in ("paused", "finished")
    for _ in range(20):
        assert settle(session) == step
    assert session.snapshot.probe.step == step


def test_play_ends_with_the_run(session):
    session.play()
    shown = wait(session, lambda shown: shown.activity == "finished")
    assert (shown.epoch, shown.step) == (50, 250)
    assert shown.samples_per_second > 0
    session.reset()
    settle(session)
    assert session.snapshot.samples_per_second == 0
    session.play()
    wait(session, lambda shown: shown.activity == "finished")
    session.play()
    session.step()
    assert settle(session) == 250
    session.back()
    settle(session)
    assert session.snapshot.activity == "paused"


def test_at_the_end_the_last_row_alone_gets_the_test_split_s_numbers():
    tested = digits(data__test=0.2, epochs=3)
    session = Session(tested)
    session.start()
    session.play()
    rows = wait(session, lambda shown: shown.activity == "finished").history.rows
    session.close()
    alone = Trainer(tested)
    alone.advance(epochs=3)
    assert [row.test_loss for row in rows[:-1]] == [None, None, None]
    assert (rows[-1].test_loss, rows[-1].test_accuracy) == alone.evaluate(alone.splits.test)


def test_versions_rise_and_a_snapshot_is_one_consistent_value(session):
    seen, wrong, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            shown = session.snapshot
            seen.append(shown.version)
            if shown.history is not None and shown.history.steps < shown.step:
                wrong.append(shown)

    reader = threading.Thread(target=read)
    reader.start()
    session.play()
    wait(session, lambda shown: shown.activity == "finished")
    stop.set()
    reader.join()
    assert not wrong
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_commands_from_several_threads_all_arrive(session):
    settle(session)
    threads = [threading.Thread(target=lambda: [session.step() for _ in range(10)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settle(session) == 50
    asked = [session.ask(lambda trainer, k=k: k * 2) for k in range(20)]
    assert [answer.result(timeout=20) for answer in asked] == [k * 2 for k in range(20)]


def test_an_answer_carries_the_question_s_error(session):
    with pytest.raises(ZeroDivisionError):
        session.ask(lambda trainer: 1 / 0).result(timeout=20)
    assert session.ask(lambda trainer: np.sum(trainer.network.values)).result(timeout=20) != 0
    assert session.snapshot.failure is None


def test_a_refused_command_leaves_a_notice_and_nothing_else(session):
    session.step(4)
    session.edit("optimizer.lr", -1)
    settle(session)
    assert session.snapshot.notice.startswith("optimizer.lr is -1")
    assert session.snapshot.step == 4
    session.seek(1000)
    settle(session)
    assert "step 1000 is not on record" in session.snapshot.notice
    session.step()
    settle(session)
    assert session.snapshot.notice is None


def test_a_rebuild_that_fails_keeps_the_run(session):
    session.step(4)
    weights = session.ask(lambda trainer: trainer.network.values.copy()).result(timeout=20)
    broken = digits().edited({"layers": [{"type": "add"}]})
    session.rebuild(broken)
    settle(session)
    shown = session.snapshot
    assert shown.notice.startswith("layers.add1 (add) takes 2 inputs")
    assert (shown.step, shown.run, shown.experiment) == (4, 1, digits())
    kept = session.ask(lambda trainer: trainer.network.values.copy()).result(timeout=20)
    assert kept.tobytes() == weights.tobytes()
    session.rebuild(digits(model__hidden=[4, 4]))
    settle(session)
    shown = session.snapshot
    assert (shown.step, shown.run, shown.notice) == (0, 2, None)
    assert len(shown.nodes) == 6


def test_an_experiment_that_cannot_be_built_at_all_says_so_and_another_one_can_follow():
    session = Session(digits().edited({"layers": [{"type": "add"}]}))
    session.start()
    shown = wait(session, lambda shown: shown.notice is not None)
    assert shown.notice.startswith("layers.add1")
    session.play()
    session.step()
    with pytest.raises(BadInput, match="no network yet"):
        settle(session)
    session.rebuild(digits())
    session.step()
    assert settle(session) == 1
    session.close()


def test_a_bug_is_caught_shown_and_survived(session, monkeypatch):
    settle(session)

    def broken(self, *args, **kwargs):
        raise RuntimeError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "advance", broken)
        session.play()
        shown = wait(session, lambda shown: shown.activity == "failed")
    assert "RuntimeError: a bug of ours" in shown.failure
    session.play()
    assert settle(session) == 0
    assert session.snapshot.activity == "failed"
    session.reset()
    session.step()
    assert settle(session) == 1
    assert session.snapshot.failure is None


def test_divergence_is_shown_and_left_by_going_back():
    session = Session(digits(loss="quadratic", optimizer={"name": "sgd", "lr": 1e30}))
    session.start()
    session.play()
    shown = wait(session, lambda shown: shown.activity == "diverged")
    assert "is not finite" in shown.problem
    session.seek(0)
    session.edit("optimizer.lr", 0.01)
    session.step()
    assert settle(session) == 1
    assert session.snapshot.activity == "paused"
    session.close()


def test_commands_wait_for_one_slow_step_at_most(session):
    def slow_down(trainer):
        trainer.network.run(trainer.batch_size, training=True).forward.calls.append((time.sleep, (0.2,)))

    session.ask(slow_down).result(timeout=20)
    session.play()
    wait(session, lambda shown: shown.step >= 2)
    for _ in range(3):
        before = session.snapshot.step
        assert settle(session) <= before + 1
    before = session.snapshot.step
    session.pause()
    step = settle(session)
    assert step <= before + 1
    assert session.snapshot.activity == "paused"
    assert session.snapshot.probe.step == step


def test_a_pause_takes_no_further_step_where_the_last_one_is_measured(session):
    settle(session)
    session.pace(1)
    session.play()
    session.ask(lambda trainer: trainer.advance(steps=1)).result(timeout=20)
    step = settle(session)
    session.pause()
    assert settle(session) == step
    assert session.snapshot.probe.step == step


def test_a_pace_slows_playing_down(session):
    settle(session)
    session.pace(1e-6)
    session.play()
    for _ in range(20):
        assert settle(session) == 0
    assert session.snapshot.activity == "playing"
    session.pace(500)
    wait(session, lambda shown: shown.step >= 3)
    session.pace(None)
    wait(session, lambda shown: shown.activity == "finished")


def test_close_joins_at_any_time_and_cancels_what_is_asked():
    for command in ("nothing", "play", "epoch"):
        session = Session(digits(epochs=100_000))
        session.start()
        if command != "nothing":
            settle(session)
            getattr(session, command)()
        session.close()
        assert not session._thread.is_alive()
        session.close()
        session.step()
        with pytest.raises(CancelledError):
            session.ask(lambda trainer: 1).result(timeout=5)
    Session(digits()).close()


def test_a_session_goes_on_with_a_trainer_that_exists():
    trainer = Trainer(digits())
    trainer.advance(steps=7)
    session = Session(trainer.experiment, trainer=trainer)
    session.start()
    assert settle(session) == 7
    assert (session.snapshot.step, session.snapshot.run) == (7, 1)
    session.close()


def test_a_network_too_large_for_the_memory_is_refused_in_a_sentence(session, monkeypatch):
    def fails(*args, **kwargs):
        raise MemoryError

    before = settle(session)
    monkeypatch.setattr("engine.session.Trainer", fails)
    session.rebuild(digits(model__hidden=[9]))
    shown = wait(session, lambda shown: shown.notice is not None)
    assert "not enough memory" in shown.notice
    assert (shown.failure, shown.activity, settle(session)) == (None, "paused", before)
    alone = Session(digits())
    alone.start()
    shown = wait(alone, lambda shown: shown.activity == "failed")
    alone.close()
    assert shown.failure is None
    assert "not enough memory" in shown.problem


def test_what_is_asked_of_a_finished_run_is_not_made_up_for_when_it_goes_on(session):
    session.rebuild(digits(epochs=1))
    session.epoch()
    session.epoch()
    session.step(3)
    session.edit("epochs", 4)
    assert settle(session) == 5
    session.epoch()
    settle(session)
    wait(session, lambda shown: shown.activity == "paused" and shown.step > 5)
    assert session.snapshot.epoch == 2


def test_a_trained_run_is_kept_when_another_takes_its_place_and_comes_back():
    kept = []

    def keep(trainer):
        kept.append((trainer.experiment, trainer.state.copy(), trainer))
        return None if trainer.experiment.seed == 7 else lambda splits: Trainer(kept[0][0], splits)

    session = Session(digits(), keep=keep)
    session.start()
    try:
        session.rebuild(digits(model__hidden=[4]))
        session.rebuild(digits())
        settle(session)
        assert not kept, "nothing was trained"
        session.step(2)
        session.rebuild(digits(model__hidden=[]))
        session.reset()
        settle(session)
        assert [(experiment, state.step) for experiment, state, _ in kept] == [(digits(), 2)]
        splits = session.ask(lambda trainer: trainer.splits).result(20)
        session.revisit(digits())
        again = session.ask(lambda trainer: trainer).result(20)
        assert again.experiment == digits()
        assert again.splits is splits
        session.step()
        session.reset()
        assert settle(session) == 0
        assert [state.step for _, state, _ in kept] == [2, 1]
        session.step()
        session.rebuild(digits(seed=7))
        session.step()
        session.rebuild(digits())
        session.revisit(digits(seed=7))
        assert settle(session) == 0, "it was not kept: it starts over"
        assert session.snapshot.experiment.seed == 7
    finally:
        session.close()


def test_a_run_that_cannot_be_had_again_starts_over_and_says_so():
    def keep(trainer):
        def again(splits):
            raise BadInput("it is gone")

        return again

    session = Session(digits(), keep=keep)
    session.start()
    try:
        session.step(2)
        session.rebuild(digits(model__hidden=[4]))
        session.revisit(digits())
        assert settle(session) == 0
        assert session.snapshot.experiment == digits()
        assert session.snapshot.notice == "the run of before cannot be had again: it is gone"
    finally:
        session.close()
