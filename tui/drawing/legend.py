"""The first row of a chart: which curve is which and what it says, and the cursor that reads exact values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui.drawing import axes
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE
from tui.drawing.series import Plot, Series, View

LINES = {"solid": "━━", "dashed": "╍╍", "dotted": "··"}


@dataclass(frozen=True)
class Fit:
    """How much room a curve's entry takes: letters of its name, columns of its line, digits, columns to the next."""

    letters: int
    line: int
    digits: int
    gap: int


FITS = (
    Fit(99, 2, 4, 3), Fit(5, 2, 4, 3), Fit(5, 1, 4, 2), Fit(5, 1, 3, 1), Fit(3, 1, 3, 1), Fit(3, 1, 2, 1),
    Fit(0, 1, 3, 1),
)  # fmt: skip


def draw_legend(
    plot: Plot, series: Sequence[Series], view: View, palette: Palette, step: float, steps_per_epoch: float, title: str
) -> None:
    """Title, each series with its line and its value at `step`, and the place; a number is never cut."""
    picture = plot.picture
    column = picture.put(0, 0, f"{title}  ", palette.color("text"), BOLD) if title else 0
    values = [_value(one, step, view) for one in series]
    for fit in FITS:
        entries = [
            (
                LINES[one.pattern][: fit.line],
                one.name[: fit.letters],
                axes.number(value, 4 if view.cursor is not None else fit.digits),
            )
            for one, value in zip(series, values, strict=True)
        ]
        room = sum(sum(map(len, entry)) + 1 + bool(entry[1]) for entry in entries) + fit.gap * (len(entries) - 1)
        if column + room <= picture.width:
            break
    for one, value, (line, name, text) in zip(series, values, entries, strict=True):
        wrong = value is not None and not np.isfinite(value)
        if column + len(line) + bool(name) + len(name) + 1 + len(text) > picture.width:
            break
        column = picture.put(0, column, line, palette.color(one.role), BOLD)
        column = picture.put(0, column, f" {name}" if name else "", palette.color("muted"))
        column = picture.put(0, column, f" {text}", palette.color("problem" if wrong else "text"), BOLD * wrong)
        column += fit.gap
    smooth = view.beta > 0 and any(one.smooth and one.values is not None for one in series)
    notes = [*(["log"] if view.log else []), *([f"smooth {view.beta:g}"] if smooth else [])]
    notes.append(_place(step, steps_per_epoch, view))
    while notes and column + len(" · ".join(notes)) > picture.width:
        notes.pop(0)
    text = " · ".join(notes)
    read = view.cursor is not None
    picture.put(0, picture.width - len(text), text, palette.color("text" if read else "muted"), BOLD * read)


def draw_cursor(plot: Plot, view: View, palette: Palette, step: float, steps_per_epoch: float | None) -> None:
    """An upright line at a step and, where there is an axis (`steps_per_epoch` is not None), its number below."""
    at, picture = plot.column_of(step), plot.picture
    if not plot.left <= at < plot.left + plot.width:
        return
    for row in range(plot.top, plot.top + plot.height):
        if not 0x2800 < picture.chars[row, at] < 0x2900:
            picture.put(row, at, "│", palette.color("cursor"))
    if steps_per_epoch is not None:
        text = f" {_place(step, steps_per_epoch, view).rpartition(' ')[2]} "
        start = min(max(at - len(text) // 2, plot.left), picture.width - len(text))
        picture.put(picture.height - 1, start, text, palette.color("cursor"), BOLD | REVERSE)


def _place(step: float, steps_per_epoch: float, view: View) -> str:
    return f"epoch {step / max(steps_per_epoch, 1e-9):.2f}" if view.by_epoch else f"step {axes.count(step)}"


def _value(series: Series, step: float, view: View) -> float | None:
    """The exact value under a cursor; else the present one, smoothed if the curve is."""
    smooth = series.smooth_with(view.beta)
    if smooth is None or view.cursor is not None or not len(smooth):
        return series.at(step)
    return float(smooth.values[max(0, min(round(step), len(smooth)) - 1)])
