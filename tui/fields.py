"""One field of a form: what it shows, what may be typed into it, and where `+` and `-` lead. No screen here."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import ceil, floor, isclose, isfinite, log10
from typing import Any

from pydantic import BaseModel

from engine import Component, DataSet, Setting

UNSET = "unset"
NOTHING = "none"  # an empty list
SMALLEST = 1e-5  # the first rung above zero where nothing says how large a number is: penalties are that small
TINIEST = 1e-12
LARGEST = 1e300  # there is no rung beyond, nor from infinity, which can be typed all the same
COUNTED = ("seed",)  # numbers that are names rather than sizes go by one
SHARES = tuple(round(0.05 * n, 2) for n in range(2, 19))


@dataclass(frozen=True)
class Option:
    """One of the things that can be chosen: what it stands for, how it reads, one line about it, its group's title."""

    value: Any
    label: str
    summary: str = ""
    group: str = ""


@dataclass(frozen=True)
class Field:
    """A setting with its present value and the dotted key it is set by.

    `value` is a number, a text, a tuple, a component's name, or None. `live` says that a change takes effect at the
    next step; any other change starts the run over.
    """

    key: str
    setting: Setting
    value: Any
    depth: int = 0
    live: bool = False

    @property
    def label(self) -> str:
        """The name the setting has in an experiment file."""
        return self.setting.name

    def text(self) -> str:
        """The value as a person reads it."""
        return as_text(self.value)

    def source(self) -> str:
        """The value as it is typed."""
        return "" if self.value in (None, ()) else as_text(self.value)

    def options(self) -> tuple[Option, ...]:
        """What can be chosen; empty where the value is typed."""
        setting = self.setting
        if setting.type == "bool":
            return Option(True, "on"), Option(False, "off")
        if setting.component is not None:
            named = tuple(Option(name, name, kind.summary()) for name, kind in setting.component.choices().items())
            if setting.component is DataSet:  # there are many, and their order in the code says nothing
                named = tuple(sorted(named, key=lambda option: option.label))
            unset = Option(None, UNSET, setting.meaning.rpartition("unset: ")[2])
            return (unset, *named) if setting.optional else named
        return tuple(Option(choice, choice) for choice in setting.choices)

    @property
    def several(self) -> bool:
        """Whether any number of the options may be chosen."""
        return self.setting.type == "list"

    @property
    def numeric(self) -> bool:
        """Whether it is a number, which can be stepped."""
        return self.setting.type in ("int", "float")

    def parse(self, text: str) -> Any:
        """The value of a typed text; what is no number stays text, and the engine says what is wrong with it."""
        text, setting = text.strip(), self.setting
        if not text and setting.optional:
            return None
        if setting.type == "list":
            return [_number(part.strip(), setting.item) for part in text.strip("[]").split(",") if part.strip()]
        return _number(text, setting.type)

    def stepped(self, value: Any, direction: int) -> Any:
        """The next sensible value up (1) or down (-1); the same value where there is none."""
        setting = self.setting
        if not self.several and (options := self.options()):
            values = [option.value for option in options]
            return values[(values.index(value) + direction) % len(values)] if value in values else values[0]
        if setting.type not in ("int", "float") or isinstance(value, (str, bool)):
            return value
        if value is None:
            return 100 if setting.type == "int" and direction > 0 else None
        if not abs(value) <= LARGEST:
            return value
        whole = floor(value) if direction < 0 else ceil(value)
        if setting.type == "float":
            moved = _next_float(setting, value, direction)
        else:
            moved = whole if whole != value else _next_int(setting, whole, direction)
        return moved if _allowed(setting, moved) else value

    def hint(self) -> str:
        """Meaning, range and default in one line."""
        parts = [self.setting.meaning[:1].upper() + self.setting.meaning[1:]]
        if self.setting.type in ("int", "float"):
            parts.append(span(self.setting))
        default = _name(self.setting.default)
        if (default is not None or self.setting.optional) and (default := as_text(default)):
            parts.append(f"default {default}")
        return "; ".join(part for part in parts if part)


def fields_of(model: BaseModel, prefix: str = "", depth: int = 0) -> list[Field]:
    """The fields of a component or a section, and indented those of the components within it."""
    found: list[Field] = []
    for name, info in type(model).model_fields.items():
        found += field_of(prefix + name, Setting.of(name, info), getattr(model, name), depth)
    return found


def field_of(key: str, setting: Setting, value: Any, depth: int = 0) -> list[Field]:
    """A field, and where its value is a component, that component's fields behind it."""
    inner = fields_of(value, f"{key}.", depth + 1) if isinstance(value, Component) else []
    return [Field(key, setting, value.name if isinstance(value, Component) else value, depth), *inner]


def as_text(value: Any) -> str:
    """A value as a person reads and types it."""
    if value is None:
        return UNSET
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e")
    if isinstance(value, (tuple, list)):
        return ", ".join(as_text(item) for item in value) or NOTHING
    return str(value)


def span(setting: Setting) -> str:
    """The allowed numbers in words: "0 to 1", "above 0", "0 or more, below 1"; empty where any will do."""
    low, high = ("" if limit is None else f"{limit:,.10g}" for limit in (setting.low, setting.high))
    if low and high and not setting.low_open and not setting.high_open:
        return f"{low} to {high}"
    above = f"above {low}" if setting.low_open else f"{low} or more"
    below = f"below {high}" if setting.high_open else f"{high} or less"
    return ", ".join(words for limit, words in ((low, above), (high, below)) if limit)


def _name(default: Any) -> Any:
    return default.get("name", default.get("type")) if isinstance(default, dict) else default


def _number(text: str, kind: str) -> Any:
    if kind not in ("int", "float"):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if kind == "int" and isfinite(number) and number == int(number) else number


def _allowed(setting: Setting, value: float) -> bool:
    low, high = setting.low, setting.high
    above = low is None or (value > low if setting.low_open else value >= low)
    return above and (high is None or (value < high if setting.high_open else value <= high))


def _next_int(setting: Setting, value: int, direction: int) -> int:
    """Powers of two where the default is one, else by one, by five from ten on, by 1-2-5 from a hundred on."""
    default = setting.default if isinstance(setting.default, int) else 0
    if setting.name in COUNTED:
        return value + direction
    if default >= 8 and default & (default - 1) == 0:
        if direction > 0:
            return 1 << value.bit_length() if value > 0 else 1
        return 1 << (value - 1).bit_length() - 1 if value > 1 else value - 1
    size = value if direction > 0 else value - 1
    if size < 10:
        return value + direction
    if size < 100:
        return value // 5 * 5 + 5 if direction > 0 else -(-value // 5) * 5 - 5
    return int(_rung(value, direction))


def _next_float(setting: Setting, value: float, direction: int) -> float:
    """1-2-5; between 0.1 and 0.9 of a share by 0.05, above it 1-2-5 towards one. Zero is the last rung down."""
    if value < 0 or (value == 0 and direction < 0):
        return 0.0 - _next_float(setting, -value, -direction)
    share = setting.high == 1 and setting.low is not None and setting.low >= 0
    smallest = _smallest(setting, share)
    if value == 0:
        return smallest
    if direction < 0 and _allowed(setting, 0) and (isclose(value, smallest) or value <= TINIEST):
        return 0.0
    if share and (0.1 <= value < 0.9 if direction > 0 else 0.1 < value <= 0.9):
        place = bisect_right(SHARES, value + 1e-9) if direction > 0 else bisect_left(SHARES, value - 1e-9) - 1
        return SHARES[place]
    if share and value >= 0.9:
        rest = _rung(round(1 - value, 12), -direction) if value < 1 else 0.001
        return 1.0 if rest < SMALLEST and _allowed(setting, 1) else round(1 - rest, 12)
    moved = _rung(value, direction)
    beyond = setting.high is not None and moved > setting.high and not setting.high_open
    return float(setting.high) if beyond and setting.high is not None else moved


def _smallest(setting: Setting, share: bool) -> float:
    """The first rung above zero."""
    if setting.first is not None:
        return float(setting.first)
    if share or (setting.low is not None and setting.low < 0):
        return 0.01
    return _rung(setting.high / 100, -1) if setting.high is not None and setting.high <= 100 else SMALLEST


def _rung(value: float, direction: int) -> float:
    """The next of ... 0.1 0.2 0.5 1 2 5 10 ... above or below a value above zero."""
    decade = floor(log10(value) + 1e-9)
    rungs = [float(f"{digit}e{power}") for power in range(decade - 1, decade + 2) for digit in (1, 2, 5)]
    if direction > 0:
        return rungs[bisect_right(rungs, value * (1 + 1e-9))]
    return rungs[bisect_left(rungs, value * (1 - 1e-9)) - 1]
