"""Components: one class each, registered by name, described by their own fields.

A *kind* (optimizer, loss, layer ...) is a direct subclass of `Component`; a *component* is a subclass of a kind:

    class Optimizer(Component, kind="optimizer"): ...

    class Adam(Optimizer, name="adam"):
        "Adam: running mean and size of the gradient."
        lr: float = Field(0.001, gt=0, description="learning rate")

The fields carry type, range, default and one line of meaning. Validation, TOML, `--set`, the forms of the workbench,
`nn-tui list` and the tests over every component are derived from them, so adding a component is adding a class.
"""

import builtins
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from math import inf
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticUndefined

from engine.errors import BadInput, printable

_NUMBERS = (int, float, int | None, float | None)
KINDS: dict[str, type["Component"]] = {}


class Model(BaseModel):
    """Immutable validated data that refuses keys it does not know; base of components and of the experiment's
    sections. No number of theirs is larger than `largest`, so that products stay finite in single precision; what is
    measured rather than chosen, such as a best loss, sets it to infinity.
    """

    largest: ClassVar[float] = 1e30

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        for key in value if isinstance(value, Mapping) else ():
            if key not in cls.model_fields:
                context = {"key": key, "allowed": tuple(cls.model_fields), "owner": getattr(cls, "name", "")}
                raise PydanticCustomError("unknown_key", "unknown key", context)
            item = value[key]
            if isinstance(item, bool) and cls.model_fields[key].annotation in _NUMBERS:
                raise PydanticCustomError("not_a_number", "must be a number", {"key": key, "value": item})
            if isinstance(item, float) and cls.largest < abs(item) < inf:
                context = {"key": key, "value": item, "largest": cls.largest}
                raise PydanticCustomError("too_large", "is too large", context)
        return value


class Component(Model):
    """A part of an experiment that is chosen by name and tuned by its fields; immutable and comparable."""

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""
    key: ClassVar[str] = "name"
    registry: ClassVar[dict[str, type["Component"]]] = {}

    @classmethod
    def __init_subclass__(cls, *, kind: str = "", name: str = "", key: str = "name", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            cls.kind, cls.key, cls.registry = kind, key, {}
            KINDS[kind] = cls
        if name:
            if name in cls.registry:
                raise TypeError(f"{cls.kind} {name!r} is registered twice")
            cls.name = name
            cls.registry[name] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _choose_by_name(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, Component):
            if isinstance(value, cls):
                return value
            raise PydanticCustomError("wrong_kind", "must be {wanted}", {"wanted": cls.kind})
        if cls.name:
            return handler(value)
        table = {cls.key: value} if isinstance(value, str) else value
        if not isinstance(table, Mapping):
            raise PydanticCustomError(
                "wrong_kind", "must be a name or a table that names the {kind}", {"kind": cls.kind}
            )
        rest = dict(table)
        name = rest.pop(cls.key, None)
        chosen = cls.choices().get(name) if isinstance(name, str) else None
        if chosen is None:
            context = {"key": cls.key, "kind": cls.kind, "value": name, "allowed": tuple(cls.choices())}
            context["elsewhere"] = isinstance(name, str) and name in cls.registry
            raise PydanticCustomError("unknown_name", "no such {kind}", context)
        return chosen.model_validate(rest)

    @classmethod
    def choices(cls) -> dict[str, type["Component"]]:
        """The components of this class by name: all of a kind, or those of a part of it, such as the activations."""
        return {name: component for name, component in cls.registry.items() if issubclass(component, cls)}

    @classmethod
    def parse(cls, value: Any, place: str = "") -> Self:
        """Makes a component from a name or a table; `place` is the dotted key that an error names.

        Raises BadInput with one line that names the place, the value, what is allowed and the nearest name.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise BadInput(explain(error, place)) from None

    def table(self) -> dict[str, Any]:
        """The component as a TOML table, its name first and every default spelled out; None is left out."""
        values = {field: plain(getattr(self, field)) for field in type(self).model_fields}
        return {self.key: self.name, **{field: value for field, value in values.items() if value is not None}}

    @classmethod
    def settings(cls) -> tuple["Setting", ...]:
        """One `Setting` a field, in the order in which they were declared."""
        return tuple(Setting.of(name, field) for name, field in cls.model_fields.items())

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of the docstring, as one line."""
        return " ".join((cls.__doc__ or "").strip().partition("\n\n")[0].split())


def plain(value: Any) -> Any:
    """A value as TOML holds it: components and models as tables, tuples as lists."""
    if isinstance(value, Component):
        table = value.table()
        return table[value.key] if len(table) == 1 else table
    if isinstance(value, BaseModel):
        table = {field: plain(getattr(value, field)) for field in type(value).model_fields}
        return {field: item for field, item in table.items() if item is not None}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Setting:
    """One field of a component, as a form, a reference page or a test sees it.

    `type` is one of "int", "float", "bool", "str", "choice", "list", "component"; `choices` holds the allowed names
    of a choice, or the registry's of a component; `item` is the type of a list's items; `first` is a number's smallest
    useful value above zero where its range does not tell it, from `json_schema_extra={"first": 5}`.
    """

    name: str
    type: str
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    item: str = ""
    component: builtins.type[Component] | None = None
    first: float | None = None

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> "Setting":
        """Reads a pydantic field: its annotation, its bounds and its description."""
        bounds: dict[str, Any] = {}
        for mark in field.metadata:
            for attribute, side, is_open in _BOUNDS:
                if (limit := getattr(mark, attribute, None)) is not None:
                    bounds[side], bounds[f"{side}_open"] = limit, is_open
        shape = _annotation(field.annotation)
        default = None if field.default is PydanticUndefined else plain(field.default)
        extra = field.json_schema_extra
        first: Any = extra.get("first") if isinstance(extra, dict) else None
        return cls(name=name, default=default, meaning=field.description or "", first=first, **bounds, **shape)

    def allowed(self) -> str:
        """The allowed values in words, such as "0 <= x < 1" or "one of a, b"; empty where anything goes."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        low = "" if self.low is None else f"{_short(self.low)} {'<' if self.low_open else '<='} "
        high = "" if self.high is None else f" {'<' if self.high_open else '<='} {_short(self.high)}"
        return f"{low}x{high}" if low or high else ""


def _short(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"


_BOUNDS = (("gt", "low", True), ("ge", "low", False), ("lt", "high", True), ("le", "high", False))


def _annotation(annotation: Any) -> dict[str, Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _annotation(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        found = _annotation(members[0])
        return {**found, "optional": found.get("optional", False) or len(members) < len(typing.get_args(annotation))}
    if origin is Literal:
        return {"type": "choice", "choices": tuple(str(choice) for choice in typing.get_args(annotation))}
    if origin in (tuple, list):
        item = _annotation(typing.get_args(annotation)[0])
        return {"type": "list", "item": item["type"], "choices": item.get("choices", ())}
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return {"type": "component", "component": annotation, "choices": tuple(annotation.choices())}
    return {"type": {int: "int", float: "float", bool: "bool"}.get(annotation, "str")}


def nearest(value: Any, allowed: typing.Iterable[str]) -> str:
    """The end of an error sentence: "; did you mean 'adam'?", or what is allowed where nothing is near."""
    names = list(allowed)
    close = get_close_matches(str(value), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; choose one of {', '.join(names)}" if names else ""


_LIMITS = {
    "greater_than": "must be greater than {gt:.12g}",
    "greater_than_equal": "must be at least {ge:.12g}",
    "less_than": "must be less than {lt:.12g}",
    "less_than_equal": "must be at most {le:.12g}",
    "literal_error": "must be one of {expected}",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list, such as [8, 4]",
    "model_type": "must be a table of settings",
}


def explain(error: ValidationError, place: str = "") -> str:
    """The first problem of a pydantic error as one line: place, value, what is allowed, the nearest name."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    parts = [place] if place else []
    parts += [str(part) for part in first["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    where = ".".join(parts)
    inside = f"{where}." if where else ""
    value, kind = first["input"], first["type"]
    if kind == "unknown_name":
        where = inside + context["key"]
        if context["value"] is None:
            return f"{where} is missing: name the {context['kind']}{nearest('', context['allowed'])}"
        problem = f"no such {context['kind']}{nearest(context['value'], context['allowed'])}"
        if context["elsewhere"]:
            problem = f"that {context['kind']} does not fit here{nearest('', context['allowed'])}"
        return f"{where} is {context['value']!r}: {problem}"
    if kind == "unknown_key":
        key = printable(str(context["key"]))
        owner, near = where or "an experiment", nearest(key, context["allowed"])
        owner += f" '{context['owner']}'" if context["owner"] else ""
        return f"{inside}{key} is not a setting of {owner}{near}"
    if kind == "not_a_number":
        return f"{inside}{context['key']} is {_shown(context['value'])}: must be a number"
    if kind == "too_large":
        reason = f"must be within {context['largest']:g}, so that products stay finite in single precision"
        return f"{inside}{context['key']} is {context['value']}: {reason}"
    if kind == "missing":
        return f"{where} is missing: give it a value"
    if kind == "tuple_type" and where == "layers" and not isinstance(value, Mapping):
        return f"layers is {_shown(value)}: must be a list of tables, such as [{{ type = 'dense', units = 8 }}]"
    if kind == "tuple_type" and isinstance(value, Mapping):
        return f"{where} is a single table: it is a list, so write [[{where}]] with two brackets"
    reason = _LIMITS[kind].format(**context) if kind in _LIMITS else first["msg"][:1].lower() + first["msg"][1:]
    reason = reason.removeprefix("value error, ").replace("input should be", "must be")
    return f"{where} is {_shown(value)}: {reason}" if where else reason


def _shown(value: Any) -> str:
    """A value of a file as one would write it there, as far as it matters."""
    if isinstance(value, (bool, date, time)):
        return str(value).lower()
    return "unset" if value is None else repr(value)
