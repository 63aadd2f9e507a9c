"""`python -m bench.screen`: the workbench in a pseudo-terminal beside training. Prints a table, asserts nothing.

First paint and the time until the panels are there; from a key to what it shows, while training; bytes and time of the
screen's thread a frame on a running curve; steps a second beside the screen and without one.
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
from pathlib import Path
from statistics import median

from bench.machine import describe

FRAMES_PER_SECOND = 12
CASES = (
    ("tiny net (spiral)", "spiral", {}),
    ("mnist-mlp", "mnist-mlp", {}),
)
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of each measurement (default %(default)s)")
    parser.add_argument("--size", default="120x40", help="columns x rows (default %(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts to measure first paint (default %(default)s)")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    os.environ.setdefault("NN_TUI_DATA", "../shared/datasets")
    print(describe())
    with tempfile.TemporaryDirectory() as home:
        environment = _environment(home)
        starts = [_start(environment, (width, height)) for _ in range(args.starts)]
        print(f"\nfirst paint {median(paint for paint, _ in starts) * 1e3:.0f} ms, ", end="")
        print(f"panels after {median(full for _, full in starts) * 1e3:.0f} ms (median of {args.starts})\n")
        print("| beside training | key p50 | key p95 | bytes a frame | UI time a frame | steps/s | headless | share |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for title, name, changes in CASES:
            print(_measure(title, name, {**changes, "epochs": 1_000_000}, environment, (width, height), args.seconds))


def _environment(home: str) -> dict[str, str]:
    config = Path(home) / "config" / "nn-tui"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text("welcome = false\noffer_last_run = false\ntheme = 'dark'\n")
    folders = {f"XDG_{kind}_HOME": f"{home}/{kind.lower()}" for kind in ("CONFIG", "STATE", "DATA")}
    return {**folders, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def _start(environment: dict[str, str], size: tuple[int, int]) -> tuple[float, float]:
    screen = Screen(SHELL.format(name="digits", changes={}), environment, size)
    try:
        return screen.until(b"nn-tui"), screen.until(b"epoch 0/")
    finally:
        screen.close()


def _measure(
    title: str,
    name: str,
    changes: dict[str, object],
    environment: dict[str, str],
    size: tuple[int, int],
    seconds: float,
) -> str:
    code = HEADLESS.format(name=name, changes=changes, seconds=seconds)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    headless = float(done.stdout) if done.returncode == 0 else float("nan")
    screen = Screen(SHELL.format(name=name, changes=changes), environment, size)
    try:
        screen.until(b"epoch 0/")
        screen.read(2)
        screen.press(b" ", b"playing")
        screen.read(2)
        step, sent, used, began = screen.step(), len(screen.output), screen.thread_time(), time.perf_counter()
        screen.read(seconds)
        lasted = time.perf_counter() - began
        speed = (screen.step() - step) / lasted
        frames = lasted * FRAMES_PER_SECOND
        size_of_frame = (len(screen.output) - sent) / frames
        time_of_frame = (screen.thread_time() - used) / frames
        names = {b"1": b"1 Architecture", b"3": b"3 Loss", b"4": b"4 Gradients", b"5": b"5 Data"}
        waits = []
        for _ in range(10):
            for key, text in names.items():
                waits.append(screen.press(key, text))
                screen.read(0.05)
    finally:
        screen.close()
    waits.sort()
    cells = (
        f"{median(waits) * 1e3:.0f} ms", f"{waits[int(0.95 * len(waits))] * 1e3:.0f} ms", f"{size_of_frame:.0f} B",
        f"{time_of_frame * 1e3:.1f} ms", f"{speed:,.0f}", f"{headless:,.0f}", f"{speed / headless:.0%}",
    )  # fmt: skip
    return f"| {title} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
