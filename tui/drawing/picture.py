"""A picture is a grid of cells: a character, two colours and a face for each; everything drawn ends up as one."""

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

DEFAULT = -1  # the terminal's (or the widget's) own colour
ANSI = 1 << 24  # ANSI + n is the n-th of the 16 colours; below it, 0xRRGGBB
BOLD, DIM, REVERSE = 1, 2, 4
FILLER = "\0"  # stands in the second column of a wide character
ODD = re.compile("[\\u0300-\\u1fff\\u200b-\\u200f\\u2e80-\\U0010ffff]")  # what may be of another width


@lru_cache(maxsize=16384)
def _style(key: int) -> Style:
    return Style(
        color=_color((key & 0x1FFFFFFF) - 1),
        bgcolor=_color((key >> 29 & 0x1FFFFFFF) - 1),
        bold=bool(key >> 58 & BOLD) or None,
        dim=bool(key >> 58 & DIM) or None,
        reverse=bool(key >> 58 & REVERSE) or None,
    )


def _color(code: int) -> Color | None:
    if code == DEFAULT:
        return None
    return Color.from_ansi(code - ANSI) if code >= ANSI else Color.from_rgb(code >> 16, code >> 8 & 255, code & 255)


class Picture:
    """Cells, `height` rows of `width`: `chars` uint32 code points, one a column (a wide one has FILLER behind it), `fg`
    and `bg` int32 colours (0xRRGGBB, ANSI + n, or DEFAULT), `face` uint8 (BOLD, DIM and REVERSE added up). Sizes below
    zero count as zero.
    """

    def __init__(self, width: int, height: int) -> None:
        shape = (max(0, height), max(0, width))
        self.chars: NDArray[np.uint32] = np.full(shape, 32, np.uint32)
        self.fg: NDArray[np.int32] = np.full(shape, DEFAULT, np.int32)
        self.bg: NDArray[np.int32] = np.full(shape, DEFAULT, np.int32)
        self.face: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self.has_wide = False

    @property
    def width(self) -> int:
        return int(self.chars.shape[1])

    @property
    def height(self) -> int:
        return int(self.chars.shape[0])

    def put(self, row: int, column: int, text: str, fg: int = DEFAULT, face: int = 0, bg: int | None = None) -> int:
        """Write `text` from (row, column) on, cut at the edges; `bg` None keeps what is behind. Returns its end."""
        if not text.isascii() and ODD.search(text):
            text = _spread(text)
            self.has_wide = self.has_wide or FILLER in text
        end = column + len(text)
        start, stop = max(0, column), min(self.width, end)
        if 0 <= row < self.height and start < stop:
            where = row, slice(start, stop)
            self.chars[where] = codes(text[start - column : stop - column])
            self.fg[where] = fg
            self.face[where] = face
            if bg is not None:
                self.bg[where] = bg
        return end

    def paste(self, other: "Picture", row: int, column: int) -> None:
        """Copy another picture's cells here, its top left cell to (row, column), cut at the edges."""
        self.has_wide = self.has_wide or other.has_wide
        top, left = max(0, row), max(0, column)
        bottom, right = min(self.height, row + other.height), min(self.width, column + other.width)
        if top < bottom and left < right:
            here = slice(top, bottom), slice(left, right)
            there = slice(top - row, bottom - row), slice(left - column, right - column)
            for name in ("chars", "fg", "bg", "face"):
                getattr(self, name)[here] = getattr(other, name)[there]

    def unlike(self, other: "Picture | None") -> list[tuple[int, int, int]]:
        """Where the two differ, as (row, first column, column after the last); every row whole when the sizes do."""
        if other is None or other.chars.shape != self.chars.shape:
            return [(row, 0, self.width) for row in range(self.height)]
        differs = (self.chars != other.chars) | (self._keys(DEFAULT, DEFAULT) != other._keys(DEFAULT, DEFAULT))
        rows = np.flatnonzero(differs.any(1))
        first, last = differs.argmax(1), self.width - differs[:, ::-1].argmax(1)
        return [(int(row), int(first[row]), int(last[row])) for row in rows]

    def strips(self, rows: Iterable[int], fg: int = DEFAULT, bg: int = DEFAULT) -> list[Strip]:
        """Rows for Textual, a segment a run of equal style; `fg` and `bg` stand in for DEFAULT."""
        keys = self._keys(fg, bg)
        return [self._strip(row, keys[row]) for row in rows]

    def _strip(self, row: int, keys: NDArray[np.int64]) -> Strip:
        text = self.letters(row)
        cuts = (np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist()
        segments = [
            Segment(_shown(text[start:stop]) if self.has_wide else text[start:stop], _style(int(keys[start])))
            for start, stop in zip([0, *cuts], [*cuts, self.width], strict=True)
            if start < stop
        ]
        return Strip(segments, self.width)

    def to_text(self) -> str:
        """The characters alone, a line a row, no blanks at the ends of lines."""
        return "\n".join(_shown(self.letters(row)).rstrip() for row in range(self.height))

    def letters(self, row: int) -> str:
        """A row's characters, one a cell; half of a wide one, whose other half something else has taken, is a blank."""
        text = self.chars[row].tobytes().decode("utf-32-le")
        if not self.has_wide:
            return text
        around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
        return "".join(
            " " if (one == FILLER and cell_len(before) < 2) or (cell_len(one) > 1 and behind != FILLER) else one
            for before, one, behind in around
        )

    def _keys(self, fg: int, bg: int) -> NDArray[np.int64]:
        front = np.where(self.fg == DEFAULT, fg, self.fg).astype(np.int64)
        back = np.where(self.bg == DEFAULT, bg, self.bg).astype(np.int64)
        keys: NDArray[np.int64] = (front + 1) | (back + 1) << 29 | self.face.astype(np.int64) << 58
        return keys


def _shown(text: str) -> str:
    """What a terminal is sent: it fills a wide character's second column by itself."""
    return text.replace(FILLER, "")


def _spread(text: str) -> str:
    """A text of a character a column: accents are part of their letters, a wide character has FILLER behind it."""
    parts = ((one, cell_len(one)) for one in normalize("NFC", text))
    return "".join(one + FILLER * (size - 1) for one, size in parts if size)


def codes(text: str) -> NDArray[np.uint32]:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)
