"""Help: what the focused panel shows, and every key, made from the table of actions."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown, Static

from tui.actions import ACTIONS, Action, keys_of
from tui.dialog import Dialog
from tui.panel import Panel


class Help(Dialog[None]):
    """Help for a panel, or for the program where none is in use."""

    DEFAULT_CSS = """
    Help Markdown { margin: 0 1 0 0; padding: 0; background: transparent; }
    Help Static { margin: 0 1 0 0; }
    """
    HEADING = "Help"
    READS = True
    FOOT = "esc or ? closes, arrows scroll"
    BINDINGS = [Binding("question_mark,q", "close", show=False)]

    def __init__(self, panel: Panel | None, remapped: Mapping[str, str]) -> None:
        super().__init__()
        self._panel, self._remapped = panel, remapped

    def body(self) -> list[Widget]:
        widgets: list[Widget] = []
        if self._panel is not None:
            widgets.append(Static(Content.styled(f"{self._panel.TITLE}\n", "bold $accent")))
            widgets.append(Markdown(self._panel.HELP))
            if self._panel.ACTIONS:
                own = key_table(self._panel.ACTIONS, self._panel.scope(), self._remapped)
                widgets.append(Static(Content.assemble(_heading("Keys of this panel"), own, "\n")))
        groups = dict.fromkeys(action.group for action in ACTIONS)
        for group in groups:
            lines = key_table([action for action in ACTIONS if action.group == group], "app", self._remapped)
            widgets.append(Static(Content.assemble(_heading(group), lines, "\n")))
        return widgets


def key_table(actions: Iterable[Action], scope: str, remapped: Mapping[str, str]) -> Content:
    """A line an action: its keys, and what it does."""
    lines = []
    for action in actions:
        keys = " ".join(keys_of(action, scope, remapped)) or "palette"
        style = "bold $accent" if keys != "palette" else "$muted"
        lines.append(Content.assemble((f"{keys:<12} ", style), f"{action.label:<15} ", (action.help, "$muted")))
    return Content("\n").join(lines)


def _heading(text: str) -> Content:
    return Content.styled(f"{text}\n", "bold")
