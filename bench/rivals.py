"""Who takes part: every rival, how its process is started and which cases it can run; and the line protocol to it."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import which
from time import monotonic

from bench.cases import BEST, BOOK, EAGER, JAX, KARPATHY, NUMPY_ML, OURS, SHIPPED, SKLEARN, TF, Case
from engine.cores import available

HERE = Path(__file__).resolve().parent
START_LIMIT, ROUND_LIMIT = 300.0, 300.0
ENOUGH, LONG = 5, 1.0


@dataclass(frozen=True)
class Rival:
    """One way to run a case. Of the rivals of one family the fastest counts."""

    name: str
    family: str
    module: str
    variant: str = "-"
    threads: int = 1
    takes: Callable[[Case], bool] = lambda case: True
    source: str = ""

    def command(self, case: Case) -> list[str]:
        if self.source:
            return ["node", str(HERE / self.module), self.source, json.dumps(asdict(case))]
        return [sys.executable, "-m", "bench.child", self.module, self.variant, case.name]


def rivals(playground: str | None, convnetjs: str | None, numpy_ml: str | None, quick: bool) -> Iterator[Rival]:
    """Everybody, ours first. `quick` leaves out what takes long to start."""
    yield Rival(f"{OURS}, 1 core", OURS, "ours", "1")
    yield Rival(f"{OURS}, 2 cores", OURS, "ours", "2", takes=_large)
    for n in (1, 2):
        threads = f"{n} thread{'s' * (n > 1)}"
        yield Rival(f"{EAGER}, {threads}", EAGER, "pytorch", f"eager {n}", n, _steps("train", "evaluate"))
        yield Rival(f"PyTorch fused, {threads}", BEST, "pytorch", f"fused {n}", n, _adam)
    if not quick:
        yield Rival("PyTorch fused compiled, 1 thread", BEST, "pytorch", "fused compiled 1", 1, _adam)
    yield Rival("PyTorch fused channels last, 2 threads", BEST, "pytorch", "fused channels 2", 2, _images)
    yield Rival(SHIPPED, SHIPPED, "pytorch", "shipped 2", 2, _mnist)
    yield Rival("PyTorch as shipped, 1 thread", SHIPPED, "pytorch", "shipped 1", 1, _mnist)
    yield Rival(SKLEARN, SKLEARN, "scikit", takes=_dense)
    yield Rival(JAX, JAX, "xla", takes=_steps("train", "evaluate"))
    yield Rival(BOOK, BOOK, "book", takes=lambda case: _dense(case) and case.kind == "train")
    if playground:
        yield Rival(TF, TF, "playground.mjs", takes=_playground, source=playground)
    if convnetjs:
        yield Rival(KARPATHY, KARPATHY, "convnetjs.mjs", takes=_convnetjs, source=convnetjs)
    if numpy_ml:
        yield Rival(NUMPY_ML, NUMPY_ML, "numpy_ml", str(Path(numpy_ml).resolve()), takes=_numpy_ml)


def _steps(*kinds: str) -> Callable[[Case], bool]:
    return lambda case: case.kind in kinds


def _large(case: Case) -> bool:
    return case.shape != (2,) and case.kind != "memory" and available()


def _dense(case: Case) -> bool:
    return not case.sees and case.kind in ("train", "evaluate")


def _adam(case: Case) -> bool:
    return case.kind == "train" and case.optimizer == "adam"


def _images(case: Case) -> bool:
    return _adam(case) and case.sees


def _mnist(case: Case) -> bool:
    return case.kind == "epoch" or (case.kind == "train" and case.shape == (784,) and case.batch == 32)


def _playground(case: Case) -> bool:
    return case.shape == (2,) and case.kind in ("train", "page", "boundary")


def _convnetjs(case: Case) -> bool:
    return case.kind == "train" and _plain(case) and case.batch <= 32


def _numpy_ml(case: Case) -> bool:
    return case.kind == "train" and _plain(case) and case.batch == 32


def _plain(case: Case) -> bool:
    """Whether there is nothing but dense layers, 3x3 convolutions over few channels, and pooling."""
    return not case.has("batch_norm") and case.sees == case.has("conv") and case.shape[0] != 3


class Child:
    """The process of a rival. `problem` says why it cannot take part, or is empty."""

    def __init__(self, rival: Rival, case: Case) -> None:
        self.rival, self.unit, self.problem, self.version = rival, case.unit, "", ""
        self.results: list[float] = []
        self.done = False
        if rival.source and which("node") is None:
            self.process, self.problem = None, "not installed (node)"
            return
        pools = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        self.process = subprocess.Popen(
            rival.command(case), cwd=HERE.parent, env={**os.environ, **dict.fromkeys(pools, str(rival.threads))},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
        )  # fmt: skip
        word, _, rest = self._line(START_LIMIT).partition(" ")
        if word == "ready":
            self.version = rest
        else:
            self.problem = rest or "ended without a word"

    def round(self, seconds: float) -> None:
        """Runs one round and keeps its number; a rival that ends or hangs is out from here on.

        One whose single step takes longer than a second has done enough after a few rounds.
        """
        if self.problem or self.process is None or self.process.stdin is None or self.done:
            return
        try:
            start = monotonic()
            self.process.stdin.write(f"round {seconds}\n")
            self.results.append(float(self._line(ROUND_LIMIT)))
            slow = self.unit == "us" and monotonic() - start > seconds + LONG
            self.done = slow and len(self.results) >= ENOUGH
        except (BrokenPipeError, ValueError):
            self.problem = "ended in the middle"

    def close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def _line(self, limit: float) -> str:
        if self.process is None or self.process.stdout is None:
            return ""
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        if not ready:
            self.process.kill()
            return f"missing no answer in {limit:.0f} s"
        return self.process.stdout.readline().strip()
