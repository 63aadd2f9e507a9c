"""The classes view (precision, recall, F1) and the calibration view."""

import numpy as np

from engine.metrics import Calibration, calibration, hardest_first, top_k_accuracy
from tui.drawing.bars import bar
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.panels.reading import Reading, share

NEAR = 0.1  # between confidence and accuracy of a bin
WELL = 0.03  # calibration error of what is well calibrated


def draw_classes(reading: Reading, mode: str, width: int, height: int, palette: Palette) -> Picture:
    """A row a class: precision, recall, F1 as numbers and F1 as a bar; then the averages and top-k."""
    picture = Picture(width, height)
    report, classes = reading.report, reading.subject.classes
    foot = _averages(reading)[: _below(height, len(classes))]
    order = np.argsort(report.f1, kind="stable") if mode == "worst" else np.arange(len(classes))
    label = min(max(8, *map(len, classes)), max(8, width - 24))
    inner = max(0, width - label - 27)
    heads = f"{'class':<{label}} {'prec.':>5} {'recall':>6} {'F1':>4} {'rows':>5}"
    picture.put(0, 0, heads[:width], palette.color("muted"))
    room = max(0, height - 2 - len(foot))
    for row, kind in enumerate(order[:room].tolist(), 1):
        p, r, f = (float(values[kind]) for values in (report.precision, report.recall, report.f1))
        text = f"{classes[kind][:label]:<{label}} {p:5.2f} {r:6.2f} {f:4.2f} {int(report.support[kind]):>5}"
        picture.put(row, 0, text[:width], palette.color("text"))
        _bar(picture, row, label + 27, inner, f, palette.color("good" if f >= 0.9 else 0 if f >= 0.5 else "problem"))
    if len(order) > room > 0:
        picture.put(room, 0, f"… {len(order) - room + 1} more"[:width].ljust(width), palette.color("muted"))
    at = min(len(order), room) + 2
    for row, (name, text) in enumerate(foot):
        picture.put(at + row, 0, f"{name:<{label}} "[: label + 1], palette.color("muted"))
        picture.put(at + row, label + 1, text[: max(0, width - label - 1)], palette.color("text"), BOLD)
    return picture


def _below(height: int, rows: int) -> int:
    """How many lines there may be below a table of so many rows, its head and an empty line: the rows come first."""
    return max(0, height - 2 - min(rows, max(2, (height - 2) // 2)))


def _averages(reading: Reading) -> list[tuple[str, str]]:
    report = reading.report
    rows = [
        (name, "{:5.2f} {:6.2f} {:4.2f}".format(*average))
        for name, average in (("macro", report.macro), ("weighted", report.weighted))
    ]
    ks = [k for k in (3, 5) if k < len(report.matrix) - 1]
    tops = [(f"top {k}", top_k_accuracy(np.asarray(reading.targets), reading.scores, k)) for k in ks]
    return [*rows, *((name, f"{100 * value:.1f}%".rjust(12)) for name, value in (("right", report.accuracy), *tops))]


def draw_calibration(reading: Reading, width: int, height: int, palette: Palette) -> Picture:
    """A row for each tenth of confidence: a bar for how often it was right, a mark where it should end."""
    picture = Picture(width, height)
    found = calibration(np.asarray(reading.targets), reading.scores)
    left, inner = 5, max(0, width - 5 - 12)
    picture.put(0, 0, "sure", palette.color("muted"))
    picture.put(0, left, "should end at │"[: max(0, inner)], palette.color("muted"))
    picture.put(0, width - 11, "right", palette.color("muted"))
    picture.put(0, width - 5, " rows", palette.color("muted"))
    first = int(np.flatnonzero(found.rows)[0]) if found.rows.any() else 0
    below = min(3, _below(height, len(found.rows) - first))
    fullest = hardest_first(-found.rows[first:])[: max(0, height - 2 - below)] + first
    row = 1
    for place in sorted(fullest.tolist()):
        confidence, right, rows = float(found.confidence[place]), float(found.accuracy[place]), int(found.rows[place])
        picture.put(row, 0, f"{100 * float(found.edges[place + 1]):3.0f}%", palette.color("muted"))
        if rows:
            near = abs(right - confidence) <= NEAR
            _bar(picture, row, left, inner, right, palette.color("good" if near else 1))
            mark = left + min(inner - 1, int(confidence * inner))
            behind = int(picture.fg[row, mark]) if picture.chars[row, mark] == ord("█") else None
            picture.put(row, mark, "│", palette.color("text"), BOLD, behind)
            picture.put(row, width - 11, share(right).rjust(5), palette.color("text"))
            picture.put(row, width - 6, f"{rows:>6,}", palette.color("muted"))
        row += 1
    finite = np.isfinite(reading.confidence)
    mean = float(reading.confidence[finite].mean()) if finite.any() else float("nan")
    word = _verdict(found, mean - reading.report.accuracy)
    texts = (f"calibration error {100 * found.error:.1f}%", f"mean confidence {100 * mean:.1f}%", word)
    for offset, text in enumerate(texts[:below]):
        picture.put(row + 1 + offset, 0, text[:width], palette.color("muted" if offset == 1 else "text"))
    return picture


def _verdict(found: Calibration, excess: float) -> str:
    """What is to be said of a calibration whose mean confidence is above the accuracy by `excess`. None is well
    calibrated by its mean alone: no bin may be further off than chance would have it."""
    chance = 2 * np.sqrt(found.confidence * (1 - found.confidence) / np.maximum(found.rows, 1))
    off = np.abs(found.accuracy - found.confidence) > np.maximum(NEAR, chance)
    if found.error < WELL and not (off & (found.rows > 0)).any():
        return "well calibrated"
    if abs(excess) <= WELL / 2:
        return "off in places, not on the whole"
    return "too sure" if excess > 0 else "too modest"


def _bar(picture: Picture, row: int, left: int, inner: int, value: float, color: int) -> None:
    picture.put(row, left, bar(round(float(np.clip(np.nan_to_num(value), 0, 1)) * inner * 8)), color)
