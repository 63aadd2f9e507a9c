"""Windows over images as the columns of a matrix, a chunk that fits the cache at a time: what convolution is made of.

Images are (C, H, W, N). A chunk is a run of output positions that lie side by side in memory: whole rows of the output
for all samples, or part of one row, or, in a very large batch, part of the samples at one pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.layers.base import Shape, pieces
from engine.memory import Array
from engine.plan import PACKING_STARTS, WIDTH, Plan

COLUMN_FLOATS = 260_000
MOST_POSITIONS = 3_600
FEWEST_POSITIONS = 256
NARROWEST_PIECE = 32


def windows_over(shape: Shape, kernel: int, stride: int, padding: int, dilation: int = 1) -> tuple[int, int]:
    """How many windows fit below and beside each other on images (C, H, W):
    floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. Raises ValueError where not even one fits.
    """
    span = dilation * (kernel - 1) + 1
    for name, size in zip(("height", "width"), shape[1:], strict=True):
        room = size + 2 * padding
        if span > room:
            with_padding = f" ({room} with its padding)" if padding else ""
            most, least = (room - 1) // dilation + 1, -(-(span - size) // 2)
            closer = f"the dilation at most {(room - 1) // (kernel - 1)}, " if kernel <= room else ""
            raise ValueError(
                f"has a kernel that spans {span} pixels and an input of {name} {size}{with_padding}, shape {shape}; "
                f"make {closer}the kernel at most {most}, or the padding at least {least}"
            )
    height, width = ((size + 2 * padding - span) // stride + 1 for size in shape[1:])
    return height, width


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """`shape` as (C, H, W). Raises ValueError where it is none."""
    if len(shape) != 3:
        raise ValueError(f"takes images (channels, height, width) and gets shape {shape}; put it before flatten")
    return shape[0], shape[1], shape[2]


@dataclass(frozen=True)
class Chunk:
    """Output positions: rows, columns and samples."""

    rows: slice
    columns: slice
    samples: slice

    @property
    def shape(self) -> Shape:
        """(rows, columns, samples)."""
        return tuple(part.stop - part.start for part in (self.rows, self.columns, self.samples))

    @property
    def positions(self) -> int:
        """Their product, P."""
        return int(np.prod(self.shape))

    def of(self, y: Array, groups: int) -> Array:
        """The chunk's part of y (O, H', W', N) as (groups, O / groups, P); a view."""
        part = y[:, self.rows, self.columns, self.samples]
        flat = part.reshape(groups, len(y) // groups, self.positions)
        assert np.shares_memory(flat, y)
        return flat


def chunks(shape: Shape, column: int) -> tuple[Chunk, ...]:
    """Cuts the positions of images of `shape` (C, H, W, N) so that columns of `column` elements each fit the cache.

    Where there are several, they make two halves of about the same size.
    """
    _, height, width, batch = shape
    most = min(max(COLUMN_FLOATS // column, FEWEST_POSITIONS), MOST_POSITIONS)
    everyone = slice(0, batch)
    if batch > most:
        return tuple(
            Chunk(slice(row, row + 1), slice(col, col + 1), samples)
            for row in range(height) for col in range(width) for samples in _even(batch, most)
        )  # fmt: skip
    if width * batch > most:
        parts = _even(width, most // batch)
        return tuple(Chunk(slice(row, row + 1), part, everyone) for row in range(height) for part in parts)
    found = tuple(Chunk(rows, slice(0, width), everyone) for rows in _even(height, most // (width * batch)))
    middle = len(found) // 2
    if len(found) % 2 == 0 or len(found) == 1 or width == 1:
        return found
    split = (Chunk(found[middle].rows, part, everyone) for part in _even(width, -(-width // 2)))
    return (*found[:middle], *split, *found[middle + 1 :])


def _even(length: int, most: int) -> tuple[slice, ...]:
    """0 ... length in few parts of at most `most`, about equally long, and an even number of them if possible."""
    count = -(-length // most)
    count += count % 2 and 1 < count < length
    edges = np.linspace(0, length, count + 1).astype(int).tolist()
    return tuple(slice(start, stop) for start, stop in pairwise(edges))


@dataclass(frozen=True)
class Windows:
    """A square kernel's windows on padded images: kernel k, stride s, dilation d, padding p, and groups of channels."""

    kernel: int
    stride: int
    padding: int
    dilation: int
    groups: int

    def read(self, padded: Array, chunk: Chunk) -> Array:
        """The pixels of a chunk's windows, (groups, C / groups, k, k, rows, columns, samples); a view of the padded
        images.
        """
        d, s = self.dilation, self.stride
        first = padded[:, chunk.rows.start * s :, chunk.columns.start * s :, chunk.samples]
        c, h, w, n = first.strides
        inputs = len(padded) // self.groups
        shape = (self.groups, inputs, self.kernel, self.kernel, *chunk.shape)
        return as_strided(first, shape, (inputs * c, c, d * h, d * w, s * h, s * w, n))

    def unroll(self, columns: Array, chunk: Chunk) -> Array:
        """Columns (groups, C k^2 / groups, P), split up as `read` gives the pixels; a view."""
        return columns.reshape(self.groups, -1, self.kernel, self.kernel, *chunk.shape)

    def overlaps(self, dx: Array, slopes: Array, chunk: Chunk) -> Iterator[tuple[Array, Array]]:
        """For each weight of the kernel the pixels of dx (C, H, W, N) that it touches, and what belongs there: pairs of
        views.
        """
        _, height, width, _ = dx.shape
        dx = dx.reshape(self.groups, -1, *dx.shape[1:])
        for r in range(self.kernel):
            rows = self._inside(chunk.rows, r, height)
            for q in range(self.kernel):
                columns = self._inside(chunk.columns, q, width)
                if rows and columns:
                    yield dx[:, :, rows[0], columns[0], chunk.samples], slopes[..., r, q, rows[1], columns[1], :]

    def _inside(self, part: slice, offset: int, size: int) -> tuple[slice, slice] | None:
        """Of the outputs in `part`, those whose pixel at `offset` in the kernel lies in the image: the pixels, the
        outputs from 0.
        """
        s, start = self.stride, self.dilation * offset - self.padding
        first = max(part.start, -(start // s))
        last = min(part.stop - 1, (size - 1 - start) // s)
        if first > last:
            return None
        pixels = slice(s * first + start, s * last + start + 1, s)
        return pixels, slice(first - part.start, last - part.start + 1)


def write_product(do: Plan, a: Array, b: Array, out: Array) -> None:
    """out = a @ b for stacks (groups, m, k), (groups, k, n), (groups, m, n), in fast pieces.

    As in engine/plan.py, pieces stay below a million multiplications, where OpenBLAS leaves out its packing. The longer
    of m and n is cut; where pieces would become too thin, both are. Where b lies transposed in memory, OpenBLAS has a
    fast way for small results only.
    """
    groups, m, k = a.shape
    n = b.shape[2]
    rows, columns = m, n
    transposed = b.strides[2] != b.itemsize
    if m >= n or transposed:
        rows = PACKING_STARTS // (k * n)
        if transposed:
            rows = min(rows, SMALL_RESULT // n)
    else:
        columns = PACKING_STARTS // (k * m)
        columns = columns // WIDTH * WIDTH or columns // 16 * 16
        if columns < NARROWEST_PIECE:
            rows, columns = PACKING_STARTS // (k * WIDTH), WIDTH
    rows, columns = _even_piece(m, rows), min(columns, n)
    if not rows or not columns or (rows, columns) == (m, n) or (rows < m and columns < n and rows < FEWEST_ROWS):
        do(np.matmul, a, b, out)
        return
    down, right = m // rows * rows, n // columns * columns
    left = a[:, :down].reshape(groups, m // rows, 1, rows, k)
    above = b[:, :, :right].reshape(groups, k, n // columns, columns).transpose(0, 2, 1, 3)[:, None]
    found = out[:, :down, :right].reshape(groups, m // rows, rows, n // columns, columns).transpose(0, 1, 3, 2, 4)
    do(np.matmul, left, above, found)
    if right < n:
        do(np.matmul, a[:, :down], b[:, :, right:], out[:, :down, right:])
    if down < m:
        do(np.matmul, a[:, down:], b, out[:, down:])


def add_up(do: Plan, totals: list[Array]) -> Array:
    """The sum of what the halves have found, in the first one's array."""
    for other in totals[1:]:
        do(np.add, totals[0], other, totals[0])
    return totals[0]


def add_pixels(do: Plan, images: Array, out: Array) -> None:
    """out (C) = the sum of each channel's pixels, for images (C, ...)."""
    ones = np.ones(images[0].size, images.dtype)
    for half, part in do.each(pieces(images)):
        half(images[part].reshape(-1, ones.size).dot, ones, out[part])


def add_product(do: Plan, a: Array, b: Array, total: Array, spare: Array, first: bool) -> None:
    """total += a @ b, or = where it is the first; a long inner axis is cut as `write_product` cuts the outer ones."""
    inner = a.shape[2]
    longest = PACKING_STARTS // min(a.shape[1] * b.shape[2], SMALL_RESULT)
    parts = -(-inner // longest) if inner >= LONG_INNER else 1
    edges = [inner * part // parts for part in range(parts + 1)]
    for start, stop in pairwise(edges):
        fresh = first and start == 0
        write_product(do, a[:, :, start:stop], b[:, start:stop], total if fresh else spare)
        if not fresh:
            do(np.add, total, spare, total)


LONG_INNER = 1_536
SMALL_RESULT = 1_152
FEWEST_ROWS = 16


def _even_piece(length: int, most: int) -> int:
    """The length of pieces of at most `most`, a multiple of 8, without a rest if possible; 0 where none is so short."""
    if length <= most:
        return length
    fitting = range(most // 8 * 8, most // 2, -8)
    without_rest = [piece for piece in fitting if length % piece == 0]
    return next(iter([*without_rest, *fitting]), 0)
