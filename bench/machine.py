"""The machine in general words, and whether it is idle enough to measure."""

import os
import platform
from pathlib import Path
from time import monotonic, sleep

import numpy as np

IDLE = 0.06


def describe() -> str:
    """Processor, cores, system, Python, NumPy and its BLAS, in one line; nothing that names the machine."""
    flags = _read("/proc/cpuinfo")
    wide = ", AVX-512" if "avx512f" in flags else ", AVX2" if "avx2" in flags else ""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return (
        f"{platform.machine()}{wide}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__} with {blas['name']} {blas['version']}"
    )


def busy(seconds: float = 0.2) -> float:
    """The share of the processors' time that is in use, 0..1; from the load average where no time is counted."""
    before = _times()
    sleep(seconds)
    after = _times()
    if before is None or after is None:
        return min(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    passed = after[1] - before[1]
    return 1 - (after[0] - before[0]) / passed if passed else 0.0


def wait_for_idle(limit: float) -> tuple[bool, float]:
    """Waits at most `limit` seconds; returns whether the machine is idle now and how long that took."""
    start = monotonic()
    while busy() > IDLE:
        if monotonic() - start > limit:
            return False, monotonic() - start
        sleep(0.5)
    return True, monotonic() - start


def _times() -> tuple[int, int] | None:
    words = _read("/proc/stat").partition("\n")[0].split()[1:]
    ticks = [int(word) for word in words]
    return (ticks[3] + ticks[4], sum(ticks[:8])) if ticks else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
