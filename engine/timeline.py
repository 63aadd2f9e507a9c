"""Keyframes: copies of the state along a run, from which any step is reached by replaying, bit for bit."""

from bisect import bisect_right, insort

from engine.state import State

DEFAULT_BUDGET = 64 << 20
MOST_FRAMES = 512


class Timeline:
    """States by step within a `budget` of bytes: close together near the present, further apart the further back."""

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self._frames: dict[int, State] = {}
        self._steps: list[int] = []

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which there is a keyframe, ascending."""
        return tuple(self._steps)

    def record(self, state: State) -> None:
        """Keeps a copy of the state, and thins the past where the budget is exceeded."""
        if state.step not in self._frames:
            insort(self._steps, state.step)
        self._frames[state.step] = state.copy()
        most = min(MOST_FRAMES, max(3, self.budget // max(state.nbytes, 1)))
        while len(self._steps) > most:
            self._thin()

    def before(self, step: int) -> State:
        """The last keyframe at or before `step`. Raises LookupError where there is none."""
        place = bisect_right(self._steps, step)
        if not place:
            raise LookupError(f"no keyframe at or before step {step}")
        return self._frames[self._steps[place - 1]]

    def truncate(self, step: int) -> None:
        """Forgets the keyframes after `step`."""
        for later in [frame for frame in self._steps if frame > step]:
            del self._frames[later]
            self._steps.remove(later)

    def _thin(self) -> None:
        """Drops the frame whose loss widens the gap least, relative to how long ago it was; never the first or the
        last.
        """
        now = self._steps[-1]
        widths = [
            (self._steps[i + 1] - self._steps[i - 1]) / (now - self._steps[i] + 1)
            for i in range(1, len(self._steps) - 1)
        ]
        dropped = self._steps.pop(1 + widths.index(min(widths)))
        del self._frames[dropped]
