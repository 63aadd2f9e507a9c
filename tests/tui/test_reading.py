"""The escape key and a key that is pressed soon after it are two keys; what a terminal sends at once is one."""

import os

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from tui.reading import Reader, read_escape_at_once


def keys(*reads: str) -> list[str]:
    """The keys that are told right away when so much is read at a time."""
    reader = Reader()
    return [event.key for read in reads for event in reader.feed(read) if isinstance(event, Key)]


@pytest.mark.parametrize(("key", "name"), [("q", "q"), ("5", "5"), (" ", "space"), ("\r", "enter"), ("Q", "Q")])
def test_a_key_soon_after_escape_is_one_of_its_own(key: str, name: str) -> None:
    assert keys("\x1b", key) == ["escape", name]


def test_keys_that_a_terminal_sends_at_once_are_those_of_textual() -> None:
    for sequence in ("\x1b[A", "\x1bOP", "\x1bf", "\x1b[113;3u", "\x1b[Z"):
        expected = [event.key for event in XTermParser().feed(sequence) if isinstance(event, Key)]
        assert len(expected) == 1
        assert keys(sequence) == expected
        if sequence[1] in "[O":
            assert keys("\x1b", sequence[1:]) == expected, "cut in two on its way"


def test_escape_twice_and_a_paste_behind_it() -> None:
    assert keys("\x1b", "\x1b", "s") == ["escape", "escape", "s"]
    reader = Reader()
    list(reader.feed("\x1b"))
    pasted = [event for event in reader.feed("\x1b[200~a\x1b[201~b") if isinstance(event, Paste)]
    assert [event.text for event in pasted] == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="needs the driver of a terminal")
def test_the_driver_reads_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.drivers import linux_driver

    monkeypatch.setattr(linux_driver, "XTermParser", XTermParser)
    read_escape_at_once()
    assert linux_driver.XTermParser is Reader
