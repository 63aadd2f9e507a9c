"""numpy-ml's own layers, loss and optimizers, from a checkout of its sources whose folder is the variant.

It calculates in float64, N H W C, and leaves the loop to the person; the gradient of its loss is that of the sum.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from bench.cases import Case, batches, rows
from bench.child import Round, repeat

PACKAGES = ("numpy_ml", "numpy_ml.utils", "numpy_ml.neural_nets")


def load(source: str, part: str) -> ModuleType:
    """One part of its neural networks, without the rest of the package: that needs a Python before 3.10."""
    for name in PACKAGES:
        package = sys.modules.setdefault(name, ModuleType(name))
        package.__path__ = [str(Path(source, *name.split(".")))]
    return importlib.import_module(f"numpy_ml.neural_nets.{part}")


def build(case: Case, variant: str) -> tuple[str, Round]:
    layers, losses, optimizers = (load(variant, part) for part in ("layers", "losses", "optimizers"))
    np.random.seed(0)
    momentum = 0.9 if case.optimizer == "momentum" else 0.0
    rule = optimizers.Adam(lr=case.lr) if case.optimizer == "adam" else optimizers.SGD(lr=case.lr, momentum=momentum)
    x, y = rows(case)
    if case.sees:
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    targets = np.eye(case.classes)[y]

    network = []
    for i, (name, size) in enumerate(case.layers):
        act = "relu" if case.layers[i + 1 : i + 2] == (("relu", 0),) else None
        if name == "dense":
            network.append(layers.FullyConnected(size, act_fn=act, optimizer=rule.copy()))
        elif name == "conv":
            network.append(layers.Conv2D(size, (3, 3), pad=1, act_fn=act, optimizer=rule.copy()))
        elif name == "pool":
            network.append(layers.Pool2D((size, size), stride=size, optimizer=rule.copy()))
        elif name == "flatten":
            network.append(layers.Flatten(optimizer=rule.copy()))
    softmax, loss = layers.Softmax(), losses.CrossEntropy()
    order = batches(case, len(x), np.random.default_rng(0))

    def step() -> None:
        index = next(order)
        out, target = x[index], targets[index]
        for layer in network:
            out = layer.forward(out)
        p = softmax.forward(out, retain_derived=False)
        value = loss.loss(target, p) / case.batch
        dy = loss.grad(target, p) / case.batch
        for layer in reversed(network):
            dy = layer.backward(dy)
        for layer in network:
            layer.update(value)

    return f"numpy-ml on NumPy {np.__version__}", repeat(step)
