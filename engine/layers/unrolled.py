"""A convolution by columns, a chunk of 2 x 2 pooling windows at a time.

The columns are put in an order in which the four pixels of each window lie far apart in four long runs. For that, x is
laid out once as E[c, h, u, j] = x[c, h, 2 s j + u], with its border of zeros.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.layers.base import Shape, Site
from engine.layers.columns import Chunk, add_product, chunks, write_product
from engine.layers.convolution import Conv2d
from engine.memory import Array
from engine.plan import Plan


class Unrolled:
    """The convolution `layer` at its site, whose outputs are pooled to images of shape `pooled` (O, H', W', N)."""

    def __init__(self, layer: Conv2d, at: Site, pooled: Shape) -> None:
        self.layer, self.at = layer, at
        _, height, width, batch = pooled
        reach = layer.dilation * (layer.kernel - 1) + 1
        shape = (len(at.x), layer.stride * (2 * height - 1) + reach, layer.stride + reach, width, batch)
        self._E = at.keep("even", shape)
        self._sums: list[Sums] = []

    def chunks(self, pooled: Shape) -> tuple[Chunk, ...]:
        """Windows whose columns fit the cache together."""
        return chunks(pooled, 4 * self.at.weights["weight"][0].size)

    def kernels(self, do: Plan) -> Array:
        """Lays x out, and makes [W b]."""
        for half, (target, source) in do.each(tuple(self._laid_out())):
            half(np.copyto, target, source)
        return self.layer.whole_weights(do, self.at)

    def filter(self, do: Plan, kernels: Array, parts: Sequence[Chunk]) -> Callable[[Plan, Chunk], Array]:
        """What makes Z (O, 2, 2, P) from x for each of the chunks."""
        columns = self.room(do, parts)
        outs = len(self.at.y)
        room = self.at.scratch((outs, columns.shape[2]))

        def convolve(do: Plan, part: Chunk) -> Array:
            X, Z = columns[:, :, : 4 * part.positions], room[:, : 4 * part.positions]
            self.read(do, part, X)
            write_product(do, kernels, X, Z.reshape(self.layer.groups, -1, 4 * part.positions))
            return Z.reshape(outs, 2, 2, part.positions)

        return convolve

    def receive(self, do: Plan, parts: Sequence[Chunk]) -> "Padded | Sums":
        """What takes dy: an image, from which dx is made; or sums that make nothing but the gradients from it."""
        if self.at.dx is not None:
            return Padded(self.layer.padded_dy(self.at), self.layer.border)
        self._sums.append(Sums(self, do, parts))
        return self._sums[-1]

    def backward(self, do: Plan) -> None:
        """dx and the gradients, from what was received."""
        if self._sums:
            self.layer.write_gradients(do, self.at, [sums.total for sums in self._sums])
        else:
            self.layer.backward_from_dy(do, self.at, self.layer.padded_dy(self.at))

    def room(self, do: Plan, parts: Sequence[Chunk]) -> Array:
        """Room for the columns X of the largest chunk, (groups, K, 4 P), with the row of ones."""
        return self.layer.columns(do, self.at, 4 * max(part.positions for part in parts))

    def read(self, do: Plan, part: Chunk, X: Array) -> None:
        """A chunk's columns X from the pixels (groups, C / groups, k, k, 2, 2, rows, columns, samples)."""
        E, layer = self._E, self.layer
        d, s, k = layer.dilation, layer.stride, layer.kernel
        first = E[:, 2 * s * part.rows.start :, :, part.columns.start :, part.samples]
        c, h, u, v, n = first.strides
        inputs = len(E) // layer.groups
        shape = (layer.groups, inputs, k, k, 2, 2, *part.shape)
        pixels = as_strided(first, shape, (inputs * c, c, d * h, d * u, s * h, s * u, 2 * s * h, v, n))
        do(np.copyto, X[:, : inputs * k * k].reshape(shape), pixels)

    def _laid_out(self) -> Iterator[tuple[Array, Array]]:
        """What to copy from x into E: for each u a pair of views."""
        E, x, p, step = self._E, self.at.x, self.layer.padding, 2 * self.layer.stride
        bottom = min(E.shape[1], x.shape[1] + p)
        for u in range(E.shape[2]):
            first = max(0, -((u - p) // step))
            last = min(E.shape[3] - 1, (x.shape[2] - 1 + p - u) // step)
            if first <= last:
                start = step * first + u - p
                pixels = x[:, : bottom - p, start : start + step * (last - first) + 1 : step]
                yield E[:, p:bottom, u, first : last + 1], pixels


@dataclass(frozen=True)
class Padded:
    """dy as an image with its border of zeros."""

    image: Array
    border: int

    def pixels(self, q: int, part: Chunk) -> Array:
        """The left (q = 0) or right pixels of a chunk's windows: (O, 2, rows, columns, samples); a view."""
        c, h, w, n = self.image.strides
        first = self.image[
            :, self.border + 2 * part.rows.start :, self.border + 2 * part.columns.start + q :, part.samples
        ]
        return as_strided(first, (len(self.image), 2, *part.shape), (c, h, 2 * h, 2 * w, n))

    def use(self, do: Plan, part: Chunk) -> None:
        """Nothing: it is used when all of it is there."""


class Sums:
    """[dW db]^T (groups, K, O / groups), summed over chunks of X dy^T."""

    def __init__(self, way: Unrolled, do: Plan, parts: Sequence[Chunk]) -> None:
        at, groups = way.at, way.layer.groups
        self._way, self._outs, self._first = way, len(at.y), parts[0]
        self._columns = way.room(do, parts)
        self._dy = at.scratch((self._outs, self._columns.shape[2]))
        self.total, self._spare = (at.scratch((groups, self._columns.shape[1], self._outs // groups)) for _ in range(2))

    def pixels(self, q: int, part: Chunk) -> Array:
        """Room for the left (q = 0) or right pixels of a chunk's windows: (O, 2, P)."""
        return self._dy[:, : 4 * part.positions].reshape(self._outs, 2, 2, part.positions)[:, :, q]

    def use(self, do: Plan, part: Chunk) -> None:
        """Adds a chunk whose dy is there."""
        n = 4 * part.positions
        X = self._columns[:, :, :n]
        self._way.read(do, part, X)
        across = self._dy[:, :n].reshape(self._way.layer.groups, -1, n).transpose(0, 2, 1)
        add_product(do, X, across, self.total, self._spare, part is self._first)
