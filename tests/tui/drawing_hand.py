"""A hand that draws: ten digits as strokes, the mouse as the terminal reports it, and a screen that has its answer."""

import asyncio
from itertools import pairwise
from typing import Any

from textual import events
from textual.pilot import Pilot

from tui.screens.ink import Ink

Points = list[tuple[float, float]]

DIGITS: dict[str, list[Points]] = {
    "0": [[(20, 6), (13, 9), (10, 16), (10, 24), (13, 31), (20, 34), (27, 31), (30, 24), (30, 16), (27, 9), (20, 6)]],
    "1": [[(15, 11), (21, 6), (21, 34)]],
    "2": [[(11, 12), (14, 7), (20, 5), (26, 8), (28, 14), (24, 21), (17, 27), (10, 34), (30, 34)]],
    "3": [[(11, 8), (18, 5), (26, 7), (28, 13), (25, 18), (18, 20), (26, 22), (29, 28), (25, 34), (17, 35), (10, 32)]],
    "4": [[(14, 5), (12, 14), (10, 22), (20, 22), (30, 21)], [(26, 5), (25, 20), (24, 36)]],
    "5": [[(28, 6), (14, 6), (12, 18), (20, 16), (27, 20), (28, 27), (24, 33), (17, 35), (10, 32)]],
    "6": [[(26, 5), (18, 10), (13, 19), (11, 28), (15, 34), (22, 35), (27, 30), (25, 23), (18, 22), (12, 27)]],
    "7": [[(10, 7), (30, 7), (24, 18), (18, 34)]],
    "8": [[(27, 9), (20, 5), (13, 9), (14, 15), (27, 25), (27, 32), (20, 35), (13, 31), (13, 25), (27, 13), (27, 9)]],
    "9": [[(28, 12), (23, 7), (16, 8), (12, 14), (15, 20), (22, 20), (27, 15), (28, 12), (27, 22), (24, 35)]],
}


def drawn(strokes: list[Points], radius: float = 2.0) -> Ink:
    """Strokes on a fresh sheet, one step of undo each."""
    ink = Ink(radius)
    for points in strokes:
        ink.begin()
        for start, end in pairwise(points):
            ink.line(start, end)
    return ink


async def answer(screen: Any, pilot: Pilot[int]) -> None:
    """Waits until the screen has the answer to what is drawn now."""
    await pilot.pause()
    for _ in range(100):
        await asyncio.wrap_future(screen.session.ask(lambda trainer: None))
        screen.look(screen.session.snapshot)
        await pilot.pause()
        about = screen._asking.about
        if about is not None and about[1] == screen._drawings and screen._asking._future is None:
            return
    raise AssertionError("no answer")


async def mouse(screen: Any, pilot: Pilot[int], kind: type[events.MouseEvent], x: int, y: int, button: int = 1) -> None:
    """One event of the mouse at a cell of the pad, as the terminal reports it: outside of the pad, too."""
    x, y = screen.pad.content_region.x + x, screen.pad.content_region.y + y
    screen.app.post_message(kind(None, x, y, 0, 0, button, False, False, False, screen_x=x, screen_y=y))
    await pilot.pause()


async def drag(screen: Any, pilot: Pilot[int], *places: tuple[int, int], button: int = 1) -> None:
    """Presses at the first place, moves to the others, lets go at the last."""
    await mouse(screen, pilot, events.MouseDown, *places[0], button)
    for place in places[1:]:
        await mouse(screen, pilot, events.MouseMove, *place, button)
    await mouse(screen, pilot, events.MouseUp, *places[-1], button)
