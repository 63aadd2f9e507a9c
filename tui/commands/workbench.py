"""nn-tui [EXPERIMENT]: the workbench. The engine is loaded beside the screen, so that the screen is there at once."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli import UsageError, refuse_unknown

if TYPE_CHECKING:
    from engine import Experiment, Trainer

CHECKPOINT_ENDING = ".safetensors"


def run(args: argparse.Namespace) -> int:
    """Opens a preset, an experiment file, or a run, by its folder or a checkpoint, where it stopped."""
    if args.experiment is not None:
        refuse_unknown(args.experiment)
    if os.environ.get("TERM") == "dumb":
        raise UsageError("TERM=dumb cannot draw; set TERM to your terminal, or train without a screen: nn-tui train")
    from engine.files import expanded
    from tui.app import run_workbench

    folder = expanded(args.data_dir) if args.data_dir else None
    return run_workbench(lambda: _source(args, folder), folder)


def _source(args: argparse.Namespace, folder: Path | None) -> "Experiment | Trainer | None":
    from engine import load_experiment
    from engine.checkpoint import load_checkpoint
    from engine.run import CHECKPOINT, Run
    from tui.commands.options import changes, edit

    name, wanted = args.experiment, changes(args)
    if name is None and not wanted:
        return None
    if name is not None and os.path.isfile(name) and name.endswith(CHECKPOINT_ENDING):
        trainer = load_checkpoint(name, folder)
    elif name is not None and os.path.isfile(os.path.join(name, CHECKPOINT)):
        trainer = Run.resume(Path(name), folder).trainer
    else:
        return load_experiment(name or "digits", wanted)
    edit(trainer, wanted, Path(name if os.path.isdir(name) else os.path.dirname(name)), "nn-tui")
    return trainer
