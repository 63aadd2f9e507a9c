"""nn-tui check EXPERIMENT: compares every gradient with finite differences."""

import argparse
import json

from engine import RunFailed, gradcheck, prepare
from tui.commands import options

SMOOTH, KINKED = 1e-6, 2e-4
KINKS = ("relu", "leaky_relu", "hard_sigmoid", "step", "max_pool2d", "mae", "hinge", "perceptron")


def run(args: argparse.Namespace) -> int:
    """Prints the largest relative error by parameter. Raises RunFailed where one is too large."""
    experiment = options.experiment(args)
    errors = gradcheck(experiment, options.folder(args))
    shape = prepare(experiment.data, experiment.seed, options.folder(args)).shape
    used = [*(node.layer.name for node in experiment.nodes(shape, 1)), experiment.loss.name]
    kinks = [name for name in used if name in KINKS]
    limit = KINKED if kinks else SMOOTH
    wrong = [error for error in errors if not error.relative <= limit]
    if args.json:
        found = [{**vars(error), "shape": list(error.shape), "ok": error not in wrong} for error in errors]
        print(json.dumps({"limit": limit, "ok": not wrong, "parameters": found}))
    else:
        width = max((len(error.parameter) for error in errors), default=9)
        print(f"{'parameter':<{width}}  {'shape':<16}  {'backward':>12}  {'difference':>12}  error")
        for error in errors:
            size = " x ".join(map(str, error.shape))
            mark = "  too large" if error in wrong else ""
            numbers = f"{error.analytic:12.6g}  {error.numeric:12.6g}"
            print(f"{error.parameter:<{width}}  {size:<16}  {numbers}  {error.relative:.1e}{mark}")
        reason = f" (not {SMOOTH:g}: {kinks[0]} has a kink, where differences are off)" if kinks else ""
        print(f"allowed is {limit:g}{reason}")
    if wrong:
        worst = max(wrong, key=lambda error: error.relative)
        raise RunFailed(f"the gradient of {worst.parameter} is off by {worst.relative:.1e}, more than {limit:g}")
    return 0
