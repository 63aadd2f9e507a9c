"""How the size of each layer's gradient went, remembered from the probes that passed by and from the run's record."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from engine import History, Probe, Snapshot

MOST = 1024  # probes; beyond, every second one is forgotten


class Past:
    """Gradient rms by probe and node. What was forgotten by the run is forgotten here."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._steps: list[int] = []
        self._logs: NDArray[np.float64] = np.empty((0, 0))
        self._seen: tuple[int, History | None, int] = (0, None, 0)
        self._read: tuple[list[tuple[int, dict[str, float]]], int] = ([], 0)  # of the record, and how far

    def __len__(self) -> int:
        return len(self._steps)

    def follow(self, snapshot: Snapshot) -> None:
        """Takes in the snapshot's probe, and what the run has on record since."""
        history, probe = snapshot.history, snapshot.probe
        if history is None:
            return
        now, record = (snapshot.run, history, history.version), history.instruments.gradients
        if now[:2] != self._seen[:2]:
            self._cut(-1)
            self._read = [], 0
        elif now != self._seen and record is not self._read[0]:  # forgotten, rather than completed
            self._cut(snapshot.edits[-1].step if snapshot.edits else 0)
        known = self._read[1] if record is self._read[0] else 0
        fresh = record[known:]
        self._seen, self._read = now, (record, known + len(fresh))
        for step, sizes in fresh:
            self._take(step, sizes)
        if probe is not None:
            self._take(*_sizes(probe))

    def _take(self, step: int, sizes: dict[str, float]) -> None:
        if tuple(sizes) != self.names:
            self.names, self._steps, self._logs = tuple(sizes), [], np.empty((0, len(sizes)))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(np.array(list(sizes.values()), float))
        logs = np.clip(logs, -30, 30)
        place = bisect_left(self._steps, step)
        if place < len(self) and self._steps[place] == step:
            self._logs[place] = logs
            return
        self._steps.insert(place, step)
        self._logs = np.insert(self._logs, place, logs, 0)
        if len(self) > MOST:
            self._steps, self._logs = self._steps[::2], self._logs[::2].copy()

    def _cut(self, step: int) -> None:
        kept = bisect_left(self._steps, step + 1)
        del self._steps[kept:]
        self._logs = self._logs[:kept].copy()

    def columns(self, end: float, count: int) -> NDArray[np.float64]:
        """Gradient rms, (nodes, count), of `count` equal parts of the steps 0 to `end`.

        Each is the mean of the logarithms of its probes; a part without a probe has the value before it, parts after
        the last probe are left out.
        """
        stops = self._stops(end, count)
        if not len(stops):
            return np.empty((len(self.names), 0))
        stops = np.maximum(stops, 1)
        starts = np.concatenate([[0], stops[:-1]])
        starts = np.where(starts < stops, starts, stops - 1)
        sums = np.concatenate([np.zeros((1, len(self.names))), np.cumsum(self._logs, 0)])
        means: NDArray[np.float64] = 10.0 ** ((sums[stops] - sums[starts]) / (stops - starts)[:, None]).T
        return means

    def measured(self, end: float, count: int) -> NDArray[np.bool_]:
        """Which of the columns have a probe of their own, rather than the value before it."""
        return np.diff(self._stops(end, count), prepend=0) > 0

    def _stops(self, end: float, count: int) -> NDArray[np.intp]:
        """How many probes lie before the end of each column, as far as there are any."""
        steps = np.array(self._steps, float)
        if not len(steps) or count < 1:
            return np.empty(0, np.intp)
        stops = np.searchsorted(steps, np.linspace(0, end, count + 1)[1:], "right")
        return stops[: int(np.searchsorted(stops, len(steps))) + 1]


def _sizes(probe: Probe) -> tuple[int, dict[str, float]]:
    return probe.step, {stats.node: stats.grad_rms for stats in probe.nodes if stats.grad_rms is not None}
