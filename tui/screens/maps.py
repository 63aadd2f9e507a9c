"""Maps as half blocks: heat of a size, signed maps around zero, and many of them side by side."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.halfblock import halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.panels.samples import fitted, shrunk


def heat(values: ArrayLike, rows: int, columns: int, palette: Palette) -> Picture:
    """A map (H, W) of sizes from zero to its largest, at a size in half rows and columns."""
    at = _sized(np.asarray(values, float), rows, columns)
    at = at / (_largest(at) or 1)
    return shades(at) if palette.depth == "none" else halves(palette.heat(at))


def signed(values: ArrayLike, rows: int, columns: int, palette: Palette, largest: float | None = None) -> Picture:
    """A map (H, W) from orange (below zero) to blue, relative to `largest` (its own largest size where None)."""
    at = _sized(np.asarray(values, float), rows, columns)
    at = at / ((_largest(at) if largest is None else largest) or 1)
    return shades(at, signed=True) if palette.depth == "none" else halves(palette.signed(at))


def grid_size(shape: tuple[int, ...], count: int, width: int, height: int) -> tuple[int, int, int, int]:
    """(rows, columns, across, down) for `count` maps of `shape` on `width` x `height` cells: as large as lets all of
    them be seen, but never smaller than they are unless not even one would fit."""
    best = (1, 1, 1, 1)
    tall, wide = shape
    for factor in (8, 6, 4, 3, 2, 1):
        rows, columns = fitted(shape, min(width, wide * factor), min(2 * height, tall * factor))
        across, down = max(1, (width + 1) // (columns + 1)), max(1, (height + 1) // (-(-rows // 2) + 1))
        best = rows, columns, across, down
        if across * down >= count:
            break
    return best


def draw_maps(maps: NDArray[np.floating], first: int, width: int, height: int, palette: Palette) -> tuple[Picture, int]:
    """Maps (N, H, W) side by side from the `first` on, all on one scale around zero; and how many are in sight."""
    picture = Picture(width, height)
    if not len(maps) or width < 1 or height < 1:
        return picture, 0
    rows, columns, across, down = grid_size(maps.shape[1:], len(maps), width, height)
    largest = _largest(maps)
    for index, one in enumerate(maps[first : first + across * down]):
        top, left = index // across * (-(-rows // 2) + 1), index % across * (columns + 1)
        picture.paste(signed(one, rows, columns, palette, largest), top, left)
    return picture, across * down


def as_sheet(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """A vector as a nearly square sheet, row by row, NaN where it ends."""
    wide = max(1, int(np.ceil(np.sqrt(len(values)))))
    sheet = np.full(-(-len(values) // wide) * wide, np.nan)
    sheet[: len(values)] = values
    return sheet.reshape(-1, wide)


def _sized(at: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    if rows < at.shape[0] or columns < at.shape[1]:
        return shrunk(at, rows, columns)
    return scaled(at, rows, columns)


def _largest(values: NDArray[np.floating]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max(initial=0))
