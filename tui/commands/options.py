"""What options mean to the engine: dotted changes, data folders."""

import argparse
from pathlib import Path
from typing import Any

from engine import BadInput, Experiment, load_experiment, parse_value
from engine.cores import available
from engine.experiment import outer_first
from engine.files import expanded


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


def folder(args: argparse.Namespace) -> Path | None:
    """The folder of --data-dir."""
    return expanded(args.data_dir) if args.data_dir else None


def cores(args: argparse.Namespace) -> int:
    """The number of --cores; else two, where there are two."""
    return args.cores or 1 + available()
