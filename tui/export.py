"""Pictures and text of the screen, or of a part of it."""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip

from tui.output import plain

if TYPE_CHECKING:
    from tui.drawing.palette import Palette
    from tui.drawing.picture import Picture


def strips(app: App[int], region: Region) -> list[Strip]:
    """What is drawn in a region of the screen."""
    width, height = app.size
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    update: Any = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    lines = Segment.split_lines(segment for segment in console.render(update) if not segment.control)
    cut = region.intersection(Region(0, 0, width, height))
    return [Strip(line).crop(cut.x, cut.right) for line in list(lines)[cut.y : cut.bottom]]


def as_text(lines: Iterable[Strip]) -> str:
    """The characters alone."""
    return "\n".join(plain(line.text).rstrip() for line in lines) + "\n"


def as_picture(lines: Sequence[Strip]) -> "Picture":
    """The lines as cells; a character two columns wide is followed by a blank."""
    from tui.drawing.picture import BOLD, DIM, REVERSE, Picture
    from tui.drawing.widget import code_of

    picture = Picture(max((line.cell_length for line in lines), default=1), len(lines))
    for row, line in enumerate(lines):
        column = 0
        for segment in line:
            style = segment.style
            fg, bg = code_of(style.color if style else None), code_of(style.bgcolor if style else None)
            face = (BOLD * bool(style.bold) | DIM * bool(style.dim) | REVERSE * bool(style.reverse)) if style else 0
            for char in segment.text:
                wide = cell_len(char)
                if wide:
                    picture.put(row, column, char.ljust(wide), fg, face, bg)
                column += wide
    return picture


def as_svg(lines: Sequence[Strip], palette: "Palette") -> str:
    """A picture that scales."""
    from tui.drawing.svg import to_svg

    return to_svg(as_picture(lines), palette.foreground, palette.background)
