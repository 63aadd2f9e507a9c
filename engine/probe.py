"""The instruments: what is read off the arrays that a step leaves in memory. Nothing is computed that training
needs.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

from engine.graph import learning
from engine.memory import Array
from engine.network import Network, Pass

BINS = 32
_LOWEST_EXPONENT = -48
_SAMPLED = 1024


@dataclass(frozen=True)
class ParameterStats:
    """One parameter's gradient, before clipping, at the weights before the update.

    `norm` is the weights' own; `update_ratio` is |new w - w| / |w| of the update that followed, None where there was
    none. `histogram` counts up to 1,024 sampled elements of the gradient by size: 32 bins of two octaves, the first
    below 2^-46 (zeros too). `is_weight` is false for biases and normalization (see `Slot`).
    """

    parameter: str
    node: str
    norm: float
    grad_norm: float
    grad_rms: float
    grad_max: float
    update_ratio: float | None
    histogram: tuple[int, ...]
    is_weight: bool = True


@dataclass(frozen=True)
class NodeStats:
    """One node: its outputs over the batch, dL/d(output), and what its parameters have in common.

    `dead` is the share of units that put out zero for the whole batch, `saturated` the share of outputs in the flat
    parts; both 0 to 1, or None where they mean nothing. `dy_rms` is the root mean square of dL/dy; None before
    the first parameters, where no gradient is computed. The last four are of all its parameters together, as in
    `ParameterStats`; None where it has none.
    """

    node: str
    type: str
    output_mean: float
    output_std: float
    dead: float | None
    saturated: float | None
    dy_rms: float | None
    weight_norm: float | None
    grad_norm: float | None
    grad_rms: float | None
    update_ratio: float | None


@dataclass(frozen=True)
class Probe:
    """All instruments at one step."""

    step: int
    loss: float
    nodes: tuple[NodeStats, ...]
    parameters: tuple[ParameterStats, ...]

    @property
    def weighted(self) -> tuple[NodeStats, ...]:
        """The nodes with weights, in order: the layers as people count them."""
        weighted = {stats.node for stats in self.parameters if stats.is_weight}
        return tuple(stats for stats in self.nodes if stats.node in weighted)

    @property
    def attenuation(self) -> tuple[tuple[str, float], ...]:
        """For each layer with weights but the last: its dy_rms over the next one's; below 1 the gradient shrinks on
        its way back.
        """
        return tuple(
            (here.node, here.dy_rms / after.dy_rms if here.dy_rms and after.dy_rms else 0.0)
            for here, after in pairwise(self.weighted)
        )


class Measurement:
    """A probe in two halves: gradients before the update, update ratios after it."""

    def __init__(self, network: Network, at: Pass, step: int) -> None:
        """Reads the gradients, which the update overwrites, and remembers the weights."""
        at.complete()
        self.network, self.at, self.step = network, at, step
        self.before: Array = network.values.copy()
        self.loss = float(at.vitals[0])
        self._gradients = {slot.name: _gradient(network.grads[slot.flat]) for slot in network.parameters}

    def update_ratio(self) -> float | None:
        """|new w - w| / |w| over all parameters; None where all weights were zero."""
        return _ratio(self.before, self.network.values)

    def finish(self, updated: bool) -> Probe:
        """The probe; `updated` says whether an update was made since."""
        network, at = self.network, self.at
        parameters, nodes = [], []
        learns = learning(network.nodes)
        for slot in network.parameters:
            old = self.before[slot.flat]
            ratio = _ratio(old, network.values[slot.flat]) if updated else None
            norm, largest, histogram = self._gradients[slot.name]
            parameters.append(
                ParameterStats(
                    parameter=slot.name, node=slot.node, norm=_norm(old), grad_norm=norm,
                    grad_rms=norm / sqrt(slot.size), grad_max=largest, update_ratio=ratio, histogram=histogram,
                    is_weight=slot.is_weight,
                )
            )  # fmt: skip
        for node in network.nodes:
            y, dy = at.outputs[node.name], at.gradients[node.name]
            slots = network.parameters.of(node.name)
            own = slice(slots[0].offset, slots[-1].flat.stop) if slots else slice(0, 0)
            norm = sqrt(sum(self._gradients[slot.name][0] ** 2 for slot in slots))
            count = own.stop - own.start
            nodes.append(
                NodeStats(
                    node=node.name, type=node.layer.name,
                    output_mean=float(y.mean()), output_std=float(y.std()),
                    dead=node.layer.dead(y), saturated=node.layer.saturated(y),
                    dy_rms=_norm(dy.reshape(-1)) / sqrt(max(dy.size, 1)) if node.name in learns else None,
                    weight_norm=_norm(self.before[own]) if count else None,
                    grad_norm=norm if count else None,
                    grad_rms=norm / sqrt(count) if count else None,
                    update_ratio=_ratio(self.before[own], network.values[own]) if count and updated else None,
                )
            )  # fmt: skip
        return Probe(self.step, self.loss, tuple(nodes), tuple(parameters))


def _norm(vector: Array) -> float:
    return sqrt(float(vector.dot(vector)))


def _ratio(old: Array, new: Array) -> float | None:
    norm = _norm(old)
    return _norm(new - old) / norm if norm else None


def _gradient(g: Array) -> tuple[float, float, tuple[int, ...]]:
    sample = g[:: max(1, -(-g.size // _SAMPLED))]
    exponents = np.frexp(sample)[1]
    bins = np.clip((exponents - _LOWEST_EXPONENT) // 2, 0, BINS - 1)
    bins[sample == 0] = 0
    largest = float(max(g.max(), -g.min())) if g.size else 0.0
    return _norm(g), largest, tuple(np.bincount(bins, minlength=BINS).tolist())
