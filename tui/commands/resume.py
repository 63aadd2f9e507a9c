"""nn-tui resume RUN: goes on exactly where a run stopped."""

import argparse

from engine import BadInput, Trainer
from engine.files import expanded
from engine.run import EXPERIMENT, Run
from tui.commands import options
from tui.commands.downloading import with_data
from tui.commands.training import diverged, go_on


def run(args: argparse.Namespace) -> int:
    """Goes on; --epochs and --set are edits from here on.

    Raises BadInput where there is nothing left to do, RunFailed where the run had diverged; then nothing is written.
    """
    run, folder, cores = expanded(args.run), options.folder(args), options.cores(args)
    resumed = with_data(lambda: Run.resume(run, folder, cores), args.quiet)
    trainer = resumed.trainer
    changes = options.changes(args)
    options.edit(trainer, changes, resumed.folder, "nn-tui train")
    if changes:
        trainer.measure()
    if trainer.problem is not None:
        raise diverged(trainer, str(resumed.folder / EXPERIMENT), resumed.folder)
    if trainer.done:
        raise BadInput(f"run '{args.run}' {_over(trainer)}; give it more, such as --epochs {2 * trainer.state.epoch}")
    return go_on(trainer, resumed, args)


def _over(trainer: Trainer) -> str:
    """How a run ended that has nothing left to do."""
    epoch, epochs = trainer.state.epoch, trainer.experiment.epochs
    after = f"{epoch} epoch{'s' * (epoch != 1)}"
    if trainer.status == "stopped early":
        return f"stopped early after {after} of {epochs}"
    return f"is finished after {after}" if epoch == epochs else f"has trained for {after} already, more than {epochs}"
