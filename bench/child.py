"""One rival in a process of its own: `python -m bench.child MODULE VARIANT CASE`.

Says `ready VERSION`, or `missing REASON`; then answers every line `round SECONDS` with one number in the case's unit.
Ends when its input ends. The drivers for Node speak the same protocol.
"""

import importlib
import sys
from collections.abc import Callable
from time import perf_counter

from bench.cases import CASES

Round = Callable[[float], float]


def repeat(run: Callable[[], object], steps: int = 1) -> Round:
    """A round that calls `run` for that many seconds (at least once) and gives microseconds for each of its steps."""

    def round_(seconds: float) -> float:
        count, start = 0, perf_counter()
        while True:
            run()
            count += steps
            if (spent := perf_counter() - start) >= seconds:
                return 1e6 * spent / count

    return round_


def once(steps: Callable[[int], object], count: int) -> Round:
    """A round that takes `count` steps, however long, and gives seconds."""

    def round_(_: float) -> float:
        start = perf_counter()
        steps(count)
        return perf_counter() - start

    return round_


def main() -> None:
    module, variant, name = sys.argv[1:]
    case = next(case for case in CASES if case.name == name)
    try:
        version, round_ = importlib.import_module(f"bench.{module}").build(case, variant)
        if case.kind not in ("epoch", "memory"):
            round_(0.5)
    except ImportError as problem:
        print("missing", f"not installed ({problem.name or problem})", flush=True)
        return
    except Exception as problem:
        print("missing", type(problem).__name__, str(problem).partition("\n")[0].partition(";")[0], flush=True)
        return
    print("ready", version, flush=True)
    for line in sys.stdin:
        print(round_(float(line.split()[1])), flush=True)


if __name__ == "__main__":
    main()
