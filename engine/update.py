"""What happens between a gradient and the new weights, in this order:

1. the penalties' gradients are added: l2 w + l1 sign(w), for weights;
2. each element is clipped to clip_value;
3. the whole gradient is clipped to the norm clip_norm (Pascanu 2013), before any moment sees it;
4. decoupled decay takes lr decay w off each weight (the optimizer's own and the regularization's, added up);
5. the optimizer updates w, in blocks that fit the cache;
6. each unit's incoming weights are scaled down to max_norm (Srivastava 2014).

Weights are parameters of two and more dimensions; biases and normalization are never penalized.
"""

from math import sqrt

import numpy as np

from engine.experiment import Experiment
from engine.memory import Array
from engine.network import Network
from engine.plan import Plan
from engine.state import State

BLOCK = 32_768
HALVING_STARTS = 24_000
ALIGNMENT = 16


class Update:
    """The plan that updates a network's weights, for the settings of one experiment."""

    def __init__(self, experiment: Experiment, network: Network, state: State) -> None:
        """Writes the plan down; `state` holds the vectors that it works on."""
        self.optimizer, rules = experiment.optimizer, experiment.regularization
        self.decay = rules.decay + self.optimizer.decay
        one = np.ones(1)
        given = self.optimizer.scalars(one, one, one * self.optimizer.coefficient, one * self.optimizer.coefficient)
        self.now = network.memory(len(given) + 1, network.dtype)
        scalars = tuple(self.now[i : i + 1].reshape(()) for i in range(len(given) + 1))
        w, g = network.values, network.grads
        self.plan = do = Plan(network.dtype)
        weights = [slot for slot in network.parameters if slot.is_weight]
        for slot in weights:
            if rules.l2:
                _add_scaled(do, w[slot.flat], rules.l2, g[slot.flat], np.empty(slot.size, w.dtype))
            if rules.l1:
                sign = np.empty(slot.size, w.dtype)
                do(np.sign, w[slot.flat], sign)
                _add_scaled(do, sign, rules.l1, g[slot.flat], sign)
        if rules.clip_value:
            do(np.maximum, g, -rules.clip_value, g)
            do(np.minimum, g, rules.clip_value, g)
        if rules.clip_norm:
            do(_clip_norm, g, rules.clip_norm)
        if self.decay:
            for slot in weights:
                less = np.empty(slot.size, w.dtype)
                do(np.multiply, w[slot.flat], scalars[-1], less)
                do(np.subtract, w[slot.flat], less, w[slot.flat])
        whole = ((do, 0, w.size),)
        middle = w.size // 2 // ALIGNMENT * ALIGNMENT
        halves = zip(do.halves(), (0, middle), (middle, w.size), strict=True)
        for half, first, last in halves if w.size >= HALVING_STARTS else whole:
            spare = tuple(network.memory(min(BLOCK, last - first), w.dtype) for _ in range(self.optimizer.spare))
            for start in range(first, last, BLOCK):
                piece = slice(start, min(start + BLOCK, last))
                slots = {name: slot[piece] for name, slot in state.slots.items()}
                room = tuple(s[: piece.stop - start] for s in spare)
                self.optimizer.update(half, w[piece], g[piece], slots, room, *scalars[:-1])
        if rules.max_norm:
            for slot in weights:
                do(_limit_units, slot.view(w), rules.max_norm)

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> Array:
        """The scalars of `now` for n steps at once, (n, k): the optimizer's, then lr * decay."""
        columns = (*self.optimizer.scalars(lr, t, momentum, before), lr * self.decay)
        return np.stack(columns, axis=1).astype(self.now.dtype)


def _add_scaled(do: Plan, a: Array, factor: float, to: Array, spare: Array) -> None:
    do(np.multiply, a, factor, spare)
    do(np.add, to, spare, to)


def _clip_norm(g: Array, limit: Array) -> None:
    norm = sqrt(float(g.dot(g)))
    if norm > limit:
        np.multiply(g, g.dtype.type(float(limit) / norm), g)


def _limit_units(weight: Array, limit: Array) -> None:
    rows = weight.reshape(len(weight), -1)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    over = norms > limit
    if over.any():
        factors = np.where(over, float(limit) / np.maximum(norms, 1e-30), 1.0).astype(weight.dtype)
        weight *= factors.reshape(-1, *[1] * (weight.ndim - 1))
