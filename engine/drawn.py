"""A person's drawing as an image that a network was trained on: cut out, scaled and centered as the data set was."""

from dataclasses import dataclass

import numpy as np

from engine.memory import Array

INK = 0.1  # what is paler does not count as drawn
ENOUGH = 100  # images that show how a data set's images are made
SIDE, NARROW = 32, 20  # rows of the bitmap of a UCI digit, and columns that its ink takes at most
WEIGHT = 312  # elements of it that are ink: the mean over the data set


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


def as_digits(drawing: Array) -> Array:
    """The ink made as the digits of UCI were: 8x8 in steps of 1/16, each the count of a 4x4 block of a bitmap of 32x32.

    The bitmap is that of NIST's form-based handprint recognition system (Garris et al. 1994, NISTIR 5469), which
    Alpaydin & Kaynak (1998) used: the leftmost ink of the first and of the last row one above the other, 32 high, at
    most 20 wide, and lines made thicker or thinner until there is as much ink as usual. The sizes are those found in
    the data.
    """
    ink = cut(_upright(cut(drawing)))
    if not ink.size:
        return np.zeros((8, 8))
    columns = min(NARROW, max(1, round(SIDE / ink.shape[0] * ink.shape[1])))
    left = (SIDE - columns) // 2
    bitmap = np.zeros((SIDE, SIDE), np.bool_)
    bitmap[:, left : left + columns] = resized(ink, SIDE, columns) >= 0.5
    counts: Array = _of_usual_weight(bitmap).reshape(8, 4, 8, 4).sum((1, 3)) / 16
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


def _upright(ink: Array) -> Array:
    """Ink sheared, by 45 degrees at most, until its leftmost elements in the first and in the last row are one above
    the other.
    """
    rows = len(ink)
    if rows < 2:
        return ink
    first, last = (int(np.flatnonzero(ink[row] > INK)[0]) for row in (0, -1))
    slope = float(np.clip((last - first) / (rows - 1), -1, 1))
    moves = np.rint(slope * np.arange(rows)).astype(int)
    moves -= moves.min()
    sheared = np.zeros((rows, ink.shape[1] + moves.max()))
    for row, move in enumerate((moves.max() - moves).tolist()):
        sheared[row, move : move + ink.shape[1]] = ink[row]
    return sheared


def _of_usual_weight(bitmap: Array) -> Array:
    """Lines thicker or thinner by an element on each side, as often as brings the ink closer to WEIGHT."""
    while True:
        near = np.pad(bitmap, 1, mode="edge")
        around = near[:-2, 1:-1], near[2:, 1:-1], near[1:-1, :-2], near[1:-1, 2:], bitmap
        other = np.any(around, axis=0) if bitmap.sum() < WEIGHT else np.all(around, axis=0)
        if abs(int(other.sum()) - WEIGHT) >= abs(int(bitmap.sum()) - WEIGHT):
            return bitmap
        bitmap = other


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
