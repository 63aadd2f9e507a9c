"""What is missing is downloaded, with a progress bar on standard error, so that standard output stays clean."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from engine.data.downloads import fetch
from engine.data.folders import MissingData

Made = TypeVar("Made")


def with_data(make: Callable[[], Made], quiet: bool = False) -> Made:
    """What `make` gives; where it lacks a public data set, that is downloaded first. Raises RunFailed where it cannot
    be had."""
    try:
        return make()
    except MissingData as missing:
        with Download(quiet) as download:
            fetch(missing.dataset, download)
        return make()


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
