"""A box over the workbench."""

from typing import Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.events import Key, Resize
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import OptionList

from tui.resizing import Resizing

Result = TypeVar("Result")
LOW = 20  # rows of a screen below which dialogs have no margins


class Choices(OptionList):
    """A list in a dialog. Textual's own breaks on the keys for a page where it has no room, or not yet."""

    def action_page_up(self) -> None:
        if self._lines:
            super().action_page_up()

    def action_page_down(self) -> None:
        if self._lines:
            super().action_page_down()


AROUND = 8  # rows of the box and of an input, around a list
MOVES = {
    "down": Choices.action_cursor_down,
    "up": Choices.action_cursor_up,
    "pagedown": Choices.action_page_down,
    "pageup": Choices.action_page_up,
}  # keys that move through a list while one types above it


class ClosesOnce:
    """Mixed into a screen: it closes once, however fast the keys and clicks come."""

    _is_closed = False

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Closes the screen with a result; later calls do nothing."""
        screen = cast(Screen[Any], self)
        if self._is_closed or not screen.is_current:
            return AwaitComplete.nothing()
        self._is_closed = True
        return Screen.dismiss(screen, result)


class Overlay(ClosesOnce, Resizing, ModalScreen[Result]):  # type: ignore[misc]
    """A screen over the workbench."""


class Dialog(Overlay[Result]):
    """Shows `body()` in a titled box; escape closes it without a result."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 70%; }
    Dialog OptionList { min-width: 16; }
    Dialog:ansi { background: ansi_default; }
    Dialog > VerticalScroll {
        width: 94;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        padding: 1 2;
        border: round $accent;
        border-title-color: $accent;
        border-title-style: bold;
        border-subtitle-color: $muted;
        background: $background;
        scrollbar-size-vertical: 1;
    }
    Dialog OptionList, Dialog Input {
        border: round $line;
        background: $background;
        scrollbar-size-vertical: 1;
    }
    Dialog Input { padding: 0 1; }
    Dialog OptionList { height: auto; max-height: 16; padding: 0 1; }
    Dialog OptionList > .option-list--option-highlighted {
        background: $block-cursor-background;
        color: $block-cursor-foreground;
    }
    Dialog.-small > VerticalScroll { padding: 0 1; }
    Dialog OptionList:focus, Dialog Input:focus {
        border: round $accent;
        background: $background;
        background-tint: $foreground 0%;
    }
    """
    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "close", "Close"),
        Binding("ctrl+q", "app.quit", "Quit", show=False),
    ]
    HEADING: ClassVar[str] = ""
    FOOT: ClassVar[str] = "esc closes"
    READS: ClassVar[bool] = False  # a page to scroll, rather than fields to fill

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=self.READS) as box:
            box.border_title = self.HEADING
            box.border_subtitle = self.FOOT
            yield from self.body()

    def on_resize(self, event: Resize) -> None:
        """Where there is little room, none is spent on margins."""
        self.set_class(event.size.height < LOW or event.size.width < 60, "-small")

    def body(self) -> "list[Widget]":
        """What is in the box; here nothing."""
        return []

    def action_close(self) -> None:
        self.dismiss(None)


class Finder(Dialog[Result]):
    """A list below an input: keys that move through the list do so while one types."""

    def on_key(self, event: Key) -> None:
        choices = self.query_one(Choices)
        if event.key in MOVES and not choices.has_focus:
            MOVES[event.key](choices)
            event.stop()
