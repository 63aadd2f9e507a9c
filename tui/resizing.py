"""Sizes of the terminal that come faster than the screen is laid out, or in the wrong order.

Textual takes every size that it is told for the newest. But a signal that arrives while the one before is being handled
is told first. And a screen that has laid itself out tells itself that size again: with two sizes on their way they
follow each other for ever, and nothing else happens any more. So whoever is told a size asks for the present one: the
terminal, which knows it also where COLUMNS and LINES say something else, and the app.
"""

import os
import sys
from typing import Any, cast

from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen


def present(event: Resize) -> Resize:
    """The event with the size that the terminal has by now; as it is where nothing can be asked, or where the terminal
    reports its sizes itself, which it does in order and in pixels too."""
    try:
        size = Size(*os.get_terminal_size(sys.__stderr__.fileno()))  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return event
    return Resize(size, size) if size and event.pixel_size is None else event


class Resizing:
    """Mixed into a screen: it is laid out for the size that the app has by now, whichever it is told."""

    def _screen_resized(self, size: Size) -> None:
        screen = cast(Screen[Any], self)
        Screen._screen_resized(screen, screen.app.size)
