"""Runs that several tests of the engine train to their end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import Trainer, load_experiment
from engine.cores import available


@pytest.fixture
def trained() -> Callable[..., Trainer]:
    """Trains a preset with changes to its end, such as trained("digits", seed=3, model__hidden=[8])."""

    def train(name: str, folder: Path | None = None, **changes: object) -> Trainer:
        dotted = {key.replace("__", "."): value for key, value in changes.items()}
        trainer = Trainer(load_experiment(name, dotted), folder=folder, cores=1 + available())
        for _ in trainer:
            pass
        return trainer

    return train
