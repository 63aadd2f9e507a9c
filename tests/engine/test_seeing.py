"""What a network sees: saliency against finite differences, activities, occlusion, filters and fields by hand."""

import numpy as np
import pytest

from engine import INPUT, Trainer, parse_experiment
from engine.look import Look
from engine.seeing import activity, effective_field, filters, occlusion, outputs, saliency


def trainer(layers, data=None, dtype=np.float64, steps=3):
    experiment = parse_experiment(
        {
            "data": data or {"name": "digits", "limit": 200},
            "batch_size": 20,
            "layers": layers,
            "optimizer": {"name": "adam", "lr": 0.01},
        }
    )
    made = Trainer(experiment, dtype=dtype)
    made.advance(steps=steps)
    return made


DENSE = [
    {"type": "flatten"},
    {"type": "dense", "units": 20},
    {"type": "batch_norm"},
    {"type": "tanh"},
    {"type": "dropout", "rate": 0.4},
    {"type": "dense", "units": 12},
    {"type": "layer_norm"},
    {"type": "gelu"},
]
RESIDUAL = [
    {"type": "flatten", "name": "flat"},
    {"type": "dense", "units": 16, "name": "a"},
    {"type": "tanh", "name": "b"},
    {"type": "dense", "units": 16, "name": "c"},
    {"type": "add", "name": "d", "inputs": ["b", "c"]},
]
IMAGES = [
    {"type": "conv2d", "channels": 6, "kernel": 3, "padding": 1},
    {"type": "batch_norm"},
    {"type": "relu"},
    {"type": "max_pool2d", "kernel": 2},
    {"type": "conv2d", "channels": 4, "kernel": 3},
    {"type": "tanh"},
    {"type": "flatten"},
]


@pytest.mark.parametrize("layers", [DENSE, RESIDUAL, IMAGES], ids=["dense", "residual", "images"])
def test_saliency_is_the_finite_difference_of_the_score(layers):
    made_trainer = trainer(layers)
    draw, network = np.random.default_rng(3), made_trainer.network
    x = draw.normal(size=(1, 8, 8))  # A real image has equal neighbours, where a maximum has no derivative.
    found = saliency(network, x, unit=4)
    direction = draw.normal(size=x.shape)
    step = 1e-5
    up, down = (network.predict((x + sign * step * direction)[None])[0, 4] for sign in (1, -1))
    assert (found.gradient * direction).sum() == pytest.approx((up - down) / (2 * step), rel=1e-4)
    assert found.scores == pytest.approx(network.predict(x[None])[0])
    assert found.strength.shape == (8, 8)
    assert found.unit == 4


@pytest.mark.parametrize("layers", [DENSE, RESIDUAL, IMAGES], ids=["dense", "residual", "images"])
def test_looking_gives_the_network_s_outputs_and_changes_nothing(layers):
    looked, plain = trainer(layers), trainer(layers)
    x = looked.splits.validation.x[:4].astype(np.float64)
    before = looked.network.grads.copy()
    look = Look(looked.network, 4)
    assert pytest.approx(looked.network.predict(x)) == look.forward(x).T
    for node in looked.network.nodes:
        look.backward(node.name, np.ones_like(look.outputs[node.name]))
    assert (looked.network.grads == before).all()
    for one in (looked, plain):
        one.advance(steps=5)
    assert (looked.network.values == plain.network.values).all()


def test_the_largest_score_is_asked_about_when_none_is_named():
    run = trainer(DENSE)
    x = run.splits.validation.x[0].astype(np.float64)
    assert saliency(run.network, x).unit == run.network.predict(x[None])[0].argmax()


def test_gradients_of_a_node_are_those_of_the_score():
    run = trainer(RESIDUAL)
    x = run.splits.validation.x[1].astype(np.float64)
    found = activity(run.network, "d", x, unit=2)
    slot = run.network.parameters.slots["output.weight"]
    assert found.gradients == pytest.approx(slot.view(run.network.values)[2])
    tanh = activity(run.network, "b", x, unit=2)
    weights = run.network.parameters.slots["c.weight"].view(run.network.values)
    assert tanh.gradients == pytest.approx(found.gradients + weights.T @ found.gradients)
    with pytest.raises(KeyError):
        activity(run.network, "nobody", x)


def test_occlusion_finds_the_pixel_that_matters():
    run = trainer([{"type": "flatten"}])
    weights = run.network.parameters.slots["output.weight"].view(run.network.values)
    weights[...] = 0
    weights[7, 3 * 8 + 5] = 2.0
    x = np.zeros((1, 8, 8))
    x[0, 3, 5] = 1
    fall = occlusion(run.network, x, unit=7, patch=2, fill=0.0)
    assert fall[3, 5] == pytest.approx(2)
    assert fall.shape == (8, 8)
    assert fall[0, 0] == 0
    assert (fall[:2] == 0).all()


def test_filters_of_a_first_dense_layer_are_images():
    run = trainer(DENSE)
    pictures = filters(run.network, "dense1")
    assert pictures.shape == (20, 1, 8, 8)
    weights = run.network.parameters.slots["dense1.weight"].view(run.network.values)
    assert (pictures[7, 0].ravel() == weights[7]).all()
    assert filters(run.network, "dense2") is None
    assert filters(run.network, "tanh1") is None
    assert filters(run.network, "nobody") is None


def test_filters_and_field_of_a_convolution():
    run = trainer(IMAGES)
    names = [node.name for node in run.network.nodes if node.layer.name == "conv2d"]
    assert filters(run.network, names[0]).shape == (6, 1, 3, 3)
    assert filters(run.network, names[1]).shape == (4, 6, 3, 3)
    x = run.splits.validation.x[0].astype(np.float64)
    field = effective_field(run.network, names[0], (2, 4, 4), x)
    assert field.shape == (1, 8, 8)
    assert {tuple(place) for place in np.argwhere(field[0])} == {(r, c) for r in (3, 4, 5) for c in (3, 4, 5)}
    weights = run.network.parameters.slots[f"{names[0]}.weight"].view(run.network.values)
    assert field[:, 3:6, 3:6] == pytest.approx(weights[2])


def test_the_input_s_gradient_of_a_plane():
    run = trainer([{"type": "dense", "units": 4}], {"name": "moons"})
    look = Look(run.network, 1)
    look.forward(np.array([[0.5, 1.0]]))
    dy = np.array([[1.0], [2], [0], [0]])
    weights = run.network.parameters.slots["dense1.weight"].view(run.network.values)
    assert look.backward("dense1", dy)[:, 0] == pytest.approx(weights.T @ dy[:, 0])
    assert look.gradients[INPUT].shape == (2, 1)


def test_outputs_of_every_layer_over_a_plane_are_those_computed_by_hand():
    layers = [{"type": "dense", "units": 5}, {"type": "batch_norm"}, {"type": "tanh"}, {"type": "dropout"}]
    run = trainer(layers, {"name": "moons"})
    network, slots = run.network, run.network.parameters.slots
    network.evaluation_batch = 7  # so that the rows come in several parts, the last one shorter
    x = np.random.default_rng(5).normal(size=(40, 2))
    weights = {name: slot.view(network.values) for name, slot in slots.items()}
    mean, var = (
        network.statistics.slots[f"batch_norm1.running_{name}"].view(network.buffers) for name in ("mean", "var")
    )
    sums = x @ weights["dense1.weight"].T + weights["dense1.bias"]
    normed = (sums - mean) / np.sqrt(var + 1e-5) * weights["batch_norm1.weight"] + weights["batch_norm1.bias"]
    wanted = {
        INPUT: x, "dense1": sums, "batch_norm1": normed, "tanh1": np.tanh(normed), "dropout1": np.tanh(normed),
        "output": np.tanh(normed) @ weights["output.weight"].T + weights["output.bias"],
    }  # fmt: skip
    assert list(wanted) == [INPUT, *(node.name for node in network.nodes)]
    for node, values in wanted.items():
        assert outputs(network, node, x) == pytest.approx(values, rel=1e-6, abs=1e-9), node
    with pytest.raises(KeyError):
        outputs(network, "nobody", x)


def test_outputs_inside_layers_that_are_computed_as_one_are_there_too():
    layers = [{"type": "conv2d", "channels": 4, "kernel": 3}, {"type": "relu"}, {"type": "max_pool2d"}]
    run = trainer([*layers, {"type": "flatten"}])
    x = run.splits.validation.x[:6].astype(np.float64)
    look = Look(run.network, 6)
    look.forward(x)
    for node in run.network.nodes:
        found = outputs(run.network, node.name, x)
        assert found.shape == (6, *node.shape)
        assert np.moveaxis(found, 0, -1) == pytest.approx(look.outputs[node.name])
