"""Checkpoints: exact resume, atomic writing, and one clear error for every file that is not what it should be."""

import errno
import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import engine.checkpoint
from engine import BadInput, Experiment, RunFailed, Trainer, load_experiment, parse_experiment
from engine.checkpoint import KEY, Record, load_checkpoint, read_checkpoint, save_checkpoint
from engine.files import write_atomically

RUNS = {
    "adam, early stopping": {"early_stopping.patience": 2},
    "plateau that falls": {"schedule.name": "plateau", "schedule.patience": 0, "optimizer.lr": 0.2},
    "sgd, momentum, decay, clip": {
        "optimizer.name": "sgd", "optimizer.lr": 0.05, "optimizer.momentum": 0.9, "regularization.decay": 1e-3,
        "regularization.clip_norm": 1.0, "schedule.name": "cosine",
    },
    "batch norm and dropout": {
        "model.batch_norm": True, "model.dropout": 0.2, "optimizer.name": "nadam", "schedule.name": "one_cycle",
    },
    "whole split a step": {"batch_size": 0, "optimizer.name": "rmsprop", "optimizer.lr": 0.01},
}  # fmt: skip

RESUME = """
import sys
from engine.checkpoint import load_checkpoint, save_checkpoint
trainer = load_checkpoint(sys.argv[1])
trainer.advance(steps=20)
save_checkpoint(trainer, sys.argv[2])
"""


def small(**changes: object) -> Experiment:
    table = {"data": {"name": "xor", "samples": 120}, "epochs": 50, "batch_size": 10, "model": {"name": "mlp"}}
    return parse_experiment(table | changes)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    trainer = Trainer(small())
    trainer.advance(steps=25)
    path = tmp_path / "good.safetensors"
    save_checkpoint(trainer, path)
    return path


def rewritten(path: Path, change: dict[str, object], others: dict[str, np.ndarray] | None = None) -> Path:
    """The checkpoint with other values in its record, other tensors, and a checksum that is right again."""
    record, tensors = read_checkpoint(path)
    tensors |= others or {}
    changed = Record.model_validate_json(json.dumps(json.loads(record.model_dump_json()) | change))
    checksum = engine.checkpoint._checksum(changed, tensors)
    changed = changed.model_copy(update={"checksum": checksum})
    target = path.with_name("changed.safetensors")
    save_file(tensors, target, {KEY: changed.model_dump_json()})
    return target


@pytest.mark.parametrize("name", RUNS)
def test_40_steps_equal_20_saved_resumed_in_a_new_process_and_20_more(name: str, tmp_path: Path) -> None:
    experiment = load_experiment("digits", {"data.limit": 300, "epochs": 40, **RUNS[name]})
    straight = Trainer(experiment)
    straight.advance(steps=40)
    save_checkpoint(straight, tmp_path / "straight")
    half = Trainer(experiment)
    half.advance(steps=20)
    save_checkpoint(half, tmp_path / "half")
    command = [sys.executable, "-c", RESUME, str(tmp_path / "half"), str(tmp_path / "resumed")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "straight").read_bytes()


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam", "adamw", "nadam", "lion"])
def test_edits_before_and_after_saving_are_replayed(optimizer: str, tmp_path: Path) -> None:
    experiment = small(optimizer=optimizer)

    def first_half() -> Trainer:
        trainer = Trainer(experiment)
        trainer.advance(steps=13)
        trainer.edit("optimizer.lr", 0.02)
        trainer.advance(steps=4)
        trainer.edit("batch_size", 7)
        return trainer

    straight = first_half()
    save_checkpoint(straight, tmp_path / "half")
    resumed = load_checkpoint(tmp_path / "half")
    assert resumed.edits == straight.edits
    assert resumed.experiment == straight.experiment
    assert resumed.state.same(straight.state)
    for trainer in (straight, resumed):
        trainer.advance(steps=9)
        trainer.edit("optimizer.lr", 0.003)
        trainer.advance(steps=9)
        trainer.back(20)
        trainer.advance(steps=30)
    assert resumed.state.same(straight.state)
    assert resumed.history.losses.tobytes() == straight.history.losses.tobytes()


def test_going_back_beyond_the_save_replays_to_the_last_bit(tmp_path: Path) -> None:
    straight = Trainer(small())
    straight.advance(steps=30)
    save_checkpoint(straight, tmp_path / "run")
    resumed = load_checkpoint(tmp_path / "run")
    assert resumed.timeline.steps == (0, 30)
    for step in (7, 30, 0, 29):
        straight.seek(step)
        resumed.seek(step)
        assert resumed.state.same(straight.state), step


def test_saved_while_the_past_is_shown_it_keeps_the_future(tmp_path: Path) -> None:
    trainer = Trainer(small())
    trainer.advance(steps=30)
    trainer.edit("optimizer.lr", 0.5)
    trainer.advance(steps=10)
    trainer.seek(22)
    save_checkpoint(trainer, tmp_path / "run")
    resumed = load_checkpoint(tmp_path / "run")
    assert (resumed.state.step, resumed.history.steps) == (22, 40)
    trainer.seek(40)
    resumed.seek(40)
    assert resumed.state.same(trainer.state)
    assert resumed.experiment.optimizer.lr == 0.5


def test_names_and_shapes_are_those_of_torchvision(tmp_path: Path) -> None:
    layers = [{"type": "dense", "units": 3, "name": "fc"}, {"type": "batch_norm", "name": "bn"}]
    trainer = Trainer(parse_experiment({"data": {"name": "xor", "samples": 60}, "layers": layers}))
    trainer.advance(steps=3)
    save_checkpoint(trainer, tmp_path / "run")
    tensors = load_file(tmp_path / "run")
    weight = trainer.network.parameters.slots["fc.weight"].view(trainer.network.values)
    assert tensors["fc.weight"].shape == (3, 2)
    np.testing.assert_array_equal(tensors["fc.weight"], weight)
    assert {"fc.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "output.weight"} <= set(tensors)
    assert tensors["optimizer.m"].shape == (trainer.network.parameters.size,)
    assert tensors["history.losses"].shape == (3,)


def test_a_network_without_hidden_layers_stays_one(tmp_path: Path) -> None:
    trainer = Trainer(parse_experiment({"layers": [], "data": "iris"}))
    save_checkpoint(trainer, tmp_path / "run")
    assert [node.name for node in load_checkpoint(tmp_path / "run").network.nodes] == ["output"]


def test_float64_and_losses_that_are_not_finite_survive(tmp_path: Path) -> None:
    trainer = Trainer(small(), dtype=np.float64)
    trainer.advance(steps=24)
    rows = trainer.history.rows
    rows[1:3] = replace(rows[1], valid_loss=inf), replace(rows[2], valid_loss=nan)
    save_checkpoint(trainer, tmp_path / "run")
    resumed = load_checkpoint(tmp_path / "run")
    assert resumed.network.dtype == np.float64
    assert resumed.state.same(trainer.state)
    assert resumed.history.rows[1].valid_loss == inf
    assert isnan(resumed.history.rows[2].valid_loss or 0.0)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (np.full((32, 2), nan, np.float32), r"dense1\.weight holds a number that is not finite"),
        (np.ones((3, 2), np.float32), r"dense1\.weight has shape \(3, 2\), and the network's is \(32, 2\)"),
    ],
)
def test_weights_that_do_not_fit_are_not_taken(saved: Path, tensor: np.ndarray, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        load_checkpoint(rewritten(saved, {}, {"dense1.weight": tensor}))


def test_a_weight_that_is_not_finite_is_not_saved_over_a_good_one(saved: Path) -> None:
    before, trainer = saved.read_bytes(), load_checkpoint(saved)
    trainer.network.values[3] = nan
    with pytest.raises(RunFailed, match="step 25 a weight is not finite"):
        save_checkpoint(trainer, saved)
    assert saved.read_bytes() == before


# ------------------------------------------------------------------------------------------------ bad files


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_checkpoint(path)
    line = str(caught.value)
    assert "\n" not in line
    assert path.name in line
    return line


def test_missing_folder_empty_text_and_truncated(saved: Path, tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.safetensors")
    assert "no such file" in refused(tmp_path)
    whole = saved.read_bytes()
    for name, content in {"empty": b"", "text": b"hello\n" * 9, "half": whole[:5000], "long": whole + b"\0"}.items():
        (tmp_path / name).write_bytes(content)
        assert "no safetensors file, or damaged" in refused(tmp_path / name)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "weights.pt").write_bytes(pickle.dumps(Trap(), protocol))
        assert "is a pickle" in refused(tmp_path / "weights.pt")
    np.savez(tmp_path / "zip.npz", a=np.ones(3))
    assert "is a pickle" in refused(tmp_path / "zip.npz")
    (tmp_path / "old.pkl").write_bytes(pickle.dumps(Trap(), 0))
    refused(tmp_path / "old.pkl")
    assert not (tmp_path / "sprung").exists()


def test_foreign_tensors(tmp_path: Path) -> None:
    save_file({"a": np.ones(3, np.float32)}, tmp_path / "foreign")
    assert "no run of nn-tui" in refused(tmp_path / "foreign")
    save_file({"a": np.ones(3, np.int64)}, tmp_path / "integers")
    assert "a is of type I64" in refused(tmp_path / "integers")


def test_every_wrong_record_names_its_place(saved: Path) -> None:
    edit = {"step": 5, "key": "optimizer.lr", "value": 0.1}
    wrong: dict[str, dict[str, object]] = {
        "format is 2": {"format": 2},
        "step is 26, and the record ends at 25": {"step": 26},
        "row is 96": {"row": 96},
        "rows: epochs and steps are not in order": {"rows": []},
        "edits.1.step is 4": {"edits": [edit, {**edit, "step": 4}]},
        "edits.0.step is 99": {"edits": [{**edit, "step": 99}]},
        "edits.0.key is 'seed'": {"edits": [{**edit, "key": "seed"}]},
        "edits.0: optimizer.lr is -1": {"edits": [{**edit, "value": -1}]},
        "edits.0: optimizer.lrr": {"edits": [{**edit, "key": "optimizer.lrr"}]},
        "experiment: ": {"experiment": "not toml"},
        "did you mean 'optimizer'": {"experiment": "optimiser = 1"},
        "dense1.weight has shape": {"experiment": '[data]\nname = "xor"\n[model]\nname = "mlp"\nhidden = [9]'},
        "optimizer.velocity is missing": {
            "experiment": '[data]\nname = "xor"\n[model]\nname = "mlp"\n[optimizer]\nname = "sgd"\nmomentum = 0.9'
        },
        "best.values is missing": {"best": {"epoch": 1, "step": 12, "value": 0.5}},
    }
    for words, change in wrong.items():
        assert words in refused(rewritten(saved, change)), words


def test_numbers_that_are_none_are_refused(saved: Path) -> None:
    text = read_checkpoint(saved)[0].model_dump_json()
    for old, new in {'"step":25': '"step":NaN', '"factor":1.0': '"factor":NaN', '"row":10': '"row":-10'}.items():
        assert old in text
        with safe_open(saved, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        target = saved.with_name("nan.safetensors")
        save_file(tensors, target, {KEY: text.replace(old, new)})
        refused(target)


def test_flipped_bytes_are_noticed(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 255)), min_size=1, max_size=3))
    def check(flips: list[tuple[int, int]]) -> None:
        damaged = bytearray(whole)
        for place, mask in flips:
            damaged[place] ^= mask
        (tmp_path / "flipped").write_bytes(damaged)
        if bytes(damaged) != whole:
            refused(tmp_path / "flipped")

    check()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=400), header=st.booleans())
def test_random_bytes_are_refused(content: bytes, header: bool, tmp_path: Path) -> None:
    path = tmp_path / "random"
    path.write_bytes(len(content).to_bytes(8, "little") + content if header else content)
    refused(path)


# ------------------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [(errno.ENOSPC, RunFailed, "disk is full"), (errno.EROFS, BadInput, "read-only"), (errno.EIO, RunFailed, "error")],
)
def test_what_stood_there_stays_when_writing_fails(
    number: int, kind: type[Exception], words: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, trainer = saved.read_bytes(), load_checkpoint(saved)
    trainer.step()

    def fail(file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind, match=words):
        save_checkpoint(trainer, saved)
    assert saved.read_bytes() == before
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file or directory; choose a folder"):
        write_atomically(tmp_path / "none" / "file", b"")
    with pytest.raises(BadInput, match="cannot be written"):
        write_atomically(tmp_path, b"")
