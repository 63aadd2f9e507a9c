"""What every unit of a layer does on the plane, with the weights before and behind it, looked at in the session's
thread."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine import INPUT, BadInput, Node, Trainer
from engine.layers.activations import Activation
from engine.layers.dense import Dense
from engine.seeing import outputs
from tui.drawing.axes import nice_step
from tui.drawing.boundary import Plane
from tui.panels.boundary import grid_over
from tui.panels.reading import Subject, answers, padded
from tui.screens.maps import Floats, largest_of

MOST = 400_000  # values of a layer: the grid is coarser where there are many units
FEWEST = 400  # points of a grid, at least
SQUARE = 1600  # points of the grid over the samples, on which a unit's range is found, at most
FLAT = 1e-3  # of a layer's largest value: a unit that changes less is the same everywhere


@dataclass(frozen=True, eq=False)
class Weights:
    """What connects the units of a layer to those of another: `values` (units, others), with the others' names."""

    node: str
    names: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Units:
    """All units of one layer over the plane, INPUT for what the network reads of a point.

    `maps` (rows, columns, units) are their values, two rows a cell and the top row first: what they put out, and at the
    last layer what is predicted: probabilities, scores, or values in the targets' units; `square` (points, units) are
    those where the samples lie, whatever the picture. `middle` is zero, or of a sigmoid and the like what is halfway
    between both ends; `scales` (units,) are the distances from there to the ends of their scales, which are one where
    all of them are `alike`. `formula` names the functions from the weighted sum on, `depth` is how many
    weighted sums there are up to here, and `bent` tells whether the first of them reads features that are not straight.
    """

    subject: Subject
    layers: tuple[tuple[str, str, tuple[int, ...]], ...]
    node: str
    kind: str
    plane: Plane
    maps: Floats
    square: Floats
    scales: Floats
    names: tuple[str, ...]
    formula: tuple[str, ...] = ()
    bias: Floats | None = None
    reads: Weights | None = None
    feeds: Weights | None = None
    sources: tuple[str, ...] = ()
    depth: int = 0
    bent: bool = False
    middle: float = 0.0

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.maps.shape[2])

    @property
    def alike(self) -> bool:
        """Whether all units are on one scale."""
        return bool((self.scales == self.scales[0]).all())

    @property
    def last(self) -> bool:
        """Whether this is the network's answer."""
        return self.node == self.layers[-1][0]

    @cached_property
    def flat(self) -> tuple[int, ...]:
        """The units that are the same everywhere."""
        with np.errstate(invalid="ignore"):
            span = np.ptp(self.maps, axis=(0, 1))
        return tuple(np.flatnonzero(span <= FLAT * (largest_of(self.maps) or 1)).tolist())


def see_units(trainer: Trainer, node: str, width: int, height: int) -> Units:
    """Looks at a layer for a picture of `width` x `height` cells; at the first activation, or where there is none the
    last layer, if there is no such node. Raises BadInput where the data lie on no plane."""
    splits, network, subject = trainer.splits, trainer.network, Subject.of(trainer)
    if subject.kind != "plane":
        raise BadInput("these inputs lie on no plane")  # the data changed while the question was on its way
    nodes = {one.name: one for one in network.nodes}
    if node != INPUT and node not in nodes:
        node = first(network.nodes)
    shape = network.shape if node == INPUT else nodes[node].shape
    plane, columns, rows = grid_over(splits, width, height, max(FEWEST, MOST // int(np.prod(shape))))
    points, around = plane.grid(columns, rows), Plane.around(splits.train.points)
    side = int(np.sqrt(min(SQUARE, max(FEWEST, MOST // int(np.prod(shape))))))
    x = splits.inputs(np.concatenate([points, around.grid(side, side // 2)]))
    layers = ((INPUT, "", network.shape), *((one.name, one.layer.name, one.shape) for one in network.nodes))
    if node == network.nodes[-1].name:
        values, (low, high) = answers(trainer, x), _ends_of_answer(subject)
    else:
        values, (low, high) = outputs(network, node, padded(x))[: len(x)].reshape(len(x), -1), _ends(nodes.get(node))
    bound, middle = (high - low) / 2, (low + high) / 2
    values, square = values[: len(points)], values[len(points) :]
    maps = np.asarray(values.reshape(2 * rows, columns, -1))
    scales = np.array([bound or rounded(largest_of(one)) for one in values.T])
    names, bent = _names(trainer, node, maps.shape[2]), any(name not in ("x1", "x2") for name in splits.feature_names)
    if node == INPUT:
        feeds = _feeds(trainer, nodes, INPUT)
        return Units(subject, layers, node, "", plane, maps, square, scales, names, feeds=feeds, bent=bent)
    source, formula = _sum_before(nodes, nodes[node])
    reads = bias = None
    if source is not None:
        slots, before = network.parameters.slots, _seen_through(nodes, source.inputs[0])
        weights = slots[f"{source.name}.weight"].view(network.values).copy()
        slot = slots.get(f"{source.name}.bias")
        bias = slot.view(network.values).copy() if slot is not None else None
        reads = Weights(before, _names(trainer, before, weights.shape[1]), weights)
    link = trainer.experiment.loss.link
    if node == network.nodes[-1].name and link != "identity":
        formula = (*formula, link)
    return Units(
        subject, layers, node, nodes[node].layer.name, plane, maps, square, scales, names, formula, bias, reads,
        _feeds(trainer, nodes, node), nodes[node].inputs, _depth(nodes, node), bent, middle,
    )  # fmt: skip


def first(nodes: tuple[Node, ...]) -> str:
    """Where to begin: at the first activation, or where there is none before the last layer, there."""
    return next((node.name for node in nodes[:-1] if isinstance(node.layer, Activation)), nodes[-1].name)


def rounded(largest: float) -> float:
    """The end of a scale: a round number, so that colours do not change all the time."""
    step = nice_step(largest, 5) if largest > 0 else 1.0
    return float(np.ceil(largest / step - 1e-6) * step) or 1.0


def _ends(node: Node | None) -> tuple[float, float]:
    """The least and the largest output of an activation that has both; else twice zero."""
    layer = node.layer if node is not None else None
    if not isinstance(layer, Activation) or layer.low is None or layer.high is None:
        return 0.0, 0.0
    return layer.low, layer.high


def _ends_of_answer(subject: Subject) -> tuple[float, float]:
    """What a prediction is against a class and for it, on the boundary view's scale; of values, the largest target."""
    if subject.classes:
        return (0.0 if subject.probable else subject.low), 1.0
    largest = float(np.abs(subject.splits.train.y).max(initial=0)) or 1.0
    return -largest, largest


def _names(trainer: Trainer, node: str, count: int) -> tuple[str, ...]:
    """The units' names: features, classes, targets, "answer" for the only one of two classes, or numbers."""
    splits, last = trainer.splits, trainer.network.nodes[-1]
    known: tuple[str, ...] = ()
    if node == INPUT:
        known = splits.feature_names
    elif node == last.name or (_alone(last) and node == last.inputs[0]):
        known = ("answer",) if splits.classes and count == 1 else splits.classes or splits.target_names
    return known if len(known) == count else tuple(f"unit {number}" for number in range(count))


def _alone(node: Node) -> bool:
    """Whether each unit of a node reads the unit of its number alone, as those of activations do."""
    return len(node.inputs) == 1 and node.shapes[0] == node.shape and not isinstance(node.layer, Dense)


def _seen_through(nodes: dict[str, Node], name: str) -> str:
    """A node, or what it only reshapes."""
    while name in nodes and nodes[name].layer.view:
        name = nodes[name].inputs[0]
    return name


def _sum_before(nodes: dict[str, Node], node: Node) -> tuple[Node | None, tuple[str, ...]]:
    """The dense layer whose sums a node's units are functions of, and those functions, the first one first."""
    found: tuple[str, ...] = ()
    while _alone(node):
        found = found if node.layer.view or node.layer.name == "dropout" else (node.layer.name, *found)
        if node.inputs[0] not in nodes:
            return None, found
        node = nodes[node.inputs[0]]
    return (node if isinstance(node.layer, Dense) else None), found


def _feeds(trainer: Trainer, nodes: dict[str, Node], name: str) -> Weights | None:
    """The weights with which a node's units enter the next dense layer; None where something else stands between."""
    while (reader := next((one for one in nodes.values() if name in one.inputs), None)) is not None:
        if isinstance(reader.layer, Dense):
            weights = trainer.network.parameters.slots[f"{reader.name}.weight"].view(trainer.network.values)
            return Weights(reader.name, _names(trainer, reader.name, len(weights)), weights.T.copy())
        if not _alone(reader):
            return None
        name = reader.name
    return None


def _depth(nodes: dict[str, Node], name: str) -> int:
    """How many dense layers there are up to a node, on the way on which there are most."""
    found = {INPUT: 0}
    for node in nodes.values():
        found[node.name] = max(found[source] for source in node.inputs) + isinstance(node.layer, Dense)
    return found[name]
