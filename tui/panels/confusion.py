"""The confusion view: which classes are taken for which, the worst of them in words, and a cursor over the cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.metrics import confusions
from tui.drawing.confusion import NARROWEST, Cell, Grid, draw_confusion, widest
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.reading import Reading, share
from tui.words import shortened, squeezed

MODES = ("counts", "shares", "sorted")


@dataclass(frozen=True, eq=False)
class Table:
    """The matrix as it is shown at a size: `order` of its classes, `values` in that order, their unit, the grid and the
    rows it takes, the row of the line below it, and (target, prediction, count) of the confusions listed under that."""

    order: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str
    grid: Grid
    tall: int
    line: int
    listed: list[tuple[int, int, int]]

    def cursor(self, cell: Cell | None) -> Cell | None:
        """(row, column) of a cell (target, prediction)."""
        return _place(self.order, cell)


def _place(order: NDArray[np.int64], cell: Cell | None) -> Cell | None:
    if cell is None:
        return None
    row, column = (int(np.flatnonzero(order == kind)[0]) for kind in cell)
    return row, column


def by_confusion(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """The classes, those with the most errors (as target or as prediction) first."""
    wrong = matrix - np.diag(np.diagonal(matrix))
    return np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")


def table(reading: Reading, mode: str, width: int, height: int, cell: Cell | None) -> Table:
    """How the matrix is laid out; counts that do not fit give way to shares."""
    matrix, classes = reading.report.matrix, reading.subject.classes
    order = by_confusion(matrix) if mode == "sorted" else np.arange(len(matrix))
    shown = matrix[np.ix_(order, order)]
    values: NDArray[np.float64] = shown.astype(float)
    unit, room = "counts", (width - min(3, max(map(len, classes))) - 1) // len(classes)
    if mode == "shares" or NARROWEST <= room <= widest(shown):
        values = 100 * shown / np.maximum(shown.sum(1, keepdims=True), 1)
        unit = "per cent of the row"
        values = np.where(values < 0.5, 0, values)
    tall = min(len(classes) + 1, max(0, height - 1))
    line = tall + (height > tall + 1)
    place = _place(order, cell)
    digits = widest(values) if unit == "counts" or room > NARROWEST else NARROWEST - 1  # 100 % is alone in its row
    grid = Grid.of([classes[kind] for kind in order.tolist()], digits, width, tall, place)
    return Table(order, values, unit, grid, tall, line, confusions(matrix)[: max(0, height - line - 1)])


def draw(reading: Reading, mode: str, width: int, height: int, palette: Palette, cell: Cell | None = None) -> Picture:
    """The matrix, as counts or as shares of its rows, and below it the cell at the cursor and the worst confusions."""
    picture = Picture(width, height)
    matrix, classes = reading.report.matrix, reading.subject.classes
    shown = table(reading, mode, width, height, cell)
    names, grid = [classes[kind] for kind in shown.order.tolist()], shown.grid
    picture.paste(draw_confusion(shown.values, names, width, shown.tall, palette, shown.cursor(cell)), 0, 0)
    if cell is None:
        wrong = f"{int(reading.wrong.sum()):,} wrong"
        part = f"{grid.across} of {len(names)} classes; " if min(grid.across, grid.down) < len(names) else ""
        head = squeezed(
            (f"{part}{shown.unit}, target down; {wrong}", f"{part}{shown.unit}; {wrong}", part + wrong), width
        )
        picture.put(shown.line, 0, head, palette.color("muted"))
    else:
        told = cell_texts(classes, cell, int(matrix[cell]))
        picture.put(shown.line, 0, squeezed((f"{told[0]} · enter", *told), width), palette.color("text"), BOLD)
    support = np.maximum(matrix.sum(1), 1)
    digits = len(f"{max((count for _, _, count in shown.listed), default=0):,}")
    most = max(4, width - digits - 7)
    for word in (" taken for ", " as "):
        texts = [f"{classes[target]}{word}{classes[said]}" for target, said, _ in shown.listed]
        room = min(max(map(len, texts), default=0), most)
        if max(map(len, texts), default=0) <= most:
            break
    for place, (text, (target, said, count)) in enumerate(zip(texts, shown.listed, strict=True)):
        number = f" {count:>{digits},}  {share(count / support[target]):>4}"
        at = shown.line + 1 + place
        face = REVERSE if (target, said) == cell else 0
        picture.put(at, 0, shortened(text, room), palette.color("text"), face)
        picture.put(at, room, number, palette.color("problem"), BOLD)
    return picture


def cell_at(reading: Reading, mode: str, width: int, height: int, cell: Cell | None, x: int, y: int) -> Cell | None:
    """The cell (target, prediction) that the view shows at a place, in the matrix or in the list below it."""
    shown = table(reading, mode, width, height, cell)
    place = shown.grid.place(x, y)
    if place is not None:
        return int(shown.order[place[0]]), int(shown.order[place[1]])
    entry = y - shown.line - 1
    return shown.listed[entry][:2] if 0 <= entry < len(shown.listed) else None


def moved(reading: Reading, mode: str, width: int, height: int, cell: Cell | None, direction: str) -> Cell:
    """The cell beside `cell`; the first one is the most frequent confusion."""
    if cell is None:
        return most_frequent(reading)
    shown = table(reading, mode, width, height, cell)
    page = max(1, shown.grid.down)
    down, right = {
        "up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1), "pageup": (-page, 0), "pagedown": (page, 0)
    }[direction]  # fmt: skip
    row, column = shown.cursor(cell) or (0, 0)
    last = len(shown.order) - 1
    return int(shown.order[min(max(0, row + down), last)]), int(shown.order[min(max(0, column + right), last)])


def most_frequent(reading: Reading) -> Cell:
    """The cell of the most frequent confusion; the first one of the diagonal where all is right."""
    worst = confusions(reading.report.matrix)
    return worst[0][:2] if worst else (0, 0)


def cell_texts(classes: Sequence[str], cell: Cell, count: int) -> tuple[str, ...]:
    """What a cell is, in fewer and fewer words."""
    target, said = (classes[kind] for kind in cell)
    samples = f"{count:,} sample{'' if count == 1 else 's'}"
    return (
        f"true {target}, predicted {said}: {samples}", f"true {target}, predicted {said}: {count:,}",
        f"{target} as {said}: {count:,}", f"{count:,}: {target} as {said}",
    )  # fmt: skip
