"""Monitors: what watches a run from epoch to epoch and lowers its learning rate or ends it.

A monitor is settings, a small frozen state, and a pure function from a state and the epoch's value to the next state.
The state is part of the training state, so it is saved and rewound with everything else: `component.plain` makes a
table of numbers from it (without `best` while there is none) and `model_validate` reads one back.
"""

from math import inf
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.component import Model
from engine.schedules import Plateau


class PlateauState(Model):
    """Best loss, epochs in a row without a better one, epochs left of a cooldown, and the learning rate's factor."""

    largest: ClassVar[float] = inf
    best: float | None = None
    bad_epochs: Annotated[int, Field(ge=0)] = 0
    cooldown: Annotated[int, Field(ge=0)] = 0
    factor: Annotated[float, Field(ge=0, le=1)] = 1.0


def plateau_next(settings: Plateau, state: PlateauState, value: float) -> PlateauState:
    """The state after an epoch with loss `value`; `factor` is the learning rate's from the next step on.

    As in PyTorch: better means value < best (1 - threshold), and the drop comes when *more* than `patience` epochs in a
    row were not better. A value that is not a number is not better.
    """
    better = value < (inf if state.best is None else state.best * (1 - settings.threshold))
    best = value if better else state.best
    bad = 0 if better or state.cooldown else state.bad_epochs + 1
    if bad > settings.patience:
        factor = max(state.factor * settings.gamma, min(settings.floor, state.factor))
        return PlateauState(best=best, cooldown=settings.cooldown, factor=factor)
    return PlateauState(best=best, bad_epochs=bad, cooldown=max(state.cooldown - 1, 0), factor=state.factor)


class EarlyStopping(Model):
    """Ends training when it no longer helps (Prechelt 1998)."""

    patience: int = Field(0, ge=0, description="epochs without improvement after which training stops; 0: never")
    min_delta: float = Field(0.0, ge=0, description="an improvement must be larger than this")
    monitor: Literal["valid_loss", "valid_accuracy", "train_loss"] = Field(
        "valid_loss", description="what must improve"
    )
    restore_best: bool = Field(True, description="where training stops early, go back to the best epoch's weights")


class StoppingState(Model):
    """The best value so far and the epochs since then; `wait` is 0 at the best epoch itself."""

    largest: ClassVar[float] = inf
    best: float | None = None
    wait: Annotated[int, Field(ge=0)] = 0


def early_stopping_next(settings: EarlyStopping, state: StoppingState, value: float) -> StoppingState:
    """The state after an epoch whose monitored number is `value`: a loss must fall, an accuracy rise.

    Training stops when `wait >= patience`, that is after `patience` epochs without improvement, as in Keras;
    scikit-learn and PyTorch's plateau wait for one more. A value that is not a number is no improvement.
    """
    sign = -1 if settings.monitor == "valid_accuracy" else 1
    better = sign * value < (inf if state.best is None else sign * state.best - settings.min_delta)
    return StoppingState(best=value) if better else StoppingState(best=state.best, wait=state.wait + 1)
