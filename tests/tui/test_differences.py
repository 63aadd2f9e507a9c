"""What was changed between two experiments, in words, and what of them can be compared."""

import pytest

from engine import Edit, Experiment, load_experiment
from tui.differences import differences, edit_value, same_data, same_loss
from tui.draft import deleted, edited, inserted

SHAPE = (64,)
DIGITS = load_experiment("digits")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"title": "another", "notes": "other"}, []),
        ({"model.hidden": [4]}, ["hidden 64, 32 → 4"]),
        ({"model.activation": "tanh", "seed": 3}, ["activation relu → tanh", "seed 0 → 3"]),
        ({"epochs": 40, "optimizer.name": "sgd"}, ["optimizer adam → sgd", "lr 0.005 → 0.01", "epochs 20 → 40"]),
        ({"optimizer": {"name": "sgd", "lr": 0.005, "momentum": 0.9}}, ["optimizer adam → sgd", "momentum 0.9"]),
        ({"regularization.l2": 0.1, "batch_size": 8}, ["batch size 32 → 8", "l2 0 → 0.1"]),
        ({"early_stopping.patience": 3}, ["patience 0 → 3"]),
    ],
)
def test_changes_are_told_by_name_old_value_and_new_one(changes: dict[str, object], words: list[str]) -> None:
    assert differences(DIGITS, DIGITS.edited(changes), SHAPE) == words


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (inserted(DIGITS, SHAPE, 2, "dropout"), ["with dropout 0.5"]),
        (deleted(DIGITS, SHAPE, 1), ["without relu"]),
        (edited(DIGITS, "layers.0.units", 16, SHAPE), ["dense 64 → 16"]),
        (edited(DIGITS.edited({"seed": 1}), "layers.1.type", "tanh", SHAPE), ["relu → tanh", "seed 0 → 1"]),
        (DIGITS.edited({"layers": [{"type": "dense", "units": 5}]}), ["dense 64, relu, dense 32, relu → dense 5"]),
    ],
)
def test_layers_are_told_by_what_came_and_went(now: Experiment, words: list[str]) -> None:
    assert differences(DIGITS, now, SHAPE) == words


def test_other_data_or_another_loss_is_not_compared() -> None:
    spiral = load_experiment("spiral")
    assert same_data(spiral, spiral.edited({"data.noise": 20, "data.features": ["x1"], "data.validation": 0.3}))
    assert not same_data(spiral, spiral.edited({"data.arms": 3, "loss": "cross_entropy"}))
    assert not same_data(DIGITS, spiral)
    assert not same_data(DIGITS, DIGITS.edited({"data.predict": "inputs"}))
    assert same_loss(DIGITS, DIGITS.edited({"optimizer.lr": 1}))
    assert not same_loss(DIGITS, DIGITS.edited({"loss": "mse"}))
    mse = DIGITS.edited({"loss": "mse"})
    assert not same_loss(mse, mse.edited({"output.activation": "tanh"})), "targets of -1 instead of 0"


def test_an_edit_is_told_by_its_value() -> None:
    assert edit_value(Edit(5, "optimizer.lr", 0.1)) == "0.1"
    assert edit_value(Edit(5, "schedule", {"name": "cosine", "warmup": 3})) == "cosine warmup=3"
