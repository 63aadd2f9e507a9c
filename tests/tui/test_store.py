"""Folders, the log, and runs that are kept for the day the program dies."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from math import inf, nan
from pathlib import Path

import pytest
import tomli_w

from engine import BadInput, RunFailed, Trainer, load_experiment
from engine.run import FILES, Run
from tui.store import CHECKPOINT, KEPT_RUNS, SUMMARY, Store, ago, fingerprint, log


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


def died(folder: Path) -> Path:
    """Makes a kept run that of a process that is over."""
    return folder.rename(folder.with_name(f"{folder.name.rpartition('-')[0]}-{dead_process()}"))


def kept(store: Store, trainer: Trainer) -> Path:
    """Keeps a run, which must be possible."""
    folder = store.keep(trainer)
    assert folder is not None
    return folder


def same(trainer: Trainer, other: Trainer) -> bool:
    """Whether two runs are equal to the last bit, with all that is on record."""
    ours, theirs = trainer.history, other.history
    return (
        trainer.state.same(other.state)
        and (trainer.experiment, trainer.edits) == (other.experiment, other.edits)
        and (ours.rows, ours.losses.tobytes()) == (theirs.rows, theirs.losses.tobytes())
        and ours.instruments.layers == theirs.instruments.layers
        and ours.instruments.gradients == theirs.instruments.gradients
    )


def test_a_kept_run_is_offered_once_its_process_is_gone(store: Store, trainer: Trainer) -> None:
    folder = kept(store, trainer)
    assert store.unfinished() is None
    assert not store.kept_runs()
    gone = died(folder)
    run = Store.unfinished(Store(store.sessions, store.sessions.parent, store.sessions))
    assert run is not None
    assert (run.folder, run.step, run.epochs) == (gone, 3, trainer.experiment.epochs)
    assert run.line() == f"epoch 3/{run.epochs}, best training accuracy 50.0 %, {ago(0)}"
    assert same(store.reopen(gone), trainer)


def test_a_run_is_offered_for_the_experiment_that_it_came_from_and_not_at_its_end(store: Store) -> None:
    experiment = load_experiment("xor-mlp", {"epochs": 2})
    store.source = fingerprint(experiment)
    trainer = Trainer(experiment)
    trainer.advance(epochs=1)
    gone = died(kept(store, trainer))
    again = fingerprint(load_experiment("xor-mlp", {"epochs": 2}))
    assert store.unfinished(again) == store.unfinished() == store.kept_runs()[0]
    assert store.unfinished(fingerprint(load_experiment("xor-mlp"))) is None
    trainer = store.reopen(gone)
    trainer.advance(epochs=1)
    died(kept(store, trainer))
    assert [(run.epoch, run.done) for run in store.kept_runs()] == [(2, True)]
    assert store.unfinished() is None
    assert store.unfinished(again) is None


def test_a_kept_run_goes_on_with_its_whole_record(store: Store) -> None:
    trainer = Trainer(load_experiment("xor-mlp", {"epochs": 6}))
    for _ in range(3):
        trainer.advance(epochs=1)
    again = Run.resume(kept(store, trainer)).trainer
    assert again.history.rows == trainer.history.rows, "seconds too"
    assert again.seconds == trainer.history.rows[-1].seconds > 0
    again.advance(epochs=1)
    table = list(csv.DictReader((store.save_run(again) / "layers.csv").read_text().splitlines()))
    assert sorted({row["epoch"] for row in table}) == ["0", "1", "2", "3", "4"]


def test_a_run_that_is_replaced_is_listed_and_comes_back_to_the_bit(store: Store) -> None:
    trainer = Trainer(load_experiment("digits", {"model.hidden": [4], "epochs": 9, "data.limit": 200}))
    for _ in range(3):
        trainer.advance(epochs=1)
    trainer.edit("optimizer.lr", 0.02)
    trainer.advance(steps=3)
    again = store.part(trainer)
    assert again is not None
    assert store.parted
    (run,) = store.kept_runs()
    best = max(row.valid_accuracy for row in trainer.history.rows)
    assert run.line() == f"epoch 3/9, best validation accuracy {100 * best:.1f} %, replaced just now"
    assert store.unfinished() is None
    former = again(trainer.splits)
    assert former.splits is trainer.splits
    assert same(former, trainer)
    for each in (trainer, former):
        each.advance(epochs=1)
    assert former.state.same(trainer.state)


def test_a_run_that_comes_back_keeps_its_folder_and_one_that_starts_over_gets_another(
    store: Store, trainer: Trainer
) -> None:
    first = kept(store, trainer)
    again = store.part(trainer)
    trainer.reset()
    trainer.advance(steps=1)
    assert kept(store, trainer) != first
    assert again is not None
    former = again(None)
    assert not store.kept_runs(), "both are in use"
    former.advance(steps=2)
    assert kept(store, former) == first
    store.part(former)
    store.part(trainer)
    assert sorted(run.step for run in store.kept_runs()) == [1, 5]


def test_a_saved_run_that_is_only_looked_at_is_not_kept_besides(store: Store, trainer: Trainer) -> None:
    former = store.reopen(store.save_run(trainer))
    again = store.part(former)
    assert not store.kept_runs()
    assert not store.parted
    assert again is not None
    former = again(None)
    assert same(former, trainer)
    former.advance(steps=1)
    store.part(former)
    assert [run.step for run in store.kept_runs()] == [4]
    assert [run.step for run in store.saved_runs()] == [3]


def test_as_many_runs_are_kept_as_there_is_room_for_and_the_latest_always(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = kept(store, Trainer(load_experiment("xor-mlp")))
    for steps in range(1, KEPT_RUNS + 4):
        trainer = Trainer(load_experiment("xor-mlp"))
        trainer.advance(steps=steps)
        store.part(trainer)
    assert [run.step for run in store.kept_runs()] == list(range(KEPT_RUNS + 3, 3, -1))
    size = sum(file.stat().st_size for file in store.kept_runs()[0].folder.iterdir())
    monkeypatch.setattr("tui.store.KEPT_BYTES", 3.5 * size)
    store.tidy()
    assert [run.step for run in store.kept_runs()] == [13, 12, 11]
    monkeypatch.setattr("tui.store.KEPT_BYTES", 1)
    store.tidy()
    assert [run.step for run in store.kept_runs()] == [13]
    assert mine.is_dir()


def test_a_run_kept_just_now_is_the_latest_also_where_the_clock_was_set_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps in range(1, KEPT_RUNS + 2):
        trainer = Trainer(load_experiment("xor-mlp"))
        trainer.advance(steps=steps)
        if steps == KEPT_RUNS + 1:
            monkeypatch.setattr("tui.store.time.time", lambda: 1e9)
        again = store.part(trainer)
    assert again is not None
    assert same(again(None), trainer), "it was not dropped for those of the future"
    assert [run.step for run in store.kept_runs()] == list(range(KEPT_RUNS, 1, -1))


def test_what_a_killed_process_left_before_its_run_was_whole_is_dropped(store: Store, trainer: Trainer) -> None:
    mine = kept(store, trainer)
    half = died(kept(store, Trainer(load_experiment("xor-mlp"))))
    (half / SUMMARY).unlink()
    foreign = store.sessions / "notes-of-mine"
    foreign.mkdir()
    (mine / SUMMARY).unlink()
    store.tidy()
    assert not half.exists()
    assert foreign.exists()
    assert mine.exists(), "of this process, which may be about to write it"


def test_a_run_whose_files_were_removed_is_saved_whole_again(store: Store, trainer: Trainer) -> None:
    shutil.rmtree(kept(store, trainer))
    again = store.part(trainer)
    assert again is not None
    assert same(again(None), trainer)


def test_a_run_that_another_process_takes_at_the_same_time_goes_on_in_a_folder_of_its_own(
    store: Store, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = died(kept(store, trainer))
    real = Path.rename
    taken = gone.with_name("taken")
    monkeypatch.setattr(Path, "rename", lambda path, target: real(real(path, taken), target / "nowhere"))
    former = store.reopen(gone)
    monkeypatch.undo()
    assert same(former, trainer)
    assert not gone.exists()
    again = store.part(former)
    assert again is not None
    assert same(again(None), trainer)


def test_where_memory_does_not_suffice_to_save_a_run_it_is_told(
    store: Store, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("engine.checkpoint.save", fail)
    assert store.part(trainer) is None
    assert store.trouble == "the run before is not kept: there is not enough memory to save the run"
    assert store.keep(trainer) is None
    assert not list(store.sessions.iterdir())


def test_saved_runs_are_listed_newest_first_and_rubbish_is_not(store: Store, trainer: Trainer) -> None:
    folder = store.save_run(trainer)
    assert folder is not None
    other = store.runs / "other"
    other.mkdir()
    good = {"title": "x", "epoch": 1, "epochs": 2, "step": 3, "when": 4}
    odd = [{**good, name: value} for name in ("epoch", "when") for value in (inf, -inf, nan)] + [
        {**good, "when": 10**400}
    ]
    for text in ("", "{}", "[]", '{"title": 1, "epoch": "x"}', "null", "[" * 100_000, *map(json.dumps, odd)):
        (other / SUMMARY).write_text(text)
        (other / CHECKPOINT).write_text("")
        assert [run.folder for run in store.saved_runs()] == [folder]


@pytest.mark.parametrize("process", ["²", "9" * 12, "9" * 40, "", "x"])
def test_a_folder_that_names_no_process_belongs_to_nobody(store: Store, trainer: Trainer, process: str) -> None:
    folder = kept(store, trainer)
    foreign = folder.rename(folder.with_name(f"foreign-{process}"))
    assert [run.folder for run in store.kept_runs()] == [foreign]


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
    assert store.part(trainer) is None
    assert store.trouble is not None
    assert store.trouble.startswith("the run before is not kept: '")
    assert store.trouble.endswith("cannot be written: the disk is full; make room, or choose another folder")
    assert not list(store.sessions.iterdir())
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
    assert store.keep(trainer) is None
    first = store.trouble
    with pytest.raises(BadInput, match="cannot be written: not a directory; choose a folder"):
        store.save_run(trainer)
    assert store.crash(ValueError("x")) is None
    store.tidy()
    assert store.unfinished() is None
    assert first is not None
    assert store.trouble == first
    assert "cannot be written" in first
    assert "\n" not in first
    assert store.part(trainer) is None
    assert store.trouble == "the run before is not kept: not a directory"
    assert not store.parted
    store.close_log()


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device without room")
def test_a_log_without_room_is_lost_in_silence(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.log_file.parent.mkdir(parents=True)
    store.log_file.symlink_to("/dev/full")
    store.open_log()
    log.info("hello")
    store.close_log()
    assert capsys.readouterr() == ("", "")


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
