"""What the data panel has learned from the worker: planes, predictions and pairs, asked for as the view needs them."""

from typing import TYPE_CHECKING

from tui.asking import Asking, moment
from tui.panels.augmented import Pairs, ask_pairs
from tui.panels.boundary import Field, ask_field
from tui.panels.reading import LADDER, Reading, Subject, affordable, read
from tui.panels.views import View

if TYPE_CHECKING:
    from engine import Session, Snapshot

BRIEF, PATIENT = 0.01, 0.25  # seconds that one reading may take of the worker, while it trains and while it rests


class Answers:
    """The last answer of each kind; None until there is one."""

    def __init__(self) -> None:
        self._fields: Asking[Field] = Asking()
        self._readings: Asking[Reading] = Asking(0.25)
        self._pairs: Asking[Pairs] = Asking(0.5)
        self._row_seconds = 0.0

    @property
    def field(self) -> Field | None:
        """The network's answer over the plane."""
        return self._fields.answer

    @property
    def reading(self) -> Reading | None:
        """Predictions for rows of a split."""
        return self._readings.answer

    @property
    def pairs(self) -> Pairs | None:
        """Images before and after augmentation."""
        return self._pairs.answer

    @property
    def subject(self) -> Subject | None:
        """What the run is about; None until something is known."""
        known = self.reading or self.field or self.pairs
        return known.subject if known is not None else None

    @property
    def problem(self) -> str | None:
        """Why there is no answer, in one line."""
        problems = (asking.problem for asking in (self._readings, self._fields, self._pairs))
        return next((problem for problem in problems if problem), None)

    def forget(self) -> None:
        """Drops all answers: they were another run's."""
        self._row_seconds = 0.0
        for asking in (self._fields, self._readings, self._pairs):
            asking.forget()

    def ask(
        self, session: "Session", snapshot: "Snapshot", view: View | None, part: str, width: int, height: int
    ) -> bool:
        """Takes in what has come, and asks for what a view of so many columns and rows needs of a split; whether
        something is new."""
        now, playing, fresh = moment(snapshot), snapshot.activity == "playing", False
        if view is not None and view.field:
            fresh |= self._fields.ask(
                session, (now, width, height), lambda trainer: ask_field(trainer, width, height), playing
            )
        if view is not None and view.pairs:
            fresh |= self._pairs.ask(session, (snapshot.run, snapshot.epoch), ask_pairs, playing)
        if view is None or view.reading:
            count = self._count(part, playing)
            fresh |= self._readings.ask(
                session, (now, part, count), lambda trainer: read(trainer, part, count), playing
            )
            if fresh and self.reading is not None:
                self._learn_cost(self.reading)
        for asking in (self._fields, self._readings, self._pairs):
            if asking.answer is not None and asking.run != snapshot.run:
                asking.forget()  # the answer of a run which is not shown yet, for which a cell may not exist
        return fresh

    def _count(self, part: str, playing: bool) -> int:
        """Rows of a reading: what the budget allows, and no more than there are."""
        count = affordable(self._row_seconds, BRIEF if playing else PATIENT)
        subject = self.subject
        return count if subject is None else min(count, subject.parts.get(part, LADDER[-1]))

    def _learn_cost(self, reading: Reading) -> None:
        cost = self._readings.seconds / max(1, len(reading.rows))
        self._row_seconds = min(self._row_seconds or cost, cost)
