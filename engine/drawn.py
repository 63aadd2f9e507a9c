"""A person's drawing as an image that a network was trained on: cut out, scaled and centered as the data set was."""

from dataclasses import dataclass

import numpy as np

from engine.memory import Array

INK = 0.1  # what is paler does not count as drawn
ENOUGH = 100  # images that show how a data set's images are made


@dataclass(frozen=True, eq=False)
class Manner:
    """How images are made: `ground` (C,) is the colour around what they show, `share` how much of a side that takes."""

    ground: Array
    share: float = 20 / 28


MNIST = Manner(np.zeros(1))


def manner(images: Array) -> Manner:
    """How images (N, C, H, W) with values in [0, 1] are made, from the first hundred.

    The ground is the median of the pixels at their edges. What differs from it by more than INK is what they show; the
    share is the median over the images of the larger of its height / H and its width / W, 20 / 28 for MNIST.
    """
    some = np.asarray(images[:ENOUGH], np.float32)
    edges = np.concatenate([some[:, :, 0], some[:, :, -1], some[..., 0], some[..., -1]], axis=2)
    ground = np.clip(np.median(edges, axis=(0, 2)), 0, 1)
    shown = (np.abs(some - ground[:, None, None]) > INK).any(axis=1)
    sides = [_extent(shown.any(axis)) / shown.shape[3 - axis] for axis in (1, 2)]
    larger = np.maximum(*sides)
    return Manner(ground, float(np.median(larger[larger > 0])) if larger.any() else MNIST.share)


def as_image(drawing: Array, shape: tuple[int, ...], made: Manner = MNIST, colors: Array | None = None) -> Array:
    """A drawing (rows, columns), ink 1 on paper 0, as an image of `shape` (C, H, W), float32 in [0, 1].

    8x8 in gray is made as the digits of UCI were, everything else as MNIST was, in the share of the image that `made`
    tells. `colors` (rows, columns, C) are the ink's, by default white on a dark ground and black on a light one. An
    empty drawing gives the ground. Raises ValueError for shapes that are not those of an image.
    """
    if len(shape) != 3:
        raise ValueError(f"a drawing is an image and the network takes shape {shape}")
    ground = np.broadcast_to(made.ground, (shape[0],))[:, None, None]
    if shape == (1, 8, 8):
        ink = as_digits(drawing)
        return np.asarray(ground * (1 - ink) + ink * (ground < 0.5), np.float32)
    if colors is None:
        colors = np.full((*drawing.shape, shape[0]), float(ground.mean() < 0.5))
    layers = np.concatenate([drawing[None], drawing[None] * np.moveaxis(colors, -1, 0)])
    ink, *painted = _fitted(layers, *shape[1:], made.share)
    return np.asarray(ground * (1 - ink) + np.stack(painted), np.float32)


def as_mnist(drawing: Array, height: int = 28, width: int = 28) -> Array:
    """The ink, scaled to fit 20/28 of the image with its aspect kept and smooth edges, its center of mass moved by
    whole pixels to the middle (LeCun, Cortes, Burges 1998).

    The middle is the pixel with number height // 2, width // 2, which is where it is in MNIST's files.
    """
    return np.asarray(_fitted(np.asarray(drawing)[None], height, width, MNIST.share)[0])


def as_digits(drawing: Array) -> Array:
    """The ink as a bitmap of 32x32, as high as that and at most 24 wide, of which each 4x4 block is counted: 8x8 in
    steps of 1/16 (Alpaydin & Kaynak 1998; the sizes are those found in the data).
    """
    ink = cut(drawing)
    if not ink.size:
        return np.zeros((8, 8))
    scale = min(32 / ink.shape[0], 24 / ink.shape[1])
    rows, columns = (max(1, round(scale * size)) for size in ink.shape)
    bitmap = np.zeros((32, 32))
    top, left = (32 - rows) // 2, (32 - columns) // 2
    bitmap[top : top + rows, left : left + columns] = resized(ink, rows, columns)
    counts: Array = (bitmap >= 0.5).reshape(8, 4, 8, 4).sum((1, 3)) / 16
    return counts


def cut(drawing: Array) -> Array:
    """The part of a drawing that holds all of its ink; without any, an array of no size."""
    return np.asarray(drawing, np.float64)[_box(drawing)]


def resized(image: Array, rows: int, columns: int) -> Array:
    """An image (..., H, W) as (..., rows, columns), each pixel a mean weighted by a triangle as wide as two of the
    larger pixels, so that what is made smaller keeps smooth edges.
    """
    return np.asarray(_weights(image.shape[-2], rows) @ image @ _weights(image.shape[-1], columns).T)


def _fitted(layers: Array, height: int, width: int, share: float) -> Array:
    """Layers (L, rows, columns) as (L, height, width): the first is the ink, which decides where all of them go.

    Nothing of the ink is moved out of the image.
    """
    image, box = np.zeros((len(layers), height, width)), _box(layers[0])
    ink = np.asarray(layers, np.float64)[:, box[0], box[1]]
    if not ink.size:
        return image
    scale = min(height * share / ink.shape[1], width * share / ink.shape[2])
    rows, columns = (max(1, round(scale * size)) for size in ink.shape[1:])
    small = resized(ink, rows, columns)
    mass = small[0].sum()
    top, left = (
        min(max(0, round(whole // 2 - float((small[0].sum(1 - axis) * np.arange(size)).sum() / mass))), whole - size)
        for axis, size, whole in ((0, rows, height), (1, columns, width))
    )
    image[:, top : top + rows, left : left + columns] = small
    return image


def _box(drawing: Array) -> tuple[slice, slice]:
    """The rows and columns that hold all of the ink."""
    rows, columns = (np.flatnonzero((np.asarray(drawing) > INK).any(axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _extent(there: Array) -> Array:
    """How many places lie from the first that is there to the last, (N, size) to (N,); zero where there is none."""
    size = there.shape[1]
    return np.where(there.any(1), size - there.argmax(1) - there[:, ::-1].argmax(1), 0)


def _weights(size: int, count: int) -> Array:
    """The share (count, size) of each old pixel in each new one."""
    reach = max(1.0, size / count)
    middles = (np.arange(count) + 0.5) * size / count
    weights = np.maximum(0, 1 - np.abs(middles[:, None] - (np.arange(size) + 0.5)) / reach)
    return np.asarray(weights / weights.sum(1, keepdims=True))
