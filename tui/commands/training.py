"""Training on the command line: the loop, what is shown meanwhile, and how it ends."""

import argparse
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import Any

from engine import Failure, RunFailed, Trainer
from engine.run import EXPERIMENT, Run, result_of
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
                with _on_disk(run):
                    run.record(report)
            try:
                screen.show(report)
            except OSError:  # nobody reads on
                if run is not None:
                    run.finish("interrupted")
                raise
        status = "interrupted" if signals.caught is not None and not trainer.done else ""
        if run is not None:
            with _on_disk(run):
                result = run.finish(status)
        else:
            result = result_of(trainer, trainer.final_row(), status)
        kept, unsaved = (run.folder, "") if run else _rescue(trainer) if status else (None, "")
        screen.end({**result, "out": None if kept is None else str(kept)})
    if trainer.problem is not None:
        raise diverged(trainer, f"{kept / EXPERIMENT}" if kept else args.experiment, kept)
    if status and signals.caught is not None:
        where = f"the run is saved: nn-tui resume {quote(str(kept))}" if kept else f"the run is lost: {unsaved}"
        return complain(f"interrupted at step {trainer.state.step}; {where}", 128 + signals.caught)
    return DONE


@contextmanager
def _on_disk(run: Run) -> Iterator[None]:
    """Within it a disk that takes no more ends the run with a word on what there is of it."""
    try:
        yield
    except Failure as error:
        raise RunFailed(
            f"{error}; what was saved before goes on with: nn-tui resume {quote(str(run.folder))}"
        ) from None


def diverged(trainer: Trainer, experiment: str, folder: Path | None) -> RunFailed:
    """The error of a run that diverged: where, and the two things that help.

    To resume it is not one of them: the weights that were saved are too large whatever the rate is from there on.
    """
    optimizer, clip = trainer.base.optimizer, trainer.base.regularization.clip_norm
    where = (trainer.problem or "").partition("; ")[0]
    lr = min(optimizer.lr / 10, type(optimizer).model_fields["lr"].default)
    fix = f"start anew with a lower rate (nn-tui train {quote(experiment)} --set optimizer.lr={lr:g})"
    clipped = "" if clip else " or a clipped gradient (--set regularization.clip_norm=1)"
    back = f", or open it and go back: nn-tui {quote(str(folder))}" if folder else ""
    return RunFailed(f"the run diverged at {where}; {fix}{clipped}{back}")


def _rescue(trainer: Trainer) -> tuple[Path | None, str]:
    """Saves a run that has no folder among the person's runs, where the workbench finds it too; else says why not."""
    from tui.store import Store

    try:
        return Store.of_person().save_run(trainer), ""
    except Failure as error:
        return None, str(error)


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
