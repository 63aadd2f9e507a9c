"""Pictures in half blocks: two square-ish picture elements a cell, one as the foreground, one as the background."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture

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
    for axis, place in enumerate((y, x)):
        size = at.shape[axis]
        place = np.clip(place - 0.5, 0, size - 1)
        before = np.minimum(place.astype(int), max(0, size - 2))
        share = (place - before).reshape(tuple(-1 if a == axis else 1 for a in range(at.ndim)))
        after = np.minimum(before + 1, size - 1)
        at = np.take(at, before, axis) * (1 - share) + np.take(at, after, axis) * share
    return at


def draw_heat(
    values: ArrayLike, width: int, height: int, palette: Palette, signed: bool = True, smooth: bool = False
) -> Picture:
    """A heat map, (rows, columns), over `width` x `height` cells.

    Signed: values in [-1, 1] from orange over neutral to blue. Otherwise [0, 1] in grey, dark to light. NaN has its own
    colour.
    """
    at = scaled(values, 2 * height, width, smooth)
    if not at.size:
        return Picture(width, height)
    if palette.depth == "none":
        return shades(at, signed)
    return halves(palette.signed(at) if signed else palette.sequential(at))


def draw_images(
    images: ArrayLike,
    captions: Sequence[str],
    width: int,
    height: int,
    palette: Palette,
    wrong: Sequence[bool] = (),
    chosen: int | None = None,
) -> Picture:
    """Many small pictures side by side, each with a caption below; as many as fit, row by row.

    `images`: (N, rows, columns) grey or (N, 3, rows, columns) colour, values in [0, 1]. They are shown one element to
    one, or halved, ... so that at least one fits. Captions of `wrong` ones are in the problem colour with a ✗.
    """
    at = np.asarray(images, float)
    picture = Picture(width, height)
    if at.ndim not in (3, 4) or not at.size or width < 1 or height < 2:
        return picture
    rows, columns = at.shape[-2:]
    shrink = max(1, -(-columns // width), -(-rows // (2 * (height - 1))))
    rows, columns = max(1, rows // shrink), max(1, columns // shrink)
    cells = -(-rows // 2)
    wide = max(columns, min(width, max((len(c) + 2 for c in captions), default=0)))
    across = max(1, (width + 2) // (wide + 2))
    for index in range(min(len(at), across * max(1, (height + 1) // (cells + 2)))):
        top, left = index // across * (cells + 2), index % across * (wide + 2)
        if top + cells + 1 > height:
            break
        picture.paste(_image(at[index], rows, columns, palette), top, left + (wide - columns) // 2)
        if index < len(captions):
            bad = index < len(wrong) and wrong[index]
            text = ("✗ " if bad else "") + captions[index]
            face = (BOLD if bad else 0) | (REVERSE if index == chosen else 0)
            color = palette.color("problem" if bad else "text")
            picture.put(top + cells, left, text[:wide].center(wide), color, face)
    return picture


def _image(image: Floats, rows: int, columns: int, palette: Palette) -> Picture:
    smooth = image.shape[-2] != rows
    if image.ndim == 2 or palette.depth != "full":
        grey = scaled(image if image.ndim == 2 else image.mean(0), rows, columns, smooth)
        return shades(grey) if palette.depth == "none" else halves(palette.sequential(grey))
    channels = np.rint(np.clip(scaled(np.moveaxis(image, 0, -1), rows, columns, smooth), 0, 1) * 31).astype(int)
    red, green, blue = (channels[..., n] * 255 // 31 for n in range(3))
    return halves((red << 16 | green << 8 | blue).astype(np.int32))
