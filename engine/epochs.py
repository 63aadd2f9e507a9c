"""What happens at an epoch's end: the splits are evaluated, and the monitors look at the result."""

from collections.abc import Callable

import numpy as np

from engine.data import Split, Splits
from engine.evaluation import Evaluation
from engine.experiment import Experiment
from engine.history import EpochRow
from engine.memory import Array
from engine.monitors import early_stopping_next, plateau_next
from engine.network import Network
from engine.rng import rng
from engine.schedules import Plateau
from engine.state import Best, State

SAMPLED_ROWS = 10_000


class Ends:
    """The splits that are evaluated after every epoch: validation, and training or a fixed sample of it."""

    def __init__(
        self, experiment: Experiment, network: Network, splits: Splits, encode: Callable[[Split], Array]
    ) -> None:
        """`encode` gives a split's targets (rows, T) as the loss takes them."""
        train, chosen = splits.train, None
        if len(train.x) > SAMPLED_ROWS and experiment.evaluate_train == "sample":
            chosen = np.sort(rng(experiment.seed, "evaluation sample").permutation(len(train.x))[:SAMPLED_ROWS])
        self._train = Evaluation(experiment, network, train, encode(train), chosen)
        self._validation = None
        if splits.validation is not None:
            self._validation = Evaluation(experiment, network, splits.validation, encode(splits.validation))

    def chance(self) -> float:
        """See `Evaluation.chance`, of the training split or its sample."""
        return self._train.chance()

    def row(self, state: State, lr: float, grad_norm: float, update_ratio: float | None, seconds: float) -> EpochRow:
        """The epoch's row of the record, at the present weights."""
        train_loss, train_accuracy = self._train.measure()
        valid_loss, valid_accuracy = self._validation.measure() if self._validation else (None, None)
        return EpochRow(
            state.epoch, state.step, lr, train_loss, train_accuracy, valid_loss, valid_accuracy,
            None, None, grad_norm, update_ratio, seconds,
        )  # fmt: skip


def may_be_last(experiment: Experiment, state: State) -> bool:
    """Whether the present epoch is the last one, or early stopping may make it that."""
    patience, waited = experiment.early_stopping.patience, state.stopping.wait + 1
    return state.epoch + 1 >= experiment.epochs or 0 < patience <= waited


def watch(experiment: Experiment, row: EpochRow, state: State) -> None:
    """Reduces the rate on a plateau, keeps the best weights, and stops early, restoring them."""
    stopping, schedule = experiment.early_stopping, experiment.schedule
    if isinstance(schedule, Plateau):
        state.plateau = plateau_next(schedule, state.plateau, row.monitored("valid_loss"))
    if not stopping.patience:
        return
    value = row.monitored(stopping.monitor)
    state.stopping = early_stopping_next(stopping, state.stopping, value)
    if state.stopping.wait == 0:
        state.best = Best(state.epoch, state.step, value, state.values.copy(), state.buffers.copy())
    if state.stopping.wait >= stopping.patience:
        state.stopped = True
        if stopping.restore_best and state.best is not None:
            state.values[...] = state.best.values
            state.buffers[...] = state.best.buffers
