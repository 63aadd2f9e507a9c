"""The augmented view: training images before and after augmentation, as the present epoch shows them."""

from dataclasses import dataclass

import numpy as np

from engine import BadInput, Trainer
from engine.augment import Preview
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels.reading import Array, Subject, share
from tui.panels.samples import Tiling, fitted, image
from tui.words import squeezed

MOST = 64  # pairs that are asked for
SMALL_FROM = 16  # rows of the view from which there are small pairs below the large one
FEET = 3  # rows below the large pair: what is what, the label, an empty one


@dataclass(frozen=True, eq=False)
class Pairs:
    """The first samples of an epoch before and after; `total` rows of the training split."""

    subject: Subject
    preview: Preview
    total: int

    @property
    def sample(self) -> str:
        """What is shown, to read: "epoch 4, first 64 of 1,438"."""
        return f"epoch {self.preview.epoch + 1}, first {len(self.preview.rows):,} of {self.total:,}"

    def label(self, row: int) -> str:
        """The class of a training row, or its number."""
        classes = self.subject.classes
        return classes[int(self.subject.splits.train.y[row])] if classes else f"row {row}"

    def labels(self, place: int) -> tuple[str, ...]:
        """What a changed image is, in fewer and fewer words: "true 4", or with mixup "71% 4 + 29% 9"."""
        own, other = (self.label(int(rows[place])) for rows in (self.preview.rows, self.preview.partners))
        much = float(self.preview.shares[place])
        if much > 0.995 or own == other:
            return (f"true {own}", own) if self.subject.classes else (own,)
        short = "+".join(name.removeprefix("row ") for name in (own, other))
        return f"{share(much)} {own} + {share(1 - much)} {other}", f"{short} {share(much)}", short

    def pictures(self, place: int) -> tuple[Array, Array]:
        """The pixels of a pair (C, H, W) before scaling."""
        both = np.stack([self.preview.before[place], self.preview.after[place]])
        before, after = self.subject.splits.scaler.inverse(both)
        return before, after


def ask_pairs(trainer: Trainer) -> Pairs:
    """The pairs of the present epoch, of the last one when the run is over. It changes nothing.

    Raises BadInput where nothing is augmented.
    """
    epoch = min(trainer.state.epoch, max(0, trainer.experiment.epochs - 1))
    preview = trainer.feed.preview(epoch, MOST)
    if preview is None:
        raise BadInput("no augmentation")  # the experiment changed while the question was on its way
    return Pairs(Subject.of(trainer), preview, trainer.feed.rows)


def large(shape: tuple[int, ...], width: int, height: int) -> tuple[int, int]:
    """(rows, columns) in picture elements of each image of the large pair at the top."""
    tall = height * 2 // 5 if height >= SMALL_FROM else height - 2
    return fitted(shape[-2:], max(3, (width - 3) // 2), 2 * max(2, tall))


def top_of(shape: tuple[int, ...], width: int, height: int) -> int:
    """The row at which the small pairs begin."""
    return -(-large(shape, width, height)[0] // 2) + FEET


def tiling(shape: tuple[int, ...], width: int, height: int) -> Tiling:
    """How the small pairs lie below the large one; the size is that of one image."""
    room = max(0, height - top_of(shape, width, height))
    one = Tiling.of(shape, width, max(2, room // 2))
    return Tiling(one.across, (room + 1) // pitch(one), one.wide, one.tall)


def pitch(tiles: Tiling) -> int:
    """Rows from a small pair to the one below: an image, an arrow, an image, the caption, an empty row."""
    return 2 * tiles.tall + 3


def draw_pairs(pairs: Pairs, chosen: int, width: int, height: int, palette: Palette) -> Picture:
    """The chosen pair large, and the pairs around it small."""
    picture = Picture(width, height)
    shape, count = pairs.subject.splits.shape, len(pairs.preview.rows)
    if width < 9 or height < 4 or not count:
        return picture
    rows, columns = large(shape, width, height)
    right, below = columns + 3, -(-rows // 2)
    for column, pixels in zip((0, right), pairs.pictures(chosen), strict=True):
        picture.paste(image(pixels, rows, columns, palette), 0, column)
    picture.put((below - 1) // 2, columns + 1, "→", palette.color("text"), BOLD)
    if columns >= len("before"):
        picture.put(below, 0, "before".center(columns), palette.color("muted"))
        picture.put(below, right, "after".center(columns), palette.color("muted"))
    picture.put(below + 1, 0, squeezed(pairs.labels(chosen), width), palette.color("text"), BOLD)
    tiles = tiling(shape, width, height)
    if not tiles.count:
        return picture
    first = chosen // tiles.count * tiles.count
    rows, columns = fitted(shape[-2:], tiles.wide, 2 * tiles.tall)
    for index in range(min(tiles.count, count - first)):
        row = below + FEET + index // tiles.across * pitch(tiles)
        column = index % tiles.across * (tiles.wide + 1)
        for place, pixels in enumerate(pairs.pictures(first + index)):
            at = column + (tiles.wide - columns) // 2
            picture.paste(image(pixels, rows, columns, palette), row + place * (tiles.tall + 1), at)
        picture.put(row + tiles.tall, column, "↓".center(tiles.wide), palette.color("muted"))
        here = first + index == chosen
        text = squeezed(pairs.labels(first + index)[1:] or pairs.labels(first + index), tiles.wide)
        color = palette.color("text" if here else "muted")
        picture.put(row + 2 * tiles.tall + 1, column, text.center(tiles.wide), color, (BOLD | REVERSE) if here else 0)
    return picture
