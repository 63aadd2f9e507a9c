"""nn-tui [EXPERIMENT]: the workbench."""

import argparse
import sys
from difflib import get_close_matches
from pathlib import Path

from engine import BadInput, Experiment, Trainer, load_experiment, presets
from engine.run import CHECKPOINT, Run
from tui.cli import COMMANDS
from tui.commands import options


def run(args: argparse.Namespace) -> int:
    """Opens an experiment, or a run where it stopped. Raises BadInput where there is no terminal."""
    folder = options.folder(args)
    source = _source(args, folder)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("the workbench needs a terminal; without one: nn-tui train EXPERIMENT")
    from tui.app import run_workbench

    return run_workbench(source, folder)


def _source(args: argparse.Namespace, folder: Path | None) -> Experiment | Trainer | None:
    name, changes = args.experiment, options.changes(args)
    if name is not None and (Path(name) / CHECKPOINT).is_file():
        trainer = Run.resume(Path(name), folder).trainer
        for key, value in changes.items():
            trainer.edit(key, value)
        return trainer
    if name is not None and name not in presets() and not Path(name).exists():
        meant = get_close_matches(name, COMMANDS, n=1)
        if meant and not get_close_matches(name, presets(), n=1):
            raise BadInput(f"'{name}' is no command, no preset and no file; did you mean '{meant[0]}'?")
    if name is None and not changes:
        return None
    return load_experiment(name or "digits", changes)
