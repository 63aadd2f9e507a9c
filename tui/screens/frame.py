"""What the whole screens share: a line at the top, a line of keys at the bottom, and looking for news in between."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from tui.actions import ACTIONS, Action, keys_of
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.naming import Titles
from tui.resizing import Resizing
from tui.transport import ACTIVITIES, Header
from tui.words import lines, shortened

if TYPE_CHECKING:
    from engine import Session, Snapshot
    from tui.app import Workbench

LOOKS_PER_SECOND = 30
SMALL = 70  # columns below which the title goes before the epoch
SHORTEST = 5  # columns below which a title tells nothing
HELP_KEY = next(action for action in ACTIONS if action.id == "help")


class Line(Widget):
    """One line of parts, two columns apart. Where there is no room for all of them, the last ones before `tail` go."""

    DEFAULT_CSS = """
    Line { height: 1; padding: 0 1; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False
        self._parts: tuple[list[Content], list[Content]] = ([], [])

    def show(self, parts: list[Content], tail: list[Content]) -> None:
        """Shows something else."""
        if (parts, tail) != self._parts:
            self._parts = parts, tail
            self.refresh()

    def render(self) -> Content:
        (parts, tail), width = self._parts, self.content_size.width
        kept = len(parts)
        while kept and sum(part.cell_length + 2 for part in (*parts[:kept], *tail)) - 2 > width:
            kept -= 1
        return Content("  ").join([*parts[:kept], *tail])


class WholeScreen(Resizing, Screen[None]):
    """A screen over the workbench while the session goes on; escape leaves it. `look` is called many times a second."""

    DEFAULT_CSS = """
    WholeScreen { background: $background; layout: vertical; }
    """
    COVERS: ClassVar[bool] = True  # nothing of the screen below is seen
    HEADING: ClassVar[str] = ""
    SCOPE: ClassVar[str] = ""
    SCOPES: ClassVar[tuple[str, ...]] = ()  # of the tables of actions that help tells
    HELP: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    HINTS: ClassVar[tuple[tuple[Action, str], ...]] = ()
    LEAVE: ClassVar[Action] = Action("leave", "escape", "Back", "Back to the workbench", True)

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self.session = session
        self.head, self.foot = Line(), Line()
        self._titles = Titles()

    def compose(self) -> ComposeResult:
        yield self.head
        yield from self.body()
        yield self.foot

    def body(self) -> "list[Widget]":
        """What is between head and foot; here nothing."""
        return []

    def about(self) -> list[Content]:
        """What the head tells behind the heading; here nothing."""
        return []

    def hints(self) -> tuple[tuple[Action, str], ...]:
        """The keys at the foot, with their scopes."""
        return self.HINTS

    def on_screen_resume(self) -> None:
        """The keys may have been changed in the settings."""
        self.show_hints()

    def show_hints(self) -> None:
        """Draws the keys at the foot anew."""
        parts = [self._hint(action, scope) for action, scope in self.hints()]
        self.foot.show(parts, [self._hint(HELP_KEY, "app"), self._hint(self.LEAVE, self.SCOPE)])

    def on_mount(self) -> None:
        for header in self.app.screen_stack[0].query(Header):
            self._titles = header.titles
        self.set_interval(1 / LOOKS_PER_SECOND, self._look)
        self._look()

    def look(self, snapshot: "Snapshot") -> None:
        """Takes in answers, asks new questions, draws what is new; here there is nothing to look at."""

    def action_leave(self) -> None:
        self.dismiss(None)

    def _look(self) -> None:
        snapshot = self.session.snapshot
        glyph, color = ACTIVITIES[snapshot.activity]
        first = [Content.styled(self.HEADING, "bold $accent"), *self.about()]
        state = Content.styled(f"{glyph} {snapshot.activity}", color)
        far = Content(f"epoch {snapshot.epoch}/{snapshot.experiment.epochs}  step {snapshot.step}")
        title, room = self._titles.of(snapshot.experiment), self.size.width - 2
        room -= sum(part.cell_length + 2 for part in (*first, state, *([far] if self.size.width >= SMALL else [])))
        self.head.show([*first, *([Content(shortened(title, room))] if room >= SHORTEST else []), state, far], [])
        self.look(snapshot)

    def _hint(self, action: Action, scope: str) -> Content:
        keys = keys_of(action, scope, cast("Workbench", self.app).remapped)
        target = scope if scope == "app" else "screen" if scope == self.SCOPE else "focused"
        text = Content.assemble((keys[0] if keys else "", "bold $accent"), " ", action.label.lower())
        return text.stylize(Style.from_meta({"@click": f"{target}.{action.call}"}))


def sentence(text: str, width: int, height: int, palette: Palette) -> Picture:
    """A picture that only says something, on as many lines as it takes."""
    picture, found = Picture(width, height), lines(text, width)
    for row, line in enumerate(found, max(0, height // 3 - len(found) + 1)):
        picture.put(row, 0, line, palette.color("warning"))
    return picture
