"""Maps as half blocks: sizes as heat, signed maps around zero, many side by side, and rings around a choice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.axes import number
from tui.drawing.halfblock import UPPER, halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import DEFAULT, Picture
from tui.panels.samples import fitted, image, shrunk

LOWER = ord("▄")
STRIP = 9  # columns of colours in a legend
SMALLEST = 7  # columns or half rows below which a large map shows too little
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Grid:
    """Maps side by side, a cell apart: `rows` half rows and `columns` of each, how many `across` and `down`."""

    rows: int
    columns: int
    across: int
    down: int

    @property
    def count(self) -> int:
        """Maps in sight."""
        return self.across * self.down

    def place(self, index: int) -> tuple[int, int]:
        """Row and column of the top left cell of a map."""
        return index // self.across * (-(-self.rows // 2) + 1), index % self.across * (self.columns + 1)

    def map_at(self, row: int, column: int) -> int | None:
        """Which map is at a cell; None between them."""
        (down, y), (across, x) = divmod(row, -(-self.rows // 2) + 1), divmod(column, self.columns + 1)
        inside = row >= 0 and column >= 0 and 2 * y < self.rows and x < self.columns
        return down * self.across + across if inside and across < self.across and down < self.down else None


def heat(values: ArrayLike, rows: int, columns: int, palette: Palette) -> Picture:
    """A map (H, W) of sizes from zero to its largest, at a size in half rows and columns."""
    at = sized(np.asarray(values, float), rows, columns)
    at = at / (largest_of(at) or 1)
    return shades(at) if palette.depth == "none" else halves(palette.heat(at))


def signed(values: ArrayLike, rows: int, columns: int, palette: Palette, largest: float | None = None) -> Picture:
    """A map (H, W) in colours below and above zero, relative to `largest` (its own largest size where None)."""
    at = sized(np.asarray(values, float), rows, columns)
    at = at / ((largest_of(at) if largest is None else largest) or 1)
    return shades(at, signed=True) if palette.depth == "none" else halves(palette.signed(at))


def draw_sheet(values: Floats, rows: int, columns: int, palette: Palette) -> Picture:
    """A vector as a signed map, row by row on a nearly square sheet; nothing is drawn where it has ended."""
    picture = signed(as_sheet(values), rows, columns, palette)
    for y, x in np.argwhere(sized(as_sheet(np.ones(len(values))), rows, columns) != 1).tolist():
        if palette.depth != "none":
            _clear(picture, y, x)
    return picture


def grid_size(shape: tuple[int, ...], count: int, width: int, height: int, whole: bool = True) -> Grid:
    """For `count` maps of `shape` on `width` x `height` cells: as large as lets all of them be seen.

    `whole` keeps them as large as they are unless not even one would fit; else they may shrink, to SMALLEST at least.
    """
    best = Grid(1, 1, 1, 1)
    tall, wide = shape
    for factor in (8, 6, 4, 3, 2, 1):
        best = _grid(*fitted(shape, min(width, wide * factor), min(2 * height, tall * factor)), width, height)
        if best.count >= count:
            return best
    long, side = max(shape), max(best.rows, best.columns)
    while not whole and best.count < count and side > SMALLEST:
        side -= 1
        best = _grid(max(1, round(tall * side / long)), max(1, round(wide * side / long)), width, height)
    return best


def draw_maps(
    maps: Floats, first: int, width: int, height: int, palette: Palette, whole: bool = True
) -> tuple[Picture, Grid]:
    """Maps (N, H, W) side by side from the `first` on, all on one scale around zero; and where they are. Those in
    colour, (N, 3, H, W), are gray where they are zero.
    """
    picture = Picture(width, height)
    grid = grid_size(maps.shape[-2:], len(maps), width, height, whole)
    largest = largest_of(maps) or 1
    for index, one in enumerate(maps[first : first + grid.count]):
        drawn = (
            signed(one, grid.rows, grid.columns, palette, largest) if one.ndim == 2
            else image(0.5 + one / (2 * largest), grid.rows, grid.columns, palette)
        )  # fmt: skip
        picture.paste(drawn, *grid.place(index))
    return picture, grid


def draw_scale(low: float, high: float, palette: Palette, kind: str = "signed", middle: float = 0.0) -> Picture:
    """A legend of one row: the colours from `low` to `high` between both numbers, pale at the `middle`."""
    largest = max(abs(low - middle), abs(high - middle))
    texts = number(low, 2), number(high, 2)
    picture = Picture(sum(map(len, texts)) + STRIP + 2, 1)
    values = np.tile((np.linspace(low, high, STRIP) - middle) / (largest or 1), (2, 1))
    if kind == "gray":
        strip = image(np.tile((1 + values) / 2, (3, 1, 1)), 2, STRIP, palette)
    elif palette.depth == "none":
        strip = shades(values, signed=kind == "signed")
    else:
        strip = halves(palette.signed(values) if kind == "signed" else palette.heat(values))
    start = picture.put(0, 0, texts[0], palette.color("muted")) + 1
    picture.paste(strip, 0, start)
    picture.put(0, start + STRIP + 1, texts[1], palette.color("muted"))
    return picture


def draw_ring(picture: Picture, top: int, left: int, bottom: int, right: int, color: int, palette: Palette) -> None:
    """A line around the half rows top ... bottom - 1 and columns left ... right - 1 of a picture, just outside."""
    if palette.depth != "none":
        for x in range(left - 1, right + 1):
            _dot(picture, top - 1, x, color)
            _dot(picture, bottom, x, color)
        for y in range(top, bottom):
            _dot(picture, y, left - 1, color)
            _dot(picture, y, right, color)
        return
    first, last = (top - 1) // 2, bottom // 2
    for row, ends in ((first, "┌┐"), (last, "└┘")):
        picture.put(row, left - 1, ends[0] + "─" * (right - left) + ends[1])
    for row in range(first + 1, last):
        picture.put(row, left - 1, "│")
        picture.put(row, right, "│")


def draw_mark(picture: Picture, top: int, left: int, bottom: int, right: int, color: int, palette: Palette) -> None:
    """Marks one element of a map, which takes the half rows top ... bottom - 1 and columns left ... right - 1: its own
    colour stays in the middle where there is room."""
    if palette.depth == "none":
        picture.put((top + bottom - 1) // 4, (left + right - 1) // 2, "X")
        return
    roomy = min(bottom - top, right - left) > 2
    for y in range(top, bottom):
        for x in range(left, right):
            if not roomy or y in (top, bottom - 1) or x in (left, right - 1):
                _dot(picture, y, x, color)


def as_sheet(values: Floats) -> Floats:
    """A vector as a nearly square sheet, row by row, NaN where it ends."""
    wide = sheet_width(len(values))
    sheet = np.full(-(-len(values) // wide) * wide, np.nan)
    sheet[: len(values)] = values
    return sheet.reshape(-1, wide)


def sheet_width(count: int) -> int:
    """How many of so many values are side by side on a sheet."""
    return max(1, int(np.ceil(np.sqrt(count))))


def covered(start: int, stop: int, size: int, elements: int) -> tuple[int, int]:
    """From the first element to behind the last that shows the pixels start ... stop - 1 of `size`."""
    return start * elements // size, max(start * elements // size + 1, -(-stop * elements // size))


def sized(at: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """A map at another size: repeated, or the means of what is covered."""
    if rows < at.shape[0] or columns < at.shape[1]:
        return shrunk(at, rows, columns)
    return scaled(at, rows, columns)


def largest_of(values: Floats) -> float:
    """The largest size of what is finite."""
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max(initial=0))


def _grid(rows: int, columns: int, width: int, height: int) -> Grid:
    """As many maps of a size as fit."""
    return Grid(rows, columns, max(1, (width + 1) // (columns + 1)), max(1, (height + 1) // (-(-rows // 2) + 1)))


def _dot(picture: Picture, y: int, x: int, color: int) -> None:
    """Colours a half cell; the other half keeps what it has."""
    row, lower = divmod(y, 2)
    if not (0 <= row < picture.height and 0 <= x < picture.width):
        return
    cell = row, x
    if picture.chars[cell] == UPPER:
        (picture.bg if lower else picture.fg)[cell] = color
    elif picture.chars[cell] == LOWER and not lower:
        picture.chars[cell], picture.fg[cell], picture.bg[cell] = UPPER, color, picture.fg[cell]
    else:
        picture.chars[cell], picture.fg[cell] = LOWER if lower else UPPER, color


def _clear(picture: Picture, y: int, x: int) -> None:
    """Empties a half cell of half blocks."""
    row, lower = divmod(y, 2)
    cell = row, x
    if lower and picture.chars[cell] == UPPER:
        picture.bg[cell] = DEFAULT
    elif picture.bg[cell] == DEFAULT:
        picture.chars[cell] = ord(" ")
    else:
        picture.chars[cell], picture.fg[cell], picture.bg[cell] = LOWER, picture.bg[cell], DEFAULT
