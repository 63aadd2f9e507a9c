"""The learning rate over the run: what it was up to the present step, and what is planned from there."""

import numpy as np
from numpy.typing import NDArray

from engine import Experiment, History
from tui.drawing.braille import Canvas, joined, polyline
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.rate import learning_rate

SAMPLES = 4  # steps looked at in each dot column, so that no drop of a staircase is missed by much


class SchedulePicture(Drawing):
    """A small curve with the present point. A plan that is being edited is drawn as it would be."""

    DEFAULT_CSS = "SchedulePicture { height: 4; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._experiment: Experiment | None = None
        self._history: History | None = None
        self._step, self._steps_per_epoch, self._edited = 0, 1, False

    def show(
        self, experiment: Experiment, history: History | None, step: int, steps_per_epoch: int, edited: bool = False
    ) -> None:
        """What to draw: a plan, and how far the run has come on it; `edited` says that the plan is another one from
        the next step on, so that it is the next step's rate that counts."""
        now = experiment, history, step, steps_per_epoch, edited
        if now != (self._experiment, self._history, self._step, self._steps_per_epoch, self._edited):
            self._experiment, self._history, self._step, self._steps_per_epoch, self._edited = now
            self.update()

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The learning rate at 0-based steps: on record up to the present one, planned beyond."""
        assert self._experiment is not None
        factor = self._experiment.schedule.factor(steps, self.total, self._steps_per_epoch)
        rates = np.asarray(self._experiment.optimizer.lr * factor, float)
        if self._history is not None and (known := min(self._step, self._history.steps)):
            past = steps < known
            rates[past] = self._history.lrs[steps[past]]
        return rates

    @property
    def total(self) -> int:
        """The steps of the whole run."""
        planned = self._experiment.epochs * self._steps_per_epoch if self._experiment is not None else 1
        return max(1, planned)

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture = Picture(width, height)
        if self._experiment is None or height < 2:
            return picture
        total = max(self.total, self._step)
        here = min(max(self._step - (not self._edited), 0), total - 1)
        now = learning_rate(self._experiment, self._history, self._step, self._steps_per_epoch, self._edited)
        canvas = Canvas(width, height - 1)
        xs = np.unique(np.linspace(0, total - 1, min(total, SAMPLES * canvas.columns)).astype(np.int64))
        ys = self.rates(xs)
        top = max(float(ys.max()), now) or 1.0
        edges = np.linspace(-0.5, total - 0.5, canvas.columns + 1)
        low, high = joined(*polyline(xs.astype(float), ys, edges))
        scale = (canvas.rows - 1) / top
        begun = (np.arange(canvas.columns) < (here + 0.5) / total * canvas.columns) & (self._step > 0)
        for chosen, color in ((begun, palette.color("train")), (~begun, palette.color("muted"))):
            tops, bottoms = (np.where(chosen, canvas.rows - 1 - side * scale, np.nan) for side in (high, low))
            canvas.spans(tops, bottoms, color)
        canvas.onto(picture)
        column = min(width - 1, int((here + 0.5) / total * width))
        row = min(height - 2, max(0, round((height - 2) * (1 - now / top))))
        picture.put(row, column, "●", palette.color("cursor"), BOLD)
        caption = f"lr {now:.4g} at step {self._step} of {self.total}"
        caption = caption if len(caption) <= width else f"lr {now:.4g} at step {self._step}"
        picture.put(height - 1, 0, caption, palette.color("muted"))
        peak = f"max {top:.3g}"
        if len(caption) + len(peak) + 2 <= width:
            picture.put(height - 1, width - len(peak), peak, palette.color("muted"))
        return picture
