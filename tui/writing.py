"""Writing to a terminal that may go away: what is written then is dropped, so that nobody waits for it."""

import os

from textual.drivers._writer_thread import WriterThread


class LastingWriter(WriterThread):
    """Textual's thread that writes; its own ends with the first error, and the screen's thread then waits for ever."""

    def run(self) -> None:
        try:
            super().run()
        except OSError:
            while self._queue.get() is not None:
                pass


def outlast_the_terminal() -> None:
    """Makes the drivers of this process write so."""
    if os.name == "posix":
        from textual.drivers import linux_driver

        linux_driver.WriterThread = LastingWriter  # type: ignore[misc]
