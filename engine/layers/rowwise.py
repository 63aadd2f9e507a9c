"""Minimal filtering along rows, F(2, k): a third fewer multiplications with 3 x 3 kernels, two fifths with 5 x 5.

Each row of the image is turned into V once (see engine/layers/tiles.py). Where V's rows lie one below the other, k of
them are already the columns that a product with the kernels takes, so that nothing is copied:

    M (O, P) = U (O, k C) V (k C, P)      for each row of outputs and each of the k + 1 points
"""

from collections.abc import Sequence

import numpy as np

from engine.layers.base import Shape, Site
from engine.layers.columns import Chunk, chunks, write_product
from engine.layers.filtering import Filter, Filtering, Stacks
from engine.layers.tiles import KERNELS, Tiles, differences, spread, sums
from engine.memory import Array
from engine.plan import Plan


class RowFilter(Filter):
    """For kernels U (k + 1, O, k C). Rows of V stay until there is no more room below them, or others are beside."""

    def __init__(self, at: Site, tiles: Tiles, U: Array, bias: Array | None, parts: Sequence[Chunk]) -> None:
        self.U, self.E, self.kernel = U, tiles.E, tiles.kernel
        self.bias = None if bias is None else bias[:, None, None]
        points, outs, _ = U.shape
        channels, *_, self._batch = self.E.shape
        most, tallest = max(part.positions for part in parts), max(part.shape[0] for part in parts)
        width = max(part.positions // part.shape[0] for part in parts)
        first, stop = min(part.rows.start for part in parts), max(part.rows.stop for part in parts)
        least, enough = (2 * rows + self.kernel - 1 for rows in (tallest, stop - first))
        height = min(enough, max(least, MOST_FLOATS // (points * channels * width)))
        self._V = at.scratch((points, height, channels, width))
        self._M, self._y = (at.scratch((2 * count * outs * most,)) for count in (points, 2))
        self._there = np.zeros((height, width), bool)
        self._top, self._left = 2 * first, self._place(parts[0])

    def read(self, do: Plan, part: Chunk) -> Stacks:
        """V (k + 1, k C, P) for each row of outputs; only rows that are not there yet are made."""
        k, (points, height, channels, most) = self.kernel, self._V.shape
        top, left = 2 * part.rows.start, self._place(part)
        count, width = 2 * part.shape[0], part.positions // part.shape[0]
        start, first = top - self._top, left - self._left
        if not (0 <= start <= height - count - k + 1 and 0 <= first <= most - width):
            self._top, self._left, start, first = top, left, 0, 0
            self._there[:] = False
        across = slice(first, first + width)
        missing = np.flatnonzero(~self._there[start : start + count + k - 1, across].all(axis=1))
        if missing.size:
            rows = slice(start + int(missing[0]), start + int(missing[-1]) + 1)
            self._there[rows, across] = True
            E = self.E[:, self._top + rows.start : self._top + rows.stop, :, :, part.samples].swapaxes(0, 1)
            columns = [slice(part.columns.start + i // 2, part.columns.stop + i // 2) for i in range(points)]
            d = [E[:, :, i % 2, some] for i, some in enumerate(columns)]
            differences(do, d, self._V[:, rows, :, across].reshape(points, -1, channels, *part.shape[1:]))
        V = self._V.reshape(points, height * channels, -1)[:, :, across]
        self._seen = [V[:, h * channels : (h + k) * channels] for h in range(start, start + count)]
        return self._seen

    def outputs(self, do: Plan, part: Chunk) -> Array:
        """y (O, 2, 2, P)."""
        points, outs, _ = self.U.shape
        M, y = (
            room[: 2 * count * outs * part.positions].reshape(count, outs, 2, -1)
            for room, count in ((self._M, points), (self._y, 2))
        )
        each = M.reshape(points, outs, 2, part.shape[0], -1)
        for h, V in enumerate(self._seen):
            write_product(do, self.U, V, each[:, :, h % 2, h // 2])
        if self.bias is not None:
            do(np.add, M[1], self.bias, M[1])  # the one product that both outputs hold once
        sums(do, M, y)
        return y.transpose(1, 2, 0, 3)

    def _place(self, part: Chunk) -> int:
        """Where in a row of tiles (columns, N) the chunk starts."""
        return int(part.columns.start * self._batch + part.samples.start)


class Rowwise(Filtering):
    """A convolution by 3 x 3 or 5 x 5 kernels with stride 1, a row of outputs at a time."""

    filter_type = RowFilter

    def chunks(self, grid: Shape) -> tuple[Chunk, ...]:
        """Tiles whose rows fit the cache together, of the same columns one after the other."""
        found = chunks(grid, (self.kernel + 1) ** 2 // 2 * max(len(self.at.x), len(self.at.y)))
        return tuple(sorted(found, key=lambda part: (part.samples.start, part.columns.start, part.rows.start)))

    def turn(self, do: Plan, over: bool) -> Array:
        """U (k + 1, O, k C)."""
        W, k = self.at.weights["weight"], self.kernel
        outs, ins = W.shape[:2]
        kernels = np.ascontiguousarray(KERNELS[k][:, ::-1] if over else KERNELS[k], self.at.dtype)
        wide = self.at.scratch((k + 1, outs, ins, k))
        do(np.matmul, kernels, W.reshape(-1, k).T, wide.reshape(k + 1, -1))
        found = wide.transpose(0, 2, 3, 1)[:, :, ::-1] if over else wide.transpose(0, 1, 3, 2)
        U = self.at.scratch(found.shape)
        do(np.copyto, U, found)
        return U.reshape(k + 1, len(U[0]), -1)

    def turn_back(self, do: Plan, dU: Array) -> None:
        """dW from dU (k + 1, k O, C)."""
        dW, k = self.at.grads["weight"], self.kernel
        outs, ins = dW.shape[:2]
        found = self.at.scratch((k, k, outs, ins))
        kernels = np.ascontiguousarray(KERNELS[k][:, ::-1].T, self.at.dtype)
        do(np.matmul, kernels, dU.reshape(k + 1, -1), found.reshape(k, -1))
        do(np.copyto, dW, found.transpose(2, 3, 1, 0)[:, :, ::-1])

    def room(self, channels: int) -> int:
        """How many numbers `spread` needs a position."""
        return 2 * (self.kernel + 1) * channels

    def spread(self, do: Plan, tiles: Tiles, part: Chunk, room: Array) -> Stacks:
        """A t (k + 1, C, P) for the pixels t of each row."""
        points, channels, rows = self.kernel + 1, len(tiles.E), part.shape[0]
        z = room[: 2 * points * channels * part.positions].reshape(points, channels, 2, *part.shape)
        for q in (0, 1):
            do(np.copyto, z[-q], tiles.pixels(q, part))
        spread(do, z)
        return [z[:, :, h % 2, h // 2].reshape(points, channels, -1) for h in range(2 * rows)]


MOST_FLOATS = 2_000_000  # of V, of which a large image has more than the cache holds
