"""A picture as an SVG file that needs no special font: dots, blocks and lines are drawn as shapes, words as text.

What has the same colour is one element, so that a whole screen stays small.
"""

from collections import defaultdict
from html import escape
from itertools import pairwise

from tui.drawing.braille import BLANK, DOTS
from tui.drawing.picture import ANSI, BOLD, DEFAULT, DIM, FILLER, REVERSE, Picture

CELL, LINE, DOT = 9, 20, 3  # pixels
FONTS = "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
SIXTEEN = (  # of a terminal's own colours
    0x000000, 0xCC3B3B, 0x4E9A3A, 0xC4A000, 0x4A7FC1, 0x9A6BA8, 0x1F9AA5, 0xD3D7CF,
    0x7A7F83, 0xEF5A5A, 0x8AD25A, 0xF2DC5D, 0x86B4E8, 0xC79BD2, 0x5FD6DC, 0xEEEEEC,
)  # fmt: skip
LOWER, LEFT = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█"
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
ARMS = {  # from the middle of the cell: up, right, down, left; 1 thin, 2 thick
    "─": (0, 1, 0, 1), "│": (1, 0, 1, 0), "┌": (0, 1, 1, 0), "┐": (0, 0, 1, 1), "└": (1, 1, 0, 0), "┘": (1, 0, 0, 1),
    "├": (1, 1, 1, 0), "┤": (1, 0, 1, 1), "┬": (0, 1, 1, 1), "┴": (1, 1, 0, 1), "┼": (1, 1, 1, 1),
    "━": (0, 2, 0, 2), "┃": (2, 0, 2, 0), "┿": (1, 2, 1, 2), "╵": (1, 0, 0, 0), "╷": (0, 0, 1, 0),
    "╴": (0, 0, 0, 1), "╶": (0, 1, 0, 0), "╸": (0, 0, 0, 2), "╺": (0, 2, 0, 0),
}  # fmt: skip
ROUND = {"╭": (1, 1), "╮": (-1, 1), "╯": (-1, -1), "╰": (1, -1)}  # where the corner opens to: right, down
DASHES = {"╎": (2, 1), "┊": (4, 1), "╍": (2, 2)}  # dashes in a cell, thickness; ╍ lies, the others stand


def to_svg(picture: Picture, fg: int = 0xE0E0E0, bg: int = 0x121212) -> str:
    """The picture as an SVG document; `fg` and `bg` (0xRRGGBB) stand in for the default colours."""
    grounds: dict[str, list[str]] = defaultdict(list)
    shapes: dict[str, list[str]] = defaultdict(list)
    arcs: dict[str, list[str]] = defaultdict(list)
    words: dict[str, list[str]] = defaultdict(list)
    for row in range(picture.height):
        y = row * LINE
        for start, stop, key in _runs(picture, row):
            front, back, look = _looks(key, fg, bg)
            text = picture.letters(row)[start:stop].replace(FILLER, " ")
            if back != bg:
                grounds[f'fill="#{back:06x}"'].append(_box(start * CELL, y, (stop - start) * CELL, LINE))
            _text(words[f'fill="#{front:06x}"{look}'], text, start, y)
            for place, (char, count) in _repeated(text):
                x = (start + place) * CELL
                if char in ROUND:
                    arcs[f'stroke="#{front:06x}"'].append(_arc(x, y, *ROUND[char]))
                elif shape := _shape(char, x, y, count):
                    shade = f' opacity="{SHADES[char]:g}"' if char in SHADES else ""
                    shapes[f'fill="#{front:06x}"{shade}'].append(shape)
    width, height = picture.width * CELL, picture.height * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="{FONTS}" font-size="15" xml:space="preserve">',
        f'<rect width="100%" height="100%" fill="#{bg:06x}"/>',
    ]
    for layer in (grounds, shapes):
        parts += [f'<path {how} shape-rendering="crispEdges" d="{"".join(found)}"/>' for how, found in layer.items()]
    parts += [f'<path {how} fill="none" d="{"".join(found)}"/>' for how, found in arcs.items()]
    parts += [f"<g {how}>{''.join(found)}</g>" for how, found in words.items() if found]
    return "\n".join([*parts, "</svg>", ""])


def _runs(picture: Picture, row: int) -> list[tuple[int, int, tuple[int, int, int]]]:
    """Stretches of cells that look alike: from, to, (foreground, background, face)."""
    keys = list(zip(*(part[row].tolist() for part in (picture.fg, picture.bg, picture.face)), strict=True))
    cuts = [0, *(n for n in range(1, len(keys)) if keys[n] != keys[n - 1]), len(keys)]
    return [(a, b, keys[a]) for a, b in pairwise(cuts) if a < b]


def _looks(key: tuple[int, int, int], fg: int, bg: int) -> tuple[int, int, str]:
    """Foreground, background, and the attributes of text."""
    front, back, face = _rgb(key[0], fg), _rgb(key[1], bg), key[2]
    if face & REVERSE:
        front, back = back, front
    return front, back, ' font-weight="bold"' * bool(face & BOLD) + ' opacity="0.6"' * bool(face & DIM)


def _repeated(text: str) -> list[tuple[int, tuple[str, int]]]:
    """Where each character begins, and how often it follows; what cannot be drawn as one stands alone."""
    found: list[tuple[int, tuple[str, int]]] = []
    for place, char in enumerate(text):
        if found and found[-1][1][0] == char and char in "─━▀█▄":
            first, (_, count) = found[-1]
            found[-1] = first, (char, count + 1)
        else:
            found.append((place, (char, 1)))
    return found


def _text(out: list[str], text: str, start: int, y: int) -> None:
    """Adds the words of a run; each has its own place and length, so that another font changes no column."""
    place = 0
    while place < len(text):
        stop = place
        while stop < len(text) and text[stop] != " " and not _drawn(text[stop]):
            stop += 1
            if not text[place].isascii() or (stop < len(text) and not text[stop].isascii()):
                break
        if stop > place:
            word, base = text[place:stop], y + LINE * 0.72
            if len(word) == 1:
                at = f'x="{(start + place + 0.5) * CELL:g}" text-anchor="middle"'
            else:
                at = f'x="{(start + place) * CELL}" textLength="{len(word) * CELL}"'
            out.append(f'<text {at} y="{base:g}">{escape(word)}</text>')
        place = max(stop, place + 1)


def _drawn(char: str) -> bool:
    return char in ROUND or bool(_shape(char, 0, 0, 1)) or ord(char) == BLANK


def _shape(char: str, x: int, y: int, count: int) -> str:
    """The outline of `count` equal characters side by side that are shapes; empty for text."""
    code, wide = ord(char), count * CELL
    if BLANK < code < BLANK + 256:
        return _dots(x, y, code - BLANK)
    if char == "▀":
        return _box(x, y, wide, LINE / 2)
    if char == "▐":
        return _box(x + CELL / 2, y, CELL / 2, LINE)
    if char in LEFT:
        return _box(x, y, wide - CELL + CELL * (LEFT.index(char) + 1) / 8, LINE)
    if char in LOWER:
        tall = LINE * (LOWER.index(char) + 1) / 8
        return _box(x, y + LINE - tall, wide, tall)
    if char in SHADES:
        return _box(x, y, wide, LINE)
    if char in "─━":
        thick = ARMS[char][1]
        return _box(x, y + LINE / 2 - thick / 2, wide, thick)
    if char in ARMS:
        return _arms(x, y, *ARMS[char])
    return _dashes(x, y, char) if char in DASHES else ""


def _arms(x: float, y: float, up: int, right: int, down: int, left: int) -> str:
    middle, half = x + CELL / 2, y + LINE / 2
    parts = [_box(middle - up / 2, y, up, LINE / 2)] if up else []
    parts += [_box(middle - down / 2, half, down, LINE / 2)] if down else []
    parts += [_box(middle, half - right / 2, CELL / 2, right)] if right else []
    parts += [_box(x, half - left / 2, CELL / 2, left)] if left else []
    return "".join(parts)


def _dashes(x: float, y: float, char: str) -> str:
    count, thick = DASHES[char]
    long = (CELL if char == "╍" else LINE) / count
    if char == "╍":
        return "".join(_box(x + n * long, y + LINE / 2 - 1, long * 0.6, thick) for n in range(count))
    return "".join(_box(x + CELL / 2 - 0.5, y + (n + 0.2) * long, thick, long * 0.6) for n in range(count))


def _arc(x: float, y: float, right: int, down: int) -> str:
    middle, half = x + CELL / 2, y + LINE / 2
    return (
        f"M{middle + right * CELL / 2:g} {half:g}Q{middle:g} {half:g} {middle:g} {half + down * CELL / 2:g}"
        f"V{half + down * LINE / 2:g}"
    )


def _dots(x: float, y: float, bits: int) -> str:
    return "".join(
        _box(x + CELL * (1 + 2 * column) / 4 - DOT / 2, y + LINE * (1 + 2 * line) / 8 - DOT / 2, DOT, DOT)
        for line, pair in enumerate(DOTS)
        for column, bit in enumerate(pair)
        if bits & bit
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z"


def _rgb(code: int, default: int) -> int:
    if code == DEFAULT:
        return default
    if code < ANSI:
        return code
    return SIXTEEN[code - ANSI]
