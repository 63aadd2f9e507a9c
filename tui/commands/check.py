"""nn-tui check EXPERIMENT: what every layer is and costs, and every gradient against finite differences."""

import argparse
import json
from math import inf, isnan

from engine import GradientError, RunFailed, connect, gradcheck, prepare
from engine.geometry import NodeFacts, describe, seen
from engine.layers import Shape
from tui.commands import options
from tui.commands.downloading import with_data
from tui.draft import Facts

SMOOTH, KINKED = 1e-6, 2e-4
NAMED = 4
KINKS = ("relu", "leaky_relu", "hard_sigmoid", "step", "max_pool2d", "mae", "hinge", "perceptron")


def run(args: argparse.Namespace) -> int:
    """Prints the layers, then the largest relative error by parameter, then the verdict.

    Raises RunFailed, which is the verdict, where an error is too large.
    """
    experiment, folder = options.experiment(args), options.folder(args)
    splits = with_data(lambda: prepare(experiment.data, experiment.seed, folder))
    nodes = connect(experiment.nodes(splits.shape, Facts.of(splits).units(experiment)), splits.shape)
    facts = describe(nodes)
    types = [node.layer.name for node in nodes]
    if not args.json:
        print("\n".join([*_layers(facts, types, splits.shape), ""]), flush=True)
    errors = gradcheck(experiment, folder)
    kinks = [name for name in [*types, experiment.loss.name] if name in KINKS]
    limit = KINKED if kinks else SMOOTH
    wrong = [error for error in errors if not error.relative <= limit]
    if args.json:
        layers = [_entry(one, kind, splits.shape) for one, kind in zip(facts, types, strict=True)]
        found = [{**vars(error), "shape": list(error.shape), "ok": error not in wrong} for error in errors]
        ended = {"limit": limit, "ok": not wrong, "verdict": verdict(errors, wrong)}
        print(json.dumps({**ended, "parameters": found, "layers": layers}))
    else:
        print("\n".join(_gradients(errors, wrong)))
        reason = f" (not {SMOOTH:g}: {kinks[0]} has a kink, where differences are off)" if kinks else ""
        print(f"error is what rounding does not explain; allowed is {limit:g}{reason}")
    if wrong:
        raise RunFailed(verdict(errors, wrong))
    if not args.json:
        print(verdict(errors, wrong))
    return 0


def verdict(errors: tuple[GradientError, ...], wrong: list[GradientError]) -> str:
    """Whether the gradients agree with the differences, in a sentence that names the largest error."""
    worst = max(errors, key=lambda error: inf if isnan(error.relative) else error.relative)
    if worst.relative == 0:
        return f"every gradient agrees: no error in {len(errors)} parameters is larger than rounding"
    names = [error.parameter for error in wrong]
    if len(names) > NAMED:
        names[NAMED - 1 :] = [f"{len(names) - NAMED + 1} more"]
    disagree = f"{len(wrong)} of {len(errors)} gradients disagree{'s' * (len(wrong) == 1)}, in {', '.join(names)}"
    found = disagree if wrong else "every gradient agrees"
    return f"{found}: the largest error is {worst.relative:.1e}, in {worst.parameter}"


def _entry(facts: NodeFacts, kind: str, shape: Shape) -> dict[str, object]:
    """A layer as JSON holds it; `sees` is the side of the receptive field in pixels, null for all or for no image."""
    part = len(shape) == 3 and not facts.field.whole
    return {
        "layer": facts.node, "type": kind, "shape": list(facts.shape), "parameters": facts.parameters,
        "multiply_adds": facts.multiply_adds, "sees": facts.field.size if part else None,
    }  # fmt: skip


def _layers(facts: tuple[NodeFacts, ...], types: list[str], shape: Shape) -> list[str]:
    """A line a layer, and one for all of them together."""
    image = len(shape) == 3
    width = max(9, *(len(each.node) for each in facts))
    wide = max(4, *map(len, types))
    lines = [f"input {_size(shape)}"]
    heads = f"{'layer':<{width}}  {'type':<{wide}}  {'output':<14}  {'parameters':>10}  {'multiply-adds':>13}"
    lines.append(heads + "  sees" * image)
    for each, kind in zip(facts, types, strict=True):
        numbers = f"{each.parameters:>10,}  {each.multiply_adds:>13,}"
        text = f"{each.node:<{width}}  {kind:<{wide}}  {_size(each.shape):<14}  {numbers}  {seen(each, shape)}"
        lines.append(text.rstrip())
    parameters, adds = sum(each.parameters for each in facts), sum(each.multiply_adds for each in facts)
    return [*lines, f"{'together':<{width}}  {'':<{wide}}  {'':<14}  {parameters:>10,}  {adds:>13,}"]


def _gradients(errors: tuple[GradientError, ...], wrong: list[GradientError]) -> list[str]:
    """A line a parameter."""
    width = max((len(error.parameter) for error in errors), default=9)
    lines = [f"{'parameter':<{width}}  {'shape':<16}  {'backward':>12}  {'difference':>12}  error"]
    for error in errors:
        mark = "  too large" if error in wrong else ""
        numbers = f"{error.analytic:12.6g}  {error.numeric:12.6g}"
        lines.append(f"{error.parameter:<{width}}  {_size(error.shape):<16}  {numbers}  {error.relative:.1e}{mark}")
    return lines


def _size(shape: Shape) -> str:
    return " x ".join(map(str, shape))
