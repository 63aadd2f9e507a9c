"""A run's record as the charts need it, kept up to date by reading only what is new."""

from collections.abc import Collection
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine import EpochRow, History, Snapshot
from tui.case import worth
from tui.drawing.pyramid import Grown, Pyramid

STEPWISE = {"losses": "losses", "norms": "grad_norms", "lrs": "lrs"}
COLUMNS = ("train_loss", "valid_loss", "test_loss", "train_accuracy", "valid_accuracy", "test_accuracy")
CELLS = attrgetter(*COLUMNS)


class Column:
    """One column of the epoch rows: the steps and values of the rows that have it."""

    def __init__(self) -> None:
        self._steps, self._values = Grown(np.float64), Grown(np.float64)
        self.blocks = Pyramid()

    def __len__(self) -> int:
        return self._steps.length

    @property
    def steps(self) -> NDArray[np.float64]:
        return self._steps.values

    @property
    def values(self) -> NDArray[np.float64]:
        return self._values.values

    def extend(self, steps: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Takes in steps and values."""
        self._steps.extend(steps)
        self._values.extend(values)
        self.blocks.extend(values)

    def truncate(self, step: int) -> None:
        """Forgets what came after `step`; -1 forgets all."""
        length = int(np.searchsorted(self.steps, step, "right"))
        for part in (self._steps, self._values, self.blocks):
            part.truncate(length)


@dataclass(eq=False)
class Record:
    """Per step: losses, gradient norms, learning rates; per epoch: columns. `best` is the best trained epoch's row."""

    losses: Pyramid = field(default_factory=Pyramid)
    norms: Pyramid = field(default_factory=Pyramid)
    lrs: Pyramid = field(default_factory=Pyramid)
    columns: dict[str, Column] = field(default_factory=lambda: {name: Column() for name in COLUMNS})
    rows: list[EpochRow] = field(default_factory=list)
    best: EpochRow | None = None
    _seen: tuple[int, History | None, int] = (0, None, 0)

    @property
    def steps(self) -> int:
        """How far the record goes."""
        return len(self.losses)

    def follow(self, snapshot: Snapshot, wanted: Collection[str] = STEPWISE) -> None:
        """Takes in what is new since the last call, and forgets what the run has forgotten.

        Of the values of single steps, only the losses and those `wanted` are brought up to date.
        """
        history = snapshot.history
        if history is None:
            return
        now = (snapshot.run, history, history.version)
        if now != self._seen:
            self._seen = now
            self._forget(history)
        end = known_steps(snapshot, self.steps)
        for name in {"losses", *wanted}:
            self._pyramid(name).follow(getattr(history, STEPWISE[name])[:end])
        rows = history.rows
        if self.rows and [self.rows[-1]] != rows[len(self.rows) - 1 : len(self.rows)]:  # forgotten, or completed
            self._cut(len(self.rows) - 1)
        self._extend([row for row in rows[len(self.rows) :] if row.step <= end])

    def replaced_by(self, history: History) -> bool:
        """Whether the run has forgotten an epoch that is on record here; a row that was completed is not forgotten."""
        if not self.rows or not self.rows[-1].epoch:
            return False
        mine, there = self.rows[-1], history.rows[len(self.rows) - 1 :][:1]
        return not there or (there[0].step, there[0].seconds) != (mine.step, mine.seconds)

    def shared_with(self, history: History) -> int:
        """How many rows at the start are still the run's."""
        pairs = enumerate(zip(self.rows, history.rows, strict=False))
        differing = (place for place, (mine, theirs) in pairs if mine is not theirs)
        return next(differing, min(len(self.rows), len(history.rows)))

    def _pyramid(self, name: str) -> Pyramid:
        pyramid: Pyramid = getattr(self, name)
        return pyramid

    def _forget(self, history: History) -> None:
        """Cuts back to where the record and what was read from it begin to differ."""
        for name, source in STEPWISE.items():
            pyramid = self._pyramid(name)
            pyramid.truncate(_common(pyramid.values, getattr(history, source)))
        self._cut(self.shared_with(history))

    def _cut(self, count: int) -> None:
        if count < len(self.rows):
            del self.rows[count:]
            step = self.rows[-1].step if self.rows else -1
            for column in self.columns.values():
                column.truncate(step)
            self.best = _best(self.rows)

    def _extend(self, rows: list[EpochRow]) -> None:
        """Takes in rows; a tiny network adds hundreds a second."""
        if not rows:
            return
        self.rows += rows
        steps = np.array([row.step for row in rows], float)
        cells = np.array([CELLS(row) for row in rows], object)
        known, values = np.not_equal(cells, None), cells.astype(float)
        for column, there, found in zip(self.columns.values(), known.T, values.T, strict=True):
            column.extend(steps[there], found[there])
        self.best = _best(rows if self.best is None else [self.best, *rows])


def _best(rows: list[EpochRow]) -> EpochRow | None:
    """The first of the rows that are worth most; None where none is worth anything."""
    best = min(rows, key=worth, default=None)
    return best if best is not None and worth(best) < inf else None


def known_steps(snapshot: Snapshot, known: int) -> int:
    """How far the record goes for a reader of this snapshot who knew of so many steps.

    While it plays, the worker writes ahead of the snapshot; that is not a future that somebody went back from.
    """
    steps = snapshot.history.steps if snapshot.history is not None else 0
    return min(steps, max(snapshot.step, known)) if snapshot.activity == "playing" else steps


def _common(mine: NDArray[np.float32], theirs: ArrayLike) -> int:
    """How many values at the start are equal to the bit."""
    count = min(len(mine), len(np.asarray(theirs)))
    other = np.asarray(theirs)[:count].astype(np.float32)
    unlike = np.flatnonzero(mine[:count].view(np.int32) != other.view(np.int32))
    return int(unlike[0]) if len(unlike) else count
