"""Training, pulled: nothing happens until the caller asks for the next step, and each request gives a report.

    trainer = Trainer(load_experiment("digits"))
    for report in trainer:                      # an epoch each, until the end
        print(report.rows[-1].valid_accuracy)
    trainer.back(10)                            # ten steps back, bit for bit
    trainer.edit("optimizer.lr", 0.01)          # recorded, and applied again on replay

How a step is taken stands in stepper.py, what happens at an epoch's end in epochs.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from math import inf, sqrt
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from engine.cores import second_core
from engine.data import Split, Splits, prepare
from engine.edits import Edit, in_force, is_live
from engine.epochs import Ends, may_be_last, watch
from engine.errors import BadInput
from engine.evaluation import Evaluation, answers, targets_of
from engine.experiment import Experiment
from engine.feed import Feed
from engine.history import EpochRow, History
from engine.memory import Array
from engine.monitors import StoppingState
from engine.network import Network, Pass
from engine.probe import Measurement, Probe
from engine.report import EXPLODED, Report, Status, diverged, trouble
from engine.state import State
from engine.stepper import Stepper
from engine.threads import prepare_thread
from engine.timeline import Timeline

KEYFRAME_SECONDS = 0.1  # of training, from one keyframe to the next
MEASURING_SHARE, RECORD_SHARE = 0.02, 0.01  # of the time: for the reader's instruments, and for those on record


class Trainer:
    """All of a run: the network, its state, its record and its past.

    `experiment` holds at present, `base` held before any of the `edits`. `probe` has the instruments at the step that
    was measured last, `problem` says why the run diverged, and `seconds` is the time that training took.
    """

    def __init__(
        self, experiment: Experiment, splits: Splits | None = None, folder: Path | None = None,
        dtype: DTypeLike = np.float32, shuffle: bool = True, cores: int = 1,
    ) -> None:  # fmt: skip
        """Loads the data (or takes `splits`), builds the network and measures it untrained.

        With `cores` = 2 a large network learns on two, to the same results in every bit.

        Raises BadInput where data and network do not fit each other.
        """
        prepare_thread()
        self.base = self.experiment = experiment
        self.splits = splits if splits is not None else prepare(experiment.data, experiment.seed, folder)
        self._targets = partial(targets_of, experiment, self.splits)
        classes, loss = len(self.splits.classes), experiment.loss
        outputs = experiment.units(classes, 0 if classes else self.splits.train.y.shape[1])
        if not classes:
            loss.check(self._targets(self.splits.train))
        rows = loss.rows(classes) if classes else outputs
        nodes = experiment.nodes(self.splits.shape, outputs)
        self.network = Network(nodes, self.splits.shape, loss, rows, experiment.seed, dtype, second_core(cores))
        self.feed = Feed(
            self.splits.train.x, self._targets(self.splits.train).astype(dtype), experiment.seed, shuffle,
            experiment.augmentation,
        )  # fmt: skip
        self.state = State(self.network.values, self.network.buffers, self._fresh(experiment.optimizer.slots))
        self.stepper = Stepper(self.network, self.feed, self.state, experiment)
        self.history, self.timeline, self.edits = History(), Timeline(), list[Edit]()
        self.problem: str | None = None
        self.probe: Probe | None = None
        self.seconds = 0.0
        self._last_keyframe = 0.0
        self._measured = (0.0, 0.0)  # when the instruments were last read, and how long that took
        self._ends = Ends(experiment, self.network, self.splits, self._targets)
        self.history.chance = self._ends.chance()
        self.stepper.make_room(experiment)
        self.timeline.record(self.state)
        self._measure_untrained()

    def _fresh(self, slots: tuple[str, ...]) -> dict[str, Array]:
        return {name: self.network.vector() for name in slots}

    def _measure_untrained(self) -> None:
        """The instruments and the first row of the record, before any step."""
        probe = self.measure()
        first = []
        if probe is not None:
            self.history.instruments.note(0, probe)
            first = [self._evaluated(sqrt(sum(stats.grad_norm**2 for stats in probe.parameters)), None)]
        self.history.rows[:] = first  # at once: who reads meanwhile finds the old one or the new one

    # ------------------------------------------------------------------------------------------ what there is

    @property
    def batch_size(self) -> int:
        """Rows a step at present."""
        return self.stepper.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Steps an epoch at the present batch size."""
        return self.stepper.per_epoch

    @property
    def status(self) -> Status:
        """Where the run stands."""
        if self.problem:
            return "diverged"
        if self.state.stopped:
            return "stopped early"
        if self.state.epoch >= self.experiment.epochs:
            return "finished"
        return "running" if self.state.step else "ready"

    @property
    def done(self) -> bool:
        """Whether no further step can be taken."""
        return self.status in ("diverged", "stopped early", "finished")

    def predict(self, x: Array) -> Array:
        """Predictions (rows, K) for inputs (rows, *shape): probabilities, or for regression values in the targets'
        units.
        """
        prepare_thread()
        y = answers(self.network.predict(x), self.experiment.loss.link)
        return np.asarray(self.splits.target_scaler.inverse(y))

    def evaluate(self, split: Split) -> tuple[float, float | None]:
        """(loss, accuracy) of a split; accuracy is None for regression."""
        prepare_thread()
        return Evaluation(self.experiment, self.network, split, self._targets(split)).measure()

    def final_row(self) -> EpochRow | None:
        """The last row so far; where the run has come to its end, with the test split's loss and accuracy."""
        if not self.history.rows:
            return None
        row, test = self.history.rows[-1], self.splits.test
        if test is None or self.status not in ("finished", "stopped early"):
            return row
        loss, accuracy = self.evaluate(test)
        return replace(row, test_loss=loss, test_accuracy=accuracy)

    # ------------------------------------------------------------------------------------------ forward

    def step(self) -> Report:
        """One batch."""
        return self.advance(steps=1)

    def __iter__(self) -> Iterator[Report]:
        """A report an epoch, until the run is done."""
        while not self.done:
            yield self.advance(epochs=1)

    @np.errstate(all="ignore")
    def advance(
        self, seconds: float | None = None, steps: int | None = None, epochs: int | None = None, measure: bool = True
    ) -> Report:
        """Takes many steps for one report: until the time is over, the steps are taken, the epochs are finished, or
        the run is done.

        The last step is measured, which fills `probe`, unless `measure` is false; that of the whole run always is, also
        where it diverges.
        Where the time ends it, it is measured only if measuring takes no more than a small share of the time; so are
        the ends of the epochs on the way, for the record.
        """
        prepare_thread()
        first, first_row = self.state.step, self.state.epoch
        deadline = None if seconds is None else perf_counter() + seconds
        last_step = inf if steps is None else first + steps
        last_epoch = inf if epochs is None else self.state.epoch + epochs
        while not self.done and self.state.step < last_step and self.state.epoch < last_epoch:
            end_of_epoch = self.stepper.ends_epoch
            late = deadline is not None and perf_counter() >= deadline
            goal = self.state.step + 1 == last_step or (end_of_epoch and self.state.epoch + 1 == last_epoch)
            if goal or late or end_of_epoch:
                asked = (measure and goal) or (end_of_epoch and may_be_last(self.experiment, self.state))
                passing = (end_of_epoch and self._worth_measuring(RECORD_SHARE)) or (
                    measure and late and self._worth_measuring(MEASURING_SHARE)
                )
                self._careful_step(end_of_epoch, asked or passing, asked)
            else:
                self._many_steps(self._room(last_step), deadline)
            if late:
                break
        if self.problem and (self.probe is None or self.probe.step != self.state.step):
            self._measure_last()
        return self._report(first, first_row)

    @np.errstate(all="ignore")
    def measure(self) -> Probe | None:
        """The instruments for the next batch at the present weights; nothing is updated."""
        prepare_thread()
        at = self.stepper.gradient()
        if self._stop(at):
            return None
        self.probe = Measurement(self.network, at, self.state.step).finish(updated=False)
        return self.probe

    # ------------------------------------------------------------------------------------------ back, and edits

    def back(self, steps: int = 1) -> Report:
        """Goes back, bit for bit."""
        return self.seek(max(0, self.state.step - steps))

    def seek(self, step: int) -> Report:
        """Goes to any step on record; what comes after stays on record until something is changed.

        Raises BadInput for a step that was never reached.
        """
        if not 0 <= step <= self.history.steps:
            raise BadInput(f"step {step} is not on record: choose 0 to {self.history.steps}")
        self.problem = None
        if step == 0:
            self.restore(self.timeline.before(0))
            self.measure()
        elif step != self.state.step:
            frame = self.timeline.before(step - 1)
            if not frame.step <= self.state.step < step:
                self.restore(frame)
            self.advance(steps=step - self.state.step)
        return self._report(self.state.step, self.state.epoch)

    def reset(self) -> Report:
        """Back to the same first weights, with the present settings; the record starts anew."""
        self.base, self.problem = self.experiment, None
        self.edits.clear()
        self.restore(self.timeline.before(0))
        self.state.slots.clear()
        self.state.slots.update(self._fresh(self.experiment.optimizer.slots))
        self.stepper.settle(self.experiment)
        self.history.truncate(0)
        self.timeline.truncate(-1)
        self.timeline.record(self.state)
        self.seconds = self._last_keyframe = 0.0
        self._measure_untrained()
        return self._report(0, 0)

    def edit(self, key: str, value: Any) -> None:
        """Changes a setting from the next step on: optimizer, schedule, regularization, early stopping, batch size,
        epochs.

        The edit is recorded. What was on record after the present step is forgotten, since it would now be different.
        Raises BadInput where the value does not fit, or the setting needs a new run.
        """
        if not is_live(key):
            raise BadInput(f"{key} cannot be changed during a run: it needs a rebuilt network; change it and reset")
        edited = self.experiment.edited({key: value})
        if edited == self.experiment:
            return
        self.stepper.make_room(edited)
        self.problem = None
        self.history.truncate(self.state.step)
        self.timeline.truncate(self.state.step)
        self.edits[:] = [edit for edit in self.edits if edit.step <= self.state.step]
        self.edits.append(Edit(self.state.step, key, value))
        self._apply(key, edited)
        self.timeline.record(self.state)
        if self.state.step == 0:
            self._measure_untrained()

    def _apply_edits(self) -> None:
        """Applies what was edited at the present step, in order, on the way forward through a past on record."""
        for edit in self.edits:
            if edit.step == self.state.step:
                self._apply(edit.key, self.experiment.edited({edit.key: edit.value}))

    def _apply(self, key: str, edited: Experiment) -> None:
        self.experiment = edited
        self.stepper.go_on(edited)
        if key.startswith("early_stopping") or key == "epochs":
            self.state.stopped = False
        if key == "early_stopping.monitor":
            self.state.stopping, self.state.best = StoppingState(), None

    def restore(self, frame: State) -> None:
        """Takes over a state of this run, with the settings that the edits up to its step have made."""
        for name in frame.slots:
            self.state.slots.setdefault(name, self.network.vector())
        self.state.restore(frame)
        self.experiment = in_force(self.base, self.edits, frame.step)
        self.stepper.settle(self.experiment)

    # ------------------------------------------------------------------------------------------ steps

    def _room(self, last_step: float) -> int:
        """How many steps may be taken in one go: full batches before the epoch's last, the next edit, the last step."""
        step = self.state.step
        later = (edit.step - step for edit in self.edits if edit.step > step)
        return max(1, int(min(self.stepper.room, last_step - step - 1, *later)))

    def _many_steps(self, most: int, deadline: float | None) -> None:
        """Full batches in one go."""
        began = perf_counter()
        done = self.stepper.many(most, deadline, self._limit)
        self._note(done.record, done.lrs, len(done.record) * done.at.batch, began)
        if done.broken and self._stop(done.at):
            return
        self._apply_edits()
        if self.seconds - self._last_keyframe > KEYFRAME_SECONDS:
            self._keyframe()

    def _worth_measuring(self, share: float) -> bool:
        """Whether the last measurement was so long ago, or so quick, that another keeps to its share of the time."""
        began, took = self._measured
        return perf_counter() - began >= took / share

    def _careful_step(self, end_of_epoch: bool, measured: bool, asked: bool) -> None:
        """One step whose update is measured; at an epoch's end it is also evaluated, and on record, in passing or
        because somebody `asked`."""
        began = perf_counter()
        at = self.stepper.gradient()
        loss, square = at.vitals.tolist()
        if self._stop(at):
            return
        if measured:
            measuring = perf_counter()
            measurement = Measurement(self.network, at, self.state.step + 1)
            before = measurement.before
        else:
            before = self.network.values.copy() if end_of_epoch else self.network.values
        lrs = self.stepper.apply(at)
        if measured:
            self.probe = measurement.finish(updated=True)
            self._measured = measuring, perf_counter() - measuring
        self._note([(loss, square)], lrs, at.batch, began)
        if end_of_epoch:
            self.state.epoch, self.state.row = self.state.epoch + 1, 0
            norm = sqrt(float(before.dot(before)))
            moved = self.network.values - before
            self._finish_epoch(sqrt(square), sqrt(float(moved.dot(moved))) / norm if norm else None)
            if measured and self.probe is not None:
                self.history.instruments.note(self.state.epoch, self.probe, asked)
        self._apply_edits()
        if end_of_epoch and (self.seconds - self._last_keyframe > KEYFRAME_SECONDS or measured):
            self._keyframe()

    def _note(self, record: list[tuple[float, float]], lrs: Array, rows: int, began: float) -> None:
        if record:
            vitals = np.fromiter(chain.from_iterable(record), float, 2 * len(record)).reshape(-1, 2)
            np.sqrt(vitals[:, 1], vitals[:, 1])
            self.history.write(self.state.step, vitals, lrs)
        self.state.step += len(record)
        self.state.row += rows
        self.seconds += perf_counter() - began

    def _keyframe(self) -> None:
        self.timeline.record(self.state)
        self._last_keyframe = self.seconds

    # ------------------------------------------------------------------------------------------ epochs

    def _finish_epoch(self, grad_norm: float, update_ratio: float | None) -> None:
        """Evaluates (or, on replay, looks up) the epoch, and lets the monitors decide."""
        row = self.history.row(self.state.epoch)
        if row is None:
            row = self._evaluated(grad_norm, update_ratio)
            self.history.rows.append(row)
        watch(self.experiment, row, self.state)

    def _evaluated(self, grad_norm: float, update_ratio: float | None) -> EpochRow:
        began = perf_counter()
        row = self._ends.row(self.state, self.stepper.last_lr, grad_norm, update_ratio, self.seconds)
        self.seconds += perf_counter() - began
        return row

    # ------------------------------------------------------------------------------------------ trouble

    @property
    def _limit(self) -> float:
        """The loss above which a run has diverged."""
        return EXPLODED * max(self.history.rows[0].train_loss, 1.0) if self.history.rows else inf

    def _stop(self, at: Pass) -> bool:
        """Whether the step in hand must not be taken; then `problem` says why."""
        why = trouble(self.network, at, self._limit)
        if why is None:
            return False
        step, settings, remedy = self.state.step + 1, self.experiment, "that update was not made"
        if not np.isfinite(self.network.values).all():
            self.restore(self.timeline.before(max(0, self.state.step - 1)))
            self.history.truncate(self.state.step)
            remedy = f"the weights are those of step {self.state.step}"
        self.problem = diverged(step, why, remedy, settings)
        return True

    def _measure_last(self) -> None:
        """The instruments at the step behind which there is no other: it is taken once more, as nobody knew then."""
        step, problem, seconds = self.state.step, self.problem, self.seconds
        self.restore(self.timeline.before(max(0, step - 1)))
        self.seek(step)
        self.problem, self.seconds = problem, seconds

    def _report(self, first: int, first_row: int) -> Report:
        step = self.state.step
        rows = tuple(self.history.rows[first_row + 1 : self.state.epoch + 1])
        losses = self.history.losses[first:step].copy()
        return Report(step, self.state.epoch, losses, rows, self.probe, self.status, self.problem)
