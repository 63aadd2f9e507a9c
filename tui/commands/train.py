"""nn-tui train EXPERIMENT: trains without a screen."""

import argparse

from engine import Trainer, prepare
from engine.files import expanded
from engine.run import Run, refuse_taken
from tui.commands import options
from tui.commands.downloading import Download
from tui.commands.training import go_on


def run(args: argparse.Namespace) -> int:
    """Trains to the end, or until it diverges or is interrupted."""
    experiment, folder = options.experiment(args), options.folder(args)
    out = expanded(args.out) if args.out else None
    if out is not None:
        refuse_taken(out)
    with Download(quiet=args.quiet) as download:
        splits = prepare(experiment.data, experiment.seed, folder, download)
    trainer = Trainer(experiment, splits, cores=options.cores(args))
    return go_on(trainer, Run.start(trainer, out) if out is not None else None, args)
