"""A network as the textbooks write it: NumPy, one sample at a time, gradients added up over the batch."""

from itertools import pairwise

import numpy as np

from bench.cases import Case, batches, rows
from bench.child import Round, repeat

ACTIVATIONS = {  # name: (function of z, derivative from the output)
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "softmax": (lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(), lambda a: 1),
}


def build(case: Case, variant: str) -> tuple[str, Round]:
    random = np.random.default_rng(0)
    x, y = rows(case)
    sizes = [*case.shape, *(size for name, size in case.layers if name == "dense")]
    names = [name for name, _ in case.layers if name != "dense"] + ["softmax"] * (case.classes > 1)
    weights = [random.standard_normal((o, i)) / np.sqrt(i) for i, o in pairwise(sizes)]
    params = weights + [np.zeros((o, 1)) for o in sizes[1:]]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    depth = len(weights)
    targets = y[:, :, None] if case.classes == 1 else np.eye(case.classes)[y][:, :, None]
    order = batches(case, len(x), random)
    taken = 0

    def backprop(sample: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
        outputs = [sample.reshape(-1, 1)]
        for w, b, name in zip(params[:depth], params[depth:], names, strict=True):
            outputs.append(ACTIVATIONS[name][0](w @ outputs[-1] + b))
        grads: list[np.ndarray] = [np.empty(0)] * (2 * depth)
        delta = (outputs[-1] - target) * ACTIVATIONS[names[-1]][1](outputs[-1])
        for layer in reversed(range(depth)):
            grads[layer], grads[depth + layer] = delta @ outputs[layer].T, delta
            if layer:
                delta = params[layer].T @ delta * ACTIVATIONS[names[layer - 1]][1](outputs[layer])
        return grads

    def step() -> None:
        nonlocal taken
        taken += 1
        total = [np.zeros_like(p) for p in params]
        for row in next(order):
            total = [t + g for t, g in zip(total, backprop(x[row], targets[row]), strict=True)]
        for i, t in enumerate(total):
            g = t / case.batch
            if case.optimizer == "adam":
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                g = (first[i] / (1 - 0.9**taken)) / (np.sqrt(second[i] / (1 - 0.999**taken)) + 1e-8)
            elif case.optimizer == "momentum":
                g = first[i] = 0.9 * first[i] + g
            params[i] = params[i] - case.lr * g

    return f"NumPy {np.__version__}", repeat(step)
