"""The samples view: small images in order, one of them larger, with the scores of every class as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui.drawing.bars import bar
from tui.drawing.halfblock import halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.reading import Array, Reading, Tell, raw_rows, share
from tui.words import cut

NARROWEST = 14  # columns that bars with short names need
TILE = 14  # columns and half rows of a small image, at most


@dataclass(frozen=True)
class Tiling:
    """How many small images there are, and how large each is, in cells without its caption."""

    across: int
    down: int
    wide: int
    tall: int

    @property
    def count(self) -> int:
        """Images in sight."""
        return self.across * self.down

    def place(self, x: int, y: int, pitch: int) -> int | None:
        """The number of the image at a place, with `pitch` rows from one image to the one below."""
        column, row = x // (self.wide + 1), y // pitch
        return row * self.across + column if y >= 0 and column < self.across and row < self.down else None

    @classmethod
    def of(cls, shape: tuple[int, ...], width: int, height: int) -> "Tiling":
        """As many as fit on `width` x `height` cells."""
        tall, wide = (min(TILE, size) for size in shape[-2:])
        rows, columns = fitted(shape[-2:], min(wide, width), min(tall, 2 * max(1, height - 1)))
        wide, tall = max(columns, 7), -(-rows // 2)
        return cls(max(1, (width + 1) // (wide + 1)), max(0, height // (tall + 1)), wide, tall)


def fitted(shape: tuple[int, ...], columns: int, rows: int) -> tuple[int, int]:
    """(rows, columns) of a picture of `shape` made to fit: enlarged by a whole number, or made smaller."""
    tall, wide = shape
    factor = min(columns / wide, rows / tall)
    factor = float(int(factor)) if factor >= 1 else factor
    return max(1, round(tall * factor)), max(1, round(wide * factor))


def image(pixels: Array, rows: int, columns: int, palette: Palette) -> Picture:
    """Pixels (C, H, W) in [0, 1] as half blocks of a size: colour for three channels, else the mean in grey."""
    at = np.moveaxis(np.clip(np.nan_to_num(np.asarray(pixels, float)), 0, 1), 0, -1)
    smaller = rows < at.shape[0] or columns < at.shape[1]
    at = shrunk(at, rows, columns) if smaller else scaled(at, rows, columns)
    if at.shape[-1] != 3 or palette.depth != "full":
        grey = at.mean(-1)
        return shades(grey) if palette.depth == "none" else halves(palette.sequential(grey))
    red, green, blue = (np.rint(at[..., n] * 31).astype(np.int32) * 255 // 31 for n in range(3))
    return halves((red << 16 | green << 8 | blue).astype(np.int32))


def shrunk(at: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """A smaller picture, (H, W, ...) to (rows, columns, ...): each element the mean of what it covers."""
    for axis, count in ((0, rows), (1, columns)):
        size = at.shape[axis]
        edges = np.linspace(0, size, count + 1)
        cells = np.arange(size)
        overlap = np.clip(np.minimum(cells + 1, edges[1:, None]) - np.maximum(cells, edges[:-1, None]), 0, 1)
        weights = overlap / overlap.sum(1, keepdims=True)
        at = np.moveaxis(np.tensordot(weights, at, (1, axis)), 0, axis)
    return at


def draw_scores(
    picture: Picture, top: int, left: int, width: int, height: int, palette: Palette,
    scores: Array, classes: Sequence[str], target: int | None = None, tell: Tell = share,
) -> None:  # fmt: skip
    """Bars of all classes' scores, one a row: in the classes' order where they fit, else the largest ones first; `tell`
    writes one down.

    The true class is marked with ✓; the likeliest is bold.
    """
    best = int(np.argmax(np.nan_to_num(scores)))
    order = list(range(len(scores)))
    if len(scores) > height > 0:
        order = np.argsort(-np.nan_to_num(scores), kind="stable")[:height].tolist()
        if target is not None and target not in order:
            order[-1] = target
    label = min(max(map(len, classes)), max(1, width - 10))
    inner = max(0, width - label - 7)
    for row, kind in enumerate(order):
        value = float(np.nan_to_num(scores[kind]))
        strong = kind == best
        bold, text = BOLD * strong, palette.color("text" if strong or kind == target else "muted")
        role = "good" if kind == target else "problem" if strong and target is not None else 0
        picture.put(top + row, left, "✓" if kind == target else " ", palette.color("good"), BOLD)
        picture.put(top + row, left + 1, cut(classes[kind], label).rjust(label), text, bold)
        drawn = bar(round(min(max(0.0, value), 1.0) * inner * 8)).ljust(inner, "·" if strong else " ")
        picture.put(top + row, left + label + 2, drawn, palette.color(role))
        picture.put(top + row, left + label + 2 + inner, tell(value).rjust(5), text, bold)


def split_height(shape: tuple[int, ...], classes: Sequence[str], width: int, height: int) -> int:
    """Rows for the large sample at the top; the small ones have what is below."""
    rows, _ = fitted(shape[-2:], min(_room(classes, width), 40), 2 * max(4, height * 3 // 5))
    return min(height, max(-(-rows // 2), min(len(classes), 10, height // 2)) + 1)


def _room(classes: Sequence[str], width: int) -> int:
    """Columns of the large sample beside the bars, which have more of them where the classes' names are long."""
    names = min(max(map(len, classes), default=0), 8)
    return max(8, width - max(NARROWEST, names + 10) - 1)


def draw_samples(
    reading: Reading, order: NDArray[np.int64], chosen: int, width: int, height: int, palette: Palette
) -> Picture:
    """The chosen place of `order` large, with bars; below, the images around it."""
    picture = Picture(width, height)
    if not len(order) or width < 8 or height < 3:
        return picture
    subject, shape = reading.subject, reading.subject.splits.shape
    top = split_height(shape, subject.classes, width, height)
    _large(picture, reading, int(order[chosen]), width, top, palette)
    tiling = Tiling.of(shape, width, height - top)
    if not tiling.count:
        return picture
    first = chosen // tiling.count * tiling.count
    places = order[first : first + tiling.count]
    for index, pixels in enumerate(raw_rows(reading, places)):
        place = int(places[index])
        row = top + index // tiling.across * (tiling.tall + 1)
        column = index % tiling.across * (tiling.wide + 1)
        rows, columns = fitted(shape[-2:], tiling.wide, 2 * tiling.tall)
        picture.paste(image(pixels, rows, columns, palette), row, column + (tiling.wide - columns) // 2)
        text, bad = caption(reading, place, tiling.wide)
        face = (BOLD if bad else 0) | (REVERSE if first + index == chosen else 0)
        color = palette.color("problem" if bad else "text" if first + index == chosen else "muted")
        picture.put(row + tiling.tall, column, text.center(tiling.wide), color, face)
    return picture


def caption(reading: Reading, place: int, width: int) -> tuple[str, bool]:
    """What is below a small image, and whether its prediction is wrong: "✗9→4" or "✓9 98%"."""
    classes = reading.subject.classes
    if not classes and reading.outputs.shape[1] > 1:
        return f"±{np.sqrt((reading.residuals[place] ** 2).mean()):.2g}"[:width], False
    if not classes:
        value, true = float(reading.outputs[place, 0]), float(reading.targets[place, 0])
        return f"{true:.2g}→{value:.2g}"[:width], False
    said, true = classes[int(reading.predicted[place])], classes[int(reading.targets[place])]
    if reading.wrong[place]:
        half = max(1, (width - 2) // 2)
        return f"✗{true[:half]}→{said[:half]}"[:width], True
    text = f"✓{said} {reading.subject.tell(float(reading.confidence[place]))}"
    return (text if len(text) <= width else f"✓{said}"[:width]), False


def redrawn(reading: Reading, place: int) -> Array | None:
    """What an autoencoder makes of an image, (C, H, W); None where the outputs are no image."""
    splits, outputs = reading.subject.splits, reading.outputs[place]
    if splits.classes or outputs.size != np.prod(splits.shape):
        return None
    return np.asarray(splits.scaler.inverse(outputs.reshape(1, *splits.shape))[0])


def _large(picture: Picture, reading: Reading, place: int, width: int, height: int, palette: Palette) -> None:
    subject = reading.subject
    pixels = raw_rows(reading, np.array([place]))[0]
    again = redrawn(reading, place)
    room = _room(subject.classes, width) if again is None else max(8, (width - 2) // 2)
    rows, columns = fitted(pixels.shape[-2:], room, 2 * (height - 1))
    picture.paste(image(pixels, rows, columns, palette), 0, 0)
    if again is not None:
        picture.paste(image(again, rows, columns, palette), 0, columns + 2)
    if subject.classes:
        target = int(reading.targets[place])
        left = columns + 1
        draw_scores(
            picture, 0, left, width - left, height - 1, palette, reading.scores[place], subject.classes, target,
            subject.tell,
        )  # fmt: skip
