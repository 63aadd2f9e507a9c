"""TensorFlow Playground's own numbers: its nn.ts, compiled and run on a spiral without noise, to 1e-9."""

import math

import numpy as np
import pytest

from engine import Trainer, load_experiment, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler

LOSSES = {
    "tanh": {0: 0.5084359003, 1: 0.5053699165, 10: 0.4963096317, 100: 0.4741778821},
    "relu": {0: 0.5107058189, 1: 0.5075847739, 10: 0.4992503806, 100: 0.4944829572},
}


def spiral():
    """Two arms of ten points, the first of class 1 (target +1), the second of class 0 (target -1)."""
    points = []
    for start in (0.0, math.pi):
        for i in range(10):
            r, t = 5 * i / 10, 1.75 * 2 * math.pi * i / 10 + start
            points.append((r * math.sin(t), r * math.cos(t)))
    x, labels = np.array(points), np.array([1] * 10 + [0] * 10)
    return Splits(Split(x, labels), None, None, (2,), ("-1", "1"), ("x1", "x2"), (), fit_scaler("none", x))


def playground(activation):
    changes = {"model.hidden": [3, 2], "model.activation": activation, "batch_size": 5, "epochs": 100}
    experiment = load_experiment("playground", changes)
    trainer = Trainer(experiment, splits=spiral(), dtype=np.float64, shuffle=False)
    k = 0
    for slot in trainer.network.parameters:
        view = slot.view(trainer.network.values)
        if slot.name.endswith("bias"):
            assert (view == 0.1).all()
            continue
        for place in np.ndindex(slot.shape):
            view[place] = 0.1 * (k % 7) - 0.3
            k += 1
    assert k == 2 * 3 + 3 * 2 + 2
    return trainer


@pytest.mark.parametrize("activation", LOSSES)
def test_losses_after_epochs(activation):
    trainer = playground(activation)
    found = {0: trainer.evaluate(trainer.splits.train)[0]}
    for _ in trainer:
        found[trainer.state.epoch] = trainer.evaluate(trainer.splits.train)[0]
    for epoch, loss in LOSSES[activation].items():
        assert found[epoch] == pytest.approx(loss, abs=1e-9)
    assert trainer.history.rows[-1].train_loss == pytest.approx(LOSSES[activation][100], abs=1e-9)


def test_weights_after_a_hundred_epochs():
    trainer = playground("tanh")
    trainer.advance(epochs=100)
    slots = trainer.network.parameters.slots
    weight = slots["dense1.weight"].view(trainer.network.values)
    bias = slots["dense1.bias"].view(trainer.network.values)
    assert weight[0, 0] == pytest.approx(-0.2217465452, abs=1e-9)
    assert bias[0] == pytest.approx(0.09056573019, abs=1e-10)


def test_weights_of_zero_give_one_half():
    zeros = {"name": "mlp", "hidden": [4, 2], "activation": "tanh", "init": "zeros"}
    experiment = parse_experiment(
        {"data": "circle", "model": zeros, "output": {"activation": "tanh", "init": "zeros"}, "loss": "quadratic"}
    )
    assert Trainer(experiment).history.rows[0].train_loss == pytest.approx(0.5, abs=1e-7)
