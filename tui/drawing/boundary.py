"""What a network answers over a plane, as a field of colours, with the samples on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.halfblock import halves, shades
from tui.drawing.palette import Palette, mix
from tui.drawing.picture import ANSI, BOLD, DEFAULT, Picture

FILLED, HOLLOW = "●◆▲■★▼", "○◇△□☆▽"
LIGHT = (2, 3, 6, 7, 10, 11, 14, 15)  # of the 16 colours, those on which black is seen
LETTERS = np.array([ord(c) for c in "·:-=+*%#"], np.uint32)


@dataclass(frozen=True)
class Plane:
    """The stretch of (x1, x2) that is looked at; x2 grows upwards."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, x: ArrayLike, room: float = 0.08) -> "Plane":
        """All the samples, (n, 2), with some room; the unit square around zero without any."""
        at = np.asarray(x, float).reshape(-1, 2)
        at = at[np.isfinite(at).all(1)]
        if not len(at):
            return cls(-1, 1, -1, 1)
        low, high = at.min(0), at.max(0)
        more = np.maximum((high - low) * room, 1e-3 * np.maximum(np.abs(high), 1))
        return cls(float(low[0] - more[0]), float(high[0] + more[0]), float(low[1] - more[1]), float(high[1] + more[1]))

    def grid(self, width: int, height: int) -> NDArray[np.float32]:
        """The middles of the half cells of `width` x `height` cells, (2 * height * width, 2), the top row first."""
        x = self.left + (np.arange(width) + 0.5) * (self.right - self.left) / max(1, width)
        y = self.top - (np.arange(2 * height) + 0.5) * (self.top - self.bottom) / max(1, 2 * height)
        return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(np.float32)

    def cells(self, x: ArrayLike, width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The columns and rows of the cells that samples, (n, 2), are in; outside the plane, outside the cells."""
        at = np.asarray(x, float).reshape(-1, 2)
        share = (at[:, 0] - self.left) / (self.right - self.left), (self.top - at[:, 1]) / (self.top - self.bottom)
        columns, rows = (np.nan_to_num(np.floor(s * n), nan=-1) for s, n in zip(share, (width, height), strict=True))
        return columns.astype(np.intp), rows.astype(np.intp)


@dataclass(frozen=True, eq=False)
class Points:
    """Samples to draw: `x` (n, 2), `classes` (n,) whole numbers; `hollow` for the validation part."""

    x: ArrayLike
    classes: ArrayLike
    hollow: bool = False


def draw_boundary(
    field: NDArray[np.float64], plane: Plane, points: Sequence[Points], palette: Palette, discrete: bool = False
) -> Picture:
    """The field, an answer a half cell, and the points on it, the first ones on top.

    `field` (2 * height, width) has values in [-1, 1], orange (class 0) to blue (class 1); (2 * height, width, K) has
    probabilities, each cell in its likeliest class's colour, paler the less sure. `discrete` shows the decision alone.
    """
    kinds = 2 if field.ndim == 2 else field.shape[2]
    picture = _plain(field, discrete, palette) if field.ndim == 2 else _classes(field, discrete, palette)
    for part in reversed(points):
        draw_points(picture, part, plane, kinds, palette)
    return picture


def _plain(values: NDArray[np.float64], discrete: bool, palette: Palette) -> Picture:
    shown = np.sign(values) * 0.6 if discrete else np.clip(values, -1, 1) * (0.72 if palette.depth == "full" else 1)
    return shades(shown, signed=True) if palette.depth == "none" else halves(palette.signed(shown))


def _classes(values: NDArray[np.float64], discrete: bool, palette: Palette) -> Picture:
    clean = np.nan_to_num(values)
    best, most, count = clean.argmax(-1), clean.max(-1), values.shape[-1]
    sure = np.ones_like(most) if discrete else np.clip((most - 1 / count) / (1 - 1 / count), 0, 1)
    if palette.depth == "none":
        picture = Picture(values.shape[1], len(values) // 2)
        picture.chars[:] = LETTERS[best[::2] % len(LETTERS)]
        return picture
    return halves(palette.field(best, 0.25 + 0.75 * sure))


def draw_zero(picture: Picture, values: NDArray[np.float64], palette: Palette) -> None:
    """Marks in a picture of half blocks, two values a cell, those above zero that touch one that is not."""
    if palette.depth == "none":
        return  # the characters below and above zero differ
    above = values > 0
    near = np.pad(above, 1, mode="edge")
    edge = above & ~(near[:-2, 1:-1] & near[2:, 1:-1] & near[1:-1, :-2] & near[1:-1, 2:])
    line = np.int32(palette.color("text") if palette.depth == "full" else ANSI + (15 if palette.dark else 0))
    picture.fg = np.where(edge[::2], line, picture.fg).astype(np.int32)
    picture.bg = np.where(edge[1::2], line, picture.bg).astype(np.int32)


def point_color(kind: int, kinds: int, palette: Palette) -> int:
    """The colour of a sample's glyph: its class's, lighter or darker than the field behind it."""
    if palette.depth != "full":
        return DEFAULT
    if kinds <= 2:
        return ((0xFFC46B, 0x9AD6FF) if palette.dark else (0x7A3800, 0x003C70))[min(max(kind, 0), 1)]
    return mix(palette.color(kind), 0xFFFFFF if palette.dark else 0x000000, 0.4)


def point_glyph(kind: int, hollow: bool = False) -> str:
    """The glyph of a class: its own shape, filled or hollow."""
    return (HOLLOW if hollow else FILLED)[kind % len(FILLED)]


def draw_points(
    picture: Picture, points: Points, plane: Plane, kinds: int, palette: Palette, faint: bool = False
) -> None:
    """Samples on a picture of the plane; `faint` ones let it be seen between them."""
    columns, rows = plane.cells(points.x, picture.width, picture.height)
    classes = np.asarray(points.classes).astype(int).ravel()
    inside = (columns >= 0) & (columns < picture.width) & (rows >= 0) & (rows < picture.height)
    for kind in np.unique(classes[inside]).tolist():
        here = inside & (classes == kind)
        where = rows[here], columns[here]
        blocks = picture.chars[where] == ord("▀")
        picture.bg[where] = np.where(blocks, picture.fg[where], picture.bg[where])
        picture.chars[where] = ord(point_glyph(kind, points.hollow))
        color = palette.color("muted") if faint else point_color(kind, kinds, palette)
        picture.fg[where] = np.where(np.isin(picture.bg[where] - ANSI, LIGHT), ANSI, color)
        picture.face[where] = 0 if faint else BOLD
