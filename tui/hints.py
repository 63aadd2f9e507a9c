"""The foot of the screen: which keys work here, and what went wrong."""

from collections.abc import Mapping
from dataclasses import replace
from textwrap import wrap

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.actions import ACTIONS, Action, keys_of
from tui.panel import Panel

PALETTE = "command_palette"  # the first to go where there is no room


class Hints(Widget):
    """One line of keys, those of the panel in use first; a click does what the key does."""

    DEFAULT_CSS = """
    Hints { height: 1; padding: 0 1; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__(id="hints")
        self.auto_links = False
        self._panel: Panel | None = None
        self._keymap: dict[str, str] = {}

    def show(self, panel: Panel | None, keymap: Mapping[str, str]) -> None:
        """Draws the hints for the panel in use."""
        self._panel, self._keymap = panel, dict(keymap)
        self.refresh()

    def render(self) -> Content:
        width, panel, keymap = self.content_size.width, self._panel, self._keymap
        edits = panel.editing_actions() if panel is not None else ()
        last = [action for action in ACTIONS if action.id in ("help", PALETTE, "quit")]
        shown = [action for action in ACTIONS if action.show_in_footer and action not in last]
        parts = [self._hint(action, keymap) for action in shown]
        if panel is not None and edits:
            last, keymap = [held for action in last if (held := self._held(action)).keys], {}
            parts = [self._hint(action, keymap, panel) for action in edits]
        elif panel is not None:
            shown = [action for action in panel.ACTIONS if action.show_in_footer and panel.useful(action)]
            own = [self._hint(action, keymap, panel) for action in shown]
            parts = parts[:3] + own + parts[3:]
        tail = Content("  ").join([self._hint(action, keymap) for action in last])
        if sum(part.cell_length + 2 for part in parts[:2]) + tail.cell_length > width:
            tail = Content("  ").join([self._hint(action, keymap) for action in last if action.id != PALETTE])
        line = Content("")
        for part in parts:
            if line.cell_length + part.cell_length + tail.cell_length + 4 > width:
                break
            line = Content.assemble(line, "  ", part) if line else part
        if tail.cell_length + 2 > width:
            return tail
        return Content.assemble(line, " " * max(2, width - line.cell_length - tail.cell_length), tail)

    def _held(self, action: Action) -> Action:
        """An action of the program with those of its keys that hold while something is edited."""
        keys = self._keymap.get(f"app.{action.id}", action.keys).split(",")
        return replace(action, keys=",".join(key for key in keys if key in Panel.KEPT))

    def _hint(self, action: Action, keymap: Mapping[str, str], panel: Panel | None = None) -> Content:
        keys = keys_of(action, panel.scope() if panel is not None else "app", keymap)
        key = keys[0] if keys else ""
        call = f"app.{action.call}" if panel is None else f"screen.use({panel.scope()!r}, {action.call!r})"
        click = Style.from_meta({"@click": call})
        text = Content.assemble((key, "bold $accent"), " ", action.label.lower())
        return text.stylize(click)


class Problem(Widget):
    """A bar that says why a run stopped or what broke, and what to do about it; absent where nothing is to be said."""

    DEFAULT_CSS = """
    Problem {
        height: auto;
        max-height: 4;
        padding: 0 1;
        display: none;
        background: $error 20%;
        color: $foreground;
    }
    Problem.-good { background: $success 20%; max-height: 2; }
    Problem:ansi { background: ansi_default; color: ansi_red; text-style: bold; }
    Problem.-good:ansi { color: ansi_green; }
    """

    def __init__(self) -> None:
        super().__init__(id="problem")
        self._texts: tuple[str, ...] = ()

    def show(self, *texts: str, good: bool = False) -> None:
        """Shows the first of the texts that fits into two lines, else the last; nothing where there is none.

        `good` says that nothing went wrong.
        """
        if texts != self._texts:
            self._texts = texts
            self.set_class(good, "-good")
            self.display = bool(texts)
            self.refresh(layout=True)

    def render(self) -> Content:
        sign = "[bold $success]✓[/]" if self.has_class("-good") else "[bold $error]✗[/]"
        room = max(1, self.content_size.width)
        text = next((text for text in self._texts if len(wrap(text, room, initial_indent="  ")) <= 2), None)
        return Content.from_markup(f"{sign} $text", text=text or (self._texts or ("",))[-1])
