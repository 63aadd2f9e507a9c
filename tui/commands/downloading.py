"""A progress bar for downloads, on standard error, so that standard output stays clean."""

import os
import sys
from contextlib import AbstractContextManager
from typing import Any


class Download(AbstractContextManager["Download"]):
    """Called with (file, bytes so far, bytes in all) while a download runs; silent where nobody watches."""

    def __init__(self, quiet: bool = False) -> None:
        self.silent = quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb"
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, file: str, done: int, total: int) -> None:
        if self.silent:
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
            self._progress = Progress(*columns, console=Console(stderr=True))
            self._progress.start()
        if file not in self._tasks:
            self._tasks[file] = self._progress.add_task(file, total=total or None)
        self._progress.update(self._tasks[file], completed=done, total=total or None)
