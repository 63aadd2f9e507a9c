"""A plan: the NumPy calls of a step, made once on ready-made arrays and then run again and again.

A layer's `forward` does not compute; it writes its formula down, one call a line, with the output last:

    do(np.multiply, x, 0.5, y)      # y = x / 2

Running a plan is running down that list. Nothing is allocated, looked up or converted on the way, which is what makes
tiny networks fast, and since a plan is data it can be shown call by call.

Large calls are written down in two halves that do not depend on each other, so that a second core can take one:

    first, second = do.halves()
    first(np.multiply, x[:m], 0.5, y[:m])
    second(np.multiply, x[m:], 0.5, y[m:])
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from engine.memory import Array

Part = TypeVar("Part")
Call = tuple[Callable[..., Any], tuple[Any, ...]]
Place = tuple[int, int]  # the group of calls, and which half of it: 0 where there is only one

_KEYWORD_OUT = (np.maximum, np.minimum)  # NumPy 2.4 deprecates their positional output


class Plan:
    """A list of calls, each labelled with the part of the network that it belongs to.

    `places` tells the halves: calls of one group and different halves do not depend on each other.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.calls: list[Call] = []
        self.labels: list[str] = []
        self.places: list[Place] = []
        self.label = ""
        self._half: Place | None = None

    def __call__(self, function: Callable[..., Any], *args: Any) -> None:
        """Adds one call; Python numbers become 0-d arrays of the plan's type, which are faster to pass."""
        ready = [np.asarray(arg, self.dtype) if isinstance(arg, float) else arg for arg in args]
        if function in _KEYWORD_OUT:
            function = partial(function, out=ready.pop())
        self.calls.append((function, tuple(ready)))
        self.labels.append(self.label)
        self.places.append(self._half or (-1, 0))

    def halves(self) -> tuple["Plan", "Plan"]:
        """Two plans that add to this one. What one writes, the other must neither read nor write.

        Within a half there are no further halves: it stands for both.
        """
        if self._half is not None:
            return self, self
        first, second = copy(self), copy(self)
        first._half, second._half = (len(self.calls), 0), (len(self.calls), 1)
        return first, second

    def shares(self, parts: Sequence[Part]) -> Iterator[tuple["Plan", Sequence[Part]]]:
        """Cuts a list of parts in two: each half's plan, and the parts that go there; a single part stays whole."""
        if len(parts) < 2:
            yield self, parts
            return
        middle = len(parts) // 2
        yield from zip(self.halves(), (parts[:middle], parts[middle:]), strict=True)

    def each(self, parts: Sequence[Part]) -> Iterator[tuple["Plan", Part]]:
        """`shares`, a part at a time."""
        for half, own in self.shares(parts):
            for part in own:
                yield half, part

    def run(self) -> None:
        """Executes every call in order."""
        for function, args in self.calls:
            function(*args)


def product(do: Plan, a: Array, b: Array, out: Array, spare: Array | None = None) -> None:
    """out = a @ b, for a (m, k), b (k, n), out (m, n) C-contiguous.

    OpenBLAS leaves out its packing below about a million multiplications, which is faster at these sizes, so a larger
    product is cut into blocks of rows and of 64 columns by one batched matmul; a still larger one is halved first. The
    cuts depend on the shapes alone: a run repeats bit for bit. Where b lies transposed in memory, a large product is
    made the other way round, or from a copy of b, whichever array is smaller; `spare` (at least as large as that) then
    takes the intermediate result.
    """
    rows, inner = a.shape
    columns = b.shape[1]
    if rows * inner * columns <= PACKING_STARTS:
        do(a.dot, b, out)
    elif b.flags.c_contiguous or spare is None:
        _halve(do, a, b, out)
    elif b.size <= out.size:
        copied = spare.reshape(-1)[: b.size].reshape(b.shape)
        do(np.copyto, copied, b)
        _halve(do, a, copied, out)
    else:
        turned = spare.reshape(-1)[: out.size].reshape(columns, rows)
        _halve(do, b.T, a.T, turned)
        do(np.copyto, out, turned.T)


PACKING_STARTS = 950_000
WIDTH = 64
HALVING_STARTS = 2_000_000


def _halve(do: Plan, a: Array, b: Array, out: Array) -> None:
    """out = a @ b: of a large product the upper rows and the lower ones, or of few rows the left and right columns."""
    rows, inner = a.shape
    columns = b.shape[1]
    if rows * inner * columns < HALVING_STARTS:
        _cut(do, a, b, out)
        return
    first, second = do.halves()
    if rows >= 2 * WIDTH:
        middle = rows // 2
        _cut(first, a[:middle], b, out[:middle])
        _cut(second, a[middle:], b, out[middle:])
    else:
        middle = columns // 2
        _cut(first, a, b[:, :middle], out[:, :middle])
        _cut(second, a, b[:, middle:], out[:, middle:])


def _cut(do: Plan, a: Array, b: Array, out: Array) -> None:
    """out = a @ b in blocks below the size at which packing starts, where such blocks are not too thin."""
    rows, inner = a.shape
    columns = b.shape[1]
    width = WIDTH if columns % WIDTH == 0 else columns
    fitting = PACKING_STARTS // (inner * width)
    if fitting < 8 or rows * inner * columns > 16 * PACKING_STARTS:
        do(np.matmul, a, b, out)
        return
    pieces = -(-rows // fitting)
    block = rows // pieces
    cut = pieces * block
    left = a[:cut].reshape(pieces, 1, block, inner)
    right = b.reshape(1, inner, columns // width, width).transpose(0, 2, 1, 3)
    result = out[:cut].reshape(pieces, block, columns // width, width).transpose(0, 2, 1, 3)
    do(np.matmul, left, right, result)
    if cut < rows:
        do(np.matmul, a[cut:], b, out[cut:])
