"""What README.md says is so: its commands, its tables, its experiment, its example of a component."""

import pkgutil
import re
import tomllib
from pathlib import Path

import numpy as np

import engine
import engine.optimizers
from engine import KINDS, Trainer, load_experiment, parse_experiment, presets
from tui.cli import COMMANDS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def test_there_is_one_command_to_start_and_one_to_test() -> None:
    setup = TEXT.partition("## Set-up")[2].partition("\n## ")[0]
    start, test = [line.strip() for line in setup.splitlines() if line.startswith("    ")]
    assert start == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/nn-tui"
    assert test.endswith(".venv/bin/python -m pytest")


def test_the_tables_name_every_command_and_every_preset() -> None:
    commands = TEXT.partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `nn-tui (\w+)", commands, re.M)) == set(COMMANDS)
    table = TEXT.partition("## Presets")[2].partition("\n## ")[0]
    named = [name for cell in re.findall(r"^\| ([a-z][\w, -]+) \|", table, re.M) for name in cell.split(", ")]
    assert sorted(named) == sorted({*presets(), "preset"})


def test_the_experiment_file_is_one() -> None:
    experiment = parse_experiment(tomllib.loads(TEXT.partition("```toml\n")[2].partition("```")[0]))
    trainer = Trainer(experiment)
    trainer.advance(epochs=1)
    assert trainer.status == "running"


def test_the_example_of_a_component_trains() -> None:
    source = TEXT.partition("```python\n")[2].partition("```")[0]
    try:
        exec(source, dict(vars(engine.optimizers)))
        trainer = Trainer(load_experiment("digits", {"optimizer.name": "sign_sgd", "optimizer.lr": 0.001}))
        before = trainer.network.values.copy()
        trainer.step()
        moved = np.abs(trainer.network.values - before)
        assert np.isclose(moved[moved > 0], 0.001, rtol=1e-3).all()
        trainer.advance(epochs=3)
        assert (trainer.history.rows[-1].valid_accuracy or 0) > 0.8
    finally:
        KINDS["optimizer"].registry.pop("sign_sgd", None)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_engine_says_where_everything_is() -> None:
    named = set(re.findall(r"\w+", engine.__doc__ or ""))
    parts = [part.name for part in pkgutil.iter_modules(engine.__path__) if part.name != "shipped"]
    assert len(parts) > 30
    assert [part for part in parts if part not in named] == []
