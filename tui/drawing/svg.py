"""A picture as an SVG file that needs no special font: dots and blocks are drawn as shapes, the rest as text."""

from html import escape

from rich.color import Color
from rich.terminal_theme import SVG_EXPORT_THEME

from tui.drawing.braille import BLANK, DOTS
from tui.drawing.picture import ANSI, BOLD, DEFAULT, DIM, REVERSE, Picture

CELL, LINE = 9.0, 18.0  # pixels
LOWER, LEFT = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█"


def to_svg(picture: Picture, fg: int = 0xE0E0E0, bg: int = 0x121212) -> str:
    """The picture as an SVG document; `fg` and `bg` (0xRRGGBB) stand in for the default colours."""
    width, height = picture.width * CELL, picture.height * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="monospace" font-size="14" shape-rendering="crispEdges">',
        f'<rect width="100%" height="100%" fill="#{bg:06x}"/>',
    ]
    for row in range(picture.height):
        parts += _row(picture, row, fg, bg)
    return "\n".join([*parts, "</svg>", ""])


def _row(picture: Picture, row: int, fg: int, bg: int) -> list[str]:
    parts, words = [], []
    for column, code in enumerate(picture.chars[row].tolist()):
        front, back = _rgb(int(picture.fg[row, column]), fg), _rgb(int(picture.bg[row, column]), bg)
        face = int(picture.face[row, column])
        if face & REVERSE:
            front, back = back, front
        x, y, char = column * CELL, row * LINE, chr(code)
        if back != bg:
            parts.append(_box(x, y, CELL, LINE, back))
        if BLANK < code < BLANK + 256:
            parts += _dots(x, y, code - BLANK, front)
        elif char == "▀":
            parts.append(_box(x, y, CELL, LINE / 2, front))
        elif char in LEFT:
            parts.append(_box(x, y, CELL * (LEFT.index(char) + 1) / 8, LINE, front))
        elif char in LOWER:
            tall = LINE * (LOWER.index(char) + 1) / 8
            parts.append(_box(x, y + LINE - tall, CELL, tall, front))
        elif char != " ":
            style = ' font-weight="bold"' * bool(face & BOLD) + ' opacity="0.6"' * bool(face & DIM)
            place = f'x="{x + CELL / 2:g}" y="{y + LINE * 0.76:g}" text-anchor="middle"'
            words.append(f'<text {place} fill="#{front:06x}"{style}>{escape(char)}</text>')
    return parts + words


def _dots(x: float, y: float, bits: int, color: int) -> list[str]:
    places = [
        f"M{x + CELL * (1 + 2 * column) / 4 - 1:g} {y + LINE * (1 + 2 * line) / 8 - 1:g}h2v2h-2z"
        for line, pair in enumerate(DOTS)
        for column, bit in enumerate(pair)
        if bits & bit
    ]
    return [f'<path d="{"".join(places)}" fill="#{color:06x}"/>']


def _box(x: float, y: float, width: float, height: float, color: int) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="#{color:06x}"/>'


def _rgb(code: int, default: int) -> int:
    if code == DEFAULT:
        return default
    if code < ANSI:
        return code
    red, green, blue = Color.from_ansi(code - ANSI).get_truecolor(SVG_EXPORT_THEME)
    return red << 16 | green << 8 | blue
