"""What a node sees and what it costs: receptive field, parameters, multiply-adds; pure functions over the nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, lcm, prod

from engine.graph import INPUT, Node
from engine.layers.base import Shape
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.normalization import LayerNorm
from engine.layers.pooling import GlobalAvgPool, Pooling
from engine.layers.upsample import Upsample


@dataclass(frozen=True)
class ReceptiveField:
    """The part of the input that each unit can see, the same in height and width.

    A unit at row i sees the rows from starts[i] to ends[i] - 1, in pixels of the input, before they are cut at the
    border. After as many units as are listed it goes on in the same way, `advance` pixels further; more than one is
    listed behind upsampling. `whole` means that every unit sees the whole input.
    """

    starts: tuple[int, ...] = (0,)
    ends: tuple[int, ...] = (1,)
    advance: int = 1
    whole: bool = False

    @property
    def size(self) -> int:
        """How many rows and columns the widest unit sees."""
        return max(end - start for start, end in zip(self.starts, self.ends, strict=True))

    def start(self, unit: int) -> int:
        """The first row that a unit sees."""
        return self.starts[unit % len(self.starts)] + unit // len(self.starts) * self.advance

    def end(self, unit: int) -> int:
        """The row behind the last one that a unit sees."""
        return self.ends[unit % len(self.ends)] + unit // len(self.ends) * self.advance


@dataclass(frozen=True)
class NodeFacts:
    """One node: its shape, its receptive field, how many numbers it learns, and multiply-adds for one sample."""

    node: str
    shape: Shape
    field: ReceptiveField
    parameters: int
    multiply_adds: int


WHOLE = ReceptiveField(whole=True)


def describe(nodes: Sequence[Node]) -> tuple[NodeFacts, ...]:
    """The facts of every node, in order. Where branches meet, the field is the widest of them together."""
    fields = {INPUT: ReceptiveField()}
    facts = []
    for node in nodes:
        arriving = [_field(node, fields[source]) for source in node.inputs]
        fields[node.name] = _together(arriving, max(node.shape[1:], default=1))
        facts.append(NodeFacts(node.name, node.shape, fields[node.name], node.parameter_count, _multiply_adds(node)))
    return tuple(facts)


def seen(facts: NodeFacts, shape: Shape) -> str:
    """A unit's receptive field in an image of `shape` (C, H, W), to read: "5x5", "all"; empty where there is no image.

    A field may be larger than the image, of which a unit then sees what lies within.
    """
    size = facts.field.size
    return "" if len(shape) != 3 else "all" if facts.field.whole else f"{size}x{size}"


def _field(node: Node, field: ReceptiveField) -> ReceptiveField:
    """A window at row i reads from unit s i - p on as far as the kernel reaches; an upsampled row reads unit i // f."""
    layer, count = node.layer, len(field.starts)
    if field.whole or isinstance(layer, (Dense, LayerNorm, GlobalAvgPool)):
        return WHOLE
    if isinstance(layer, Upsample):
        firsts = [row // layer.factor for row in range(layer.factor * count)]
        return _reading(field, firsts, firsts, field.advance)
    if isinstance(layer, Conv2d):
        more, step, padding = layer.dilation * (layer.kernel - 1), layer.stride, layer.padding
    elif isinstance(layer, Pooling):
        more, step, padding = layer.kernel - 1, layer.step, layer.padding
    else:
        return field
    rows = count // gcd(count, step)
    firsts = [step * row - padding for row in range(rows)]
    return _reading(field, firsts, [first + more for first in firsts], field.advance * step * rows // count)


def _reading(field: ReceptiveField, firsts: Sequence[int], lasts: Sequence[int], advance: int) -> ReceptiveField:
    """What rows see that read the units from `firsts` to `lasts` of `field`."""
    return ReceptiveField(tuple(map(field.start, firsts)), tuple(map(field.end, lasts)), advance)


def _together(fields: Sequence[ReceptiveField], rows: int) -> ReceptiveField:
    """Where branches meet, a unit sees through all of them; where they drift apart, `rows` units are listed."""
    if any(field.whole for field in fields):
        return WHOLE
    count = lcm(*(len(field.starts) for field in fields))
    advances = [field.advance * count // len(field.starts) for field in fields]
    if len(set(advances)) > 1:
        count, advances = rows, [rows * max(advances) // count]
    starts = (min(field.start(row) for field in fields) for row in range(count))
    ends = (max(field.end(row) for field in fields) for row in range(count))
    return ReceptiveField(tuple(starts), tuple(ends), advances[0])


def _multiply_adds(node: Node) -> int:
    """For one sample: each weight of a product once a position."""
    weights = sum(prod(spec.shape) for spec in node.parameters if len(spec.shape) > 1)
    return weights * (prod(node.shape[1:]) if len(node.shape) == 3 else 1)
