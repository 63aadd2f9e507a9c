"""What the whole screens share: a line at the top, a line of keys at the bottom, and looking for news in between."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from tui.actions import Action, keys_of
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture

if TYPE_CHECKING:
    from engine import Session, Snapshot

LOOKS_PER_SECOND = 30


class Line(Widget):
    """One line of text."""

    DEFAULT_CSS = """
    Line { height: 1; padding: 0 1; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False
        self._content = Content("")

    def show(self, content: Content) -> None:
        """Shows something else."""
        if content != self._content:
            self._content = content
            self.refresh()

    def render(self) -> Content:
        return self._content


class WholeScreen(Screen[None]):
    """A screen over the workbench while the session goes on; escape leaves it. `look` is called many times a second."""

    DEFAULT_CSS = """
    WholeScreen { background: $background; layout: vertical; }
    """
    HEADING: ClassVar[str] = ""
    SCOPE: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    HINTS: ClassVar[tuple[tuple[Action, str], ...]] = ()
    LEAVE: ClassVar[Action] = Action("leave", "escape", "Back", "Back to the workbench", True)

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self.session = session
        self.head, self.foot = Line(), Line()

    def compose(self) -> ComposeResult:
        yield self.head
        yield from self.body()
        yield self.foot

    def body(self) -> "list[Widget]":
        """What is between head and foot; here nothing."""
        return []

    def on_screen_resume(self) -> None:
        """The keys may have been changed in the settings."""
        hints = [self._hint(action, scope) for action, scope in (*self.HINTS, (self.LEAVE, self.SCOPE))]
        self.foot.show(Content("  ").join(hints))

    def on_mount(self) -> None:
        self.set_interval(1 / LOOKS_PER_SECOND, self._look)
        self._look()

    def look(self, snapshot: "Snapshot") -> None:
        """Takes in answers, asks new questions, draws what is new; here there is nothing to look at."""

    def action_leave(self) -> None:
        self.dismiss(None)

    def _look(self) -> None:
        snapshot = self.session.snapshot
        state = f"epoch {snapshot.epoch}/{snapshot.experiment.epochs}  step {snapshot.step}  {snapshot.activity}"
        name = snapshot.experiment.title or snapshot.experiment.data.name
        self.head.show(Content.assemble((f"{self.HEADING}  ", "bold $accent"), f"{name}  ", state))
        self.look(snapshot)

    def _hint(self, action: Action, scope: str) -> Content:
        remapped: dict[str, Any] = getattr(self.app, "remapped", {})
        keys = keys_of(action, scope, remapped)
        target = "screen" if scope == self.SCOPE else "focused"
        text = Content.assemble((keys[0] if keys else "", "bold $accent"), " ", action.label.lower())
        return text.stylize(Style.from_meta({"@click": f"{target}.{action.call}"}))


def sentence(text: str, width: int, height: int, palette: Palette) -> Picture:
    """A picture that only says something, on as many lines as it takes."""
    picture, lines, line = Picture(width, height), [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    for row, one in enumerate([*lines, line]):
        picture.put(max(0, height // 3 - len(lines)) + row, 0, one[:width], palette.color("warning"))
    return picture
