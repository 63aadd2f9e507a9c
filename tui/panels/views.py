"""Which views there are for which data, and how each is drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.drawing.confusion import Cell
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.panels import augmented, confusion, regression, scores
from tui.panels.augmented import Pairs, draw_pairs
from tui.panels.boundary import Field, draw_field
from tui.panels.reading import Reading, Subject
from tui.panels.samples import Tiling, draw_samples, split_height
from tui.panels.table import draw_rows, visible_rows
from tui.words import squeezed

ORDERS = ("worst", "least sure", "random")


@dataclass(frozen=True)
class View:
    """A tab: its name, a shorter one, its modes (the first one at the start), and what it is drawn from: `field`,
    `reading` or `pairs`. `ordered` ones show single rows of a reading, in an order."""

    name: str
    short: str
    modes: tuple[str, ...] = ()
    field: bool = False
    reading: bool = True
    ordered: bool = False
    pairs: bool = False


BOUNDARY = View("Boundary", "Plane", ("smooth", "decision"), field=True, reading=False)
SAMPLES = View("Samples", "Samples", ORDERS, ordered=True)
ROWS = View("Rows", "Rows", ORDERS, ordered=True)
PLAIN_SAMPLES = View("Samples", "Samples", ("worst", "random"), ordered=True)
PLAIN_ROWS = View("Rows", "Rows", ("worst", "random"), ordered=True)
CONFUSION = View("Confusion", "Matrix", confusion.MODES)
CLASSES = View("Classes", "F1", ("by class", "worst"))
CALIBRATION = View("Calibration", "Sure")
FIT = View("Fit", "Fit")
CURVE = View("Fit", "Fit", field=True)
RESIDUALS = View("Residuals", "Errors", regression.MODES)
AUGMENTED = View("Augmented", "Pairs", reading=False, pairs=True)
VIEWS = (BOUNDARY, SAMPLES, ROWS, CONFUSION, CLASSES, CALIBRATION, FIT, RESIDUALS, AUGMENTED)  # one of each name


def views(subject: Subject) -> tuple[View, ...]:
    """The tabs for a run, the first one at the start."""
    more = (AUGMENTED,) if subject.augmented else ()
    if subject.classes:
        scored = (CONFUSION, CLASSES, *((CALIBRATION,) if subject.probable else ()))
        first = {"plane": (BOUNDARY, *scored, ROWS), "image": (SAMPLES, *scored, *more), "table": (ROWS, *scored)}
        return first[subject.kind]
    if subject.kind == "image":
        return PLAIN_SAMPLES, FIT, RESIDUALS, *more
    fit = CURVE if subject.splits.shape == (1,) else FIT
    return (BOUNDARY, fit, RESIDUALS, PLAIN_ROWS) if subject.kind == "plane" else (fit, RESIDUALS, PLAIN_ROWS)


@dataclass(frozen=True, eq=False)
class Look:
    """Everything a view is drawn from; `order` and `chosen` are for views of single rows, of the pairs too.

    `cell` is the confusion matrix's cell under the cursor, `only` the one whose samples are all that is in the order.
    """

    view: View
    mode: str
    points: str
    field: Field | None
    reading: Reading | None
    pairs: Pairs | None
    order: NDArray[np.int64]
    chosen: int
    cell: Cell | None = None
    only: Cell | None = None

    @property
    def top(self) -> int:
        """Rows above the samples, which say what they are."""
        return 1 if self.only is not None and self.view.ordered else 0

    @property
    def ready(self) -> bool:
        """Whether there is something to draw."""
        wanted = ((self.view.field, self.field), (self.view.reading, self.reading), (self.view.pairs, self.pairs))
        return all(found is not None for wants, found in wanted if wants)


def draw_view(look: Look, width: int, height: int, palette: Palette) -> Picture:
    """The view without tabs and status line."""
    reading, field, mode = look.reading, look.field, look.mode
    if width < 4 or height < 2 or not look.ready:
        return Picture(width, height)
    if look.view is BOUNDARY and field is not None:
        return draw_field(field, width, height, palette, mode == "decision", look.points)
    if look.view is AUGMENTED and look.pairs is not None:
        return draw_pairs(look.pairs, look.chosen, width, height, palette)
    if reading is None:
        return Picture(width, height)
    if look.view.ordered:
        return _draw_ordered(look, reading, width, height, palette)
    if look.view is CONFUSION:
        return confusion.draw(reading, mode, width, height, palette, look.cell)
    if look.view is CLASSES:
        return scores.draw_classes(reading, mode, width, height, palette)
    if look.view is CALIBRATION:
        return scores.draw_calibration(reading, width, height, palette)
    if look.view is RESIDUALS:
        return regression.draw_residuals(reading, mode, width, height, palette)
    return regression.draw_fit(reading, field, width, height, palette)


def _draw_ordered(look: Look, reading: Reading, width: int, height: int, palette: Palette) -> Picture:
    """Samples or rows; those of one cell of the confusion matrix below a line that says which they are."""
    picture, draw = Picture(width, height), draw_samples if look.view.name == "Samples" else draw_rows
    picture.paste(draw(reading, look.order, look.chosen, width, height - look.top, palette), look.top, 0)
    if look.only is not None:
        told = confusion.cell_texts(reading.subject.classes, look.only, len(look.order))
        picture.put(0, 0, squeezed((f"{told[0]} · esc: all", *told), width), palette.color("text"), BOLD)
        if not len(look.order):
            picture.put(height // 2, 0, "none of those at present".center(width)[:width], palette.color("muted"))
    return picture


def grid_of(look: Look, width: int, height: int) -> tuple[int, int]:
    """(rows a key moves across, rows in sight) of a view of single rows, at a size."""
    if look.pairs is not None and look.view.pairs:
        tiling = augmented.tiling(look.pairs.subject.splits.shape, width, height)
        return tiling.across, max(1, tiling.count)
    if look.reading is None or not look.view.ordered:
        return 1, 1
    height -= look.top
    if look.view.name == "Rows":
        return 1, max(1, visible_rows(look.reading, height))
    subject = look.reading.subject
    top = split_height(subject.splits.shape, subject.classes, width, height)
    tiling = Tiling.of(subject.splits.shape, width, height - top)
    return tiling.across, max(1, tiling.count)


def place_at(look: Look, x: int, y: int, width: int, height: int) -> int | None:
    """The place in the order that a view of single rows shows at (x, y), if any."""
    reading, pairs = look.reading, look.pairs
    _, count = grid_of(look, width, height)
    first = look.chosen // count * count
    if pairs is not None and look.view.pairs:
        shape = pairs.subject.splits.shape
        tiling = augmented.tiling(shape, width, height)
        found = tiling.place(x, y - augmented.top_of(shape, width, height), augmented.pitch(tiling))
        return first + found if found is not None and first + found < len(pairs.preview.rows) else None
    if reading is None or not look.view.ordered:
        return None
    y, height = y - look.top, height - look.top
    found: int | None
    if look.view.name == "Rows":
        found = first + y - 1 if 1 <= y <= count else None
    else:
        shape = reading.subject.splits.shape
        top = split_height(shape, reading.subject.classes, width, height)
        tiling = Tiling.of(shape, width, height - top)
        found = tiling.place(x, y - top, tiling.tall + 1)
        found = None if found is None else first + found
    return found if found is not None and found < len(look.order) else None


def tabs(names: tuple[View, ...], current: View, width: int) -> list[tuple[int, str, View]]:
    """(column, text, view) of the tabs on a line: whole words, the present one's always its name.

    Where the names do not fit, as many of the others as need be have their short names, those that save the most first;
    where those do not fit either, only the tabs around the present one are on the line.
    """
    texts = [view.name for view in names]
    here = names.index(current)
    savings = sorted((len(view.short) - len(view.name), at) for at, view in enumerate(names) if at != here)
    for _, at in savings:
        if _long(texts) <= width:
            break
        texts[at] = names[at].short
    first, last = here, here + 1

    def fits(start: int, stop: int) -> bool:
        return _long(texts[start:stop]) + 2 * (start > 0) + 2 * (stop < len(texts)) <= width

    while last < len(names) and fits(first, last + 1):
        last += 1
    while first > 0 and fits(first - 1, last):
        first -= 1
    gap = 2 if _long(texts, 2) <= width else 1
    column = 2 if first and len(texts[first]) + 2 <= width else 0
    found = []
    for text, view in zip(texts[first:last], names[first:last], strict=True):
        found.append((column, text, view))
        column += len(text) + gap
    return found


def _long(texts: list[str], gap: int = 1) -> int:
    return sum(map(len, texts)) + gap * (len(texts) - 1)


def draw_tabs(picture: Picture, names: tuple[View, ...], current: View, palette: Palette) -> None:
    """The line of tabs; the present one is bold and underlined by its colour, ‹ and › say that there are more."""
    shown = tabs(names, current, picture.width)
    for column, text, view in shown:
        here = view is current
        picture.put(0, column, text, palette.color(0 if here else "muted"), BOLD * here)
    if shown[0][0]:
        picture.put(0, 0, "‹", palette.color("muted"))
    if shown[-1][2] is not names[-1]:
        picture.put(0, shown[-1][0] + len(shown[-1][1]) + 1, "›", palette.color("muted"))
