"""Curves over the steps of a run: from series and a view to a picture with axes, legend, marks and a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.drawing import axes
from tui.drawing.bars import sparkline
from tui.drawing.braille import Canvas, joined, polyline
from tui.drawing.frames import frame
from tui.drawing.legend import draw_cursor, draw_legend
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.pyramid import Pyramid
from tui.drawing.series import Mark, Plot, Series, View, newest

Floats = NDArray[np.floating]
FRAMED = (24, 6)  # from this size on there are axes; below, only the curves
ROOM = 5.0  # a run before that was far worse takes no more of the height than leaves a fifth to the present one
QUIET = 0.45  # how far its colour is moved towards the background
FEW = 6  # glyphs of a run before, whose line is too sparse to be told by its pattern
TITLED = (60, 14)  # narrower than this, and at least so tall, a title has a row of its own


@dataclass(frozen=True, eq=False)
class _Traced:
    series: Series
    low: Floats
    high: Floats
    bad: NDArray[np.bool_]
    band: tuple[Floats, Floats] | None


def draw(
    series: Sequence[Series],
    view: View,
    width: int,
    height: int,
    palette: Palette,
    marks: Sequence[Mark] = (),
    steps_per_epoch: float = 1.0,
    title: str = "",
    present: float | None = None,
    empty: str = "no data yet",
) -> Plot:
    """Draw curves into `width` x `height` cells: from 24 x 6 with axes, below without, below 10 x 4 as a sparkline.

    What comes after the step `present` is dimmed. Where there is nothing to draw, the lines of `empty` are shown; one
    that is too long is broken at its gaps of four columns.
    """
    picture = Picture(width, height)
    ends = [mark.step for mark in marks]
    low, high = view.limits(max([one.last for one in series] + ends, default=0.0), max([newest(series), *ends]))
    steps = axes.Scale(low, high)
    shown = [one for one in series if one.last > 0]
    if width < 1 or height < 1 or not shown:
        lines = [part for line in empty.split("\n") for part in (line.split("    ") if len(line) > width else [line])]
        lines = lines[: max(0, height)]
        for row, line in enumerate(lines, max(0, (height - len(lines)) // 2)):
            picture.put(row, max(0, (width - len(line)) // 2), line[: max(0, width)], palette.color("muted"))
        return Plot(picture, 0, 0, max(1, width), max(1, height), steps, axes.Scale(0, 1))
    if width < 10 or height < 4:
        front = min(shown, key=lambda one: one.before)
        tops = _trace(front, view, np.linspace(low, high, width + 1)).high
        picture.put(0, 0, sparkline(tops, view.log), palette.color(front.role))
        return Plot(picture, 0, 0, width, 1, steps, axes.Scale(0, 1))
    framed = width >= FRAMED[0] and height >= FRAMED[1]
    head = 2 if title and framed and width < TITLED[0] and height >= TITLED[1] else 1
    wanted, left, inner = (6 if framed else 0), -1, height - head - (2 if framed else 0)
    for _ in range(3):  # the width of the numbers changes the columns, the columns may change the numbers
        if wanted == left:
            break
        left = wanted
        columns = width - left
        edges = np.linspace(low, high, 2 * columns + 1)
        traced = [_trace(one, view, edges) for one in shown]
        values = _limits(traced, view.log)
        ticks = values.ticks(max(2, (inner + 1) // 3))
        texts = axes.labels(ticks, values.log)
        wanted = max(6, max(map(len, texts), default=0) + 2) if framed else 0
    if framed:
        ruled = list(zip(ticks, texts, strict=True))
        _frame(picture, head, columns, inner, left, values, ruled, steps, view, steps_per_epoch, palette)
    plot = Plot(picture, left, head, columns, inner, steps, values)
    _curves(plot, traced, marks, palette)
    if present is not None:
        _dim(plot, present, palette)
    last, now = max(one.last for one in shown), newest(shown)
    step = min(now, now if present is None else present) if view.cursor is None else min(max(view.cursor, 1.0), last)
    draw_legend(plot, shown, view, palette, step, steps_per_epoch, title)
    if view.cursor is not None:
        draw_cursor(plot, view, palette, step, steps_per_epoch if framed else None)
    return plot


def _trace(one: Series, view: View, edges: Floats) -> _Traced:
    """A series' lowest and highest value in each column; those of a run before are kept for the same columns."""
    if one.values is None:
        columns = len(edges), float(edges[0]), float(edges[-1])
        if columns in one.traced:
            found: _Traced = one.traced[columns]
            return found
        xs, ys = _points(one, edges)
        bad = np.zeros(len(edges) - 1, bool)
        place = np.searchsorted(edges, xs[~np.isfinite(ys)], "right") - 1
        bad[place[(place >= 0) & (place < len(bad))]] = True
        low, high = polyline(xs, np.where(np.isfinite(ys), ys, np.nan), edges)
        found = _Traced(one, low, high, bad, None)
        if one.before:
            one.traced.clear()
            one.traced[columns] = found
        return found
    smooth = one.smooth_with(view.beta)
    low, high, bad = _columns(one.values, edges)
    if smooth is None:
        return _Traced(one, low, high, bad, None)
    calm_low, calm_high, _ = _columns(smooth, edges)
    middle = (calm_low + calm_high) / 2  # one calm line, whatever the smoothed series does within a column
    return _Traced(one, middle, middle, bad, (low, high))


def _points(one: Series, edges: Floats) -> tuple[Floats, Floats]:
    """The points to draw: those in sight and one on each side, or the lowest and highest of as many blocks as fit."""
    xs, ys = np.asarray(one.steps, float), np.asarray(one.ys, float)
    first, last = np.searchsorted(xs, edges[0]) - 1, np.searchsorted(xs, edges[-1], "right") + 1
    first, last = max(0, int(first)), min(len(xs), int(last))
    if one.blocks is None or last - first <= 8 * len(edges):
        return xs[first:last], ys[first:last]
    low, high, bad = one.blocks.columns(first, last, len(edges))
    limits = xs[np.clip(one.blocks.edges(first, last, len(edges)), 0, len(xs) - 1)]
    at = np.stack([limits[:-1], (limits[:-1] + limits[1:]) / 2], 1).ravel()
    value = np.where(bad[:, None], np.nan, np.stack([low, high], 1).astype(float)).ravel()
    rising = np.concatenate([[True], np.diff(at) > 0])
    return at[rising], value[rising]


def _columns(values: Pyramid, edges: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    count = len(edges) - 1
    first, last = float(edges[0]) - 0.5, float(edges[-1]) - 0.5  # value i, of step i + 1, fills [i, i + 1)
    if last - first >= 2 * count:
        return values.columns(round(first), round(last), count)
    start, stop = max(0, int(first) - 2), max(0, int(last) + 3)
    ys = values.values[start:stop].astype(float)
    xs = np.arange(start + 1.0, start + 1.0 + len(ys))
    bad = np.zeros(count, bool)
    place = np.searchsorted(edges, xs[~np.isfinite(ys)], "right") - 1
    bad[place[(place >= 0) & (place < count)]] = True
    return *polyline(xs, np.where(np.isfinite(ys), ys, np.nan), edges), bad


def _limits(traced: Sequence[_Traced], log: bool) -> axes.Scale:
    """The scale of what is visible; on a linear one, what of a run before lies far above the present one is cut."""
    lows, highs = _ends([one for one in traced if not one.series.before], log)
    other_lows, other_highs = _ends([one for one in traced if one.series.before], log)
    if not len(lows) or not len(highs):
        lows, highs = other_lows, other_highs
    if not len(lows) or not len(highs):
        return axes.Scale(0.1, 1.0, True) if log else axes.Scale(0.0, 1.0)
    low, high = float(lows.min()), float(highs.max())
    if len(other_lows) and len(other_highs):
        low, most = min(low, float(other_lows.min())), float(other_highs.max())
        high = max(high, most if log or high <= low else min(most, low + ROOM * (high - low)))
    return axes.nice_limits(low, high, log)


def _ends(traced: Sequence[_Traced], log: bool) -> tuple[Floats, Floats]:
    """The lowest and highest values that are numbers, and on a logarithmic scale above zero."""
    lows = np.concatenate([[], *(part for one in traced for part in (one.low, *(one.band[:1] if one.band else ())))])
    highs = np.concatenate([[], *(part for one in traced for part in (one.high, *(one.band[1:] if one.band else ())))])
    if log:
        lows, highs = np.concatenate([lows[lows > 0], highs[highs > 0]]), highs[highs > 0]
    return lows[np.isfinite(lows)], highs[np.isfinite(highs)]


def _frame(
    picture: Picture,
    head: int,
    columns: int,
    inner: int,
    left: int,
    values: axes.Scale,
    ticks: list[tuple[float, str]],
    steps: axes.Scale,
    view: View,
    steps_per_epoch: float,
    palette: Palette,
) -> None:
    unit = max(steps_per_epoch, 1e-9) if view.by_epoch else 1.0
    across = axes.linear_ticks(steps.low / unit, steps.high / unit, max(2, columns // 12), not view.by_epoch)
    cells = np.clip(np.floor(steps.share(np.array(across) * unit) * columns), 0, columns - 1)
    x_ticks = tuple((int(cell), text) for cell, text in zip(cells, axes.labels(across), strict=True))
    places = (1 - values.share([tick for tick, _ in ticks])) * (4 * inner - 1)
    rows = np.clip(np.rint(places) // 4, 0, inner - 1)
    y_ticks = tuple((int(row), text.rjust(left - 2) + " ") for row, (_, text) in zip(rows, ticks, strict=True))
    if not y_ticks:
        y_ticks = ((0, " " * (left - 1)),)
    picture.chars[head:] = frame(columns + left, inner + 2, x_ticks, y_ticks).chars
    picture.fg[head:] = palette.color("muted")
    picture.fg[head : inner + head, left - 1 :] = palette.color("faint")
    picture.fg[inner + head] = palette.color("faint")
    name = ("epoch" if view.by_epoch else "step").rjust(left - 2)
    if np.all(picture.chars[-1, : len(name) + 1] == 32):
        picture.put(picture.height - 1, 0, name, palette.color("muted"))


def _curves(plot: Plot, traced: Sequence[_Traced], marks: Sequence[Mark], palette: Palette) -> None:
    ground, canvas = Canvas(plot.width, plot.height), Canvas(plot.width, plot.height)
    for one in traced:
        if one.band is not None:
            tops, bottoms = _rows(plot, one.band[1]), _rows(plot, one.band[0])
            ground.spans(tops, bottoms, palette.faded(palette.color(one.series.role)), under=True)
    before = [one for one in traced if one.series.before]
    points = [one for one in traced if one.series.values is None and not one.series.before]
    steps = [one for one in traced if one.series.values is not None]
    for one in before[::-1]:
        tops, bottoms = joined(_rows(plot, one.high), _rows(plot, one.low))
        ground.spans(tops, bottoms, palette.faded(palette.color(one.series.role), QUIET), one.series.pattern)
    for one in [*steps[::-1], *points[::-1]]:  # points in front of noise
        tops, bottoms = joined(_rows(plot, one.high), _rows(plot, one.low))
        noisy = one.series.values is not None
        canvas.spans(tops, bottoms, palette.color(one.series.role), one.series.pattern, under=noisy)
    picture, body = plot.picture, slice(plot.top, plot.top + plot.height)
    for mark in marks:
        column = plot.column_of(mark.step)
        if plot.left <= column < plot.left + plot.width:
            picture.chars[body, column] = ord("╎")
            picture.fg[body, column] = palette.color("faint")
    ground.onto(picture, plot.top, plot.left)
    for place, one in enumerate(before):
        _glyphs(plot, one, palette, place)
    canvas.onto(picture, plot.top, plot.left)
    for one in (*points, *steps):
        _glyphs(plot, one, palette)
        for cell in np.unique(np.flatnonzero(one.bad) // 2).tolist():
            picture.put(plot.top, plot.left + cell, "×", palette.color("problem"), BOLD)
    for mark in marks:
        column = plot.column_of(mark.step)
        if plot.left <= column < plot.left + plot.width:
            picture.put(plot.top, column, mark.glyph, palette.color(mark.role), BOLD)


def _dim(plot: Plot, present: float, palette: Palette) -> None:
    """Fades what lies to the right of a step."""
    first = max(plot.left, plot.column_of(present) + 1)
    there = plot.picture.fg[plot.top : plot.top + plot.height, first:]
    colors, places = np.unique(there, return_inverse=True)
    quiet = [color if color == palette.color("faint") else palette.faded(color) for color in colors.tolist()]
    there[:] = np.array(quiet, np.int32)[places.reshape(there.shape)] if quiet else there
    plot.picture.face[plot.top : plot.top + plot.height, first:] = 0


def _rows(plot: Plot, values: Floats) -> Floats:
    """Dot rows, as floats, of values; far outside is clipped so that spans still reach the edge."""
    rows = (1 - plot.values.share(values)) * (4 * plot.height - 1)
    return np.clip(rows, -9.0, 4.0 * plot.height + 9)


def _glyphs(plot: Plot, one: _Traced, palette: Palette, turn: int = 0) -> None:
    """A glyph on each value where values are far enough apart; one value alone always has one. Of a run before a few
    values have one, of its second curve (`turn` 1) those between.
    """
    series = one.series
    if series.values is None:
        steps = np.asarray(series.steps, float)
        inside = slice(*np.searchsorted(steps, [plot.steps.low, np.nextafter(plot.steps.high, np.inf)]))
        steps, ys = steps[inside], np.asarray(series.ys, float)[inside]
    else:
        start = max(0, int(plot.steps.low) - 1)
        if min(plot.steps.high, series.last) - start > plot.width:
            return
        ys = series.values.values[start : int(plot.steps.high) + 1].astype(float)
        steps = np.arange(start + 1.0, start + 1.0 + len(ys))
    seen = (steps >= plot.steps.low) & (steps <= plot.steps.high) & np.isfinite(ys)
    color = palette.color(series.role)
    places = np.flatnonzero(seen)
    if series.before:
        color = palette.faded(color, QUIET)
        stride = max(1, -(-len(places) // FEW))
        places = places[(turn * stride) // 2 :: stride]
    elif len(places) > max(1, plot.width / 4):
        return
    rows = _rows(plot, ys[places])
    columns = np.clip(np.floor(plot.steps.share(steps[places]) * plot.width), 0, plot.width - 1)
    for column, row in zip(columns.astype(int).tolist(), np.floor((rows + 0.5) / 4).astype(int).tolist(), strict=True):
        if 0 <= row < plot.height:
            plot.picture.put(plot.top + row, plot.left + column, series.glyph, color)
