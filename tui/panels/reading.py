"""What a network says about a part of the data: a bounded sample of rows with targets and predictions, as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine import Splits, Trainer
from engine.metrics import ClassReport, class_report
from engine.rng import rng
from tui.drawing.axes import number

Array = NDArray[np.float32]
Kind = Literal["plane", "image", "table"]
Tell = Callable[[float], str]
PARTS = ("train", "validation", "test")
LADDER = (100, 500, 1000, 2000, 5000, 10_000)  # rows of a sample
BLOCK = 100


@dataclass(frozen=True, eq=False)
class Subject:
    """What a run is about. `parts` counts the rows of each split; `probable` tells whether scores are probabilities,
    `augmented` whether training changes its images."""

    kind: Kind
    splits: Splits
    parts: dict[str, int]
    probable: bool
    low: float
    augmented: bool

    @classmethod
    def of(cls, trainer: Trainer) -> "Subject":
        """That of a trainer."""
        splits = trainer.splits
        kind: Kind = "table"
        if splits.train.points is not None:
            kind = "plane"
        elif len(splits.shape) == 3 and min(splits.shape[1:]) > 1:
            kind = "image"
        parts = {name: len(part) for name in PARTS if (part := getattr(splits, name)) is not None}
        probable = trainer.experiment.loss.link in ("softmax", "sigmoid")
        augmented = kind == "image" and trainer.experiment.augmentation.active
        return cls(kind, splits, parts, probable, trainer.experiment.low, augmented)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names; none for a regression."""
        return self.splits.classes

    def scores(self, outputs: Array) -> Array:
        """Outputs (n, units) as scores (n, classes): probabilities, or how far from low to 1 they are, and beyond."""
        if not self.probable:
            outputs = (outputs - self.low) / (1 - self.low)
        if outputs.shape[1] == 1:
            outputs = np.concatenate([1 - outputs, outputs], axis=1)
        return np.asarray(outputs)

    @property
    def tell(self) -> Tell:
        """How a score is written: a probability as per cent, anything else as the number that the network gives."""
        return share if self.probable else lambda score: _plain(self.low + (1 - self.low) * score)


@dataclass(frozen=True, eq=False)
class Reading:
    """Rows of a split with what is true and what was said.

    `rows` (n,) numbers in the split, in an order drawn once; `targets` (n,) labels or (n, T) values; `scores` (n, K)
    for classes, `outputs` (n, T) for values; `total` rows of the whole split.
    """

    subject: Subject
    part: str
    rows: NDArray[np.int64]
    targets: NDArray[np.int64] | Array
    outputs: Array
    scores: Array
    total: int

    def file(self, place: int) -> str:
        """The file of a row, where every row has one of its own; nothing where they have not."""
        files = getattr(self.subject.splits, self.part).files
        return str(files[int(self.rows[place])]) if files else ""

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of each row."""
        return np.asarray(self.scores.argmax(1))

    @cached_property
    def confidence(self) -> Array:
        """The score of the likeliest class."""
        return np.asarray(self.scores.max(1, initial=-np.inf))

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether the prediction is another class than the target."""
        return np.asarray(self.predicted != self.targets)

    @cached_property
    def errors(self) -> Array:
        """What is missing: 1 - the true class's score, or the largest error over the targets, above or below."""
        if self.subject.classes:
            return np.asarray(1 - self.scores[np.arange(len(self.rows)), self.targets])
        return np.asarray(np.abs(self.residuals).max(1, initial=0))

    @cached_property
    def residuals(self) -> Array:
        """Predicted less true values (n, T)."""
        return np.asarray(self.outputs - self.targets)

    @cached_property
    def report(self) -> ClassReport:
        """Precision, recall and so on."""
        return class_report(np.asarray(self.targets), self.predicted, len(self.subject.classes))

    def order(self, mode: str, only: tuple[int, int] | None = None) -> NDArray[np.int64]:
        """Places in this reading: "worst" or "least sure" first, or as drawn ("random"); what is no number leads.

        With `only`, those of one cell (target, prediction) of the confusion matrix.
        """
        found = np.arange(len(self.rows))
        if mode != "random":
            key = self.confidence if mode == "least sure" else -self.errors
            found = np.lexsort((self.rows, np.where(np.isfinite(key), key, -np.inf)))
        if only is None:
            return found
        return found[(self.targets[found] == only[0]) & (self.predicted[found] == only[1])]

    @cached_property
    def sample(self) -> str:
        """How much of the split this is, to read: "validation 360", "train 1,000 of 60,000"."""
        some = "" if len(self.rows) == self.total else f"{len(self.rows):,} of "
        return f"{self.part} {some}{self.total:,}"


def answers(trainer: Trainer, x: Array) -> Array:
    """`trainer.predict`, in batches of few different sizes, since each size has buffers of its own."""
    return np.asarray(trainer.predict(padded(x))[: len(x)])


def padded(x: Array) -> Array:
    """Rows, with the last one repeated until their number is one of few."""
    extra = -len(x) % BLOCK if len(x) > BLOCK else 0
    return np.concatenate([x, np.repeat(x[-1:], extra, 0)]) if extra else x


def read(trainer: Trainer, part: str, count: int) -> Reading:
    """At most `count` rows of a split (the training split where there is no such one); the same ones every time."""
    subject = Subject.of(trainer)
    part = part if part in subject.parts else "train"
    split = getattr(trainer.splits, part)
    total = len(split)
    rows = rng(trainer.experiment.seed, "data panel", part).permutation(total)[:count]
    outputs = answers(trainer, split.x[rows])
    scores = subject.scores(outputs) if subject.classes else outputs
    return Reading(subject, part, rows, split.y[rows], outputs, scores, total)


def affordable(seconds_per_row: float, budget: float) -> int:
    """The largest sample that takes about `budget` seconds; the smallest there is where nothing is known."""
    fitting = [rows for rows in LADDER if rows * seconds_per_row <= budget]
    return fitting[-1] if fitting and seconds_per_row else LADDER[0]


def raw_rows(reading: Reading, places: NDArray[np.int64]) -> Array:
    """The rows at places of a reading as they were before scaling: points, pixels or measures."""
    split = getattr(reading.subject.splits, reading.part)
    rows = reading.rows[places]
    if split.points is not None:
        return np.asarray(split.points[rows])
    return np.asarray(reading.subject.splits.scaler.inverse(split.x[rows]))


def _plain(value: float) -> str:
    """A number in five columns, where it is no larger than usual: "-0.31", "12.40"."""
    return f"{value:.2f}" if abs(value) < 100 else number(value, 2)


def share(value: float) -> str:
    """A share as per cent in four columns: "97%", "<1%", "100%"."""
    if not np.isfinite(value):
        return "NaN"
    return "<1%" if 0 < value < 0.005 else f"{100 * value:.0f}%"
