"""The rows of the architecture panel: layers in columns under their headings, and what stands around them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tui.draft import NodeRow
from tui.drawing.bars import bar
from tui.rows import WRONG, Part, Row
from tui.words import cut, fitting

BAR = 4
BRIEF = 12  # columns for names below which counts are told in thousands
HEADINGS = (("output shape", "parameters", "share     ", 30), ("output", "params", "share", 14),
            ("out", "param", "share", BRIEF), ("out", "param", "", 0))  # fmt: skip  # and the least room for names


@dataclass(frozen=True)
class TitledRow(Row):
    """A part of the experiment around the layers: its role, what it is, and the first of `about` there is room for."""

    title: str = ""
    text: str = ""
    about: tuple[str, ...] = ()
    wrong: bool = False
    changed: bool = False

    def parts(self, width: int) -> Sequence[Part]:
        title = f"{self.title:<7}"
        about = fitting(self.about, width - len(title) - len(self.text) - 1)
        room = max(0, width - len(title) - len(about) - 1)
        text = cut(self.text, room)
        role = "effect" if self.changed else "muted"
        return (title, "muted"), (f"{text:<{room}} ", "error" if self.wrong else "value"), (about, role)


@dataclass(frozen=True)
class Columns:
    """How wide the widest shape is, the widest count, and that in thousands; headings are shortened before names are,
    and counts too."""

    shape: int
    count: int
    brief: int

    def fit(self, width: int) -> tuple[int, int, int, tuple[str, str, str]]:
        """Columns for names, shapes and counts, and the headings of shape, count and share, the last maybe empty."""
        for shape, count, share, least in HEADINGS:
            shapes, counts = max(self.shape, len(shape)), max(self.count, len(count))
            room = width - shapes - counts - 2 - (len(share) + 1 if share else 0)
            if room >= least:
                break
        if room < BRIEF:
            room, counts = room + counts - max(self.brief, len(count)), max(self.brief, len(count))
        return max(0, room), shapes, counts, (shape, count, share)


@dataclass(frozen=True)
class TableHead(Row):
    """The headings above the layers."""

    columns: Columns = field(kw_only=True)
    selectable: ClassVar[bool] = False

    def parts(self, width: int) -> Sequence[Part]:
        room, shapes, counts, (shape, count, share) = self.columns.fit(width)
        return ((f"{'layer'[:room]:<{room}} {shape:>{shapes}} {count:>{counts}} {share}".rstrip()[:width], "heading"),)


@dataclass(frozen=True)
class LayerRow(Row):
    """A layer: name, settings, output shape, parameters and their share of all.

    `ahead` is the layer as the edit in hand would make it; an arrow leads to what would be different.
    """

    node: NodeRow = field(kw_only=True)
    columns: Columns = field(kw_only=True)
    ahead: NodeRow | None = field(default=None, kw_only=True)

    def parts(self, width: int) -> Sequence[Part]:
        node = self.node
        room, shapes, counts, (_, _, share) = self.columns.fit(width)
        own = self.key == "output" or (node.name.startswith(node.type) and node.name[len(node.type) :].isdigit())
        if room >= 30:
            name = f"{cut(node.name, 13):<14}{node.type} {node.settings}".rstrip()
        else:
            settings = (
                node.settings.rpartition(" ")[2] if self.key == "output" else node.settings
            )  # the shape says units
            name = f"{node.name} {settings}" if own else f"{node.name}: {node.type} {settings}"
            name = node.name if self.key == "output" and len(name) > room else name
            while own and settings and len(name) > room:
                settings = settings.rpartition(" ")[0]
                name = f"{node.name} {settings}".rstrip()
        name = f"{WRONG} {name}" if node.wrong else name
        role = "error" if node.wrong else "value" if node.parameters else "label"
        (shape, shape_role), (count, count_role) = self.numbers(counts < self.columns.count)
        part = bar_of((self.ahead or node).share)
        if len(share) > BAR + 1 and node.parameters:
            part = f"{part:<{BAR}} {(self.ahead or node).share:>5.0%}"
        return (
            (f"{cut(name, room):<{room}} ", role),
            (f"{shape:>{shapes}} ", shape_role),
            (f"{count:>{counts}}", count_role),
            (f" {part:<{len(share)}}" if share else "", "accent"),
        )

    def numbers(self, brief: bool = False) -> tuple[Part, Part]:
        """Shape and count, with an arrow where they are going to be others; `brief` tells counts in thousands."""
        told = thousands if brief else counted
        now = ("" if self.node.shape is None else as_shape(self.node.shape)), told(self.node.parameters)
        if self.ahead is None or self.ahead.shape is None:
            return (now[0], "label"), (now[1], "label")
        then = as_shape(self.ahead.shape), told(self.ahead.parameters)
        shape, count = ((f"→{b}", "effect") if a != b else (a, "label") for a, b in zip(now, then, strict=True))
        return shape, count


def columns_of(rows: Sequence[tuple[NodeRow, NodeRow | None]]) -> Columns:
    """Columns that fit all layers, each as it is and as it would be."""
    found = [LayerRow("", node=row, columns=Columns(0, 0, 0), ahead=ahead) for row, ahead in rows]
    pairs = [(*row.numbers(), row.numbers(brief=True)[1]) for row in found]
    shape, count, brief = (max((len(parts[side][0]) for parts in pairs), default=0) for side in range(3))
    return Columns(shape, count, brief)


def as_shape(shape: tuple[int, ...]) -> str:
    """A shape without the batch axis: "64", "1×8×8"."""
    return "×".join(map(str, shape))


def inputs(shape: tuple[int, ...]) -> str:
    """What goes into the network, in words: "1 input", "4 inputs", "1×28×28 images"."""
    if len(shape) == 1:
        return several(shape[0], "input")
    return f"{as_shape(shape)} {'images' if len(shape) == 3 else 'inputs'}"


def several(count: int, thing: str) -> str:
    """A count and its noun: "1 target", "1,438 rows"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def counted(count: int | None) -> str:
    """A count in few columns: "", "4,160", "1.24M"; a question mark where it is not known."""
    if count is None:
        return "?"
    return "" if count == 0 else f"{count:,}" if count < 1_000_000 else f"{count / 1e6:.3g}M"


def thousands(count: int | None) -> str:
    """A count in at most five columns: "4,160", "20.1k", "201k", "1.24M"."""
    if count is None or count < 10_000:
        return counted(count)
    return f"{count / 1e3:.3g}k" if count < 999_500 else f"{count / 1e6:.3g}M"


def bar_of(share: float) -> str:
    """A share of one as a bar, to an eighth of a column; what is there at all is seen."""
    return bar(max(round(share * BAR * 8), 1 if share > 0 else 0))
