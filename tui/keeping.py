"""When the present run is saved by itself, for the day the machine dies."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import Snapshot

FIRST, LAST, RESTING = 2.0, 20.0, 2.0  # seconds: until the first saving, between the last ones, and for a run at rest
SHARE = 0.01  # of the time, which savings of a run that trains take at most


class Keeping:
    """Says when the run is due: when its first epoch is done or soon after it began, then less and less often, and soon
    after it came to rest."""

    def __init__(self) -> None:
        self._run, self._epoch, self._fresh = -1, 0, True
        self._saved: tuple[int, ...] = ()
        self._at, self._wait = 0.0, FIRST

    def is_due(self, snapshot: "Snapshot", now: float, cost: float) -> bool:
        """Whether to save the run now, in seconds of any clock, where the last saving took `cost` seconds."""
        history = snapshot.history
        if history is None or not history.steps or snapshot.run != self._run:
            self._run, self._epoch, self._fresh = snapshot.run, snapshot.epoch, True
            self._saved, self._at, self._wait = (), now, FIRST
            return False
        state = (snapshot.step, len(snapshot.edits), history.version)
        wait = max(self._wait, 0 if self._fresh else cost / SHARE) if snapshot.activity == "playing" else RESTING
        soon = self._fresh and snapshot.epoch > self._epoch
        if state == self._saved or not (soon or now - self._at > wait):
            return False
        self._wait = FIRST if self._fresh else min(2 * self._wait, LAST)
        self._saved, self._at, self._fresh = state, now, False
        return True
