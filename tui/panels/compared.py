"""The lines below the charts about the run before: what was changed since, and which of the two is better."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

from tui.panels.comparison import NOTHING, Verdict, listed
from tui.words import squeezed

ROOM, ENOUGH = 7, 10  # rows of a panel from which on there is one line, and two


class Compared(Widget):
    """Two lines at the foot of the loss panel, one where it is low; absent where there is nothing to compare with."""

    DEFAULT_CSS = """
    Compared { dock: bottom; height: 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False
        self._said: tuple[object, ...] = ()
        self._name, self._key, self._verdict = "before", "", NOTHING
        self._words: tuple[str, ...] = ()

    def show(self, room: Size, name: str, words: Sequence[str], verdict: Verdict | None, key: str) -> None:
        """What to say about the run called `name` in a panel with this `room`: what was changed, and which is better,
        None where that cannot be said; `key` keeps the run. Without words there is nothing to say."""
        said = (room, name, tuple(words), verdict, key)
        if said == self._said:
            return
        self._said = said
        self._name, self._key, self._verdict, self._words = name, key, verdict or NOTHING, tuple(words)
        rows = 0 if not words or room.height < ROOM else 1 if verdict is None or room.height < ENOUGH else 2
        self.display = rows > 0
        if rows:
            self.styles.height = rows
        self.refresh()

    def render(self) -> Content:
        width, lines = self.content_size.width, []
        if not self._words:  # until it is laid out anew, without a place
            return Content()
        if self.content_size.height > 1 or not self._verdict.values:
            lines.append(self._changes(width))
        if self._verdict.values:
            lines.append(better(self._verdict, width))
        return Content("\n").join(lines)

    def _changes(self, width: int) -> Content:
        """What was changed since, and where there is room the key that keeps the run."""
        hint = Content.assemble((self._key, "bold $accent"), " let go" if self._name == "baseline" else " keep")
        hint = hint.stylize(Style.from_meta({"@click": "screen.use('loss', 'keep')"}))
        text = listed(self._words, f"○◇ {self._name}", width)
        if not self._key or len(text) + 2 + hint.cell_length > width:
            return Content.styled(text, "$muted")
        return Content.assemble((text, "$muted"), " " * max(0, width - len(text) - hint.cell_length), hint)


def better(verdict: Verdict, width: int) -> Content:
    """Which of the two is better, in one line; where there is little room, not by how much."""
    style = "$muted" if verdict.better is None else "bold $success" if verdict.better else "bold $warning"
    for values in verdict.values:
        for end in (verdict.end, verdict.end.partition(" by ")[0]):
            if len(values) + len(end) + 2 <= width:
                return Content.assemble((values, "$foreground"), ": ", (end, style))
    return Content(squeezed((verdict.end,), width))
