"""`python -m bench.screen`: the workbench in a pseudo-terminal beside training. Prints tables, asserts nothing.

First paint and the time until the panels are there; from a key to what it shows, while training; bytes and time of the
screen's thread a frame, for the whole dashboard, for the loss chart alone, and with each panel in use; steps a second
beside the screen as a share of those without one, measured before and after. Medians of several rounds, the lowest
and the highest, the goals, and whether they were reached.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import mnist_folder
from bench.machine import describe
from tui.settings import Settings

FRAMES_PER_SECOND = Settings().frames_per_second
PANELS = {b"1": "Architecture", b"2": "Optimizer", b"3": "Loss", b"4": "Gradients", b"5": "Data", b"6": "Timeline"}
KEYS = (b"1", b"3", b"4", b"5")
CASES = (("tiny net (spiral)", "spiral"), ("mnist-mlp", "mnist-mlp"))
SHELL = (
    "import sys; from tui.app import run_workbench; from functools import partial\n"
    "def load():\n"
    "    from engine import load_experiment\n"
    "    return load_experiment({name!r}, {changes!r})\n"
    "sys.exit(run_workbench(load))"
)
HEADLESS = (
    "import time; from engine import Session, load_experiment\n"
    "session = Session(load_experiment({name!r}, {changes!r})); session.start()\n"
    "while session.snapshot.activity == 'loading': time.sleep(0.01)\n"
    "session.play(); time.sleep(1.0); first = session.snapshot.step; began = time.perf_counter()\n"
    "time.sleep({seconds})\n"
    "print((session.snapshot.step - first) / (time.perf_counter() - began))"
)

TOKEN = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[(\d+)C|(\x1b\[[0-9;?<>=]*[a-zA-Z$]|\x1b\][^\x07]*\x07|\x1b[=>]|[\r\n])|(.)", re.S
)


class Screen:
    """The program in a pseudo-terminal."""

    def __init__(self, code: str, environment: dict[str, str], size: tuple[int, int]) -> None:
        self.output = b""
        self.began = time.perf_counter()
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.execve(sys.executable, [sys.executable, "-c", code], {**os.environ, **environment})
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def read(self, seconds: float) -> None:
        """Takes what comes within this time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.file], [], [], left)[0]:
                self.output += os.read(self.file, 1 << 16)

    def until(self, text: bytes, start: int = 0, seconds: float = 60) -> float:
        """Seconds from the start of the program until a text is drawn; NaN where it does not come."""
        end = time.perf_counter() + seconds
        while text not in self.output[start:]:
            if time.perf_counter() > end:
                return float("nan")
            if select.select([self.file], [], [], 0.1)[0]:
                self.output += os.read(self.file, 1 << 16)
        return time.perf_counter() - self.began

    def press(self, key: bytes, text: bytes) -> float:
        """Seconds from a key until a text is drawn."""
        start, pressed = len(self.output), time.perf_counter()
        os.write(self.file, key)
        self.until(text, start, 2)
        return time.perf_counter() - pressed

    def step(self) -> int:
        """The step that the header shows."""
        cells: dict[tuple[int, int], str] = {}
        row = column = 0
        for down, right, ahead, _, character in TOKEN.findall(self.output.decode(errors="ignore")):
            if down:
                row, column = int(down) - 1, int(right) - 1
            elif ahead:
                column += int(ahead)
            elif character:
                cells[row, column] = character
                column += 1
        header = "".join(cells.get((1, column), " ") for column in range(400))
        found = re.search(r"step (\d+)", header)
        return int(found[1]) if found else 0

    def thread_time(self) -> float:
        """Processor seconds of the thread that draws."""
        fields = Path(f"/proc/{self.process}/task/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the program."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.file)


@dataclass(frozen=True)
class Figure:
    """A line of the table: its name, how it reads, and its goal, the least where `most` is false."""

    name: str
    form: str
    goal: float | None = None
    most: bool = True

    def row(self, values: list[float]) -> str:
        """Median, lowest, highest, goal, and whether the median reaches it."""
        middle = median(values)
        cells = [self.name, *(self.form.format(value) for value in (middle, min(values), max(values)))]
        if self.goal is None:
            return f"| {' | '.join(cells)} | | |"
        reached = middle <= self.goal if self.most else middle >= self.goal
        goal = f"at {'most' if self.most else 'least'} {self.form.format(self.goal)}"
        return f"| {' | '.join(cells)} | {goal} | {'reached' if reached else 'missed'} |"


SHARE, KEY_P50, KEY_P95 = "training, share of headless", "key to screen, median", "key to screen, p95"
TIME, BYTES, CURVE = "screen's thread a frame", "bytes a frame, whole dashboard", "bytes a frame, loss chart alone"
PAINT, FULL, HELP = "first paint", "panels there", "--help"
FIGURES = (
    Figure(SHARE, "{:.0%}", 0.9, most=False), Figure(KEY_P50, "{:.0f} ms"), Figure(KEY_P95, "{:.0f} ms", 40),
    Figure(TIME, "{:.1f} ms", 10), Figure(BYTES, "{:,.0f} B", 2000), Figure(CURVE, "{:,.0f} B", 2000),
    *(Figure(f"{SHARE}, {name} in use", "{:.0%}", 0.9, most=False) for name in PANELS.values()),
    *(Figure(f"{TIME}, {name} in use", "{:.1f} ms", 10) for name in PANELS.values()),
)  # fmt: skip
STARTS = (Figure(PAINT, "{:.0f} ms", 450), Figure(FULL, "{:.0f} ms"), Figure(HELP, "{:.0f} ms", 60))
HEADER = "| {} | median | lowest | highest | goal | |\n| --- | ---: | ---: | ---: | --- | --- |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each measurement (default %(default)s)")
    parser.add_argument("--size", default="120x40", help="columns x rows (default %(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts to measure first paint (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each case (default %(default)s)")
    parser.add_argument("--brief", action="store_true", help="leave out the panels in use one by one")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    if folder := mnist_folder():
        os.environ["NN_TUI_DATA"] = str(folder)
    print(describe())
    with tempfile.TemporaryDirectory() as home:
        environment = _environment(home)
        starts = [_start(environment, (width, height)) for _ in range(args.starts)]
        _print(f"{args.starts} starts", STARTS, starts)
        for title, name in CASES:
            code = {"name": name, "changes": {"epochs": 1_000_000}}
            rounds = []
            for _ in range(args.rounds):
                before = _headless(code, args.seconds)
                found = _measure(code, environment, (width, height), args.seconds, args.brief)
                free = (before + _headless(code, args.seconds)) / 2
                rounds.append({key: value / free if key.startswith(SHARE) else value for key, value in found.items()})
            _print(f"beside training a {title}, {args.rounds} rounds", FIGURES, rounds)
    print(f"\nLoad of the machine at the end: {os.getloadavg()[0]:.1f}; the bench itself keeps about 1.2 busy.")


def _print(title: str, figures: tuple[Figure, ...], rounds: list[dict[str, float]]) -> None:
    print(f"\n{HEADER.format(title)}")
    for figure in figures:
        if values := [found[figure.name] for found in rounds if figure.name in found]:
            print(figure.row(values))


def _environment(home: str) -> dict[str, str]:
    config = Path(home) / "config" / "nn-tui"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text("welcome = false\noffer_last_run = false\ntheme = 'dark'\n")
    folders = {f"XDG_{kind}_HOME": f"{home}/{kind.lower()}" for kind in ("CONFIG", "STATE", "DATA")}
    return {**folders, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def _start(environment: dict[str, str], size: tuple[int, int]) -> dict[str, float]:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tui.cli", "--help"], stdout=subprocess.DEVNULL, check=True)
    asked = time.perf_counter() - began
    screen = Screen(SHELL.format(name="digits", changes={}), environment, size)
    try:
        return {PAINT: screen.until(b"nn-tui") * 1e3, FULL: screen.until(b"epoch 0/") * 1e3, HELP: asked * 1e3}
    finally:
        screen.close()


def _headless(code: dict[str, object], seconds: float) -> float:
    """Steps a second of a session without a screen; NaN where it fails."""
    script = HEADLESS.format(**code, seconds=seconds)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else float("nan")


def _watch(screen: Screen, seconds: float) -> tuple[float, float, float]:
    """Steps a second, milliseconds of the screen's thread a frame, bytes a frame."""
    step, sent, used, began = screen.step(), len(screen.output), screen.thread_time(), time.perf_counter()
    screen.read(seconds)
    lasted = time.perf_counter() - began
    frames = lasted * FRAMES_PER_SECOND
    used = (screen.thread_time() - used) / frames * 1e3
    return (screen.step() - step) / lasted, used, (len(screen.output) - sent) / frames


def _measure(
    code: dict[str, object],
    environment: dict[str, str],
    size: tuple[int, int],
    seconds: float,
    brief: bool,
) -> dict[str, float]:
    """The figures of one run of the workbench; instead of shares of the headless speed, steps a second."""
    screen = Screen(SHELL.format(**code), environment, size)
    try:
        screen.until(b"epoch 0/")
        screen.read(2)
        screen.press(b" ", b"playing")
        screen.read(2)
        found = dict(zip((SHARE, TIME, BYTES), _watch(screen, seconds), strict=True))
        waits = []
        for _ in range(10):
            for key in KEYS:
                waits.append(screen.press(key, f"{key.decode()} {PANELS[key]}".encode()) * 1e3)
                screen.read(0.05)
        found[KEY_P50], found[KEY_P95] = median(waits), sorted(waits)[int(0.95 * len(waits))]
        for key, name in {} if brief else PANELS.items():
            screen.press(key, b"")
            screen.read(0.5)
            found[f"{SHARE}, {name} in use"], found[f"{TIME}, {name} in use"], _ = _watch(screen, seconds)
        screen.press(b"3", b"")
        screen.press(b"f", b"")
        screen.read(0.5)
        screen.press(b"d", b"")
        screen.read(1)
        _, _, found[CURVE] = _watch(screen, seconds)
    finally:
        screen.close()
    return found


if __name__ == "__main__":
    main()
