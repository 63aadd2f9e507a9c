"""The folder of a run: which files, which columns, and that it goes on exactly where it stopped."""

import csv
import errno
import json
import os
import tomllib
from pathlib import Path

import numpy as np
import pytest

from engine import BadInput, Experiment, RunFailed, Trainer, load_experiment, parse_experiment
from engine.files import write_atomically
from engine.run import FILES, Run, checkpoint_of, refuse_taken

HISTORY = (
    "epoch,step,lr,train_loss,train_accuracy,valid_loss,valid_accuracy,test_loss,test_accuracy,"
    "grad_norm,update_ratio,seconds"
)
LAYERS = (
    "epoch,step,node,type,output_mean,output_std,dead,saturated,dy_rms,weight_norm,grad_norm,update_ratio"
)  # fmt: skip
PARAMETERS = "epoch,step,parameter,norm,grad_norm,grad_rms,grad_max,update_ratio"


def small(**changes: object) -> Experiment:
    data = {"name": "xor", "samples": 120, "test": 0.25, "validation": 0.2}
    return parse_experiment({"data": data, "epochs": 6, "batch_size": 10, "model": {"name": "mlp"}} | changes)


def go(run: Run) -> Run:
    for report in run.trainer:
        run.record(report)
    run.finish()
    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    return go(Run.start(Trainer(small()), tmp_path / "run"))


def test_columns_and_rows_are_those_of_the_issue(finished: Run) -> None:
    folder = finished.folder
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    for name, header in {"history.csv": HISTORY, "layers.csv": LAYERS, "parameters.csv": PARAMETERS}.items():
        assert (folder / name).read_text().splitlines()[0] == header
    nodes = [node.name for node in finished.trainer.network.nodes]
    names = [slot.name for slot in finished.trainer.network.parameters]
    epochs = [str(epoch) for epoch in range(7)]
    assert [row["epoch"] for row in rows(folder / "history.csv")] == epochs
    assert [(row["epoch"], row["node"]) for row in rows(folder / "layers.csv")] == [
        (epoch, node) for epoch in epochs for node in nodes
    ]
    assert [(row["epoch"], row["parameter"]) for row in rows(folder / "parameters.csv")] == [
        (epoch, name) for epoch in epochs for name in names
    ]
    steps = {row["epoch"]: row["step"] for row in rows(folder / "history.csv")}
    assert all(row["step"] == steps[row["epoch"]] for row in rows(folder / "layers.csv"))


def test_test_columns_are_filled_in_the_last_row_alone(finished: Run) -> None:
    *before, last = rows(finished.folder / "history.csv")
    assert all(row["test_loss"] == row["test_accuracy"] == "" for row in before)
    trainer = finished.trainer
    assert trainer.splits.test is not None
    loss, accuracy = trainer.evaluate(trainer.splits.test)
    assert (float(last["test_loss"]), float(last["test_accuracy"])) == (loss, accuracy)


def test_row_0_is_the_untrained_network_and_updates_nothing(finished: Run) -> None:
    fresh = Trainer(small())
    row = rows(finished.folder / "history.csv")[0]
    assert (row["epoch"], row["step"], row["update_ratio"]) == ("0", "0", "")
    assert float(row["train_loss"]) == fresh.evaluate(fresh.splits.train)[0]
    first = [row for row in rows(finished.folder / "parameters.csv") if row["epoch"] == "0"]
    assert fresh.probe is not None
    for cells, slot in zip(first, fresh.network.parameters, strict=True):
        assert cells["update_ratio"] == ""
        norm = float(np.linalg.norm(slot.view(fresh.network.grads).astype(np.float64)))
        assert float(cells["grad_norm"]) == pytest.approx(norm, rel=1e-5)
        assert float(cells["grad_rms"]) == pytest.approx(norm / slot.size**0.5, rel=1e-5)


def test_parameters_at_an_epochs_end_are_those_of_its_last_batch(finished: Run) -> None:
    again = Trainer(small())
    again.advance(steps=again.steps_per_epoch - 1)
    before = again.network.values.copy()
    again.step()
    first = [row for row in rows(finished.folder / "parameters.csv") if row["epoch"] == "1"]
    for cells, slot in zip(first, again.network.parameters, strict=True):
        w, moved = before[slot.flat], again.network.values[slot.flat] - before[slot.flat]
        assert float(cells["norm"]) == pytest.approx(float(np.linalg.norm(w)), rel=1e-5)
        if np.any(w):
            ratio = float(np.linalg.norm(moved) / np.linalg.norm(w))
            assert float(cells["update_ratio"]) == pytest.approx(ratio, rel=1e-4)


def test_the_experiment_is_complete_and_gives_the_same_run(finished: Run, tmp_path: Path) -> None:
    text = (finished.folder / "experiment.toml").read_text()
    assert parse_experiment(tomllib.loads(text)) == finished.trainer.base
    table = tomllib.loads(text)
    assert {"seed", "data", "model", "output", "loss", "optimizer", "schedule", "regularization"} <= table.keys()
    assert table["optimizer"].keys() == {"name", "lr", "beta1", "beta2", "epsilon"}
    other = go(Run.start(Trainer(load_experiment(finished.folder / "experiment.toml")), tmp_path / "again"))
    for name in ("experiment.toml", "layers.csv", "parameters.csv", "checkpoint.safetensors"):
        assert (other.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name


def test_run_json_tells_versions_machine_and_result(finished: Run) -> None:
    content = json.loads((finished.folder / "run.json").read_text())
    assert content["versions"].keys() == {"nn-tui", "python", "numpy", "safetensors"}
    assert {"system", "architecture", "processor", "cores"} == content["machine"].keys()
    assert {"name", "version", "threads"} == content["blas"].keys()
    assert isinstance(content["denormals_flushed"], bool)
    result = content["result"]
    assert (result["status"], result["epoch"], result["step"]) == ("finished", 6, finished.trainer.state.step)
    assert result["last"]["test_accuracy"] is not None


@pytest.mark.parametrize("steps", [0, 14, 17, 25])
def test_interrupted_anywhere_and_resumed_it_equals_the_straight_run(steps: int, finished: Run, tmp_path: Path) -> None:
    half = Run.start(Trainer(small()), tmp_path / "half")
    while half.trainer.state.step < steps:
        half.record(half.trainer.step())
    half.finish("interrupted")
    assert json.loads((half.folder / "run.json").read_text())["result"]["status"] == "interrupted"
    go(Run.resume(half.folder))
    for name in ("experiment.toml", "layers.csv", "parameters.csv", "checkpoint.safetensors"):
        assert (half.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name
    columns = [name for name in HISTORY.split(",") if name != "seconds"]
    halves, whole = rows(half.folder / "history.csv"), rows(finished.folder / "history.csv")
    assert [[row[name] for name in columns] for row in halves] == [[row[name] for name in columns] for row in whole]
    seconds = [float(row["seconds"]) for row in halves]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("steps", [14, 17])
def test_a_resumed_run_shows_what_was_measured_last(steps: int, tmp_path: Path) -> None:
    half = Run.start(Trainer(small()), tmp_path / "half")
    half.trainer.advance(steps=steps)
    half.finish("interrupted")
    again = Run.resume(half.folder).trainer
    assert again.probe == half.trainer.probe
    assert again.probe is not None
    assert again.probe.step == steps
    assert all(stats.update_ratio is not None for stats in again.probe.weighted)
    assert again.history.chance == half.trainer.history.chance
    assert again.history.instruments.untrained == half.trainer.history.instruments.untrained


@pytest.mark.parametrize(
    "text", [None, "", "null", "[1", "{}", '{"step": 14, "loss": 1, "nodes": [], "parameters": []}']
)
def test_where_the_last_measurement_is_gone_or_foreign_it_is_measured_anew(text: str | None, tmp_path: Path) -> None:
    half = Run.start(Trainer(small()), tmp_path / "half")
    half.trainer.advance(steps=14)
    half.finish("interrupted")
    place = half.folder / "probe.json"
    place.unlink() if text is None else place.write_text(text)
    again = Run.resume(half.folder).trainer
    assert again.probe is not None
    assert again.probe.step == 14
    assert again.probe.nodes


def test_a_measurement_behind_the_checkpoint_is_not_shown(tmp_path: Path) -> None:
    half = Run.start(Trainer(small()), tmp_path / "half")
    half.trainer.advance(steps=14)
    half.save()
    kept = (half.folder / "checkpoint.safetensors").read_bytes()
    half.trainer.advance(steps=1)
    half.save()
    (half.folder / "checkpoint.safetensors").write_bytes(kept)
    again = Run.resume(half.folder).trainer
    assert again.probe is not None
    assert again.probe.step == 14


def test_rows_beyond_the_checkpoint_are_dropped(finished: Run, tmp_path: Path) -> None:
    half = Run.start(Trainer(small()), tmp_path / "half")
    half.record(half.trainer.advance(epochs=1))
    half.record(half.trainer.advance(epochs=1))
    half.save()
    for name in ("layers.csv", "parameters.csv", "history.csv"):
        (half.folder / name).write_bytes((finished.folder / name).read_bytes())
    go(Run.resume(half.folder))
    assert (half.folder / "layers.csv").read_bytes() == (finished.folder / "layers.csv").read_bytes()


def test_more_epochs_after_the_end_move_the_test_columns(finished: Run) -> None:
    again = Run.resume(finished.folder)
    again.trainer.edit("epochs", 8)
    go(again)
    table = rows(finished.folder / "history.csv")
    assert len(table) == 9
    assert [row["test_loss"] != "" for row in table] == [False] * 8 + [True]
    assert json.loads((finished.folder / "run.json").read_text())["edits"] == [
        {"step": finished.trainer.state.step, "key": "epochs", "value": 8}
    ]


def test_early_stopping_keeps_the_best_weights(tmp_path: Path) -> None:
    experiment = small(early_stopping={"patience": 1}, epochs=60, optimizer={"name": "sgd", "lr": 3.0})
    run = go(Run.start(Trainer(experiment), tmp_path / "run"))
    result = json.loads((run.folder / "run.json").read_text())["result"]
    assert result["status"] == "stopped early"
    table = rows(run.folder / "history.csv")
    assert result["best_epoch"] == min(range(1, len(table)), key=lambda epoch: float(table[epoch]["valid_loss"]))
    assert Run.resume(run.folder).trainer.status == "stopped early"


def test_a_diverged_run_keeps_its_last_good_state(tmp_path: Path) -> None:
    trainer = Trainer(load_experiment("deep-relu", {"optimizer.name": "sgd", "optimizer.lr": 1e6}))
    run = Run.start(trainer, tmp_path / "run")
    go(run)
    result = json.loads((run.folder / "run.json").read_text())["result"]
    assert result["status"] == "diverged"
    assert "node" in result["problem"] or "loss" in result["problem"]
    resumed = Run.resume(run.folder).trainer
    assert np.isfinite(resumed.state.values).all()
    resumed.back()
    resumed.edit("optimizer.lr", 1e-4)
    assert resumed.advance(epochs=1).status == "running"


def test_weights_that_are_not_finite_never_replace_good_ones(tmp_path: Path) -> None:
    run = Run.start(Trainer(small()), tmp_path / "run")
    before = (run.folder / "checkpoint.safetensors").read_bytes()
    run.trainer.step()
    run.trainer.network.values[0] = np.inf
    run.finish("interrupted")
    assert (run.folder / "checkpoint.safetensors").read_bytes() == before


# ------------------------------------------------------------------------------------------------ trouble


def test_another_run_is_never_overwritten(finished: Run, tmp_path: Path) -> None:
    before = {file.name: file.read_bytes() for file in finished.folder.iterdir()}
    with pytest.raises(BadInput, match="holds a run; choose another folder, or go on with it: nn-tui resume"):
        Run.start(Trainer(small()), finished.folder)
    assert {file.name: file.read_bytes() for file in finished.folder.iterdir()} == before
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file; name a folder"):
        refuse_taken(tmp_path / "file")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("")
    Run.start(Trainer(small()), tmp_path / "notes")


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        checkpoint_of(tmp_path / "none")
    with pytest.raises(BadInput, match=r"holds no checkpoint\.safetensors"):
        Run.resume(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "its columns are not those of this table"),
        (b"epoch,step\n1,2\n", "its columns are not those of this table"),
        (b"\xff\xfe", "it is not text in UTF-8"),
        (LAYERS.encode() + b"\n1,2\n", "its columns are not those of this table"),
        (LAYERS.encode() + b"\n" + b"x," * 11 + b"\n", "an epoch is no whole number"),
        (LAYERS.encode() + b"\n1," + b"x," * 10 + b"\n", "a step is no whole number"),
    ],
)
def test_a_foreign_table_is_left_alone(content: bytes, reason: str, finished: Run) -> None:
    (finished.folder / "layers.csv").write_bytes(content)
    with pytest.raises(BadInput, match=rf"layers\.csv' cannot be read: {reason}; move it away"):
        Run.resume(finished.folder)
    assert (finished.folder / "layers.csv").read_bytes() == content


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, RunFailed), (errno.EROFS, BadInput)])
def test_a_full_or_read_only_disk(
    number: int, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.start(Trainer(small()), tmp_path / "run")
    before = {file.name: file.read_bytes() for file in run.folder.iterdir()}
    run.record(run.trainer.advance(epochs=1))

    def fail(file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind, match="cannot be written"):
        run.save()
    assert {file.name: file.read_bytes() for file in run.folder.iterdir()} == before


def test_a_run_that_cannot_be_begun_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    real = write_atomically

    def fills_up(path: Path, content: bytes) -> None:
        if path.suffix == ".safetensors":
            raise RunFailed(f"'{path}' cannot be written: the disk is full")
        real(path, content)

    for place in ("engine.run", "engine.checkpoint"):
        monkeypatch.setattr(f"{place}.write_atomically", fills_up)
    for name in ("new", "mine"):
        with pytest.raises(RunFailed, match="the disk is full"):
            Run.start(Trainer(small()), tmp_path / name)
    assert not (tmp_path / "new").exists()
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["notes.txt"]
