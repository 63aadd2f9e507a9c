"""A regression whose targets are large: it learns on scaled ones, and everything it says is in the targets' units."""

from pathlib import Path

import numpy as np
import pytest

from engine import BadInput, Experiment, Trainer, parse_experiment
from engine.checkpoint import load_checkpoint, save_checkpoint
from engine.metrics import r2


def houses(folder: Path) -> str:
    """A table of 200 prices about 1.2 million that follow from two columns."""
    random = np.random.default_rng(0)
    rooms, age = random.normal(size=200), random.uniform(0, 50, 200)
    prices = 1.2e6 + 2e5 * rooms - 9e3 * age
    path = folder / "houses.csv"
    lines = [f"{a:.4f},{b:.3f},{c:.1f}" for a, b, c in zip(rooms, age, prices, strict=True)]
    path.write_text("rooms,age,price\n" + "\n".join(lines))
    return str(path)


def experiment(folder: Path, **data: object) -> Experiment:
    table = {"name": "csv", "path": houses(folder), "test": 0.2, **data}
    parts = {"model": {"name": "mlp", "hidden": [8]}, "loss": "mse", "optimizer": {"name": "adam", "lr": 0.01}}
    return parse_experiment({"epochs": 30, "data": table, **parts})


def test_prices_in_millions_are_learned_and_predicted_in_their_own_units(tmp_path):
    trainer = Trainer(experiment(tmp_path))
    assert trainer.history.rows[0].train_loss < 10
    trainer.advance(epochs=30)
    test = trainer.splits.test
    assert test.y.min() > 1e5
    assert r2(test.y, trainer.predict(test.x)) > 0.95


@pytest.mark.parametrize("method", ["zscore", "unit", "none"])
def test_the_scaling_is_fitted_on_the_training_rows_alone(tmp_path, method):
    trainer = Trainer(experiment(tmp_path, standardize_target=method))
    train, test = trainer.splits.train.y.astype(float), trainer.splits.test
    shift, width = {
        "zscore": (train.mean(), train.std()), "unit": (train.min(), np.ptp(train)), "none": (0.0, 1.0),
    }[method]  # fmt: skip
    outputs = trainer.network.predict(test.x)
    np.testing.assert_allclose(trainer.predict(test.x), outputs * width + shift, rtol=1e-5)
    loss, accuracy = trainer.evaluate(test)
    assert loss == pytest.approx(np.square(outputs - (test.y - shift) / width).mean(), rel=1e-5)
    assert accuracy is None


def test_a_resumed_run_predicts_in_the_same_units(tmp_path):
    trainer = Trainer(experiment(tmp_path))
    trainer.advance(steps=7)
    save_checkpoint(trainer, tmp_path / "run.safetensors")
    x = trainer.splits.test.x
    assert np.array_equal(load_checkpoint(tmp_path / "run.safetensors").predict(x), trainer.predict(x))


def test_classes_and_predicted_inputs_are_left_as_they_are(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text("a,b,kind\n" + "\n".join(f"{i},{i * i % 7},{'xy'[i % 2]}" for i in range(40)))
    for changes in ({}, {"predict": "inputs"}):
        data = {"name": "csv", "path": str(path), **changes}
        loss = {} if not changes else {"loss": "mse"}
        trainer = Trainer(parse_experiment({"data": data, "model": "mlp", **loss}))
        assert trainer.splits.target_scaler.shift is None


def test_binary_cross_entropy_takes_a_target_that_is_scaled_to_unit(tmp_path):
    table = experiment(tmp_path).table() | {"loss": {"name": "binary_cross_entropy"}}
    with pytest.raises(BadInput, match=r"data\.standardize_target = 'unit'"):
        Trainer(parse_experiment(table))
    table["data"]["standardize_target"] = "unit"
    trainer = Trainer(parse_experiment(table))
    predicted, prices = trainer.predict(trainer.splits.test.x), trainer.splits.train.y
    assert prices.min() < predicted.min() < predicted.max() < prices.max()
