"""Where the program keeps things: settings, the log, runs that were saved, and by itself every run that was trained.

A run that is kept has a folder of its own, in which it is saved now and then and when another one takes its place; the
latest are kept, whatever became of their process. Folders follow the platform (XDG on Linux). Nothing here may stop the
program: what cannot be written is told once.
"""

import json
import logging
import os
import re
import shutil
import time
import traceback
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import count
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from platformdirs import user_config_path, user_data_path, user_state_path

from tui.naming import Titles

if TYPE_CHECKING:
    from engine import EpochRow, Experiment, Splits, Trainer

PROGRAM = "nn-tui"
CHECKPOINT = "checkpoint.safetensors"
SUMMARY = "summary.json"
KEPT_RUNS, KEPT_BYTES = 10, 200_000_000  # of those kept by themselves; the latest whatever its size
HOME = re.compile(r"\d{8}-\d{6}-\d+-\d+")  # a kept run's folder: when it was made, a number, the process
LARGEST_LOG = 1_000_000  # bytes, before the log starts a new file

BEST = {
    "valid_accuracy": "validation accuracy", "valid_loss": "validation loss",
    "train_accuracy": "training accuracy", "train_loss": "training loss",
}  # fmt: skip

log = logging.getLogger(PROGRAM)


@dataclass(frozen=True)
class SavedRun:
    """A run on the disk, as a list shows it.

    `when` it was saved is in seconds since 1970, `best` its best value in words; `replaced` says that another run took
    its place, `done` that it had come to its end, and `source` is the fingerprint of the experiment it came from.
    """

    folder: Path
    title: str
    epoch: int
    epochs: int
    step: int
    when: float
    best: str = ""
    replaced: bool = False
    done: bool = False
    source: str = ""

    def line(self) -> str:
        """How far it is, such as "epoch 3/20, best validation accuracy 95.8 %, replaced 2 hours ago"."""
        far = f"epoch {self.epoch}/{self.epochs}" if self.epoch else f"step {self.step}"
        when = "replaced " * self.replaced + ago(time.time() - self.when)
        return ", ".join(filter(None, (far, self.best, when)))


class LogFile(logging.FileHandler):
    """The log's file. A line for which the disk has no room is lost, and nobody is told."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says nothing: there is a screen where Python would write a traceback."""


class Store:
    """The program's folders.

    `trouble` is the first thing that could not be written, in one line, and then each run that is lost by it; `parted`
    says that a run was kept which another one replaced, until that is told. `source` is the fingerprint of the
    experiment opened last, and `seconds` what it took to keep a run the last time.
    """

    def __init__(self, config: Path, state: Path, data: Path) -> None:
        self.settings_file = config / "settings.toml"
        self.log_file = state / "nn-tui.log"
        self.sessions = state / "sessions"
        self.runs = data / "runs"
        self.titles = Titles()
        self.source = ""
        self.trouble: str | None = None
        self.parted = False
        self.seconds = 0.0
        self._homes: WeakKeyDictionary[Trainer, tuple[Path, Hashable]] = WeakKeyDictionary()  # and what they hold
        self._mine: set[Path] = set()
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
            self._handler = LogFile(self.log_file, encoding="utf-8")
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
            with suppress(OSError):
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

    def keep(self, trainer: "Trainer") -> Path | None:
        """Saves the run with its record, so that it is offered at the next start, and gives its folder; None where that
        is not possible. Runs on the training thread."""
        from engine import Failure

        began = time.perf_counter()
        try:
            return self._save(trainer, replaced=False)
        except (OSError, Failure) as error:
            if isinstance(error, OSError):
                self._trouble(error, self.sessions)
            else:
                log.warning("%s", error)
                self.trouble = self.trouble or str(error)
            return None
        finally:
            self.seconds = time.perf_counter() - began

    def part(self, trainer: "Trainer", data: Path | None = None) -> "Callable[[Splits | None], Trainer] | None":
        """Saves a run that is about to be replaced, and gives what brings it back, with data files in `data`; None
        where it cannot be saved, which is told."""
        from engine import Failure
        from engine.files import reason

        home, held = self._homes.get(trainer, (None, None))
        if home is not None and home.parent != self.sessions and held == _moment(trainer):
            return partial(self.reopen, home, data)  # as it was saved on purpose
        try:
            home = self._save(trainer, replaced=True)
        except (OSError, Failure) as error:
            self.trouble = f"the run before is not kept: {reason(error)}"
            log.warning("%s", self.trouble)
            return None
        finally:
            self._homes.pop(trainer, None)
        self.parted = True
        self.tidy()
        return partial(self.reopen, home, data)

    def reopen(self, folder: Path, data: Path | None = None, splits: "Splits | None" = None) -> "Trainer":
        """A run exactly as it was saved; one that was kept goes on in its folder. Raises BadInput."""
        from engine.run import Run

        trainer = Run.resume(folder, data, splits=splits).trainer
        is_kept = folder.parent == self.sessions
        if is_kept and folder not in self._mine:
            try:
                folder = folder.rename(self._new_home())
            except OSError:  # another process has just taken it, so this one keeps a copy
                self.keep(trainer)
                return trainer
        self._homes[trainer] = folder, _moment(trainer)
        if is_kept:
            self.keep(trainer)
        return trainer

    def _save(self, trainer: "Trainer", replaced: bool) -> Path:
        """Saves a run in the folder that it has, or a new one. Raises OSError, BadInput or RunFailed; then nothing is
        left but what was saved before."""
        from engine import RunFailed
        from engine.checkpoint import save_checkpoint
        from engine.files import write_atomically
        from engine.run import write_record

        home, held = self._homes.get(trainer, (None, None))
        now = _moment(trainer)
        if home is None or home.parent != self.sessions:
            home, held = self._new_home(), None
        try:
            home.mkdir(parents=True, exist_ok=True)
            if held != now or not (home / CHECKPOINT).is_file():
                write_record(trainer, home, trainer.history.rows)
                save_checkpoint(trainer, home / CHECKPOINT)
            summary = self._summary(trainer, replaced)
            write_atomically(home / SUMMARY, json.dumps(summary).encode())
        except Exception as error:
            if not (home / SUMMARY).exists():
                shutil.rmtree(home, ignore_errors=True)
            if isinstance(error, MemoryError):
                raise RunFailed("there is not enough memory to save the run") from None
            raise
        self._homes[trainer] = home, now
        return home

    def _new_home(self) -> Path:
        """A folder that is not there yet, for a run of this process."""
        stem, process = time.strftime("%Y%m%d-%H%M%S"), os.getpid()
        places = (self.sessions / f"{stem}-{number}-{process}" for number in count(1))
        home = next(place for place in places if place not in self._mine and not place.exists())
        self._mine.add(home)
        return home

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
            write_atomically(folder / SUMMARY, json.dumps(self._summary(trainer)).encode())
        except Failure as error:
            log.warning("%s", error)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def unfinished(self, source: str | None = None) -> SavedRun | None:
        """The run that the last process left before its end, unless it came from another experiment than `source`."""
        last = next(iter(self.kept_runs()), None)
        if last is None or last.replaced or last.done:
            return None
        return last if source in (None, last.source) else None

    def kept_runs(self) -> list[SavedRun]:
        """The runs that were kept by themselves, but those in use, the latest first."""
        return [run for run in _runs_in(self.sessions) if self._is_free(run)]

    def _is_free(self, run: SavedRun) -> bool:
        if run.folder in self._mine:
            return run.replaced
        process = _process(run.folder)
        return process == os.getpid() or not _is_alive(process)

    def saved_runs(self) -> list[SavedRun]:
        """The runs that were saved on purpose, the newest first."""
        return _runs_in(self.runs)

    def tidy(self) -> None:
        """Drops all kept runs but the latest, by number and bytes, and what is left of one that was never whole."""
        room = KEPT_BYTES
        for folder in self._torn():
            shutil.rmtree(folder, ignore_errors=True)
        for place, run in enumerate(self.kept_runs()):
            with suppress(OSError):
                room -= sum(file.stat().st_size for file in run.folder.iterdir())
            if place >= KEPT_RUNS or (place and room < 0):
                shutil.rmtree(run.folder, ignore_errors=True)

    def _torn(self) -> list[Path]:
        """Folders of processes that were killed before the first run in them was saved."""
        try:
            folders = [folder for folder in self.sessions.iterdir() if HOME.fullmatch(folder.name)]
            return [
                folder
                for folder in folders
                if not (folder / SUMMARY).exists() and not _is_alive(_process(folder)) and folder not in self._mine
            ]
        except OSError:
            return []

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

    def _summary(self, trainer: "Trainer", replaced: bool = False) -> dict[str, Any]:
        """What a list of runs shows of one."""
        state, experiment = trainer.state, trainer.experiment
        return {
            "title": self.titles.of(experiment), "epoch": state.epoch, "epochs": experiment.epochs, "step": state.step,
            "when": time.time(), "best": best_of(trainer.history.rows), "replaced": replaced, "done": trainer.done,
            "source": self.source,
        }  # fmt: skip

    def _trouble(self, error: OSError, path: Path) -> None:
        line = f"{path} cannot be written: {(error.strerror or str(error)).lower()}; the program works on without it"
        log.warning("%s", line)
        self.trouble = self.trouble or line


def fingerprint(experiment: "Experiment") -> str:
    """The same for equal experiments, in any process."""
    return sha256(json.dumps(experiment.table(), sort_keys=True, default=str).encode()).hexdigest()


def best_of(rows: "Sequence[EpochRow]") -> str:
    """The best value of a record in words: of validation where there is one, the accuracy where there is one."""
    for name, words in BEST.items():
        values = [value for row in rows[1:] if (value := getattr(row, name)) is not None and isfinite(value)]
        if values:
            best = f"{100 * max(values):.1f} %" if "accuracy" in name else f"{min(values):.3g}"
            return f"best {words} {best}"
    return ""


def _moment(trainer: "Trainer") -> Hashable:
    """What a saved run holds, told from what it held at another time."""
    return trainer.state.step, trainer.history.version, trainer.history.steps, len(trainer.edits)


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
    now = time.time()  # a later one was saved while the clock was wrong, and nobody knows when
    return sorted(found, key=lambda run: (run.when <= now, run.when), reverse=True)


def _read(summary: Path) -> SavedRun | None:
    try:
        table: dict[str, Any] = json.loads(summary.read_text("utf-8"))
        run = SavedRun(
            summary.parent, str(table["title"]), int(table["epoch"]), int(table["epochs"]), int(table["step"]),
            float(table["when"]), str(table.get("best", "")), bool(table.get("replaced")), bool(table.get("done")),
            str(table.get("source", "")),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return run if isfinite(run.when) and (run.folder / CHECKPOINT).is_file() else None


def _process(folder: Path) -> int:
    tail = folder.name.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def _is_alive(process: int) -> bool:
    if process <= 0 or os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has so large a number
        return False
    except OSError:
        return True
    return True
