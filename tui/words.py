"""Words that fit a width: a shorter text instead of a cut one, and lines that end behind a word or a phrase."""

from collections.abc import Sequence
from textwrap import wrap


def fitting(texts: Sequence[str], width: int) -> str:
    """The first of the texts that fits; an empty one where none does."""
    return next((text for text in texts if len(text) <= width), "")


def squeezed(texts: Sequence[str], width: int) -> str:
    """The first of the texts that fits; else the last one, cut off at an ellipsis."""
    return fitting(texts, width) or shortened(texts[-1], width)


def shortened(text: str, width: int) -> str:
    """A text, or its beginning and an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…" if width > 0 else ""


def cut(text: str, width: int) -> str:
    """A text, or its beginning and an ellipsis: behind a whole word, unless little of the room were used then."""
    if len(text) <= width:
        return text
    head = text[: max(0, width - 1)]
    words = head.rpartition(" ")[0]
    return f"{words} …" if len(words) > width // 3 else f"{head}…"


def ending(text: str, width: int) -> str:
    """A text, or an ellipsis and its end: the names of files differ there."""
    return text if len(text) <= width else f"…{text[len(text) - width + 1 :]}" if width > 0 else ""


def lines(text: str, width: int) -> list[str]:
    """A text on lines that end behind a word."""
    return wrap(text, max(1, width), break_on_hyphens=False)


def phrases(parts: Sequence[str], width: int) -> list[str]:
    """Phrases with commas between them, on lines that end behind a phrase where one fits."""
    found: list[str] = []
    for index, part in enumerate(parts):
        text = part + ("," if index < len(parts) - 1 else "")
        if found and len(found[-1]) + 1 + len(text) <= width:
            found[-1] += f" {text}"
        else:
            found += lines(text, width)
    return found
