"""What goes over the wire for a frame: only the cells that changed, and only what changes about their style.

Textual renders every line of every widget between the first and the last change, repaints a changed stretch from the
left edge of its widget, and spells every style out in full. Here a frame asks each widget for its changed lines alone;
what was written is remembered, and only cells that look different are written again, with style differences.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

RESET = "\x1b[0m"
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # which a terminal would obey, and which take no cell
BRIDGE = 1  # cells that did not change, which are as short to write again as to leave out


class Pen(NamedTuple):
    """A style as the terminal's codes: attributes such as bold, foreground, background."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    def change_to(self, other: "Pen") -> str:
        """The shortest sequence that turns this style into the other."""
        if other == self:
            return ""
        gone = (self.foreground and not other.foreground) or (self.background and not other.background)
        if gone or other.attributes != self.attributes:
            return f"\x1b[{';'.join(part for part in ('0', *other) if part)}m"
        changed = [new for new, old in zip(other[1:], self[1:], strict=True) if new != old]
        return f"\x1b[{';'.join(changed)}m"


@lru_cache(4096)
def pen_of(style: Style | None, system: ColorSystem) -> Pen:
    """The codes of a style on a terminal with these colours."""
    if style is None:
        return Pen()
    plain = style.without_color.render(" ", color_system=system)
    attributes = plain[2 : plain.index("m")] if plain.startswith("\x1b[") else ""
    colors = []
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        codes = () if color is None else color.downgrade(system).get_ansi_codes(foreground)
        colors.append(";".join(codes))
    return Pen(attributes, *colors)


@lru_cache(4096)
def change(pen: Pen, other: Pen) -> str:
    """The same as `pen.change_to(other)`, remembered."""
    return pen.change_to(other)


def plain(text: str) -> str:
    """The text without what a terminal would obey: titles, names of classes and columns are other people's."""
    return text if text.isprintable() else CONTROLS.sub("", text)


class Stretch(NamedTuple):
    """Cells of one line of the screen, from column `x` on."""

    y: int
    x: int
    strip: Strip


class Line:
    """One line of the terminal as far as it is known: the character and the pen of each cell, None where unknown."""

    def __init__(self) -> None:
        self.characters: list[str | None] = []
        self.pens: list[Pen | None] = []

    def take(self, x: int, text: str, pen: Pen) -> Iterator[tuple[int, int]]:
        """Takes over what is written from column `x` on; gives the parts of the text, from and to, that are new."""
        end = x + len(text)
        characters, pens = self.characters[x:end], self.pens[x:end]
        wanted, all_of_it = list(text), [pen] * len(text)
        if pens == all_of_it and characters == wanted:
            return
        self.characters[x:end], self.pens[x:end] = wanted, all_of_it
        cells = enumerate(zip(characters, wanted, pens, strict=True))
        changed = [place for place, (old, new, known) in cells if old != new or known != pen]
        start = last = changed[0]
        for place in changed:
            if place - last > BRIDGE + 1:
                yield start, last + 1
                start = place
            last = place
        yield start, last + 1

    def grow(self, width: int) -> None:
        """Makes room for so many cells."""
        self.forget(len(self.pens), max(width, len(self.pens)))

    def forget(self, x: int, end: int) -> None:
        """Of these cells nothing is known any more."""
        self.characters[x:end] = self.pens[x:end] = [None] * (end - x)


class Terminal:
    """Remembers what it was told to show, and writes updates as the difference from that."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}

    def forget(self) -> None:
        """Something else was written, or the size changed: nothing is known."""
        self._lines.clear()

    def told(self, renderable: RenderableType | None) -> RenderableType | None:
        """What to display instead of a renderable: a partial update tightly; anything else as it is."""
        if isinstance(renderable, ChopsUpdate):
            return TightUpdate(_cut(renderable), self)
        if isinstance(renderable, TightUpdate):
            return TightUpdate(renderable.stretches, self)
        if renderable is not None:
            self.forget()
        if isinstance(renderable, LayoutUpdate):
            lines = [[_plain_strip(strip) for strip in line] for line in renderable.strips]
            return LayoutUpdate(lines, renderable.region)
        return renderable

    def write(self, stretches: Iterable[Stretch], system: ColorSystem) -> str:
        """Text and escape sequences that show the stretches, given what is shown; begins and ends in plain style."""
        written: list[str] = []
        pen, row, column = Pen(), -1, -1
        for y, x, strip in stretches:
            line = self._lines.setdefault(y, Line())
            line.grow(x + strip.cell_length)
            for raw, style, control in strip:
                text = plain(raw)
                if control or not text:
                    continue
                wanted = pen_of(style, system)
                wide = cell_len(text)
                if wide == len(text):
                    parts = list(line.take(x, text, wanted))
                else:
                    parts = [(0, len(text))]
                    line.forget(x, x + wide)
                for start, stop in parts:
                    if row != y or column > x + start:
                        written.append(f"\x1b[{y + 1};{x + start + 1}H")
                    elif column < x + start:
                        written.append(f"\x1b[{x + start - column}C")
                    written.append(change(pen, wanted) + text[start:stop])
                    pen, row, column = wanted, y, x + (stop if wide == len(text) else wide)
                x += wide
        return "".join([*written, change(pen, Pen()) and RESET])


class TightUpdate(CompositorUpdate):
    """A partial update of the screen in as few bytes as it takes, on a terminal of which nothing is known or more."""

    def __init__(self, stretches: Iterable[Stretch], terminal: Terminal | None = None) -> None:
        """Takes stretches that do not overlap, line by line from left to right."""
        self.stretches = stretches
        self._terminal = terminal or Terminal()

    def render_segments(self, console: Console) -> str:
        """The update as text and escape sequences; it begins and ends with the terminal's plain style."""
        return self._terminal.write(
            self.stretches, COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        )


def _plain_strip(strip: Strip) -> Strip:
    if strip.text.isprintable():
        return strip
    return Strip([Segment(plain(text), style) for text, style, control in strip if not control])


def _cut(update: ChopsUpdate) -> Iterator[Stretch]:
    """What Textual's update shows within its spans."""
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < x2 and end > x1:
                first, last = max(x, x1), min(end, x2)
                yield Stretch(y, first, strip.crop(first - x, last - x))


class TightCompositor(Compositor):
    """Composes a partial update from the changed lines of the widgets that are in front there, and no others."""

    def render_partial_update(self) -> TightUpdate | None:  # type: ignore[override]
        """What became dirty since the last update; None where nothing did."""
        screen = self.size.region
        dirty = [region.intersection(screen) for region in self._dirty_regions]
        self._dirty_regions.clear()
        parts = [part for span in self._regions_to_spans(dirty) for part in self._in_front(*span)]
        rows: dict[Widget, tuple[int, int]] = {}
        for y, _, _, widget, _, _ in parts:
            first, last = rows.get(widget, (y, y))
            rows[widget] = min(first, y), max(last, y)
        strips: dict[Widget, list[Strip]] = {}
        stretches = []
        for y, x1, x2, widget, shown, region in parts:
            first, last = rows[widget]
            if widget not in strips:
                lines = Region(shown.x - region.x, first - region.y, shown.width, last + 1 - first)
                strips[widget] = widget.render_lines(lines)
            stretches.append(Stretch(y, x1, strips[widget][y - first].crop(x1 - shown.x, x2 - shown.x)))
        return TightUpdate(sorted(stretches, key=lambda stretch: stretch[:2])) if stretches else None

    def _in_front(self, y: int, x1: int, x2: int) -> Iterator[tuple[int, int, int, Widget, Region, Region]]:
        """Cuts columns x1 to x2 of a line into parts of one widget each: (y, from, to, the widget that is in front
        there, the region it is seen in, its whole region)."""
        bare = [(x1, x2)]
        for widget, shown, region in self.layers_visible[y]:
            left, right = shown.x, shown.right
            for place in range(len(bare) - 1, -1, -1):
                start, stop = bare[place]
                first, last = max(start, left), min(stop, right)
                if first < last:
                    yield y, first, last, widget, shown, region
                    bare[place : place + 1] = [part for part in ((start, first), (last, stop)) if part[0] < part[1]]
            if not bare:
                return
