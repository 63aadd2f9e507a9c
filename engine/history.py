"""The record of a run: three numbers a step, a row an epoch. Written by the trainer, read by everybody."""

from dataclasses import dataclass, fields
from math import nan
from typing import Any

import numpy as np

from engine.instruments import Instruments
from engine.memory import Array


@dataclass(frozen=True)
class EpochRow:
    """A row of history.csv; None where a column does not apply. Row 0 is the untrained network."""

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_accuracy: float | None
    valid_loss: float | None
    valid_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    grad_norm: float
    update_ratio: float | None
    seconds: float

    def monitored(self, name: str) -> float:
        """The column that early stopping or the plateau schedule watches; training stands in where there is no
        validation.
        """
        value = getattr(self, name)
        if value is None:
            value = getattr(self, name.replace("valid", "train"))
        return float(value) if value is not None else float(self.train_loss)


COLUMNS = tuple(field.name for field in fields(EpochRow))


class History:
    """Per step: loss, gradient norm and learning rate; per epoch: a row, and the instruments. Grows by doubling; a
    reader sees whole rows.

    `steps` is how far the record goes, which after going back is further than the present step, until something is
    changed. `chance` is the training loss of an answer that does not look at the inputs (see `Evaluation.chance`): who
    has learned anything has less. `version` rises when rows on record are replaced or forgotten, not when others
    follow.
    """

    def __init__(self) -> None:
        self._vitals: Array = np.empty((1024, 2), np.float32)
        self._lrs: Array = np.empty(1024, np.float64)
        self.steps = 0
        self.chance = nan
        self.rows: list[EpochRow] = []
        self.instruments = Instruments()
        self.version = 0

    @property
    def losses(self) -> Array:
        """Loss of each step's batch before its update, (steps,)."""
        return self._vitals[: self.steps, 0]

    @property
    def grad_norms(self) -> Array:
        """Norm of each step's gradient before clipping, (steps,)."""
        return self._vitals[: self.steps, 1]

    @property
    def lrs(self) -> Array:
        """Learning rate of each step, (steps,)."""
        return self._lrs[: self.steps]

    def write(self, step: int, vitals: Array, lrs: Array) -> None:
        """Records the steps after `step`: vitals (n, 2) of loss and gradient norm, lrs (n,)."""
        end = step + len(vitals)
        if end > len(self._lrs):
            size = max(end, 2 * len(self._lrs))
            self._vitals = np.concatenate([self._vitals, np.empty((size - len(self._vitals), 2), np.float32)])
            self._lrs = np.concatenate([self._lrs, np.empty(size - len(self._lrs), np.float64)])
        self._vitals[step:end] = vitals
        self._lrs[step:end] = lrs
        self.steps = max(self.steps, end)

    def row(self, epoch: int) -> EpochRow | None:
        """The row of an epoch, if it is on record."""
        return self.rows[epoch] if epoch < len(self.rows) else None

    def complete(self, row: EpochRow) -> None:
        """Puts `row`, which knows more, in the place of the last one."""
        self.rows[-1] = row
        self.version += 1

    def truncate(self, step: int) -> None:
        """Forgets what came after `step`, because something was changed there."""
        self.steps = min(self.steps, step)
        self.rows[:] = [row for row in self.rows if row.step <= step]
        self.instruments.truncate(step)
        self.version += 1

    def restore(self, losses: Array, norms: Array, lrs: Array, rows: list[dict[str, Any]]) -> None:
        """Takes over the record of a checkpoint."""
        self.write(0, np.stack([losses, norms], axis=1), lrs)
        self.rows[:] = [EpochRow(**row) for row in rows]
