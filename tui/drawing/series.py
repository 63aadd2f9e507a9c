"""What a chart is made of: curves, marks, the way they are looked at, and the picture that came of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from tui.drawing import axes
from tui.drawing.palette import Role
from tui.drawing.picture import Picture
from tui.drawing.pyramid import Pyramid
from tui.drawing.smoothing import Smoothed


@dataclass(frozen=True, eq=False)
class Series:
    """One curve: `values`, one a step (the first belongs to step 1), or points at `steps` (rising) with values `ys`.

    `short` is the name where there is little room; without it, its first letters.
    `pattern` and `glyph` tell it apart without colour. Series with `smooth` follow the chart's smoothing. `blocks`, the
    pyramid of `ys`, keeps a long row of points as quick to draw as a short one. `before` is a curve of the run before:
    it stays behind the others, faint and sparse, and never changes.
    """

    name: str
    values: Pyramid | None = None
    steps: ArrayLike = ()
    ys: ArrayLike = ()
    role: Role = 0
    pattern: Literal["solid", "dashed", "dotted", "sparse"] = "solid"
    glyph: str = "●"
    smooth: bool = True
    blocks: Pyramid | None = None
    short: str = ""
    before: bool = False
    smoothed: dict[float, Smoothed] = field(default_factory=dict, repr=False)
    traced: dict[tuple[float, ...], Any] = field(default_factory=dict, repr=False)

    @property
    def last(self) -> float:
        """The last step there is a value for; 0 without any."""
        if self.values is not None:
            return float(len(self.values))
        steps = np.asarray(self.steps, float)
        return float(steps[-1]) if len(steps) else 0.0

    def at(self, step: float) -> float | None:
        """The value exactly at a step, or the last one before it."""
        if self.values is not None:
            index = min(round(step), len(self.values)) - 1
            return float(self.values.values[index]) if index >= 0 else None
        index = int(np.searchsorted(np.asarray(self.steps, float), step + 0.5)) - 1
        return float(np.asarray(self.ys)[index]) if index >= 0 else None

    def smooth_with(self, beta: float) -> Pyramid | None:
        """The smoothed values, kept up to date; None where smoothing does not apply."""
        if self.values is None or not self.smooth or beta <= 0:
            return None
        if beta not in self.smoothed:
            self.smoothed.clear()
            self.smoothed[beta] = Smoothed(beta)
        self.smoothed[beta].follow(self.values)
        return self.smoothed[beta].pyramid


@dataclass(frozen=True)
class Mark:
    """An upright line at a step, with a one-column glyph on top: ★ best epoch, ✎ edit, ■ early stop."""

    step: float
    glyph: str = "╷"
    role: Role = "muted"


@dataclass(frozen=True)
class View:
    """How curves are looked at. `low` and `high` limit the steps; `high` None follows the newest step."""

    low: float = 0.0
    high: float | None = None
    window: float | None = None  # following, show so many of the newest steps; None shows all
    log: bool = False
    by_epoch: bool = False
    beta: float = 0.0  # smoothing
    cursor: float | None = None  # a step

    def limits(self, last: float, newest: float | None = None) -> tuple[float, float]:
        """The first and last step on the axis, when curves go as far as `last`, and the present run's to `newest`."""
        if self.high is not None:
            return self.low, max(self.high, self.low + 1)
        if self.window is None or self.window >= last:
            return 0.0, axes.nice_end(last)
        jump = max(1.0, 2.0 ** np.floor(np.log2(self.window / 8)))
        high = max(self.window, float(np.ceil((last if newest is None else newest) / jump) * jump))
        return high - self.window, high


def newest(series: Iterable[Series]) -> float:
    """The newest step of the present run; 0 without any."""
    return max((one.last for one in series if not one.before), default=0.0)


@dataclass(frozen=True, eq=False)
class Plot:
    """A drawn picture and where its curves are: cells (`left`, `top`), `width` x `height`, and the two scales."""

    picture: Picture
    left: int
    top: int
    width: int
    height: int
    steps: axes.Scale
    values: axes.Scale

    def step_at(self, column: int) -> float:
        """The step in the middle of a column of the picture, within the axis."""
        share = (min(max(column - self.left, 0), self.width - 1) + 0.5) / max(1, self.width)
        return float(round(self.steps.value(share)))

    def column_of(self, step: float) -> int:
        """The column of the picture a step is in; may lie outside. The last step of the axis is in the last column."""
        share = float(self.steps.share(step))
        return self.left + (self.width - 1 if share == 1 else int(np.floor(share * self.width)))
