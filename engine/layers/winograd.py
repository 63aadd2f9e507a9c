"""Convolution by 3 x 3 kernels with fewer multiplications: Winograd's minimal filtering F(2 x 2, 3 x 3).

Four outputs side by side, a tile of 2 x 2, read 4 x 4 pixels d. Instead of 4 * 9 products for each pair of channels
there are 16, of what the pixels and the kernel g are turned into (Winograd 1980; Lavin and Gray 2016):

    V = B^T d B,   U = G g G^T,   M = U V summed over the input channels,   y = A^T M A

    in one dimension:  V = d0 - d2, d1 + d2, d2 - d1, d3 - d1
                       U = g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2
                       y = M0 + M1 + M2, M1 - M2 + M3

For P tiles at once, M is 16 products of matrices, (O, C) by (C, P). Around them are sums of long runs of numbers, which
is why this pays only where there are many channels.
"""

from collections.abc import Sequence

import numpy as np

from engine.layers.base import Shape, Site, pieces
from engine.layers.columns import Chunk, add_pixels, add_product, add_up, chunks, write_product
from engine.memory import Array
from engine.plan import Plan

KERNELS = np.kron(*[np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])] * 2)  # U (16) from g (9)


class Tiles:
    """Images (C, H, W, N) with a border of zeros, in the layout from which tiles are quickly read.

    The columns are parted into even and odd ones: E[c, h, u, j] is the pixel in row h and column 2 j + u of the image
    with its border. There is room for the tiles of `outputs` (height, width).
    """

    def __init__(self, at: Site, name: str, image: Shape, border: int, outputs: Shape) -> None:
        channels, self.height, _, batch = image
        self.border = border
        rows, columns = (-(-size // 2) for size in outputs)
        self.grid = (channels, rows, columns, batch)
        self.E = at.keep(name, (channels, 2 * rows + 2, 2, columns + 1, batch))

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

    def read(self, do: Plan, part: Chunk, room: Array, V: Array) -> None:
        """V (4, 4, C, P) = B^T d B for a chunk of tiles; `room` is for the half-way result."""
        rows, columns, samples = part.shape
        first, across = 2 * part.rows.start, slice(part.columns.start, part.columns.stop + 1)
        d = [self.E[:, first + i : first + i + 2 * rows - 1 : 2, :, across, part.samples] for i in range(4)]
        half = room[: 4 * d[0].size].reshape(4, *d[0].shape)
        _differences(do, d, list(half))
        V = V.reshape(4, 4, len(self.E), rows, columns, samples)
        d = [half[:, :, :, i % 2, i // 2 : i // 2 + columns] for i in range(4)]
        _differences(do, d, [V[:, i] for i in range(4)])

    def room(self, parts: Sequence[Chunk]) -> int:
        """How many numbers `read` needs for its half-way result."""
        return max(8 * len(self.E) * rows * (columns + 1) * n for rows, columns, n in (part.shape for part in parts))

    def _column(self, q: int) -> tuple[int, int]:
        """(u, j) of the image's column q."""
        return (self.border + q) % 2, (self.border + q) // 2


class Filter:
    """The convolution of tiles (C) with kernels U (16, O, C), a chunk at a time; `seen` is what the last call read."""

    def __init__(self, at: Site, tiles: Tiles, U: Array, bias: Array | None, parts: Sequence[Chunk]) -> None:
        self.tiles, self.U = tiles, U
        self.bias = None if bias is None else bias[:, None]
        most, (_, outs, ins) = max(part.positions for part in parts), U.shape
        self._V, self._M, self._y = (at.scratch((count * most,)) for count in (16 * ins, 16 * outs, 4 * outs))
        self._half = at.scratch((max(tiles.room(parts), 8 * outs * most),))

    def __call__(self, do: Plan, part: Chunk) -> Array:
        """y (O, 2, 2, P), in which y[:, p, q] are the outputs (2 i + p, 2 j + q)."""
        outs, n = self.U.shape[1], part.positions
        M, half, y = (
            room[: a * b * outs * n].reshape(a, b, outs, n)
            for room, a, b in ((self._M, 4, 4), (self._half, 2, 4), (self._y, 2, 2))
        )
        self.tiles.read(do, part, self._half, self.seen(part))
        write_product(do, self.U, self.seen(part).reshape(16, -1, n), M.reshape(16, outs, n))
        if self.bias is not None:
            do(np.add, M[1, 1], self.bias, M[1, 1])  # the one product that all four outputs hold once
        _sums(do, M, half)
        _sums(do, half.swapaxes(0, 1), y.swapaxes(0, 1))
        return y.transpose(2, 0, 1, 3)

    def seen(self, part: Chunk) -> Array:
        """V (4, 4, C, P), as the last call left it."""
        ins = self.U.shape[2]
        return self._V[: 16 * ins * part.positions].reshape(4, 4, ins, part.positions)


class Winograd:
    """A convolution by 3 x 3 kernels with stride 1 and at most 2 zeros on each side."""

    def __init__(self, at: Site, padding: int) -> None:
        self.at, self.padding = at, padding
        self.x = Tiles(at, "x", at.x.shape, padding, at.y.shape[1:3])

    @property
    def slopes(self) -> Tiles:
        """Room for dy."""
        return Tiles(self.at, "dy", self.at.y.shape, 2 - self.padding, self.at.x.shape[1:3])

    def chunks(self, grid: Shape) -> tuple[Chunk, ...]:
        """Tiles that fit the cache together, of images of `grid` (C, rows, columns, N)."""
        return chunks(grid, 4 * max(len(self.at.x), len(self.at.y)))

    def kernels(self, do: Plan) -> Array:
        """Lays x out, and makes U (16, O, C)."""
        self.x.fill(do, self.at.x)
        W = self.at.weights["weight"]
        U = self.at.scratch((16, *W.shape[:2]))
        do(np.matmul, KERNELS.astype(self.at.dtype), W.reshape(-1, 9).T, U.reshape(16, -1))
        return U

    def receive(self, do: Plan, parts: Sequence[Chunk]) -> Tiles:
        """What takes dy."""
        return self.slopes

    def filter(self, do: Plan, U: Array, parts: Sequence[Chunk]) -> Filter:
        """What makes y from x for each of the chunks."""
        return Filter(self.at, self.x, U, self.at.weights.get("bias"), parts)

    def forward(self, do: Plan) -> None:
        """y (O, H', W', N)."""
        y, U = self.at.y, self.kernels(do)
        for half, parts in do.shares(self.chunks(self.x.grid)):
            convolve = self.filter(half, U, parts)
            for part in parts:
                _put(half, convolve(half, part), part, y)

    def backward(self, do: Plan) -> None:
        """dW, db and dx, from dy in `slopes`."""
        at, dy = self.at, self.slopes
        if at.dx is None:
            self._gradient(do)
        else:
            self._gradients(do, at.dx)
        if "bias" in at.grads:
            add_pixels(do, dy.E, at.grads["bias"])

    def _gradients(self, do: Plan, dx: Array) -> None:
        """dx is a convolution of dy by the kernel turned by 180 degrees; and dW, turned, is the gradient of the sum of
        x dx with respect to that: what is read from dy serves both.
        """
        at, dy, turned = self.at, self.slopes, KERNELS[:, ::-1].astype(self.at.dtype)
        W = at.weights["weight"]
        outs, ins = W.shape[:2]
        wide, U = at.scratch((16, outs, ins)), at.scratch((16, ins, outs))
        do(np.matmul, turned, W.reshape(-1, 9).T, wide.reshape(16, -1))
        do(np.copyto, U, wide.transpose(0, 2, 1))
        totals = []
        for half, parts in do.shares(self.chunks(dy.grid)):
            convolve, sums = Filter(at, dy, U, None, parts), Sums(at, (outs, ins))
            corners = at.scratch((16 * ins * max(part.positions for part in parts),))
            for part in parts:
                _put(half, convolve(half, part), part, dx)
                sums.add(half, convolve.seen(part), _corners(half, self.x, part, corners))
            totals.append(sums.total)
        self._write(do, totals, turned)

    def _gradient(self, do: Plan) -> None:
        """dW = G^T (A dy A^T V^T) G, where no dx is asked for."""
        at, dy = self.at, self.slopes
        totals = []
        outs, ins = len(at.y), len(at.x)
        for half, parts in do.shares(self.chunks(self.x.grid)):
            most, sums = max(part.positions for part in parts), Sums(at, (outs, ins))
            V, corners, room = (
                at.scratch((count,)) for count in (16 * ins * most, 16 * outs * most, self.x.room(parts))
            )
            for part in parts:
                read = V[: 16 * ins * part.positions].reshape(4, 4, ins, -1)
                self.x.read(half, part, room, read)
                sums.add(half, _corners(half, dy, part, corners), read)
            totals.append(sums.total)
        self._write(do, totals, KERNELS.astype(at.dtype))

    def _write(self, do: Plan, totals: list[Array], kernels: Array) -> None:
        """dW from dU."""
        found = self.at.scratch((9, totals[0][0].size))
        do(np.matmul, kernels.T.copy(), add_up(do, totals).reshape(16, -1), found)
        do(np.copyto, self.at.grads["weight"].reshape(-1, 9), found.T)


class Sums:
    """dU (16, O, C), summed over chunks."""

    def __init__(self, at: Site, shape: Shape) -> None:
        self.total, self._spare = at.scratch((16, *shape)), at.scratch((16, *shape))
        self._first = True

    def add(self, do: Plan, left: Array, right: Array) -> None:
        """Adds left (4, 4, O, P) right^T (4, 4, P, C)."""
        a, b = (x.reshape(16, *x.shape[2:]) for x in (left, right))
        add_product(do, a, b.transpose(0, 2, 1), self.total, self._spare, self._first)
        self._first = False


def _differences(do: Plan, d: Sequence[Array], out: Sequence[Array]) -> None:
    """B^T d along one axis."""
    do(np.subtract, d[0], d[2], out[0])
    do(np.add, d[1], d[2], out[1])
    do(np.subtract, d[2], d[1], out[2])
    do(np.subtract, d[3], d[1], out[3])


def _sums(do: Plan, M: Array, out: Array) -> None:
    """A^T M along the first axis."""
    do(np.add, M[0], M[1], out[0])
    do(np.add, out[0], M[2], out[0])
    do(np.subtract, M[1], M[2], out[1])
    do(np.add, out[1], M[3], out[1])


def _corners(do: Plan, tiles: Tiles, part: Chunk, room: Array) -> Array:
    """A t A^T (4, 4, C, P) for the 2 x 2 pixels t of a chunk's tiles, which are first put at the four corners."""
    channels = len(tiles.E)
    y = room[: 16 * channels * part.positions].reshape(4, 4, channels, part.positions)
    for q in (0, 1):
        pixels = tiles.pixels(q, part)
        do(np.copyto, y[::3, 3 * q].reshape(2, channels, *part.shape), pixels.swapaxes(0, 1))
    for left, right, total, difference in (
        (y[0, ::3], y[3, ::3], y[1, ::3], y[2, ::3]),
        (y[:, 0], y[:, 3], y[:, 1], y[:, 2]),
    ):
        do(np.add, left, right, total)
        do(np.subtract, left, right, difference)
    return y


def _put(do: Plan, y: Array, part: Chunk, images: Array) -> None:
    """Tiles y (O, 2, 2, P) go to their places in images (O, H, W, N); what hangs over is dropped."""
    for p in (0, 1):
        for q in (0, 1):
            rows = slice(2 * part.rows.start + p, 2 * part.rows.stop, 2)
            columns = slice(2 * part.columns.start + q, 2 * part.columns.stop, 2)
            target = images[:, rows, columns, part.samples]
            found = y[:, p, q].reshape(len(images), *part.shape)
            if target.size:
                do(np.copyto, target, found[:, : target.shape[1], : target.shape[2]])
