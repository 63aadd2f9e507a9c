"""The network's answer to a drawing as one picture: what it says, what it got, and what decided."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tui.drawing.axes import number
from tui.drawing.halfblock import halves, scaled, shades
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.panels.reading import share
from tui.panels.samples import draw_scores, fitted, image, shrunk
from tui.screens.frame import sentence
from tui.screens.maps import heat, signed
from tui.screens.verdict import Verdict
from tui.words import shortened

BARS = 10  # classes at most
WIDE = 60  # columns of the bars at most
FEW = 3  # rows of the list that are worth a look
LEAST = 4  # rows below which a picture shows nothing
ROOMY = 12  # rows from which on there is a blank one above the pictures
GAP = 3  # columns between pictures
CAPTION = 16  # columns that a picture has for its caption, where there is room

Part = tuple[str, int]
Framed = tuple[
    Sequence[Sequence[Part]], Callable[[int, int], Picture]
]  # captions, long first; rows, columns -> picture


class Answer(Drawing):
    """The scores as bars, the image as the network gets it, and the saliency; or the numbers, or the image again."""

    DEFAULT_CSS = """
    Answer { margin: 1 1 0 2; height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.verdict: Verdict | None = None
        self.problem: str | None = None
        self.empty = True
        self.other = False  # the second way to show what decided

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        if self.problem:
            return sentence(self.problem, width, height, palette)
        picture, verdict = Picture(width, height), self.verdict
        if verdict is None:
            return picture
        text, muted = palette.color("text"), palette.color("muted")
        head, said = ("nothing drawn yet", "") if self.empty else _said(verdict)
        bare = said.rpartition("   ")[0] or said
        whole = ((head, said), (head, bare), ("", said), ("", bare))
        head, said = next((one for one in whole if sum(map(len, one)) <= width), ("", shortened(bare, width)))
        picture.put(0, picture.put(0, 0, head, muted), said, text, BOLD)
        frames = [] if self.empty else _frames(verdict, self.other, palette)
        listed = 0 if verdict.kind == "image" else len(verdict.names or verdict.values)
        blank = int(height >= ROOMY)
        rows = _rows(min(listed, BARS), height - 1, LEAST + 1 + blank if frames else 0)
        if verdict.kind == "classes":
            _classes(picture, verdict, rows, self.empty, palette)
        elif verdict.kind == "numbers" and listed > 1:
            _numbers(picture, verdict, rows, self.empty, palette)
        else:
            rows = 0
        _hang(picture, frames, verdict.pixels.shape[1:], 1 + rows + blank)
        return picture


def _said(verdict: Verdict) -> tuple[str, str]:
    """The answer in a line: what kind of answer it is, and the answer."""
    if verdict.kind == "image":
        return "Error  ", f"mse {number(verdict.error, 3)}"
    if not np.isfinite(verdict.values).all():
        return "It answers  ", "NaN"
    if verdict.kind == "numbers":
        return "It answers  ", number(float(verdict.values[0]), 4) if len(verdict.values) == 1 else ""
    best = int(np.argmax(verdict.values))
    return "It reads  ", f"{verdict.names[best]}   {verdict.tell(float(verdict.values[best]))}"


def _rows(wanted: int, height: int, pictures: int) -> int:
    """Rows for a list so long, where pictures below it need some: they get theirs before the fourth of the list."""
    spare = height - pictures
    return min(wanted, spare if spare >= min(wanted, FEW) else height)


def _classes(picture: Picture, verdict: Verdict, rows: int, empty: bool, palette: Palette) -> None:
    """Bars of the best classes, and a line about the others; the names alone while there is nothing to read."""
    width, names = min(picture.width, WIDE), verdict.names
    bars = rows - 1 if rows < len(names) and rows > 1 else rows
    if empty:
        label = min(max(map(len, names)), max(1, width - 10))
        for row, name in enumerate(names[:bars], 1):
            picture.put(row, 1, name[:label].rjust(label), palette.color("muted"))
    else:
        draw_scores(picture, 1, 0, width, bars, palette, verdict.values, names, tell=verdict.tell)
    if bars < len(names):
        rest = "" if empty or verdict.tell is not share else f", {share(float(np.sort(verdict.values)[:-bars].sum()))}"
        picture.put(1 + bars, 1, f"and {len(names) - bars} more{rest}", palette.color("muted"))


def _numbers(picture: Picture, verdict: Verdict, rows: int, empty: bool, palette: Palette) -> None:
    count = len(verdict.values)
    names = verdict.names if len(verdict.names) == count else tuple(f"y{place + 1}" for place in range(count))
    shown = rows - 1 if rows < count and rows > 1 else rows
    label = min(max(map(len, names[:shown])), max(1, picture.width - 12))
    for row, name in enumerate(names[:shown], 1):
        picture.put(row, 1, name[:label].rjust(label), palette.color("muted"))
        value = "" if empty else number(float(verdict.values[row - 1]), 4)
        picture.put(row, label + 3, value, palette.color("text"))
    if shown < count:
        picture.put(1 + shown, 1, f"and {count - shown} more", palette.color("muted"))


def _frames(verdict: Verdict, other: bool, palette: Palette) -> list[Framed]:
    """The pictures that belong to an answer."""
    muted = palette.color("muted")
    below, above = (int(color) for color in palette.signed([-0.9, 0.9]))

    def plain(*captions: str) -> list[list[Part]]:
        return [[(caption, muted)] for caption in captions]

    def ends(low: str, high: str) -> list[list[Part]]:
        signs = (" (-)", " (+)") if palette.depth == "none" else ("", "")
        words = [(low + signs[0], below), (", ", muted), (high + signs[1], above)]
        return [words, [("-", below), ("/", muted), ("+", above)]]

    frames: list[Framed] = [
        (plain("the network gets", "it gets"), lambda rows, columns: image(verdict.pixels, rows, columns, palette))
    ]
    if verdict.again is not None:
        again = verdict.again
        amiss, size = again.mean(0) - verdict.pixels.mean(0), np.abs(again - verdict.pixels).max(0)
        frames.append((plain("it draws"), lambda rows, columns: image(again, rows, columns, palette)))
        if other:
            captions = ends("too dark", "too bright")
            frames.append((captions, lambda rows, columns: signed(amiss, rows, columns, palette, 1.0)))
        else:
            frames.append((plain("where it errs", "errs"), lambda rows, columns: _heat(size, rows, columns, palette)))
    elif verdict.seen is not None:
        seen = verdict.seen
        decided = seen.strength.any()
        if other and decided:  # of more ink, which is darker than light paper
            ink = seen.gradient.sum(0) * (1 if verdict.made.ground.mean() < 0.5 else -1)
            captions = ends("against", "for")
            frames.append((captions, lambda rows, columns: signed(ink, rows, columns, palette)))
        else:
            captions = plain("what decided it", "decided") if decided else plain("nothing: no slope", "no slope")
            frames.append((captions, lambda rows, columns: heat(seen.strength, rows, columns, palette)))
    return frames


def _heat(values: NDArray[np.floating], rows: int, columns: int, palette: Palette) -> Picture:
    """Sizes from 0 to 1, whatever the largest is, so that a small error looks small."""
    smaller = rows < values.shape[0] or columns < values.shape[1]
    at = (shrunk if smaller else scaled)(np.nan_to_num(values).astype(float), rows, columns)
    return shades(at) if palette.depth == "none" else halves(palette.heat(at))


def _hang(picture: Picture, frames: list[Framed], shape: tuple[int, ...], top: int) -> None:
    """The frames below each other or side by side, whichever lets them be larger; the first ones where not all fit."""
    width, height = picture.width, picture.height - top
    size = None
    while frames and (size := _hung(len(frames), shape, width, height)) is None:
        frames = frames[:-1]
    if size is None:
        return
    rows, columns, across = size
    wide, tall = max(columns, min(CAPTION, (width - GAP * (across - 1)) // across)), -(-rows // 2) + 2
    for place, (captions, paint) in enumerate(frames):
        row, column = top + place // across * tall, place % across * (wide + GAP)
        last = place % across == across - 1 or place == len(frames) - 1
        room = width - column if last else wide + GAP - 1
        end = column
        for text, color in next((one for one in captions if sum(len(text) for text, _ in one) <= room), captions[-1]):
            end = picture.put(row, end, text, color)
        picture.paste(paint(rows, columns), row + 1, column)


def _hung(count: int, shape: tuple[int, ...], width: int, height: int) -> tuple[int, int, int] | None:
    """(rows, columns, how many side by side) of so many frames, with captions; None where they do not fit."""
    sizes = []
    for across in range(1, count + 1):
        down = -(-count // across)
        room = (width - GAP * (across - 1)) // across, (height - (down - 1)) // down - 1
        if room[0] >= 2 * LEAST and room[1] >= LEAST:
            sizes.append((*fitted(shape, room[0], 2 * room[1]), across))
    return max(sizes, key=lambda size: (size[0], size[2])) if sizes else None
