"""A person's edits: settings that change during a run. They are inputs: recorded, and applied again on replay."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.experiment import Experiment

LIVE = ("optimizer.", "schedule", "regularization.", "early_stopping.", "batch_size", "epochs")


@dataclass(frozen=True)
class Edit:
    """A setting that a person changed during the run: it holds from `step` on."""

    step: int
    key: str
    value: Any


def is_live(key: str) -> bool:
    """Whether a setting can change during a run; any other needs a rebuilt network, or new vectors."""
    return key.startswith(LIVE) and key != "optimizer.name"


def in_force(base: Experiment, edits: Iterable[Edit], step: int) -> Experiment:
    """The experiment that holds at a step of a run that began as `base`, by its edits in order."""
    for edit in edits:
        if edit.step <= step:
            base = base.edited({edit.key: edit.value})
    return base
