"""The gradients panel: the size of the gradient in every layer, on a scale that never moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual import events

from engine import Snapshot
from tui.actions import Action
from tui.case import Sentence, takes_small_steps
from tui.drawing.axes import count, nice_end
from tui.drawing.bars import Decades, bar, draw_decades, draw_history, label_width
from tui.drawing.halfblock import SHADES
from tui.drawing.palette import Palette, Role
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.findings import DEAD, SATURATED
from tui.panel import Panel
from tui.panels.detail import draw_detail
from tui.panels.layers import LayerRow, layer_rows, percent, short, slowed
from tui.panels.past import Past
from tui.panels.record import known_steps
from tui.panels.telling import draw_sentence, lines_for, lines_of
from tui.sentence import describe
from tui.words import fitting, shortened

SCALE = Decades(-10, 2)
NARROWEST_PAST = 8
HISTORY = ("history, layer by layer, by step", "history by step", "history")
TALLEST = 3  # rows of a bar
FEW = 8  # nodes that are all shown even where the history stands beside them
HIGHEST = 4  # rows of a layer's history where it stands below
LEFT_HALF = ord("▌")


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, its width, and the text and colour of a row's cell."""

    name: str
    width: int
    cell: Callable[[LayerRow], tuple[str, Role]]


def _share(share: float | None, limit: float) -> tuple[str, Role]:
    return percent(share), "text" if (share or 0) <= limit else "warning"


NORM = Column("norm", 7, lambda row: (short(row.stats.grad_norm), "text"))
UPDATE = Column("update", 7, lambda row: (short(row.stats.update_ratio), "text"))
VERDICT = Column("", 6, lambda row: row.verdict)
DEAD_SHARE = Column("dead", 4, lambda row: _share(row.dead, DEAD))
FLAT_SHARE = Column("flat", 4, lambda row: _share(row.saturated, SATURATED))
DY = Column("dy rms", 7, lambda row: (short(row.dy_rms), "text"))
PASSED = Column("×next", 6, lambda row: (f"×{short(row.passed)}" if row.passed is not None else "", "text"))
SHOWN = (PASSED, NORM, UPDATE, VERDICT, DEAD_SHARE, FLAT_SHARE, DY)
WANTED = (VERDICT, None, DEAD_SHARE, FLAT_SHARE, UPDATE, PASSED, NORM, DY)  # the first to get room first; None: history


class GradientsPanel(Panel, Drawing):
    """A row a layer: bar, numbers, history; the sentence above; a layer's parameters on enter."""

    TITLE = "Gradients"
    HELP = """\
The **bar** is the root mean square of the layer's gradient. Its scale is absolute, 1e-10 to 100 for every network, so a
gradient that vanishes is a short bar and one that explodes a long one, which is {much}. The **history** beside it shows
the same by time, in the same colours; while it plays, steps are measured a few times a second, and what lies between
two measurements has the colour of the earlier one: `╵` below it stands where it was measured. `s` and `e` measure each
step and epoch that they take.

**The sentence** above says what is seen and what to try, in few words where there is little room: **enter** shows all
of it. A loss *by chance* is that of an answer that does not look at the inputs.

**×next** is what a layer passes on: the gradient at its outputs over that at the next layer's. Far below 1 in every
layer, it vanishes on its way back; far above, it explodes.

**update** is the length of the step over the length of the weights. 1e-4 to 1e-2 is healthy (● ok); below, the layer
hardly learns (▼ low), above, it forgets what it knew (▲ high): change the learning rate. Where a schedule
leaves less than a tenth of it, low is meant, and grey. The perceptron's rule is not judged: it adds whole inputs.

**dead** is the share of units that put out zero for the whole batch: they learn nothing. **flat** is the share of
outputs in the flat parts of sigmoid or tanh, where the slope is nearly zero.

**enter** also shows a layer's weights and biases: how many of their elements have a gradient of which size, on the same
scale. Biases start near zero, where any step is long against their length, so their update is not judged.

**norm** is the length of the layer's gradient, **dy rms** the root mean square of dL/d(output).
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("move_up", "up,k", "Up", "The layer before"),
        Action("move_down", "down,j", "Down", "The layer after"),
        Action("move_up:10", "pageup", "Page up", "Ten layers up"),
        Action("move_down:10", "pagedown", "Page down", "Ten layers down"),
        Action("move_up:999", "home", "First", "The first layer"),
        Action("move_down:999", "end", "Last", "The last layer"),
        Action("detail", "enter", "Details", "The layer's parameters, their gradients and updates", True),
        Action("leave", "escape", "Back", "Back to the table; again: select no layer"),
        Action("everything", "a", "All nodes", "Every node, or only the layers with weights", True),
    )

    def __init__(self) -> None:
        super().__init__()
        self.past = Past()
        self.everything: bool | None = None  # None: if there is room
        self.detailed = False
        self.selected: str | None = None
        self.sentence = Sentence("nothing", "Nothing is measured yet.", role="muted")
        self._snapshot: Snapshot | None = None
        self._shown: tuple[object, ...] = ()
        self._first = 0
        self._top = 0
        self._tall = 1
        self._rows: list[LayerRow] = []

    def show(self, snapshot: Snapshot) -> None:
        self.past.follow(snapshot)
        version = snapshot.history.version if snapshot.history else 0
        diverged, stopped = snapshot.activity == "diverged", snapshot.activity == "stopped early"
        shown = (snapshot.probe, snapshot.run, version, snapshot.experiment, stopped, diverged)
        if shown != self._shown:
            self._shown, self._snapshot = shown, snapshot
            best = snapshot.best_step if stopped else None
            self.sentence = describe(snapshot.probe, snapshot.history, snapshot.experiment, best, diverged)
            self.update()

    def on_node_selected(self, name: str | None) -> None:
        self.selected = name
        self.detailed = self.detailed and name is not None
        self.update()

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, snapshot = Picture(width, height), self._snapshot
        lines = lines_for(width, height)
        if self.detailed:
            lines = max(lines, min(lines_of(self.sentence, width), height - 1))
        top = draw_sentence(picture, self.sentence, lines, palette)
        if snapshot is None or snapshot.probe is None or height <= top:
            return picture
        if self.detailed and self.selected is not None:
            picture.paste(draw_detail(snapshot, self.selected, SCALE, width, height - top, palette), top, 0)
            return picture
        room = height - top - 2
        strip = max(3, len(self.past.names) + 1)
        nodes = len(snapshot.probe.nodes)
        roomy = nodes <= room and (nodes <= FEW or nodes + strip <= room)
        self._rows = layer_rows(snapshot.probe, roomy if self.everything is None else self.everything, slowed(snapshot))
        below = room - len(self._rows) >= strip
        spare = room - (strip + 2 if below else 0)  # with a line of marks and one that is empty
        self._tall = min(TALLEST, max(1, spare // max(1, len(self._rows))))
        rows = self._visible(max(1, room // self._tall))
        self._top = top + 1
        self._table(picture, top, rows, palette, with_past=not below)
        if below:
            left = room - self._tall * len(self._rows)
            self._strip(picture, picture.height - left + (left >= strip + 2), palette)
        return picture

    def _visible(self, room: int) -> list[LayerRow]:
        """The rows on the screen, scrolled so that the selected one is among them."""
        place = self._place
        if place is not None:
            self._first = min(max(self._first, place - room + 1), place)
        self._first = max(0, min(self._first, len(self._rows) - room))
        return self._rows[self._first : self._first + room]

    @property
    def _place(self) -> int | None:
        """Where the selected layer is in the table."""
        return next((place for place, row in enumerate(self._rows) if self.selected in row.members), None)

    def _table(self, picture: Picture, top: int, rows: Sequence[LayerRow], palette: Palette, with_past: bool) -> None:
        label = min(max(map(len, (row.name for row in self._rows)), default=0), 14, picture.width // 3)
        columns, room, past = self._columns(picture.width - label - 2, with_past)
        left = label + 2
        ends = [left + room]
        for column in columns:
            ends.append(ends[-1] + 1 + column.width)
        muted = palette.color("muted")
        more = f"{self._first + 1}–{self._first + len(rows)}/{len(self._rows)}"
        picture.put(top, 0, more if len(rows) < len(self._rows) and len(more) < left else "", muted)
        picture.put(top, left, "gradient rms" if room >= 12 else "rms", muted)
        for column, end in zip(columns, ends[1:], strict=True):
            name = column.name or ("" if UPDATE in columns else "update")
            picture.put(top, end - len(name), name, muted)
        if past:
            picture.put(top, ends[-1] + 1, "history"[:past], muted)
        logs = self._past(2 * past) if past else {}
        guides = [left + place for _, place in SCALE.ticks(room) if 0 < place < room]
        for place, row in enumerate(rows):
            first = top + 1 + place * self._tall
            line = first + (self._tall - 1) // 2
            chosen = self.selected in row.members
            face = BOLD if row.weighted or chosen else 0
            picture.put(line, 0, ("▸" if chosen else " ") + shortened(row.name, label).rjust(label),
                        palette.color("cursor" if chosen else "text" if row.weighted else "muted"), face)  # fmt: skip
            for part in range(first, first + self._tall):
                for guide in guides:
                    picture.put(part, guide, "┊", palette.color("faint"))
            _draw_bar(picture, first, self._tall, left, room, row, palette)
            for column, end in zip(columns, ends[1:], strict=True):
                text, role = column.cell(row)
                if text:
                    text = text.ljust(column.width) if column is VERDICT else text
                    picture.put(line, end - len(text), text[: column.width], palette.color(role), BOLD * chosen)
            if row.name in logs:
                for part in range(first, min(first + self._tall, picture.height)):
                    _past_row(picture, part, ends[-1] + 1, logs[row.name], self._present(past), palette)
        foot = top + 1 + len(rows) * self._tall
        if foot < picture.height:
            draw_decades(picture, foot, left, room, SCALE, palette)
            if past:
                text = f"0–{count(self._last)}"
                told = f"measured at {_moments(len(self.past))}, {text}"
                if len(told) <= past and not self.past.measured(self._end, past).all():
                    text = told
                picture.put(foot, ends[-1] + 1 + past - len(text), text, muted)

    def _columns(self, room: int, with_past: bool) -> tuple[list[Column], int, int]:
        """The columns that fit, and the widths of bar and history, in what is left of the names."""
        chosen: list[Column] = []
        least = max(6, room * 2 // 5)
        past, rest = 0, room - least
        for column in WANTED:
            if column is None:
                if with_past and len(self.past.names) and rest > NARROWEST_PAST:
                    past, rest = NARROWEST_PAST, rest - NARROWEST_PAST - 1
            elif column is VERDICT and not self._judging:
                continue
            elif rest > column.width and any(column.cell(row)[0] for row in self._rows):
                chosen.append(column)
                rest -= column.width + 1
        more = min(rest // 2, 40) if past else 0
        return [column for column in SHOWN if column in chosen], least + rest - more, past + more

    @property
    def _judging(self) -> bool:
        """Whether update ratios are held against their healthy band."""
        return self._snapshot is not None and takes_small_steps(self._snapshot.experiment)

    @property
    def _last(self) -> int:
        """The last step on record."""
        snapshot = self._snapshot
        assert snapshot is not None
        return known_steps(snapshot, snapshot.step)

    @property
    def _end(self) -> float:
        """The end of the history's axis, which is not moved by every step."""
        return nice_end(self._last)

    def _past(self, columns: int) -> dict[str, np.ndarray]:
        """The history of each node, as shares of the scale."""
        return dict(zip(self.past.names, SCALE.share(self.past.columns(self._end, columns)), strict=True))

    def _present(self, columns: int) -> int:
        """The column of the present step; what comes after it is dimmed."""
        snapshot = self._snapshot
        assert snapshot is not None
        step = snapshot.step
        return columns if step >= known_steps(snapshot, step) else int(step / self._end * columns) + 1

    def _strip(self, picture: Picture, top: int, palette: Palette) -> None:
        """The history below the table, a row or two a layer."""
        names = self.past.names
        label = label_width(names, picture.width) + 1
        width = picture.width - label
        if not names or picture.height - top < 2 or width < NARROWEST_PAST:
            return
        text = f"0–{count(self._last)}"
        measured = self.past.measured(self._end, width)
        gaps = not measured.all() and picture.height - top - 2 >= len(names)
        moments = f", measured at {_moments(len(self.past))} ╵" if gaps else ""
        heads = (HISTORY[0] + moments, HISTORY[1] + moments, *HISTORY)
        picture.put(top, label, fitting(heads, width - 2 - len(text)), palette.color("muted"))
        picture.put(top, picture.width - len(text), text, palette.color("muted"))
        height = picture.height - top - 1 - gaps
        if height >= len(names):
            height = min(height // len(names), HIGHEST) * len(names)
        values = self.past.columns(self._end, width)
        history = draw_history(values, names, SCALE, picture.width, height, palette)
        ahead = slice(label + self._present(width), None)
        for side in (history.fg, history.bg):
            side[:, ahead] = [[palette.faded(color) for color in row] for row in side[:, ahead].tolist()] or 0
        picture.paste(history, top + 1, 0)
        if gaps:
            marks = "".join("╵" if own else " " for own in measured.tolist())
            picture.put(top + 1 + height, label, marks, palette.color("muted"))

    # ------------------------------------------------------------------------------------------ actions

    def _select(self, place: int) -> None:
        if self._rows:
            self.select_node(self._rows[min(max(place, 0), len(self._rows) - 1)].name)

    def action_move_up(self, by: str = "1") -> None:
        place = self._place
        self._select(len(self._rows) - 1 if place is None else place - int(by))

    def action_move_down(self, by: str = "1") -> None:
        place = self._place
        self._select(0 if place is None else place + int(by))

    def action_detail(self) -> None:
        if self._place is None:
            self._select(0)
        self.detailed = not self.detailed
        self.update()

    def action_leave(self) -> None:
        if self.detailed:
            self.detailed = False
            self.update()
        else:
            self.select_node(None)

    def action_everything(self) -> None:
        shown = len(self._rows) == len(self._snapshot.probe.nodes) if self._snapshot and self._snapshot.probe else True
        self.everything = not shown
        self.update()

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None or self.detailed:
            return
        row = (place.y - self._top) // self._tall + self._first
        if place.y >= self._top and row < len(self._rows):
            again = row == self._place
            self._select(row)
            if again:
                self.action_detail()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move_up()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move_down()


def _moments(measured: int) -> str:
    return f"{count(measured)} step{'s' * (measured != 1)}"


def _draw_bar(picture: Picture, line: int, tall: int, left: int, width: int, row: LayerRow, palette: Palette) -> None:
    """A bar as long as the gradient is large, so many rows high; the last of several is half a row, so that they stand
    apart."""
    size = row.stats.grad_rms
    if size is None:
        return
    if not np.isfinite(size):
        picture.put(line, left, "× not finite"[:width], palette.color("problem"), BOLD)
        return
    share = float(SCALE.share(size))
    eighths = max(1, round(share * width * 8))
    color = int(palette.heat(max(share, 0.15)))
    color = color if row.weighted else palette.faded(color, 0.4)
    for part in range(line, line + max(1, tall - 1)):
        picture.put(part, left, bar(eighths)[:width], color)
    if tall > 1:
        picture.put(line + tall - 1, left, ("▀" * (eighths // 8) + "▘" * (eighths % 8 >= 4))[:width], color)


def _past_row(picture: Picture, line: int, left: int, shares: np.ndarray, present: int, palette: Palette) -> None:
    """One layer's history, two columns of it a cell; dimmed from the cell `present` on."""
    if len(shares) % 2:
        shares = np.append(shares, shares[-1:])
    width = len(shares) // 2
    if palette.depth == "none":
        level = np.rint(np.nan_to_num(shares[::2]) * (len(SHADES) - 1)).astype(int)
        picture.chars[line, left : left + width] = SHADES[level]
        return
    colors = palette.heat(shares)
    colors[2 * present :] = [palette.faded(color) for color in colors[2 * present :].tolist()]
    picture.chars[line, left : left + width] = LEFT_HALF
    picture.fg[line, left : left + width] = colors[::2]
    picture.bg[line, left : left + width] = colors[1::2]
