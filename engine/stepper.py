"""Steps: a batch goes in, a gradient comes out, the weights change. When that happens is the trainer's affair."""

from dataclasses import dataclass
from math import inf
from time import perf_counter

import numpy as np

from engine.course import Course
from engine.experiment import Experiment
from engine.feed import Feed
from engine.memory import Array
from engine.network import Network, Pass
from engine.state import State
from engine.update import Update


@dataclass(frozen=True)
class Stretch:
    """Steps in a row: a pair (loss, squared norm of the gradient) and a learning rate each.

    `broken` says that the gradient in `at` came out too large or not finite: it was not used.
    """

    at: Pass
    record: list[tuple[float, float]]
    lrs: Array
    broken: bool


class Stepper:
    """Takes steps on a network and its state, under the settings of `settle`."""

    def __init__(self, network: Network, feed: Feed, state: State, experiment: Experiment) -> None:
        """`state` holds the network's vectors and the optimizer's slots."""
        self.network, self.feed, self.state = network, feed, state
        self.settle(experiment)

    def settle(self, experiment: Experiment) -> None:
        """Writes down how weights are updated from here on; the state has the slots for it."""
        if self.network.core:
            self.network.core.forget()
        self.experiment = experiment
        self.update = Update(experiment, self.network, self.state)
        self.course = Course(experiment, self.update, self.total, self.per_epoch)

    def go_on(self, experiment: Experiment) -> None:
        """Goes on under edited settings: slots that are no longer used are dropped, new ones start at zero."""
        old, before = self.experiment.optimizer, self._last_coefficient
        slots, wanted = self.state.slots, experiment.optimizer.slots
        for name in [name for name in slots if name not in wanted]:
            del slots[name]
        for name in wanted:
            slots.setdefault(name, self.network.vector())
        self.settle(experiment)
        if type(old) is type(experiment.optimizer):
            experiment.optimizer.retuned(old, slots, before, self._last_coefficient)

    @property
    def _last_coefficient(self) -> float:
        """The momentum coefficient that the settings give to the step before: moments are kept in its terms."""
        cycled = self.experiment.schedule.momentum(max(self.state.step - 1, 0), self.total)
        return self.experiment.optimizer.coefficient if cycled is None else float(cycled[0])

    def make_room(self, experiment: Experiment) -> None:
        """Makes the passes of a full batch and of what an epoch leaves over.

        Raises BadInput for a batch size that does not fit the layers.
        """
        rows = self.feed.rows
        size = min(experiment.batch_size, rows) or rows
        for batch in sorted({size, rows % size, (rows - self.state.row) % size} - {0}, reverse=True):
            self.network.run(batch, training=True)

    @property
    def batch_size(self) -> int:
        """Rows a step."""
        return min(self.experiment.batch_size, self.feed.rows) or self.feed.rows

    @property
    def per_epoch(self) -> int:
        """Steps an epoch."""
        return -(-self.feed.rows // self.batch_size)

    @property
    def total(self) -> int:
        """Planned steps of the whole run, which schedules are laid out over."""
        return self.experiment.epochs * self.per_epoch

    @property
    def ends_epoch(self) -> bool:
        """Whether the next step is the epoch's last."""
        return self.state.row + self.batch_size >= self.feed.rows

    @property
    def room(self) -> int:
        """How many full batches come before the epoch's last step."""
        return (self.feed.rows - self.state.row - 1) // self.batch_size

    @property
    def last_lr(self) -> float:
        """The learning rate of the step before."""
        return float(self.course.at(max(self.state.step - 1, 0), 1, self.state.plateau.factor)[0][0])

    def gradient(self) -> Pass:
        """The next batch's pass, with its outputs, loss and gradient at the present weights."""
        inputs, targets = self._batches(1)
        at = self.network.run(inputs.shape[1], training=True)
        at.inputs[...], at.targets[...] = inputs[0], targets[0]
        self.network.clock[...] = self.state.step
        at.forward.run()
        at.backward.run()
        return at

    def apply(self, at: Pass) -> Array:
        """Updates the weights by the gradient in memory; the learning rate, (1,)."""
        lrs, table = self.course.at(self.state.step, 1, self.state.plateau.factor)
        self.update.now[...] = table[0]
        self.update.plan.run()
        at.commit.run()
        return lrs

    def many(self, most: int, deadline: float | None, limit: float) -> Stretch:
        """The hot loop: up to `most` full batches, until the clock passes `deadline`, nothing but the plans.

        A loss above `limit`, or a gradient that cannot be squared, ends it before the update.
        """
        inputs, targets = self._batches(most)
        lrs, table = self.course.at(self.state.step, len(inputs), self.state.plateau.factor)
        at = self.network.run(inputs.shape[1], training=True)
        forward, backward, changes, commit = self.network.calls(at.forward, at.backward, self.update.plan, at.commit)
        gradient, update = forward + backward, changes + commit
        x, t, vitals = at.inputs, at.targets, at.vitals
        now, clock, step = self.update.now, self.network.clock, self.state.step
        drawing, changing = self.network.drawing, bool(np.any(table != table[:1]))
        now[...] = table[0]
        record: list[tuple[float, float]] = []
        broken = False
        for batch, answers in zip(inputs, targets, strict=True):
            x[...] = batch
            t[...] = answers
            if drawing:
                clock[...] = step + len(record)
            for function, args in gradient:
                function(*args)
            loss, square = vitals.tolist()
            broken = not (loss <= limit and square < inf)
            if broken:
                break
            record.append((loss, square))
            if changing:
                now[...] = table[len(record) - 1]
            for function, args in update:
                function(*args)
            if deadline is not None and perf_counter() > deadline:
                break
        return Stretch(at, record, lrs[: len(record)], broken)

    def _batches(self, most: int) -> tuple[Array, Array]:
        return self.feed.batches(self.state.epoch, self.state.row % self.feed.rows, self.batch_size, most)
