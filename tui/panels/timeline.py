"""The timeline: the past of the run as a bar, on which one goes back and forth."""

from bisect import bisect_left, bisect_right
from concurrent.futures import Future
from typing import ClassVar

import numpy as np
from textual import events

from engine import Edit, EpochRow, Snapshot
from tui.actions import Action
from tui.differences import edit_value
from tui.drawing.axes import LADDER, count, nice_end, number
from tui.drawing.palette import Palette, Role
from tui.drawing.picture import BOLD, Picture
from tui.drawing.widget import Drawing
from tui.panel import Panel
from tui.panels.record import known_steps
from tui.sentence import best_epoch
from tui.words import fitting, squeezed

POLL = 0.02  # seconds between looks at whether the worker has arrived
APART = 7  # columns between the numbers of epochs


class TimelinePanel(Panel, Drawing):
    """Sends at most one `seek` at a time: while the worker is on its way, only the latest target is kept."""

    TITLE = "Timeline"
    HELP = """\
The bar is everything **on record**. Going to a step restores the keyframe before it (┿) and trains again from there, so
weights, optimizer and data order are what they were, bit for bit.

What lies ahead of the present step ● stays on record, and playing goes through it again, until something is changed:
then the future is another one, and the old one is forgotten.

Where there is room, epochs and edits are listed below with the loss and accuracy on the validation split (else on the
training split); a click goes there.

✎ is an edit: a setting that was changed during the run and is changed again on every replay. ★ is the best epoch, where
early stopping watches for it.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("go:-1", "left,h", "Step back", "One step back", True),
        Action("go:1", "right,l", "Step on", "One step on, as far as the record goes", True),
        Action("go_epoch:-1", "shift+left,ctrl+left,H,down,j", "Epoch back", "To the end of the epoch before", True),
        Action("go_epoch:1", "shift+right,ctrl+right,L,up,k", "Epoch on", "To the end of the epoch, as it was", True),
        Action("go_first", "home", "First", "To the untrained network"),
        Action("go_last", "end", "Last", "To the last step on record"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._run = -1
        self._known = 0
        self._target: int | None = None  # where to go once the worker has arrived
        self._sent: int | None = None  # where the worker is going
        self._arrival: Future[int] | None = None
        self._dragging = False
        self._hover: int | None = None
        self._lines: dict[int, int] = {}  # the step of each line of the log

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.run != self._run:
            self._run, self._known = snapshot.run, 0
            self._hover = None
        self._snapshot = snapshot
        self._known = known_steps(snapshot, min(self._known, snapshot.history.steps if snapshot.history else 0))
        self.update()

    @property
    def _rows(self) -> list[EpochRow]:
        """The epochs on record."""
        return self._snapshot.history.rows if self._snapshot and self._snapshot.history else []

    @property
    def step(self) -> int:
        """The present step, or the one on the way to which the worker is."""
        for goal in (self._target, self._sent):
            if goal is not None:
                return goal
        return self._snapshot.step if self._snapshot else 0

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, snapshot = Picture(width, height), self._snapshot
        if snapshot is None or snapshot.history is None or not self._known:
            texts = ["nothing on record yet"]
            if snapshot is not None and snapshot.nodes:
                play, step, epoch = (self.key_of(name) for name in ("play", "step", "epoch"))
                keys = f"{play} trains, {step} takes one batch, {epoch} one epoch"
                texts = [f"{texts[0]}: {keys}", keys, f"{play} trains, {step} a batch, {epoch} an epoch", *texts]
            picture.put(0, 0, squeezed(texts, width), palette.color("muted"))
            return picture
        if height == 1:
            text = f" {count(self.step)}/{count(self._known)}"
            self._bar(picture, 0, max(1, width - len(text)), palette)
            picture.put(0, max(1, width - len(text)), text, palette.color("text"))
            return picture
        top = 0 if height < 3 else 1
        if top:
            self._epochs(picture, palette)
        self._bar(picture, top, width, palette)
        for step, glyph, role in self._marks(snapshot):
            picture.put(0, self._column(step, width), glyph, palette.color(role), BOLD)
        if not top:
            picture.put(0, self._column(self.step, width), "●", palette.color("cursor"), BOLD)
        self._words(picture, top + 1, palette)
        self._log(picture, top + 3, palette)
        return picture

    @property
    def _end(self) -> float:
        return nice_end(self._known)

    def _column(self, step: float, width: int) -> int:
        return min(width - 1, round(step / self._end * (width - 1)))

    def _bar(self, picture: Picture, row: int, width: int, palette: Palette) -> None:
        snapshot = self._snapshot
        assert snapshot is not None
        here, last = self._column(self.step, width), self._column(self._known, width)
        color = palette.color("train")
        picture.put(row, 0, "━" * here, color, BOLD)
        picture.put(row, here, "━" * (last + 1 - here), palette.faded(color))
        picture.put(row, last + 1, "─" * (width - last - 1), palette.color("faint"))
        frames = np.array([frame for frame in snapshot.keyframes if frame <= self._known], float)
        for column in np.unique(np.rint(frames / self._end * (width - 1)).astype(int)).tolist():
            picture.chars[row, min(column, width - 1)] = ord("┿")
        if self._hover is not None:
            picture.put(row, self._column(self._hover, width), "○", palette.color("cursor"))
        picture.put(row, here, "●", palette.color("cursor"), BOLD)

    def _epochs(self, picture: Picture, palette: Palette) -> None:
        """Numbers of epochs above the steps at which they ended."""
        snapshot = self._snapshot
        history = snapshot.history if snapshot else None
        last = len(history.rows) - 1 if history else 0
        if snapshot is None or history is None or last < 1:
            return
        wanted = last / max(1, picture.width // APART)
        decades = (10.0**power * rung for power in range(9) for rung in LADDER[:3])
        every = int(next(step for step in decades if step >= wanted))
        end, marked = 0, {self._column(step, picture.width) for step, _, _ in self._marks(snapshot)}
        for epoch in range(0, last + 1, every):
            row = history.row(epoch)
            if row is not None and row.step <= self._known:
                column, name = self._column(row.step, picture.width), f"epoch {epoch}" if epoch == 0 else str(epoch)
                fits = column + len(name) < picture.width
                text, start = (f"╷{name}", column) if fits else (f"{name}╷", column - len(name))
                if not marked.isdisjoint(range(start, start + len(text))):
                    text, start = "╷", column  # half a number would be another one
                if start >= end:
                    end = picture.put(0, start, text, palette.color("muted")) + 1

    def _marks(self, snapshot: Snapshot) -> list[tuple[int, str, Role]]:
        marks: list[tuple[int, str, Role]] = [(edit.step, "✎", "warning") for edit in snapshot.edits]
        if snapshot.best_step is not None:
            marks.append((snapshot.best_step, "★", "good"))
        if snapshot.activity == "stopped early":
            marks.append((snapshot.step, "■", "warning"))
        if snapshot.activity == "diverged":
            marks.append((snapshot.step, "×", "problem"))
        return marks

    def _words(self, picture: Picture, row: int, palette: Palette) -> None:
        """Where one is, and what there is to go to."""
        snapshot, step = self._snapshot, self.step
        assert snapshot is not None
        at = picture.put(row, 0, f"step {count(step)}", palette.color("cursor"), BOLD)
        at = picture.put(row, at, f" of {count(self._known)} on record", palette.color("text"))
        parts: list[tuple[str, Role]] = [(f"epoch {self._epoch(snapshot, step):.2f}", "muted")]
        room = picture.width - at - 6 - len(parts[0][0])
        if kept := fitting(self._kept(), room):
            parts.append((kept, "good"))
        if self._hover is not None and not self._dragging:
            parts.insert(0, (f"○ step {count(self._hover)}", "text"))
        place = bisect_right(snapshot.edits, step, key=lambda edit: edit.step)
        if place:
            edit = snapshot.edits[place - 1]
            parts.append((f"✎ {edit.key} = {edit_value(edit)} since step {count(edit.step)}", "warning"))
        frames = len(snapshot.keyframes)
        parts.append((f"{frames} keyframe{'s' * (frames != 1)}", "muted"))
        for text, role in parts:
            if at + 3 + len(text) <= picture.width:
                at = picture.put(row, at + 3, text, palette.color(role))

    def _kept(self) -> tuple[str, ...]:
        """Whose weights are in use where early stopping has ended the run; the longest sentence first."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.activity != "stopped early" or snapshot.best_step is None:
            return ()
        best = best_epoch(snapshot.history, snapshot.best_step) if snapshot.history else 0
        if not snapshot.experiment.early_stopping.restore_best:
            return f"★ best was epoch {best}; the last weights are in use", f"★ epoch {best}; the last is in use"
        kept = f"the weights of epoch {best} are in use"
        return f"★ best was epoch {best}; {kept}", f"★ {kept}", f"★ epoch {best} is in use"

    def _log(self, picture: Picture, top: int, palette: Palette) -> None:
        """Where there is room: epochs and edits around the present, a line each, which can be clicked."""
        snapshot, room = self._snapshot, picture.height - top
        assert snapshot is not None
        assert snapshot.history is not None
        self._lines = {}
        if room < 2:
            return
        picture.put(top, 0, self._headings(picture.width), palette.color("muted"), BOLD)
        top, room, steps = top + 1, room - 1, _step_column(picture.width)
        rows = snapshot.history.rows[: bisect_right(snapshot.history.rows, self._known, key=lambda row: row.step)]
        here = bisect_right(rows, self.step, key=lambda row: row.step) - 1
        first = max(0, min(here - room // 2, len(rows) - room + len(snapshot.edits)))
        shown: list[tuple[int, EpochRow | Edit]] = [(row.step, row) for row in rows[first : first + room]]
        low, high = rows[first].step if rows else 0, shown[-1][0] if shown else 0
        shown += [(edit.step, edit) for edit in snapshot.edits if low <= edit.step <= high]
        shown.sort(key=lambda entry: entry[0])
        for line, (step, entry) in enumerate(shown[:room], top):
            self._lines[line] = step
            ahead = step > self.step
            best = step == snapshot.best_step and not isinstance(entry, Edit)
            sign, role = ("● ", "cursor") if step == self.step else ("★ ", "good") if best else ("  ", "text")
            at = picture.put(line, 0, sign, palette.color(role), BOLD)
            shade = palette.color("muted" if ahead else "text")
            if isinstance(entry, Edit):
                at = picture.put(line, at, "✎ ", palette.color("warning"), BOLD)
                picture.put(line, at, f"{entry.key} = {edit_value(entry)}", shade)
                continue
            loss, score = entry.train_loss, entry.train_accuracy
            if self._validated:
                loss, score = entry.valid_loss, entry.valid_accuracy
            text = f"{entry.epoch:>5} {count(step):>{steps}} {number(loss, 3):>11}"
            picture.put(line, at, text + (f" {100 * score:>7.1f} %" if score is not None else ""), shade)

    @property
    def _validated(self) -> bool:
        """Whether the listed numbers are those of the validation split."""
        return bool(self._rows) and self._rows[-1].valid_loss is not None

    def _headings(self, width: int) -> str:
        """The headings of the list; accuracy only where there is one."""
        loss = f"{'valid' if self._validated else 'train'} loss"
        scored = bool(self._rows) and self._rows[-1].train_accuracy is not None
        return f"  {'epoch':>5} {'step':>{_step_column(width)}} {loss:>11}{'  accuracy' if scored else ''}"[:width]

    def _epoch(self, snapshot: Snapshot, step: int) -> float:
        """How many epochs there were before a step."""
        rows = self._rows
        place = max(0, bisect_right(rows, step, key=lambda row: row.step) - 1)
        return place + (step - (rows[place].step if rows else 0)) / max(1, snapshot.steps_per_epoch)

    # ------------------------------------------------------------------------------------------ going there

    def seek(self, step: int) -> None:
        """Goes to a step, as near as the record has one."""
        self._target = min(max(step, 0), self._known)
        self._send()
        self.update()

    def _send(self) -> None:
        if self._target is None or self._arrival is not None:
            return
        self._sent, self._target = self._target, None
        self.session.seek(self._sent)
        self._arrival = self.session.ask(lambda trainer: trainer.state.step)
        self.app.set_timer(POLL, self._poll)

    def _poll(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self.app.set_timer(POLL, self._poll)
            return
        self._arrival = self._sent = None
        self._send()
        self.show(self.session.snapshot)

    def action_go(self, by: str) -> None:
        self.seek(self.step + int(by))

    def action_go_epoch(self, by: str) -> None:
        rows = self._rows
        if int(by) > 0:
            place = bisect_right(rows, self.step, key=lambda row: row.step)
            self.seek(rows[place].step if place < len(rows) else self._known)
        else:
            place = bisect_left(rows, self.step, key=lambda row: row.step) - 1
            self.seek(rows[place].step if place >= 0 else 0)

    def action_go_first(self) -> None:
        self.seek(0)

    def action_go_last(self) -> None:
        self.seek(self._known)

    def _step_under(self, event: events.MouseEvent) -> int:
        x = event.screen_offset.x - self.content_region.x
        share = x / max(1, self.size.width - 1)
        return min(max(round(share * self._end), 0), self._known)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = event.get_content_offset(self)
        if place is not None and place.y in self._lines:
            self.seek(self._lines[place.y])
        elif self._known:
            self._dragging = True
            self.capture_mouse()
            self.seek(self._step_under(event))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._known:
            return
        self._hover = self._step_under(event)
        if self._dragging and self._hover != self.step:
            self.seek(self._hover)
        else:
            self.update()

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def on_leave(self) -> None:
        self._hover = None
        self.update()


def _step_column(width: int) -> int:
    """The columns of the numbers of steps in the list; fewer where the accuracy behind them would be cut."""
    return 9 if width >= 39 else 6
