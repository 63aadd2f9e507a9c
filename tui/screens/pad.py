"""The pad: the widget on which a person draws with mouse or keys."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from textual import events
from textual.message import Message

from tui.actions import Action, bindings
from tui.drawing.halfblock import scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.panels.samples import image, shrunk
from tui.screens.ink import COLORS, SIDE, Color, Ink
from tui.words import fitting

LEFT, RIGHT = 1, 3  # buttons
STEP = 2.0  # elements that a key moves the pen


class Pad(Drawing, can_focus=True):
    """Ink that can be changed: drag with the mouse (right button erases), or move with the arrows.

    `paper` is the colour behind the ink; where `colorful`, the ink's colour can be chosen.
    """

    ALLOW_SELECT = False
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
        Action("eraser", "x", "Erase", "Erase instead of paint, or paint again", True),
        Action("color:1", "i", "Ink", "The next colour of the ink, where the images have colours", True),
        Action("color:-1", "I", "Ink before", "The colour of the ink before"),
        Action("undo_stroke", "u,ctrl+z", "Undo", "Take the last stroke back", True),
        Action("clear", "c,backspace,delete", "Clear", "An empty sheet", True),
    )
    BINDINGS: ClassVar[list[Any]] = bindings(ACTIONS, "pad")

    class Drawn(Message):
        """The ink has changed."""

    class Switched(Message):
        """The pen went up or down, or became an eraser, or its colour changed."""

    def __init__(self, radius: float = 2.0) -> None:
        super().__init__(id="pad")
        self.ink = Ink(radius)
        self.hint = "draw something"
        self.paper: Color = (0.0, 0.0, 0.0)
        self.colorful = False
        self.x, self.y = SIDE / 2, SIDE / 2
        self.down = self.erasing = False
        self._stroke: tuple[float, float] | None = None
        self._rubbing = False

    def prepare(self, hint: str, paper: Color, colorful: bool) -> None:
        """Takes in what there is to draw, and on which paper; the ink begins with the end of COLORS that shows best."""
        if (hint, paper, colorful) == (self.hint, self.paper, self.colorful):
            return
        if (paper, colorful) != (self.paper, self.colorful):
            self.ink.color = COLORS["black" if sum(paper) > 1.5 else "white"]
        self.hint, self.paper, self.colorful = hint, paper, colorful
        self.update()
        self.post_message(self.Switched())

    @property
    def color(self) -> str:
        """The name of the ink's colour."""
        return next(name for name, color in COLORS.items() if color == self.ink.color)

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, ink = Picture(width, height), self.ink.values[..., None]
        plain = palette.depth == "none"
        at = (ink if plain else self.ink.colors * ink + np.asarray(self.paper) * (1 - ink)).astype(float)
        smaller = width < SIDE or 2 * height < SIDE
        at = shrunk(at, 2 * height, width) if smaller else scaled(at, 2 * height, width, smooth=True)
        seen = np.moveaxis(at if self.colorful else at[..., :1], -1, 0)
        sheet = shades(at[..., 0]) if plain else image(seen, 2 * height, width, palette)
        picture.paste(sheet, 0, 0)
        if self.ink.empty and self._stroke is None:
            self._tell(picture, palette)
        if self.has_focus:
            column, row = int(self.x * width / SIDE), int(self.y * height / SIDE)
            mark = "╳" if self.erasing else "●" if self.down else "┼"
            picture.put(row, column, mark, palette.color(1 if self.down or self.erasing else 0), BOLD)
        return picture

    def _tell(self, picture: Picture, palette: Palette) -> None:
        """What to do with an empty pad, above the pen."""
        color = palette.color("muted")
        if palette.depth == "full":
            color = 0x55555C if sum(self.paper) > 1.5 else 0x9A9AA2
        ways = ("with the mouse or the arrows", "with mouse or keys", "")
        lines = [self.hint, fitting(ways, picture.width - 1)]
        for row, text in enumerate(lines, max(0, picture.height // 4 - 1)):
            picture.put(row, (picture.width - len(text)) // 2, text, color)

    # ------------------------------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.colorful or action != "color"

    def action_move(self, direction: str) -> None:
        across, up = {"left": (-STEP, 0), "right": (STEP, 0), "up": (0, -STEP), "down": (0, STEP)}[direction]
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
        self._switched()

    def action_eraser(self) -> None:
        self.erasing = not self.erasing
        self._switched()

    def action_color(self, by: str) -> None:
        names = list(COLORS)
        self.ink.color = COLORS[names[(names.index(self.color) + int(by)) % len(names)]]
        self.erasing = False
        self._switched()

    def action_undo_stroke(self) -> None:
        self._change(self.ink.undo)

    def action_clear(self) -> None:
        self.down = False
        self._change(self.ink.clear)
        self._switched()

    def _switched(self) -> None:
        self.update()
        self.post_message(self.Switched())

    # ------------------------------------------------------------------------------------------ mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        if event.button not in (LEFT, RIGHT):
            return
        self.capture_mouse()
        self._rubbing = event.button == RIGHT or self.erasing
        self.ink.begin()
        self._stroke = self._place(event)
        self._follow(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._stroke is None:
            return
        event.stop()
        if event.button:
            self._follow(event)
        else:
            self._end()  # the button was let go where the terminal could not see it

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self._end()

    def on_mouse_release(self) -> None:
        self._end()

    def on_resize(self) -> None:
        """What the mouse does from here on would be somewhere else."""
        self._end()

    def _end(self) -> None:
        if self._stroke is not None:
            self._stroke = None
            self.release_mouse()

    def _follow(self, event: events.MouseEvent) -> None:
        start, end = self._stroke or self._place(event), self._place(event)
        self._stroke = end
        self.x, self.y = (min(max(0.0, value), SIDE - 1.0) for value in end)
        self._change(lambda: self.ink.line(start, end, self._rubbing))

    def _place(self, event: events.MouseEvent) -> tuple[float, float]:
        """The middle of the cell under the mouse, in elements."""
        width, height = self.size
        return (event.x + 0.5) * SIDE / max(1, width), (event.y + 0.5) * SIDE / max(1, height)

    def _change(self, change: Callable[[], object]) -> None:
        change()
        self.update()
        self.post_message(self.Drawn())
