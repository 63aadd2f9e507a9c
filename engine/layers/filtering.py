"""Convolution with stride 1 by minimal filtering: what its two forms, in one dimension and in two, have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from engine.layers.base import Shape, Site
from engine.layers.columns import Chunk, add_pixels, add_product, add_up
from engine.layers.tiles import Tiles, put
from engine.memory import Array
from engine.plan import Plan

Stacks = list[Array]  # of matrices, (T, ., P)


class Filter(ABC):
    """The convolution of `tiles` (C) with kernels that have been turned into U, a chunk of tiles at a time."""

    @abstractmethod
    def __init__(self, at: Site, tiles: Tiles, U: Array, bias: Array | None, parts: Sequence[Chunk]) -> None:
        """Takes room for the largest of the chunks."""

    @abstractmethod
    def read(self, do: Plan, part: Chunk) -> Stacks:
        """Turns a chunk's pixels into V, whose products with U are to be taken."""

    @abstractmethod
    def outputs(self, do: Plan, part: Chunk) -> Array:
        """y (O, 2, 2, P) of the chunk read last, in which y[:, p, q] are the outputs (2 i + p, 2 j + q)."""

    def __call__(self, do: Plan, part: Chunk) -> Array:
        """Both."""
        self.read(do, part)
        return self.outputs(do, part)


class Filtering(ABC):
    """A convolution whose output loses nothing at the border that its kernel could see: padding at most k - 1."""

    filter_type: ClassVar[type[Filter]]

    def __init__(self, at: Site, padding: int) -> None:
        self.at, self.padding = at, padding
        self.kernel: int = at.weights["weight"].shape[-1]
        self.x = Tiles(at, "x", at.x.shape, padding, at.y.shape[1:3], self.kernel)

    @property
    def slopes(self) -> Tiles:
        """Room for dy."""
        border = self.kernel - 1 - self.padding
        return Tiles(self.at, "dy", self.at.y.shape, border, self.at.x.shape[1:3], self.kernel)

    @abstractmethod
    def chunks(self, grid: Shape) -> tuple[Chunk, ...]:
        """Tiles that fit the cache together, of images of `grid` (C, rows, columns, N)."""

    @abstractmethod
    def turn(self, do: Plan, over: bool) -> Array:
        """U from the weights W (O, C, k, k); or from W turned `over`, by 180 degrees, with C and O exchanged."""

    @abstractmethod
    def turn_back(self, do: Plan, dU: Array) -> None:
        """dW from dU of the weights turned over, whose last two axes are exchanged."""

    @abstractmethod
    def spread(self, do: Plan, tiles: Tiles, part: Chunk, room: Array) -> Stacks:
        """What the gradient with respect to U needs of the outputs in a chunk's tiles."""

    @abstractmethod
    def room(self, channels: int) -> int:
        """How many numbers `spread` needs a position."""

    def kernels(self, do: Plan) -> Array:
        """Lays x out, and makes U."""
        self.x.fill(do, self.at.x)
        return self.turn(do, over=False)

    def receive(self, do: Plan, parts: Sequence[Chunk]) -> Tiles:
        """What takes dy."""
        return self.slopes

    def filter(self, do: Plan, U: Array, parts: Sequence[Chunk]) -> Filter:
        """What makes y from x for each of the chunks."""
        return self.filter_type(self.at, self.x, U, self.at.weights.get("bias"), parts)

    def forward(self, do: Plan) -> None:
        """y (O, H', W', N)."""
        U = self.kernels(do)
        for half, parts in do.shares(self.chunks(self.x.grid)):
            convolve = self.filter(half, U, parts)
            for part in parts:
                put(half, convolve(half, part), part, self.at.y)

    def backward(self, do: Plan) -> None:
        """dW, db and dx, from dy in `slopes`.

        dx is a convolution of dy by the kernel turned by 180 degrees; and dW, turned, is the gradient of the sum of
        x dx with respect to that: what is read from dy serves both.
        """
        at, dy = self.at, self.slopes
        U, totals = self.turn(do, over=True), list[Array]()
        for half, parts in do.shares(self.chunks(dy.grid)):
            convolve, total = self.filter_type(at, dy, U, None, parts), Sums(at, (len(U), U.shape[2], U.shape[1]))
            room = at.scratch((self.room(len(at.x)) * max(part.positions for part in parts),))
            for part in parts:
                seen = convolve.read(half, part)
                if at.dx is not None:
                    put(half, convolve.outputs(half, part), part, at.dx)
                total.add(half, seen, self.spread(half, self.x, part, room))
            totals.append(total.array)
        self.turn_back(do, add_up(do, totals))
        if "bias" in at.grads:
            add_pixels(do, dy.E, at.grads["bias"])


class Sums:
    """The sum of products over chunks."""

    def __init__(self, at: Site, shape: Shape) -> None:
        self.array, self._spare = at.scratch(shape), at.scratch(shape)
        self._first = True

    def add(self, do: Plan, left: Stacks, right: Stacks) -> None:
        """Adds each left (T, A, P) right^T (T, P, B)."""
        for a, b in zip(left, right, strict=True):
            add_product(do, a, b.transpose(0, 2, 1), self.array, self._spare, self._first)
            self._first = False
