"""The calibration view: the number that `nn-tui evaluate` gives too, and words that are true of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine import Trainer, load_experiment
from engine.metrics import class_report
from tui.commands.evaluate import measures
from tui.drawing.palette import Palette
from tui.panels.reading import read
from tui.panels.scores import draw_calibration


def shown(reading):
    return draw_calibration(reading, 60, 24, Palette()).to_text()


@pytest.mark.parametrize("name", ["digits", "spiral"])
@pytest.mark.parametrize("epochs", [1, 8])
def test_one_calibration_error_on_the_screen_and_on_the_command_line(name, epochs):
    trainer = Trainer(load_experiment(name, {"data.validation": 0.2}))
    trainer.advance(epochs=epochs)
    split = trainer.splits.validation
    there = measures(trainer, split)["calibration"]
    assert f"calibration error {100 * there['error']:.1f}%" in shown(read(trainer, "validation", len(split)))
    assert len(there["rows"]) == 10


def sure(*bins):
    """A reading of two classes with so many answers (rows, confidence, right) in each bin."""
    confidence = np.concatenate([np.full(rows, value) for rows, value, _ in bins])
    right = np.concatenate([np.arange(rows) < share * rows for rows, _, share in bins])
    targets, predicted = np.where(right, 0, 1), np.zeros(len(right), int)
    return SimpleNamespace(
        targets=targets, scores=np.stack([confidence, 1 - confidence], 1), confidence=confidence,
        report=class_report(targets, predicted, 2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bins", "word"),
    [
        ([(100, 0.95, 0.95), (100, 0.65, 0.66)], "well calibrated"),
        ([(990, 0.95, 0.95), (10, 0.55, 0.7)], "well calibrated"),  # ten rows may be so by chance
        ([(900, 0.95, 0.95), (50, 0.55, 0.8)], "off in places, not on the whole"),  # fifty may not
        ([(100, 0.95, 0.75), (100, 0.65, 0.85)], "off in places, not on the whole"),
        ([(100, 0.95, 0.75), (100, 0.65, 0.65)], "too sure"),
        ([(100, 0.65, 0.95)], "too modest"),
    ],
)
def test_only_what_is_near_everywhere_is_called_well_calibrated(bins, word):
    assert [line.strip() for line in shown(sure(*bins)).splitlines() if line.strip()][-1] == word
