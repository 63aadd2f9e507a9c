"""The escape key, told from what comes behind it.

A terminal sends one byte for it, with which the sequences of other keys begin too. So Textual waits for up to 0.2 s and
takes a key that comes meanwhile for one pressed together with alt: escape and q would leave a screen, not quit. Here
what arrives later, by itself, is a key of its own; what a terminal sends at once stays one key.
"""

import os
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

ESCAPE = "\x1b"
GOES_ON = frozenset("[]OPX^_") | {ESCAPE}  # what a sequence that a slow line has cut in two may go on with


class Reader(XTermParser):
    """Textual's parser of what is typed, which an escape key by itself does not keep waiting."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._ends_in_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        """The keys and other events of what was read at once; nothing at all is the end."""
        if data and self._timeout_time is not None and self._ends_in_escape and data[0] not in GOES_ON:
            self._timeout_time = 0.0
            yield from self.tick()
        self._ends_in_escape = data.endswith(ESCAPE)
        yield from super().feed(data)


def read_escape_at_once() -> None:
    """Makes the drivers of this process read so."""
    if os.name == "posix":
        from textual.drivers import linux_driver

        linux_driver.XTermParser = Reader  # type: ignore[attr-defined]
