"""A pseudo-terminal with the workbench in it, from the standard library alone."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from tui.app import run_workbench; sys.exit(run_workbench({source!r}))"
ALT_SCREEN_ON, ALT_SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_SHOWN, MOUSE_OFF = b"\x1b[?25h", b"\x1b[?1003l"
TOKEN = re.compile(
    r"\x1b\[(?P<down>\d+);(?P<right>\d+)H|\x1b\[(?P<ahead>\d+)C|(?P<clear>\x1b\[2J)"
    r"|(?P<other>\x1b\[[0-9;?<>=]*[a-zA-Z$]|\x1b\][^\x07]*\x07|\x1b[=>]|\r)|(?P<new>\n)|(?P<character>.)",
    re.S,
)
MOST = 1 << 20  # bytes read at once, so that what is looked for is looked for in few and large steps
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z$]|\x1b\][^\x07]*\x07|\x1b[=>]")


class Terminal:
    """Runs a program in a pseudo-terminal; everything it ever wrote is in `output`."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], size: tuple[int, int] = (120, 40)) -> None:
        self.output = b""
        self.code: int | None = None
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, *arguments], {**os.environ, **environment})
        self.began = time.perf_counter()
        self.resize(*size)
        self.modes = termios.tcgetattr(self.file)

    def resize(self, width: int, height: int) -> None:
        """Changes the size, as a window does."""
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: bytes) -> None:
        """Types."""
        os.write(self.file, keys)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to this process alone."""
        os.kill(self.process, number)

    def wait_until_stopped(self) -> None:
        """Reads until the program is stopped by a signal."""
        done = 0
        while not done:
            self.read(0.05)
            done, _ = os.waitpid(self.process, os.WNOHANG | os.WUNTRACED)

    def read(self, seconds: float) -> bytes:
        """All that is written by the time that there is something, at most so many seconds from now."""
        more = b""
        while len(more) < MOST and select.select([self.file], [], [], 0 if more else seconds)[0]:
            try:
                part = os.read(self.file, 65536)
            except OSError:
                part = b""
            if not part:
                break
            more += part
        self.output += more
        return more

    def wait_for(self, text: str, seconds: float = 15, start: int = 0) -> float:
        """Reads until the text is on the screen or was drawn in one piece, and gives the seconds since the start.

        With `start`, only what was written from that byte on counts.
        """
        end = time.perf_counter() + seconds
        while text.encode() not in ESCAPES.sub(b"", self.output[start:]) and text not in self.screen(start):
            assert time.perf_counter() < end, f"no {text!r} in {self.text()[-2000:]}"
            self.read(0.1)
        return time.perf_counter() - self.began

    def wait(self, seconds: float = 15) -> int:
        """Reads until the program ends and gives its exit code, negative for a signal."""
        end = time.perf_counter() + seconds
        while self.code is None:
            assert time.perf_counter() < end, "the program did not end"
            self.read(0.05)
            done, status = os.waitpid(self.process, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
        while self.read(0.05):
            pass
        return self.code

    def wait_unread(self, seconds: float = 15) -> int:
        """Waits until the program ends, without reading what it writes, and gives its exit code."""
        process = os.pidfd_open(self.process)
        assert select.select([process], [], [], seconds)[0], "the program did not end"
        os.close(process)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        while self.read(0.05):
            pass
        return self.code

    def close(self) -> None:
        """Ends what is left."""
        if self.code is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.file)

    def screen(self, start: int = 0) -> str:
        """What stands on the screen, line by line; with `start`, only what was written from that byte on."""
        cells: dict[int, dict[int, str]] = {}
        row = column = 0
        for token in TOKEN.finditer(self.output[start:].decode("utf-8", "ignore")):
            if token["down"]:
                row, column = int(token["down"]) - 1, int(token["right"]) - 1
            elif token["ahead"]:
                column += int(token["ahead"])
            elif token["clear"]:
                cells.clear()
            elif token["new"]:
                row, column = row + 1, 0
            elif token["character"]:
                cells.setdefault(row, {})[column] = token["character"]
                column += 1
        return "\n".join(
            "".join(line.get(column, " ") for column in range(max(line) + 1)) for _, line in sorted(cells.items())
        )

    def text(self) -> str:
        """Everything written, without the escapes."""
        return ESCAPES.sub(b"", self.output).decode("utf-8", "replace")

    def is_restored(self) -> bool:
        """Whether the alternate screen was left, the cursor shown, the mouse let go and the line modes put back."""
        left = self.output.rfind(ALT_SCREEN_OFF) > self.output.rfind(ALT_SCREEN_ON)
        shown = self.output.rfind(CURSOR_SHOWN) > self.output.rfind(b"\x1b[?25l")
        return left and shown and MOUSE_OFF in self.output and termios.tcgetattr(self.file) == self.modes
