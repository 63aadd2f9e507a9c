"""nn-tui compare RUN RUN ...: the settings in which runs differ, how good each has become, and their losses over one
another."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any

import numpy as np
from pydantic import BaseModel

from engine import BadInput, Component, Edit, EpochRow, Experiment, load_experiment
from engine.files import expanded, reason
from engine.history import COLUMNS
from engine.run import EXPERIMENT, HISTORY, RUN, checkpoint_of, row_table
from tui.case import worth
from tui.commands.progress import CHART
from tui.differences import Course, layer_words, same_data, same_loss
from tui.drawing.axes import number
from tui.fields import as_text
from tui.words import ending

WIDEST = 28  # columns of a run
ABSENT = "–"
MEASURES = ("train_loss", "valid_loss", "test_loss", "train_accuracy", "valid_accuracy", "test_accuracy")


@dataclass(frozen=True)
class Saved:
    """A run as its folder tells it, without its data: what its last epoch was trained with, what was edited on the
    way there, its epochs."""

    name: str
    experiment: Experiment
    edits: tuple[str, ...]
    rows: tuple[EpochRow, ...]

    @property
    def best(self) -> EpochRow:
        """The row of its best epoch."""
        return min(self.rows, key=worth)


def run(args: argparse.Namespace) -> int:
    """Prints the comparison. Raises BadInput where a folder holds no run, or another's files."""
    runs = [_read(text) for text in args.runs]
    if len(runs) < 2:
        raise BadInput("compare takes two runs or more, such as: nn-tui compare runs/adam runs/sgd")
    settings = _differing([saved.experiment for saved in runs])
    print(json.dumps(_table(runs, settings)) if args.json else _text(runs, settings))
    return 0


def _read(text: str) -> Saved:
    folder = checkpoint_of(expanded(text)).parent
    base = load_experiment(folder / EXPERIMENT)
    try:
        found = json.loads((folder / RUN).read_text("utf-8"))["edits"]
        edits = tuple(Edit(edit["step"], edit["key"], edit["value"]) for edit in found)
        with (folder / HISTORY).open(encoding="utf-8", newline="") as file:
            rows = tuple(_row(cells) for cells in csv.DictReader(file))
        course = Course(base, edits).until(rows[-1].step if rows else 0)
        experiment = course.end
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = reason(error) if isinstance(error, (OSError, ValueError)) else f"it has no {error}"
        raise BadInput(f"run '{text}' cannot be read: {why}; write it anew with nn-tui train") from None
    if not rows:
        raise BadInput(f"run '{text}' has no epoch on record; train it first: nn-tui resume {text}")
    told = (f"{edit.key} = {as_text(edit.value)} from step {edit.step} on" for edit in course.edits)
    return Saved(text, experiment, tuple(told), rows)


def _row(cells: dict[str, str]) -> EpochRow:
    values: dict[str, Any] = {name: float(cells[name]) if cells[name] else None for name in COLUMNS}
    return EpochRow(**{**values, "epoch": int(cells["epoch"]), "step": int(cells["step"])})


# ------------------------------------------------------------------------------------------------ what is found


def _differing(experiments: Sequence[Experiment]) -> dict[str, list[str]]:
    """The settings that are not the same in all runs, by dotted key: each run's value."""
    flat = [dict(_flat(experiment)) for experiment in experiments]
    keys = dict.fromkeys(key for one in flat for key in one)
    values = {key: [one.get(key, ABSENT) for one in flat] for key in keys}
    return {key: each for key, each in values.items() if len(set(each)) > 1}


def _flat(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value, key = getattr(model, name), f"{prefix}{name}"
        if key in ("title", "notes"):
            continue
        if key == "layers":
            yield key, ", ".join(map(layer_words, value)) or ABSENT
            continue
        if isinstance(value, Component) or not isinstance(value, BaseModel):
            yield key, as_text(value.name if isinstance(value, Component) else value)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{key}.")


def _comparable(runs: Sequence[Saved]) -> str:
    """What of the runs can be compared: "loss", "accuracy" alone, or "nothing"."""
    first, *others = (saved.experiment for saved in runs)
    if not all(same_data(first, other) for other in others):
        return "nothing"
    return "loss" if all(same_loss(first, other) for other in others) else "accuracy"


def _table(runs: Sequence[Saved], settings: dict[str, list[str]]) -> dict[str, Any]:
    found = [
        {
            "run": saved.name,
            "edits": list(saved.edits),
            "last": row_table(saved.rows[-1]),
            "best": row_table(saved.best),
        }
        for saved in runs
    ]
    return {"comparable": _comparable(runs), "settings": settings, "runs": found}


# ------------------------------------------------------------------------------------------------ what is printed


def _text(runs: Sequence[Saved], settings: dict[str, list[str]]) -> str:
    comparable = _comparable(runs)
    table = [["settings", *(ending(saved.name, WIDEST) for saved in runs)]]
    table += [[key, *(ending(value, WIDEST) for value in values)] for key, values in settings.items()]
    table += [] if settings else [["", "all are the same"]]
    table += [[], ["last epoch", *(str(saved.rows[-1].epoch) for saved in runs)]]
    table += _measured([saved.rows[-1] for saved in runs], comparable)
    table += [["seconds", *(f"{saved.rows[-1].seconds:.1f}" for saved in runs)]]
    table += [[], ["best epoch", *(str(saved.best.epoch) for saved in runs)]]
    table += _measured([saved.best for saved in runs], comparable)
    shared = min(len(saved.rows) for saved in runs) - 1
    if any(len(saved.rows) - 1 > shared for saved in runs):
        table += [[], ["same epoch", *(str(saved.rows[shared].epoch) for saved in runs)]]
        table += _measured([saved.rows[shared] for saved in runs], comparable)
    edits = [f"{saved.name}: {edit}" for saved in runs for edit in saved.edits]
    lines = [*_columns(table), *([""] if edits else []), *edits]
    if comparable != "loss":
        why = "the runs have other data" if comparable == "nothing" else "the runs have other loss functions"
        what = "nothing of them" if comparable == "nothing" else "their accuracy alone"
        lines += ["", f"{why}: {what} can be compared"]
    elif sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        lines += ["", _chart(runs)]
    return "\n".join(lines)


def _measured(rows: Sequence[EpochRow], comparable: str) -> Iterator[list[str]]:
    """A line for each measure that a run has, with a sign on the best of those that can be compared."""
    for name in MEASURES:
        values = [getattr(row, name) for row in rows]
        known = [value for value in values if value is not None]
        if not known:
            continue
        best = (
            (min if name.endswith("loss") else max)(known) if comparable in ("loss", name.partition("_")[2]) else None
        )
        signs = ["*" if value is not None and value == best and len({*known}) > 1 else "" for value in values]
        yield [name.replace("_", " "), *(number(value) + sign for value, sign in zip(values, signs, strict=True))]


def _columns(table: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in table if len(row) > place) for place in range(max(map(len, table)))]
    for row in table:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()


def _chart(runs: Sequence[Saved]) -> str:
    """The validation losses over one another, else those of training."""
    from tui.drawing.frames import Line, line_chart

    split = "valid" if all(saved.rows[-1].valid_loss is not None for saved in runs) else "train"
    lines = [
        Line(
            ending(saved.name, WIDEST),
            [row.epoch for row in saved.rows],
            np.array([getattr(row, f"{split}_loss") for row in saved.rows], float),
        )
        for saved in runs
    ]
    size = get_terminal_size()
    width, height = min(size.columns, CHART[0]), min(size.lines - 2, CHART[1])
    return line_chart(lines, width, height, f"{split} loss", "epoch", color="NO_COLOR" not in os.environ)
