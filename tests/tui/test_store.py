"""Folders, the log, and runs that are kept for the day the program dies."""

import csv
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from engine import BadInput, RunFailed, Trainer, load_experiment
from engine.checkpoint import load_checkpoint
from engine.run import FILES, Run
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


def test_a_kept_session_goes_on_with_its_whole_record(store: Store) -> None:
    trainer = Trainer(load_experiment("xor-mlp", {"epochs": 6}))
    for _ in range(3):
        trainer.advance(epochs=1)
    store.keep_session(trainer)
    again = Run.resume(store.session).trainer
    assert again.history.rows == trainer.history.rows, "seconds too"
    assert again.seconds == trainer.history.rows[-1].seconds > 0
    again.advance(epochs=1)
    table = list(csv.DictReader((store.save_run(again) / "layers.csv").read_text().splitlines()))
    assert sorted({row["epoch"] for row in table}) == ["0", "1", "2", "3", "4"]


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


def test_a_saved_run_has_every_file_and_goes_on_where_it_was(store: Store) -> None:
    trainer = Trainer(load_experiment("xor-mlp", {"epochs": 6}))
    for _ in range(4):
        trainer.advance(epochs=1)
    trainer.edit("optimizer.lr", 0.02)
    trainer.advance(epochs=1)
    folder, again = store.save_run(trainer), store.save_run(trainer)
    assert folder != again
    assert sorted(file.name for file in folder.iterdir()) == sorted((*FILES, SUMMARY))
    assert (folder / "experiment.toml").read_text() == tomli_w.dumps(trainer.base.table())
    table = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [float(row["train_loss"]) for row in table] == [row.train_loss for row in trainer.history.rows]
    nodes = [node.name for node in trainer.network.nodes]
    layers = list(csv.DictReader((folder / "layers.csv").read_text().splitlines()))
    assert [(row["epoch"], row["node"]) for row in layers] == [(str(n), node) for n in range(6) for node in nodes]
    assert trainer.probe is not None
    last = layers[-len(nodes) :]
    assert [float(row["dy_rms"]) for row in last] == [stats.dy_rms for stats in trainer.probe.nodes]
    told = json.loads((folder / "run.json").read_text())
    assert (told["edits"][0]["key"], told["result"]["status"]) == ("optimizer.lr", "interrupted")
    resumed = Run.resume(folder)
    resumed.record(resumed.trainer.advance(epochs=1))
    resumed.finish()
    trainer.advance(epochs=1)
    assert resumed.trainer.state.values.tobytes() == trainer.state.values.tobytes()
    rows = (folder / "layers.csv").read_text().splitlines()
    assert len(rows) == 1 + 7 * len(nodes)


def test_a_run_saved_after_going_back_has_the_numbers_of_where_it_is(store: Store) -> None:
    trainer = Trainer(load_experiment("xor-mlp", {"epochs": 6}))
    trainer.advance(epochs=3)
    trainer.seek(trainer.history.rows[2].step)
    trainer.measure()
    folder = store.save_run(trainer)
    result = json.loads((folder / "run.json").read_text())["result"]
    assert (result["epoch"], result["last"]["epoch"]) == (2, 2)
    measured = {row["epoch"] for row in csv.DictReader((folder / "layers.csv").read_text().splitlines())}
    assert {"0", "3"} <= measured, "those of the next batch are no epoch's"
    assert len(Run.resume(folder).trainer.history.rows) == 4, "the future is kept"


def test_on_a_full_disk_saving_leaves_nothing_and_says_so(
    store: Store, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store.save_run(trainer)
    before = {file.name: file.read_bytes() for file in first.iterdir()}
    real, written = os.fsync, []

    def fills_up(file: int) -> None:
        written.append(file)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    monkeypatch.setattr(os, "fsync", fills_up)
    with pytest.raises(RunFailed, match=r"cannot be written: the disk is full; make room"):
        store.save_run(trainer)
    assert [run.folder for run in store.saved_runs()] == list(store.runs.iterdir()) == [first]
    assert {file.name: file.read_bytes() for file in first.iterdir()} == before
    chart = tmp_path / "chart.svg"
    chart.write_text("old")
    assert store.write_text(chart, "new") is None
    assert store.trouble == f"'{chart}' cannot be written: the disk is full; make room, or choose another folder"
    assert chart.read_text() == "old"


def test_a_read_only_home_is_told_once_and_nothing_fails(tmp_path: Path, trainer: Trainer) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    blocked = tmp_path / "home"
    store = Store(blocked / "c", blocked / "s", blocked / "d")
    store.open_log()
    log.info("into the void")
    store.keep_session(trainer)
    first = store.trouble
    with pytest.raises(BadInput, match="cannot be written: not a directory; choose a folder"):
        store.save_run(trainer)
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
