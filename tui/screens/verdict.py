"""What a network makes of a drawing: classes, numbers, or the drawing done again."""

from dataclasses import dataclass, replace
from string import ascii_letters
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine import BadInput, Splits, Trainer
from engine.drawn import ENOUGH, Manner, as_image, cut, manner
from engine.seeing import Saliency, saliency
from tui.panels.reading import Subject, Tell, share
from tui.screens.ink import Color, Sheet

Floats = NDArray[np.float32]
Kind = Literal["classes", "numbers", "image"]
MUCH = 4_000_000  # values of training images that are looked at


@dataclass(frozen=True, eq=False)
class Verdict:
    """The answer to a drawing.

    `pixels` (C, H, W) is the image that the network got, `values` the score of each class, each number, or each pixel,
    and `names` whose they are. `seen` is the saliency of the largest score or of the first number. An autoencoder has
    `again` (C, H, W), its own image, and `error`, the mean square of what is amiss in the units of its loss. `blank`
    tells that nothing was drawn, and `tell` writes a score down.
    """

    kind: Kind
    pixels: Floats
    values: Floats
    names: tuple[str, ...]
    made: Manner
    seen: Saliency | None = None
    again: Floats | None = None
    error: float = 0.0
    blank: bool = False
    tell: Tell = share

    @property
    def paper(self) -> Color:
        """The colour around what the training images show."""
        red, green, blue = [float(self.made.ground.mean())] * 3 if self.gray else self.made.ground.tolist()
        return red, green, blue

    @property
    def gray(self) -> bool:
        """Whether the ink has no colours to choose from."""
        return len(self.pixels) != 3

    @property
    def wish(self) -> str:
        """What there is to draw."""
        if self.kind == "classes" and all(name.isdigit() and len(name) == 1 for name in self.names):
            return "draw a digit"
        if self.kind == "classes" and all(len(name) == 1 and name in ascii_letters for name in self.names):
            return "draw a letter"
        return "draw something"


def unfit(shape: tuple[int, ...]) -> str | None:
    """Why a network that reads `shape` cannot read drawings; None where it can."""
    if len(shape) == 3 and min(shape[1:]) > 1:
        return None
    count = int(np.prod(shape))
    return (
        f"drawing is for networks that read images, and this one reads {count} number{'s' * (count != 1)}; "
        "open digits, mnist-cnn or a folder of images"
    )


def manner_of(splits: Splits) -> Manner:
    """How the training images are made; of large ones, a few are looked at."""
    x = splits.train.x
    return manner(splits.scaler.inverse(x[: max(1, min(ENOUGH, MUCH // x[0].size))]))


def judge(trainer: Trainer, sheet: Sheet, made: Manner | None = None) -> Verdict:
    """The network's answer to a drawing, made an image in the manner of the training images, which may be known.

    Raises BadInput where it reads no images.
    """
    splits = trainer.splits
    if why := unfit(splits.shape):
        raise BadInput(why)
    made = made or manner_of(splits)
    pixels = as_image(sheet.ink, splits.shape, made, sheet.colors if splits.shape[0] == 3 else None)
    x = splits.inputs(pixels[None])
    outputs, blank = np.asarray(trainer.predict(x)), not cut(sheet.ink).size
    if splits.classes:
        subject = Subject.of(trainer)
        scores, seen = subject.scores(outputs)[0], saliency(trainer.network, x[0])
        if outputs.size == 1 and scores[0] > scores[1]:  # the one output speaks for the other class
            seen = replace(seen, gradient=-seen.gradient)
        return Verdict("classes", pixels, scores, splits.classes, made, seen, blank=blank, tell=subject.tell)
    values = outputs[0]
    if values.size != pixels.size:
        seen = saliency(trainer.network, x[0], 0)
        return Verdict("numbers", pixels, values, splits.target_names, made, seen, blank=blank)
    error = float(np.square(values - x.ravel()).mean())
    again = splits.scaler.inverse(values.reshape(1, *splits.shape))[0]
    return Verdict("image", pixels, values, (), made, again=again, error=error, blank=blank)
