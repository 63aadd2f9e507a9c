"""nn-tui init [FILE] [EXPERIMENT]: an experiment file with every setting, its meaning and what it allows."""

import argparse
import os
from shlex import quote

from pydantic import BaseModel

from engine import BadInput, Component, Experiment, LayerEntry, Setting, load_experiment, presets
from engine.component import plain
from engine.files import expanded, write_atomically
from tui.commands import options
from tui.commands.list import describe, literal

HEADER = """\
# An experiment of nn-tui: open it with 'nn-tui FILE', train it with 'nn-tui train FILE'.
# Every setting stands here; those behind a '#' are unset.
"""
_OF_ENTRY = tuple(Setting.of(name, LayerEntry.model_fields[name]) for name in ("name", "inputs"))
START = {"title": "My experiment", "notes": ""}
LAYERS = """\
# Instead of [model], the layers themselves, in order; inputs = [...] names other nodes where a layer has more than one:
#
# [[layers]]
# type = "dense"                  # 'nn-tui list layer' names them all
# units = 32
# [[layers]]
# type = "relu"
"""


def run(args: argparse.Namespace) -> int:
    """Writes the file, or with "-" to standard output. Raises BadInput where there is one already, or the name is a
    preset's."""
    changes = options.changes(args)
    start = (args.experiment, changes) if args.experiment else ("digits", START | changes)
    if args.file == "-":
        print(template(load_experiment(*start)), end="")
        return 0
    path = expanded(args.file)
    if args.file in presets() and args.experiment is None:
        raise BadInput(f"'{args.file}' is a preset; name the file first: nn-tui init {args.file}.toml {args.file}")
    if os.path.lexists(path) and not args.force:
        raise BadInput(f"'{path}' is there already; choose another name, or overwrite it with --force")
    if os.path.isdir(path):
        raise BadInput(f"'{path}' is a folder; name a file")
    write_atomically(path, template(load_experiment(*start)).encode())
    print(f"wrote {path}; train it with: nn-tui train {quote(str(path))}")
    return 0


def template(experiment: Experiment) -> str:
    """An experiment as commented TOML, from the fields of the experiment and its components."""
    fields = Experiment.model_fields
    apart = {name for name in fields if name in ("model", "layers") or _is_section(getattr(experiment, name))}
    top = [Setting.of(name, field) for name, field in fields.items() if name not in apart]
    parts = [HEADER, "\n".join(_line(setting, getattr(experiment, setting.name)) for setting in top)]
    for name, field in fields.items():
        section = getattr(experiment, name)
        if name == "layers":
            parts += _layers(section)
        if not _is_section(section):
            continue
        meaning = field.description or (type(section).__doc__ or "").strip().partition("\n")[0]
        lines = [f"\n[{name}]{' ' * (28 - len(name))}  # {meaning}".rstrip()]
        if isinstance(section, Component):
            choice = f"'nn-tui list {name if name != 'model' else 'recipe'}' names them all, with their settings"
            lines.append(f"{f'name = {literal(section.name)}':<30}  # {choice}")
        for key, inner in type(section).model_fields.items():
            lines.append(_line(Setting.of(key, inner), getattr(section, key)))
        parts.append("\n".join(lines))
        if name == "model":
            parts.append("\n" + LAYERS.rstrip())
    return "\n".join(parts) + "\n"


def _layers(entries: tuple[LayerEntry, ...]) -> list[str]:
    """A table a layer; what a setting means stands where it is met for the first time."""
    parts: list[str] = []
    known: set[str] = set()
    for entry in entries:
        own = [_line(setting, getattr(entry, setting.name)) for setting in _OF_ENTRY if getattr(entry, setting.name)]
        lines = [f"{f'type = {literal(entry.layer.name)}':<30}  # 'nn-tui list layer' names them all", *own]
        lines += [_line(setting, getattr(entry.layer, setting.name)) for setting in entry.layer.settings()]
        for place, line in enumerate(lines):
            text, _, comment = line.partition("  # ")
            lines[place] = text.rstrip() if comment in known else line
            known.add(comment)
        parts.append("\n".join(["\n[[layers]]", *lines]))
    return parts


def _is_section(value: object) -> bool:
    return isinstance(value, BaseModel)


def _line(setting: Setting, value: object) -> str:
    shown = plain(value)
    text = f"# {setting.name} =" if shown is None else f"{setting.name} = {literal(shown)}"
    comment = describe(setting)
    return f"{text:<30}  # {comment}" if comment else text
