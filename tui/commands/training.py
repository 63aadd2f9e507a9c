"""Training on the command line: the loop, what is shown meanwhile, and how it ends."""

import argparse
import signal
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from engine import RunFailed, Trainer
from engine.run import Run, final_row, result_of
from tui.cli import DONE, complain
from tui.commands.progress import display

STRETCH = 0.1


def go_on(trainer: Trainer, run: Run | None, args: argparse.Namespace) -> int:
    """Trains until the end, a signal or trouble; returns the exit code.

    Raises RunFailed where the run diverged, after its last good state was written.
    """
    with Signals() as signals, display(trainer, args) as screen:
        while not trainer.done and signals.caught is None:
            report = trainer.advance(seconds=STRETCH, epochs=1)
            if run is not None:
                run.record(report)
            screen.show(report)
        status = "interrupted" if signals.caught is not None and not trainer.done else ""
        if run is None and status:
            run = Run.start(trainer, rescue_folder(trainer))
        result = run.finish(status) if run else result_of(trainer, final_row(trainer), status)
        kept = None if run is None else run.folder
        screen.end({**result, "out": None if kept is None else str(kept)})
    if trainer.problem is not None:
        written = f"; the last good state is in '{kept}'" if kept else ""
        raise RunFailed(f"the run diverged at {trainer.problem}{written}")
    if status and signals.caught is not None:
        where = f"interrupted at step {trainer.state.step}; the run is saved: nn-tui resume {kept}"
        return complain(where, 128 + signals.caught)
    return DONE


class Signals(AbstractContextManager["Signals"]):
    """Within it Ctrl-C, SIGTERM and SIGHUP are noted, so that a step is never cut in two; `caught` is the last one."""

    NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

    def __init__(self) -> None:
        self.caught: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        for name in self.NAMES:
            if (number := getattr(signal, name, None)) is not None:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.caught = number


def rescue_folder(trainer: Trainer) -> Path:
    """A new folder among the person's runs, for a run that was interrupted and had no folder."""
    from platformdirs import user_state_path

    home = user_state_path("nn-tui", appauthor=False) / "runs"
    name = f"{trainer.experiment.data.name}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, count = home / name, 1
    while folder.exists():
        folder, count = home / f"{name}-{count}", count + 1
    return folder
