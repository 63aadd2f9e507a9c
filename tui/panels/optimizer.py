"""The optimizer panel: how gradients become updates, and everything else that decides a run besides the network."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult

from engine import BadInput, Experiment, Setting, Snapshot, is_live
from tui import draft
from tui.entry import Verdict
from tui.fields import Field, field_of, fields_of
from tui.panels.form_panel import FORM_ACTIONS, FormPanel
from tui.panels.schedule import SchedulePicture
from tui.rate import edited_here
from tui.rows import LIVE, RESTARTS, FieldRow, HeadingRow, Row

AUGMENTATION = "Augmentation"
SECTIONS = ("regularization", "augmentation", "early_stopping")
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Optimizer", ("optimizer",)),
    ("Schedule", ("schedule",)),
    ("Run", ("batch_size", "epochs", "seed")),
    ("Loss", ("loss",)),
    ("Regularization", ("regularization",)),
    (AUGMENTATION, ("augmentation",)),
    ("Early stopping", ("early_stopping",)),
)
PICTURED = ("optimizer", "schedule", "epochs", "batch_size")
TALL = 18
AROUND = 11  # rows of the border, the picture and the hint


class OptimizerPanel(FormPanel):
    """Forms of the experiment's components, and a picture of the schedule."""

    TITLE = "Optimizer"
    HELP = f"""
**How gradients become updates.** The learning rate `lr` decides how far a step goes: `+` and `-` move it along 1, 2, 5,
10. Too large and the loss jumps or diverges, too small and nothing happens.

**{LIVE} takes effect at the next step** and is recorded with the run, so that going back and forth in time stays exact.
**{RESTARTS} starts the run over** with the same seed, since the state of the old run would mean nothing to the new one:
so what `+` and `-` lead to waits there for enter.

**The curve is the learning rate over the whole run:** what it was up to the present point, and what the schedule plans
from there. While you type, it shows the plan as it would be.
"""
    ACTIONS = FORM_ACTIONS
    COMPONENTS = ("optimizer", "schedule", "loss")

    def __init__(self) -> None:
        super().__init__()
        self.picture = SchedulePicture()
        self.border_subtitle = f"{LIVE} at once  {RESTARTS} new run"
        self._snapshot: Snapshot | None = None

    def compose(self) -> ComposeResult:
        yield self.form
        yield self.picture
        yield self.hint

    # ------------------------------------------------------------------------------------------ showing

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        super().show(snapshot)
        self._draw_schedule()

    def rows(self) -> list[Row]:
        found: list[Row] = []
        for title, names in GROUPS:
            if title == AUGMENTATION and len(self._shape or ()) != 3:  # it changes images alone
                continue
            found.append(HeadingRow(f"heading {title}", text=title))
            fields = [field for name in names for field in self._fields(name)]
            found += [FieldRow(field.key, field=field, label_width=15, marked=True) for field in fields]
        return found

    def _fields(self, name: str) -> Sequence[Field]:
        value, setting = getattr(self.experiment, name), Setting.of(name, Experiment.model_fields[name])
        fields = fields_of(value, f"{name}.") if name in SECTIONS else field_of(name, setting, value)
        return [replace(field, depth=max(0, field.depth - 1), live=is_live(field.key)) for field in fields]

    def rows_wanted(self, snapshot: Snapshot) -> int:
        return len(self.rows()) + AROUND

    def touched(self) -> None:
        super().touched()
        self._make_room()
        self._draw_schedule()

    def _make_room(self) -> None:
        """The picture gives way to the form where there is little room, unless the cursor is on what it shows."""
        tall = self.size.height >= TALL
        about_it = self.form.cursor.partition(".")[0] in PICTURED
        self.picture.display = tall or (about_it and self.size.height >= 8)
        self.picture.styles.height = 6 if self.size.height >= 2 * TALL else 4 if tall else 3

    def _draw_schedule(self) -> None:
        snapshot = self._snapshot
        if snapshot is None or not snapshot.steps_per_epoch or not self.picture.display:
            return
        experiment = self._candidate() or self.experiment
        edited = experiment != snapshot.experiment or edited_here(snapshot)
        self.picture.show(experiment, snapshot.history, snapshot.step, snapshot.steps_per_epoch, edited)

    def _candidate(self) -> Experiment | None:
        """The experiment with what is being typed or chosen, where the engine takes it."""
        typing, menu = self.form.typing, self.form.menu
        if typing is not None:
            key, value = typing.field.key, typing.field.parse(typing.text)
        elif menu is not None:
            key, value = menu.anchor, menu.value
        else:
            return None
        try:
            return draft.edited(self.experiment, key, value)
        except BadInput:
            return None

    # ------------------------------------------------------------------------------------------ judging

    def judge(self, key: str, value: Any) -> Verdict:
        verdict = super().judge(key, value)
        if verdict == Verdict() or verdict.problem or verdict.warning:
            return verdict
        if is_live(key):
            return Verdict(effect="from the next step on")
        first = "other first weights" if key == "seed" else "the same first weights"
        return Verdict(effect=f"starts the run over, with {first}")
