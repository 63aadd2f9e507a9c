"""What a layer is: a shape rule, the parameters it needs, and its formulas forward and backward.

Inside the engine arrays are feature-major with the batch last: `(features, N)`, `(C, H, W, N)`. A layer writes its
formula into a plan (see engine/plan.py) on the arrays that a `Site` holds, in the vocabulary `x y dy dx`, where `dy`
is dL/dy.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from engine.component import Component
from engine.initializers import Initializer
from engine.memory import Array, Memory
from engine.plan import Plan

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter that a layer asks for: its shape as in PyTorch, how it is drawn, and its fans."""

    name: str
    shape: Shape
    init: Initializer
    fan_in: int = 1
    fan_out: int = 1
    transposed: bool = False


class Scratch:
    """Arrays for intermediate results: one layer's may be the next one's, so they are good within one call only."""

    def __init__(self, memory: Memory = np.zeros) -> None:
        self.memory = memory
        self._free: list[Array] = []
        self._taken: list[Array] = []

    def release(self) -> None:
        """Makes every array free again, for the next layer."""
        self._free += self._taken
        self._taken.clear()

    def take(self, shape: Shape, dtype: np.dtype) -> Array:
        """An array that no other `take` since the last `release` holds: the smallest free one that is large enough."""
        size = int(np.prod(shape, dtype=np.int64))
        fitting = [i for i, array in enumerate(self._free) if array.dtype == dtype and array.size >= size]
        best = min(fitting, key=lambda i: self._free[i].size, default=None)
        self._taken.append(self.memory(size, dtype) if best is None else self._free.pop(best))
        return self._taken[-1][:size].reshape(shape)


@dataclass
class Site:
    """Where a layer works: the arrays of one node for one batch size.

    `xs` and `dxs` have an entry for each input; a `dx` is None where no gradient is asked for. `dy` is overwritten by
    the node that reads `y`. `ones[i]` is `xs[i]` flattened to `(features + 1, N)` with a last row of ones. `weights`,
    `grads` and `buffers` are views by parameter name; `block` and `dblock` the node's whole piece of the flat
    vectors. `slope` is dy/dx where the network has written it down already.
    """

    node: str
    dtype: np.dtype
    training: bool
    xs: tuple[Array, ...]
    ones: tuple[Array, ...]
    y: Array
    dxs: tuple[Array | None, ...]
    dy: Array
    weights: Mapping[str, Array]
    grads: Mapping[str, Array]
    buffers: Mapping[str, Array]
    block: Array
    dblock: Array
    clock: Array
    seed: int
    pool: Scratch
    kept: dict[str, Array] = field(default_factory=dict)
    slope: Array | None = None

    @property
    def x(self) -> Array:
        """The only input."""
        return self.xs[0]

    @property
    def dx(self) -> Array | None:
        """The gradient with respect to the only input."""
        return self.dxs[0]

    def scratch(self, shape: Shape, dtype: type | np.dtype | None = None) -> Array:
        """An array for intermediate results, shared with other layers: good until this call's last line."""
        return self.pool.take(shape, np.dtype(dtype or self.dtype))

    def keep(self, name: str, shape: Shape, dtype: type | np.dtype | None = None) -> Array:
        """An array of this node's own, which forward fills and backward reads."""
        if name not in self.kept:
            self.kept[name] = self.pool.memory(shape, dtype or self.dtype)
        return self.kept[name]


def pieces(x: Array) -> list[slice]:
    """Slices of the first axis that fit the cache each, which several passes then read again and again."""
    rows = max(1, PIECE_FLOATS * len(x) // max(x.size, 1))
    return [slice(start, min(start + rows, len(x))) for start in range(0, len(x), rows)]


PIECE_FLOATS = 65_536


class Layer(Component, kind="layer", key="type"):
    """A function of one node of the network, with its derivative.

    `view` marks a layer whose y is a view of x; `passes_scale` one whose output is about as large as its input, so
    that the layer behind decides how weights before it start; `wanted_init` names the initializer for weights right
    before the layer. `trains_otherwise` marks one that computes something else in training than in inference, and
    `draws` one that draws random numbers by the step in training.
    """

    inputs: ClassVar[int] = 1
    view: ClassVar[bool] = False
    passes_scale: ClassVar[bool] = False
    wanted_init: ClassVar[str] = "glorot_uniform"
    trains_otherwise: ClassVar[bool] = False
    draws: ClassVar[bool] = False

    @abstractmethod
    def shape(self, *shapes: Shape) -> Shape:
        """The output's shape without the batch axis. Raises ValueError with a sentence where the inputs do not fit."""

    def parameters(self, *shapes: Shape, follower: "Layer | None" = None) -> tuple[ParameterSpec, ...]:
        """What the layer learns; `follower` is the layer that reads its output, whose kind decides the default init."""
        return ()

    def statistics(self, *shapes: Shape) -> dict[str, tuple[Shape, float]]:
        """Buffers that are kept but not learned: name, shape, first value."""
        return {}

    @abstractmethod
    def forward(self, do: Plan, at: Site) -> None:
        """Writes down y = f(x)."""

    @abstractmethod
    def backward(self, do: Plan, at: Site) -> None:
        """Writes down dx and the parameters' gradients, given dy."""

    def commit(self, do: Plan, at: Site) -> None:
        """Writes down what changes the running statistics; it runs with the update, so that measuring changes
        nothing.
        """

    def dead(self, y: Array) -> float | None:
        """The share of units, 0 to 1, that put out zero for the whole batch; None where the idea does not apply."""
        return None

    def saturated(self, y: Array) -> float | None:
        """The share of outputs, 0 to 1, in the flat parts of the function; None where there are none."""
        return None
