"""Where each panel goes: a pure function of the size of the screen and of the panel in use."""

from collections.abc import Mapping, Sequence
from typing import Literal

from textual.geometry import Region

Mode = Literal["wide", "two", "one", "tiny"]
LEFT = ("architecture", "optimizer")
MIDDLE = ("loss", "gradients")
RIGHT = ("data",)
BOTTOM = "timeline"
LEAST = 8  # rows of a panel that wants fewer
NOTHING: Mapping[str, int] = {}


def mode_of(width: int, height: int) -> Mode:
    """How a screen of this size is used: everything side by side, two columns, one panel, or a line that says so."""
    if width >= 110 and height >= 30:
        return "wide"
    if width >= 76 and height >= 20:
        return "two"
    return "one" if width >= 40 and height >= 10 else "tiny"


def arrange(
    mode: Mode,
    width: int,
    height: int,
    names: Sequence[str],
    front: tuple[str, str],
    focused: str,
    zoomed: bool = False,
    wanted: Mapping[str, int] = NOTHING,
) -> dict[str, Region]:
    """The region of every panel that is shown, on a desk of this size (the screen without its head and foot).

    `front` names the panels in front on the left and on the right where there are two columns; `focused` is the only
    one shown where there is room for one. `wanted` are the rows that show all of a panel: where every panel of a column
    says them, the one that needs less gets no more while the other lacks some; what is left goes to the upper one,
    which unfolds.
    """
    if not names or width < 1 or height < 1 or mode == "tiny":
        return {}
    if focused not in names:
        focused = names[0]
    whole = {focused: Region(0, 0, width, height)}
    if zoomed or mode == "one":
        return whole
    if mode == "wide":
        return _side_by_side(width, height, names, wanted)
    left, right = front
    if left not in names or right not in names:
        return whole
    edge = min(44, round(width * 0.42))
    return {left: Region(0, 0, edge, height), right: Region(edge, 0, width - edge, height)}


def _side_by_side(width: int, height: int, names: Sequence[str], wanted: Mapping[str, int]) -> dict[str, Region]:
    columns = [tuple(name for name in column if name in names) for column in (LEFT, MIDDLE, RIGHT)]
    widths = [min(48, max(34, width // 4)) if columns[0] else 0, 0, min(74, width * 3 // 10) if columns[2] else 0]
    rest = width - sum(widths)
    widths[1 if columns[1] else 2 if columns[2] else 0] += rest
    strip = 0
    if BOTTOM in names:
        strip = height if not any(columns) else 6 if height >= 42 else 5 if height >= 34 else 4
    regions: dict[str, Region] = {}
    x = 0
    for column, columns_wide in zip(columns, widths, strict=True):
        y = 0
        for name, rows in _shares(height - strip, column, wanted).items():
            regions[name] = Region(x, y, columns_wide, rows)
            y += rows
        x += columns_wide if column else 0
    if strip:
        regions[BOTTOM] = Region(0, height - strip, width, strip)
    return regions


def _shares(rows: int, column: Sequence[str], wanted: Mapping[str, int]) -> dict[str, int]:
    """The rows of each panel of a column, from the top; together they are all of them."""
    needs = {name: max(LEAST, wanted[name]) if set(column) <= set(wanted) else rows for name in column}
    shares = dict.fromkeys(column, 0)
    left = rows
    for place, name in enumerate(sorted(column, key=lambda each: needs[each])):
        shares[name] = min(needs[name], left // (len(column) - place))
        left -= shares[name]
    for name in column[:1]:
        shares[name] += left
    return shares
