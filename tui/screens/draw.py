"""Draw: a pad, and what the present network reads in the drawing, while it is drawn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.containers import Horizontal
from textual.widget import Widget

from engine import BadInput, Trainer
from engine.drawn import as_image
from engine.seeing import Saliency, saliency
from tui.actions import Action, bindings
from tui.asking import Asking, moment
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.panels.reading import Subject, share
from tui.panels.samples import draw_scores, fitted, image
from tui.screens.frame import WholeScreen, sentence
from tui.screens.maps import heat, signed
from tui.screens.pad import Pad

if TYPE_CHECKING:
    from engine import Session, Snapshot

MODES = ("what decided it", "for and against")
NARROW = 60  # columns, below which the answer has no room beside the pad
THIN, THICK = 2.0, 2.8  # radius of the pen for MNIST and for the bold digits of 8x8


@dataclass(frozen=True, eq=False)
class Read:
    """What the network makes of a drawing: the image that it got, its scores, and the saliency of the largest."""

    pixels: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: tuple[str, ...]
    seen: Saliency


def unfit(shape: tuple[int, ...], classes: int) -> str | None:
    """Why a network cannot read drawings; None where it can."""
    if len(shape) != 3:
        return f"Drawing is for images, and this network reads {int(np.prod(shape))} numbers: open digits or mnist-mlp."
    if shape[0] != 1:
        return f"Drawing is for images of one channel, and this network reads {shape[0]} of {shape[1]}x{shape[2]}."
    return None if classes else "Drawing is for classes, and this network answers with numbers."


def read_drawing(trainer: Trainer, ink: NDArray[np.float32]) -> Read:
    """The network's answer to ink (rows, columns) on a pad. Raises BadInput where it reads no images of one channel."""
    subject, splits = Subject.of(trainer), trainer.splits
    if why := unfit(splits.shape, len(splits.classes)):
        raise BadInput(why)
    pixels = as_image(ink, splits.shape)
    if _dark_on_light(trainer):
        pixels = 1 - pixels
    x = splits.inputs(pixels[None])
    scores = subject.scores(np.asarray(trainer.predict(x)))[0]
    return Read(pixels, scores, splits.classes, saliency(trainer.network, x[0]))


def _dark_on_light(trainer: Trainer) -> bool:
    """Whether the training images have a light ground, as scanned paper has: their edges tell."""
    some = trainer.splits.scaler.inverse(trainer.splits.train.x[:100])[:, 0]
    edges = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    return bool(edges.mean() > 0.5)


class Answer(Drawing):
    """The scores as bars, the image as the network gets it, and the saliency."""

    DEFAULT_CSS = """
    Answer { margin: 1 1 0 2; height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.read: Read | None = None
        self.problem: str | None = None
        self.empty = True
        self.mode = MODES[0]

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        if self.problem:
            return sentence(self.problem, width, height, palette)
        picture, read = Picture(width, height), self.read
        if read is None:
            return picture
        best = int(np.argmax(read.scores))
        said = "nothing drawn yet" if self.empty else f"{read.classes[best]}   {share(float(read.scores[best]))}"
        picture.put(0, 0, "It reads  ", palette.color("muted"))
        picture.put(0, 10, said, palette.color("text"), BOLD)
        bars = min(len(read.classes), 10, max(1, height - 2))
        draw_scores(picture, 1, 0, min(width, 60), bars, palette, read.scores, read.classes)
        self._pictures(picture, read, bars + 2, palette)
        return picture

    def _pictures(self, picture: Picture, read: Read, top: int, palette: Palette) -> None:
        room = picture.height - top - 1
        if room < 3 or picture.width < 12:
            return
        gap = 3
        rows, columns = fitted(read.pixels.shape[1:], min(40, (picture.width - gap) // 2), 2 * room)
        for left, text in ((0, "the network gets"), (columns + gap, self.mode)):
            picture.put(top, left, text[: columns + gap - 1], palette.color("muted"))
        picture.paste(image(read.pixels, rows, columns, palette), top + 1, 0)
        if self.mode == MODES[0]:
            shown = heat(read.seen.strength, rows, columns, palette)
        else:
            shown = signed(read.seen.gradient[0], rows, columns, palette)
        picture.paste(shown, top + 1, columns + gap)


class DrawScreen(WholeScreen):
    """The pad on the left, the answer on the right."""

    DEFAULT_CSS = """
    DrawScreen > Horizontal { height: 1fr; }
    DrawScreen #sheet {
        width: auto;
        height: auto;
        border: round $accent;
        border-title-color: $accent;
        border-subtitle-color: $muted;
    }
    """
    HEADING = "Draw"
    SCOPE = "draw"
    HELP = """
Draw with the mouse (the right button erases), or with the arrows while the pen is down. The network reads what is
there a few times a second; the bars are its scores for each class.

Below them is what it gets: the drawing made as small and placed as its training images are. Beside it is what decided:
bright where a change of the ink would change the best score most, or with `m` what speaks for it (blue) and against it
(orange).
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("mode", "m", "Saliency", "What decided it, or what speaks for and against it", True),
    )
    HINTS = (*((action, "pad") for action in Pad.ACTIONS if action.show_in_footer), (ACTIONS[0], "draw"))
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, WholeScreen.LEAVE), "draw")

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        shapes = [node.shapes[0] for node in session.snapshot.nodes[:1]]
        self.pad, self.answer = Pad(THICK if shapes and shapes[0][1:] == (8, 8) else THIN), Answer()
        self.sheet = Horizontal(self.pad, id="sheet")
        self._asking: Asking[Read] = Asking(0.05, 0.3)
        self._drawings = 0

    def body(self) -> list[Widget]:
        self.sheet.border_title = "the pad"
        return [Horizontal(self.sheet, self.answer)]

    def on_mount(self) -> None:
        super().on_mount()
        self.pad.focus()

    def look(self, snapshot: "Snapshot") -> None:
        ink, about = self.pad.ink.values, (moment(snapshot), self._drawings)
        if self._asking.ask(
            self.session, about, lambda trainer: read_drawing(trainer, ink), snapshot.activity == "playing"
        ):
            self.answer.read, self.answer.problem = self._asking.answer, self._asking.problem
            self.answer.empty = self.pad.ink.empty
            self.answer.update()
            self._title()

    def on_resize(self) -> None:
        self._title()

    def _title(self) -> None:
        """Where there is no room for the answer, the pad's title says it."""
        read = self.answer.read
        if self.size.width >= NARROW or self.answer.empty or read is None:
            self.sheet.border_title = "the pad"
        else:
            best = int(np.argmax(read.scores))
            self.sheet.border_title = f"it reads {read.classes[best]}, {share(float(read.scores[best]))}"

    def on_pad_drawn(self) -> None:
        self._drawings += 1
        self.look(self.session.snapshot)

    def action_mode(self) -> None:
        self.answer.mode = MODES[(MODES.index(self.answer.mode) + 1) % len(MODES)]
        self.answer.update()
