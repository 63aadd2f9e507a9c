"""What the networks that see promise, by training them: seconds each on digits, slow ones on MNIST and CIFAR-10."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import Trainer

Train = Callable[..., Trainer]


def share_right(trainer: Trainer) -> float:
    assert trainer.splits.test is not None
    share = trainer.evaluate(trainer.splits.test)[1]
    assert share is not None
    return share


def test_digits_cnn_reaches_98_percent(trained: Train) -> None:
    assert (trained("digits-cnn").history.rows[-1].valid_accuracy or 0) >= 0.98


@pytest.mark.parametrize("blocks", [pytest.param(3, marks=pytest.mark.slow), 5])
def test_shortcuts_let_deep_networks_train(blocks: int, trained: Train) -> None:
    """With 6 n + 2 layers: the plain one is worse on what it trains on, too, so it is not overfitting."""
    residual, plain = (
        trained(name, epochs=5, model__blocks=blocks).history.rows[-1] for name in ("digits-residual", "digits-plain")
    )
    assert residual.train_loss is not None
    assert plain.train_loss is not None
    assert residual.train_loss < 0.5 * plain.train_loss
    assert (residual.train_accuracy or 0) > (plain.train_accuracy or 0)
    assert (residual.valid_accuracy or 0) > (plain.valid_accuracy or 0) + 0.03


@pytest.mark.slow
def test_mnist_cnn_reaches_99_percent_within_five_epochs(public_data: Path, trained: Train) -> None:
    trainer = trained("mnist-cnn", public_data)
    assert trainer.state.epoch <= 5
    assert share_right(trainer) >= 0.99


@pytest.mark.slow
def test_cifar_cnn_reaches_half_of_the_photos_from_a_sample_of_5000(cifar_sample: Path, trained: Train) -> None:
    trainer = trained("cifar-cnn", data__path=str(cifar_sample), epochs=8)
    assert trainer.experiment.augmentation.active
    assert share_right(trainer) >= 0.5
