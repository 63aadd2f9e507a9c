"""The program in a real pseudo-terminal: start, keys, sizes, signals, and the terminal as it was."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import PROGRAM, ROOT, Terminal

from tui.store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
Open = Callable[..., Terminal]
LONG = """
import sys
from tui.app import run_workbench
def load():
    from engine import load_experiment
    return load_experiment({source!r}, {{"epochs": 100_000}})
sys.exit(run_workbench(load))
"""
DIVERGING = LONG.replace("100_000", '9, "optimizer.lr": 1e6')
BROKEN = """
import sys
from tui import app
def broken(self):
    raise RuntimeError("a bug")
app.Workbench.action_zoom_panel = broken
sys.exit(app.run_workbench({source!r}))
"""
UNREAD = """
import sys
from tui import app
from tui.writing import is_behind
tick, first = app.Workbench._tick, []
def repaint(self):
    tick(self)
    self.screen.refresh()
    if self._session is not None and is_behind(self._driver):
        first.append(self.session.snapshot.step)
        if first[0] + 100 < first[-1]:
            open({source!r}, "w").write("still training")
app.Workbench._tick = repaint
def load():
    from engine import load_experiment
    return load_experiment("digits", {{"epochs": 100_000}})
sys.exit(app.run_workbench(load))
"""


@pytest.fixture
def open_terminal(own_folders: Path) -> Iterator[Open]:
    """Opens workbenches that are ended with the test."""
    opened: list[Terminal] = []

    def start(
        source: str | None = "xor-mlp", size: tuple[int, int] = (120, 40), code: str = PROGRAM, **more: str
    ) -> Terminal:
        variables = {
            f"XDG_{kind}_HOME": str(own_folders / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")
        }
        opened.append(Terminal(["-c", code.format(source=source)], {**variables, **more}, size))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def kept(own_folders: Path) -> list[Path]:
    """The summaries of runs that were kept, which are written last."""
    return list((own_folders / "state" / "nn-tui" / "sessions").glob("*/summary.json"))


def step_of(screen: str) -> int:
    """The step that the header shows."""
    found = re.search(r"step (\d+)", screen)
    return int(found[1]) if found else 0


def test_start_keys_and_a_clean_end(open_terminal: Open, own_folders: Path) -> None:
    terminal = open_terminal()
    terminal.wait_for("epoch 0/")
    terminal.press(b"s")
    terminal.wait_for("step 1")
    terminal.press(b"e")
    terminal.wait_for("epoch 1/")
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert terminal.is_restored()
    assert len(kept(own_folders)) == 1
    assert "end" in Store.of_person().log_file.read_text()


def test_keys_in_one_write_go_where_the_keys_before_them_lead(open_terminal: Open) -> None:
    terminal = open_terminal("xor-mlp")
    terminal.wait_for("epoch 0/")
    terminal.press(b"2\x1b[H\x1b[B\r0.07\r")
    terminal.wait_for("lr 0.07")
    start = len(terminal.output)
    terminal.press(b"6?")
    terminal.wait_for("is everything", start=start)
    terminal.press(b"?ospiral\re")
    terminal.wait_for("epoch 1/")
    terminal.press(b"q")
    assert terminal.wait() == 0


@pytest.mark.parametrize("stops", [[], [signal.SIGSTOP], [signal.SIGTSTP], [signal.SIGSTOP, signal.SIGTSTP]])
def test_a_program_that_was_stopped_and_continued_goes_on_and_ends(
    open_terminal: Open, stops: list[signal.Signals]
) -> None:
    terminal = open_terminal()
    terminal.wait_for("epoch 0/")
    for stop in stops or [signal.SIGCONT]:
        start = len(terminal.output)
        if stop != signal.SIGCONT:
            terminal.signal(stop)
            terminal.wait_until_stopped()
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("epoch 0/", start=start)
    terminal.press(b"s")
    terminal.wait_for("step 1")
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_a_key_from_before_the_first_frame_has_its_effect(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.press(b"e")
    terminal.wait_for("epoch 1/")
    terminal.press(b"q")
    assert terminal.wait() == 0


def test_a_run_without_a_step_leaves_nothing_behind(open_terminal: Open, own_folders: Path) -> None:
    terminal = open_terminal()
    terminal.wait_for("epoch 0/")
    terminal.press(b"\x11")
    assert terminal.wait() == 0
    assert not kept(own_folders)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_restore_the_terminal_and_save_the_run(
    open_terminal: Open, own_folders: Path, number: signal.Signals
) -> None:
    terminal = open_terminal("digits", code=LONG)
    terminal.wait_for("epoch 0/")
    terminal.press(b" ")
    terminal.wait_for("playing")
    terminal.signal(number)
    assert terminal.wait() == 128 + number
    assert terminal.is_restored()
    assert len(kept(own_folders)) == 1
    assert f"leaving on {number.name}" in Store.of_person().log_file.read_text()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process as Linux does")
@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_terminal_that_does_not_read_holds_up_neither_training_nor_the_end(
    open_terminal: Open, own_folders: Path, number: signal.Signals | None
) -> None:
    pipe = own_folders / "pipe"
    os.mkfifo(pipe)
    news = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    terminal = open_terminal(str(pipe), code=UNREAD)
    terminal.wait_for("epoch 0/")
    terminal.press(b" ")
    assert select.select([news], [], [], 15)[0], "it stood still"
    if number is None:
        terminal.press(b"q")
    else:
        terminal.signal(number)
    assert terminal.wait_unread() == (0 if number is None else 128 + number)
    os.close(news)
    assert terminal.is_restored()
    assert len(kept(own_folders)) == 1


def test_a_signal_while_loading(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("loading")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait() == 128 + signal.SIGTERM
    assert terminal.is_restored()


def test_a_terminal_that_goes_away(open_terminal: Open, own_folders: Path) -> None:
    terminal = open_terminal("digits")
    terminal.wait_for("epoch 0/")
    terminal.press(b"e")
    terminal.wait_for("epoch 1/")
    os.close(terminal.file)
    terminal.file = os.open(os.devnull, os.O_RDWR)
    end = time.perf_counter() + 15
    while (status := os.waitpid(terminal.process, os.WNOHANG))[0] == 0:
        assert time.perf_counter() < end
        time.sleep(0.02)
    terminal.code = os.waitstatus_to_exitcode(status[1])
    assert len(kept(own_folders)) == 1


def test_kill_and_restart_offers_the_run(open_terminal: Open, own_folders: Path) -> None:
    terminal = open_terminal("digits")
    terminal.wait_for("epoch 0/")
    terminal.press(b"e")
    terminal.wait_for("epoch 1/")
    end = time.perf_counter() + 10
    while not kept(own_folders):
        assert time.perf_counter() < end
        terminal.read(0.05)
    terminal.signal(signal.SIGKILL)
    assert terminal.wait() == -signal.SIGKILL
    again = open_terminal(None)
    again.wait_for("Go on where you stopped?")
    again.press(b"\r")
    again.wait_for("step 45 ")
    again.press(b"q")
    assert again.wait() == 0
    assert again.is_restored()


def test_a_bug_restores_the_terminal_and_says_where_the_traceback_is(open_terminal: Open, own_folders: Path) -> None:
    terminal = open_terminal("xor-mlp", code=BROKEN)
    terminal.wait_for("epoch 0/")
    terminal.press(b"s")
    terminal.wait_for("step 1")
    terminal.press(b"f")
    assert terminal.wait() == 1
    assert terminal.is_restored()
    said = terminal.text().rpartition("nn-tui: ")[2]
    assert "stopped by a bug of ours: RuntimeError: a bug; the traceback is in" in " ".join(said.split())
    assert "Traceback (" not in said
    assert list((own_folders / "state" / "nn-tui").glob("crash-*.log"))
    assert kept(own_folders)


def test_a_storm_of_sizes_while_training(open_terminal: Open) -> None:
    terminal = open_terminal("digits", code=LONG)
    terminal.wait_for("epoch 0/")
    terminal.press(b" ")
    for size in [(200, 60), (1, 1), (80, 24), (3, 40), (200, 2), (40, 12), (2, 2), (39, 9), (110, 30), (1, 60)] * 4:
        terminal.resize(*size)
        terminal.read(0.03)
    terminal.resize(120, 40)
    start = len(terminal.output)
    terminal.wait_for("playing", seconds=60, start=start)
    terminal.wait_for("step ", seconds=60, start=start)
    first = step_of(terminal.screen(start))
    end = time.perf_counter() + 60
    while step_of(terminal.screen(start)) == first:
        assert time.perf_counter() < end, f"it stood still: {terminal.screen(start)}"
        terminal.read(0.05)
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_a_run_that_diverges_is_said_and_starts_over(open_terminal: Open) -> None:
    terminal = open_terminal("digits", code=DIVERGING)
    terminal.wait_for("epoch 0/")
    terminal.press(b" ")
    terminal.wait_for("diverged")
    terminal.wait_for("goes back a batch")
    start = len(terminal.output)
    terminal.press(b"r")
    terminal.wait_for("paused", start=start)
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_a_home_that_cannot_be_written_to_is_said_and_does_not_stop_the_run(
    open_terminal: Open, own_folders: Path
) -> None:
    blocked = own_folders / "blocked"
    blocked.write_text("")
    homes = {f"XDG_{kind}_HOME": str(blocked / kind) for kind in ("STATE", "DATA", "CACHE")}
    terminal = open_terminal("xor-mlp", **homes)
    terminal.wait_for("written:")
    terminal.press(b"e")
    terminal.wait_for("epoch 1/")
    start = len(terminal.output)
    terminal.press(b"w")
    terminal.wait_for("choose", start=start)
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_the_terminal_knows_its_size_better_than_the_environment(open_terminal: Open) -> None:
    terminal = open_terminal(size=(100, 30), COLUMNS="80", LINES="24")
    terminal.wait_for("epoch 0/")
    start = len(terminal.output)
    terminal.resize(39, 9)
    terminal.wait_for("39x9, needs 40x10", start=start)
    terminal.press(b"q")
    assert terminal.wait() == 0


def test_too_small_says_so(open_terminal: Open) -> None:
    terminal = open_terminal(size=(39, 9))
    terminal.wait_for("needs 40x10")
    terminal.press(b"q")
    assert terminal.wait() == 0


def test_a_bad_experiment_is_one_line_on_the_restored_terminal(open_terminal: Open) -> None:
    terminal = open_terminal("nonsense")
    assert terminal.wait() == 2
    assert terminal.is_restored()
    assert "experiment 'nonsense': no such file" in terminal.text()
    assert "Traceback" not in terminal.text()


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "linux", "COLORTERM": ""}])
def test_few_colours_or_none(open_terminal: Open, variables: dict[str, str]) -> None:
    terminal = open_terminal(**variables)
    terminal.wait_for("epoch 0/")
    terminal.press(b"q")
    assert terminal.wait() == 0
    assert b"\x1b[38;2;" not in terminal.output
    assert b";38;2;" not in terminal.output
    if "NO_COLOR" in variables:
        assert b"[36m" not in terminal.output


def test_no_terminal_is_one_line_and_exit_code_two() -> None:
    code = "import sys; from tui.app import run_workbench; sys.exit(run_workbench('digits'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs a terminal" in done.stderr
    assert not done.stdout
