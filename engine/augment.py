"""Augmentation: every epoch shows each image a little differently, so that a network learns what does not matter.

Randomness has no state: the samples of an epoch, in shuffled order, are cut into blocks, and all that is drawn
for a block comes from rng(seed, "augmentation", epoch, block). So a sample gets the same change wherever one
resumes in the epoch, and whatever the batch size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from pydantic import Field

from engine.component import Model
from engine.memory import Array
from engine.rng import rng

BLOCK = 256


class Augmentation(Model):
    """Random changes to the training images, in this order; zero or false turns one off. What moves in is zero."""

    crop: int = Field(
        0, ge=0, le=256, description="zeros added on each side before a random part of the old size is cut"
    )
    shift: int = Field(0, ge=0, le=256, description="largest move, in pixels, in each direction")
    flip: bool = Field(False, description="mirrors half of the images, drawn at random, left to right")
    rotation: float = Field(
        0.0, ge=0, le=180, description="largest turn, in degrees, either way", json_schema_extra={"first": 5}
    )
    brightness: float = Field(0.0, ge=0, le=10, description="largest number added to an image, or taken off")
    noise: float = Field(0.0, ge=0, le=10, description="standard deviation of normal noise on each pixel")
    cutout: int = Field(0, ge=0, le=256, description="side of a square that is set to zero (DeVries & Taylor 2017)")
    mixup: float = Field(
        0.0, ge=0, le=10, description="alpha: mixes pairs and their targets by Beta(alpha, alpha) (Zhang 2018)"
    )

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        return self != Augmentation()

    def images(self, x: Array, generator: Generator) -> Array:
        """Changed copies of images x (rows, C, H, W), of the same shape; mixup, which needs targets, is `mixed`."""
        x = x.copy()
        if self.crop or self.shift:
            x = _moved(x, generator, self.crop + self.shift)
        if self.flip:
            mirrored = generator.random(len(x)) < 0.5
            x[mirrored] = x[mirrored, :, :, ::-1]
        if self.rotation:
            x = _turned(x, np.radians(generator.uniform(-self.rotation, self.rotation, len(x))))
        if self.brightness:
            x += generator.uniform(-self.brightness, self.brightness, (len(x), 1, 1, 1)).astype(x.dtype)
        if self.noise:
            x += self.noise * generator.standard_normal(x.shape, np.float32)
        if self.cutout:
            _cut_out(x, generator, self.cutout)
        return x

    def mixed(self, x: Array, targets: Array, generator: Generator) -> tuple[Array, Array]:
        """a x + (1 - a) x', and the same of the targets, with x' the same rows in another order."""
        share, other = self.pairs(len(x), generator)

        def mix(rows: Array) -> Array:
            a = share.reshape(-1, *[1] * (rows.ndim - 1)).astype(rows.dtype)
            return np.asarray(a * rows + (1 - a) * rows[other])

        return mix(x), mix(targets)

    def pairs(self, rows: int, generator: Generator) -> tuple[Array, Array]:
        """The draws of mixup for a block: a (rows,), at least 1/2, and the row that each row is mixed with."""
        share = generator.beta(self.mixup, self.mixup, rows)
        return np.maximum(share, 1 - share), generator.permutation(rows)


@dataclass(frozen=True, eq=False)
class Preview:
    """The first samples of an epoch before and after augmentation, as training sees them.

    `rows` (n,) numbers in the training split, in the epoch's order; `before` and `after` (n, C, H, W) inputs;
    `partners` (n,) the rows that mixup mixed in, `shares` (n,) what is left of a sample's own picture and target: its
    own row and 1 where nothing is mixed.
    """

    epoch: int
    rows: Array
    before: Array
    after: Array
    partners: Array
    shares: Array


class Augmented:
    """The blocks of an epoch, changed, of which the last few are kept."""

    def __init__(self, settings: Augmentation, seed: int, gather: Callable[[Array], tuple[Array, Array]]) -> None:
        """`gather` gives images (rows, C, H, W) and targets (rows, T) for row numbers."""
        self.settings, self.seed, self.gather = settings, seed, gather
        self._kept: dict[tuple[int, int], tuple[Array, Array]] = {}

    def rows(self, epoch: int, order: Array, start: int, stop: int) -> tuple[Array, Array]:
        """Inputs (stop - start, features) and targets (stop - start, T) at these places of the epoch's order."""
        blocks = [self._block(epoch, order, number) for number in range(start // BLOCK, -(-stop // BLOCK))]
        first = start // BLOCK * BLOCK
        x, targets = (np.concatenate(parts)[start - first : stop - first] for parts in zip(*blocks, strict=True))
        return x.reshape(len(x), -1), targets

    def preview(self, epoch: int, order: Array, count: int) -> Preview:
        """At most `count` samples from the start of the epoch's order, and no more than a block."""
        block = order[:BLOCK]
        rows = block[:count]
        partners, shares = rows, np.ones(len(rows))
        if self.settings.mixup:
            generator = rng(self.seed, "augmentation", epoch, 0)
            self.settings.images(self.gather(block)[0], generator)
            shares, other = self.settings.pairs(len(block), generator)
            partners, shares = block[other[:count]], shares[:count]
        after = self._block(epoch, order, 0)[0][:count].copy()
        return Preview(epoch, rows.copy(), self.gather(rows)[0], after, partners, shares)

    def _block(self, epoch: int, order: Array, number: int) -> tuple[Array, Array]:
        key = (epoch, number)
        if key not in self._kept:
            generator = rng(self.seed, "augmentation", epoch, number)
            x, targets = self.gather(order[number * BLOCK : (number + 1) * BLOCK])
            x = self.settings.images(x, generator)
            if self.settings.mixup:
                x, targets = self.settings.mixed(x, targets, generator)
            while len(self._kept) > 1:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (x, targets)
        return self._kept[key]


def _moved(x: Array, generator: Generator, most: int) -> Array:
    """Each image moved by up to `most` pixels along both axes."""
    rows, _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (most, most), (most, most)))
    moved = np.empty_like(x)
    for row, (down, right) in enumerate(generator.integers(0, 2 * most + 1, (rows, 2)).tolist()):
        moved[row] = padded[row, :, down : down + height, right : right + width]
    return moved


def _turned(x: Array, angles: Array) -> Array:
    """Each image turned about its middle by its angle in radians; pixels in between are bilinear."""
    rows, _, height, width = x.shape
    down, right = np.arange(height)[:, None] - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    sine, cosine = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    y, z = cosine * down - sine * right + (height - 1) / 2, sine * down + cosine * right + (width - 1) / 2
    top, left = np.floor(y).astype(int), np.floor(z).astype(int)
    below, beside = (y - top).astype(x.dtype), (z - left).astype(x.dtype)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    row, turned = np.arange(rows)[:, None, None], np.zeros_like(x)
    for step_down, weight_down in ((0, 1 - below), (1, below)):
        for step_right, weight_right in ((0, 1 - beside), (1, beside)):
            a = np.clip(top + step_down + 1, 0, height + 1)
            b = np.clip(left + step_right + 1, 0, width + 1)
            pixels = padded[row, :, a, b].transpose(0, 3, 1, 2)
            turned += pixels * (weight_down * weight_right)[:, None]
    return turned


def _cut_out(x: Array, generator: Generator, side: int) -> None:
    """A square around a random pixel of each image is set to zero; it may reach over the border."""
    rows, _, height, width = x.shape
    tops = generator.integers(0, height, rows) - side // 2
    lefts = generator.integers(0, width, rows) - side // 2
    for row, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        x[row, :, max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = 0
