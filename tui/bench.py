"""The main screen: header, tabs, desk, problem bar and hints."""

from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.arrangement import mode_of
from tui.desk import Desk, Tabs
from tui.hints import Hints, Problem
from tui.output import TightCompositor
from tui.resizing import Resizing
from tui.transport import Header

if TYPE_CHECKING:
    from tui.app import Workbench


class Bench(Resizing, Screen[None], inherit_bindings=False):
    """The main screen."""

    DEFAULT_CSS = """
    Bench { background: $background; overflow: hidden; }
    Bench.-tiny > * { display: none; }
    Bench > #tiny { display: none; width: 1fr; height: 1; color: $warning; text-wrap: nowrap; }
    Bench.-tiny > #tiny { display: block; }
    """

    AUTO_FOCUS = ""  # the panel in use gets the focus, which need not be the first
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)  # moving the focus need not paint the whole screen

    def __init__(self) -> None:
        super().__init__(id="_default")
        self._compositor = TightCompositor()
        self.header, self.tabs, self.desk = Header(), Tabs(), Desk()
        self.desk.tabs = self.tabs
        self.problem, self.hints = Problem(), Hints()
        self.too_small = Static("", id="tiny")

    def compose(self) -> ComposeResult:
        yield from (self.header, self.tabs, self.desk, self.problem, self.hints, self.too_small)

    @property
    def is_current(self) -> bool:
        """Whether it is seen. Textual takes the screen below the top one for seen, and paints all of both then, even
        where the top one covers it."""
        return super().is_current and not getattr(self.app.screen, "COVERS", False)

    def _on_idle(self) -> None:
        """Paints what a key has changed at once, where Textual waits for the next turn of its timer."""
        if self.is_current and cast("Workbench", self.app).hurrying:
            self._on_timer_update()

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        mode = mode_of(width, height)
        self.desk.mode = mode
        self.header.styles.height = 2 if mode == "wide" else 1
        self.set_class(mode == "tiny", "-tiny")
        if mode == "tiny":
            self.too_small.update(f"too small: {width}x{height}, needs 40x10")
        self.desk.settle()
        self.call_after_refresh(self._focus_again)

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self._focus_again)

    def _focus_again(self) -> None:
        """What was hidden on a screen that was too small has lost the focus."""
        if self.focused is None:
            self.desk.go_to(self.desk.focused_name)

    async def action_use(self, name: str, call: str) -> None:
        """Goes to a panel, and does an action of it."""
        self.desk.go_to(name)
        await self.app.run_action(call, self.desk.panels[name])
