"""How the machine's threads and floating-point unit are set up for training.

Import this before NumPy: the number of BLAS threads is read once, when NumPy is loaded. One thread is the default,
because BLAS threads spin at their barriers and any other busy thread (the screen) then makes training many times
slower.
"""

import ctypes
import os
import platform
import threading

POOLS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")

_FLUSH_TO_ZERO = 0x8040  # the bits FTZ and DAZ of the MXCSR word
_prepared = threading.local()


def limit_blas() -> None:
    """Asks every known BLAS for one thread, unless the person has said otherwise in the environment."""
    if not any(pool in os.environ for pool in POOLS):
        for pool in POOLS:
            os.environ[pool] = "1"


def prepare_thread() -> bool:
    """Makes the calling thread ready to train: denormals are flushed, strided ufuncs run without copying.

    After ReLU units die, Adam's moments decay into denormal numbers, which are up to 150 times slower to compute with.
    Returns whether denormals are flushed here (glibc on x86-64); elsewhere they are kept, and results are the same
    but for numbers below 1e-38.
    """
    if not hasattr(_prepared, "flushed"):
        import numpy as np

        np.setbufsize(1024)
        _prepared.flushed = _flush_denormals()
    return bool(_prepared.flushed)


def _flush_denormals() -> bool:
    if platform.machine() not in ("x86_64", "AMD64") or platform.libc_ver()[0] != "glibc":
        return False
    libm = ctypes.CDLL("libm.so.6")
    environment = ctypes.create_string_buffer(32)  # fenv_t; the MXCSR word stands at byte 28
    if libm.fegetenv(environment) != 0:
        return False
    control = int.from_bytes(environment.raw[28:32], "little") | _FLUSH_TO_ZERO
    ctypes.memmove(ctypes.addressof(environment) + 28, control.to_bytes(4, "little"), 4)
    return bool(libm.fesetenv(environment) == 0)
