"""What the presets promise, by training them: seconds each, MNIST where it is on the machine."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import geometric_mean

import pytest

from engine import Trainer, load_experiment
from engine.probe import Probe

Train = Callable[..., Trainer]


def accuracy(trainer: Trainer, column: str = "valid_accuracy") -> float:
    value = getattr(trainer.history.rows[-1], column)
    assert value is not None
    return float(value)


@pytest.mark.parametrize("seed", range(3))
def test_digits_reach_96_percent(seed: int, trained: Train) -> None:
    assert accuracy(trained("digits", seed=seed)) >= 0.96


@pytest.mark.parametrize("seed", range(10))
def test_a_hidden_layer_learns_xor_and_a_straight_line_cannot(seed: int, trained: Train) -> None:
    assert accuracy(trained("xor-mlp", seed=seed), "train_accuracy") == 1.0
    alone = trained("xor-perceptron", seed=seed)
    assert all((row.train_accuracy or 0) <= 0.75 for row in alone.history.rows)


def measured(name: str, seed: int) -> Iterator[tuple[int, Probe]]:
    """(epoch, instruments) of a preset with eight hidden layers: untrained, and twice while it learns."""
    trainer = Trainer(load_experiment(name, {"seed": seed}))
    for epochs in (0, 1, 3):
        report = trainer.advance(epochs=epochs)
        probe = trainer.measure()
        assert probe is not None
        assert len(probe.weighted) == 9
        assert probe.weighted[-1].node == "output"
        yield report.epoch, probe


@pytest.mark.parametrize("seed", [0, 1])
def test_eight_sigmoid_layers_lose_the_gradient_on_the_way_back(seed: int) -> None:
    for _, probe in measured("deep-sigmoid", seed):
        hidden = probe.weighted[:-1]
        assert max(ratio for _, ratio in probe.attenuation[:-1]) < 0.4
        for measure in ("grad_norm", "grad_rms"):
            assert getattr(hidden[0], measure) < getattr(hidden[-1], measure) / 1000


@pytest.mark.parametrize("seed", [0, 1])
def test_eight_relu_layers_keep_it(seed: int) -> None:
    for epoch, probe in measured("deep-relu", seed):
        ratios = [ratio for _, ratio in probe.attenuation]
        assert 0.5 < geometric_mean(ratios) < 1.5
        assert epoch or all(0.5 < ratio < 1.5 for ratio in ratios[:-1])


def test_batch_norm_learns_what_sigmoids_alone_do_not(trained: Train) -> None:
    assert accuracy(trained("deep-sigmoid")) < 0.3
    assert accuracy(trained("deep-sigmoid-batchnorm")) > 0.9


def test_an_overfitted_network_gets_worse_on_what_it_has_not_seen(trained: Train) -> None:
    rows = trained("overfit").history.rows
    losses = [row.valid_loss for row in rows if row.valid_loss is not None]
    assert rows[-1].train_loss < 0.1
    assert losses[-1] > 1.5 * min(losses)


def test_exploding_and_dead_show_what_their_names_say(trained: Train) -> None:
    exploding = Trainer(load_experiment("exploding"))
    assert exploding.probe is not None
    sizes = [node.dy_rms for node in exploding.probe.weighted if node.node != "output"]
    assert all(early > late for early, late in pairwise(sizes))
    assert sizes[0] > 100 * sizes[-1]
    dead = trained("dead-relu")
    assert dead.probe is not None
    assert max(node.dead or 0.0 for node in dead.probe.nodes) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "wanted"), [("mnist-challenge", 0.97), ("mnist-mlp", 0.975), ("mnist-sigmoid", 0.96)])
def test_mnist(name: str, wanted: float, public_data: Path, trained: Train) -> None:
    trainer = trained(name, public_data)
    assert trainer.state.epoch <= (30 if name == "mnist-sigmoid" else 10)
    assert trainer.splits.test is not None
    reached = trainer.evaluate(trainer.splits.test)[1]
    assert reached is not None
    assert reached >= wanted
