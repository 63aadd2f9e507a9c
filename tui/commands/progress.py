"""What training shows on the command line: a bar on a terminal, else a line an epoch, or JSON, or nothing."""

import argparse
import json
import os
import sys
from contextlib import AbstractContextManager
from shutil import get_terminal_size
from typing import Any

import numpy as np

from engine import EpochRow, Report, Trainer
from engine.run import row_table

CHART = (100, 18)
SPLITS = ("train", "valid", "test")


class Display(AbstractContextManager["Display"]):
    """Shows nothing: --quiet."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, report: Report) -> None:
        """Takes a report, ten times a second or an epoch."""

    def end(self, result: dict[str, Any]) -> None:
        """The run has ended; `result` is that of run.json, and `out` its folder or None."""


class JsonLines(Display):
    """A JSON object an epoch, as in history.csv, and the result as the last one."""

    def __init__(self, trainer: Trainer, quiet: bool) -> None:
        super().__init__(trainer)
        self.quiet = quiet

    def show(self, report: Report) -> None:
        for row in () if self.quiet else report.rows:
            print(json.dumps(row_table(row)), flush=True)

    def end(self, result: dict[str, Any]) -> None:
        print(json.dumps(result), flush=True)


class Plain(Display):
    """A line an epoch, for pipes, logs and terminals that cannot draw."""

    def show(self, report: Report) -> None:
        for row in report.rows:
            print(sentence(row, self.trainer.experiment.epochs), flush=True)

    def end(self, result: dict[str, Any]) -> None:
        print(summary(result), flush=True)


class Bar(Display):
    """A progress bar, and at the end a chart of the loss."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(trainer)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(20), TextColumn("{task.description}"), TimeRemainingColumn(compact=True))
        self.console = Console(highlight=False)
        self.progress = Progress(*columns, console=self.console, auto_refresh=False)
        self.task = self.progress.add_task(self._words(), total=trainer.experiment.epochs)

    def __enter__(self) -> "Bar":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, report: Report) -> None:
        state, rows = self.trainer.state, self.trainer.feed.rows
        done = state.epoch + state.row / rows
        self.progress.update(self.task, completed=done, description=self._words())
        self.progress.refresh()

    def end(self, result: dict[str, Any]) -> None:
        self.progress.stop()
        if len(self.trainer.history.rows) > 1:
            print(chart(self.trainer.history.rows))
        print(summary(result))

    def _words(self) -> str:
        rows = self.trainer.history.rows
        if not rows:
            return ""
        state, last = self.trainer.state, vars(rows[-1])
        start = f"epoch {state.epoch}/{self.trainer.experiment.epochs}  step {state.step}"
        return "  ".join([start, *_scores(last)[-1:]])


def display(trainer: Trainer, args: argparse.Namespace) -> Display:
    """The display that the options and the terminal ask for."""
    if args.json:
        return JsonLines(trainer, args.quiet)
    if args.quiet:
        return Display(trainer)
    return Bar(trainer) if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" else Plain(trainer)


def sentence(row: EpochRow, epochs: int) -> str:
    """An epoch in a line: `epoch 3/20  step 135  train loss 0.1234 acc 0.9600  valid loss 0.2011 acc 0.9410`."""
    return "  ".join([f"epoch {row.epoch}/{epochs}", f"step {row.step}", *_scores(vars(row))])


def summary(result: dict[str, Any]) -> str:
    """How the run ended, in a line; where it ended within an epoch, with the last batch and the last whole epoch.

    Where early stopping went back to other weights, the test split's numbers are theirs, so they are named before.
    """
    steps = f"{result['step']} step{'s' * (result['step'] != 1)}"
    parts = [f"{result['status']} after {steps} in {result['seconds']:.2f} s"]
    last = result["last"] or {"step": None, "epoch": 0}
    if (restored := result.get("restored_epoch")) is not None:
        back = f"then back to the weights of epoch {restored}"
        parts += [*_scores(last, SPLITS[:2]), back, *_scores(last, SPLITS[2:])]
    elif last["step"] == result["step"]:
        parts += _scores(last)
    else:
        parts += [f"batch loss {result['batch_loss']:.6g}"] if result["batch_loss"] is not None else []
        parts += [f"at the end of epoch {last['epoch']}: {'  '.join(_scores(last))}"] if last["epoch"] else []
    return "  ".join([*parts, *([f"saved in {result['out']}"] if result["out"] else [])])


def _scores(row: dict[str, Any], splits: tuple[str, ...] = SPLITS) -> list[str]:
    found = []
    for split in splits:
        loss, accuracy = row.get(f"{split}_loss"), row.get(f"{split}_accuracy")
        if loss is not None:
            found.append(f"{split} loss {loss:.4f}" + (f" acc {accuracy:.4f}" if accuracy is not None else ""))
    return found


def chart(rows: list[EpochRow]) -> str:
    """Training and validation loss by epoch, as text."""
    from tui.drawing.frames import Line, line_chart

    epochs = [row.epoch for row in rows]
    lines = [Line("training", epochs, [row.train_loss for row in rows])]
    if rows[-1].valid_loss is not None:
        lines.append(Line("validation", epochs, np.array([row.valid_loss for row in rows], float)))
    size = get_terminal_size()
    width, height = min(size.columns, CHART[0]), min(size.lines - 2, CHART[1])
    return line_chart(lines, width, height, "loss", "epoch", color="NO_COLOR" not in os.environ)
