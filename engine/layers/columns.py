"""Windows over images as the columns of a matrix, a chunk that fits the cache at a time: what convolution is made of.

Images are (C, H, W, N). A chunk is a run of output positions that lie side by side in memory: whole rows of the output
for all samples, or part of one row, or, in a very large batch, part of the samples at one pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.layers.base import Shape
from engine.memory import Array
from engine.plan import PACKING_STARTS, Plan

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
            raise ValueError(
                f"has a kernel that spans {span} pixels and an input of {name} {size}{with_padding}, shape {shape}; "
                f"make the kernel at most {most}, or the padding at least {least}"
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
    """Cuts the positions of images of `shape` (C, H, W, N) so that columns of `column` elements each fit the cache."""
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
    return tuple(Chunk(rows, slice(0, width), everyone) for rows in _even(height, most // (width * batch)))


def _even(length: int, most: int) -> tuple[slice, ...]:
    """0 ... length in as few parts of at most `most` as possible, about equally long."""
    edges = np.linspace(0, length, -(-length // most) + 1).astype(int).tolist()
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

    The longer of m and n is cut, as in engine/plan.py: below about a million multiplications OpenBLAS leaves out its
    packing.
    """
    groups, m, k = a.shape
    n = b.shape[2]
    length = max(m, n)
    piece = PACKING_STARTS // (k * min(m, n)) // 16 * 16
    if piece < NARROWEST_PIECE or piece >= length:
        do(np.matmul, a, b, out)
        return
    pieces = -(-length // piece)
    piece = -(-length // (16 * pieces)) * 16
    count = length // piece
    cut = count * piece
    if n >= m:
        right, found = b[:, :, :cut].reshape(groups, k, count, piece), out[:, :, :cut].reshape(groups, m, count, piece)
        do(np.matmul, a[:, None], right.transpose(0, 2, 1, 3), found.transpose(0, 2, 1, 3))
        if cut < n:
            do(np.matmul, a, b[:, :, cut:], out[:, :, cut:])
    else:
        found = out[:, :cut].reshape(groups, count, piece, n)
        do(np.matmul, a[:, :cut].reshape(groups, count, piece, k), b[:, None], found)
        if cut < m:
            do(np.matmul, a[:, cut:], b, out[:, cut:])
