"""The one place that knows plotext: frames around live canvases, and whole charts for the command line.

One value that is not finite in a connected line makes plotext 6 abort the process, so nothing gets there unchecked:
such values are taken out and the line is broken where they were. plotext keeps one figure for the whole process, so
every use holds a lock; it takes about 2 ms to draw a frame, so frames are kept until their ticks change.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tui.drawing.axes import Scale, labels, nice_limits
from tui.drawing.picture import codes

LOCK = threading.Lock()
LARGEST = 1e100  # beyond, the range of an axis could overflow
PLOTEXT_COLORS = ("cyan+", "orange+", "green+", "magenta+", "blue+", "red+")
Tick = tuple[int, str]  # a cell of the canvas, counted from the left or the top, and its label


@dataclass(frozen=True, eq=False)
class Frame:
    """Characters, (height, width) uint32, around and behind a canvas whose top left cell is at (0, `left`)."""

    chars: NDArray[np.uint32]
    left: int
    width: int  # of the canvas
    height: int


def warm() -> None:
    """Import plotext, which takes a tenth of a second; call it in a thread after the first paint."""
    with LOCK:
        _plotext()


@lru_cache(maxsize=64)
def frame(width: int, height: int, x_ticks: tuple[Tick, ...], y_ticks: tuple[Tick, ...]) -> Frame:
    """A left and a lower axis with ticks, labels and dotted lines across, `width` x `height` cells in all.

    The labels of the upright axis should be of equal length. Their width + 1 columns and two rows are not canvas.
    """
    left = max((len(text) for _, text in y_ticks), default=0) + 1
    inner = (max(1, width - left), max(1, height - 2))
    with LOCK:
        figure = _figure(width, height)
        figure.axes(False, axis=0, side=1).axes(False, axis=1, side=1)
        for side, size, ticks in (("x", inner[0], x_ticks), ("y", inner[1], y_ticks)):
            ruler = figure.ruler(side, "lower" if side == "x" else "left")
            places = [place if side == "x" else size - 1 - place for place, _ in ticks]
            ruler.lim(0, max(1, size - 1)).alignment("center").ticks(places, [text for _, text in ticks])
            if side == "y":
                ruler.grid(True, "dotted")
        lines = figure.build().string(colorless=True).split("\n")[:height]
    chars = np.full((height, width), 32, np.uint32)
    for row, line in zip(chars, lines, strict=False):
        row[: len(line)] = codes(line[:width])
    return Frame(chars, left, *inner)


@dataclass(frozen=True, eq=False)
class Line:
    """A named line of a static chart: `x` rising, `y` with anything in it."""

    name: str
    x: ArrayLike
    y: ArrayLike


def line_chart(
    lines: Sequence[Line],
    width: int,
    height: int,
    title: str = "",
    x_label: str = "",
    color: bool = True,
) -> str:
    """A finished chart as text for the command line, with colour codes unless `color` is False; one line too small."""
    drawn = [(line.name, *_thinned(*_clean(line), width)) for line in lines]
    if width < 12 or height < 6 or not any(len(x) for _, x, _, _ in drawn):
        return "nothing to draw: no finite values" if width >= 12 and height >= 6 else "too small to draw"
    limits = [(float(np.min(side)), float(np.max(side))) for _, x, y, _ in drawn if len(x) for side in (x, y)]
    across = Scale(min(low for low, _ in limits[::2]), max(high for _, high in limits[::2]))
    across = across if across.high > across.low else Scale(across.low - 1, across.high + 1)
    up = nice_limits(min(low for low, _ in limits[1::2]), max(high for _, high in limits[1::2]))
    with LOCK:
        figure = _figure(width, height)
        figure.axes(False, axis=0, side=1).axes(False, axis=1, side=1)
        for side, scale, count in (("x", across, width // 12), ("y", up, height // 4)):
            ticks = scale.ticks(max(2, count))
            ruler = figure.ruler(side, "lower" if side == "x" else "left").lim(0, 1)
            ruler.ticks(scale.share(ticks).tolist(), labels(ticks))
        for index, (name, x, y, breaks) in enumerate(drawn):
            if not len(x):
                continue
            marker = _plotext().marker("braille")
            if color:
                marker._set_pixel(_plotext().pixel(foreground=PLOTEXT_COLORS[index % len(PLOTEXT_COLORS)]))
            signal = (
                figure.signal(across.share(x).tolist(), up.share(y).tolist(), marker=marker).label(name).lines(True)
            )
            for place in np.flatnonzero(breaks).tolist():
                signal.line(place, False)
            figure.draw(signal)
        figure.legend(True, x=max(1, width - max(map(len, (line.name for line in lines))) - 14), y=0)
        figure.title(title or None).label(x_label or None, "x")
        text: str = figure.build().string(colorless=not color)
        figure.clear()
    return text.rstrip("\n")


def _clean(line: Line) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The finite points, and at which of them the line must not come from the one before."""
    x, y = np.asarray(line.x, float).ravel(), np.asarray(line.y, float).ravel()
    with np.errstate(invalid="ignore"):
        good = np.isfinite(x) & (np.abs(y) <= LARGEST)
    kept = np.flatnonzero(good)
    return x[kept], y[kept], np.diff(kept, prepend=-1) > 1


def _thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], breaks: NDArray[np.bool_], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """At most about 8 points a column, with each part's lowest and highest: what plotext draws, it draws in Python."""
    if len(x) <= 8 * width:
        return x, y, breaks
    parts = np.array_split(np.arange(len(x)), 4 * width)
    ends = sorted({int(i) for part in parts for i in (part[y[part].argmin()], part[y[part].argmax()])})
    counts = np.cumsum(breaks)
    return x[ends], y[ends], np.diff(counts[ends], prepend=0) > 0


def _figure(width: int, height: int) -> Any:
    plotext = _plotext()
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless").canvas("default")
    return figure.plot_size(width, height)


@lru_cache(maxsize=1)
def _plotext() -> Any:
    import plotext

    plotext.terminal.limit(False, False)
    return plotext
