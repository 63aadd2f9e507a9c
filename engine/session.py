"""A run on a thread of its own: takes commands at any time, trains in between, and shows what is going on as one value.

    session = Session(load_experiment("digits"))
    session.start()
    session.play()
    session.snapshot.step       # read as often as one likes
    session.close()

Commands return at once and are carried out in order, between two short stretches of training. Nothing is ever sent to
the reader.
"""

import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, Literal, TypeVar

from engine.data import Splits
from engine.edits import Edit
from engine.errors import NO_MEMORY, BadInput, Failure, RunFailed
from engine.experiment import Experiment
from engine.graph import Node
from engine.history import History
from engine.probe import Probe
from engine.trainer import Trainer

STRETCH = 0.02  # seconds
PROBE_EVERY = 0.1  # seconds

T = TypeVar("T")
Again = Callable[[Splits | None], Trainer]
NO_NETWORK = "there is no network yet; choose another experiment"
FORMER = 50  # runs remembered, the latest
Activity = Literal["loading", "paused", "playing", "finished", "stopped early", "diverged", "failed"]


@dataclass(frozen=True)
class Snapshot:
    """What a reader sees. `version` changes whenever anything did; `run` whenever the network was built anew.

    `base` held before any of the `edits`, `experiment` holds at present. `notice` is the last command's error in one
    line, `problem` why a run stopped, `failure` a traceback of a bug of ours.
    """

    version: int
    run: int
    activity: Activity
    experiment: Experiment
    step: int = 0
    epoch: int = 0
    steps_per_epoch: int = 0
    history: History | None = None
    nodes: tuple[Node, ...] = ()
    probe: Probe | None = None
    keyframes: tuple[int, ...] = ()
    base: Experiment | None = None
    edits: tuple[Edit, ...] = ()
    best_step: int | None = None
    samples_per_second: float = 0.0
    seconds: float = 0.0
    notice: str | None = None
    problem: str | None = None
    failure: str | None = None


class Session:
    """Owns the worker thread and the trainer on it."""

    def __init__(
        self, experiment: Experiment, folder: Path | None = None, trainer: Trainer | None = None,
        keep: Callable[[Trainer], Again | None] | None = None,
    ) -> None:  # fmt: skip
        """Prepares a session; with `trainer` it goes on with a run that exists, such as one read from a checkpoint.

        `keep` is called on the thread with each run that is about to be replaced, unless nothing was trained. It gives
        a function that brings the run back, from its splits where these are at hand; None where it could not be kept.
        """
        self.folder = folder
        self._keep = keep
        self._former: list[tuple[Experiment, Again | None]] = []
        self._trainer = trainer
        self._experiment = experiment
        self._commands: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._unanswered: set[Future[Any]] = set()
        self._over = False
        self._failure: str | None = None
        self._thread = Thread(target=self._work, name="training", daemon=True)
        self._playing = False
        self._last_step: int | None = None
        self._last_epoch: int | None = None
        self._pace: float | None = None
        self._last_probe = 0.0
        self._slow = False
        self._speed = 0.0
        self.snapshot = Snapshot(0, 0, "loading", experiment)

    # ------------------------------------------------------------------------------------------ commands

    def start(self) -> None:
        """Starts the thread, which loads the data and builds the network."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Ends the thread after the stretch in hand; waits at most `timeout` seconds."""
        self._commands.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def play(self) -> None:
        """Trains until paused or done."""
        self._send(self._run)

    def pause(self) -> None:
        """Stops after the step in hand; where that was not measured, one more is taken that is."""
        self._send(self._pause)

    def step(self, count: int = 1) -> None:
        """Takes `count` batches."""
        self._send(lambda: self._run(last_step=(self._last_step or self._ready.state.step) + count))

    def epoch(self, count: int = 1) -> None:
        """Trains to the end of the present epoch, and `count` - 1 more."""
        self._send(lambda: self._run(last_epoch=(self._last_epoch or self._ready.state.epoch) + count))

    def back(self, count: int = 1) -> None:
        """Goes back `count` batches."""
        self._send(lambda: self._seek(max(0, self._ready.state.step - count)))

    def back_epoch(self) -> None:
        """Goes back to the end of the epoch before, or to the start of the present one."""
        self._send(self._back_epoch)

    def seek(self, step: int) -> None:
        """Goes to a step on record."""
        self._send(lambda: self._seek(step))

    def reset(self) -> None:
        """Back to the same first weights, under the present settings."""
        self._send(self._reset)

    def edit(self, key: str, value: Any) -> None:
        """Changes a setting from the next step on; see `Trainer.edit`."""
        self._send(lambda: self._ready.edit(key, value))

    def rebuild(self, experiment: Experiment) -> None:
        """Starts over with another experiment; where it cannot be built the present one stays."""
        self._send(lambda: self._build(experiment))

    def revisit(self, experiment: Experiment) -> None:
        """Goes on with the run that was replaced last while it had this experiment, if it was kept; else `rebuild`."""
        self._send(lambda: self._revisit(experiment))

    def open(self, load: Callable[[], Trainer]) -> None:
        """Goes on with the run that `load` gives, such as one read from a checkpoint; it is called on the thread.

        Where it raises a Failure the present run stays.
        """
        self._send(lambda: self._take(load()))

    def pace(self, steps_per_second: float | None) -> None:
        """Slows playing down to a number of steps a second, for watching; None for full speed."""
        self._send(lambda: setattr(self, "_pace", steps_per_second))

    def ask(self, question: Callable[[Trainer], T]) -> "Future[T]":
        """Runs `question(trainer)` on the worker between two stretches; it must change nothing. A notice stays.

        Once the session is closed the answer is cancelled.
        """
        answer: Future[T] = Future()

        def work() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(question(self._ready))
                except Exception as error:
                    answer.set_exception(error)
            self._publish()

        self._unanswered.add(answer)
        answer.add_done_callback(self._unanswered.discard)
        self._commands.put(work)
        if self._over:
            answer.cancel()
        return answer

    # ------------------------------------------------------------------------------------------ the worker

    def _send(self, command: Callable[[], None]) -> None:
        self._commands.put(lambda: self._attempt(command))

    @property
    def _ready(self) -> Trainer:
        if self._trainer is None:
            raise BadInput(NO_NETWORK)
        return self._trainer

    def _work(self) -> None:
        if self._trainer is None:
            self._guarded(lambda: self._attempt(lambda: self._build(self._experiment)))
        else:
            self._publish(run=1)
        while True:
            busy = self._playing and self._trainer is not None
            try:
                command = self._commands.get(block=not busy or self._pace is not None, timeout=self._patience())
            except Empty:
                command = self._stretch
            if command is None:
                break
            self._guarded(command)
        self._over = True
        for answer in tuple(self._unanswered):
            answer.cancel()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Keeps a bug of ours from ending the thread: the run rests and is shown as failed until it starts over."""
        try:
            work()
        except Exception:
            self._rest()
            self._failure = traceback.format_exc()
            self._publish()

    def _patience(self) -> float | None:
        return 1 / self._pace if self._playing and self._pace else None

    def _attempt(self, command: Callable[[], None]) -> None:
        try:
            command()
            self._publish(notice=None)
        except Failure as error:
            if self._trainer is None:
                why = (self.snapshot.problem if str(error) == NO_NETWORK else None) or str(error)
                self._publish(activity="failed", notice=why, problem=why)
            else:
                self._publish(notice=str(error))

    def _build(self, experiment: Experiment) -> None:
        try:
            self._take(Trainer(experiment, self._splits(experiment), self.folder))
        except MemoryError:
            raise RunFailed(NO_MEMORY) from None

    def _revisit(self, experiment: Experiment) -> None:
        again = next((again for known, again in self._former if known == experiment), None)
        if again is None:
            self._build(experiment)
            return
        try:
            former = again(self._splits(experiment))
        except Failure as error:
            self._build(experiment)
            raise BadInput(f"the run of before cannot be had again: {error}") from None
        self._take(former)

    def _splits(self, experiment: Experiment) -> Splits | None:
        """The data of the present run, where it is the experiment's too."""
        old = self._trainer
        same = old and (old.experiment.data, old.experiment.seed) == (experiment.data, experiment.seed)
        return old.splits if old and same else None

    def _take(self, trainer: Trainer) -> None:
        if self._trainer is not None:
            left = self._trainer.experiment
            others = [known for known in self._former if known[0] not in (left, trainer.experiment)]
            self._former = [(left, self._part(self._trainer)), *others][:FORMER]
        self._trainer, self._speed, self._failure = trainer, 0.0, None
        self._rest()
        self._publish(run=self.snapshot.run + 1)

    def _run(self, last_step: int | None = None, last_epoch: int | None = None) -> None:
        """Starts training; what has a goal begins at once, so that no command behind it can overtake it."""
        if self._ready.done or self._failure is not None:
            return
        self._playing, self._last_step, self._last_epoch = True, last_step, last_epoch
        if last_step is not None or last_epoch is not None:
            self._stretch()

    def _rest(self) -> None:
        self._playing, self._last_step, self._last_epoch = False, None, None

    def _pause(self) -> None:
        trainer = self._ready
        if self._playing and not trainer.done and (trainer.probe is None or trainer.probe.step != trainer.state.step):
            trainer.advance(steps=1)
        self._rest()

    def _seek(self, step: int) -> None:
        self._rest()
        self._ready.seek(step)

    def _back_epoch(self) -> None:
        trainer = self._ready
        earlier = [row.step for row in trainer.history.rows if row.step < trainer.state.step]
        self._seek(earlier[-1] if earlier else 0)

    def _part(self, trainer: Trainer) -> Again | None:
        """Has a trained run kept that is about to be replaced, unless a bug of ours may have left half a step."""
        sound = trainer.history.steps and self._failure is None
        return self._keep(trainer) if self._keep is not None and sound else None

    def _reset(self) -> None:
        self._rest()
        self._part(self._ready)
        self._ready.reset()
        self._speed, self._failure = 0.0, None

    def _stretch(self) -> None:
        """A short piece of training: about 20 ms towards the goal; one step where it takes longer or a pace is set."""
        trainer, state = self._ready, self._ready.state
        began, rows, first = perf_counter(), state.epoch * trainer.feed.rows + state.row, state.step
        steps = None if self._last_step is None else self._last_step - state.step
        epochs = None if self._last_epoch is None else self._last_epoch - state.epoch
        if self._pace is not None:
            trainer.advance(steps=1)
        else:
            measured = began - self._last_probe > PROBE_EVERY or steps is not None or epochs is not None
            trainer.advance(seconds=STRETCH, steps=1 if self._slow else steps, epochs=epochs, measure=measured)
            if measured:
                self._last_probe = perf_counter()
            taken = perf_counter() - began
            self._slow = taken > STRETCH * max(1, state.step - first)
            speed = (state.epoch * trainer.feed.rows + state.row - rows) / taken
            self._speed = 0.9 * self._speed + 0.1 * speed if self._speed else speed
        if trainer.status in ("finished", "stopped early"):
            self._close_record(trainer)
        if trainer.done or state.step == self._last_step or state.epoch == self._last_epoch:
            self._rest()
        self._publish()

    def _close_record(self, trainer: Trainer) -> None:
        """The instruments at the last step, and the test split's numbers in the last row."""
        if trainer.probe is None or trainer.probe.step != trainer.state.step:
            trainer.measure()
        row = trainer.final_row()
        if row is not None and row != trainer.history.rows[-1]:
            trainer.history.complete(row)

    def _publish(self, **changes: Any) -> None:
        old, trainer = self.snapshot, self._trainer
        activity: Activity
        if trainer is None:
            activity = "failed" if self._failure else "paused"
            kept = {"version": old.version + 1, "activity": activity, "failure": self._failure}
            self.snapshot = replace(old, **{**kept, **changes})
            return
        status = trainer.status
        activity = "playing" if self._playing else "paused"
        if self._failure:
            activity = "failed"
        elif status in ("finished", "stopped early", "diverged"):
            activity = status
        now = {
            "version": old.version + 1, "activity": activity, "experiment": trainer.experiment,
            "step": trainer.state.step, "epoch": trainer.state.epoch, "steps_per_epoch": trainer.steps_per_epoch,
            "history": trainer.history, "nodes": trainer.network.nodes, "probe": trainer.probe,
            "keyframes": trainer.timeline.steps, "base": trainer.base, "edits": tuple(trainer.edits),
            "best_step": trainer.state.best.step if trainer.state.best else None,
            "samples_per_second": self._speed, "seconds": trainer.seconds, "problem": trainer.problem,
            "failure": self._failure,
        }  # fmt: skip
        self.snapshot = replace(old, **{**now, **changes})
