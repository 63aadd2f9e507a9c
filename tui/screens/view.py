"""The seeing screen's picture: the list of layers, the sample with a unit's field on it, and the layer's maps."""

from typing import Any, ClassVar

import numpy as np
from textual import events
from textual.message import Message

from engine import INPUT
from tui.actions import Action, bindings
from tui.drawing.axes import number
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.samples import draw_scores, fitted, image
from tui.screens.layers import HIGH, Layered
from tui.screens.maps import (
    Floats,
    Grid,
    covered,
    draw_maps,
    draw_mark,
    draw_ring,
    draw_scale,
    draw_sheet,
    grid_size,
    heat,
    largest_of,
    sheet_width,
    signed,
)  # fmt: skip
from tui.screens.scene import Place, Scene, Unit, within
from tui.words import fitting, lines, phrases, shortened

ROOMY = 14  # rows below which the maps leave no room for the sample
BELOW = 5  # rows for what is said below it
WORDS = (19, 34)  # columns of what is said beside the sample
RING = 3  # the colour of the choice, as a number of the series
MEANINGS = {
    "outputs": "{above} is above zero, {below} below",
    "gradients": "{above} pushes the answer up, {below} down",
    "weights": "{above} adds to the output, {below} takes away",
    "occlusion": "{above} is where hiding lowers the score",
}
COLORED = "gray is zero, bright adds to the output, dark takes away"


class View(Layered):
    """The scene as one picture, on which a unit can be chosen; while `choosing`, keys move the choice.

    Where not all maps fit, they shrink, unless they are to be `large`, as also while choosing; `fewer` tells that then
    not all of them are in sight.
    """

    SCOPE = "unit"
    LIST = 26
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("row:-1", "up,k", "Row", "The unit above", True),
        Action("row:1", "down,j", "Next row", "The unit below"),
        Action("column:-1", "left,h", "Column", "The unit on the left", True),
        Action("column:1", "right,l", "Next column", "The unit on the right"),
        Action("channel:-1", "left_square_bracket,pageup", "Channel", "The same place in the channel before", True),
        Action("channel:1", "right_square_bracket,pagedown", "Next channel", "The same place in the next channel"),
        Action("strongest", "s,home", "Strongest", "The unit with the largest output, for each sample anew", True),
    )
    BINDINGS: ClassVar[list[Any]] = bindings(ACTIONS, SCOPE)

    class Chosen(Message):
        """A person chose a unit, or with None the strongest."""

        def __init__(self, place: Place | None) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.node = INPUT
        self.choosing = False
        self.large = self.fewer = False
        self.first = self.shown = 0
        self._place: Place | None = None
        self._grid, self._at = Grid(1, 1, 1, 1), (0, 0)
        self.count, self.each = 0, 1  # maps in all, and of one channel or unit

    # ------------------------------------------------------------------------------------------ choosing

    def show(self, node: str, place: Place | None) -> None:
        """What is asked for; the scene of it may come later."""
        self.node, self._place = node, place

    def action_row(self, by: str) -> None:
        self._move(int(by), 0)

    def action_column(self, by: str) -> None:
        self._move(0, int(by))

    def action_channel(self, by: str) -> None:
        unit = self._unit()
        if unit is not None:
            at = self._present(unit)
            self._choose((at[0] + int(by), *at[1:]), unit)

    def action_strongest(self) -> None:
        self.post_message(self.Chosen(None))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        unit, index = self._unit(), self._grid.map_at(offset.y - self._at[0], offset.x - self._at[1])
        if unit is None or index is None or self.scene is None:
            return
        top, left = self._grid.place(index)
        y = (2 * (offset.y - self._at[0] - top) + 0.5) / self._grid.rows
        x = (offset.x - self._at[1] - left + 0.5) / self._grid.columns
        place = self._place_of(self.scene, unit, index, y, x)
        if place is not None:
            self.post_message(self.Chosen(place))

    def _unit(self) -> Unit | None:
        """The unit in sight; None while another layer's scene is on its way."""
        return self.scene.unit if self.scene is not None and self.scene.node == self.node else None

    def _move(self, rows: int, columns: int) -> None:
        unit, scene = self._unit(), self.scene
        if unit is None or scene is None:
            return
        at = self._present(unit)
        if scene.mode == "weights" and scene.maps is not None:
            down = max(1, self._grid.across // self.each)
            self._choose((at[0] + columns + rows * down, *at[1:]), unit)
        elif len(at) == 3:
            self._choose((at[0], at[1] + rows, at[2] + columns), unit)
        else:
            self._choose((at[0] + columns + rows * sheet_width(unit.shape[0]),), unit)

    def _present(self, unit: Unit) -> Place:
        """The place last asked for, which may not be in sight yet; else, and where the layer has none such, the one in
        sight."""
        return self._place if self._place is not None and within(self._place, unit.shape) else unit.place

    def _choose(self, place: Place, unit: Unit) -> None:
        if within(place, unit.shape):
            self._place = place
            self.post_message(self.Chosen(place))

    def _place_of(self, scene: Scene, unit: Unit, index: int, y: float, x: float) -> Place | None:
        """The unit at a share of the height and width of a map in sight."""
        if scene.maps is None:
            if scene.values is None:
                return None
            wide = sheet_width(len(scene.values))
            place: Place = (int(y * -(-len(scene.values) // wide)) * wide + int(x * wide),)
        else:
            channel = (self.first + index) // self.each
            place = (channel, *unit.place[1:])
            if scene.mode != "weights":
                place = (channel, int(y * unit.shape[1]), int(x * unit.shape[2]))
        return place if place[0] < unit.shape[0] else None

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, scene = Picture(width, height), self.scene
        self._grid, self.shown, self.fewer = Grid(0, 0, 1, 0), 0, False
        top, left = self.draw_walk(picture, scene, palette)
        if scene is None:
            return picture
        left = max(1, left)  # for a ring around the first map
        small, field = height - top < ROOMY, scene.mode == "field"
        if small and scene.unit is not None and not field:
            top = self._say(picture, scene, top, left, picture.width - left, palette)
        elif scene.raw.ndim != 3:
            top = self._features(picture, scene, top, left, palette)
        else:
            whole = (field and scene.unit is not None) or small
            top = self._sample(picture, scene, top, left, height - top - 3 if whole else None, palette)
        self._maps(picture, scene, top, left, palette)
        return picture

    def _say(self, picture: Picture, scene: Scene, top: int, left: int, width: int, palette: Palette) -> int:
        """The unit in words, on as many rows as it takes; returns the row below."""
        if scene.unit is None:
            return top
        unit, face = scene.unit, BOLD | (REVERSE if self.choosing else 0)
        for row, line in enumerate(phrases(unit.name.split(", "), width), top):
            picture.put(row, left, line, self._color(palette) if self.choosing else palette.color("text"), face)
            top = row + 1
        for parts in (unit.values(), unit.sight()):
            for line in phrases(parts, width):
                picture.put(top, left, line, palette.color("text"))
                top += 1
        return top

    def _sample(self, picture: Picture, scene: Scene, top: int, left: int, tall: int | None, palette: Palette) -> int:
        """The input, what decides or what the unit listens to, and what is said, beside them or, in the pictures' own
        mode and where they are larger so, below; returns the row below."""
        room, unit, shape = picture.width - left, scene.unit, scene.raw.shape[1:]
        count = 2 + (scene.again is not None)
        words, gap = min(WORDS[1], max(WORDS[0], room // 3)), _gap(room)
        high = max(3, min(14, (picture.height - top) * 2 // 5)) if tall is None else max(2, tall)
        rows, columns = fitted(shape, max(4, (room - words) // count - gap), 2 * high)
        larger = fitted(shape, max(4, room // count - gap), 2 * max(2, high - BELOW))
        below = tall is not None and unit is not None and larger > (rows, columns)
        if below:
            rows, columns = larger
        at, used = self._pictures(picture, scene, top, left, (rows, columns), palette), -(-rows // 2)
        if below:
            top, at = top + used + 3, left
        width, end = picture.width - at, top
        if unit is None or picture.height >= HIGH:
            for end, line in enumerate(lines(scene.says, width), top + 1):
                picture.put(end - 1, at, line, palette.color("text"), BOLD)
            end = max(end, top + 2 * (not below))
        if unit is not None:
            return max(top + used + 3, self._say(picture, scene, end, at, width, palette) + 1)
        if scene.classes:
            bars = max(1, min(len(scene.classes), max(used, 4), 10))
            target = None if scene.target is None else int(scene.target)
            draw_scores(
                picture, end, at, min(36, width), bars, palette, scene.scores, scene.classes, target, scene.tell
            )
            used = max(used, bars)
        return top + used + 3

    def _pictures(
        self, picture: Picture, scene: Scene, top: int, left: int, size: tuple[int, int], palette: Palette
    ) -> int:
        """The sample's pictures side by side, with the unit's box on them; returns the column behind."""
        unit, (rows, columns), shape, gap = scene.unit, size, scene.raw.shape[1:], _gap(picture.width - left)
        strength = np.abs(scene.gradient).max(axis=0) if unit is None else unit.strength
        title, most = "saliency" if unit is None else "field", number(largest_of(strength), 2)
        drawn = [(["input"], image(scene.raw, rows, columns, palette))]
        if scene.again is not None:
            drawn.append((["output"], image(scene.again, rows, columns, palette)))
        drawn.append(([f"{title}, 0 to {most}", title], heat(strength, rows, columns, palette)))
        for titles, one in drawn:
            picture.put(top, left, fitting(titles, columns + 1), palette.color("muted"))
            picture.paste(one, top + 2, left)
            if unit is not None and unit.reach.box is not None and titles != ["output"]:
                box, y = unit.reach.box, 2 * (top + 2)
                first, last = covered(box.top, box.bottom, shape[0], rows)
                start, stop = covered(box.left, box.right, shape[1], columns)
                draw_ring(picture, y + first, left + start, y + last, left + stop, self._color(palette), palette)
            left += columns + gap
        return left

    def _features(self, picture: Picture, scene: Scene, top: int, left: int, palette: Palette) -> int:
        """Inputs that are no image: value and slope of each, the steepest first; returns the row below."""
        unit, width = scene.unit, picture.width - left
        for line in lines(scene.says, width):
            picture.put(top, left, line, palette.color("text"), BOLD)
            top += 1
        top = self._say(picture, scene, top, left, width, palette)
        slopes = np.ravel(scene.gradient if unit is None else unit.field)
        values = scene.raw.ravel()
        names = scene.names if len(scene.names) == len(slopes) else tuple(f"x{n + 1}" for n in range(len(slopes)))
        label = max(5, min(max(map(len, names)), width - 24))
        about = f"d {'score' if unit is None else 'unit'} / d input"
        picture.put(top, left, f"{'input':<{label}} {'value':>8} {'slope':>8}", palette.color("muted"))
        picture.put(top, left + label + 20, fitting([about], width - label - 20), palette.color("muted"))
        largest, bar = largest_of(slopes) or 1.0, max(0, min(30, width - label - 20))
        rows = min(len(slopes), max(2, (picture.height - top) // 3))
        steepest = np.argsort(-np.abs(np.nan_to_num(slopes)), kind="stable")
        for row, index in enumerate(steepest[:rows].tolist(), top + 1):
            slope = float(slopes[index])
            value = number(float(values[index]), 3) if len(values) == len(slopes) else ""
            text = f"{shortened(names[index], label):<{label}} {value:>8} {number(slope, 3):>8}"
            picture.put(row, left, text, palette.color("text"))
            long = round(abs(np.nan_to_num(slope)) / largest * bar)
            color = int(palette.signed(np.sign(slope) * 0.9))
            picture.put(row, left + label + 20, ("█" if slope > 0 else "▒") * long, color)
        top += rows + 2
        if unit is None and scene.classes and picture.height > top:
            bars = min(len(scene.classes), picture.height - top)
            target = None if scene.target is None else int(scene.target)
            draw_scores(
                picture, top, left, min(36, width), bars, palette, scene.scores, scene.classes, target, scene.tell
            )
        return top

    def _maps(self, picture: Picture, scene: Scene, top: int, left: int, palette: Palette) -> None:
        width, height = picture.width - left, picture.height - top - 2
        if height < 1 or width < 4 or (scene.mode == "field" and scene.unit is not None):
            return
        self._at = top + 2, left
        if scene.unit is None:
            if scene.occluded is not None:
                rows, columns = fitted(scene.occluded.shape, min(40, width), 2 * height)
                self._head(picture, top, left, "occlusion", (), scene.occluded, palette)
                picture.paste(signed(scene.occluded, rows, columns, palette), top + 2, left)
        elif scene.values is not None:
            self._head(picture, top, left, scene.mode, (), scene.values, palette)
            wide = sheet_width(len(scene.values))
            shape = -(-len(scene.values) // wide), wide
            rows, columns = fitted(shape, min(width, 4 * wide), min(2 * height, 4 * shape[0]))
            self._grid, self.shown = Grid(rows, columns, 1, 1), 1
            picture.paste(draw_sheet(scene.values, rows, columns, palette), top + 2, left)
            self._mark(picture, divmod(scene.unit.place[0], wide), shape, self._at, palette)
        elif scene.maps is None:
            text = fitting([f"{scene.node} has no weights that are images", "no weights that are images"], width)
            picture.put(top, left, text, palette.color("muted"))
        else:
            maps = scene.maps
            if maps.ndim == 4 and palette.depth != "full":
                maps = maps.reshape(-1, *maps.shape[2:])
            self._draw_grid(picture, scene, maps, scene.unit, width, height, palette)

    def _draw_grid(
        self, picture: Picture, scene: Scene, maps: Floats, unit: Unit, width: int, height: int, palette: Palette
    ) -> None:
        ratio, (top, left) = max(1, len(maps) // unit.shape[0]), self._at
        self.count, self.each = len(maps), ratio
        place = unit.place[0] * ratio
        whole = self.large or self.choosing
        grid = grid_size(maps.shape[-2:], len(maps), width, height, whole)
        self.fewer = grid_size(maps.shape[-2:], len(maps), width, height).count < len(maps)
        if grid.count >= len(maps):
            self.first = 0
        elif self.choosing and not self.first <= place < self.first + grid.count:
            self.first = place // grid.count * grid.count
        self.first, self.shown, self._grid = min(self.first, len(maps) - 1), grid.count, grid
        drawn, _ = draw_maps(maps, self.first, width, height, palette, whole)
        picture.paste(drawn, top, left)
        last = min(len(maps), self.first + grid.count) - 1
        kind = "channels" if scene.mode != "weights" else "filters" if len(unit.place) == 3 else "units"
        parts: tuple[str, ...] = ()
        if last - self.first + 1 < len(maps):
            ends, count = (self.first // ratio, last // ratio), len(maps) // ratio
            parts = "{} {} to {} of {}".format(kind, *ends, count), "{}-{} of {}".format(*ends, count)
        self._head(picture, top - 2, left, scene.mode, parts, maps, palette)
        marked = range(max(place, self.first) - self.first, min(place + ratio, last + 1) - self.first)
        for row in sorted({index // grid.across for index in marked}):
            line = [grid.place(index)[1] for index in marked if index // grid.across == row]
            y0, x0 = 2 * (top + grid.place(row * grid.across)[0]), left + line[0]
            if len(maps) > 1:
                end = left + line[-1] + grid.columns
                draw_ring(picture, y0, x0, y0 + grid.rows, end, self._color(palette), palette)
            if scene.mode != "weights":
                self._mark(picture, unit.place[1:], maps.shape[-2:], (y0 // 2, x0), palette)

    def _mark(self, picture: Picture, place: Place, shape: Place, at: Place, palette: Palette) -> None:
        """Marks an element of the map whose top left cell is `at`."""
        first, last = covered(place[0], place[0] + 1, shape[0], self._grid.rows)
        start, stop = covered(place[1], place[1] + 1, shape[1], self._grid.columns)
        y, x = 2 * at[0], at[1]
        draw_mark(picture, y + first, x + start, y + last, x + stop, self._color(palette), palette)

    def _head(
        self, picture: Picture, top: int, left: int, kind: str, parts: tuple[str, ...], values: Floats, palette: Palette
    ) -> None:
        """What the maps are, in fewer and fewer words which of them are in sight, and the scale of their colours."""
        largest = largest_of(values)
        low = -largest if (values[np.isfinite(values)] < 0).any() else 0.0
        scale = draw_scale(low, largest, palette, "gray" if values.ndim == 4 else "signed")
        meaning = COLORED if values.ndim == 4 else MEANINGS[kind].format(**palette.words)
        rest = f", {parts[0]}" if parts else ""
        texts = [f"{kind}: {meaning}{rest}", f"{kind}{rest}", *parts, kind]
        text = fitting(texts, picture.width - left - scale.width - 2)
        end = picture.put(top, left, text, palette.color("muted"))
        picture.paste(scale, top, end + 2 if text else left)

    def _color(self, palette: Palette) -> int:
        color = palette.color(RING)
        return color if self.choosing else palette.faded(color, 0.4)


def _gap(width: int) -> int:
    """Columns between pictures, so that boxes on them stay apart where there is room."""
    return 3 if width >= 50 else 2
