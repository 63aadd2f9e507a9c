"""Ink on paper: what has been drawn, in which colours, and the way back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 40  # elements on a side
UNDOS = 60
Floats = NDArray[np.float32]
Color = tuple[float, float, float]

COLORS: dict[str, Color] = {
    "white": (1, 1, 1),
    "red": (0.85, 0.15, 0.12),
    "orange": (0.95, 0.6, 0.1),
    "yellow": (0.98, 0.88, 0.25),
    "green": (0.2, 0.55, 0.22),
    "blue": (0.2, 0.42, 0.8),
    "brown": (0.45, 0.28, 0.14),
    "black": (0, 0, 0),
}


@dataclass(frozen=True, eq=False)
class Sheet:
    """A drawing: `ink` (SIDE, SIDE), paper 0 to ink 1, and its `colors` (SIDE, SIDE, 3)."""

    ink: Floats
    colors: Floats


class Ink:
    """A drawing that grows; lines have round ends, smooth edges, `radius` in elements, and the colour `color`."""

    def __init__(self, radius: float = 2.0) -> None:
        self.radius = radius
        self.color: Color = COLORS["white"]
        self.values: Floats = np.zeros((SIDE, SIDE), np.float32)
        self.colors: Floats = np.ones((SIDE, SIDE, 3), np.float32)
        self._past: list[Sheet] = []

    @property
    def sheet(self) -> Sheet:
        """The drawing as it is now; it does not change when more is drawn."""
        return Sheet(self.values, self.colors)

    def begin(self) -> None:
        """A new stroke begins: undo comes back to here."""
        self._past = [*self._past[-UNDOS:], self.sheet]

    def line(self, start: tuple[float, float], end: tuple[float, float], erase: bool = False) -> None:
        """Draws or erases from (x, y) to (x, y), in elements."""
        y, x = np.mgrid[:SIDE, :SIDE] + 0.5
        (x0, y0), (x1, y1) = start, end
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1) if length else 0.0
        distance = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        ink = np.clip(self.radius * (1.4 if erase else 1) + 0.5 - distance, 0, 1).astype(np.float32)
        if erase:
            self.values = np.minimum(self.values, 1 - ink)
            return
        self.values = np.maximum(self.values, ink)
        share = np.divide(ink, self.values, out=np.zeros_like(ink), where=self.values > 0)[..., None]
        self.colors = self.colors * (1 - share) + np.float32(self.color) * share

    def clear(self) -> None:
        """An empty sheet."""
        if self.values.any():
            self.begin()
            self.values = np.zeros_like(self.values)

    def undo(self) -> bool:
        """Takes the last stroke back; False where there is none."""
        if not self._past:
            return False
        last = self._past.pop()
        self.values, self.colors = last.ink, last.colors
        return True

    @property
    def empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self.values.any()
