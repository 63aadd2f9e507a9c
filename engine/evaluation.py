"""Loss and accuracy of a whole split, in inference mode; targets as the loss takes them, outputs as a person does."""

from math import nan, prod

import numpy as np

from engine.data import Split, Splits
from engine.errors import BadInput
from engine.experiment import Experiment
from engine.layers import Scratch
from engine.losses import LossSite
from engine.memory import Array
from engine.network import Network
from engine.plan import Plan

CERTAIN = 1e-6  # a probability so near 0 or 1 counts as this


class Evaluation:
    """A split cut once into blocks for repeated evaluation."""

    def __init__(
        self, experiment: Experiment, network: Network, split: Split, targets: Array, chosen: Array | None = None
    ) -> None:
        """`targets` (rows, T) are the split's answers as the loss encodes them; `chosen` names the rows of a sample."""
        self.network, self.threshold = network, experiment.threshold
        self.labels = split.y if split.y.dtype.kind == "i" else None
        self.x = split.x.reshape(len(split.x), network.features)
        self.rows = len(self.x) if chosen is None else len(chosen)
        self.blocks: list[tuple[slice | Array, Array, float]] = []
        for start in range(0, self.rows, network.evaluation_batch):
            part = slice(start, start + network.evaluation_batch)
            which = part if chosen is None else chosen[part]
            answers = targets[which].T.astype(network.dtype)
            self.blocks.append((which, answers, network.loss.weight(answers)))

    @np.errstate(all="ignore")
    def measure(self) -> tuple[float, float | None]:
        """(loss, accuracy) at the present weights; accuracy, 0 to 1, is None for regression, both nan for no rows."""
        if not self.rows:
            return nan, nan
        total, right = 0.0, 0
        for which, targets, weight in self.blocks:
            at = self.network.run(targets.shape[1], training=False)
            at.inputs[...] = self.x[which]
            at.targets[...] = targets
            for calls in self.network.calls(at.forward, at.backward):
                for function, args in calls:
                    function(*args)
            total += float(at.vitals[0]) * weight
            if self.labels is not None:
                right += int(np.count_nonzero(decide(at.y, self.threshold) == self.labels[which]))
        return total / self._weight, right / self.rows if self.labels is not None else None

    @np.errstate(all="ignore")
    def chance(self) -> float:
        """The loss of the one answer to all samples that is the mean of their targets, such as how frequent each class
        is: what can be had without a look at the inputs; nan for no rows.
        """
        if not self.rows:
            return nan
        network, total = self.network, 0.0
        units = prod(network.nodes[-1].shape)
        mean = sum(targets[:units].sum(axis=1, dtype=np.float64) for _, targets, _ in self.blocks) / self.rows
        answer = before(mean, network.loss.link).astype(network.dtype)[:, None]
        for _, targets, weight in self.blocks:
            z, plan = np.repeat(answer, targets.shape[1], axis=1), Plan(network.dtype)
            at = LossSite(z, targets, np.zeros(1, network.dtype), np.zeros_like(z), Scratch())
            network.loss.forward(plan, at)
            plan.run()
            total += float(at.value[0]) * weight
        return total / self._weight

    @property
    def _weight(self) -> float:
        return sum(weight for _, _, weight in self.blocks)


def targets_of(experiment: Experiment, splits: Splits, split: Split) -> Array:
    """A split's targets (rows, T) as the loss takes them; those of a regression scaled. Raises BadInput where the loss
    does not fit the classes.
    """
    if not splits.classes:
        return np.asarray(splits.target_scaler.transform(np.asarray(split.y)), np.float64)
    try:
        return experiment.loss.encode(split.y, len(splits.classes), experiment.low)
    except ValueError as error:
        raise BadInput(str(error)) from None


@np.errstate(all="ignore")
def answers(y: Array, link: str) -> Array:
    """What outputs y (rows, K) say: probabilities where the loss works from logits, by softmax or sigmoid; else y."""
    if link == "softmax":
        y = np.exp(y - y.max(axis=1, keepdims=True))
        return np.asarray(y / y.sum(axis=1, keepdims=True))
    return 0.5 + 0.5 * np.tanh(y / 2) if link == "sigmoid" else y


def before(p: Array, link: str) -> Array:
    """Outputs that say `p`: where the loss works from logits, those of probabilities, or of numbers in proportion to
    them."""
    if link == "identity":
        return p
    if link == "softmax":
        return np.asarray(np.log(np.maximum(p, CERTAIN)))
    p = np.clip(p, CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(p / (1 - p)))


def decide(y: Array, threshold: float) -> Array:
    """The class of each sample, (N,), from outputs (K, N): the largest, or for one unit whether it exceeds
    `threshold`.
    """
    return np.asarray(y[0] > threshold) if len(y) == 1 else np.asarray(y.argmax(axis=0))
