"""The course of a run: the learning rate, and what the optimizer's formula needs, for many steps at once."""

import numpy as np

from engine.experiment import Experiment
from engine.memory import Array
from engine.schedules import Plateau
from engine.update import Update

AHEAD = 1024


class Course:
    """What changes from step to step under one set of settings: a closed form, computed for `AHEAD` steps at a time."""

    def __init__(self, experiment: Experiment, update: Update, total: int, steps_per_epoch: int) -> None:
        """`total` is the number of planned steps, which schedules are laid out over."""
        self.experiment, self.update = experiment, update
        self.total, self.steps_per_epoch = total, steps_per_epoch
        self._start, self._factor = 0, 1.0
        self._lrs: Array = np.empty(0)
        self._table: Array = np.empty((0, 0))

    def at(self, step: int, count: int, factor: float) -> tuple[Array, Array]:
        """Learning rates (n,) and the update's scalars (n, k) of `count` steps from 0-based `step` on.

        `factor` is what reduce-on-plateau has left of the rate.
        """
        first = step - self._start
        if first < 0 or first + count > len(self._lrs) or factor != self._factor:
            self._compute(step, max(count, AHEAD), factor)
            first = 0
        return self._lrs[first : first + count], self._table[first : first + count]

    def _compute(self, start: int, count: int, factor: float) -> None:
        step = np.arange(start, start + count)
        schedule, optimizer = self.experiment.schedule, self.experiment.optimizer
        lr = optimizer.lr * schedule.factor(step, self.total, self.steps_per_epoch)
        if isinstance(schedule, Plateau):
            lr = lr * factor
        now, before = schedule.momentum(step, self.total), schedule.momentum(np.maximum(step - 1, 0), self.total)
        if now is None or before is None:
            now = before = np.full(count, optimizer.coefficient)
        self._start, self._factor = start, factor
        self._lrs, self._table = lr, self.update.scalars(lr, step + 1.0, now, before)
