"""Writes the golden files beside it: PyTorch's numbers in float64, for machines that do not have PyTorch.

    python tests/engine/golden/make.py

It imports PyTorch and NumPy alone, never the engine. The version that made the numbers stands in each file.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

STEPS, BATCH = 10, 4
ACTIVATIONS = {
    "identity": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "selu": F.selu,
    "silu": F.silu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "mish": F.mish,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "hard_sigmoid": F.hardsigmoid,
}
OPTIMIZERS = [
    {"name": "sgd", "lr": 0.3},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9},
    {"name": "sgd", "lr": 0.1, "momentum": 0.8, "nesterov": True},
    {"name": "adagrad", "lr": 0.1},
    {"name": "rmsprop", "lr": 0.02},
    {"name": "rmsprop", "lr": 0.02, "alpha": 0.9, "momentum": 0.5},
    {"name": "rmsprop", "lr": 0.01, "alpha": 0.9, "centered": True, "epsilon": 1e-3},
    {"name": "rmsprop", "lr": 0.01, "alpha": 0.9, "centered": True, "momentum": 0.7, "epsilon": 1e-3},
    {"name": "adam", "lr": 0.03},
    {"name": "adam", "lr": 0.03, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
    {"name": "adamw", "lr": 0.03, "weight_decay": 0.3},
    {"name": "nadam", "lr": 0.03},
    {"name": "nadam", "lr": 0.02, "beta1": 0.7, "beta2": 0.95},
]


def optimizer(table, parameters):
    """The engine's table as a torch optimizer; `parameters` is a list of tensors."""
    own = dict(table)
    name, lr = own.pop("name"), own.pop("lr")
    eps = {"eps": own["epsilon"]} if "epsilon" in own else {}
    betas = {"betas": (own.get("beta1", 0.9), own.get("beta2", 0.999))}
    momentum = own.get("momentum", 0.0)
    if name == "sgd":
        return torch.optim.SGD(parameters, lr, momentum, nesterov=own.get("nesterov", False))
    if name == "adagrad":
        return torch.optim.Adagrad(parameters, lr, **eps)
    if name == "rmsprop":
        alpha, centered = own.get("alpha", 0.99), own.get("centered", False)
        return torch.optim.RMSprop(parameters, lr, alpha, momentum=momentum, centered=centered, **eps)
    if name == "adam":
        return torch.optim.Adam(parameters, lr, **betas, **eps)
    if name == "adamw":
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": own.get("weight_decay", 0.01)},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr, **betas, **eps)
    if name == "nadam":
        return torch.optim.NAdam(parameters, lr, **betas, **eps)
    raise KeyError(name)


def loss(table, z, labels):
    """The engine's loss of logits z (N, K) and class labels (N,)."""
    own = dict(table)
    name, over = own.pop("name"), own.get("over_outputs", "sum" if table["name"] == "quadratic" else "mean")
    one_hot = F.one_hot(labels, z.shape[1]).to(z.dtype)
    if name == "cross_entropy":
        weight = torch.tensor(own["class_weights"], dtype=z.dtype) if "class_weights" in own else None
        return F.cross_entropy(z, labels, weight=weight, label_smoothing=own.get("label_smoothing", 0.0))
    if name == "binary_cross_entropy":
        element = F.binary_cross_entropy_with_logits(z, one_hot, reduction="none")
    elif name == "mse":
        element = F.mse_loss(z, one_hot, reduction="none")
    elif name == "quadratic":
        element = F.mse_loss(z, one_hot, reduction="none") / 2
    elif name == "mae":
        element = F.l1_loss(z, one_hot, reduction="none")
    elif name == "huber":
        element = F.huber_loss(z, one_hot, reduction="none", delta=own.get("delta", 1.0))
    elif name == "hinge":
        element = F.relu(1 - (2 * one_hot - 1) * z)
    elif name == "perceptron":
        element = F.relu(-(2 * one_hot - 1) * z)
    else:
        raise KeyError(name)
    return element.mean() if over == "mean" else element.sum(1).mean()


LOSSES = [
    {"name": "cross_entropy"},
    {"name": "cross_entropy", "label_smoothing": 0.2},
    {"name": "cross_entropy", "class_weights": [0.5, 2.0, 1.5]},
    {"name": "cross_entropy", "class_weights": [0.5, 2.0, 1.5], "label_smoothing": 0.1},
    *(
        {"name": name, "over_outputs": over}
        for name in ("binary_cross_entropy", "mse", "quadratic", "mae", "huber", "hinge", "perceptron")
        for over in ("mean", "sum")
    ),
    {"name": "huber", "delta": 0.4},
]


def functions():
    draw = np.random.default_rng(1)
    x = torch.tensor(np.round(np.linspace(-4.05, 4.05, 28), 3), requires_grad=True)
    activations = {}
    for name, function in ACTIVATIONS.items():
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        activations[name] = {"y": y.tolist(), "slope": slope.tolist()}
    z = torch.tensor(np.round(draw.normal(0, 2, (5, 3)), 3), requires_grad=True)
    labels = torch.tensor(draw.integers(0, 3, 5))
    losses = []
    for table in LOSSES:
        value = loss(table, z, labels)
        (dz,) = torch.autograd.grad(value, z)
        losses.append({"loss": table, "value": value.item(), "dz": dz.tolist()})
    return {
        "torch": torch.__version__,
        "x": x.tolist(),
        "activations": activations,
        "z": z.tolist(),
        "labels": labels.tolist(),
        "losses": losses,
    }


def optimizers():
    draw = np.random.default_rng(2)
    x, labels = np.round(draw.normal(0, 1, (10, 2)), 3), draw.integers(0, 3, 10)
    first = {
        "dense1.weight": np.round(draw.normal(0, 1, (4, 2)), 3).tolist(),
        "dense1.bias": np.round(draw.normal(0, 1, 4), 3).tolist(),
        "output.weight": np.round(draw.normal(0, 1, (3, 4)), 3).tolist(),
        "output.bias": [0.0, 0.0, 0.0],
    }
    cases = []
    for table in OPTIMIZERS:
        w = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in first.items()}
        rule = optimizer(table, list(w.values()))
        losses = []
        for step in range(STEPS):
            start = step * BATCH % 12
            rows = slice(start, min(start + BATCH, 10))
            h = torch.tanh(F.linear(torch.tensor(x[rows]), w["dense1.weight"], w["dense1.bias"]))
            value = F.cross_entropy(F.linear(h, w["output.weight"], w["output.bias"]), torch.tensor(labels[rows]))
            rule.zero_grad()
            value.backward()
            rule.step()
            losses.append(value.item())
        weights = {name: value.tolist() for name, value in w.items()}
        cases.append({"optimizer": table, "losses": losses, "weights": weights})
    return {
        "torch": torch.__version__,
        "steps": STEPS,
        "batch": BATCH,
        "x": x.tolist(),
        "labels": labels.tolist(),
        "first": first,
        "cases": cases,
    }


if __name__ == "__main__":
    for name, made in (("functions", functions()), ("optimizers", optimizers())):
        Path(__file__).with_name(f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", "utf-8")
