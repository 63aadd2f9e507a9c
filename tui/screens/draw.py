"""Draw: a pad, and what the present network reads in the drawing, while it is drawn."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget

from engine import Splits, Trainer
from engine.drawn import Manner
from tui.actions import Action, bindings
from tui.asking import Asking, moment
from tui.screens.answer import Answer
from tui.screens.frame import WholeScreen
from tui.screens.ink import SIDE, Sheet
from tui.screens.pad import Pad
from tui.screens.verdict import Verdict, judge

if TYPE_CHECKING:
    from engine import Session, Snapshot

THIN, THICK = 2.0, 2.8  # radius of the pen for MNIST and for the bold digits of 8x8
TALLEST = 30  # rows of the pad
BESIDE = 20  # columns for the answer beside a pad no larger than its ink, and for what is around both
ROOMY = 60  # the same for a larger one
BELOW = 5  # rows for the answer below the pad, and for the pad's border


class DrawScreen(WholeScreen):
    """The pad on the left, the answer on the right; on tall screens below."""

    DEFAULT_CSS = """
    DrawScreen > Container { height: 1fr; layout: horizontal; }
    DrawScreen.-tall > Container { layout: vertical; }
    DrawScreen.-tall Answer { margin: 0 1; }
    DrawScreen #sheet {
        width: auto;
        height: auto;
        border: round $accent;
        border-title-color: $accent;
        border-subtitle-color: $muted;
    }
    """
    ALLOW_SELECT = False
    HEADING = "Draw"
    SCOPE = "draw"
    SCOPES = ("pad", SCOPE)
    HELP = """
Draw with the mouse (the right button erases), or with the arrows while the pen is down. The network reads what is there
a few times a second: scores of its classes, numbers, or, of an autoencoder, the drawing made again and its error.

Below is what it gets: the drawing made as large and placed as its training images are, on their ground. Beside that is
what decided, {much} where more or less ink would change the answer most; `m` shows what speaks for it and against it.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("mode", "m", "Shows", "What decided it, or what speaks for and against it; where an image errs", True),
    )
    HINTS = (*((action, "pad") for action in Pad.ACTIONS if action.show_in_footer), (ACTIONS[0], "draw"))
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, WholeScreen.LEAVE), "draw")

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        shapes = [node.shapes[0] for node in session.snapshot.nodes[:1]]
        self.pad, self.answer = Pad(THICK if shapes and shapes[0][1:] == (8, 8) else THIN), Answer()
        self.sheet = Horizontal(self.pad, id="sheet")
        self._asking: Asking[Verdict] = Asking(0.05, 0.3)
        self._drawings = 0
        self._known: tuple[Splits, Manner] | None = None

    def body(self) -> list[Widget]:
        self.sheet.border_title = "the pad"
        return [Container(self.sheet, self.answer)]

    def on_mount(self) -> None:
        super().on_mount()
        self.pad.focus()

    def hints(self) -> tuple[tuple[Action, str], ...]:
        return tuple(hint for hint in self.HINTS if self.pad.colorful or not hint[0].id.startswith("color"))

    def look(self, snapshot: "Snapshot") -> None:
        sheet, about = self.pad.ink.sheet, (moment(snapshot), self._drawings)
        if self._asking.ask(
            self.session, about, lambda trainer: self._judge(trainer, sheet), snapshot.activity == "playing"
        ):
            verdict = self._asking.answer
            self.answer.verdict, self.answer.problem = verdict, self._asking.problem
            if verdict is not None:
                self.pad.prepare(verdict.wish, verdict.paper, not verdict.gray)
            self._show()

    def _judge(self, trainer: Trainer, sheet: Sheet) -> Verdict:
        """Runs in the session's thread; how the training images are made is looked at once."""
        if self._known is not None and self._known[0] is trainer.splits:
            return judge(trainer, sheet, self._known[1])
        verdict = judge(trainer, sheet)
        self._known = trainer.splits, verdict.made
        return verdict

    def _show(self) -> None:
        """An empty pad has no answer, even where one to what was there before it is still to come; nor has a first
        stroke, before the answer to it has come."""
        verdict = self.answer.verdict
        self.answer.empty = self.pad.ink.empty or verdict is None or verdict.blank
        self.answer.update()

    def on_resize(self) -> None:
        """The pad is as large as leaves room for the answer, beside it or, if it is larger so, below."""
        width, height = self.size.width, self.size.height - 2
        beside = min(height - 2, max(min(SIDE // 2, (width - BESIDE) // 2), min(TALLEST, (width - ROOMY) // 2)))
        below = min(SIDE // 2, (width - 2) // 2, height - BELOW)
        self.set_class(below > beside, "-tall")
        rows = max(1, below, beside)
        self.pad.styles.width, self.pad.styles.height = 2 * rows, rows

    def on_pad_drawn(self) -> None:
        self._drawings += 1
        if self.pad.ink.empty and not self.answer.empty:
            self._show()
        self.look(self.session.snapshot)

    def on_pad_switched(self) -> None:
        """The border tells what the pen does and with which ink; the keys at the foot are those that work."""
        pad, parts = self.pad, []
        if pad.erasing:
            parts.append(Content("eraser"))
        elif pad.colorful:
            red, green, blue = (round(255 * part) for part in pad.ink.color)
            parts.append(Content.assemble(("██ ", f"rgb({red},{green},{blue})"), pad.color))
        if pad.down:
            parts.append(Content("down"))
        self.sheet.border_subtitle = Content(", ").join(parts).markup
        self.show_hints()

    def action_mode(self) -> None:
        self.answer.other = not self.answer.other
        self.answer.update()
