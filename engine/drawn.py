"""A person's drawing as the image that a network was trained on: cut out, scaled and centered as the data set was."""

import numpy as np

from engine.memory import Array

INK = 0.1  # what is paler does not count as drawn


def as_image(drawing: Array, shape: tuple[int, ...]) -> Array:
    """A drawing (rows, columns), ink 1 on paper 0, as an image of `shape` (1, H, W), float32 in [0, 1].

    8x8 is made as the digits of UCI were, everything else as MNIST was. An empty drawing gives an empty image.
    Raises ValueError for other shapes than one channel.
    """
    if len(shape) != 3 or shape[0] != 1:
        raise ValueError(f"a drawing has one channel and the network takes shape {shape}")
    made = as_digits(drawing) if shape[1:] == (8, 8) else as_mnist(drawing, *shape[1:])
    return np.asarray(made[None], np.float32)


def as_mnist(drawing: Array, height: int = 28, width: int = 28) -> Array:
    """The ink, scaled to fit 20/28 of the image with its aspect kept and smooth edges, its center of mass moved by
    whole pixels to the middle (LeCun, Cortes, Burges 1998).

    The middle is the pixel with number height // 2, width // 2, which is where it is in MNIST's files.
    """
    ink, image = cut(drawing), np.zeros((height, width))
    if not ink.size:
        return image
    scale = min(height * 20 / 28 / ink.shape[0], width * 20 / 28 / ink.shape[1])
    rows, columns = (max(1, round(scale * size)) for size in ink.shape)
    small = resized(ink, rows, columns)
    mass = small.sum()
    top, left = (
        round(middle - float((small.sum(1 - axis) * np.arange(size)).sum() / mass))
        for axis, size, middle in ((0, rows, height // 2), (1, columns, width // 2))
    )
    return _placed(small, image, top, left)


def as_digits(drawing: Array) -> Array:
    """The ink as a bitmap of 32x32, as high as that and at most 24 wide, of which each 4x4 block is counted: 8x8 in
    steps of 1/16 (Alpaydin & Kaynak 1998; the sizes are those found in the data).
    """
    ink, bitmap = cut(drawing), np.zeros((32, 32))
    if not ink.size:
        return np.zeros((8, 8))
    scale = min(32 / ink.shape[0], 24 / ink.shape[1])
    rows, columns = (max(1, round(scale * size)) for size in ink.shape)
    bitmap = _placed(resized(ink, rows, columns), bitmap, (32 - rows) // 2, (32 - columns) // 2)
    counts: Array = (bitmap >= 0.5).reshape(8, 4, 8, 4).sum((1, 3)) / 16
    return counts


def cut(drawing: Array) -> Array:
    """The part of a drawing that holds all of its ink; without any, an array of no size."""
    at = np.asarray(drawing, np.float64)
    rows, columns = (np.flatnonzero((at > INK).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((0, 0))
    return at[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def resized(image: Array, rows: int, columns: int) -> Array:
    """An image (H, W) as (rows, columns), each pixel a mean weighted by a triangle as wide as two of the larger
    pixels, so that what is made smaller keeps smooth edges.
    """
    return np.asarray(_weights(image.shape[0], rows) @ image @ _weights(image.shape[1], columns).T)


def _weights(size: int, count: int) -> Array:
    """The share (count, size) of each old pixel in each new one."""
    reach = max(1.0, size / count)
    middles = (np.arange(count) + 0.5) * size / count
    weights = np.maximum(0, 1 - np.abs(middles[:, None] - (np.arange(size) + 0.5)) / reach)
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _placed(small: Array, image: Array, top: int, left: int) -> Array:
    """`small` within the empty `image`; what would stick out is cut off."""
    for row in range(small.shape[0]):
        for column in range(small.shape[1]):
            if 0 <= top + row < image.shape[0] and 0 <= left + column < image.shape[1]:
                image[top + row, left + column] = small[row, column]
    return image
