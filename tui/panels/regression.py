"""The views of a regression: the fit, and what is left over."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.metrics import mae, r2, rmse
from tui.drawing.axes import Scale, labels, linear_ticks, nice_limits, number
from tui.drawing.braille import Canvas, joined
from tui.drawing.frames import frame
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.panels.boundary import Field
from tui.panels.reading import Reading, raw_rows
from tui.words import squeezed

MOST = 5000  # values that are drawn
MODES = ("over predictions", "histogram")


class Axes:
    """A frame with two axes, and a canvas in it on which values are drawn."""

    def __init__(self, x: Scale, y: Scale, width: int, height: int) -> None:
        self.x, self.y, self.width, self.height = x, y, width, height
        rows = max(1, height - 2)
        y_ticks = linear_ticks(y.low, y.high, max(2, rows // 4))
        texts = labels(y_ticks)
        wide = max(map(len, texts), default=0)
        places = [round((1 - float(y.share(tick))) * (rows - 1)) for tick in y_ticks]
        columns = max(1, width - wide - 1)
        x_ticks = linear_ticks(x.low, x.high, max(2, columns // 8))
        x_places = [round(float(x.share(tick)) * (columns - 1)) for tick in x_ticks]
        self.frame = frame(
            width, height, tuple(zip(x_places, labels(x_ticks), strict=True)),
            tuple((place, text.rjust(wide)) for place, text in zip(places, texts, strict=True)),
        )  # fmt: skip
        self.canvas = Canvas(self.frame.width, self.frame.height)

    def points(self, x: ArrayLike, y: ArrayLike, color: int) -> None:
        """Dots at values."""
        columns, rows = self._dots(x, y)
        self.canvas.points(columns, rows, color)

    def curve(self, x: NDArray[np.float64], y: NDArray[np.float64], color: int) -> None:
        """A line through values; x rises."""
        at = np.linspace(self.x.low, self.x.high, self.canvas.columns)
        good = np.isfinite(y)
        if good.any():
            values = np.interp(at, x[good], y[good], left=np.nan, right=np.nan)
            _, rows = self._dots(at, values)
            self.canvas.spans(*joined(rows, rows.copy()), color)

    def _dots(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.x.share(x) * (self.canvas.columns - 1), (1 - self.y.share(y)) * (self.canvas.rows - 1)

    def picture(self, palette: Palette) -> Picture:
        """The frame with what was drawn."""
        picture = Picture(self.width, self.height)
        picture.chars[:] = self.frame.chars[: self.height, : self.width]
        picture.fg[:] = palette.color("muted")
        self.canvas.onto(picture, 0, self.frame.left)
        return picture


def draw_fit(reading: Reading, field: Field | None, width: int, height: int, palette: Palette) -> Picture:
    """One input: the curve and the points; else the prediction over the target, where the diagonal is perfect."""
    true, said = (values.ravel()[:MOST].astype(float) for values in (reading.targets, reading.outputs))
    names = reading.subject.splits.feature_names or ("x",)
    named = reading.subject.splits.target_names or ("y",)
    target = named[0] if len(named) == 1 else "targets"
    good = np.isfinite(said)
    if width < 16 or height < 6 or not good.any():
        return _sentence("no finite predictions" if width >= 16 and height >= 6 else "", width, height, palette)
    if reading.subject.splits.shape == (1,):
        x = raw_rows(reading, np.arange(len(reading.rows)))[:, 0].astype(float)
        low, high = (field.plane.left, field.plane.right) if field else (x.min(), x.max() + 1e-9)
        axes = Axes(Scale(float(low), float(high)), _around(np.concatenate([true, said[good]])), width, height - 1)
        if field is not None and field.values.ndim == 2:
            line = np.linspace(low, high, len(field.values))
            axes.curve(line, field.values[:, 0].astype(float), palette.color("text"))
        axes.points(x, true, palette.color(reading.part))
        rows = f"dots are the {reading.part} rows"
        texts = [f"{target} over {names[0]}: {rows}, the line is the network", "dots: data, line: network"]
    else:
        both = _around(np.concatenate([true, said[good]]))
        axes = Axes(both, both, width, height - 1)
        ends = np.array([both.low, both.high])
        axes.curve(ends, ends, palette.color("muted"))
        axes.points(true, said, palette.color(reading.part))
        texts = [f"predicted {target} (up) over true {target}; on the line is right", "predicted (up) over true"]
    return _with_line(axes.picture(palette), squeezed(texts, width), palette)


def draw_residuals(reading: Reading, mode: str, width: int, height: int, palette: Palette) -> Picture:
    """What is left over, predicted less true: over the prediction, or how often each size occurs; and its measures."""
    left, said = (values.ravel()[:MOST].astype(float) for values in (reading.residuals, reading.outputs))
    good = np.isfinite(left)
    if width < 16 or height < 6 or not good.any():
        return _sentence("no finite predictions" if width >= 16 and height >= 6 else "", width, height, palette)
    largest = float(np.abs(left[good]).max()) or 1.0
    even = nice_limits(-largest, largest)
    measures = (f"rmse {number(rmse(reading.targets, reading.outputs), 3)}, "
                f"mae {number(mae(reading.targets, reading.outputs), 3)}, "
                f"r2 {number(r2(reading.targets, reading.outputs), 3)}")  # fmt: skip
    if mode == "histogram":
        probe = Axes(even, Scale(0, 1), width, height - 1)
        bins = probe.canvas.columns // 2
        counts, edges = np.histogram(left[good], bins, (even.low, even.high))
        axes = Axes(even, nice_limits(0, float(max(1, counts.max()))), width, height - 1)
        columns = np.interp(np.linspace(even.low, even.high, axes.canvas.columns), (edges[1:] + edges[:-1]) / 2, counts)
        tops = (1 - axes.y.share(columns)) * (axes.canvas.rows - 1)
        tops[columns <= 0] = np.nan
        axes.canvas.spans(tops, np.full_like(tops, axes.canvas.rows - 1), palette.color(reading.part))
    else:
        axes = Axes(_around(said[good]), even, width, height - 1)
        ends = np.array([axes.x.low, axes.x.high])
        axes.curve(ends, np.zeros(2), palette.color("muted"))
        axes.points(said, left, palette.color(reading.part))
    return _with_line(axes.picture(palette), measures, palette)


def _around(values: NDArray[np.float64]) -> Scale:
    return nice_limits(float(values.min()), float(values.max()))


def _with_line(plot: Picture, text: str, palette: Palette) -> Picture:
    picture = Picture(plot.width, plot.height + 1)
    picture.paste(plot, 0, 0)
    picture.put(plot.height, 0, text[: plot.width], palette.color("muted"))
    return picture


def _sentence(text: str, width: int, height: int, palette: Palette) -> Picture:
    picture = Picture(width, height)
    picture.put(height // 2, 0, text.center(width)[:width], palette.color("muted"))
    return picture
