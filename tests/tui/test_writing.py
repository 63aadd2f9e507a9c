"""A terminal that is gone holds nobody up."""

import io
import threading

from tui.writing import LastingWriter


class Gone(io.StringIO):
    """A terminal that is not there any more."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_hundred_writes_to_a_terminal_that_is_gone_return_at_once() -> None:
    writer = LastingWriter(Gone())
    writer.start()

    def write() -> None:
        for _ in range(100):
            writer.write("frame")
        writer.stop()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert not writer.is_alive()


def test_what_is_written_arrives() -> None:
    screen = io.StringIO()
    writer = LastingWriter(screen)
    writer.start()
    for text in ("a", "b", "c"):
        writer.write(text)
    writer.stop()
    assert screen.getvalue() == "abc"
