"""What a run ran on: versions, machine, BLAS. Bits may differ between machines, so a run writes it down."""

import os
import platform
from importlib import metadata
from typing import Any

import numpy as np

from engine.threads import POOLS, prepare_thread


def describe_machine() -> dict[str, Any]:
    """Program, Python, NumPy, machine, BLAS and its threads, and whether denormals are flushed, as JSON holds it."""
    from engine import __version__

    return {
        "versions": {
            "nn-tui": __version__, "python": platform.python_version(), "numpy": np.__version__,
            "safetensors": metadata.version("safetensors"),
        },
        "machine": {
            "system": f"{platform.system()} {platform.release()}", "architecture": platform.machine(),
            "processor": _processor(), "cores": os.cpu_count(),
        },
        "blas": _blas(),
        "denormals_flushed": prepare_thread(),
    }  # fmt: skip


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        lines = []
    return lines[0] if lines else platform.processor()


def _blas() -> dict[str, Any]:
    """Name, version and threads: as threadpoolctl finds them at work, else as NumPy was built and asked to."""
    try:
        import threadpoolctl  # type: ignore[import-untyped]
    except ImportError:
        pass
    else:
        for library in threadpoolctl.threadpool_info():
            if library["user_api"] == "blas":
                return {key: library.get(old) for key, old in _FROM_THREADPOOLCTL.items()}
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    asked = next((os.environ[pool] for pool in POOLS if os.environ.get(pool, "").isdigit()), None)
    return {"name": built.get("name"), "version": built.get("version"), "threads": asked and int(asked)}


_FROM_THREADPOOLCTL = {"name": "internal_api", "version": "version", "threads": "num_threads"}
