"""Slopes of several nodes in one pass: fewer calls, the same bits; narrow inputs and evaluation in large batches."""

import numpy as np
import pytest

from engine import Trainer, load_experiment
from engine import network as networks


def train(activation):
    changes = {"model.name": "mlp", "model.hidden": [5, 4, 3], "model.activation": activation, "epochs": 100}
    trainer = Trainer(load_experiment("xor-mlp", changes))
    trainer.advance(steps=20)
    return trainer


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "softsign"])
def test_slopes_written_at_once_are_the_same_bits_in_fewer_calls(kind, monkeypatch):
    together = train(kind)
    monkeypatch.setattr(networks, "TOGETHER", 0)
    apart = train(kind)
    assert together.state.values.tobytes() == apart.state.values.tobytes()
    one, other = (trainer.network.run(trainer.batch_size, training=True) for trainer in (together, apart))
    slope = len(other.backward.calls) - len(one.backward.calls)
    per_node = {"tanh": 2, "sigmoid": 2, "softsign": 3}[kind]
    hidden = sum(node.layer.name == kind for node in together.network.nodes)
    assert slope == per_node * (hidden - 1) > 0


def test_different_activations_and_large_outputs_stay_apart(monkeypatch):
    network = train("tanh").network
    assert [len(nodes) for _, nodes, _ in network._alike(4)] == [3]
    assert network._alike(networks.TOGETHER) == []
    assert train("relu").network._alike(4) == []


@pytest.mark.parametrize("rows", [1, 7, 9_999, 10_001, 25_000])
def test_any_number_of_rows_is_predicted_as_one_by_one(rows):
    trainer = train("tanh")
    x = np.random.default_rng(rows).normal(size=(rows, 2)).astype(np.float32)
    chosen = [0, rows // 2, rows - 1]
    alone = np.concatenate([trainer.predict(x[i : i + 1]) for i in chosen])
    np.testing.assert_allclose(trainer.predict(x)[chosen], alone, rtol=1e-5, atol=1e-6)
