"""Folders, the log, and runs that are kept for the day the program dies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import Trainer, load_experiment
from engine.checkpoint import load_checkpoint
from tui.store import KEPT_SESSIONS, SUMMARY, Store, ago, log


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "c", tmp_path / "s", tmp_path / "d")


@pytest.fixture
def trainer() -> Trainer:
    made = Trainer(load_experiment("xor-mlp"))
    made.advance(steps=3)
    return made


def dead_process() -> int:
    """The number of a process that is over."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_kept_session_is_offered_once_its_process_is_gone(store: Store, trainer: Trainer) -> None:
    store.keep_session(trainer)
    assert store.last_session() is None
    gone = store.session.with_name(f"20260101-000000-{dead_process()}")
    store.session.rename(gone)
    run = store.last_session()
    assert run is not None
    assert (run.folder, run.step, run.epochs) == (gone, 3, trainer.experiment.epochs)
    assert f"step 3, {ago(0)}" in run.line()
    again = load_checkpoint(run.checkpoint)
    assert again.state.step == 3
    assert again.state.values.tobytes() == trainer.state.values.tobytes()


def test_old_sessions_are_dropped_and_living_ones_are_not(store: Store, trainer: Trainer) -> None:
    pid = dead_process()
    for day in range(KEPT_SESSIONS + 3):
        store.session = store.sessions / f"2026010{day}-000000-{pid}"
        store.keep_session(trainer)
        summary = store.session / SUMMARY
        summary.write_text(json.dumps({**json.loads(summary.read_text()), "when": float(day)}))
    mine = store.sessions / f"20250101-000000-{os.getpid()}"
    store.session = mine
    store.keep_session(trainer)
    store.tidy()
    left = sorted(folder.name for folder in store.sessions.iterdir())
    assert mine.name in left
    assert len(left) == KEPT_SESSIONS + 1
    assert f"20260107-000000-{pid}" in left


def test_saved_runs_are_listed_newest_first_and_rubbish_is_not(store: Store, trainer: Trainer) -> None:
    folder = store.save_run(trainer)
    assert folder is not None
    other = store.runs / "other"
    other.mkdir()
    for text in ("", "{}", "[]", '{"title": 1, "epoch": "x"}', "null"):
        (other / SUMMARY).write_text(text)
        assert [run.folder for run in store.saved_runs()] == [folder]


def test_a_read_only_home_is_told_once_and_nothing_fails(tmp_path: Path, trainer: Trainer) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    blocked = tmp_path / "home"
    store = Store(blocked / "c", blocked / "s", blocked / "d")
    store.open_log()
    log.info("into the void")
    store.keep_session(trainer)
    first = store.trouble
    assert store.save_run(trainer) is None
    assert store.crash(ValueError("x")) is None
    store.tidy()
    assert store.last_session() is None
    store.close_log()
    assert first is not None
    assert store.trouble == first
    assert "cannot be written" in first
    assert "\n" not in first


def test_the_log_and_a_crash_are_on_record(store: Store) -> None:
    store.open_log()
    log.info("hello")
    try:
        raise ValueError("a bug")
    except ValueError as error:
        place = store.crash(error)
    store.close_log()
    assert "hello" in store.log_file.read_text()
    assert place is not None
    assert "ValueError: a bug" in place.read_text()
    assert "test_the_log_and_a_crash" in place.read_text()


def test_a_long_log_starts_anew(store: Store) -> None:
    store.log_file.parent.mkdir(parents=True)
    store.log_file.write_text("x" * 1_000_001)
    store.open_log()
    store.close_log()
    assert store.log_file.stat().st_size == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (90000, "1 day ago"), (-5, "just now")],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words
