"""The screen's event loop, which shares the interpreter with a thread that trains.

Python lets a waiting thread have the interpreter after the switch interval. While the screen waits for a key or a timer
that interval is short, so that it is awake at once; while it draws the interval is long, so that a key's effect is not
cut into pieces with training in between. Both get as much of the processor as before.
"""

import asyncio
import sys
from selectors import DefaultSelector, SelectorKey

AWAKE, WAITING = 0.005, 0.0002  # seconds


class Selector(DefaultSelector):
    """Waits for events, and says while it does so that the interpreter is wanted soon after."""

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        sys.setswitchinterval(WAITING)
        try:
            return super().select(timeout)
        finally:
            sys.setswitchinterval(AWAKE)


def event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop for the screen."""
    return asyncio.SelectorEventLoop(Selector())
