"""Pictures and text of the screen, or of a part of it."""

import io
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment, Segments
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip


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
    return "\n".join(line.text.rstrip() for line in lines) + "\n"


def as_svg(lines: list[Strip], title: str) -> str:
    """A picture that scales."""
    width = max((line.cell_length for line in lines), default=1)
    console = Console(
        width=width, height=len(lines), file=io.StringIO(), force_terminal=True, color_system="truecolor",
        record=True, legacy_windows=False, safe_box=False,
    )  # fmt: skip
    for line in lines:
        console.print(Segments([*line, Segment.line()]), end="")
    return console.export_svg(title=title)
