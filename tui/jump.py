"""Jump mode: a letter on each panel; typing it goes there."""

from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.widgets import Static

from tui.dialog import Overlay

LETTERS = "asdfghjkl"


class Jump(Overlay[str]):
    """Shows letters at the given places of the screen; the result is the name that was chosen."""

    DEFAULT_CSS = """
    Jump { background: transparent; }
    Jump > Static {
        position: absolute;
        width: auto;
        height: 1;
        padding: 0 1;
        background: $accent;
        color: $background;
        text-style: bold;
    }
    Jump > Static:ansi { background: ansi_default; color: ansi_default; text-style: bold reverse; }
    """

    def __init__(self, places: Mapping[str, Offset]) -> None:
        super().__init__()
        self._places = dict(zip(LETTERS, places.items(), strict=False))

    def compose(self) -> ComposeResult:
        for letter, (_, offset) in self._places.items():
            label = Static(letter)
            label.styles.offset = offset
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        chosen = self._places.get(event.character or "")
        self.dismiss(chosen[0] if chosen else None)

    def on_click(self) -> None:
        self.dismiss(None)
