"""The instruments against naive computations on the same arrays."""

import math
from itertools import pairwise

import numpy as np
import pytest

from engine import Trainer, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler
from engine.layers import Layer

LAYERS = [
    {"type": "dense", "units": 9},
    "relu",
    {"type": "dense", "units": 8},
    "batch_norm",
    "tanh",
    {"type": "dense", "units": 7, "bias": False},
    "sigmoid",
]


def trainer(**table):
    draw = np.random.default_rng(2)
    x, labels = draw.normal(0, 2, (24, 5)), draw.integers(0, 3, 24)
    data = Splits(Split(x, labels), None, None, (5,), ("a", "b", "c"), tuple("abcde"), (), fit_scaler("none", x))
    base = {"layers": LAYERS, "batch_size": 8, "optimizer": {"name": "adam", "lr": 0.05}}
    return Trainer(parse_experiment({**base, **table}), splits=data, dtype=np.float64)


def norm(array):
    return math.sqrt(sum(float(value) ** 2 for value in np.asarray(array).ravel()))


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_every_number_of_a_measurement(steps):
    made = trainer()
    made.advance(steps=steps)
    probe = made.measure()
    at = made.network.run(8, training=True)
    assert probe.step == made.state.step == steps
    assert probe.loss == pytest.approx(float(at.vitals[0]))
    for stats, node in zip(probe.nodes, made.network.nodes, strict=True):
        y, dy = at.outputs[node.name], at.gradients[node.name]
        assert (stats.node, stats.type) == (node.name, node.layer.name)
        assert stats.output_mean == pytest.approx(np.mean(y), abs=1e-12)
        assert stats.output_std == pytest.approx(np.std(y))
        assert stats.dy_rms == pytest.approx(norm(dy) / math.sqrt(dy.size))
        slots = made.network.parameters.of(node.name)
        if not slots:
            assert (stats.weight_norm, stats.grad_norm, stats.grad_rms, stats.update_ratio) == (None,) * 4
            continue
        w = np.concatenate([slot.view(made.network.values).ravel() for slot in slots])
        g = np.concatenate([slot.view(made.network.grads).ravel() for slot in slots])
        assert stats.weight_norm == pytest.approx(norm(w))
        assert stats.grad_norm == pytest.approx(norm(g))
        assert stats.grad_rms == pytest.approx(norm(g) / math.sqrt(g.size))
        assert stats.update_ratio is None
    for stats, slot in zip(probe.parameters, made.network.parameters, strict=True):
        g = slot.view(made.network.grads)
        assert (stats.parameter, stats.node) == (slot.name, slot.node)
        assert stats.norm == pytest.approx(norm(slot.view(made.network.values)))
        assert stats.grad_norm == pytest.approx(norm(g))
        assert stats.grad_rms == pytest.approx(norm(g) / math.sqrt(g.size))
        assert stats.grad_max == pytest.approx(max(abs(float(value)) for value in g.ravel()))
        assert sum(stats.histogram) == g.size
        assert list(stats.histogram) == naive_histogram(g)


def naive_histogram(g):
    """Bin k of 32 holds 2^(2k - 49) <= |g| < 2^(2k - 47), the first one all below too, the last one all above."""
    bins = [0] * 32
    for value in np.asarray(g).ravel():
        size = abs(float(value))
        bins[0 if size == 0 else min(max((math.floor(math.log2(size)) + 49) // 2, 0), 31)] += 1
    return bins


def test_update_ratios_are_those_of_the_update_that_was_made():
    made = trainer(regularization={"l2": 0.1, "decay": 0.3, "clip_norm": 0.1})
    for _ in range(4):
        before = made.network.values.copy()
        probe = made.step().probe
        for stats in probe.parameters:
            slot = made.network.parameters.slots[stats.parameter]
            old, new = slot.view(before), slot.view(made.network.values)
            if norm(old):
                assert stats.update_ratio == pytest.approx(norm(new - old) / norm(old))
            assert stats.norm == pytest.approx(norm(old))
        gradient = math.sqrt(sum(stats.grad_norm**2 for stats in probe.parameters))
        assert gradient == pytest.approx(float(made.history.grad_norms[made.state.step - 1]), rel=1e-6)
        assert gradient > 0.1


def test_a_parameter_of_zeros_has_no_update_ratio():
    made = trainer(layers=[{"type": "dense", "units": 4}, "tanh"])
    ratios = {stats.parameter: stats.update_ratio for stats in made.step().probe.parameters}
    assert ratios["dense1.bias"] is None
    assert ratios["dense1.weight"] > 0


def test_attenuation_is_the_ratio_of_neighbouring_layers_gradients():
    probe = trainer().probe
    rms = {stats.node: stats.dy_rms for stats in probe.nodes}
    layers = ["dense1", "dense2", "dense3", "output"]
    expected = [(here, rms[here] / rms[after]) for here, after in pairwise(layers)]
    assert [node for node, _ in probe.attenuation] == layers[:-1]
    for (_, ratio), (_, wanted) in zip(probe.attenuation, expected, strict=True):
        assert ratio == pytest.approx(wanted)
    assert trainer(model="perceptron", layers=[]).probe.attenuation == ()


def test_layers_with_weights_are_those_that_people_count():
    layers = ["layer_norm", {"type": "dense", "units": 4}, "batch_norm", "relu", {"type": "dense", "units": 3}]
    assert [stats.node for stats in trainer(layers=layers).probe.weighted] == ["dense1", "dense2", "output"]


def test_where_no_gradient_is_computed_there_is_no_size_of_one():
    probe = trainer(layers=["tanh", {"type": "dropout", "rate": 0.1}, {"type": "dense", "units": 4}, "tanh"]).probe
    assert [stats.dy_rms is None for stats in probe.nodes] == [True, True, False, False, False]
    assert all(stats.dy_rms > 0 for stats in probe.nodes[2:])
    assert trainer(layers=["batch_norm", "tanh"]).probe.nodes[0].dy_rms > 0


def test_dead_units_are_those_that_are_zero_for_the_whole_batch():
    made = trainer()
    slot = made.network.parameters.slots["dense1.bias"]
    slot.view(made.network.values)[[1, 4, 8]] = -1e4
    slot.view(made.network.values)[[0]] = 1e4
    stats = {stats.node: stats for stats in made.measure().nodes}
    y = made.network.run(8, training=True).outputs["relu1"]
    dead = sum(1 for unit in y if not any(value > 0 for value in unit))
    assert dead >= 3
    assert stats["relu1"].dead == pytest.approx(dead / 9)
    assert stats["tanh1"].dead is None
    assert stats["dense1"].dead is None


@pytest.mark.parametrize(
    ("name", "flat"),
    [
        ("tanh", lambda y: abs(y) > 0.97),
        ("sigmoid", lambda y: y < 0.03 or y > 0.97),
        ("softsign", lambda y: abs(y) > 0.97),
        ("hard_sigmoid", lambda y: y < 0.03 or y > 0.97),
    ],
)
def test_saturated_outputs_are_those_near_a_bound(name, flat):
    y = np.random.default_rng(0).uniform(-1 if name in ("tanh", "softsign") else 0, 1, (6, 40))
    y[0, :8] = 0.98, 0.96, 0.971, 0.029, 0.031, 0.02, 0.5, 1.0
    expected = sum(flat(float(value)) for value in y.ravel()) / y.size
    assert 0 < expected < 0.2
    assert Layer.parse(name).saturated(y) == pytest.approx(expected)
    assert Layer.parse("relu").saturated(y) is None


def test_the_last_step_of_a_run_is_measured_also_where_none_else_is():
    made = trainer(epochs=4)
    made.advance(measure=False)
    assert made.status == "finished"
    assert made.probe.step == made.state.step == 12
    assert all(stats.update_ratio is not None for stats in made.probe.parameters)
