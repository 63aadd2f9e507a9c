"""The rows view: targets, predictions and features as a table, the most wrong first."""

import numpy as np
from numpy.typing import NDArray

from tui.drawing.axes import number
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.reading import Reading, raw_rows
from tui.panels.samples import draw_scores
from tui.words import shortened

SHORTEST = 9  # letters that a long heading keeps, or more where there is room
BARS_FROM = 18  # rows of the view from which the chosen row's scores are shown below


def visible_rows(reading: Reading, height: int) -> int:
    """How many rows of the table are in sight."""
    return max(0, height - 1 - _foot(reading, height))


def draw_rows(
    reading: Reading, order: NDArray[np.int64], chosen: int, width: int, height: int, palette: Palette
) -> Picture:
    """A page of rows around the chosen place of `order`; below, the chosen row's scores where there is room."""
    picture = Picture(width, height)
    count = visible_rows(reading, height)
    if not len(order) or count < 1 or width < 12:
        return picture
    first = chosen // count * count
    places = order[first : first + count]
    columns = _columns(reading, places)
    column = 2
    for (name, texts, side), wide in zip(columns, _widths(columns, width), strict=True):
        if column + wide > width:
            break
        picture.put(0, column, _cut(name, wide, side), palette.color("muted"))
        for row, text in enumerate(texts):
            picture.put(1 + row, column, _cut(text, wide, side), palette.color("text"))
        column += wide + 2
    for row, place in enumerate(places.tolist()):
        bad = bool(reading.subject.classes) and bool(reading.wrong[place])
        if reading.subject.classes:
            picture.put(1 + row, 0, "✗" if bad else "✓", palette.color("problem" if bad else "good"), BOLD)
        if first + row == chosen:
            picture.face[1 + row] |= REVERSE
    if foot := _foot(reading, height):
        place, classes = int(order[chosen]), reading.subject.classes
        draw_scores(
            picture, height - foot + 1, 0, min(width, 60), foot - 1, palette, reading.scores[place], classes,
            int(reading.targets[place]), reading.subject.tell,
        )  # fmt: skip
    return picture


def _widths(columns: list[tuple[str, list[str], str]], width: int) -> list[int]:
    """The columns' widths: long headings are cut alike, no more than they must be."""
    sizes = [(len(name), max(map(len, texts))) for name, texts, _ in columns]
    widths: list[int] = []
    for letters in range(max(SHORTEST, *(heading for heading, _ in sizes)), SHORTEST - 1, -1):
        widths = [max(longest, min(heading, letters)) for heading, longest in sizes]
        if sum(widths) + 2 * len(widths) <= width:
            break
    return widths


def _foot(reading: Reading, height: int) -> int:
    classes = len(reading.subject.classes)
    return min(classes, 6) + 1 if classes and height >= BARS_FROM else 0


def _columns(reading: Reading, places: NDArray[np.int64]) -> list[tuple[str, list[str], str]]:
    """(heading, texts, side) of every column, the most telling first."""
    subject = reading.subject
    found: list[tuple[str, list[str], str]] = []
    if subject.classes:
        names = subject.classes
        found.append(("target", [names[k] for k in reading.targets[places].tolist()], "left"))
        found.append(("predicted", [names[k] for k in reading.predicted[places].tolist()], "left"))
        heading, sure = "sure" if subject.probable else "score", reading.confidence[places].tolist()
        found.append((heading, [subject.tell(value) for value in sure], "right"))
    else:
        for target, name in enumerate(subject.splits.target_names or ("y",)):
            for heading, values in ((name, reading.targets), ("said", reading.outputs), ("error", reading.residuals)):
                found.append((heading, [number(float(value), 3) for value in values[places, target]], "right"))
    raw = raw_rows(reading, places).reshape(len(places), -1)
    features = subject.splits.feature_names
    if subject.kind == "plane":
        features = ("x1", "x2")
    for index in range(raw.shape[1]):
        name = features[index] if index < len(features) else f"x{index + 1}"
        found.append((name, [number(float(value), 3) for value in raw[:, index]], "right"))
    return found


def _cut(text: str, width: int, side: str) -> str:
    return shortened(text, width).rjust(width) if side == "right" else shortened(text, width).ljust(width)
