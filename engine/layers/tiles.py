"""Minimal filtering in one dimension, F(2, k), and the layout of images for it.

Two outputs side by side read k + 1 pixels d. Instead of 2 k products with the kernel g there are k + 1, of what both
are turned into (Winograd 1980): their values as polynomials at 0, 1, -1, for k = 5 also 2, -2, and at infinity.

    V = B^T d,   U = G g,   M = U V,   y = A^T M
"""

from collections.abc import Sequence

import numpy as np

from engine.layers.base import Shape, Site, pieces
from engine.layers.columns import Chunk
from engine.memory import Array
from engine.plan import Plan

KERNELS = {
    3: np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]) / 2,
    5: np.array([[6, 0, 0, 0, 0], [-4, -4, -4, -4, -4], [-4, 4, -4, 4, -4], [1, 2, 4, 8, 16], [1, -2, 4, -8, 16],
                 [0, 0, 0, 0, 24]]) / 24,
}  # fmt: skip
"""G (k + 1, k) by k."""


def differences(do: Plan, d: Sequence[Array] | Array, V: Sequence[Array] | Array) -> None:
    """V = B^T d. For k = 3: d0 - d2, d1 + d2, d2 - d1, d3 - d1. For k = 5: 4 d0 - 5 d2 + d4, s + t, s - t, a + 2 b,
    a - 2 b, 4 d1 - 5 d3 + d5, where s = d4 - 4 d2, t = d3 - 4 d1, a = d4 - d2, b = d3 - d1.
    """
    if len(d) == 4:
        do(np.subtract, d[0], d[2], V[0])
        do(np.add, d[1], d[2], V[1])
        do(np.subtract, d[2], d[1], V[2])
        do(np.subtract, d[3], d[1], V[3])
        return
    for d_even, d_odd, V_even in ((d[4], d[2], V[3]), (d[3], d[1], V[4])):
        do(np.multiply, d_odd, 4.0, V_even)
        do(np.subtract, d_even, V_even, V_even)
    do(np.add, V[3], V[4], V[1])
    do(np.subtract, V[3], V[4], V[2])
    do(np.subtract, d[4], d[2], V[4])
    do(np.subtract, d[0], d[2], V[0])
    do(np.multiply, V[0], 4.0, V[0])
    do(np.add, V[0], V[4], V[0])
    do(np.subtract, d[3], d[1], V[3])
    do(np.add, V[3], V[3], V[3])
    do(np.subtract, V[4], V[3], V[4])
    do(np.add, V[3], V[3], V[3])
    do(np.subtract, d[5], d[3], V[5])
    do(np.subtract, V[5], V[3], V[5])
    do(np.add, V[3], V[4], V[3])


def sums(do: Plan, M: Array, y: Array) -> None:
    """y = A^T M along the first axis; M is written over. For k = 3: M0 + M1 + M2, M1 - M2 + M3. For k = 5:
    M0 + (M1 + M2) + (M3 + M4), (M1 - M2) + 2 (M3 - M4) + M5.
    """
    do(np.add, M[1], M[2], y[0])
    do(np.subtract, M[1], M[2], y[1])
    do(np.add, y[0], M[0], y[0])
    do(np.add, y[1], M[-1], y[1])
    if len(M) == 6:
        do(np.add, M[3], M[4], M[1])
        do(np.add, y[0], M[1], y[0])
        do(np.subtract, M[3], M[4], M[1])
        do(np.add, M[1], M[1], M[1])
        do(np.add, y[1], M[1], y[1])


def spread(do: Plan, z: Array) -> None:
    """z = A t along the first axis, for the two values t that lie in z[0] and z[-1] already: t0, t0 + t1, t0 - t1,
    for k = 5 also t0 + 2 t1, t0 - 2 t1, and t1.
    """
    do(np.add, z[0], z[-1], z[1])
    do(np.subtract, z[0], z[-1], z[2])
    if len(z) == 6:
        do(np.add, z[5], z[5], z[4])
        do(np.add, z[0], z[4], z[3])
        do(np.subtract, z[0], z[4], z[4])


class Tiles:
    """Images (C, H, W, N) with a border of zeros, in the layout from which tiles are quickly read.

    The columns are parted into even and odd ones: E[c, h, u, j] is the pixel in row h and column 2 j + u of the image
    with its border. There is room for the tiles of `outputs` (height, width), 2 x 2 outputs each, of a kernel.
    """

    def __init__(self, at: Site, name: str, image: Shape, border: int, outputs: Shape, kernel: int) -> None:
        channels, self.height, _, batch = image
        self.border, self.kernel = border, kernel
        rows, columns = (-(-size // 2) for size in outputs)
        self.grid = (channels, rows, columns, batch)
        self.E = at.keep(name, (channels, 2 * rows + kernel - 1, 2, columns + kernel // 2, batch))

    def fill(self, do: Plan, x: Array) -> None:
        """Lays out x (C, H, W, N)."""
        for q in (0, 1):
            pixels, (u, j) = x[:, :, q::2], self._column(q)
            room = self.E[:, self.border : self.border + self.height, u, j : j + pixels.shape[2]]
            for half, part in do.each(pieces(pixels)):
                half(np.copyto, room[part], pixels[part])

    def pixels(self, q: int, part: Chunk) -> Array:
        """The image's pixels (2 i + p, 2 j + q) for a chunk of (i, j), as (C, p, rows, columns, samples); a view."""
        u, j = self._column(q)
        rows = slice(self.border + 2 * part.rows.start, self.border + 2 * part.rows.stop)
        found = self.E[:, rows, u, j + part.columns.start : j + part.columns.stop, part.samples]
        return found.reshape(len(self.E), -1, 2, *found.shape[2:]).swapaxes(1, 2)

    def use(self, do: Plan, part: Chunk) -> None:
        """Nothing: they are used when all of them are there."""

    def _column(self, q: int) -> tuple[int, int]:
        """(u, j) of the image's column q."""
        return (self.border + q) % 2, (self.border + q) // 2


def put(do: Plan, y: Array, part: Chunk, images: Array) -> None:
    """Tiles y (O, 2, 2, P) go to their places in images (O, H, W, N); what hangs over is dropped."""
    for p in (0, 1):
        for q in (0, 1):
            rows = slice(2 * part.rows.start + p, 2 * part.rows.stop, 2)
            columns = slice(2 * part.columns.start + q, 2 * part.columns.stop, 2)
            target = images[:, rows, columns, part.samples]
            found = y[:, p, q].reshape(len(images), *part.shape)
            if target.size:
                do(np.copyto, target, found[:, : target.shape[1], : target.shape[2]])
