"""What is shown at the start: the orientation, once, and the offer to go on with the last run."""

from collections.abc import Mapping

from textual.binding import Binding
from textual.content import Content
from textual.events import Key
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import ACTIONS, keys_of
from tui.dialog import Choices, Dialog
from tui.help import HINTED
from tui.store import SavedRun

CLOSES = ("quit", "leave")  # actions whose keys only close the orientation
PANELS = tuple(action.id for action in ACTIONS if action.id.startswith("focus_panel:"))
LINES = (
    (("play",), "train, and pause"),
    (("epoch", "step"), "one epoch, one batch"),
    (("back",), "back one batch; every step is on record"),
    (PANELS, "go to a panel; {next_panel} goes to the next one"),
    (("help",), "what the panel in use shows, and all keys"),
    (("command_palette",), "search everything the program can do"),
    (("open",), "open another experiment"),
)


def lines_of(remapped: Mapping[str, str]) -> list[tuple[str, str]]:
    """(keys, what they do) of the first steps, with the keys that the person has."""
    firsts = {action.id: next(iter(keys_of(action, "app", remapped)), "") for action in ACTIONS}
    found = []
    for names, meaning in LINES:
        keys = [firsts[name] for name in names if firsts[name]]
        row = "".join(keys)
        text = f"{keys[0]} to {keys[-1]}" if len(keys) > 2 and row in "123456789" else "  ".join(keys)
        found.append((text or HINTED, meaning.format_map(firsts)))
    return found


class Welcome(Dialog[bool]):
    """The orientation; the result is whether it is never shown again.

    A key that it names, or any other of the workbench's, closes it and has its effect.
    """

    DEFAULT_CSS = """
    Welcome > VerticalScroll { width: 66; }
    """
    HEADING = "Welcome to nn-tui"
    FOOT = "enter, or any of these keys"
    READS = True
    BINDINGS = [Binding("enter,q", "done", "Start", show=False)]

    def __init__(self, remapped: Mapping[str, str]) -> None:
        super().__init__()
        self._remapped = remapped
        keys = (remapped.get(f"app.{action.id}", action.keys) for action in ACTIONS if action.id not in CLOSES)
        self._workbench_keys = {key.strip() for row in keys for key in row.split(",")}

    def body(self) -> list[Widget]:
        text = [
            "A laboratory for neural networks. Build a network, train it on real data, ",
            "stop anywhere, step, go back, change one thing, and see why it learns.\n\n",
        ]
        rows = lines_of(self._remapped)
        wide = max(len(keys) for keys, _ in rows) + 2
        lines = [Content.assemble((f"  {keys:<{wide}}", "bold $accent"), meaning, "\n") for keys, meaning in rows]
        end = Content.styled("\nThis is shown once; the palette brings it back.", "$muted")
        return [Static(Content.assemble(*text, *lines, end))]

    def action_done(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(True)

    def on_key(self, event: Key) -> None:
        if event.key in self._workbench_keys:
            event.stop()
            self.dismiss(True)
            self.app.post_message(Key(event.key, event.character))

    def on_click(self) -> None:
        self.dismiss(True)


class Offer(Dialog[bool]):
    """Offers to go on with the last run; the result is whether to."""

    DEFAULT_CSS = """
    Offer > VerticalScroll { width: 72; }
    Offer OptionList { margin-top: 1; }
    """
    HEADING = "Go on where you stopped?"
    FOOT = "esc starts anew"

    def __init__(self, run: SavedRun) -> None:
        super().__init__()
        self._saved = run

    def body(self) -> list[Widget]:
        options = Choices(Option("Go on with this run", id="yes"), Option("Start anew", id="no"))
        return [Static(Content.assemble((self._saved.title, "bold"), (f"\n{self._saved.line()}", "$muted"))), options]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id == "yes")
