"""Layers behind each other that are computed as one: a convolution, a relu and a 2 x 2 max pooling, chunk by chunk.

Between them lie the largest arrays of a network, which are read and written four times a step where each layer works
alone; here they are never made. The columns of a chunk are put in an order in which the four pixels of each pooling
window lie far apart in four long runs, so that pooling is a comparison of long runs too:

    Z (O, 2, 2, q) = [W b] X,   y (O, q) = max(0, max of Z over both axes of 2)

For that, x is laid out once as E[c, h, u, j] = x[c, h, 2 s j + u], with its border of zeros.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.layers.activations import Relu
from engine.layers.base import Layer, Shape, Site, pieces
from engine.layers.columns import Chunk, chunks, write_product
from engine.layers.convolution import Conv2d, add_product
from engine.layers.pooling import MaxPool2d
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
    return ConvPool(first) if not learning or first.turns(shape[0]) else None


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
        weights = self.conv.whole_weights(do, conv)
        for target, source in self._laid_out(conv, pool):
            do(np.copyto, target, source)
        for half, parts in do.shares(tuple(self._masked(conv, pool))):
            most = max(part.positions for part, _, _ in parts)
            columns = self._room(half, conv, weights.shape[2], most)
            room, wide = conv.scratch((len(conv.y), 4 * most)), conv.scratch((len(conv.y) * 2 * most,))
            zeros = np.zeros(most, conv.dtype)
            for part, right, low in parts:
                size = part.positions
                X, Z = columns[:, :, : 4 * size], room[:, : 4 * size]
                half(np.copyto, *self._columns(conv, pool, X, part))
                write_product(half, weights, X, Z.reshape(self.conv.groups, -1, 4 * size))
                Z = Z.reshape(-1, 2, 2, size)
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
        padded = None if conv.dx is None else self.conv.padded_dy(conv)
        outs, size, totals = len(conv.y), conv.weights["weight"][0].size + self.conv.bias, []
        for half, parts in do.shares(tuple(self._masked(conv, pool))):
            most = max(part.positions for part, _, _ in parts)
            g, positive = conv.scratch((outs, most)), conv.scratch((outs, most), np.bool_)
            wide = conv.scratch((outs * 2 * most,))
            if padded is None:
                columns, room = self._room(half, conv, size, most), conv.scratch((outs, 4 * most))
                total, spare = (conv.scratch((self.conv.groups, size, outs // self.conv.groups)) for _ in range(2))
                totals.append(total)
            for part, right, low in parts:
                n = part.positions
                own, mask, D = g[:, :n], positive[:, :n], wide[: outs * 2 * n].reshape(outs, 2, n)
                half(np.greater, part.of(pool.y, 1)[0], 0.0, mask)
                half(np.multiply, part.of(pool.dy, 1)[0], mask, own)
                half(np.multiply, own, low, D[:, 1])
                half(np.subtract, own, D[:, 1], D[:, 0])
                if padded is None:
                    dZ, X = room[:, : 4 * n], columns[:, :, : 4 * n]
                    quarters = dZ.reshape(outs, 2, 2, n)
                    half(np.multiply, D, right, quarters[:, :, 1])
                    half(np.subtract, D, quarters[:, :, 1], quarters[:, :, 0])
                    half(np.copyto, *self._columns(conv, pool, X, part))
                    across = dZ.reshape(self.conv.groups, -1, 4 * n).transpose(0, 2, 1)
                    add_product(half, X, across, total, spare, part is parts[0][0])
                else:
                    shape = (outs, 2, *part.shape)
                    left_pixels, right_pixels = self._pixels(padded, conv, part)
                    half(np.multiply, D.reshape(shape), right.reshape(shape), right_pixels)
                    half(np.subtract, D.reshape(shape), right_pixels, left_pixels)
        if padded is None:
            self.conv.write_gradients(do, conv, totals)
        else:
            self.conv.backward_from_dy(do, conv, padded)

    def _room(self, do: Plan, conv: Site, size: int, most: int) -> Array:
        """Room for the columns X of a chunk of `most` windows, (groups, K, 4 q), with the row of ones."""
        columns = conv.scratch((self.conv.groups, size, 4 * most))
        if self.conv.bias:
            do(columns[:, -1].fill, 1)
        return columns

    def _masked(self, conv: Site, pool: Site) -> Iterator[tuple[Chunk, Array, Array]]:
        """Each chunk with its masks right (O, 2, q) and low (O, q)."""
        size, start = pool.y.size if conv.training else 0, 0
        right, low = conv.keep("right", (2 * size,), np.bool_), conv.keep("low", (size,), np.bool_)
        outs = len(conv.y)
        for part in chunks(pool.y.shape, 4 * conv.weights["weight"][0].size):
            stop = start + outs * part.positions
            yield part, right[2 * start : 2 * stop].reshape(-1, 2, part.positions), low[start:stop].reshape(outs, -1)
            start = stop

    def _even(self, conv: Site, pool: Site) -> Array:
        """Room for E (C, H, U, W', N), with its zeros."""
        layer, (_, height, width, batch) = self.conv, pool.y.shape
        reach = layer.dilation * (layer.kernel - 1) + 1
        shape = (len(conv.x), layer.stride * (2 * height - 1) + reach, layer.stride + reach, width, batch)
        return conv.keep("even", shape)

    def _laid_out(self, conv: Site, pool: Site) -> Iterator[tuple[Array, Array]]:
        """What to copy from x into E: for each u a pair of views."""
        E, x, p, step = self._even(conv, pool), conv.x, self.conv.padding, 2 * self.conv.stride
        bottom = min(E.shape[1], x.shape[1] + p)
        for u in range(E.shape[2]):
            first = max(0, -((u - p) // step))
            last = min(E.shape[3] - 1, (x.shape[2] - 1 + p - u) // step)
            if first <= last:
                start = step * first + u - p
                pixels = x[:, : bottom - p, start : start + step * (last - first) + 1 : step]
                yield E[:, p:bottom, u, first : last + 1], pixels

    def _columns(self, conv: Site, pool: Site, X: Array, part: Chunk) -> tuple[Array, Array]:
        """A chunk's columns and the pixels that go there, (groups, C / groups, k, k, 2, 2, rows, columns, samples)."""
        E, layer = self._even(conv, pool), self.conv
        d, s, k = layer.dilation, layer.stride, layer.kernel
        first = E[:, 2 * s * part.rows.start :, :, part.columns.start :, part.samples]
        c, h, u, v, n = first.strides
        inputs = len(E) // layer.groups
        shape = (layer.groups, inputs, k, k, 2, 2, *part.shape)
        pixels = as_strided(first, shape, (inputs * c, c, d * h, d * u, s * h, s * u, 2 * s * h, v, n))
        inner = inputs * k * k
        return X[:, :inner].reshape(shape), pixels

    def _pixels(self, padded: Array, conv: Site, part: Chunk) -> tuple[Array, Array]:
        """The left and right pixels of a chunk's windows in dy with its border: (O, 2, rows, columns, samples)."""
        border = self.conv.border
        c, h, w, n = padded.strides
        first = padded[:, border + 2 * part.rows.start :, border + 2 * part.columns.start :, part.samples]
        shape = (len(padded), 2, *part.shape)
        left, right = (as_strided(first[:, :, q:], shape, (c, h, 2 * h, 2 * w, n)) for q in (0, 1))
        return left, right
