"""The loss panel: curves of loss, accuracy, learning rate and gradient norm over the steps of the run."""

from dataclasses import dataclass, replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from engine import Snapshot
from tui.actions import Action, keys_of
from tui.differences import Course
from tui.drawing.chart import Chart
from tui.drawing.series import Mark, Series, View
from tui.panel import Panel
from tui.panels.compared import Compared
from tui.panels.comparison import Comparison, Earlier
from tui.panels.record import Record

WIDE, TALL = 44, 12  # the cells a chart needs to stand beside or below another
SMOOTHING = 0.9


@dataclass(frozen=True)
class Kind:
    """One of the charts; `column` names its column of the epoch rows, `values` its per-step values."""

    name: str
    short: str
    column: str = ""
    values: str = ""
    log: bool = False


KINDS = (
    Kind("loss", "loss", "loss", "losses"),
    Kind("accuracy", "accuracy", "accuracy"),
    Kind("learning rate", "rate", values="lrs"),
    Kind("gradient norm", "gradient", values="norms", log=True),
)
SPLITS = {
    "train": Series("train", role="train", glyph="●"),
    "valid": Series("validation", role="validation", pattern="dashed", glyph="◆", short="val"),
    "test": Series("test", role="test", pattern="dotted", glyph="▲"),
}
WAITING = {
    "loading": "reading the data\nand building the network",
    "failed": "there is nothing to show",
    "paused": "nothing trained yet\n\n{play}  trains    {step}  one batch    {epoch}  one epoch",
}


class LossPanel(Panel):
    """As many of the four charts as fit, the chosen one first; all are looked at in the same way."""

    TITLE = "Loss"
    HELP = """\
**Batch** is the loss of each step's batch before its update: it jumps, since every batch is another one. The bright
line is its running mean (smoothing, corrected for its start); the band behind shows the lowest and the highest.

**Train** and **validation** are measured on the whole splits at the end of each epoch. When validation rises while
train falls, the network learns its training rows by heart.

**Accuracy** is the share of rows with the right class. Validation accuracy is what the network is worth on rows it has
not seen.

**Learning rate** is that of each step, after schedule and edits. **Gradient norm** is the length of the whole gradient
before clipping: if it jumps, steps are too large; if it dies, nothing is learned any more.

Marks: ★ best epoch, ✎ a setting was edited, ■ early stopping, × not a number, ▼ the present step after going back; what
is dimmed lies ahead of it and stays on record until something is changed.

**The run before** stays behind the present one, sparse and faint, ○ train and ◇ validation, when a reset, a new seed or
a change has replaced it. The lines below say in which settings the two differ (an edit counts once an epoch has ended
with it), and which is better at the same epoch, or where the cursor is. A run kept as the **baseline** stays while one
tries several changes against it. Runs on other data are not compared, and of runs with another loss function only the
accuracy is.
"""
    KEEP = Action("keep", "p", "Baseline", "Keep the run before as the baseline of what is tried next, or let it go")
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("next_view", "v", "View", "Next chart: loss, accuracy, learning rate, gradient norm", True),
        Action("side_by_side", "d", "Side by side", "As many charts as fit, or only one"),
        Action("toggle_log", "l", "Log", "Linear or logarithmic axis", True),
        Action("toggle_epochs", "x", "Steps or epochs", "Count steps or epochs along the axis"),
        Action("before", "c", "Compare", "Show or hide the run before, behind the present one", True),
        KEEP,
        Action("smoother", "up,k", "Smoother", "More smoothing of the values of single steps"),
        Action("rougher", "down,j", "Rougher", "Less smoothing of the values of single steps"),
        Action("cursor_left", "left,h", "Cursor left", "Read exact values: cursor one column to the left"),
        Action("cursor_right", "right", "Cursor right", "Read exact values: cursor one column to the right"),
        Action("cursor_off", "escape", "No cursor", "Take the cursor away"),
        Action("zoom_in", "plus,equals_sign", "Zoom in", "Half as many steps", True),
        Action("zoom_out", "minus", "Zoom out", "Twice as many steps"),
        Action("pan_left", "shift+left,H", "Pan left", "A quarter of the window to earlier steps"),
        Action("pan_right", "shift+right,L", "Pan right", "A quarter of the window to later steps"),
        Action("fit", "0,home", "Fit", "Show the whole run"),
        Action("follow", "end", "Follow", "Keep the zoom and stay with the newest step"),
    )
    DEFAULT_CSS = """
    LossPanel { layout: grid; grid-gutter: 1 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()
        self.chosen = KINDS[0]
        self.beside = True
        self.charts = {kind.name: Chart(view=View(log=kind.log, beta=SMOOTHING)) for kind in KINDS}
        for chart in self.charts.values():
            chart.empty = WAITING["loading"]
        self._snapshot: Snapshot | None = None
        self._run = -1
        self._turn = 0
        self._series: dict[str, Series] = {}
        self.comparison = Comparison()
        self.compared = Compared()
        self._captioned: tuple[Earlier | None, bool] = (None, True)
        self._branched = 0  # the last epoch that it shares with the run before

    def compose(self) -> ComposeResult:
        yield from self.charts.values()
        yield self.compared

    # ------------------------------------------------------------------------------------------ what is shown

    def show(self, snapshot: Snapshot) -> None:
        new_run = snapshot.run != self._run
        self._run = snapshot.run
        self.follow(snapshot)
        self._read(snapshot)
        if new_run:
            self._settle()
        else:
            self._draw()

    def follow(self, snapshot: Snapshot) -> None:
        """Keeps the record up to date, and what it was when another one takes its place."""
        known, self._snapshot = self._snapshot, snapshot
        if snapshot.history is None:
            return
        if known is not None and known.history is not snapshot.history:
            self.record.follow(replace(known, activity="paused"), ())  # with what came after the last look
        if known is not None and self.record.replaced_by(snapshot.history):
            if self._has_own:  # else the run before has all of it
                self.comparison.latest = Earlier.of(self.record, self._course(known))
            self._branched = max(0, self.record.shared_with(snapshot.history) - 1)
            self.record = Record()
            self._series.clear()
        self.record.follow(snapshot, ())
        if self.chosen not in self.kinds:
            self.chosen = KINDS[0]
        self.comparison.course = self._course(snapshot)

    @property
    def _has_own(self) -> bool:
        """Whether there is an epoch on record that the run before has not."""
        return bool(self.record.rows) and self.record.rows[-1].epoch > self._branched

    def _course(self, snapshot: Snapshot) -> Course:
        """What the epochs on record were trained with; before the run's first own one, what it is going to be."""
        course = Course(snapshot.base or snapshot.experiment, snapshot.edits)
        return course.until(self.record.rows[-1].step) if self._has_own else course

    def _read(self, snapshot: Snapshot) -> None:
        self.record.follow(snapshot, [kind.values for kind in self.shown if kind.values])

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The charts that there are: numbers as targets have no accuracy."""
        scored = not self.record.rows or self.record.rows[0].train_accuracy is not None
        return tuple(kind for kind in KINDS if scored or kind.column != "accuracy")

    @property
    def shown(self) -> tuple[Kind, ...]:
        """The charts that are on the screen, the chosen one first where not all of them are."""
        kinds = self.kinds
        columns, rows = self._grid
        count = columns * rows
        if count >= len(kinds):
            return kinds
        place = kinds.index(self.chosen)
        return (kinds[place:] + kinds[:place])[:count]

    @property
    def _grid(self) -> tuple[int, int]:
        """(columns, rows) of charts that there is room for."""
        if not self.beside:
            return 1, 1
        width, height = self.size
        columns = max(1, min(2, width // WIDE))
        return columns, max(1, min(4 // columns, height // TALL))

    def on_resize(self) -> None:
        self._settle()

    def _settle(self) -> None:
        """Gives each chart that is shown its place."""
        shown, (columns, _) = self.shown, self._grid
        columns = min(columns, len(shown))
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = -(-len(shown) // columns)
        for kind in KINDS:
            self.charts[kind.name].display = kind in shown
        for place, kind in enumerate(shown):
            if place < len(self.children) and self.children[place] is not self.charts[kind.name]:
                self.move_child(self.charts[kind.name], before=place)
        self._caption()
        if self._snapshot is not None:
            self._read(self._snapshot)
        self._draw()

    def _caption(self) -> None:
        """The charts' names, where one sees which of them are shown and clicks for another."""
        shown = self.shown
        for kind in KINDS:
            self.charts[kind.name].title = kind.name if len(shown) > 1 else ""
        parts = [
            Content.from_markup(
                f"[{'bold $accent' if kind == self.chosen else '$foreground' if kind in shown else '$muted'}"
                f" @click=choose('{kind.name}')]{kind.short}[/]"
            )
            for kind in self.kinds
        ]
        choices = [Content("  ").join(parts), parts[self.kinds.index(self.chosen)]]
        self._captioned = self.comparison.run, self.comparison.wanted
        if self.comparison.run is not None:
            style = "$foreground" if self.comparison.wanted else "$muted"
            before = Content.from_markup(f"[{style} @click=before]before[/]")
            choices.insert(0, Content("  ").join([*parts, before]))
        room = self.size.width - 8
        self.border_subtitle = next((line for line in choices if line.cell_length <= room), choices[-1])

    def _draw(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        marks, present = self._marks(snapshot), self._present(snapshot)
        for kind in self._due(snapshot):
            chart = self.charts[kind.name]
            chart.empty = self._waiting(snapshot)
            chart.show(self._curves(kind, snapshot), marks, snapshot.steps_per_epoch, present)
        self._compare(snapshot)

    def _compare(self, snapshot: Snapshot) -> None:
        """The lines about the run before."""
        comparison = self.comparison
        terms = comparison.terms(snapshot) if comparison.wanted else None
        words = () if terms is None or (self.record.steps and not terms.columns) else terms.words
        better = comparison.verdict(snapshot, self.record, self.chart.view, self.chosen.column)
        key = next(iter(keys_of(self.KEEP, self.scope(), self.workbench.remapped)), "")
        self.compared.show(self.size, comparison.name, words, better, key)
        if (comparison.run, comparison.wanted) != self._captioned:
            self._caption()
            self.screen.query("#hints").refresh()  # the key has a use now

    def _waiting(self, snapshot: Snapshot) -> str:
        """What is there before the first value; before the first step, with the keys that lead on."""
        if self.record.steps:
            return "measured at the end of each epoch"
        keys = {name: self.key_of(name) for name in ("play", "step", "epoch")}
        return WAITING.get(snapshot.activity, "nothing trained yet").format_map(keys)

    def _due(self, snapshot: Snapshot) -> tuple[Kind, ...]:
        """The charts to draw in this frame: while it plays the first one, and the others in turn."""
        first, *others = self.shown
        if snapshot.activity != "playing" or not others:
            return (first, *others)
        self._turn += 1
        return first, others[self._turn % len(others)]

    def _present(self, snapshot: Snapshot) -> float | None:
        """The present step, where the record goes on after it."""
        return float(snapshot.step) if snapshot.step < self.record.steps else None

    def _curves(self, kind: Kind, snapshot: Snapshot) -> list[Series]:
        """Points of the splits in front, each with those of the run before, the values of single steps behind."""
        found: list[Series | None] = []
        for split in SPLITS if kind.column else ():
            found.append(self._points(split, kind.column) if self.record.steps else None)
            found.append(self.comparison.curve(snapshot, split, kind.column, self.chart.view.by_epoch))
        if kind.values and self.record.steps:
            if kind.name not in self._series:
                values = getattr(self.record, kind.values)
                smooth = kind.values != "lrs"
                self._series[kind.name] = Series("batch" if smooth else "", values, role=3, smooth=smooth, glyph="·")
            found.append(self._series[kind.name])
        return [series for series in found if series is not None]

    def _points(self, split: str, name: str) -> Series | None:
        """The values of a split at the ends of epochs."""
        column = self.record.columns.get(f"{split}_{name}")
        if column is None or not len(column):
            return None
        return replace(SPLITS[split], steps=column.steps, ys=column.values, blocks=column.blocks)

    def _marks(self, snapshot: Snapshot) -> list[Mark]:
        marks, best = [], self.record.best
        if best is not None and len(self.record.rows) > 2:
            marks.append(Mark(best.step if snapshot.best_step is None else snapshot.best_step, "★", "good"))
        marks += [Mark(edit.step, "✎", "warning") for edit in snapshot.edits]
        if snapshot.activity == "stopped early":
            marks.append(Mark(snapshot.step, "■", "warning"))
        if snapshot.activity == "diverged":
            marks.append(Mark(snapshot.step + 1, "×", "problem"))
        if snapshot.step < self.record.steps:
            marks.append(Mark(snapshot.step, "▼", "cursor"))
        return marks

    # ------------------------------------------------------------------------------------------ actions

    @property
    def chart(self) -> Chart:
        """The chosen chart."""
        return self.charts[self.chosen.name]

    def action_choose(self, name: str) -> None:
        """Shows a chart by its name, where the run has it."""
        self.chosen = next((kind for kind in self.kinds if kind.name == name), self.chosen)
        self._settle()

    def useful(self, action: Action) -> bool:
        return action.id not in ("before", "keep") or self.comparison.run is not None

    def choices(self) -> tuple[Action, ...]:
        return tuple(Action(f"choose:{kind.name}", "", kind.name, f"The chart of {kind.name}") for kind in self.kinds)

    def action_next_view(self) -> None:
        kinds = self.kinds
        self.action_choose(kinds[(kinds.index(self.chosen) + 1) % len(kinds)].name)

    def action_side_by_side(self) -> None:
        self.beside = not self.beside
        self._settle()

    def action_before(self) -> None:
        if self._has_before():
            self.comparison.wanted = not self.comparison.wanted
            self._draw()

    def action_keep(self) -> None:
        if self._has_before():
            self.comparison.wanted = True
            self.comparison.keep()
            self._draw()

    def _has_before(self) -> bool:
        """Whether there is a run before; else says how there will be one."""
        if self.comparison.run is None:
            self.notify("there is no run before this one yet: train, change something, and train again", timeout=4)
        return self.comparison.run is not None

    def action_toggle_log(self) -> None:
        self.chart.action_toggle_log()

    def action_toggle_epochs(self) -> None:
        self.chart.action_toggle_epochs()

    def action_smoother(self) -> None:
        self.chart.action_smooth_more()

    def action_rougher(self) -> None:
        self.chart.action_smooth_less()

    def action_cursor_left(self) -> None:
        self.chart.action_cursor_left()

    def action_cursor_right(self) -> None:
        self.chart.action_cursor_right()

    def action_cursor_off(self) -> None:
        self.chart.action_cursor_off()

    def action_zoom_in(self) -> None:
        self.chart.action_zoom_in()

    def action_zoom_out(self) -> None:
        self.chart.action_zoom_out()

    def action_pan_left(self) -> None:
        self.chart.action_pan_left()

    def action_pan_right(self) -> None:
        self.chart.action_pan_right()

    def action_fit(self) -> None:
        self.chart.action_fit()

    def action_follow(self) -> None:
        self.chart.action_follow()

    def on_chart_looked(self, event: Chart.Looked) -> None:
        """All charts are looked at in the same way, but for the log axis, which each has its own."""
        for chart in self.charts.values():
            chart.view = replace(event.chart.view, log=chart.view.log)
        if self.comparison.run is not None:
            self._draw()  # what is under the cursor, and where the epochs of the run before are
