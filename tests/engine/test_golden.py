"""PyTorch's recorded numbers, so that they are checked where PyTorch is missing; golden/make.py made the files."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine import Layer, Loss, Network, NodeSpec, Trainer, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler
from engine.layers import Scratch
from engine.layers.activations import Activation
from engine.losses import LossSite
from engine.plan import Plan

FOLDER = Path(__file__).parent / "golden"
FUNCTIONS = json.loads((FOLDER / "functions.json").read_text("utf-8"))
OPTIMIZERS = json.loads((FOLDER / "optimizers.json").read_text("utf-8"))


def network(layer, x):
    """The outputs of one layer and its slope at x (n,), through a network of that layer alone."""
    dense = Layer.parse({"type": "dense", "units": 1, "init": {"name": "constant", "value": 1}})
    made = Network([NodeSpec("in", dense), NodeSpec("f", layer)], (1,), Loss.parse("mse"), 1, seed=0, dtype=np.float64)
    at = made.run(len(x), training=True)
    at.inputs[:, 0], at.targets[...] = x, 0
    at.forward.run()
    at.backward.run()
    y = at.outputs["f"][0].copy()
    dy = 2 * y / len(x)
    return y, np.divide(at.gradients["in"][0], dy, out=np.full_like(y, np.nan), where=dy != 0)


@pytest.mark.parametrize("name", FUNCTIONS["activations"])
def test_an_activation_s_values_and_slopes(name):
    recorded = FUNCTIONS["activations"][name]
    y, slope = network(Layer.parse(name), np.array(FUNCTIONS["x"]))
    np.testing.assert_allclose(y, recorded["y"], rtol=1e-12, atol=1e-15)
    known = np.isfinite(slope)
    assert known.sum() >= 8
    np.testing.assert_allclose(slope[known], np.array(recorded["slope"])[known], rtol=1e-7, atol=1e-12)


def test_every_activation_but_the_step_is_recorded():
    assert set(Activation.choices()) - {"step"} == set(FUNCTIONS["activations"])


@pytest.mark.parametrize("case", FUNCTIONS["losses"], ids=lambda case: "-".join(map(str, case["loss"].values())))
def test_a_loss_s_value_and_gradient(case):
    loss = Loss.parse(case["loss"])
    targets = loss.encode(np.array(FUNCTIONS["labels"]), 3, -1.0 if loss.signed else 0.0)
    z = np.ascontiguousarray(np.array(FUNCTIONS["z"]).T)
    value, dz = np.zeros(1), np.zeros_like(z)
    plan = Plan(np.float64)
    loss.forward(plan, LossSite(z, np.ascontiguousarray(targets.T), value, dz, Scratch()))
    plan.run()
    assert value[0] == pytest.approx(case["value"], rel=1e-12)
    np.testing.assert_allclose(dz.T, case["dz"], rtol=1e-12, atol=1e-15)


def test_every_loss_is_recorded():
    assert {case["loss"]["name"] for case in FUNCTIONS["losses"]} == set(Loss.registry)


@pytest.mark.parametrize("case", OPTIMIZERS["cases"], ids=lambda case: "-".join(map(str, case["optimizer"].values())))
def test_ten_steps_of_an_optimizer(case):
    x = np.array(OPTIMIZERS["x"])
    train = Split(x, np.array(OPTIMIZERS["labels"]))
    splits = Splits(train, None, None, (2,), ("a", "b", "c"), ("x1", "x2"), (), fit_scaler("none", train.x))
    table = {"layers": [{"type": "dense", "units": 4}, "tanh"], "optimizer": case["optimizer"]}
    experiment = parse_experiment({**table, "batch_size": OPTIMIZERS["batch"], "epochs": 9})
    trainer = Trainer(experiment, splits=splits, dtype=np.float64, shuffle=False)
    for slot in trainer.network.parameters:
        slot.view(trainer.network.values)[...] = OPTIMIZERS["first"][slot.name]
    trainer.advance(steps=OPTIMIZERS["steps"])
    np.testing.assert_allclose(trainer.history.losses, case["losses"], rtol=1e-6)
    for slot in trainer.network.parameters:
        np.testing.assert_allclose(slot.view(trainer.network.values), case["weights"][slot.name], rtol=1e-7)
