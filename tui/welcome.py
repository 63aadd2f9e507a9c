"""What is shown at the start: the orientation, once, and the offer to go on with the last run."""

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.dialog import Dialog
from tui.store import SavedRun

KEYS = (
    ("space", "train, and pause"),
    ("e  s", "one epoch, one batch"),
    ("b", "back one batch; every step is on record"),
    ("1 to 6", "go to a panel; tab goes to the next one"),
    ("?", "what the panel in use shows, and all keys"),
    ("ctrl+p", "search everything the program can do"),
    ("o", "open another experiment"),
)


class Welcome(Dialog[bool]):
    """The orientation; the result is whether it is never shown again."""

    DEFAULT_CSS = """
    Welcome > VerticalScroll { width: 66; }
    """
    HEADING = "Welcome to nn-tui"
    FOOT = "enter starts"
    READS = True
    BINDINGS = [Binding("enter,space,q", "done", "Start", show=False)]

    def body(self) -> list[Widget]:
        text = [
            "A laboratory for neural networks. Build a network, train it on real data, ",
            "stop anywhere, step, go back, change one thing, and see why it learns.\n\n",
        ]
        lines = [Content.assemble((f"  {key:<8}", "bold $accent"), meaning, "\n") for key, meaning in KEYS]
        end = Content.styled("\nThis is shown once; the palette brings it back.", "$muted")
        return [Static(Content.assemble(*text, *lines, end))]

    def action_done(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(True)

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
        options = OptionList(Option("Go on with this run", id="yes"), Option("Start anew", id="no"))
        title, _, rest = self._saved.line().rpartition(", epoch ")
        return [Static(Content.assemble((title, "bold"), (f"\nepoch {rest}", "$muted"))), options]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id == "yes")
