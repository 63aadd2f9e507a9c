"""Writing files so that they are there whole or not at all."""

import errno
import os
import threading
from pathlib import Path

from engine.errors import BadInput, Failure, RunFailed

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up", errno.EFBIG: "it is too large"}


def expanded(path: str | Path) -> Path:
    """The path with ~ and ~user put in full; where there is no such user it stays as it is."""
    return Path(os.path.expanduser(path))


def reason(error: Exception) -> str:
    """Why it could not be done, in lower case; of the system's errors without number and path: "permission denied"."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def unreadable(error: OSError, path: str | Path) -> BadInput:
    """The error of one line for a data file or folder that could not be read."""
    return BadInput(f"{path}: cannot be read ({reason(error)})")


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a temporary file in the same folder, flushes it to the disk and renames it to `path`.

    Raises RunFailed for a full disk and BadInput for a place that cannot be written; what stood at `path` stays.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        try:
            with open(partial, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise disk_failure(error, path) from None


def disk_failure(error: OSError, path: Path) -> Failure:
    """The error of one line for a file or folder that could not be written."""
    if error.errno in _FULL:
        return RunFailed(f"'{path}' cannot be written: {_FULL[error.errno]}; make room, or choose another folder")
    if error.errno == errno.EIO:
        return RunFailed(f"'{path}' cannot be written: the disk reports an error; choose another folder")
    return BadInput(f"'{path}' cannot be written: {reason(error)}; choose a folder that you can write to")
