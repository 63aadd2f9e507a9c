"""Layers behind each other that are computed as one: a convolution, a relu and a 2 x 2 max pooling, chunk by chunk.

Between them lie the largest arrays of a network, which are read and written four times a step where each layer works
alone; here they are never made. The four pixels of each pooling window lie far apart in four long runs, so that pooling
is a comparison of long runs too:

    Z (O, 2, 2, q) = W * x + b,   y (O, q) = max(0, max of Z over both axes of 2)
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from engine.layers.activations import Relu
from engine.layers.base import Layer, Shape, Site, pieces
from engine.layers.columns import Chunk
from engine.layers.convolution import Conv2d
from engine.layers.filtering import Filtering
from engine.layers.pooling import MaxPool2d
from engine.layers.unrolled import Unrolled
from engine.memory import Array
from engine.plan import Plan


class Fused(Protocol):
    """Layers in a row that are computed as one, each with its own site."""

    def forward(self, do: Plan, *sites: Site) -> None:
        """Writes down the last layer's y."""

    def backward(self, do: Plan, *sites: Site) -> None:
        """Writes down the first layer's dx, and all gradients."""


def fuse(layers: Sequence[Layer], shape: Shape, learning: bool) -> Fused | None:
    """The form in which layers in a row are computed as one, or None where there is none.

    `shape` is the first one's input, and `learning` says whether its gradient is asked for.
    """
    if len(layers) < 2 or not (isinstance(layers[-1], MaxPool2d) and isinstance(layers[-2], Relu)):
        return None
    pool, first = layers[-1], layers[0]
    if len(layers) == 2:
        return ReluPool(pool)
    if not isinstance(first, Conv2d) or (pool.kernel, pool.step, pool.padding) != (2, 2, 0):
        return None
    return ConvPool(first) if not learning or first.filtering(shape[0]) or first.turns(shape[0]) else None


class ReluPool:
    """max(0, max x) = max max(0, x): relu after the pooling, on the smaller images."""

    def __init__(self, pool: MaxPool2d) -> None:
        self.pool = pool

    def forward(self, do: Plan, *sites: Site) -> None:
        """y = max(0, pool x)."""
        relu, pool = sites
        self.pool.forward(do, replace(pool, xs=relu.xs))
        zeros = np.zeros(pool.y.shape[2:], pool.dtype)
        for half, part in do.each(pieces(pool.y)):
            half(np.maximum, pool.y[part], zeros, pool.y[part])

    def backward(self, do: Plan, *sites: Site) -> None:
        """dx from dy [y > 0], through the pooling."""
        relu, pool = sites
        if relu.dx is not None:
            g, positive = pool.scratch(pool.y.shape), pool.scratch(pool.y.shape, np.bool_)
            for half, part in do.each(pieces(pool.y)):
                half(np.greater, pool.y[part], 0.0, positive[part])
                half(np.multiply, pool.dy[part], positive[part], g[part])
            self.pool.backward(do, replace(pool, xs=relu.xs, dxs=relu.dxs, dy=g))


class ConvPool:
    """A convolution, relu and 2 x 2 max pooling, a chunk at a time."""

    def __init__(self, conv: Conv2d) -> None:
        self.conv = conv

    def forward(self, do: Plan, *sites: Site) -> None:
        """y = max(0, max(Z)), with right = [Z1 > Z0] along rows and low = [.. > ..] between them kept for backward."""
        conv, _, pool = sites
        way = self._way(conv, pool)
        kernels = way.kernels(do)
        for half, parts in do.shares(tuple(self._masked(conv, pool, way))):
            own = [part for part, _, _ in parts]
            most = max(part.positions for part in own)
            convolve = way.filter(half, kernels, own)
            wide, zeros = conv.scratch((len(conv.y) * 2 * most,)), np.zeros(most, conv.dtype)
            for part, right, low in parts:
                size = part.positions
                Z = convolve(half, part)
                best = wide[: Z.size // 2].reshape(-1, 2, size)
                y = part.of(pool.y, 1)[0]
                if conv.training:
                    half(np.greater, Z[:, :, 1], Z[:, :, 0], right)
                half(np.maximum, Z[:, :, 0], Z[:, :, 1], best)
                if conv.training:
                    half(np.greater, best[:, 1], best[:, 0], low)
                half(np.maximum, best[:, 0], best[:, 1], y)
                half(np.maximum, y, zeros[:size], y)

    def backward(self, do: Plan, *sites: Site) -> None:
        """dy [y > 0] goes to the low row where low, to the right pixel where right; then as a convolution."""
        conv, _, pool = sites
        way, outs = self._way(conv, pool), len(conv.y)
        for half, parts in do.shares(tuple(self._masked(conv, pool, way))):
            own = [part for part, _, _ in parts]
            most = max(part.positions for part in own)
            g, positive = conv.scratch((outs, most)), conv.scratch((outs, most), np.bool_)
            wide, slopes = conv.scratch((outs * 2 * most,)), way.receive(half, own)
            for part, right, low in parts:
                n = part.positions
                dy, mask, D = g[:, :n], positive[:, :n], wide[: outs * 2 * n].reshape(outs, 2, n)
                half(np.greater, part.of(pool.y, 1)[0], 0.0, mask)
                half(np.multiply, part.of(pool.dy, 1)[0], mask, dy)
                half(np.multiply, dy, low, D[:, 1])
                half(np.subtract, dy, D[:, 1], D[:, 0])
                left_pixels, right_pixels = slopes.pixels(0, part), slopes.pixels(1, part)
                shape = right_pixels.shape
                half(np.multiply, D.reshape(shape), right.reshape(shape), right_pixels)
                half(np.subtract, D.reshape(shape), right_pixels, left_pixels)
                slopes.use(half, part)
        way.backward(do)

    def _way(self, conv: Site, pool: Site) -> Filtering | Unrolled:
        if filtering := self.conv.filtering(len(conv.x)):
            return filtering(conv, self.conv.padding)
        return Unrolled(self.conv, conv, pool.y.shape)

    def _masked(self, conv: Site, pool: Site, way: Filtering | Unrolled) -> Iterator[tuple[Chunk, Array, Array]]:
        """Each chunk of windows with its masks right (O, 2, q) and low (O, q)."""
        size, start = pool.y.size if conv.training else 0, 0
        right, low = conv.keep("right", (2 * size,), np.bool_), conv.keep("low", (size,), np.bool_)
        outs = len(conv.y)
        for part in way.chunks(pool.y.shape):
            stop = start + outs * part.positions
            yield part, right[2 * start : 2 * stop].reshape(-1, 2, part.positions), low[start:stop].reshape(outs, -1)
            start = stop
