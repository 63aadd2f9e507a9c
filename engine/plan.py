"""A plan: the NumPy calls of a step, made once on ready-made arrays and then run again and again.

A layer's `forward` does not compute; it writes its formula down, one call a line, with the output last:

    do(np.multiply, x, 0.5, y)      # y = x / 2

Running a plan is running down that list. Nothing is allocated, looked up or converted on the way, which is what makes
tiny networks fast, and since a plan is data it can be shown call by call.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from engine.memory import Array

Call = tuple[Callable[..., Any], tuple[Any, ...]]

_KEYWORD_OUT = (np.maximum, np.minimum)  # NumPy 2.4 deprecates their positional output


class Plan:
    """A list of calls, each labelled with the part of the network that it belongs to."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self.calls: list[Call] = []
        self.labels: list[str] = []
        self.label = ""

    def __call__(self, function: Callable[..., Any], *args: Any) -> None:
        """Adds one call; Python numbers become 0-d arrays of the plan's type, which are faster to pass."""
        ready = [np.asarray(arg, self.dtype) if isinstance(arg, float) else arg for arg in args]
        if function in _KEYWORD_OUT:
            function = partial(function, out=ready.pop())
        self.calls.append((function, tuple(ready)))
        self.labels.append(self.label)

    def run(self) -> None:
        """Executes every call in order."""
        for function, args in self.calls:
            function(*args)


def product(do: Plan, a: Array, b: Array, out: Array, spare: Array | None = None) -> None:
    """out = a @ b, for a (m, k), b (k, n), out (m, n) C-contiguous; `spare` may hold a contiguous copy of b.

    OpenBLAS leaves out its packing below about a million multiplications, which is faster at these sizes, so a larger
    product is cut into blocks of rows by one batched matmul. The cut depends on the shapes alone: a run repeats bit
    for bit.
    """
    rows, inner = a.shape
    columns = b.shape[1]
    work = inner * columns
    if not PACKING_STARTS < rows * work <= 16 * PACKING_STARTS or FEWEST_ROWS * work > PACKING_STARTS:
        do(a.dot, b, out)
        return
    pieces = -(-rows // (PACKING_STARTS // work))
    block = rows // pieces
    cut = pieces * block
    if spare is not None:
        do(np.copyto, spare, b)
        b = spare
    do(np.matmul, a[:cut].reshape(pieces, block, inner), b, out[:cut].reshape(pieces, block, columns))
    if cut < rows:
        do(a[cut:].dot, b, out[cut:])


PACKING_STARTS = 950_000
FEWEST_ROWS = 12
