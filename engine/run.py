"""A run's folder: the experiment, the record as tables, the checkpoint, and what it ran on.

    run = Run.start(Trainer(load_experiment("digits")), Path("runs/first"))
    for report in run.trainer:
        run.record(report)
    run.finish()

    experiment.toml         what the run started with, every default spelled out
    history.csv             a row an epoch; row 0 is the untrained network, and the last one alone has test_*: where
                            early stopping went back to the best epoch's weights, those are what is tested
    layers.csv              a row an epoch and node, parameters.csv a row an epoch and parameter: the instruments at the
                            epoch's last batch, where that was measured: always, where epochs are asked for one by one;
                            row 0 measures the first batch and updates nothing
    probe.json              the instruments as they were read last
    checkpoint.safetensors  the whole state, from which `Run.resume` goes on to the last bit
    run.json                versions, machine, BLAS, edits and the result

Each file is replaced as a whole. The record is written before the checkpoint, so that a run which is cut off between
the two has too many rows rather than too few; resuming drops those.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from math import isfinite
from operator import attrgetter
from pathlib import Path
from shlex import quote
from time import monotonic
from typing import Any

import numpy as np
import tomli_w
from pydantic import TypeAdapter

from engine.checkpoint import load_checkpoint, save_checkpoint
from engine.component import plain
from engine.data import Splits
from engine.errors import BadInput, Failure
from engine.files import disk_failure, reason, write_atomically
from engine.history import COLUMNS, EpochRow
from engine.instruments import LAYER_COLUMNS, PARAMETER_COLUMNS, Cells
from engine.machine import describe_machine
from engine.probe import Probe
from engine.report import Report
from engine.trainer import Trainer

EXPERIMENT, HISTORY, LAYERS, PARAMETERS = "experiment.toml", "history.csv", "layers.csv", "parameters.csv"
PROBE, CHECKPOINT, RUN = "probe.json", "checkpoint.safetensors", "run.json"
FILES = (EXPERIMENT, HISTORY, LAYERS, PARAMETERS, PROBE, CHECKPOINT, RUN)

SAVE_EVERY = 1.0


class Run:
    """A trainer and the folder that its run is written to."""

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        """Use `Run.start` or `Run.resume`."""
        self.trainer, self.folder = trainer, folder
        self._machine = describe_machine()
        self._saved = -SAVE_EVERY

    @classmethod
    def start(cls, trainer: Trainer, folder: Path, status: str = "") -> "Run":
        """A new run, written at once as it stands; `status` as for `finish`.

        Raises BadInput where the folder holds another run, RunFailed or BadInput where the disk does not take it; then
        nothing of the run is left.
        """
        refuse_taken(folder)
        made = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_failure(error, folder) from None
        run = cls(trainer, folder)
        try:
            run.save(status, trainer.final_row())
        except Failure:
            run._withdraw(made)
            raise
        return run

    @classmethod
    def resume(cls, folder: Path, data: Path | None = None, cores: int = 1, splits: Splits | None = None) -> "Run":
        """A run exactly where it stopped; `data` is where data files are, unless `splits` are its data.

        Raises BadInput.
        """
        trainer = load_checkpoint(checkpoint_of(folder), data, cores, splits)
        epoch = trainer.state.epoch
        rows = trainer.history.rows
        old = _read(folder / HISTORY, COLUMNS, len(rows))
        seconds = {int(row[0]): _seconds(row[-1]) for row in old}
        rows[:] = [replace(row, seconds=seconds.get(row.epoch, 0.0)) for row in rows]
        trainer.seconds = rows[epoch].seconds if rows else 0.0
        layers = _read(folder / LAYERS, LAYER_COLUMNS, epoch)
        sizes = {node.name: node.parameter_count for node in trainer.network.nodes if node.parameter_count}
        trainer.history.instruments.restore(layers, _read(folder / PARAMETERS, PARAMETER_COLUMNS, epoch), sizes)
        trainer.probe = _read_probe(folder / PROBE, trainer) or trainer.probe
        return cls(trainer, folder)

    def record(self, report: Report) -> None:
        """Saves where a report brings an epoch and that has not been done for a second."""
        if report.rows and monotonic() - self._saved >= SAVE_EVERY:
            self.save()

    def finish(self, status: str = "") -> dict[str, Any]:
        """Measures the test split where the run came to its end, writes everything and returns the result.

        `status` says how the run ended where the trainer does not know, such as "interrupted".
        """
        return self.save(status, self.trainer.final_row())

    def save(self, status: str = "", last: EpochRow | None = None) -> dict[str, Any]:
        """Writes every file anew, the checkpoint after the record, and returns the result of run.json.

        `last` stands in for the last row, such as one with the test split's numbers.
        Weights that are not finite are not saved: the last good checkpoint stays. Raises RunFailed or BadInput where
        the disk does not take it.
        """
        trainer, folder = self.trainer, self.folder
        rows = list(trainer.history.rows)
        if last is not None:
            rows[-1] = last
        write_atomically(folder / EXPERIMENT, tomli_w.dumps(trainer.base.table()).encode())
        write_record(trainer, folder, rows)
        if np.isfinite(trainer.state.values).all():
            save_checkpoint(trainer, folder / CHECKPOINT)
        result = result_of(trainer, rows[trainer.state.epoch] if rows else None, status)
        edits = [{"step": edit.step, "key": edit.key, "value": plain(edit.value)} for edit in trainer.edits]
        content = {**self._machine, "edits": edits, "result": result}
        write_atomically(folder / RUN, (json.dumps(content, indent=2) + "\n").encode())
        self._saved = monotonic()
        return result

    def _withdraw(self, made: bool) -> None:
        """Takes the files of a run that could not be begun away again, and the folder where it was made for it."""
        with suppress(OSError):
            for name in FILES:
                (self.folder / name).unlink(missing_ok=True)
            if made:
                self.folder.rmdir()


def write_record(trainer: Trainer, folder: Path, rows: Sequence[EpochRow]) -> None:
    """Writes the record as tables: `rows` as history.csv, the instruments as layers.csv and parameters.csv; and as they
    were read last, as probe.json.

    Raises RunFailed or BadInput where the disk does not take it.
    """
    measured = trainer.history.instruments
    write_atomically(folder / HISTORY, _table(COLUMNS, map(attrgetter(*COLUMNS), rows)))
    write_atomically(folder / LAYERS, _table(LAYER_COLUMNS, measured.layers))
    write_atomically(folder / PARAMETERS, _table(PARAMETER_COLUMNS, measured.parameters))
    probe = None if trainer.probe is None else asdict(trainer.probe)
    write_atomically(folder / PROBE, json.dumps(probe, default=float).encode())


def refuse_taken(folder: Path) -> None:
    """Raises BadInput where `folder` is a file or holds another run."""
    try:
        there = [path for path in (folder, *(folder / name for name in FILES)) if path.exists()]
    except OSError as error:
        raise disk_failure(error, folder) from None
    if there and not folder.is_dir():
        raise BadInput(f"--out is '{folder}', which is a file; name a folder")
    if there[1:]:
        raise BadInput(
            f"--out is '{folder}', which holds a run; choose another folder, or go on with it: "
            f"nn-tui resume {quote(str(folder))}"
        )


def checkpoint_of(folder: Path) -> Path:
    """The checkpoint in a run's folder. Raises BadInput where there is none."""
    if os.path.isfile(folder):
        raise BadInput(f"run '{folder}' is a file; give its folder: {folder.parent}")
    if not os.path.isdir(folder):
        raise BadInput(f"run '{folder}': no such folder; give the folder that --out named")
    if not (folder / CHECKPOINT).is_file():
        raise BadInput(f"run '{folder}' holds no {CHECKPOINT}; give the folder that --out named")
    return folder / CHECKPOINT


def result_of(trainer: Trainer, row: EpochRow | None, status: str = "") -> dict[str, Any]:
    """How a run stands, as JSON holds it; what is not finite is null. `batch_loss` is that of the last step, and
    `restored_epoch` the one whose weights early stopping went back to.
    """
    best, step = trainer.state.best, trainer.state.step
    restored = best if trainer.state.stopped and trainer.experiment.early_stopping.restore_best else None
    loss = float(trainer.history.losses[step - 1]) if step else None
    return {
        "status": status or trainer.status,
        "problem": trainer.problem,
        "epoch": trainer.state.epoch,
        "epochs": trainer.experiment.epochs,
        "step": step,
        "batch_loss": loss if loss is not None and isfinite(loss) else None,
        "seconds": round(trainer.seconds, 6),
        "best_epoch": None if best is None else best.epoch,
        "restored_epoch": None if restored is None else restored.epoch,
        "last": None if row is None else row_table(row),
    }


def row_table(row: EpochRow) -> dict[str, Any]:
    """A row of history.csv as JSON holds it; what is not finite is null."""
    return {name: value if value is None or isfinite(value) else None for name, value in vars(row).items()}


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _table(columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> bytes:
    """The rows under their columns; numbers to the last bit, None as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _read_probe(path: Path, trainer: Trainer) -> Probe | None:
    """The instruments as they were read last before the trainer's step; None where they are not to be had."""
    try:
        probe = TypeAdapter(Probe).validate_python(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):
        return None
    nodes = [stats.node for stats in probe.nodes] == [node.name for node in trainer.network.nodes]
    same = [stats.parameter for stats in probe.parameters] == [slot.name for slot in trainer.network.parameters]
    return probe if nodes and same and 0 < probe.step <= trainer.state.step else None


def _read(path: Path, columns: tuple[str, ...], epoch: int) -> list[Cells]:
    """The rows of a table up to an epoch; none where there is no such file. Raises BadInput for a foreign one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if tuple(header) != columns or any(len(row) != len(columns) for row in rows):
            raise ValueError("its columns are not those of this table")
        if not all(row[0].isdecimal() for row in rows):
            raise ValueError("an epoch is no whole number")
        if not all(row[1].isdecimal() for row in rows):
            raise ValueError("a step is no whole number")
        return [row for row in rows if int(row[0]) <= epoch]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        why = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else reason(error)
        raise BadInput(f"'{path}' cannot be read: {why}; move it away and resume again") from None
