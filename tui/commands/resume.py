"""nn-tui resume RUN: goes on exactly where a run stopped."""

import argparse
from pathlib import Path

from engine import BadInput
from engine.run import Run
from tui.commands import options
from tui.commands.training import go_on


def run(args: argparse.Namespace) -> int:
    """Goes on; --epochs and --set are edits from here on. Raises BadInput where there is nothing left to do."""
    resumed = Run.resume(Path(args.run).expanduser(), options.folder(args), options.cores(args))
    trainer = resumed.trainer
    for key, value in options.changes(args).items():
        trainer.edit(key, value)
    if trainer.status in ("finished", "stopped early"):
        done = f"{trainer.status} after {trainer.state.epoch} of {trainer.experiment.epochs} epochs"
        raise BadInput(f"run '{args.run}' is {done}; give it more with --epochs {2 * trainer.state.epoch}")
    return go_on(trainer, resumed, args)
