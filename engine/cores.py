"""A second core: half of every large call runs in a second process, on the same memory.

A plan says which of its calls do not depend on each other (`Plan.halves`). Here the second half of those is handed to
a forked copy of this process, which waits in a loop for its turn. Two processes have two interpreters, so neither
holds the other up; what they both work on lies in shared memory. Threads would not do: handing over Python's lock
takes longer than most of the calls.

The halves are the same calls whether one core runs them or two, so the results are the same to the last bit, and
training may change between the two forms at any step: it does so where other programs want the cores too.
"""

import gc
import mmap
import os
import platform
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import NoReturn
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import DTypeLike

from engine.errors import BadInput, RunFailed
from engine.memory import Array
from engine.plan import Call, Plan

BLOCK = 1 << 20
ALIGNMENT = 64

PATIENCE = 2_000  # looks at the board, after which a waiting process gives way to others
AWAKE = 20_000  # looks, after which the second process sleeps between looks
NAP, LONGEST_NAP = 0.0002, 0.004  # seconds

LOOK = 0.1  # seconds from one look at the scheduler's record to the next
CROWDED = 0.2  # the share of the time spent in the scheduler's queue from which on one core is faster
REST = 2.0  # seconds on one core before the second one is tried again

_ORDERED, _WHICH, _DONE = range(3)


def available() -> bool:
    """Whether there is a second core that can be used: Linux on x86-64, whose processors see writes in their order."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    return len(os.sched_getaffinity(0)) > 1 and _granted() >= 2


def _granted() -> float:
    """How many cores' time a container is granted."""
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return inf if quota == "max" else int(quota) / int(period)
    return inf


def second_core(cores: int) -> "SecondCore | None":
    """A second core where two are asked for. Raises BadInput where there are not so many."""
    if cores > 1 and not available():
        raise BadInput(f"cores is {cores}: a second core is used on Linux and x86-64 where there is one; take 1")
    return SecondCore() if cores > 1 else None


class SharedMemory:
    """Makes arrays of zeros in memory that a forked process sees too; it is given back with the last array in it."""

    def __init__(self) -> None:
        self._block: mmap.mmap | None = None
        self._used = 0

    def __call__(self, shape: int | tuple[int, ...], dtype: DTypeLike, /) -> Array:
        """Zeros of `shape`."""
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        size = max(count * kind.itemsize, 1)
        if size > BLOCK // 4:
            return np.frombuffer(mmap.mmap(-1, size), kind, count).reshape(shape)
        if self._block is None or self._used + size > BLOCK:
            self._block, self._used = mmap.mmap(-1, BLOCK), 0
        start = self._used
        self._used += -(-size // ALIGNMENT) * ALIGNMENT
        return np.frombuffer(self._block, kind, count, start).reshape(shape)


class SecondCore:
    """Runs the second halves of plans whose arrays lie in its `memory`.

    `close` ends its process, which also ends by itself when this one does.
    """

    def __init__(self) -> None:
        self.memory = SharedMemory()
        self._board = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self._shared: WeakKeyDictionary[Plan, list[Call]] = WeakKeyDictionary()
        self._halves: list[list[Call]] = []
        self._process = self._ordered = 0
        self._looked = self._rested = time.perf_counter()
        self._queued = 0.0

    def calls(self, *plans: Plan) -> tuple[list[Call], ...]:
        """What this process is to call for each plan: the second core does the rest.

        Where the machine is crowded, it is all of them.
        """
        shared = tuple(self._calls(plan) for plan in plans)
        if self._crowded():
            return tuple(plan.calls for plan in plans)
        self._start()
        return shared

    def forget(self) -> None:
        """Ends the second process and drops all plans: others take their place."""
        self.close()
        self._shared.clear()
        self._halves.clear()

    def close(self) -> None:
        """Ends the second process; it starts again when there are calls for it."""
        if self._process:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
            self._process = 0

    def __del__(self) -> None:
        self.close()

    def _calls(self, plan: Plan) -> list[Call]:
        if plan not in self._shared:
            calls: list[Call] = []
            for first, second in _halves(plan):
                if second:
                    self.close()  # a process sees only what there was when it was forked
                    calls.append((partial(self._order, len(self._halves)), ()))
                    self._halves.append(second)
                calls += first
                if second:
                    calls.append((self._wait, ()))
            self._shared[plan] = calls
        return self._shared[plan]

    def _start(self) -> None:
        if self._process or not self._halves:
            return
        self._board[_DONE] = self._board[_ORDERED] = self._ordered = 0
        parent = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the copy takes no locks
            self._process = os.fork()
        if not self._process:
            _serve(self._board, self._halves, parent)
        self._queued = self._in_queue()

    def _order(self, number: int) -> None:
        self._ordered += 1
        self._board[_WHICH] = number
        self._board[_ORDERED] = self._ordered

    def _wait(self) -> None:
        board, ordered = self._board, self._ordered
        for _ in range(PATIENCE):
            if board[_DONE] == ordered:
                return
        while board[_DONE] != ordered:
            os.sched_yield()
            if os.waitpid(self._process, os.WNOHANG)[0]:
                self._process = 0
                raise RunFailed("the process on the second core was ended from outside; train with --cores 1")

    def _crowded(self) -> bool:
        """Whether other programs keep the two processes from the cores."""
        now = time.perf_counter()
        if now < self._rested:
            return True
        if self._process and now - self._looked > LOOK:
            queued = self._in_queue()
            if queued - self._queued > CROWDED * (now - self._looked):
                self._rested = now + REST
            self._looked, self._queued = now, queued
        return now < self._rested

    def _in_queue(self) -> float:
        """Seconds that both processes were ready and had no core, as the kernel counts them."""
        total = 0.0
        for process in (os.getpid(), self._process):
            with suppress(OSError, ValueError, IndexError):
                total += int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
        return total


def _serve(board: memoryview, halves: list[list[Call]], parent: int) -> NoReturn:
    """The second process: does what is ordered, and sleeps where nothing is for long."""
    gc.disable()
    done, looks, nap = 0, 0, NAP
    try:
        for sent_to_all in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sent_to_all, signal.SIG_IGN)
        while True:
            if board[_ORDERED] != done:
                for function, args in halves[board[_WHICH]]:
                    function(*args)
                done += 1
                board[_DONE] = done
                looks, nap = 0, NAP
            elif looks < AWAKE:
                looks += 1
                if looks > PATIENCE:
                    os.sched_yield()
            else:
                if os.getppid() != parent:
                    break
                time.sleep(nap)
                nap = min(2 * nap, LONGEST_NAP)
    finally:
        os._exit(0)


def _halves(plan: Plan) -> Iterator[tuple[list[Call], list[Call]]]:
    """The plan's calls in runs, in order: those that go together, each split into its first and second half."""
    run: tuple[list[Call], list[Call]] = ([], [])
    last = -1
    for call, (group, half) in zip(plan.calls, plan.places, strict=True):
        if group != last:
            yield run
            run, last = ([], []), group
        run[half].append(call)
    yield run
