"""Where the program keeps things: settings, the log, runs, and the state of the session for the day it dies.

Folders follow the platform (XDG on Linux). Nothing here may stop the program: what cannot be written is told once.
"""

import json
import logging
import os
import re
import shutil
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_config_path, user_data_path, user_state_path

if TYPE_CHECKING:
    from engine import Trainer

PROGRAM = "nn-tui"
CHECKPOINT = "checkpoint.safetensors"
SUMMARY = "summary.json"
KEPT_SESSIONS = 5
LARGEST_LOG = 1_000_000  # bytes, before the log starts a new file

log = logging.getLogger(PROGRAM)


@dataclass(frozen=True)
class SavedRun:
    """A run on the disk, as a list shows it; `when` is in seconds since 1970."""

    folder: Path
    title: str
    epoch: int
    epochs: int
    step: int
    when: float

    @property
    def checkpoint(self) -> Path:
        """The file that `load_checkpoint` reads."""
        return self.folder / CHECKPOINT

    def line(self) -> str:
        """The run in a line, such as "Handwritten digits, epoch 3/20, step 135, 2 hours ago"."""
        return f"{self.title}, epoch {self.epoch}/{self.epochs}, step {self.step}, {ago(time.time() - self.when)}"


class Store:
    """The program's folders. `trouble` is the first thing that could not be written, in one line."""

    def __init__(self, config: Path, state: Path, data: Path) -> None:
        self.settings_file = config / "settings.toml"
        self.log_file = state / "nn-tui.log"
        self.sessions = state / "sessions"
        self.runs = data / "runs"
        self.session = self.sessions / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self.trouble: str | None = None
        self._handler: logging.Handler | None = None

    @classmethod
    def of_person(cls) -> "Store":
        """The folders of the person who runs the program."""
        return cls(
            user_config_path(PROGRAM, appauthor=False),
            user_state_path(PROGRAM, appauthor=False),
            user_data_path(PROGRAM, appauthor=False),
        )

    # ------------------------------------------------------------------------------------------ the log

    def open_log(self) -> None:
        """Sends the program's log to a file, which starts anew when it is large."""
        try:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            if self.log_file.exists() and self.log_file.stat().st_size > LARGEST_LOG:
                self.log_file.replace(self.log_file.with_suffix(".old.log"))
            self._handler = logging.FileHandler(self.log_file, encoding="utf-8")
        except OSError as error:
            self._trouble(error, self.log_file)
            self._handler = logging.NullHandler()
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(self._handler)
        log.setLevel(logging.INFO)
        log.propagate = False

    def close_log(self) -> None:
        """Closes the file."""
        if self._handler is not None:
            log.removeHandler(self._handler)
            self._handler.close()
            self._handler = None

    def crash(self, error: BaseException) -> Path | None:
        """Writes the traceback of a bug to a file of its own and gives its place, None where that is not possible."""
        text = "".join(traceback.format_exception(error))
        log.error("crash\n%s", text)
        path = self.log_file.parent / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as problem:
            self._trouble(problem, path)
            return None
        return path

    # ------------------------------------------------------------------------------------------ runs

    def keep_session(self, trainer: "Trainer") -> None:
        """Saves the run with its record, so that it is offered at the next start; runs on the training thread."""
        from engine import Failure
        from engine.checkpoint import save_checkpoint
        from engine.files import write_atomically
        from engine.run import write_tables

        try:
            self.session.mkdir(parents=True, exist_ok=True)
            write_tables(trainer, self.session, trainer.history.rows)
            save_checkpoint(trainer, self.session / CHECKPOINT)
            write_atomically(self.session / SUMMARY, json.dumps(_summary(trainer)).encode())
        except OSError as error:
            self._trouble(error, self.session)
        except Failure as error:
            self.trouble = self.trouble or str(error)
            log.warning("%s", error)

    def forget_session(self) -> None:
        """Drops what was kept of the present session."""
        shutil.rmtree(self.session, ignore_errors=True)

    def save_run(self, trainer: "Trainer") -> Path:
        """Saves the run with all its files under its title and the time, and gives its folder.

        Raises BadInput or RunFailed where that is not possible; then nothing of it is left.
        """
        from engine import Failure
        from engine.files import write_atomically
        from engine.run import Run

        name = re.sub(r"[^a-z0-9]+", "-", trainer.experiment.title.lower()).strip("-")[:40] or "run"
        wanted = self.runs / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        places = (wanted.with_name(wanted.name + f"-{number}" * (number > 1)) for number in count(1))
        folder = next(place for place in places if not place.exists())
        try:
            Run.start(trainer, folder, "" if trainer.done else "interrupted")
            write_atomically(folder / SUMMARY, json.dumps(_summary(trainer)).encode())
        except Failure as error:
            log.warning("%s", error)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def last_session(self) -> SavedRun | None:
        """The newest run that another, finished process kept."""
        found = [run for run in _runs_in(self.sessions) if not _is_alive(_process(run.folder))]
        return found[0] if found else None

    def saved_runs(self) -> list[SavedRun]:
        """The runs that were saved on purpose, the newest first."""
        return _runs_in(self.runs)

    def tidy(self) -> None:
        """Drops all but the newest sessions of processes that are gone."""
        old = [run for run in _runs_in(self.sessions) if not _is_alive(_process(run.folder))]
        for run in old[KEPT_SESSIONS:]:
            shutil.rmtree(run.folder, ignore_errors=True)

    def write_text(self, path: Path, text: str) -> Path | None:
        """Writes an export, and gives its full path; None where that is not possible: `trouble` says why."""
        from engine import Failure
        from engine.files import write_atomically

        with suppress(OSError):  # a folder that was removed has no path
            path = path.absolute()
        try:
            write_atomically(path, text.encode())
        except Failure as error:
            log.warning("%s", error)
            self.trouble = str(error)
            return None
        return path

    def _trouble(self, error: OSError, path: Path) -> None:
        line = f"{path} cannot be written: {(error.strerror or str(error)).lower()}; the program works on without it"
        log.warning("%s", line)
        self.trouble = self.trouble or line


def _summary(trainer: "Trainer") -> dict[str, Any]:
    """What a list of runs shows of one."""
    state, experiment = trainer.state, trainer.experiment
    return {
        "title": experiment.title or "untitled", "epoch": state.epoch, "epochs": experiment.epochs,
        "step": state.step, "when": time.time(),
    }  # fmt: skip


def ago(seconds: float) -> str:
    """How long ago, in one unit: "3 minutes ago"."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _runs_in(folder: Path) -> list[SavedRun]:
    try:
        summaries = list(folder.glob(f"*/{SUMMARY}"))
    except OSError:
        return []
    found = [run for run in map(_read, summaries) if run is not None]
    return sorted(found, key=lambda run: run.when, reverse=True)


def _read(summary: Path) -> SavedRun | None:
    try:
        table: dict[str, Any] = json.loads(summary.read_text("utf-8"))
        run = SavedRun(
            summary.parent, str(table["title"]), int(table["epoch"]), int(table["epochs"]), int(table["step"]),
            float(table["when"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return run if run.checkpoint.is_file() else None


def _process(folder: Path) -> int:
    tail = folder.name.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _is_alive(process: int) -> bool:
    if process <= 0 or os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
