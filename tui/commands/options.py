"""What options mean to the engine: dotted changes, data folders."""

import argparse
import os
from pathlib import Path
from shlex import quote
from typing import Any

from engine import BadInput, Experiment, Trainer, is_live, load_experiment, parse_value
from engine.cores import available
from engine.experiment import outer_first
from engine.files import expanded
from engine.run import EXPERIMENT
from tui.commands.list import literal


def changes(args: argparse.Namespace) -> dict[str, Any]:
    """The dotted changes of --set, --epochs and --seed, that of a part before its settings'. Raises BadInput."""
    found: dict[str, Any] = {}
    for text in args.sets:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            raise BadInput(f"--set is '{text}': write KEY=VALUE, such as --set optimizer.lr=0.01")
        found[key] = parse_value(value.strip())
    for key in ("epochs", "seed"):
        if getattr(args, key, None) is not None:
            found[key] = getattr(args, key)
    return outer_first(found)


def experiment(args: argparse.Namespace) -> Experiment:
    """The experiment that the command line names, with its changes. Raises BadInput."""
    return load_experiment(args.experiment, changes(args))


def edit(trainer: Trainer, wanted: dict[str, Any], run: Path, command: str) -> None:
    """Changes settings of a run from here on, which lies in the folder `run`.

    Raises BadInput for one that needs a new run, with the line that starts it by `command`.
    """
    for key, value in wanted.items():
        trainer.experiment.edited({key: value})
        if not is_live(key):
            line = f"{command} {quote(str(run / EXPERIMENT))} --set {quote(f'{key}={literal(value)}')}"
            there = os.path.isfile(run / EXPERIMENT)
            fix = f"start a new one: {line}" if there else "open it in the workbench and change it there"
            raise BadInput(f"{key} cannot be changed during a run, which keeps its data, network and optimizer; {fix}")
        trainer.edit(key, value)


def folder(args: argparse.Namespace) -> Path | None:
    """The folder of --data-dir."""
    return expanded(args.data_dir) if args.data_dir else None


def cores(args: argparse.Namespace) -> int:
    """The number of --cores; else two, where there are two."""
    return args.cores or 1 + available()
