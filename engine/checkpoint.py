"""Checkpoints: the whole state of a run in one safetensors file, from which it goes on to the last bit.

Parameters and running statistics stand under the names and in the shapes of torchvision (`dense1.weight` (out, in)), so
that any reader of safetensors finds them; beside them `optimizer.m` and the other slots as flat vectors,
`history.losses`, and where early stopping is on, `best.values`. What is not an array is one JSON text in the metadata,
under one key, because the library does not keep several keys in order and equal runs must give equal bytes. Seconds
are left out for the same reason. A SHA-256 over all of it tells a damaged file from a good one.
"""

import tomllib
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import tomli_w
from pydantic import ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.component import Model, explain, plain
from engine.data import Splits
from engine.edits import Edit, in_force, is_live
from engine.errors import BadInput, RunFailed
from engine.experiment import Experiment, parse_experiment
from engine.files import reason, write_atomically
from engine.history import EpochRow
from engine.memory import Array
from engine.monitors import PlateauState, StoppingState
from engine.state import Best, State
from engine.trainer import Trainer

FORMAT = 1
KEY = "nn_tui"
_HISTORY = {"history.losses": np.float32, "history.grad_norms": np.float32, "history.lrs": np.float64}
_PICKLES = (b"\x80", b"PK\x03\x04")
_TYPES = {"F32": "float32", "F64": "float64"}

Count = Annotated[int, Field(ge=0, strict=True)]


class EditRecord(Model):
    """An edit as it is saved."""

    step: Count
    key: str
    value: Any


class BestRecord(Model):
    """The best epoch as it is saved; its vectors are tensors."""

    largest: ClassVar[float] = inf
    epoch: Count
    step: Count
    value: float


class Record(Model):
    """All of a checkpoint that is not an array; `experiment` is the first experiment's TOML, before any edit."""

    model_config = ConfigDict(ser_json_inf_nan="strings", allow_inf_nan=True)

    format: int = FORMAT
    program: str = ""
    experiment: str
    dtype: Literal["float32", "float64"]
    edits: tuple[EditRecord, ...]
    step: Count
    epoch: Count
    row: Count
    plateau: PlateauState
    stopping: StoppingState
    stopped: bool
    best: BestRecord | None
    rows: tuple[EpochRow, ...]
    checksum: str = ""


def save_checkpoint(trainer: Trainer, path: str | Path) -> None:
    """Writes the run's whole state, atomically; a trainer made from its experiment alone can be made from it again.

    Raises RunFailed where weights are not finite or the disk is full, BadInput where the place cannot be written.
    """
    state = trainer.state
    if not np.isfinite(state.values).all():
        raise RunFailed(f"'{path}' is not written: at step {state.step} a weight is not finite; go back a step")
    tensors = _tensors(trainer)
    best = state.best and BestRecord(epoch=state.best.epoch, step=state.best.step, value=state.best.value)
    record = Record(
        program=_version(), experiment=tomli_w.dumps(trainer.base.table()), dtype=_dtype(trainer),
        edits=tuple(EditRecord(step=edit.step, key=edit.key, value=plain(edit.value)) for edit in trainer.edits),
        step=state.step, epoch=state.epoch, row=state.row, plateau=state.plateau, stopping=state.stopping,
        stopped=state.stopped, best=best, rows=tuple(replace(row, seconds=0.0) for row in trainer.history.rows),
    )  # fmt: skip
    record = record.model_copy(update={"checksum": _checksum(record, tensors)})
    write_atomically(Path(path), save(tensors, {KEY: _text(record)}))


def load_checkpoint(
    path: str | Path, folder: Path | None = None, cores: int = 1, splits: Splits | None = None
) -> Trainer:
    """A trainer that goes on exactly where the saved one stood; `folder` is where data files are, unless `splits` are
    its data.

    Seconds start at 0. Raises BadInput with one line for a file that is damaged, foreign or does not fit.
    """
    record, tensors = read_checkpoint(path)
    place = f"checkpoint '{path}'"
    experiment = base_experiment(record, place)
    edits = _edits(record, experiment, len(tensors.get("history.losses", ())), place)
    trainer = Trainer(experiment, splits, folder, np.dtype(record.dtype), cores=cores)
    slots = in_force(experiment, edits, record.step).optimizer.slots
    state = _state(record, tensors, trainer, slots, place)
    _check_record(record, tensors, trainer.feed.rows, place)
    trainer.edits[:] = edits
    trainer.restore(state)
    losses, norms, lrs = (tensors[name] for name in _HISTORY)
    trainer.history.restore(losses, norms, lrs, [vars(row) for row in record.rows])
    trainer.timeline.record(trainer.state)
    trainer.seconds, trainer.problem = 0.0, None
    trainer.measure()
    return trainer


def read_checkpoint(path: str | Path) -> tuple[Record, dict[str, Array]]:
    """The record and the tensors of a checkpoint that is whole. Raises BadInput."""
    place = f"checkpoint '{path}'"
    tensors, metadata = _open(Path(path), place)
    text = metadata.get(KEY)
    if text is None:
        raise BadInput(f"{place} holds weights, but no run of nn-tui: it cannot be resumed; take a run's checkpoint")
    try:
        record = Record.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(f"{place}: {explain(error)}; {_INTACT}") from None
    if record.format != FORMAT:
        raise BadInput(f"{place}: format is {record.format}, and this nn-tui reads {FORMAT}; take the newer nn-tui")
    if record.checksum != _checksum(record, tensors):
        raise BadInput(f"{place} is damaged: its checksum is wrong; {_INTACT}")
    return record, tensors


def base_experiment(record: Record, place: str) -> Experiment:
    """The experiment that a saved run started with. Raises BadInput."""
    try:
        return parse_experiment(tomllib.loads(record.experiment))
    except (tomllib.TOMLDecodeError, BadInput) as error:
        raise BadInput(f"{place}: experiment: {error}; {_INTACT}") from None


_INTACT = "take an intact checkpoint"


def _version() -> str:
    from engine import __version__

    return __version__


def _dtype(trainer: Trainer) -> Literal["float32", "float64"]:
    return "float64" if trainer.network.dtype == np.float64 else "float32"


def _tensors(trainer: Trainer) -> dict[str, Array]:
    network, state, history = trainer.network, trainer.state, trainer.history
    found: dict[str, Array] = {slot.name: slot.view(state.values) for slot in network.parameters}
    found |= {slot.name: slot.view(state.buffers) for slot in network.statistics}
    found |= {f"optimizer.{name}": slot for name, slot in state.slots.items()}
    found |= dict(zip(_HISTORY, (history.losses, history.grad_norms, history.lrs), strict=True))
    if state.best is not None:
        found |= {"best.values": state.best.values, "best.buffers": state.best.buffers}
    return {name: np.ascontiguousarray(array) for name, array in found.items()}


def _text(record: Record) -> str:
    return record.model_dump_json()


def _checksum(record: Record, tensors: dict[str, Array]) -> str:
    total = sha256(_text(record.model_copy(update={"checksum": ""})).encode())
    for name in sorted(tensors):
        total.update(f"{name} {tensors[name].dtype} {tensors[name].shape}".encode())
        total.update(tensors[name].tobytes())
    return total.hexdigest()


def _open(path: Path, place: str) -> tuple[dict[str, Array], dict[str, str]]:
    try:
        if not path.is_file():
            raise BadInput(f"{place}: no such file; give a checkpoint.safetensors, or the folder of a run")
        with path.open("rb") as file:
            head = file.read(9)
        if head.startswith(_PICKLES) and not head.endswith(b"{"):
            raise BadInput(f"{place} is a pickle, which could run code; nn-tui reads safetensors only: convert it")
        with safe_open(path, framework="numpy") as file:
            tensors = {}
            for name in file.keys():  # noqa: SIM118
                kind = file.get_slice(name).get_dtype()
                if kind not in _TYPES:
                    raise BadInput(f"{place}: {name} is of type {kind}; nn-tui reads F32 and F64")
                tensors[name] = file.get_tensor(name)
            return tensors, file.metadata() or {}
    except SafetensorError as error:
        raise BadInput(f"{place} is no safetensors file, or damaged ({error}); {_INTACT}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{place} cannot be read: {reason(error)}") from None


def _vectors(tensors: dict[str, Array], trainer: Trainer, place: str) -> tuple[Array, Array]:
    """The flat parameters and running statistics, checked by name, shape and value."""
    network, found = trainer.network, []
    for layout, like in ((network.parameters, network.values), (network.statistics, network.buffers)):
        vector = np.empty_like(like)
        for slot in layout:
            tensor = _tensor(tensors, slot.name, slot.shape, place)
            if not np.isfinite(tensor).all():
                raise BadInput(f"{place}: {slot.name} holds a number that is not finite; {_INTACT}")
            slot.view(vector)[...] = tensor
        found.append(vector)
    return found[0], found[1]


def _tensor(tensors: dict[str, Array], name: str, shape: tuple[int, ...], place: str) -> Array:
    if name not in tensors:
        raise BadInput(f"{place}: {name} is missing; take a checkpoint of this very network")
    if tensors[name].shape != shape:
        raise BadInput(
            f"{place}: {name} has shape {tensors[name].shape}, and the network's is {shape}; "
            "take a checkpoint of this very network"
        )
    return tensors[name]


def _state(
    record: Record, tensors: dict[str, Array], trainer: Trainer, slots: tuple[str, ...], place: str
) -> State:  # fmt: skip
    values, buffers = _vectors(tensors, trainer, place)
    vectors = {name: _tensor(tensors, f"optimizer.{name}", values.shape, place) for name in slots}
    best = None
    if record.best is not None:
        best = Best(
            record.best.epoch, record.best.step, record.best.value,
            _tensor(tensors, "best.values", values.shape, place),
            _tensor(tensors, "best.buffers", buffers.shape, place),
        )  # fmt: skip
    layouts = (*trainer.network.parameters, *trainer.network.statistics)
    known = {slot.name for slot in layouts} | {f"optimizer.{name}" for name in slots} | set(_HISTORY)
    known |= {"best.values", "best.buffers"} if best else set()
    if foreign := sorted(tensors.keys() - known):
        raise BadInput(f"{place}: {foreign[0]} is no part of this network; {_INTACT}")
    return State(
        values, buffers, vectors, record.step, record.epoch, record.row,
        record.plateau, record.stopping, record.stopped, best,
    )  # fmt: skip


def _edits(record: Record, experiment: Experiment, steps: int, place: str) -> list[Edit]:
    """The edits, each tried on the experiment as those before it left it."""
    found: list[Edit] = []
    for number, edit in enumerate(record.edits):
        where = f"{place}: edits.{number}"
        if not (found[-1].step if found else 0) <= edit.step <= steps:
            raise BadInput(f"{where}.step is {edit.step}: edits are in order, within {steps} steps; {_INTACT}")
        if not is_live(edit.key):
            raise BadInput(f"{where}.key is '{edit.key}', which cannot change during a run; {_INTACT}")
        try:
            experiment = experiment.edited({edit.key: edit.value})
        except BadInput as error:
            raise BadInput(f"{where}: {error}; {_INTACT}") from None
        found.append(Edit(edit.step, edit.key, edit.value))
    return found


def _check_record(record: Record, tensors: dict[str, Array], rows: int, place: str) -> None:
    """Step, epoch, row, the arrays of the record and the rows must agree with each other."""
    steps = len(tensors.get("history.losses", ()))
    for name in _HISTORY:
        _tensor(tensors, name, (steps,), place)
    if record.step > steps:
        raise BadInput(f"{place}: step is {record.step}, and the record ends at {steps}; {_INTACT}")
    if record.row >= rows:
        raise BadInput(f"{place}: row is {record.row}, and the training split has {rows} rows; is the data the same?")
    table = record.rows
    in_order = all(row.epoch == number for number, row in enumerate(table))
    rising = all(old.step < new.step for old, new in pairwise(table)) and all(0 <= row.step <= steps for row in table)
    if not in_order or not rising or (record.epoch and len(table) <= record.epoch):
        raise BadInput(f"{place}: rows: epochs and steps are not in order; {_INTACT}")
