"""Which views there are for which data, and how each is drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.panels import confusion, regression, scores
from tui.panels.boundary import Field, draw_field
from tui.panels.reading import Reading, Subject
from tui.panels.samples import Tiling, draw_samples, split_height
from tui.panels.table import draw_rows, visible_rows

ORDERS = ("worst", "least sure", "random")


@dataclass(frozen=True)
class View:
    """A tab: its name, a shorter one, its modes (the first one at the start), and what it is drawn from."""

    name: str
    short: str
    modes: tuple[str, ...] = ()
    field: bool = False
    reading: bool = True
    ordered: bool = False


BOUNDARY = View("Boundary", "Bound", ("smooth", "decision"), field=True, reading=False)
SAMPLES = View("Samples", "Samp", ORDERS, ordered=True)
ROWS = View("Rows", "Rows", ORDERS, ordered=True)
PLAIN_SAMPLES = View("Samples", "Samp", ("worst", "random"), ordered=True)
PLAIN_ROWS = View("Rows", "Rows", ("worst", "random"), ordered=True)
CONFUSION = View("Confusion", "Conf", confusion.MODES)
CLASSES = View("Classes", "Class", ("by class", "worst"))
CALIBRATION = View("Calibration", "Calib")
FIT = View("Fit", "Fit", field=False)
CURVE = View("Fit", "Fit", field=True)
RESIDUALS = View("Residuals", "Resid", regression.MODES)
VIEWS = (BOUNDARY, SAMPLES, ROWS, CONFUSION, CLASSES, CALIBRATION, FIT, RESIDUALS)  # one of each name


def views(subject: Subject) -> tuple[View, ...]:
    """The tabs for a run, the first one at the start."""
    if subject.classes:
        scored = (CONFUSION, CLASSES, *((CALIBRATION,) if subject.probable else ()))
        first = {"plane": (BOUNDARY, *scored, ROWS), "image": (SAMPLES, *scored), "table": (ROWS, *scored)}
        return first[subject.kind]
    if subject.kind == "image":
        return PLAIN_SAMPLES, FIT, RESIDUALS
    fit = CURVE if subject.splits.shape == (1,) else FIT
    return (BOUNDARY, fit, RESIDUALS, PLAIN_ROWS) if subject.kind == "plane" else (fit, RESIDUALS, PLAIN_ROWS)


@dataclass(frozen=True, eq=False)
class Look:
    """Everything a view is drawn from; `order` and `chosen` are for views of single rows."""

    view: View
    mode: str
    points: str
    field: Field | None
    reading: Reading | None
    order: NDArray[np.int64]
    chosen: int

    @property
    def ready(self) -> bool:
        """Whether there is something to draw."""
        return (self.field is not None or not self.view.field) and (self.reading is not None or not self.view.reading)


def draw_view(look: Look, width: int, height: int, palette: Palette) -> Picture:
    """The view without tabs and status line."""
    reading, field, mode = look.reading, look.field, look.mode
    if width < 4 or height < 2 or not look.ready:
        return Picture(width, height)
    if look.view is BOUNDARY and field is not None:
        return draw_field(field, width, height, palette, mode == "decision", look.points)
    if reading is None:
        return Picture(width, height)
    if look.view.name == "Samples":
        return draw_samples(reading, look.order, look.chosen, width, height, palette)
    if look.view.name == "Rows":
        return draw_rows(reading, look.order, look.chosen, width, height, palette)
    if look.view is CONFUSION:
        return confusion.draw(reading, mode, width, height, palette)
    if look.view is CLASSES:
        return scores.draw_classes(reading, mode, width, height, palette)
    if look.view is CALIBRATION:
        return scores.draw_calibration(reading, width, height, palette)
    if look.view is RESIDUALS:
        return regression.draw_residuals(reading, mode, width, height, palette)
    return regression.draw_fit(reading, field, width, height, palette)


def grid_of(look: Look, width: int, height: int) -> tuple[int, int]:
    """(rows a key moves across, rows in sight) of a view of single rows, at a size."""
    if look.reading is None:
        return 1, 1
    if look.view.name == "Rows":
        return 1, max(1, visible_rows(look.reading, height))
    subject = look.reading.subject
    top = split_height(subject.splits.shape, len(subject.classes), width, height)
    tiling = Tiling.of(subject.splits.shape, width, height - top)
    return tiling.across, max(1, tiling.count)


def place_at(look: Look, x: int, y: int, width: int, height: int) -> int | None:
    """The place in the order that a view of single rows shows at (x, y), if any."""
    reading = look.reading
    if reading is None or not look.view.ordered:
        return None
    across, count = grid_of(look, width, height)
    first = look.chosen // count * count
    if look.view.name == "Rows":
        found = first + y - 1 if 1 <= y <= count else None
    else:
        shape = reading.subject.splits.shape
        top = split_height(shape, len(reading.subject.classes), width, height)
        tiling = Tiling.of(shape, width, height - top)
        column, row = x // (tiling.wide + 1), (y - top) // (tiling.tall + 1)
        found = first + row * across + column if y >= top and column < across and row < tiling.down else None
    return found if found is not None and found < len(look.order) else None


def tabs(names: tuple[View, ...], current: View, width: int) -> list[tuple[int, str, View]]:
    """(column, text, view) of the tabs that fit on a line, with short names, the present one's last, where the long
    ones do not."""
    long, short = [view.name for view in names], [view.short for view in names]
    mixed = [view.name if view is current else view.short for view in names]
    for texts, gap in ((long, 2), (long, 1), (mixed, 2), (mixed, 1), (short, 1)):
        if sum(map(len, texts)) + gap * (len(texts) - 1) <= width:
            break
    found, column = [], 0
    for text, view in zip(texts, names, strict=True):
        if column + len(text) <= width:
            found.append((column, text, view))
        column += len(text) + gap
    return found


def draw_tabs(picture: Picture, names: tuple[View, ...], current: View, palette: Palette) -> None:
    """The line of tabs; the present one is bold and underlined by its colour."""
    for column, text, view in tabs(names, current, picture.width):
        here = view is current
        picture.put(0, column, text, palette.color(0 if here else "muted"), BOLD * here)
