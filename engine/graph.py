"""The network as plain data: named nodes, each with a layer and the names of its inputs, in topological order.

The graph view, weight names, per-node gradients and exports all come from this list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from engine.component import nearest
from engine.errors import BadInput
from engine.layers import Layer, ParameterSpec, Shape

INPUT = "input"


@dataclass(frozen=True)
class NodeSpec:
    """A node as the experiment names it; empty `inputs` means the node before."""

    name: str
    layer: Layer
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """A node of a built network: its inputs by name, and shapes without the batch axis."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    shape: Shape
    parameters: tuple[ParameterSpec, ...]

    @property
    def parameter_count(self) -> int:
        """How many numbers the node learns."""
        return sum(prod(spec.shape) for spec in self.parameters)


def connect(specs: Sequence[NodeSpec], shape: Shape) -> tuple[Node, ...]:
    """Infers every shape, from the input's on, and checks every name.

    Raises BadInput that names the node, the shapes and the fix.
    """
    shapes: dict[str, Shape] = {INPUT: shape}
    inputs: dict[str, tuple[str, ...]] = {}
    previous = INPUT
    for spec in specs:
        if spec.name in shapes:
            raise BadInput(f"layers: two nodes are named '{spec.name}'; give each a name of its own")
        inputs[spec.name] = spec.inputs or (previous,)
        for source in inputs[spec.name]:
            if source not in shapes:
                known = nearest(source, shapes)
                raise BadInput(f"layers.{spec.name}.inputs is '{source}': no node of that name comes before it{known}")
        wanted = spec.layer.inputs
        got = len(inputs[spec.name])
        if (wanted == 1 and got != 1) or got < wanted:
            raise BadInput(
                f"layers.{spec.name} ({spec.layer.name}) takes {wanted} input{'s' * (wanted > 1)} and has {got}; "
                "name them in inputs"
            )
        arriving = tuple(shapes[source] for source in inputs[spec.name])
        try:
            shapes[spec.name] = spec.layer.shape(*arriving)
        except ValueError as error:
            raise BadInput(f"layers.{spec.name} ({spec.layer.name}) {error}") from None
        previous = spec.name
    readers = {source: spec for spec in reversed(specs) for source in inputs[spec.name]}
    nodes = []
    for spec in specs:
        arriving = tuple(shapes[source] for source in inputs[spec.name])
        reader = readers.get(spec.name)
        while reader is not None and reader.layer.passes_scale:
            reader = readers.get(reader.name)
        parameters = spec.layer.parameters(*arriving, follower=reader.layer if reader else None)
        nodes.append(Node(spec.name, spec.layer, inputs[spec.name], arriving, shapes[spec.name], parameters))
    return tuple(nodes)


def learning(nodes: Sequence[Node]) -> set[str]:
    """The names of the nodes whose output depends on a parameter: only those need a gradient."""
    found: set[str] = set()
    for node in nodes:
        if node.parameters or found.intersection(node.inputs):
            found.add(node.name)
    return found
