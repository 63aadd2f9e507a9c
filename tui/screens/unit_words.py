"""What is seen of the units of a layer, in words: a sentence about all of them, and one unit's formula."""

import numpy as np

from engine import INPUT
from tui.drawing.axes import number
from tui.screens.units import Units

TERMS = 4  # of a sum that is written out
RAMPS = ("relu", "leaky_relu", "elu", "selu", "silu", "gelu", "mish", "softplus")


def told(units: Units) -> str:
    """What the maps show, and what the layers behind make of it."""
    flat, count = len(units.flat), units.count
    said = _said(units)
    if flat and count > 1:
        said += f" {flat} of {count} {'is' if flat == 1 else 'are'} flat: the same everywhere."
    return said


def _said(units: Units) -> str:
    if units.node == INPUT:
        more = "; what bends already needs no hidden unit" if units.bent else ""
        return f"What the network reads of a point: x1 grows to the right, x2 upwards{more}."
    if units.last:
        return _answer(units)
    kind, read = units.kind, " and ".join(units.sources)
    if kind == "dropout":
        return f"Nothing is left out here: the maps are those of {read}."
    if kind == "batch_norm":
        return f"The maps of {read}, each shifted and scaled: the shapes stay, the line of zero moves."
    if kind == "layer_norm":
        return f"The maps of {read}, brought to one size at every point, which bends straight lines."
    if kind == "add":
        return f"Each unit is the sum of the units of its number in {read}."
    if kind == "dense":
        return _sums(units)
    if not units.formula or units.reads is None or units.depth < 1:
        return "What each unit puts out over the plane."
    shape = "ramp" if kind in RAMPS else "slope" if kind == "identity" else "step"
    if units.depth > 1:
        does = {"ramp": "a fold of the maps before, along a line that bends", "step": "a step across a line that bends"}
        return f"Each unit is {does.get(shape, 'a sum of the maps before')}: folds of folds make corners and islands."
    if "layer_norm" in units.formula:
        return f"Each unit is a bent {shape}; the next layers combine them."
    line = "curve" if units.bent else "straight line"
    does = {"ramp": f"a fold along a {line}, flat on one side", "step": f"a step across a {line}"}
    return f"Each unit is {does.get(shape, f'a slope with a {line} of zero')}; the next layers combine them."


def _sums(units: Units) -> str:
    if units.depth == 1:
        line = "a curve, as the features bend" if units.bent else "a straight line"
        return f"Each unit is a slope: a weighted sum of the inputs, zero along {line}."
    count, node = (len(units.reads.names), units.reads.node) if units.reads is not None else (0, "")
    return f"Each unit is a weighted sum of the {count} maps of {node}: its line of zero can bend where they do."


def _answer(units: Units) -> str:
    classes = units.subject.classes
    said = "The prediction, as in the boundary view" if not classes else "The answer, as in the boundary view"
    if units.reads is None:
        return f"{said}."
    if units.depth > 1:
        return f"{said}: a weighted sum of the {len(units.reads.names)} maps of {units.reads.node}."
    if units.bent:
        return f"{said}: a weighted sum of the features, without a hidden layer."
    line = "its border is one straight line" if classes else "it is flat like a tilted board"
    return f"{said}: without a hidden layer {line}."


def colors(units: Units, above: str, below: str) -> list[str]:
    """What the ends of the colours mean, in fewer and fewer words."""
    classes = units.subject.classes
    if units.last and len(classes) == 2 and units.count == 1:
        return [f"{above} says {classes[1]}, {below} {classes[0]}", f"{above}: {classes[1]}"]
    if units.last and classes:
        return [f"{above} is for the class, {below} against it", f"{above}: for the class"]
    middle = _middle(units)
    own = [] if units.alike else [f"{above} is above {middle}, {below} below, each map on a scale of its own"]
    return [*own, f"{above} is above {middle}, {below} below", f"{above}: above {middle}"]


def _middle(units: Units) -> str:
    return number(units.middle, 1) if units.middle else "zero"


def named(units: Units, unit: int) -> str:
    """How a unit is called before its facts: "unit 3 of 8,", "x1," or "class -1:"."""
    name = units.names[unit]
    if units.names == units.subject.classes:
        return f"class {name}:"
    return f"{name} of {units.count}," if name.startswith("unit ") else f"{name},"


def formula(units: Units, unit: int) -> str:
    """A unit as a function of what it reads: "tanh(0.4 x1 - 1.2 x2 + 0.1)", the largest terms where there are many."""
    reads = units.reads
    if reads is None:
        return ""
    weights = np.nan_to_num(reads.values[unit])
    order = np.arange(len(weights))
    if len(weights) > TERMS:
        order = np.sort(np.argsort(-np.abs(weights), kind="stable")[: TERMS - 1])
    terms = [(float(weights[at]), f" {reads.names[at].replace('unit ', 'u')}") for at in order.tolist()]
    text = ""
    for value, name in terms:
        text += _term(value, not text) + name
    if len(terms) < len(weights):
        text += f" + {len(weights) - len(terms)} smaller"
    if units.bias is not None:
        text += _term(float(units.bias[unit]))
    for name in units.formula:
        text = f"{name}({text})"
    return text


def _term(value: float, leads: bool = False) -> str:
    sign = ("-" if value < 0 else "") if leads else (" - " if value < 0 else " + ")
    return sign + number(abs(value), 2)


def facts(units: Units, unit: int) -> list[str]:
    """The range of a unit's values where the samples lie, and on how much of that they are above its middle."""
    values = units.square[:, unit]
    if not np.isfinite(values).all():
        return ["not a number"]
    low, high = float(values.min()), float(values.max())
    if unit in units.flat and units.count > 1:
        return [f"flat: {number(high, 2)} everywhere"]
    share = float((values > units.middle).mean())
    return [f"{number(low, 2)} to {number(high, 2)}", f"above {_middle(units)} on {100 * share:.0f} %"]
