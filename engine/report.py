"""What a request to the trainer gives back, and how a run that cannot go on is explained."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.history import EpochRow
from engine.memory import Array
from engine.network import Network, Pass
from engine.probe import Probe

Status = Literal["ready", "running", "finished", "stopped early", "diverged"]


@dataclass(frozen=True)
class Report:
    """What a request did: the losses of the steps taken, the epochs finished, and the instruments at the last step."""

    step: int
    epoch: int
    first_step: int
    losses: Array
    rows: tuple[EpochRow, ...]
    probe: Probe | None
    status: Status
    problem: str | None


def first_not_finite(network: Network, at: Pass) -> str | None:
    """Where the first number arose that is not finite: forward through the outputs, then backward; None where all are.

    A norm that overflows while every element is finite is no trouble.
    """
    at.complete()
    for name, y in at.outputs.items():
        if not np.isfinite(y).all():
            return f"the output of node '{name}'"
    if not np.isfinite(at.vitals[0]):
        return f"the loss, of node '{network.nodes[-1].name}',"
    for node in reversed(network.nodes):
        if not np.isfinite(at.gradients[node.name]).all():
            return f"the gradient of node '{node.name}'"
    for slot in network.parameters:
        if not np.isfinite(network.grads[slot.flat]).all():
            return f"the gradient of '{slot.name}'"
    return None
