"""Pooling: a window of each channel becomes one number, its largest or its mean."""

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from engine.layers.base import Layer, Shape, Site
from engine.layers.columns import image_shape, windows_over
from engine.memory import Array
from engine.plan import Plan

CHUNK_FLOATS = 32_768

Piece = tuple[slice, slice, slice]


class Pooling(Layer):
    """What pooling layers share: windows k wide and high, s apart, over images with p pixels added on each side."""

    passes_scale: ClassVar[bool] = True
    kernel: int = Field(2, ge=1, le=1_024, description="height and width of a window")
    stride: int = Field(0, ge=0, le=1_024, description="pixels from one window to the next; 0: as many as the kernel's")
    padding: int = Field(0, ge=0, le=512, description="pixels added on each side; at most half the kernel")

    @field_validator("padding")
    @classmethod
    def _padding_fits(cls, padding: int, before: ValidationInfo) -> int:
        kernel = before.data.get("kernel", 2 * padding)
        if 2 * padding > kernel:
            raise ValueError(f"must be at most {kernel // 2}, half the kernel of {kernel}")
        return padding

    @property
    def step(self) -> int:
        """s, in pixels."""
        return self.stride or self.kernel

    def shape(self, *shapes: Shape) -> Shape:
        """(C, H', W') with H' = floor((H + 2p - k) / s) + 1. Raises ValueError where no window fits."""
        channels, height, width = image_shape(shapes[0])
        return (channels, *windows_over((channels, height, width), self.kernel, self.step, self.padding))

    def _padded(self, do: Plan, at: Site, border: float) -> Array:
        """x with its border."""
        if not self.padding:
            return at.x
        padded, p = at.keep("padded", self._padded_shape(at)), self.padding
        padded.fill(border)
        do(np.copyto, padded[:, p:-p, p:-p], at.x)
        return padded

    def _padded_shape(self, at: Site) -> Shape:
        channels, height, width, batch = at.x.shape
        return (channels, height + 2 * self.padding, width + 2 * self.padding, batch)

    def _halves(self, do: Plan, y: Array) -> Iterator[tuple[Plan, list[Piece]]]:
        """The pieces of y, cut between two channels, since windows of one channel may share pixels."""
        by_channel = [list(group) for _, group in groupby(self._pieces(y), key=lambda piece: piece[0].start)]
        for half, own in do.shares(by_channel):
            yield half, [piece for group in own for piece in group]

    def _pieces(self, y: Array) -> Iterator[Piece]:
        """Channels, rows of y (C, H', W', N), and the rows of x under them, in pieces that fit the cache."""
        channels, height, width, batch = y.shape
        rows = min(height, max(1, CHUNK_FLOATS // (self.step**2 * width * batch)))
        deep = max(1, CHUNK_FLOATS // (self.step**2 * width * batch * rows)) if rows == height else 1
        for channel in range(0, channels, deep):
            for row in range(0, height, rows):
                end = min(row + rows, height)
                under = slice(row * self.step, (end - 1) * self.step + self.kernel)
                yield slice(channel, min(channel + deep, channels)), slice(row, end), under

    def _shifted(self, images: Array, count: int, axis: int) -> list[Array]:
        """k views along an axis: the first pixel of each of `count` windows, the second, and so on."""
        place: list[slice] = [slice(None)] * images.ndim
        views = []
        for offset in range(self.kernel):
            place[axis] = slice(offset, offset + self.step * (count - 1) + 1, self.step)
            views.append(images[tuple(place)])
        return views

    def _room(self, at: Site, pieces: list[Piece]) -> Array:
        """Room for one piece after the pass along its rows, flat."""
        return at.scratch((max(self._size(at.y, channel, under) for channel, _, under in pieces),))

    def _size(self, y: Array, channel: slice, under: slice) -> int:
        return int((channel.stop - channel.start) * (under.stop - under.start) * y.shape[2] * y.shape[3])

    def _halfway(self, room: Array, y: Array, channel: slice, under: slice) -> Array:
        """A piece after the pass along its rows, (channels, rows of x, W', N), in `room`."""
        shape = (channel.stop - channel.start, under.stop - under.start, *y.shape[2:])
        return room[: self._size(y, channel, under)].reshape(shape)


class MaxPool2d(Pooling, name="max_pool2d"):
    """y[c, i, j] = max over r, q < k of x[c, s i + r - p, s j + q - p], with -inf outside the image.

    x (C, H, W, N), y (C, H', W', N). The gradient goes to the largest pixel; among equals to the first, row by row, as
    in PyTorch. The maximum is taken along each row and then over the rows; masks of one byte, one a comparison, keep
    who won.
    """

    def forward(self, do: Plan, at: Site) -> None:
        """best = x_0; then for q = 1 ... k - 1: won_q = [x_q > best], best = max(best, x_q); rows, then columns."""
        x, y = self._padded(do, at, -np.inf), at.y
        across, down = self._masks(at) if at.training else (None, None)
        for half, pieces in self._halves(do, y):
            room = self._room(at, pieces)
            for channel, rows, under in pieces:
                best = self._halfway(room, y, channel, under)
                won = None if across is None else across[:, channel, under]
                _largest(half, self._shifted(x[channel, under], y.shape[2], 2), best, won)
                won = None if down is None else down[:, channel, rows]
                _largest(half, self._shifted(best, rows.stop - rows.start, 1), y[channel, rows], won)

    def backward(self, do: Plan, at: Site) -> None:
        """For q = k - 1 ... 1: dx_q = left won_q, left = left - dx_q; dx_0 = left. Down columns, then along rows."""
        if at.dx is None:
            return
        dx = at.scratch(self._padded_shape(at)) if self.padding else at.dx
        y = at.y
        across, down = self._masks(at)
        apart = self.kernel == self.step
        if not apart or dx[0, :, :, 0].size != apart * self.kernel**2 * y[0, :, :, 0].size:
            do(dx.fill, 0)
        for half, pieces in self._halves(do, y):
            room, spare = self._room(at, pieces), (self._room(at, pieces), self._room(at, pieces))
            for channel, rows, under in pieces:
                halfway = self._halfway(room, y, channel, under)
                if not apart:
                    half(halfway.fill, 0)
                views = self._shifted(halfway, rows.stop - rows.start, 1)
                _spread(half, at.dy[channel, rows], down[:, channel, rows], views, spare, apart)
                views = self._shifted(dx[channel, under], y.shape[2], 2)
                _spread(half, halfway, across[:, channel, under], views, spare, apart)
        if self.padding:
            p = self.padding
            do(np.copyto, at.dx, dx[:, p:-p, p:-p])

    def _masks(self, at: Site) -> tuple[Array, Array]:
        """One byte a comparison: along rows (k - 1, C, H + 2p, W', N) and down columns (k - 1, C, H', W', N)."""
        tall = (at.y.shape[0], self._padded_shape(at)[1], *at.y.shape[2:])
        others = self.kernel - 1
        return at.keep("across", (others, *tall), np.bool_), at.keep("down", (others, *at.y.shape), np.bool_)


class AvgPool2d(Pooling, name="avg_pool2d"):
    """y[c, i, j] = mean over r, q < k of x[c, s i + r - p, s j + q - p]; zeros outside the image count, as in PyTorch.

    x (C, H, W, N), y (C, H', W', N). Each pixel of a window gets dy / k^2.
    """

    def forward(self, do: Plan, at: Site) -> None:
        """The sum along the rows, then down the columns, over k^2."""
        x, y = self._padded(do, at, 0.0), at.y
        for half, pieces in self._halves(do, y):
            room = self._room(at, pieces)
            for channel, rows, under in pieces:
                along, target = self._halfway(room, y, channel, under), y[channel, rows]
                _sum(half, self._shifted(x[channel, under], y.shape[2], 2), along)
                _sum(half, self._shifted(along, rows.stop - rows.start, 1), target)
                half(np.multiply, target, 1 / self.kernel**2, target)

    def backward(self, do: Plan, at: Site) -> None:
        """dy / k^2, added to each pixel of its window: down the columns, then along the rows."""
        if at.dx is None:
            return
        dx = at.scratch(self._padded_shape(at)) if self.padding else at.dx
        y = at.y
        do(dx.fill, 0)
        for half, pieces in self._halves(do, y):
            room, spare = self._room(at, pieces), self._room(at, pieces)
            for channel, rows, under in pieces:
                along, dy = self._halfway(room, y, channel, under), at.dy[channel, rows]
                share = spare[: dy.size].reshape(dy.shape)
                half(np.multiply, dy, 1 / self.kernel**2, share)
                half(along.fill, 0)
                for view in self._shifted(along, rows.stop - rows.start, 1):
                    half(np.add, view, share, view)
                for view in self._shifted(dx[channel, under], y.shape[2], 2):
                    half(np.add, view, along, view)
        if self.padding:
            p = self.padding
            do(np.copyto, at.dx, dx[:, p:-p, p:-p])


class GlobalAvgPool(Layer, name="global_avg_pool"):
    """y[c] = mean of x[c] over the whole image (Lin 2013): x (C, H, W, N), y (C, N), a vector for dense layers."""

    passes_scale: ClassVar[bool] = True

    def shape(self, *shapes: Shape) -> Shape:
        """(C,). Raises ValueError where the input is no image."""
        return (image_shape(shapes[0])[0],)

    def forward(self, do: Plan, at: Site) -> None:
        """y = sum / (H W)."""
        channels, height, width, batch = at.x.shape
        do(np.add.reduce, at.x.reshape(channels, height * width, batch), 1, None, at.y)
        do(np.multiply, at.y, 1 / (height * width), at.y)

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy / (H W), the same for each pixel."""
        if at.dx is not None:
            do(np.multiply, at.dy[:, None, None], 1 / (at.x.shape[1] * at.x.shape[2]), at.dx)


def _sum(do: Plan, views: list[Array], out: Array) -> None:
    do(np.copyto, out, views[0])
    for view in views[1:]:
        do(np.add, out, view, out)


def _largest(do: Plan, views: list[Array], best: Array, won: Array | None) -> None:
    """The elementwise maximum of all views, and for each view but the first whether it beat those before it."""
    ahead = views[0]
    for number, view in enumerate(views[1:]):
        if won is not None:
            do(np.greater, view, ahead, won[number])
        do(np.maximum, ahead, view, best)
        ahead = best
    if len(views) == 1:
        do(np.copyto, best, ahead)


def _spread(do: Plan, dy: Array, won: Array, views: list[Array], spare: tuple[Array, Array], apart: bool) -> None:
    """Gives dy to the view that won; the views are overwritten where they lie `apart`, else added to."""
    rest, share = (room[: dy.size].reshape(dy.shape) for room in spare)
    left = dy
    for number in range(len(views) - 1, 0, -1):
        taken = views[number] if apart else share
        do(np.multiply, left, won[number - 1], taken)
        if not apart:
            do(np.add, views[number], taken, views[number])
        last = views[0] if apart and number == 1 else rest
        do(np.subtract, left, taken, last)
        left = last
    if not apart:
        do(np.add, views[0], left, views[0])
    elif len(views) == 1:
        do(np.copyto, views[0], left)
