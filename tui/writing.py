"""Writing to a terminal that may be slow, stop reading, or go away: nobody waits for it.

What is written waits in a queue without an end, and the screen draws nothing more while much of it is on its way. What
is written to a terminal that is gone is dropped. One that does not read holds up neither the screen nor the end of the
program: then what waits in its buffer is dropped too, so that what restores it arrives when it reads again.
"""

import os
from contextlib import suppress
from queue import SimpleQueue
from select import select
from typing import IO

from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread

MUCH = 4096  # characters on their way from which on nothing more is drawn
LAST = 1.0  # seconds that the terminal gets at the end to take what was written
LOOK = 0.1  # seconds between looks at a terminal that takes nothing


class LastingWriter(WriterThread):
    """Textual's thread that writes; its own makes the screen wait after thirty writes, for ever where it has died."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._asked = self._done = 0
        self._descriptor = _own_way(file.fileno())

    @property
    def is_behind(self) -> bool:
        """Whether much of what was written is still on its way."""
        return self._asked - self._done > MUCH

    def write(self, text: str) -> None:
        """Returns at once."""
        self._asked += len(text)
        self._texts.put(text)

    def run(self) -> None:
        try:
            while (text := self._texts.get()) is not None:
                self._send(memoryview(text.encode("utf-8", "replace")))
                self._done += len(text)
        except OSError:
            self._done = self._asked
            while (text := self._texts.get()) is not None:
                self._done += len(text)
        os.close(self._descriptor)

    def _send(self, data: memoryview) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                select([], [self._descriptor], [], LOOK)

    def stop(self) -> None:
        """Ends the thread when everything is written, or dropped by a terminal that does not read."""
        import termios

        self._texts.put(None)
        self.join(LAST)
        for _ in range(round(LAST / LOOK)):
            if self.is_alive():
                with suppress(OSError, termios.error):
                    termios.tcflush(self._descriptor, termios.TCOFLUSH)
                self.join(2 * LOOK)


def _own_way(descriptor: int) -> int:
    """The same terminal opened anew, so that writing to it need not wait; else the same as it is."""
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return os.dup(descriptor)


def is_behind(driver: Driver | None) -> bool:
    """Whether a terminal has yet to take much of what was written to it."""
    writer = getattr(driver, "_writer_thread", None)
    return isinstance(writer, LastingWriter) and writer.is_behind


def outlast_the_terminal() -> None:
    """Makes the drivers of this process write so."""
    if os.name == "posix":
        from textual.drivers import linux_driver

        linux_driver.WriterThread = LastingWriter  # type: ignore[misc]
