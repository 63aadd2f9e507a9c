"""Pictures in half blocks: two square-ish picture elements a cell, one as the foreground, one as the background."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.picture import Picture

UPPER = ord("▀")
SHADES = np.array([ord(c) for c in " ░▒▓█"], np.uint32)
BELOW, ABOVE = (np.array([ord(c) for c in text], np.uint32) for text in (" ·-=≡", " ·+*#"))
Floats = NDArray[np.float64]


def halves(colors: NDArray[np.int32]) -> Picture:
    """Colours, (rows, columns), as a picture of half as many rows; an odd last row is repeated."""
    if len(colors) % 2:
        colors = np.vstack([colors, colors[-1:]])
    picture = Picture(colors.shape[1], len(colors) // 2)
    picture.chars[:] = UPPER
    picture.fg, picture.bg = colors[::2].astype(np.int32), colors[1::2].astype(np.int32)
    return picture


def shades(values: Floats, signed: bool = False) -> Picture:
    """Values, (rows, columns) in [0, 1] or, signed, [-1, 1], as characters instead of colours; rows taken in pairs."""
    if len(values) % 2:
        values = np.vstack([values, values[-1:]])
    pairs = np.nan_to_num((values[::2] + values[1::2]) / 2)
    picture = Picture(values.shape[1], len(values) // 2)
    level = np.rint(np.clip(np.abs(pairs), 0, 1) * (len(SHADES) - 1)).astype(int)
    picture.chars[:] = np.where(pairs < 0, BELOW[level], ABOVE[level]) if signed else SHADES[level]
    return picture


def scaled(values: ArrayLike, rows: int, columns: int, smooth: bool = False) -> Floats:
    """A picture, (rows, columns) or (rows, columns, channels), scaled to a size: nearest, or bilinear."""
    at = np.asarray(values, float)
    if not at.size or rows < 1 or columns < 1:
        return np.zeros((max(0, rows), max(0, columns), *at.shape[2:]))
    y, x = ((np.arange(n) + 0.5) * size / n for n, size in ((rows, at.shape[0]), (columns, at.shape[1])))
    if not smooth:
        near: Floats = at[y.astype(int)][:, x.astype(int)]
        return near
    with np.errstate(invalid="ignore"):
        return _between(at, y, x)


def _between(at: Floats, y: Floats, x: Floats) -> Floats:
    """The values of a picture at places between the middles of its cells."""
    for axis, place in enumerate((y, x)):
        size = at.shape[axis]
        place = np.clip(place - 0.5, 0, size - 1)
        before = np.minimum(place.astype(int), max(0, size - 2))
        share = (place - before).reshape(tuple(-1 if a == axis else 1 for a in range(at.ndim)))
        after = np.minimum(before + 1, size - 1)
        at = np.take(at, before, axis) * (1 - share) + np.take(at, after, axis) * share
    return at
