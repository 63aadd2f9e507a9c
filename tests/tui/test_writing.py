"""A terminal that is gone, or does not read, holds nobody up."""

import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tui.writing import LastingWriter

FRAME = "frame" * 20_000  # more than a pseudo-terminal holds


@pytest.fixture
def terminal() -> Iterator[tuple[int, IO[str]]]:
    """The end that a terminal program reads, and the file that is written to."""
    reader, writer = pty.openpty()
    tty.setraw(writer)
    with open(writer, "w") as file:
        yield reader, file
    os.close(reader)


def test_writes_to_a_terminal_that_is_gone_return_at_once() -> None:
    reader, end = os.pipe()
    os.close(reader)
    with open(end, "w") as file:
        writer = LastingWriter(file)
        writer.start()
        for _ in range(100):
            writer.write(FRAME)
        writer.stop()
    assert not writer.is_alive()
    assert not writer.is_behind


def test_what_is_written_arrives(tmp_path: Path) -> None:
    place = tmp_path / "screen"
    with place.open("w") as file:
        writer = LastingWriter(file)
        writer.start()
        for text in ("a", "━", FRAME):
            writer.write(text)
        writer.stop()
    assert place.read_text("utf-8") == f"a━{FRAME}"


def test_a_terminal_that_does_not_read_is_behind_until_it_does(terminal: tuple[int, IO[str]]) -> None:
    reader, file = terminal
    writer = LastingWriter(file)
    writer.start()
    for _ in range(40):
        writer.write(FRAME)
    assert writer.is_behind
    got = b""
    while len(got) < 40 * len(FRAME):
        got += os.read(reader, 1 << 20)
    writer.stop()
    assert got == 40 * FRAME.encode()
    assert not writer.is_behind


def test_the_end_waits_for_no_reader_and_leaves_what_restores_the_terminal(terminal: tuple[int, IO[str]]) -> None:
    reader, file = terminal
    writer = LastingWriter(file)
    writer.start()
    writer.write(FRAME)
    writer.write("restored")
    writer.stop()
    assert not writer.is_alive()
    os.set_blocking(reader, False)
    got = b""
    while not got.endswith(b"restored"):
        got += os.read(reader, 1 << 20)
    assert len(got) < len(FRAME)
