"""The confusion view: which classes are taken for which, and the worst of them in words."""

import numpy as np
from numpy.typing import NDArray

from engine.metrics import confusions
from tui.drawing.confusion import draw_confusion
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.panels.reading import Reading, share

MODES = ("counts", "shares", "sorted")


def by_confusion(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """The classes, those with the most errors (as target or as prediction) first."""
    wrong = matrix - np.diag(np.diagonal(matrix))
    return np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")


def draw(reading: Reading, mode: str, width: int, height: int, palette: Palette) -> Picture:
    """The matrix, as counts or as shares of its rows, and below it the worst confusions."""
    picture = Picture(width, height)
    matrix, classes = reading.report.matrix, reading.subject.classes
    order = by_confusion(matrix) if mode == "sorted" else np.arange(len(matrix))
    names = [classes[kind] for kind in order.tolist()]
    shown = matrix[np.ix_(order, order)]
    label = min(max(map(len, names)), max(3, width // 3))
    room = (width - label - 1) // len(names)
    needed = len(str(int(shown.max(initial=0)))) + 1
    values: NDArray[np.float64] = shown.astype(float)
    unit = "counts"
    if mode == "shares" or needed > room:
        values = 100 * shown / np.maximum(shown.sum(1, keepdims=True), 1)
        unit = "per cent of the row"
        values = np.where(values < 0.5, 0, np.minimum(values, 99 if room < 4 else 100))
    tall = min(len(names) + 1, height)
    if room >= 3:
        picture.paste(draw_confusion(values, names, width, tall, palette), 0, 0)
        if label < 4:
            picture.put(0, 0, " " * label)
    else:
        tall = 0
    row = tall + 1 if tall else 0
    if row < height:
        left = "" if tall else f"{len(names)} classes do not fit here; "
        wrong = int(reading.wrong.sum())
        head = f"{left}{unit}, target down; {wrong:,} wrong" if tall else f"{left}{wrong:,} wrong"
        picture.put(row, 0, head[:width], palette.color("muted"))
    support = np.maximum(matrix.sum(1), 1)
    worst = confusions(matrix)[: max(0, height - row - 1)]
    texts = [f"{classes[target]} taken for {classes[said]}" for target, said, _ in worst]
    room = min(max(map(len, texts), default=0), max(4, width - 12))
    for place, (text, (target, _, count)) in enumerate(zip(texts, worst, strict=True)):
        number = f"{count:>5,}  {share(count / support[target]):>4}"
        at = row + 1 + place
        picture.put(at, 0, (text if len(text) <= room else text[: room - 1] + "…"), palette.color("text"))
        picture.put(at, room, number, palette.color("problem"), BOLD)
    return picture
