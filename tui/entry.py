"""A value on its way: typed, or chosen from a menu. No screen here: keys come by name, as Textual names them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tui.draft import Preview
from tui.fields import Field, Option


@dataclass(frozen=True)
class Verdict:
    """What would come of a value: the sentence that refuses it, or what it does, or why it has to wait for more.

    `preview` is the network that would come of it.
    """

    problem: str | None = None
    effect: str = ""
    warning: str = ""
    preview: Preview | None = None


Judge = Callable[[Any], Verdict]
NUMBER = re.compile(r"[+-]?(\d[\d_]*)?(\.\d*)?((?<=[\d.])[eE]([+-]?\d*))?")  # or the beginning of one
FINE = Verdict()


@dataclass(frozen=True)
class Typing:
    """A value being typed. `fresh`: the first character replaces all of it; `stepped`: it was stepped to, and steps on;
    `refused`: the character just typed, which is no part of a value."""

    field: Field
    text: str
    caret: int
    fresh: bool = True
    verdict: Verdict = FINE
    stepped: bool = False
    refused: str = ""

    def key(self, key: str, character: str | None) -> "Typing | None":
        """After a key; None where the key means nothing here."""
        return replace(self, refused="")._after(key, character)

    def _after(self, key: str, character: str | None) -> "Typing | None":
        before, after = self.text[: self.caret], self.text[self.caret :]
        moves = {"left": self.caret - 1, "right": self.caret + 1, "home": 0, "ctrl+a": 0}
        moves |= {"end": len(self.text), "ctrl+e": len(self.text)}
        if key in moves:
            return replace(self, caret=min(max(0, moves[key]), len(self.text)), fresh=False, stepped=False)
        if key in ("backspace", "ctrl+h"):
            return self._with(before[:-1], after)
        if key == "delete":
            return self._with(before, after[1:])
        if key == "ctrl+u":
            return self._with("", after)
        if key in ("up", "down"):
            return self.step(1 if key == "up" else -1)
        if character == "+" and self.fresh and self.field.numeric:
            return self.step(1)
        if character is not None and character.isprintable():
            typed = self.insert(character)
            return typed if typed.sensible or not self.sensible else replace(self, refused=character)
        return None

    def step(self, direction: int) -> "Typing":
        """The next sensible value up (1) or down (-1), where it is a number."""
        if not self.field.numeric:
            return self
        value = self.field.stepped(self.field.parse(self.text), direction)
        text = replace(self.field, value=value).source()
        return replace(self, text=text, caret=len(text), fresh=True, stepped=True, refused="")

    @property
    def sensible(self) -> bool:
        """Whether more can make a value of it: the beginning of a number, or of several, where numbers are wanted."""
        parts, kind = [self.text], self.field.setting.type
        if kind == "list":
            parts, kind = [part.strip(" []") for part in self.text.split(",")], self.field.setting.item
        return kind not in ("int", "float") or all(map(NUMBER.fullmatch, parts))

    def insert(self, text: str) -> "Typing":
        """After a text was typed or pasted, whatever it is."""
        if self.fresh:
            return self._with(text, "")
        return self._with(self.text[: self.caret] + text, self.text[self.caret :])

    def _with(self, before: str, after: str) -> "Typing":
        return replace(self, text=before + after, caret=len(before), fresh=False, stepped=False, refused="")


@dataclass(frozen=True)
class Menu:
    """Options listed below a row. With `ticked` any number of them is chosen, else one."""

    anchor: str
    title: str
    options: tuple[Option, ...]
    at: int
    judge: Judge
    pick: Callable[[Any], None]
    ticked: tuple[Any, ...] | None = None

    @property
    def value(self) -> Any:
        """What `enter` would choose."""
        return self.options[self.at].value if self.ticked is None else list(self.ticked)

    def key(self, key: str, character: str | None) -> "Menu | None":
        """After a key; None where the key means nothing here."""
        last = len(self.options) - 1
        moves = {"up": self.at - 1, "k": self.at - 1, "left": self.at - 1, "home": 0, "pageup": self.at - 8}
        moves |= {"down": self.at + 1, "j": self.at + 1, "right": self.at + 1, "end": last, "pagedown": self.at + 8}
        moves |= {"plus": self.at + 1, "equals_sign": self.at + 1, "minus": self.at - 1}
        if key == "space" and self.ticked is not None:
            return self.toggled()
        if key in moves or key == "space":
            to = moves.get(key, self.at + 1)
            around = to % (last + 1) if abs(to - self.at) == 1 else min(max(0, to), last)
            return replace(self, at=around)
        if character is not None and character.isalpha():
            order = [(self.at + step) % (last + 1) for step in range(1, last + 2)]
            found = [place for place in order if self.options[place].label.startswith(character)]
            return replace(self, at=found[0]) if found else self
        return None

    def toggled(self) -> "Menu":
        """With the option under the cursor taken in or left out; the order stays that of the options."""
        chosen, value = set(self.ticked or ()), self.options[self.at].value
        chosen ^= {value}
        return replace(self, ticked=tuple(option.value for option in self.options if option.value in chosen))
