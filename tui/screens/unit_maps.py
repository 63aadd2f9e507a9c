"""The picture of the plane's screen: the list of layers, a small map a unit, the chosen one large, and its weights."""

import numpy as np
from textual import events
from textual.message import Message

from tui.drawing.axes import number
from tui.drawing.boundary import draw_points, draw_zero
from tui.drawing.halfblock import halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.boundary import samples_on, undistorted
from tui.screens.layers import Layered, wide_enough
from tui.screens.maps import Floats, Grid, draw_scale, largest_of
from tui.screens.unit_words import colors, facts, formula, named, told
from tui.screens.units import Units, Weights
from tui.words import lines, shortened, squeezed

BELOW = 9  # rows for the words below the large map, at most
NARROWEST = 20  # columns of a table of weights
SMALLEST, LARGEST = 6, 40  # columns of a small map
GAP = 2  # columns between the parts of the picture


class UnitMaps(Layered):
    """All units of a layer as maps of the plane, one of them chosen; `points` tells whether samples are drawn."""

    LIST = 17

    class Chosen(Message):
        """A person clicked on a map."""

        def __init__(self, unit: int) -> None:
            super().__init__()
            self.unit = unit

    def __init__(self) -> None:
        super().__init__()
        self.units: Units | None = None
        self.points = True
        self._unit = 0
        self.grid, self._at, self.first = Grid(0, 0, 1, 0), (0, 0), 0

    @property
    def unit(self) -> int:
        """The chosen one, or the last one of a layer that has fewer."""
        return min(self._unit, self.units.count - 1) if self.units is not None else self._unit

    def choose(self, unit: int) -> None:
        """Shows another unit, where there is one of this number."""
        if self.units is not None and 0 <= unit < self.units.count:
            self._unit = unit
            self.update()

    @property
    def large(self) -> tuple[int, int]:
        """Columns and rows of the large map."""
        width, height = self.content_size
        return _large(*_room(width, height))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or self.units is None:
            return
        index = self.grid.map_at(offset.y - self._at[0], offset.x - self._at[1])
        if index is not None and self.first + index < self.units.count:
            self.post_message(self.Chosen(self.first + index))

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, units = Picture(width, height), self.units
        self.grid = Grid(0, 0, 1, 0)
        top, left = self.draw_walk(picture, units, palette)
        if units is None:
            return picture
        if left:
            for top, line in enumerate(lines(told(units), width - left)[:3], 1):
                picture.put(top - 1, left, line, palette.color("text"), BOLD)
        unit, (columns, rows) = self.unit, _large(*_room(width, height))
        start = width - columns
        _head(picture, top, left, start, units, unit, palette)
        top += 1
        picture.paste(_draw_large(units, unit, columns, rows, palette, self.points), top, start)
        room = start - GAP - left
        if units.count == 1 and room >= NARROWEST:
            _say(picture, units, unit, (top, left), room, palette)
        else:
            _say(picture, units, unit, (top + rows, start), columns, palette)
            self._draw_all(picture, units, unit, (top, left), room, palette)
        return picture

    def _draw_all(
        self, picture: Picture, units: Units, unit: int, at: tuple[int, int], width: int, palette: Palette
    ) -> None:
        """The small maps of the page that has the chosen one."""
        top, left = at
        tall, wide, count = units.maps.shape
        grid = self.grid = grid_for(count, width, picture.height - top, tall / wide)
        if not grid.count:
            return
        self._at, self.first = (top + 1, left), unit // grid.count * grid.count
        shown = range(self.first, min(self.first + grid.count, count))
        small = _sampled(units.maps[..., shown.start : shown.stop], grid.rows, grid.columns)
        small = (small - units.middle) / units.scales[shown.start : shown.stop, None, None]
        colors = palette.signed(small)
        for index, label in enumerate(_labels(units, shown, grid.columns)):
            row, column = top + grid.place(index)[0], left + grid.place(index)[1]
            if shown[index] == unit:
                picture.put(row, column, label.ljust(grid.columns), palette.color("text"), BOLD | REVERSE)
            else:
                picture.put(row, column, label, palette.color("muted"))
            drawn = shades(small[index], signed=True) if palette.depth == "none" else halves(colors[index])
            picture.paste(drawn, row + 1, column)


def _labels(units: Units, shown: range, width: int) -> list[str]:
    """The units' names, with the ends of their scales where these differ and all of them fit; flat ones are told."""
    names = [units.names[unit].removeprefix("unit ") for unit in shown]
    ends = ["" if units.alike else f" ±{number(float(units.scales[unit]), 2)}" for unit in shown]
    told = [name + (" flat" if unit in units.flat else end) for unit, name, end in zip(shown, names, ends, strict=True)]
    if max(map(len, told)) > width:
        told = [f"{name} flat" if unit in units.flat else name for unit, name in zip(shown, names, strict=True)]
    return [shortened(text, width) for text in told]


def grid_for(count: int, width: int, height: int, ratio: float) -> Grid:
    """For so many maps, `ratio` times as many half rows as columns: as large as lets all be seen, a row above each."""
    grid = Grid(0, 0, 1, 0)
    for columns in range(min(LARGEST, width), 0, -1):
        rows = max(2, 2 * round(columns * ratio / 2))
        grid = Grid(rows, columns, (width + 1) // (columns + 1), max(0, height) // (rows // 2 + 1))
        if grid.count >= count or (columns <= SMALLEST and grid.count):
            break
    return grid


def _room(width: int, height: int) -> tuple[int, int]:
    """Columns beside the list of layers, and rows below the sentence and the scale."""
    return (width - UnitMaps.LIST - GAP, height - 3) if wide_enough(width, height) else (width, height - 2)


def _large(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the large map, which takes half of the room and leaves rows for words."""
    below = min(BELOW, max(3, height // 3))
    return undistorted(max(1, width // 2 - 1), max(1, height - below))


def _sampled(maps: Floats, rows: int, columns: int) -> Floats:
    """Maps (H, W, units) at another size, (units, rows, columns): the values nearest to the middles."""
    y, x = ((np.arange(count) + 0.5) * size / count for count, size in zip((rows, columns), maps.shape, strict=False))
    return np.moveaxis(maps[y.astype(int)[:, None], x.astype(int)], -1, 0)


def _head(picture: Picture, top: int, left: int, start: int, units: Units, unit: int, palette: Palette) -> None:
    """What the colours mean, and from column `start` on the scale of the large map."""
    middle, reach = units.middle, units.scales[unit]
    low = middle - reach if (units.maps[..., unit] < middle).any() else middle
    meaning = colors(units, palette.words["above"], palette.words["below"])
    picture.put(top, left, squeezed(meaning, start - left - GAP), palette.color("muted"))
    scale = draw_scale(low, middle + reach, palette, middle=middle)
    if start + scale.width <= picture.width:
        picture.paste(scale, top, start)


def _draw_large(units: Units, unit: int, columns: int, rows: int, palette: Palette, points: bool) -> Picture:
    """A unit over the plane, with the line where it crosses zero or the middle of its range, and samples on it."""
    values = (scaled(units.maps[..., unit], 2 * rows, columns, smooth=True) - units.middle) / units.scales[unit]
    picture = shades(values, signed=True) if palette.depth == "none" else halves(palette.signed(values))
    draw_zero(picture, values, palette)
    for part in samples_on(units.subject, columns * rows // 2, "some") if points else ():
        draw_points(picture, part, units.plane, max(2, len(units.subject.classes)), palette, faint=True)
    return picture


def _say(picture: Picture, units: Units, unit: int, at: tuple[int, int], width: int, palette: Palette) -> None:
    """A unit's name, range and formula, and below them its weights, in so many columns."""
    top, left = at
    name, found = named(units, unit), facts(units, unit)
    said = [f"{name} {', '.join(found[:count])}" for count in range(len(found), 0, -1)]
    head = squeezed([*said, name.rstrip(",:")], width)
    room, sums = max(1, picture.height - top - 1), lines(formula(units, unit), width)
    if len(sums) > room:
        sums = [*sums[: room - 1], shortened(f"{sums[room - 1]} …", width)]
    for face, line in ((BOLD, head), *((0, line) for line in sums)):
        picture.put(top, left, line, palette.color("text"), face)
        top += 1
    found = [(word, weights) for word, weights in (("from", units.reads), ("to", units.feeds)) if weights is not None]
    found = found if width >= 2 * NARROWEST + GAP else found[-1:]
    each = (width - GAP * (len(found) - 1)) // max(1, len(found))
    for index, (word, weights) in enumerate(found):
        draw_weights(picture, (top, left + index * (each + GAP)), each, word, weights, unit, palette)


def draw_weights(
    picture: Picture, at: tuple[int, int], width: int, word: str, weights: Weights, unit: int, palette: Palette
) -> None:
    """One unit's weights as numbers and bars, in so many columns down to the picture's end: all, or the largest."""
    top, left = at
    values = np.nan_to_num(weights.values[unit])
    rows, count = picture.height - top - 1, len(values)
    if rows < 1:
        return
    order = range(count) if rows >= count else np.argsort(-np.abs(values), kind="stable")[:rows].tolist()
    some = "" if rows >= count else f", largest {rows} of {count}"
    title = squeezed(
        [f"weights {word} {weights.node}{some}", f"{word} {weights.node}{some}", f"{word} {weights.node}"], width
    )
    picture.put(top, left, title, palette.color("muted"))
    label = min(max(len(weights.names[index]) for index in order), max(1, width - 10))
    largest, longest = largest_of(weights.values) or 1.0, max(0, width - label - 9)
    for row, index in enumerate(order, top + 1):
        value = float(values[index])
        text = f"{shortened(weights.names[index], label):<{label}} {number(value, 2):>7} "
        end = picture.put(row, left, text, palette.color("text"))
        bar = ("█" if value > 0 else "▒") * round(abs(value) / largest * longest)
        picture.put(row, end, bar, int(palette.signed(np.sign(value) * 0.9)))
