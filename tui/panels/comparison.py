"""The run before: its curves, what was changed since, and which of the two is better."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine import Snapshot
from tui.differences import Course, changes, same_data, same_loss
from tui.drawing.axes import count, number
from tui.drawing.series import Series, View
from tui.panels.record import COLUMNS, Column, Record
from tui.words import shortened

MOST = 100_000  # epochs of a run that are kept; of a longer one, evenly spread ones
LOOKS = {
    "train": Series("", role="train", pattern="sparse", glyph="○", before=True),
    "valid": Series("", role="validation", pattern="sparse", glyph="◇", before=True),
}


@dataclass(frozen=True, eq=False)
class Earlier:
    """A run that another one has replaced: what it was trained with, and its loss and accuracy by epoch."""

    course: Course
    epochs: dict[str, NDArray[np.float64]]
    columns: dict[str, Column]

    @classmethod
    def of(cls, record: Record, course: Course) -> "Earlier":
        """What is kept of a record."""
        rows = record.rows[:: -(-len(record.rows) // MOST)]
        epochs, columns = {}, {}
        for name in COLUMNS:
            found = [(row.epoch, row.step, value) for row in rows if (value := getattr(row, name)) is not None]
            table = np.array(found, float).reshape(-1, 3)
            epochs[name], columns[name] = table[:, 0], Column()
            columns[name].extend(table[:, 1], table[:, 2])
        return cls(course, epochs, columns)

    def curve(self, split: str, column: str, steps_per_epoch: float | None) -> Series | None:
        """The curve of "train" or "valid" in "loss" or "accuracy", over this run's own steps, or with
        `steps_per_epoch` over those at which another run ends the same epochs; None where there is none."""
        name = f"{split}_{column}"
        if split not in LOOKS or name not in self.columns or not len(self.columns[name]):
            return None
        kept = self.columns[name]
        steps = kept.steps if steps_per_epoch is None else self.epochs[name] * steps_per_epoch
        return replace(LOOKS[split], steps=steps, ys=kept.values, blocks=kept.blocks, smoothed={}, traced={})

    def last_epoch(self, name: str) -> int:
        """The last epoch that has a value; 0 without any."""
        return int(self.epochs[name][-1]) if len(self.epochs[name]) else 0

    def at(self, name: str, epoch: int) -> float | None:
        """The value at the end of an epoch."""
        place = int(np.searchsorted(self.epochs[name], epoch))
        there = place < len(self.epochs[name]) and self.epochs[name][place] == epoch
        return float(self.columns[name].values[place]) if there else None


@dataclass(frozen=True)
class Verdict:
    """Which of two values is better and by how much: the words of the two values, the best first, and the end."""

    values: tuple[str, ...] = ()
    end: str = ""
    better: bool | None = None


NOTHING = Verdict()


@dataclass(frozen=True)
class Terms:
    """On which terms a run before and the present one are compared: what was changed, and which columns can be."""

    words: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(eq=False)
class Comparison:
    """Which run the present one is compared with: the latest that was replaced, or one that was kept as the baseline.

    `course` is what the present one was trained with. `wanted` is false while the person does not want to see it.
    """

    course: Course | None = None
    latest: Earlier | None = None
    baseline: Earlier | None = None
    wanted: bool = True
    _terms: Terms | None = None
    _of: tuple[object, ...] = ()
    _curves: dict[tuple[object, ...], Series | None] = field(default_factory=dict)

    @property
    def run(self) -> Earlier | None:
        """The run before."""
        return self.baseline or self.latest

    @property
    def name(self) -> str:
        """What it is called: "before" or "baseline"."""
        return "baseline" if self.baseline is not None else "before"

    def keep(self) -> None:
        """Keeps the run before for what comes after, or goes back to the latest."""
        self.baseline = None if self.baseline is not None else self.latest

    def terms(self, snapshot: Snapshot) -> Terms | None:
        """What the snapshot's run can be compared in; None without a run before."""
        run, course = self.run, self.course
        if run is None or course is None:
            return None
        if self._of != (run, course):
            self._of, self._terms = (run, course), _terms(run, course, snapshot)
            self._curves.clear()
        return self._terms

    def curve(self, snapshot: Snapshot, split: str, column: str, by_epoch: bool) -> Series | None:
        """The curve of the run before to draw behind one of the present run's; None where there is none."""
        terms = self.terms(snapshot) if self.wanted else None
        if self.run is None or terms is None or column not in terms.columns:
            return None
        key = split, column, float(snapshot.steps_per_epoch) if by_epoch else None
        if key not in self._curves:
            self._curves[key] = self.run.curve(*key)
        return self._curves[key]

    def verdict(self, snapshot: Snapshot, record: Record, view: View, column: str) -> Verdict | None:
        """Which run is better in a column, else in one that can be compared: at the cursor of `view`, or at the last
        epoch that both have been through. Nothing before there is one; None where there will be none."""
        run, terms = self.run, self.terms(snapshot)
        if run is None or terms is None or not terms.columns:
            return None
        shown, column = column, column if column in terms.columns else terms.columns[0]
        split = "valid" if len(record.columns[f"valid_{column}"]) else "train"
        name, epoch_steps = f"{split}_{column}", max(1, snapshot.steps_per_epoch)
        if view.cursor is None:
            here = bisect_right(record.rows, snapshot.step, key=lambda row: row.step) - 1
            epoch = min(here, run.last_epoch(name))
            now, before = getattr(record.rows[epoch], name) if epoch > 0 else None, run.at(name, epoch)
            place = f"epoch {epoch}"
        else:
            mine = Series("", steps=record.columns[name].steps, ys=record.columns[name].values)
            pair = mine, self.curve(snapshot, split, column, view.by_epoch)
            now, before = (
                one.at(view.cursor) if one and view.cursor < one.last + epoch_steps else None for one in pair
            )
            place = f"epoch {view.cursor / epoch_steps:.2f}" if view.by_epoch else f"step {count(view.cursor)}"
        if now is None or before is None:
            return NOTHING
        return verdict(column, split, now, before, self.name, place, column == shown)


def _terms(run: Earlier, course: Course, snapshot: Snapshot) -> Terms:
    before, now = run.course.start, course.start
    if not same_data(before, now):
        return Terms((f"other data ({before.data.name} → {now.data.name}): nothing to compare",), ())
    shape = snapshot.nodes[0].shapes[0] if snapshot.nodes else ()
    words = changes(run.course, course, shape) or ["the same settings"]
    columns = ("loss", "accuracy") if same_loss(before, now) else ("accuracy",)
    return Terms(tuple(words), columns)


def verdict(column: str, split: str, now: float, before: float, name: str, place: str, shown: bool = True) -> Verdict:
    """Holds a value of the present run against one of the run called `name`, both at an epoch or a step. Where the
    column is not the one `shown` in the chart, it is always named; where they are comes before how they are called."""
    ours, theirs, long = number(now), number(before), {"train": "train", "valid": "validation"}[split]
    brief = {"accuracy": "acc"}.get(column, column)
    whose = (f"{split} ", "") if shown else (f"{split} {brief} ", f"{brief} ")
    what = (f"{long} {column} ", f"{split} {column} ", *whose)
    with_place, alone = ([f"{words}{ours}, {name} {theirs}{at}" for words in what] for at in (f" at {place}", ""))
    values = (*with_place, f"{what[-1]}{ours}, was {theirs} at {place}", *alone)
    if ours == theirs:
        return Verdict(values, "the same")
    if not (math.isfinite(now) and math.isfinite(before)):
        better = math.isfinite(now)
        return Verdict(values, "better" if better else "worse", better)
    better = now < before if column == "loss" else now > before
    return Verdict(values, f"{'better' if better else 'worse'} by {number(abs(now - before), 2)}", better)


def listed(words: Sequence[str], start: str, width: int) -> str:
    """Changes in one line: as many as fit, and how many more there are."""
    for shown in range(len(words), 0, -1):
        more = f" and {len(words) - shown} more" if shown < len(words) else ""
        text = f"{start}: {'; '.join(words[:shown])}{more}"
        if len(text) <= width:
            return text
    return f"{start}: {len(words)} changes" if len(words) > 1 else shortened(f"{start}: {words[0]}", width)
