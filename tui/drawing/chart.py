"""The chart of a run: curves over steps that can be zoomed, panned, smoothed and read."""

from collections.abc import Sequence
from dataclasses import replace

from textual import events
from textual.message import Message

from tui.drawing.axes import nice_end
from tui.drawing.curves import draw
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.drawing.series import Mark, Plot, Series, View, newest
from tui.drawing.widget import Drawing

SMOOTHING = (0.0, 0.6, 0.9, 0.97, 0.99, 0.997)
CLOSEST = 4.0  # steps, the nearest one can zoom in


class Chart(Drawing):
    """Curves, set by `show`; looked at through `view`, a `View` that may be replaced at any time."""

    class Looked(Message):
        """The chart is looked at in another way."""

        def __init__(self, chart: "Chart") -> None:
            super().__init__()
            self.chart = chart

    def __init__(self, view: View | None = None) -> None:
        super().__init__()
        self.title = ""
        self.empty = "no data yet"
        self._view = view or View()
        self._hover: float | None = None
        self._series: Sequence[Series] = ()
        self._marks: Sequence[Mark] = ()
        self._steps_per_epoch = 1.0
        self._present: float | None = None
        self._plot: Plot | None = None

    def show(
        self,
        series: Sequence[Series],
        marks: Sequence[Mark] = (),
        steps_per_epoch: float = 1.0,
        present: float | None = None,
    ) -> None:
        """What to draw from now on. The first series is in front, and the one a sparkline shows; what comes after the
        step `present` is dimmed.
        """
        self._series, self._marks, self._steps_per_epoch = tuple(series), tuple(marks), steps_per_epoch
        self._present = present
        self.update()

    @property
    def view(self) -> View:
        """How the curves are looked at."""
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self.update()
            if self.is_attached:
                self.post_message(self.Looked(self))

    @property
    def last(self) -> float:
        """The last step that a curve has."""
        return max((one.last for one in self._series), default=0.0)

    @property
    def limits(self) -> tuple[float, float]:
        """The first and last step on the axis."""
        return self._view.limits(self.last, newest(self._series))

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        view = self._view if self._hover is None else replace(self._view, cursor=self._hover)
        plot = draw(
            self._series, view, width, height, palette, self._marks, self._steps_per_epoch, self.title,
            self._present, self.empty,
        )  # fmt: skip
        if (width, height) == self.size:
            self._plot = plot
        return plot.picture

    def zoom(self, factor: float, center: float | None = None) -> None:
        """Show `factor` times as many steps, `center` (else the cursor, else the middle) staying where it is."""
        low, high = self.limits
        at = self._view.cursor if center is None else center
        at = (low + high) / 2 if at is None or not low <= at <= high else at
        span = max(CLOSEST, (high - low) * factor)
        if span >= nice_end(self.last):
            self.action_fit()
            return
        if self._view.high is None and self._view.cursor is None and center is None:
            self.view = replace(self._view, window=span)
            return
        self._look(at - (at - low) * span / (high - low), span)

    def pan(self, share: float) -> None:
        """Move by a share of what is visible, to the right if above zero."""
        low, high = self.limits
        self._look(low + share * (high - low), high - low)

    def _look(self, low: float, span: float) -> None:
        low = round(max(0.0, min(low, nice_end(self.last) - span)))
        self.view = replace(self._view, low=float(low), high=float(low + max(CLOSEST, round(span))))

    def action_zoom_in(self) -> None:
        self.zoom(0.5)

    def action_zoom_out(self) -> None:
        self.zoom(2.0)

    def action_pan_left(self) -> None:
        self.pan(-0.25)

    def action_pan_right(self) -> None:
        self.pan(0.25)

    def action_fit(self) -> None:
        """Show every step, the newest ones as they come."""
        self.view = replace(self._view, low=0.0, high=None, window=None)

    def action_follow(self) -> None:
        """Keep the present width and stay with the newest step."""
        low, high = self.limits
        self.view = replace(self._view, low=0.0, high=None, window=high - low)

    def action_toggle_log(self) -> None:
        self.view = replace(self._view, log=not self._view.log)

    def action_toggle_epochs(self) -> None:
        self.view = replace(self._view, by_epoch=not self._view.by_epoch)

    def action_smooth_more(self) -> None:
        self.view = replace(self._view, beta=next((s for s in SMOOTHING if s > self._view.beta), SMOOTHING[-1]))

    def action_smooth_less(self) -> None:
        self.view = replace(self._view, beta=next((s for s in SMOOTHING[::-1] if s < self._view.beta), 0.0))

    def action_cursor_left(self) -> None:
        self._move(-1)

    def action_cursor_right(self) -> None:
        self._move(1)

    def action_cursor_off(self) -> None:
        self.read(None)

    def read(self, step: float | None) -> None:
        """Put the cursor on a step, and into view, or take it away."""
        if step is not None:
            step = float(min(max(round(step), 1), max(1, round(self.last))))
            low, high = self.limits
            if not low <= step <= high:
                self._look(step - (high - low) / 2, high - low)
        self.view = replace(self._view, cursor=step)

    def _move(self, columns: int) -> None:
        low, high = self.limits
        width = self._plot.width if self._plot else 1
        cursor = self._view.cursor
        if cursor is None:
            cursor = min(newest(self._series) or self.last, high) if columns < 0 else max(1.0, low)
        else:
            cursor += columns * max(1.0, (high - low) / max(1, width))
        self._hover = None
        self.read(cursor)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._hover = self._step_under(event)
        self.update()

    def on_leave(self, event: events.Leave) -> None:
        if event.node is self:
            self._hover = None
            self.update()

    def on_click(self, event: events.Click) -> None:
        step = self._step_under(event)
        if step is not None:
            self.read(step)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.zoom(0.8, self._step_under(event))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.zoom(1.25, self._step_under(event))

    def _step_under(self, event: events.MouseEvent) -> float | None:
        place, plot = event.get_content_offset(self), self._plot
        if place is None or plot is None or not plot.left <= place.x < plot.left + plot.width:
            return None
        return min(max(plot.step_at(place.x), 1.0), max(1.0, self.last))
