"""A growing series kept so that any stretch of it is drawn in the same time, and no spike is ever lost.

Level 0 is the series itself; each level above keeps the lowest and the highest value of four blocks below. A column of
a chart is made from the level that gives it 8 to 32 blocks, so a million steps cost what a thousand do.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FACTOR = 4
BLOCKS = 8  # at least so many blocks a column, so that a block on a column's limit moves by at most an eighth of it
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]


class Grown:
    """A one-dimensional array that grows at its end in amortised constant time."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self._room: NDArray[Any] = np.empty(64, dtype)
        self.length = 0

    def extend(self, values: NDArray[Any]) -> None:
        end = self.length + len(values)
        if end > len(self._room):
            room = np.empty(max(end, 2 * len(self._room)), self._room.dtype)
            room[: self.length] = self._room[: self.length]
            self._room = room
        self._room[self.length : end] = values
        self.length = end

    def truncate(self, length: int) -> None:
        self.length = min(self.length, max(0, length))

    @property
    def values(self) -> NDArray[Any]:
        return self._room[: self.length]


class Level:
    """Lowest and highest finite value (NaN: none) and "something here is not finite" of each whole block."""

    def __init__(self) -> None:
        self.low, self.high, self.bad = Grown(np.float32), Grown(np.float32), Grown(np.bool_)

    def extend(self, low: Floats, high: Floats, bad: Flags) -> None:
        count = len(bad) // FACTOR
        cut = slice(0, count * FACTOR)
        self.low.extend(np.fmin.reduce(low[cut].reshape(count, FACTOR), axis=1))
        self.high.extend(np.fmax.reduce(high[cut].reshape(count, FACTOR), axis=1))
        self.bad.extend(np.logical_or.reduce(bad[cut].reshape(count, FACTOR), axis=1))

    def truncate(self, length: int) -> None:
        for part in (self.low, self.high, self.bad):
            part.truncate(length)


class Pyramid:
    """An append-only float32 series of any length, NaN and infinities included."""

    def __init__(self, values: ArrayLike = ()) -> None:
        self._raw = Grown(np.float32)
        self._levels: list[Level] = []
        self.extend(values)

    def __len__(self) -> int:
        return self._raw.length

    @property
    def values(self) -> Floats:
        """The series itself, a read-only view."""
        view: Floats = self._raw.values.view()
        view.flags.writeable = False
        return view

    def extend(self, values: ArrayLike) -> None:
        """Append the values of the next steps."""
        fresh = np.asarray(values, np.float32).ravel()
        if not len(fresh):
            return
        self._raw.extend(fresh)
        done = self._levels[0].bad.length * FACTOR if self._levels else 0
        raw = self._raw.values[done:].astype(np.float32, copy=False)
        bad = ~np.isfinite(raw)
        low = high = np.where(bad, np.float32(np.nan), raw)
        depth = 0
        while len(bad) >= FACTOR:
            if depth == len(self._levels):
                self._levels.append(Level())
            level = self._levels[depth]
            level.extend(low, high, bad)
            done = self._levels[depth + 1].bad.length * FACTOR if depth + 1 < len(self._levels) else 0
            low, high, bad = level.low.values[done:], level.high.values[done:], level.bad.values[done:]
            depth += 1

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` values."""
        if length < len(self):
            self._raw.truncate(length)
            for level in self._levels:
                length //= FACTOR
                level.truncate(length)

    def follow(self, values: NDArray[np.floating]) -> None:
        """Become equal to a series that only ever grows or is cut back, by reading the new part alone."""
        if len(values) < len(self):
            self.truncate(len(values))
        self.extend(values[len(self) :])

    def edges(self, low: int, high: int, columns: int) -> Places:
        """The columns + 1 limits, as indices, of equal columns over [low, high), moved to the block
        before, the last to the block after, so that nothing is left out."""
        block = FACTOR ** self._depth(low, high, columns)
        exact = np.linspace(low, high, columns + 1)
        limits: Places = np.floor(exact / block + 1e-9).astype(np.intp) * block
        limits[-1] = -(-high // block) * block
        return limits

    def columns(self, low: int, high: int, count: int) -> tuple[Floats, Floats, Flags]:
        """Lowest value, highest value and "not all finite" of `count` equal columns over the indices [low, high).

        Columns without a finite value are NaN, as are columns outside the series. Costs O(count), whatever the length.
        """
        if count < 1 or high <= low:
            nothing = np.full(max(0, count), np.nan, np.float32)
            return nothing, nothing.copy(), np.zeros(max(0, count), bool)
        depth = self._depth(low, high, count)
        block = FACTOR**depth
        edges = self.edges(low, high, count) // block
        first, last = max(0, int(edges[0])), min(int(edges[-1]), -(-len(self) // block))
        mins, maxs, bads = self._part(depth, first, last)
        starts, stops = np.clip(edges[:-1], first, last) - first, np.clip(edges[1:], first, last) - first
        lowest, highest = _reduce(np.fmin, mins, starts, stops), _reduce(np.fmax, maxs, starts, stops)
        return lowest, highest, _reduce(np.logical_or, bads, starts, stops)

    def _depth(self, low: int, high: int, columns: int) -> int:
        blocks, depth = (high - low) / columns / BLOCKS, 0
        while blocks >= FACTOR ** (depth + 1) and depth < len(self._levels):
            depth += 1
        return depth

    def _part(self, depth: int, first: int, last: int) -> tuple[Floats, Floats, Flags]:
        """Blocks first to last of a level; the last one may be unfinished and is then made here."""
        if depth == 0:
            raw = self._raw.values[first:last].astype(np.float32, copy=False)
            bad = ~np.isfinite(raw)
            clean = np.where(bad, np.float32(np.nan), raw) if bad.any() else raw
            return clean, clean, bad
        level = self._levels[depth - 1]
        low, high, bad = (part.values[first:last] for part in (level.low, level.high, level.bad))
        if first <= level.bad.length < last:
            mins, maxs, bads = self._part(depth - 1, level.bad.length * FACTOR, -(-len(self) // FACTOR ** (depth - 1)))
            low, high = np.append(low, np.fmin.reduce(mins)), np.append(high, np.fmax.reduce(maxs))
            bad = np.append(bad, bads.any())
        return low, high, bad


def _reduce(ufunc: np.ufunc, values: NDArray[Any], starts: Places, stops: Places) -> NDArray[Any]:
    """`ufunc` over values[start:stop] of each column; an empty column is NaN or False."""
    none = np.zeros((), bool) if values.dtype == bool else np.float32(np.nan)
    result = np.full(len(starts), none, values.dtype)
    filled = stops > starts
    if filled.any():
        end = int(stops[filled][-1])
        result[filled] = ufunc.reduceat(values[:end], starts[filled])
    return result
