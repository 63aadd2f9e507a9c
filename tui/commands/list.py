"""nn-tui list [KIND]: what there is to choose from, with settings, ranges, defaults and meanings."""

import argparse
import json
from dataclasses import dataclass
from typing import Any

import tomli_w
from pydantic import BaseModel

from engine import KINDS, BadInput, Component, Experiment, Setting, load_experiment, presets
from engine.component import nearest
from engine.layers.activations import Activation
from tui.draft import short
from tui.naming import composed
from tui.words import lines

PRESETS, ACTIVATIONS, SECTIONS = "preset", "activation", "section"


def run(args: argparse.Namespace) -> int:
    """Prints every kind, one kind with its settings, or one component. Raises BadInput for an unknown name."""
    wanted = " ".join(args.kind).lower()
    if args.json:
        print(json.dumps(_table(wanted)))
    elif not wanted:
        print("\n\n".join(_names(kind) for kind in (PRESETS, *KINDS, SECTIONS)))
    elif (kind := _kind(wanted)) == PRESETS:
        print(_names(PRESETS))
    else:
        preset = _preset(wanted)
        found = _choices(kind).values() if kind else _named(wanted, preset)
        print("\n\n".join([*map(_described, found), *([_shown(preset)] if preset else [])]))
    return 0


def _kind(wanted: str) -> str | None:
    """A kind by its name, in the singular or plural, or by its key in an experiment file."""
    spelled = wanted.replace("-", " ").replace("_", " ")
    for kind in (PRESETS, ACTIVATIONS, *KINDS, SECTIONS):
        plural = "losses" if kind == "loss" else f"{kind}s"
        if spelled in (kind, plural, kind.replace(" ", ""), plural.replace(" ", "")):
            return kind
    return {"data": "data set", "model": "recipe", "models": "recipe", "init": "initializer"}.get(spelled)


def _preset(wanted: str) -> str | None:
    """A preset by its name, alone or behind the word preset."""
    before, _, name = wanted.rpartition(" ")
    return name if name in presets() and (not before or _kind(before) == PRESETS) else None


@dataclass(frozen=True)
class Entry:
    """A component, or a section of an experiment file that has no choice of name; `meaning` is one line."""

    kind: str
    name: str
    meaning: str
    settings: tuple[Setting, ...]

    @classmethod
    def of(cls, component: type[Component]) -> "Entry":
        return cls(component.kind, component.name, component.summary(), component.settings())


def _choices(kind: str) -> dict[str, Entry]:
    """What there is of a kind; activations are a part of the layers."""
    if kind == SECTIONS:
        return _sections()
    registry = Activation.choices() if kind == ACTIVATIONS else KINDS[kind].registry
    return {name: Entry.of(component) for name, component in registry.items()}


def _sections() -> dict[str, Entry]:
    """The sections of an experiment file that are always there, such as augmentation."""
    found = {}
    for name, field in Experiment.model_fields.items():
        section = field.default
        if isinstance(section, BaseModel) and not isinstance(section, Component):
            settings = tuple(Setting.of(key, inner) for key, inner in type(section).model_fields.items())
            found[name] = Entry(SECTIONS, name, " ".join((type(section).__doc__ or "").split()), settings)
    return found


def _named(wanted: str, preset: str | None) -> list[Entry]:
    """The components of a name. Raises BadInput where there is none, and no preset either."""
    kinds = (*KINDS, SECTIONS)
    everything = {kind: _choices(kind) for kind in kinds}
    found = [entries[wanted] for entries in everything.values() if wanted in entries]
    before, _, name = wanted.rpartition(" ")
    if (kind := _kind(before)) and kind != PRESETS and name in (entries := _choices(kind)):
        found = [entries[name]]
    if not found and preset is None:
        names = [*kinds, PRESETS, *presets(), ACTIVATIONS, *(key for entries in everything.values() for key in entries)]
        near = nearest(name if kind else wanted, names)
        near = near if "mean" in near else f"; choose one of {', '.join((PRESETS, *kinds))}"
        raise BadInput(f"list '{wanted}': no kind or component of that name{near}")
    return found


def _names(kind: str) -> str:
    if kind == PRESETS:
        entries = {name: load_experiment(name).title for name in presets()}
    else:
        entries = {name: entry.meaning for name, entry in _choices(kind).items()}
    width = max(map(len, entries))
    title = "losses" if kind == "loss" else f"{kind}s"
    return "\n".join([title, *(f"  {name:<{width}}  {text}".rstrip() for name, text in entries.items())])


def _shown(preset: str) -> str:
    """A preset: what it shows, what it is made of, and what can be done with it."""
    experiment = load_experiment(preset)
    optimizer = f"{experiment.optimizer.name} {short(experiment.optimizer)}".strip()
    made = f"{composed(experiment)}; {optimizer}; {experiment.epochs} epochs of batches of {experiment.batch_size}"
    uses = {
        f"nn-tui {preset}": "opens it in the workbench",
        f"nn-tui train {preset}": "trains it without a screen",
        f"nn-tui init FILE {preset}": "writes it as a file with every setting explained",
    }
    width = max(map(len, uses))
    about = [f"preset {preset}", f"  {experiment.title}", *(f"  {line}" for line in lines(experiment.notes, 100))]
    return "\n".join([*about, f"  {made}", "", *(f"  {line:<{width}}  {does}" for line, does in uses.items())])


def _described(entry: Entry) -> str:
    lines = [f"{entry.kind} {entry.name}", f"  {entry.meaning}"]
    rows = [(setting.name, literal(setting.default), describe(setting)) for setting in entry.settings]
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
        preset = _preset(wanted)
        named = {entry.kind: {entry.name: _table_of(entry)} for entry in _named(wanted, preset)}
        return named | ({PRESETS: {preset: load_experiment(preset).table()}} if preset else {})
    found: dict[str, Any] = {}
    for name in (PRESETS, *KINDS, SECTIONS) if kind is None else (kind,):
        if name == PRESETS:
            found[name] = {preset: {"title": load_experiment(preset).title} for preset in presets()}
        else:
            found[name] = {key: _table_of(entry) for key, entry in _choices(name).items()}
    return found


def _table_of(entry: Entry) -> dict[str, Any]:
    settings = {
        setting.name: {
            "type": setting.type, "default": setting.default, "meaning": setting.meaning,
            "allowed": setting.allowed(), "choices": list(setting.choices), "optional": setting.optional,
        }
        for setting in entry.settings
    }  # fmt: skip
    return {"meaning": entry.meaning, "settings": settings}
