"""What is told of a regression is in the units of its target, also where it is scaled for training."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine import Trainer, load_experiment
from tui.cli import main
from tui.drawing.palette import Palette
from tui.panels.reading import read
from tui.panels.regression import draw_fit, draw_residuals


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """A table of 120 prices about 1.5 million."""
    path = tmp_path / "prices.csv"
    lines = [f"{rooms},{rooms % 7},{1_000_000 + 9_000 * rooms}" for rooms in range(120)]
    path.write_text("rooms,floor,price\n" + "\n".join(lines))
    return str(path)


SETTINGS = {"data.name": "csv", "loss.name": "mse", "data.validation": 0.25}


def test_the_panel_shows_prices(prices):
    trainer = Trainer(load_experiment("digits", {**SETTINGS, "data.path": prices}))
    reading = read(trainer, "validation", 100)
    assert np.array_equal(np.sort(reading.targets, 0), trainer.splits.validation.y)
    assert reading.targets.min() >= 1_000_000
    spread = trainer.splits.train.y.std()
    assert np.abs(reading.residuals).max() > spread / 10
    assert np.abs(reading.outputs - trainer.splits.train.y.mean()).max() < 10 * spread
    palette = Palette(dark=True)
    for picture in (draw_fit(reading, None, 60, 20, palette), draw_residuals(reading, "histogram", 60, 20, palette)):
        assert any(mark in "".join(map(chr, picture.chars.ravel())) for mark in ("M", "k")), (
            "thousands or millions on the axes"
        )


def test_evaluate_measures_prices(prices, tmp_path, capsys):
    changes = [f"--set={key}={value}" for key, value in {**SETTINGS, "data.path": prices}.items()]
    out = str(tmp_path / "run")
    assert main(["train", "digits", "--epochs", "60", "--quiet", "--out", out, *changes]) == 0
    assert main(["evaluate", out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["r2"] > 0.5
    assert found["loss"] < 1 < 100 < found["mae"] < found["rmse"] < 300_000
    assert found["most_wrong"][0]["prediction"][0] > 500_000
