"""Convolution by 3 x 3 kernels with fewer multiplications: Winograd's minimal filtering F(2 x 2, 3 x 3).

Four outputs side by side, a tile of 2 x 2, read 4 x 4 pixels d. Instead of 4 * 9 products for each pair of channels
there are 16, of what the pixels and the kernel g are turned into (Winograd 1980; Lavin and Gray 2016), with the
matrices of engine/layers/tiles.py:

    V = B^T d B,   U = G g G^T,   M = U V summed over the input channels,   y = A^T M A

For P tiles at once, M is 16 products of matrices, (O, C) by (C, P). Around them are sums of long runs of numbers, which
is why this pays only where there are many channels.
"""

from collections.abc import Sequence

import numpy as np

from engine.layers.base import Shape, Site
from engine.layers.columns import Chunk, chunks, write_product
from engine.layers.filtering import Filter, Filtering, Stacks
from engine.layers.tiles import KERNELS, Tiles, differences, spread, sums
from engine.memory import Array
from engine.plan import Plan

BOTH = np.kron(KERNELS[3], KERNELS[3])  # U (16) from g (9)


class TileFilter(Filter):
    """For kernels U (16, O, C)."""

    def __init__(self, at: Site, tiles: Tiles, U: Array, bias: Array | None, parts: Sequence[Chunk]) -> None:
        self.tiles, self.U = tiles, U
        self.bias = None if bias is None else bias[:, None]
        most, (_, outs, ins) = max(part.positions for part in parts), U.shape
        wider = max(rows * (columns + 1) * samples for rows, columns, samples in (part.shape for part in parts))
        self._V, self._M, self._y = (at.scratch((count * most,)) for count in (16 * ins, 16 * outs, 4 * outs))
        self._half = at.scratch((max(8 * ins * wider, 8 * outs * most),))

    def read(self, do: Plan, part: Chunk) -> Stacks:
        """V (16, C, P) = B^T d B for all of the chunk."""
        E, (rows, columns, _) = self.tiles.E, part.shape
        first, across = 2 * part.rows.start, slice(part.columns.start, part.columns.stop + 1)
        d = [E[:, first + i : first + i + 2 * rows - 1 : 2, :, across, part.samples] for i in range(4)]
        half = self._half[: 4 * d[0].size].reshape(4, *d[0].shape)
        differences(do, d, half)
        V = self._V[: 16 * len(E) * part.positions].reshape(4, 4, len(E), *part.shape)
        d = [half[:, :, :, i % 2, i // 2 : i // 2 + columns] for i in range(4)]
        differences(do, d, V.swapaxes(0, 1))
        self._seen = V.reshape(16, len(E), -1)
        return [self._seen]

    def outputs(self, do: Plan, part: Chunk) -> Array:
        """y (O, 2, 2, P)."""
        outs, n = self.U.shape[1], part.positions
        M, half, y = (
            room[: a * b * outs * n].reshape(a, b, outs, n)
            for room, a, b in ((self._M, 4, 4), (self._half, 2, 4), (self._y, 2, 2))
        )
        write_product(do, self.U, self._seen, M.reshape(16, outs, n))
        if self.bias is not None:
            do(np.add, M[1, 1], self.bias, M[1, 1])  # the one product that all four outputs hold once
        sums(do, M, half)
        sums(do, half.swapaxes(0, 1), y.swapaxes(0, 1))
        return y.transpose(2, 0, 1, 3)


class Winograd(Filtering):
    """A convolution by 3 x 3 kernels with stride 1 and at most 2 zeros on each side."""

    filter_type = TileFilter

    def chunks(self, grid: Shape) -> tuple[Chunk, ...]:
        """Tiles that fit the cache together."""
        return chunks(grid, 4 * max(len(self.at.x), len(self.at.y)))

    def turn(self, do: Plan, over: bool) -> Array:
        """U (16, O, C)."""
        at, W = self.at, self.at.weights["weight"]
        outs, ins = W.shape[:2]
        kernels = np.ascontiguousarray(BOTH[:, ::-1] if over else BOTH, at.dtype)
        wide = at.scratch((16, outs, ins))
        do(np.matmul, kernels, W.reshape(-1, 9).T, wide.reshape(16, -1))
        if not over:
            return wide
        U = at.scratch((16, ins, outs))
        do(np.copyto, U, wide.swapaxes(1, 2))
        return U

    def turn_back(self, do: Plan, dU: Array) -> None:
        """dW from dU (16, O, C)."""
        found = self.at.scratch((9, dU[0].size))
        kernels = np.ascontiguousarray(BOTH[:, ::-1].T, self.at.dtype)
        do(np.matmul, kernels, dU.reshape(16, -1), found)
        do(np.copyto, self.at.grads["weight"].reshape(-1, 9), found.T)

    def room(self, channels: int) -> int:
        """How many numbers `spread` needs a position."""
        return 16 * channels

    def spread(self, do: Plan, tiles: Tiles, part: Chunk, room: Array) -> Stacks:
        """A t A^T (16, C, P) for the 2 x 2 pixels t of the chunk's tiles, which are first put at the four corners."""
        channels = len(tiles.E)
        z = room[: 16 * channels * part.positions].reshape(4, 4, channels, -1)
        for q in (0, 1):
            do(np.copyto, z[::3, 3 * q].reshape(2, channels, *part.shape), tiles.pixels(q, part).swapaxes(0, 1))
        spread(do, z[:, ::3])
        spread(do, z.swapaxes(0, 1))
        return [z.reshape(16, channels, -1)]
