"""What a node sees and what it costs: receptive field, parameters, multiply-adds; pure functions over the nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.graph import INPUT, Node
from engine.layers.base import Shape
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.pooling import GlobalAvgPool, Pooling
from engine.layers.upsample import Upsample


@dataclass(frozen=True)
class Field:
    """The part of the input that one unit can see, the same in height and width.

    A unit at row i sees the rows from start + stride i to start + stride i + size - 1, in pixels of the input, before
    they are cut at the border. `whole` means that every unit sees the whole input.
    """

    size: float
    stride: float
    start: float
    whole: bool = False


@dataclass(frozen=True)
class NodeFacts:
    """One node: its output's shape, its field, how many numbers it learns, and multiply-adds for one sample."""

    node: str
    shape: Shape
    field: Field
    parameters: int
    multiply_adds: int


WHOLE = Field(0, 0, 0, whole=True)


def describe(nodes: Sequence[Node]) -> tuple[NodeFacts, ...]:
    """The facts of every node, in order. Where branches meet, the field is the widest of them together."""
    fields = {INPUT: Field(1, 1, 0)}
    facts = []
    for node in nodes:
        arriving = [_field(node, fields[source]) for source in node.inputs]
        fields[node.name] = _together(arriving)
        facts.append(NodeFacts(node.name, node.shape, fields[node.name], node.parameter_count, _multiply_adds(node)))
    return tuple(facts)


def seen(facts: NodeFacts, shape: Shape) -> str:
    """A unit's receptive field in an image of `shape` (C, H, W), to read: "5x5", "all"; empty where there is no image.

    A field may be larger than the image, of which a unit then sees what lies within.
    """
    size = -int(-facts.field.size // 1)
    return "" if len(shape) != 3 else "all" if facts.field.whole else f"{size}x{size}"


def _field(node: Node, field: Field) -> Field:
    """A window of k pixels s apart: size + (k - 1) stride, stride s, and the start moves by p strides to the left."""
    layer = node.layer
    if field.whole or isinstance(layer, (Dense, GlobalAvgPool)):
        return WHOLE
    if isinstance(layer, Upsample):
        stride = field.stride / layer.factor
        return Field(field.size, stride, field.start) if layer.factor == 1 else _repeated(field, stride)
    if isinstance(layer, Conv2d):
        reach, step, padding = layer.dilation * (layer.kernel - 1), layer.stride, layer.padding
    elif isinstance(layer, Pooling):
        reach, step, padding = layer.kernel - 1, layer.step, layer.padding
    else:
        return field
    return Field(field.size + reach * field.stride, field.stride * step, field.start - padding * field.stride)


def _repeated(field: Field, stride: float) -> Field:
    """Unit i sees what unit floor(i / f) saw: a field wide enough for the worst of the f."""
    return Field(field.size + field.stride - stride, stride, field.start - (field.stride - stride))


def _together(fields: Sequence[Field]) -> Field:
    if any(field.whole for field in fields):
        return WHOLE
    start = min(field.start for field in fields)
    end = max(field.start + field.size for field in fields)
    return Field(end - start, fields[0].stride, start)


def _multiply_adds(node: Node) -> int:
    """For one sample: each weight of a product once a position."""
    weights = sum(_size(spec.shape) for spec in node.parameters if len(spec.shape) > 1)
    return weights * (_size(node.shape[1:]) if len(node.shape) == 3 else 1)


def _size(shape: Shape) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
