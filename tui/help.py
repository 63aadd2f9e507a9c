"""Help: what the numbers on the screen mean, and every key, made from the tables of actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from textual.binding import Binding
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Markdown, Static

from tui.actions import ACTIONS, Action, keys_of
from tui.dialog import Dialog
from tui.drawing.palette import palette_of

STACKED = 64  # columns below which what a key does is told under its name
HINTED = "palette"  # in the place of the keys where there are none


@dataclass(frozen=True)
class Topic:
    """What help is about: a panel or a screen, what its numbers mean, and its tables of actions by scope."""

    title: str
    text: str = ""  # with {above}, {below} and {much} in the place of the words for colours
    tables: tuple[tuple[str, tuple[Action, ...]], ...] = ()


class Help(Dialog[None]):
    """Help for a topic, and all keys of the program below it."""

    DEFAULT_CSS = """
    Help Markdown { margin: 0 1 0 0; padding: 0; background: transparent; }
    Help Static { margin: 0 1 0 0; height: auto; }
    Help MarkdownBlock > .code_inline {
        color: $accent !important;
        background: transparent !important;
        text-style: bold;
    }
    """
    HEADING = "Help"
    READS = True
    FOOT = "esc or ? closes, arrows scroll"
    BINDINGS = [Binding("question_mark,q", "close", show=False)]

    def __init__(self, topic: Topic, remapped: Mapping[str, str]) -> None:
        super().__init__()
        self.topic, self._remapped = topic, remapped

    def body(self) -> list[Widget]:
        own = [
            (keys_of(action, scope, self._remapped), action) for scope, table in self.topic.tables for action in table
        ]
        program = [(keys_of(action, "app", self._remapped), action) for action in ACTIONS]
        text = self.topic.text.strip().format(**palette_of(self.app).words)
        widgets: list[Widget] = [Markdown(text)] if text else []
        if own:
            widgets += [_heading("Keys here"), KeyTable(own, column_widths(own))]
        for group in dict.fromkeys(action.group for action in ACTIONS):
            rows = [row for row in program if row[1].group == group]
            widgets += [_heading(group), KeyTable(rows, column_widths(program))]
        return widgets

    def on_mount(self) -> None:
        for box in self.query("Dialog > VerticalScroll"):
            box.border_title = f"{self.HEADING}: {self.topic.title.lower()}"


Row = tuple[tuple[str, ...], Action]


class KeyTable(Widget):
    """A line or more for each action: its keys, its name, what it does, in columns."""

    DEFAULT_CSS = """
    KeyTable { height: auto; margin: 0 1 1 0; }
    """

    def __init__(self, rows: Sequence[Row], widths: tuple[int, int]) -> None:
        super().__init__()
        self._rows, self._widths = rows, widths

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(key_lines(self._rows, width, self._widths))

    def render(self) -> Content:
        return Content("\n").join(key_lines(self._rows, self.content_size.width, self._widths))


def _heading(text: str) -> Static:
    return Static(Content.styled(text, "bold $accent"))


def column_widths(rows: Sequence[Row]) -> tuple[int, int]:
    """The columns that the longest keys and the longest name take."""
    keys = max((len(" ".join(keys) or HINTED) for keys, _ in rows), default=0)
    return keys, max((len(action.label) for _, action in rows), default=0)


def key_lines(rows: Sequence[Row], width: int, widths: tuple[int, int]) -> list[Content]:
    """The lines of a table in so many columns; what does not fit behind the name goes below it."""
    first, second = widths
    stacked = width < STACKED
    indent = 2 if stacked else first + second + 4
    lines = []
    for keys, action in rows:
        shown = " ".join(keys)
        key = Content.styled(f"{shown or HINTED:<{first}}", "bold $accent" if shown else "$muted")
        about = wrap(action.help, max(8, width - indent))
        if stacked:
            lines.append(Content.assemble(key, f"  {action.label}"))
        else:
            lines.append(Content.assemble(key, f"  {action.label:<{second}}  ", (about.pop(0), "$muted")))
        lines += [Content.assemble(" " * indent, (line, "$muted")) for line in about]
    return lines
