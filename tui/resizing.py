"""Sizes of the terminal that come faster than the screen is laid out, or in the wrong order.

Textual takes every size that it is told for the newest. But a signal that arrives while the one before is being handled
is told first. And a screen that has laid itself out tells itself that size again: with two sizes on their way they
follow each other for ever, and nothing else happens any more. So whoever is told a size asks for the present one.
"""

from typing import Any, cast

from textual.driver import Driver
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen


def present(event: Resize, driver: Driver | None) -> Resize:
    """The event with the size that the terminal has by now; as it is where the terminal itself reports its sizes, which
    it does in order and in pixels too."""
    ask = getattr(driver, "_get_terminal_size", None)
    if ask is None or event.pixel_size is not None:
        return event
    size = Size(*ask())
    return Resize(size, size)


class Resizing:
    """Mixed into a screen: it is laid out for the size that the app has by now, whichever it is told."""

    def _screen_resized(self, size: Size) -> None:
        screen = cast(Screen[Any], self)
        Screen._screen_resized(screen, screen.app.size)
