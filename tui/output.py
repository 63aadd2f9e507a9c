"""What goes over the wire for a frame: only the cells that changed, and only what changes about their style.

Textual repaints a changed stretch from the left edge of its widget and spells every style out in full. Over a slow line
that is most of the traffic, so the same update is written here from its first changed cell, with style differences.
"""

from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from textual._compositor import ChopsUpdate

RESET = "\x1b[0m"


class Pen(NamedTuple):
    """A style as the terminal's codes: attributes such as bold, foreground, background."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    def change_to(self, other: "Pen") -> str:
        """The shortest sequence that turns this style into the other."""
        if other == self:
            return ""
        gone = (self.foreground and not other.foreground) or (self.background and not other.background)
        if gone or other.attributes != self.attributes:
            return f"\x1b[{';'.join(part for part in ('0', *other) if part)}m"
        changed = [new for new, old in zip(other[1:], self[1:], strict=True) if new != old]
        return f"\x1b[{';'.join(changed)}m"


@lru_cache(4096)
def pen_of(style: Style | None, system: ColorSystem) -> Pen:
    """The codes of a style on a terminal with these colours."""
    if style is None:
        return Pen()
    plain = style.without_color.render(" ", color_system=system)
    attributes = plain[2 : plain.index("m")] if plain.startswith("\x1b[") else ""
    colors = []
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        codes = () if color is None else color.downgrade(system).get_ansi_codes(foreground)
        colors.append(";".join(codes))
    return Pen(attributes, *colors)


class TightUpdate(ChopsUpdate):
    """A partial update of the screen in as few bytes as it takes."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> "TightUpdate":
        """The same update, written tightly."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """The update as text and escape sequences; it begins and ends with the terminal's plain style."""
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        written: list[str] = []
        pen, cursor = Pen(), (-1, -1)
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                first, last = max(x, x1), min(end, x2)
                if cursor != (y, first):
                    written.append(f"\x1b[{y + 1};{first + 1}H")
                for text, style, control in strip.crop(first - x, last - x):
                    if control:
                        continue
                    wanted = pen_of(style, system)
                    written.append(pen.change_to(wanted) + text)
                    pen = wanted
                cursor = (y, last)
        return "".join([*written, pen.change_to(Pen()) and RESET])
