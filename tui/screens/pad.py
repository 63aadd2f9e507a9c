"""The pad: ink on paper, and the widget on which a person draws with mouse or keys."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.message import Message

from tui.actions import Action, bindings
from tui.drawing.halfblock import halves, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing

SIDE = 40  # elements on a side: columns, and half rows
UNDOS = 60


class Ink:
    """A drawing (SIDE, SIDE), paper 0 to ink 1; lines have round ends, smooth edges, and `radius` in elements."""

    def __init__(self, radius: float = 2.0) -> None:
        self.radius = radius
        self.values: NDArray[np.float32] = np.zeros((SIDE, SIDE), np.float32)
        self._past: list[NDArray[np.float32]] = []

    def begin(self) -> None:
        """A new stroke begins: undo comes back to here."""
        self._past = [*self._past[-UNDOS:], self.values.copy()]

    def line(self, start: tuple[float, float], end: tuple[float, float], erase: bool = False) -> None:
        """Draws or erases from (x, y) to (x, y), in elements."""
        y, x = np.mgrid[:SIDE, :SIDE] + 0.5
        (x0, y0), (x1, y1) = start, end
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1) if length else 0.0
        distance = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        ink = np.clip(self.radius * (1.4 if erase else 1) + 0.5 - distance, 0, 1).astype(np.float32)
        self.values = np.minimum(self.values, 1 - ink) if erase else np.maximum(self.values, ink)

    def clear(self) -> None:
        """An empty sheet."""
        if self.values.any():
            self.begin()
            self.values = np.zeros_like(self.values)

    def undo(self) -> bool:
        """Takes the last stroke back; False where there is none."""
        if not self._past:
            return False
        self.values = self._past.pop()
        return True

    @property
    def empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self.values.any()


class Pad(Drawing, can_focus=True):
    """Ink that can be changed: drag with the mouse (right button erases), or move with the arrows."""

    DEFAULT_CSS = f"""
    Pad {{ width: {SIDE}; height: {SIDE // 2}; }}
    """
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("move:up", "up,k", "Up", "Move the pen up"),
        Action("move:down", "down,j", "Down", "Move the pen down"),
        Action("move:left", "left,h", "Left", "Move the pen to the left"),
        Action("move:right", "right,l", "Right", "Move the pen to the right"),
        Action("dot", "space", "Paint", "Paint a dot where the pen is", True),
        Action("pen", "p,enter", "Pen", "Pen down, so that moving draws, or up", True),
        Action("eraser", "x", "Eraser", "Erase instead of paint, or paint again", True),
        Action("undo_stroke", "u,ctrl+z", "Undo", "Take the last stroke back", True),
        Action("clear", "c,backspace,delete", "Clear", "An empty sheet", True),
    )
    BINDINGS: ClassVar[list[Any]] = bindings(ACTIONS, "pad")

    class Drawn(Message):
        """The ink has changed."""

    def __init__(self, radius: float = 2.0) -> None:
        super().__init__(id="pad")
        self.ink = Ink(radius)
        self.x, self.y = SIDE / 2, SIDE / 2
        self.down = self.erasing = False
        self._stroke: tuple[float, float] | None = None
        self._rubbing = False

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture = Picture(width, height)
        values = self.ink.values.astype(float)
        sheet = shades(values) if palette.depth == "none" else halves(palette.sequential(values))
        picture.paste(sheet, 0, 0)
        if self.ink.empty and not self._stroke:
            for row, text in enumerate(("draw a digit: drag the mouse,", "or arrows and space (p: pen down)")):
                picture.put(height // 2 - 4 + row, 0, text.center(SIDE)[:width], palette.color("muted"), 0, _PAPER)
        if self.has_focus:
            column, row = int(self.x), int(self.y) // 2
            mark = "╳" if self.erasing else "●" if self.down else "┼"
            picture.put(row, column, mark, palette.color(1 if self.down or self.erasing else 0), BOLD)
        return picture

    # ------------------------------------------------------------------------------------------ keys

    def action_move(self, direction: str) -> None:
        across, up = {"left": (-2, 0), "right": (2, 0), "up": (0, -2), "down": (0, 2)}[direction]
        before = self.x, self.y
        self.x = min(max(1.0, self.x + across), SIDE - 1.0)
        self.y = min(max(1.0, self.y + up), SIDE - 1.0)
        if self.down:
            self._change(lambda: self.ink.line(before, (self.x, self.y), self.erasing))
        else:
            self.update()

    def action_dot(self) -> None:
        self.ink.begin()
        self._change(lambda: self.ink.line((self.x, self.y), (self.x, self.y), self.erasing))

    def action_pen(self) -> None:
        self.down = not self.down
        if self.down:
            self.action_dot()
        self.update()

    def action_eraser(self) -> None:
        self.erasing = not self.erasing
        self.update()

    def action_undo_stroke(self) -> None:
        self._change(self.ink.undo)

    def action_clear(self) -> None:
        self.down = False
        self._change(self.ink.clear)

    # ------------------------------------------------------------------------------------------ mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.capture_mouse()
        self._rubbing = event.button == 3 or self.erasing
        self.ink.begin()
        self._stroke = self._place(event)
        self._follow(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._stroke is not None:
            event.stop()
            self._follow(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self._stroke = None
        self.release_mouse()

    def _follow(self, event: events.MouseEvent) -> None:
        start, end = self._stroke or self._place(event), self._place(event)
        self._stroke = end
        self.x, self.y = (min(max(0.0, value), SIDE - 1.0) for value in end)
        self._change(lambda: self.ink.line(start, end, self._rubbing))

    def _place(self, event: events.MouseEvent) -> tuple[float, float]:
        return event.x + 0.5, 2 * event.y + 1.0

    def _change(self, change: Callable[[], object]) -> None:
        change()
        self.update()
        self.post_message(self.Drawn())


_PAPER = 0x0C0C0E
