"""Every setting of every part of an experiment with absurd values: it trains, or one line names the place."""

from math import inf, nan
from typing import Any

import pytest

from engine import KINDS, BadInput, Experiment, RunFailed, Setting, Trainer, parse_experiment

ABSURD = (nan, inf, -1, 0, 0.5, 10**9, 1e29, 10**30, "nonsense", "", [], [1, 2, 3], [-1], [nan], ["x"], {}, True, None)
SMALL = {"epochs": 2, "batch_size": 8, "data": {"name": "digits", "limit": 20, "validation": 0}}
SECTIONS = ("output", "regularization", "augmentation", "early_stopping")
LARGER = ("lenet", "resnet18")  # for images of 28 pixels and more
PARTS = [
    (kind, name)
    for kind in sorted(KINDS)
    for name in sorted(KINDS[kind].registry)
    if kind != "data set" and name not in LARGER
]


def with_part(kind: str, name: str, **changes: Any) -> dict[str, Any]:
    """A small experiment around a component with changed settings."""
    table, mlp = {KINDS[kind].key: name, **changes}, {"name": "mlp", "hidden": [4]}
    if kind == "layer":
        flat = ["flatten"] if name in ("dense", "layer_norm") else []
        two = {"inputs": ["input", "a"]} if name in ("add", "concat") else {}
        return {**SMALL, "layers": [{"type": "relu", "name": "a"}, *flat, {**table, **two}, "flatten"]}
    if kind == "initializer":
        return {**SMALL, "model": {**mlp, "init": table}}
    if kind == "recipe":
        return {**SMALL, "model": table}
    perceptron = {"loss": "perceptron", "batch_size": 1} if name == "perceptron" and kind == "optimizer" else {}
    return {**SMALL, "model": mlp, kind: table, **perceptron}


def try_out(table: dict[str, Any], setting: Setting, value: Any) -> None:
    """Two steps; or a line that names the setting."""
    told = setting.name
    try:
        Trainer(parse_experiment(table)).advance(steps=2)
    except (BadInput, RunFailed) as error:
        told = str(error)
    assert setting.name in told, f"{setting.name} = {value!r}: {told}"
    assert "\n" not in told


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_components(kind, name):
    for setting in KINDS[kind].registry[name].settings():
        for value in (*ABSURD, *setting.choices):
            try_out(with_part(kind, name, **{setting.name: value}), setting, value)


@pytest.mark.parametrize("section", SECTIONS)
def test_sections(section):
    for name, field in type(Experiment.model_fields[section].default).model_fields.items():
        setting = Setting.of(name, field)
        for value in (*ABSURD, *setting.choices):
            try_out({**SMALL, "model": {"name": "mlp", "hidden": [4]}, section: {name: value}}, setting, value)
