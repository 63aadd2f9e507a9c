"""Exponential smoothing that does not lean to zero at the start (bias-corrected, as in Adam: Kingma and Ba, 2015)."""

import math

import numpy as np
from numpy.typing import NDArray

from tui.drawing.pyramid import Pyramid

KEPT = 4096  # steps between kept states


class Smoothed:
    """The smoothed copy of a series, `pyramid`, brought up to date by `follow` in time proportional to what is new.

    m = beta * m + (1 - beta) * x, shown as m / (1 - beta ** n) after n finite values. What is not finite stays as it is
    and is not counted.
    """

    def __init__(self, beta: float) -> None:
        self.beta = beta
        self.pyramid = Pyramid()
        self._states: list[tuple[float, int]] = [(0.0, 0)]  # m and n at every KEPT-th value
        self._state = (0.0, 0)

    def follow(self, source: Pyramid) -> None:
        """Take in what `source` has gained, or forget what it has lost, since the last call."""
        values, length = source.values, len(source)
        if length < len(self.pyramid):
            self.truncate(length, values)
        while (done := len(self.pyramid)) < length:
            self._take(values[done : min(length, done - done % KEPT + KEPT)])
            if len(self.pyramid) % KEPT == 0:
                self._states.append(self._state)

    def truncate(self, length: int, values: NDArray[np.floating]) -> None:
        """Forget all but the first `length` values; `values` is the series itself, at least so long."""
        kept = length // KEPT
        del self._states[kept + 1 :]
        self._state = self._states[kept]
        self.pyramid.truncate(kept * KEPT)
        if length > kept * KEPT:
            self._take(values[kept * KEPT : length])

    def _take(self, values: NDArray[np.floating]) -> None:
        finite = np.isfinite(values)
        moment, count = self._state
        found = values[finite].astype(float)
        moments = _moments(found, self.beta, moment)
        seen = count + np.arange(1, len(found) + 1)
        result = values.astype(np.float32)
        result[finite] = moments / -np.expm1(seen * math.log(self.beta)) if self.beta > 0 else moments
        self.pyramid.extend(result)
        if len(found):
            self._state = float(moments[-1]), count + len(found)


def _moments(x: NDArray[np.float64], beta: float, start: float) -> NDArray[np.float64]:
    """m[i] = beta * m[i-1] + (1 - beta) * x[i]: whole blocks as scaled running sums, a loop over the blocks only."""
    if beta <= 0:
        return x
    size = max(1, min(512, int(8 / -math.log(beta))))  # beta ** -size stays below e ** 8
    padded = np.concatenate([x, np.zeros(-len(x) % size)]).reshape(-1, size)
    powers = beta ** np.arange(1, size + 1)
    inner = np.cumsum(padded * ((1 - beta) / powers), 1) * powers
    carried = np.empty(len(padded))
    for block, end in enumerate(inner[:, -1].tolist()):
        carried[block] = start
        start = end + start * powers[-1]
    moments: NDArray[np.float64] = (inner + carried[:, None] * powers).ravel()[: len(x)]
    return moments
