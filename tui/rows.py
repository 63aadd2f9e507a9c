"""The lines a form is made of: text in roles, which the form colours."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tui.fields import Field
from tui.words import cut

Part = tuple[str, str]  # a text and its role: "label", "value", "muted", "accent", "error", "heading", "effect"
ROOMY, VALUE = 48, 18  # with so many columns for a value it gets some, and its meaning the rest
LIVE, RESTARTS, WRONG, CURSOR = "•", "↻", "✗", "›"


@dataclass(frozen=True)
class Row(ABC):
    """A line of a form. `key` is its identity, by which the cursor stays on it when the rows are made anew."""

    key: str
    hint: str = ""
    selectable: ClassVar[bool] = True

    @abstractmethod
    def parts(self, width: int) -> Sequence[Part]:
        """What the line says, in at most `width` columns."""


@dataclass(frozen=True)
class HeadingRow(Row):
    """A title between groups of rows."""

    text: str = ""
    selectable: ClassVar[bool] = False

    def parts(self, width: int) -> Sequence[Part]:
        return ((self.text[:width], "heading"),)


@dataclass(frozen=True)
class FieldRow(Row):
    """A field: label, value, and, if `marked`, whether a change takes effect at once or starts the run over."""

    field: Field = field(kw_only=True)
    label_width: int = 12
    marked: bool = False

    def parts(self, width: int) -> Sequence[Part]:
        label, room = self.label(width)
        text, about = self.field.text(), ""
        if room >= ROOMY and len(text) < VALUE:
            about = cut(self.field.setting.meaning, room - VALUE)
        shown = cut(text, room) if not about else f"{text:<{VALUE}}"
        mark = "" if not self.marked else LIVE if self.field.live else RESTARTS
        return *label, (shown, "value"), (f"{about:<{room - len(shown)}} {mark}", "muted")

    def label(self, width: int) -> tuple[tuple[Part, ...], int]:
        """The label, and how many columns are left for the value before the mark; without marks it may be longer.

        The column of labels ends where it must for the longer of label and value to be whole, if both can be.
        """
        columns = min(self.label_width, max(6, width // 2 + (0 if self.marked else 2)))
        text, spare = f"{'  ' * self.field.depth}{self.field.label}", width - 3 - len(self.field.text())
        columns = max(columns, min(len(text), spare))
        text = cut(text, columns)
        columns = max(len(text), min(columns, spare))
        return ((f"{text:<{columns}} ", "label"),), max(1, width - columns - 3)
