"""Loss and accuracy of a whole split, in inference mode."""

from math import nan

import numpy as np

from engine.data import Split
from engine.experiment import Experiment
from engine.memory import Array
from engine.network import Network


class Evaluation:
    """A split cut once into blocks for repeated evaluation."""

    def __init__(self, experiment: Experiment, network: Network, split: Split, targets: Array) -> None:
        """`targets` (rows, T) are the split's answers as the loss encodes them."""
        self.network, self.threshold = network, experiment.threshold
        self.labels = split.y if split.y.dtype.kind == "i" else None
        rows = split.x.reshape(len(split.x), network.features)
        self.blocks: list[tuple[Array, Array]] = []
        for start in range(0, len(rows), network.evaluation_batch):
            part = slice(start, start + network.evaluation_batch)
            self.blocks.append((rows[part], targets[part].T.astype(network.dtype)))
        self.rows = len(rows)

    @np.errstate(all="ignore")
    def measure(self) -> tuple[float, float | None]:
        """(loss, accuracy) at the present weights; accuracy, 0 to 1, is None for regression, both nan for no rows."""
        if not self.rows:
            return nan, nan
        total, right, start = 0.0, 0, 0
        for inputs, targets in self.blocks:
            at = self.network.run(len(inputs), training=False)
            at.inputs[...] = inputs
            at.targets[...] = targets
            at.forward.run()
            at.backward.run()
            total += float(at.vitals[0]) * at.batch
            if self.labels is not None:
                labels = self.labels[start : start + at.batch]
                right += int(np.count_nonzero(decide(at.y, self.threshold) == labels))
                start += at.batch
        return total / self.rows, right / self.rows if self.labels is not None else None


def decide(y: Array, threshold: float) -> Array:
    """The class of each sample, (N,), from outputs (K, N): the largest, or for one unit whether it exceeds
    `threshold`.
    """
    return np.asarray(y[0] > threshold) if len(y) == 1 else np.asarray(y.argmax(axis=0))
