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
    """How much room a curve's entry takes: which of its names, columns of its line, without which the name is coloured,
    digits, columns to the next."""

    name: int
    line: int
    digits: int
    gap: int


WHOLE, CUT, BRIEF, NONE = range(4)  # the names of a curve
FITS = (
    Fit(WHOLE, 2, 4, 3), Fit(CUT, 2, 4, 3), Fit(CUT, 1, 4, 2), Fit(CUT, 1, 3, 1), Fit(BRIEF, 1, 3, 1),
    Fit(BRIEF, 1, 2, 1), Fit(BRIEF, 0, 3, 1), Fit(BRIEF, 0, 2, 1), Fit(NONE, 1, 3, 1),
)  # fmt: skip


def draw_legend(
    plot: Plot, series: Sequence[Series], view: View, palette: Palette, step: float, steps_per_epoch: float, title: str
) -> None:
    """Title, each series with its line and its value at `step`, and the place; a number is never cut.

    Where the plot leaves two rows, the series stand in the second one.
    """
    picture, row = plot.picture, plot.top - 1
    start = picture.put(0, 0, f"{title}  ", palette.color("text"), BOLD) if title else 0
    column = 0 if row else start
    ours = [one for one in series if not one.before]
    epochs = [one for one in series if one.values is None]
    read = view.cursor is not None and len(ours) < len(series)  # then the values of the run before stand here, too
    crowds = [(series, FITS[:-1]), (epochs, FITS[:-1])] if read else []
    for series, fit in ((some, fit) for some, fits in (*crowds, (ours, FITS)) for fit in fits):
        values = [_value(one, step, view, steps_per_epoch) for one in series]
        entries = [
            (
                one.glyph if one.before else LINES[one.pattern][: fit.line],
                (one.name, one.name[:5], one.short or one.name[:5], "")[fit.name],
                axes.number(value, 4 if view.cursor is not None else fit.digits),
            )
            for one, value in zip(series, values, strict=True)
        ]
        room = sum(len(" ".join(filter(None, entry))) for entry in entries) + fit.gap * (len(entries) - 1)
        if column + room <= picture.width:
            break
    for one, value, (line, name, text) in zip(series, values, entries, strict=True):
        wrong = value is not None and not np.isfinite(value)
        if column + len(" ".join(filter(None, (line, name, text)))) > picture.width:
            break
        column = picture.put(row, column, f"{line} " if line else "", palette.color(one.role), BOLD * (not one.before))
        column = picture.put(row, column, f"{name} " if name else "", palette.color("muted" if line else one.role))
        column = picture.put(row, column, text, palette.color("problem" if wrong else "text"), BOLD * wrong)
        column += fit.gap
    smooth = view.beta > 0 and any(one.smooth and one.values is not None for one in series)
    notes = [*(["log"] if view.log else []), *([f"smooth {view.beta:g}"] if smooth else [])]
    notes.append(_place(step, steps_per_epoch, view))
    taken = start if row else column
    while notes and taken + len(" · ".join(notes)) > picture.width:
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


def _value(series: Series, step: float, view: View, steps_per_epoch: float) -> float | None:
    """The exact value under a cursor, of one that has gone so far; else the present one, smoothed if the curve is."""
    if step >= series.last + (1 if series.values is not None else max(steps_per_epoch, 1)):
        return None
    smooth = series.smooth_with(view.beta)
    if smooth is None or view.cursor is not None or not len(smooth):
        return series.at(step)
    return float(smooth.values[max(0, min(round(step), len(smooth)) - 1)])
