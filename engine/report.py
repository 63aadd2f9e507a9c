"""What a request to the trainer gives back, and how a run that cannot go on is explained."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from engine.experiment import Experiment
from engine.history import EpochRow
from engine.memory import Array
from engine.network import Network, Pass
from engine.probe import Probe

Status = Literal["ready", "running", "finished", "stopped early", "diverged"]


@dataclass(frozen=True)
class Report:
    """Where the run stands, and what a request did: the losses of the steps taken, (n,), the rows of the epochs
    finished, and the instruments at the last step that was measured. `problem` says why a run diverged.
    """

    step: int
    epoch: int
    losses: Array
    rows: tuple[EpochRow, ...]
    probe: Probe | None
    status: Status
    problem: str | None


EXPLODED = 1e5  # times the untrained network's loss, or times 1 where that is smaller


def trouble(network: Network, at: Pass, limit: float) -> str | None:
    """Why the gradient in memory must not be used, naming the node where the trouble arose; None where all is well.

    Outputs are looked at forward and gradients backward for the first number that is not finite; then for a loss above
    `limit` (see `EXPLODED`), and for a gradient whose square overflows: an optimizer
    that divides by the gradient's size would go on from there as if nothing were wrong, and learn nothing.
    """
    loss, square = at.vitals.tolist()
    if loss <= limit and square < inf:
        return None
    at.complete()
    last = network.nodes[-1].name
    for name, y in at.outputs.items():
        if not np.isfinite(y).all():
            return f"the output of node '{name}' is not finite"
    if not np.isfinite(loss):
        return f"the loss is not finite, behind node '{last}'"
    for node in reversed(network.nodes):
        if not np.isfinite(at.gradients[node.name]).all():
            return f"the gradient of node '{node.name}' is not finite"
    if loss > limit:
        size = float(np.abs(at.y).max())
        many = f"over {EXPLODED:,.0f} times the first"
        return f"the loss is {loss:.3g}, {many}, and outputs of node '{last}' reach {size:.3g}"
    slot = max(network.parameters, key=lambda slot: float(np.abs(network.grads[slot.flat]).max()))
    return f"the gradient of '{slot.name}' in node '{slot.node}' is too large to be squared"


def diverged(step: int, why: str, remedy: str, experiment: Experiment) -> str:
    """The sentence of a run that cannot take `step`: why, what was done about it, and what to change."""
    lr, clip = experiment.optimizer.lr, experiment.regularization.clip_norm
    norm = f"regularization.clip_norm (now {clip:g})" if clip else "set regularization.clip_norm"
    return f"step {step}: {why}; {remedy}; lower optimizer.lr (now {lr:g}) or {norm}"
