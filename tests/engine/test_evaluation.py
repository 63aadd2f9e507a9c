"""Evaluation: the loss of an answer that does not look at the inputs, which a network has to beat."""

import numpy as np
import pytest

from engine import Trainer, load_experiment
from engine.evaluation import Evaluation


def trained_on(**changes):
    table = {key.replace("__", "."): value for key, value in changes.items()}
    trainer = Trainer(load_experiment("digits", table))
    return trainer, trainer.splits.train.y


def test_by_chance_classes_cost_their_entropy():
    for data in ("digits", "breast_cancer"):
        trainer, labels = trained_on(data__name=data)
        shares = np.bincount(labels) / len(labels)
        assert trainer.history.chance == pytest.approx(-float(shares @ np.log(shares)), rel=1e-5)


def test_two_classes_at_one_unit_cost_the_same_by_chance_as_at_two():
    one, two = (trained_on(data__name="breast_cancer", loss=name)[0].history.chance
                for name in ("binary_cross_entropy", "cross_entropy"))  # fmt: skip
    assert one == pytest.approx(two, rel=1e-4)


def test_weighted_classes_are_as_frequent_as_their_weights_make_them():
    weights = np.array([3.0, 0.5])
    trainer, labels = trained_on(
        data__name="breast_cancer", loss={"name": "cross_entropy", "class_weights": [3.0, 0.5]}
    )
    shares = weights * np.bincount(labels)
    shares /= shares.sum()
    assert trainer.history.chance == pytest.approx(-float(shares @ np.log(shares)), rel=1e-4)


def test_by_chance_numbers_cost_their_variance_in_however_many_parts():
    trainer, y = trained_on(data__name="sine", loss="mse")
    targets = trainer.splits.target_scaler.transform(y)
    assert trainer.history.chance == pytest.approx(float(targets.var(axis=0).mean()), rel=1e-4)
    trainer.network.evaluation_batch = 7
    parts = Evaluation(trainer.experiment, trainer.network, trainer.splits.train, targets)
    assert parts.chance() == pytest.approx(trainer.history.chance, rel=1e-5)


def test_a_reset_does_not_forget_what_chance_costs():
    trainer, _ = trained_on()
    before = trainer.history.chance
    trainer.advance(steps=3)
    trainer.reset()
    assert trainer.history.chance == before
