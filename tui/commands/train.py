"""nn-tui train EXPERIMENT: trains without a screen."""

import argparse

from engine import Trainer, prepare
from engine.files import expanded
from engine.run import Run, refuse_taken
from tui.commands import options
from tui.commands.downloading import with_data
from tui.commands.training import go_on


def run(args: argparse.Namespace) -> int:
    """Trains to the end, or until it diverges or is interrupted."""
    experiment, folder = options.experiment(args), options.folder(args)
    out = expanded(args.out) if args.out else None
    if out is not None:
        refuse_taken(out)
    splits = with_data(lambda: prepare(experiment.data, experiment.seed, folder), args.quiet)
    trainer = Trainer(experiment, splits, cores=options.cores(args))
    return go_on(trainer, Run.start(trainer, out) if out is not None else None, args)
