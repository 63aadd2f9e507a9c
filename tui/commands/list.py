"""nn-tui list [KIND]: what there is to choose from, with settings, ranges, defaults and meanings."""

import argparse
import json
from typing import Any

import tomli_w

from engine import KINDS, BadInput, Component, Setting, load_experiment, presets
from engine.component import nearest
from engine.layers.activations import Activation

PRESETS, ACTIVATIONS = "preset", "activation"


def run(args: argparse.Namespace) -> int:
    """Prints every kind, one kind with its settings, or one component. Raises BadInput for an unknown name."""
    wanted = " ".join(args.kind).lower()
    if args.json:
        print(json.dumps(_table(wanted)))
    elif not wanted:
        print("\n\n".join(_names(kind) for kind in (PRESETS, *KINDS)))
    elif (kind := _kind(wanted)) == PRESETS:
        print(_names(PRESETS))
    elif kind:
        print("\n\n".join(_component(component) for component in _choices(kind).values()))
    else:
        print("\n\n".join(_component(component) for component in _named(wanted)))
    return 0


def _kind(wanted: str) -> str | None:
    """A kind by its name, in the singular or plural, or by its key in an experiment file."""
    spelled = wanted.replace("-", " ").replace("_", " ")
    for kind in (PRESETS, ACTIVATIONS, *KINDS):
        plural = "losses" if kind == "loss" else f"{kind}s"
        if spelled in (kind, plural, kind.replace(" ", ""), plural.replace(" ", "")):
            return kind
    return {"data": "data set", "model": "recipe", "models": "recipe", "init": "initializer"}.get(spelled)


def _choices(kind: str) -> dict[str, type[Component]]:
    """The components of a kind; activations are a part of the layers."""
    return Activation.choices() if kind == ACTIVATIONS else KINDS[kind].registry


def _named(wanted: str) -> list[type[Component]]:
    found = [kind.registry[wanted] for kind in KINDS.values() if wanted in kind.registry]
    if not found:
        names = [*KINDS, PRESETS, ACTIVATIONS, *(name for kind in KINDS.values() for name in kind.registry)]
        near = nearest(wanted, names)
        near = near if "mean" in near else f"; choose one of {', '.join((PRESETS, *KINDS))}"
        raise BadInput(f"list '{wanted}': no kind or component of that name{near}")
    return found


def _names(kind: str) -> str:
    if kind == PRESETS:
        entries = {name: load_experiment(name).title for name in presets()}
    else:
        entries = {name: component.summary() for name, component in KINDS[kind].registry.items()}
    width = max(map(len, entries))
    title = "losses" if kind == "loss" else f"{kind}s"
    return "\n".join([title, *(f"  {name:<{width}}  {text}".rstrip() for name, text in entries.items())])


def _component(component: type[Component]) -> str:
    lines = [f"{component.kind} {component.name}", f"  {component.summary()}"]
    rows = [(setting.name, literal(setting.default), describe(setting)) for setting in component.settings()]
    name_width, value_width = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    return "\n".join([*lines, *(f"    {n:<{name_width}} = {v:<{value_width}}  {text}" for n, v, text in rows)])


def describe(setting: Setting) -> str:
    """What a setting means and allows, in a line."""
    allowed = setting.allowed()
    if setting.component:
        is_activation = issubclass(setting.component, Activation)
        allowed = f"from nn-tui list {ACTIVATIONS if is_activation else setting.component.kind}"
    return "; ".join(part for part in (setting.meaning, allowed) if part)


def literal(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if value is None:
        return "unset"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return tomli_w.dumps({"value": value}).partition(" = ")[2].strip()


def _table(wanted: str) -> dict[str, Any]:
    kind = _kind(wanted) if wanted else None
    if wanted and kind is None:
        return {component.kind: {component.name: _entry(component)} for component in _named(wanted)}
    found: dict[str, Any] = {}
    for name in (PRESETS, *KINDS) if kind is None else (kind,):
        if name == PRESETS:
            found[name] = {preset: {"title": load_experiment(preset).title} for preset in presets()}
        else:
            found[name] = {key: _entry(component) for key, component in _choices(name).items()}
    return found


def _entry(component: type[Component]) -> dict[str, Any]:
    settings = {
        setting.name: {
            "type": setting.type, "default": setting.default, "meaning": setting.meaning,
            "allowed": setting.allowed(), "choices": list(setting.choices), "optional": setting.optional,
        }
        for setting in component.settings()
    }  # fmt: skip
    return {"meaning": component.summary(), "settings": settings}
