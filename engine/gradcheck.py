"""Compares every gradient with finite differences, in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.experiment import Experiment
from engine.memory import Array
from engine.rng import rng
from engine.trainer import Trainer

STEP = 1e-5
NOISE = 1e-3
GOOD = 1e-6


@dataclass(frozen=True)
class GradientError:
    """How far a parameter's gradient is from the finite difference along random directions: the largest relative
    error.
    """

    parameter: str
    shape: tuple[int, ...]
    analytic: float
    numeric: float
    relative: float


def gradcheck(
    experiment: Experiment, folder: Path | None = None, rows: int = 16, directions: int = 3, step: float = STEP
) -> tuple[GradientError, ...]:
    """Checks dL/dw of every parameter on the first `rows` training rows, each parameter apart.

    For a random unit direction u, g . u is compared with (L(w + h u) - L(w - h u)) / 2h, h = `step`; what rounding
    alone explains is taken off, and the error is relative to the larger of both and of a millionth of the gradient's
    norm. The weights are the first ones plus noise of 0.001: biases of zero on an image's black background would put
    relu exactly on its kink. Where an h straddles a kink by chance, a tenth and a hundredth of it are tried too.
    """
    trainer = Trainer(experiment, folder=folder, dtype=np.float64)
    network = trainer.network
    network.values += NOISE * rng(experiment.seed, "gradcheck").standard_normal(network.values.size)
    inputs, targets = trainer.feed.batches(0, 0, min(rows, trainer.feed.rows), 1)
    at = network.run(inputs.shape[1], training=True)
    at.inputs[...], at.targets[...] = inputs[0], targets[0]

    def loss() -> float:
        at.forward.run()
        at.backward.run()
        return float(at.vitals[0])

    rounding = 16 * float(np.finfo(np.float64).eps) * max(abs(loss()), 1.0)
    gradient, found = network.grads.copy(), []
    for slot in network.parameters:
        w, g = network.values[slot.flat], gradient[slot.flat]
        errors = []
        for direction in range(directions):
            u = rng(experiment.seed, "gradcheck", slot.name, direction).standard_normal(slot.size)
            u /= np.sqrt(u.dot(u))
            analytic, tried = float(g.dot(u)), list[GradientError]()
            for h in (step, step / 10, step / 100):
                numeric = _difference(loss, w, u, h)
                scale = max(abs(numeric), abs(analytic), 1e-6 * float(np.sqrt(gradient.dot(gradient))), 1e-12)
                difference = max(abs(numeric - analytic) - rounding / h, 0.0)
                tried.append(GradientError(slot.name, slot.shape, analytic, numeric, difference / scale))
                if tried[-1].relative <= GOOD:
                    break
            errors.append(min(tried, key=lambda error: error.relative))
        found.append(max(errors, key=lambda error: error.relative))
    return tuple(found)


def _difference(loss: Callable[[], float], w: Array, u: Array, step: float) -> float:
    start = w.copy()
    values = []
    for sign in (1, -1):
        w[...] = start + sign * step * u
        values.append(loss())
    w[...] = start
    return (values[0] - values[1]) / (2 * step)
