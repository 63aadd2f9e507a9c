"""Ten steps beside PyTorch: the same weights, batches and masks, in float64, to 1e-6 relative."""

import math
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

from engine import Trainer, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler

torch = pytest.importorskip("torch")
F = torch.nn.functional
MAKE = runpy.run_path(str(Path(__file__).parent / "golden" / "make.py"))
STEPS, ROWS = 10, 23


def splits(outputs=0, rows=ROWS):
    """Rows (23, 3) in float64, of three classes or with `outputs` targets each; nine more to validate."""
    draw = np.random.default_rng(5)
    x = draw.normal(0, 1, (rows + 9, 3))
    y = draw.normal(0, 2, (rows + 9, outputs)) if outputs else draw.integers(0, 3, rows + 9)
    train, valid = Split(x[:rows], y[:rows]), Split(x[rows:], y[rows:])
    classes = () if outputs else ("a", "b", "c")
    return Splits(train, valid, None, (3,), classes, ("a", "b", "c"), (), fit_scaler("none", train.x))


class Twin:
    """A trainer and the same network in torch, that take steps side by side."""

    def __init__(self, table, data=None):
        base = {"layers": [{"type": "dense", "units": 5}, "tanh"], "optimizer": {"name": "sgd", "lr": 0.2}}
        self.experiment = parse_experiment({"seed": 1, "epochs": 4, "batch_size": 4, **base, **table})
        self.splits = data or splits()
        self.trainer = Trainer(self.experiment, splits=self.splits, dtype=np.float64, shuffle=False)
        self.network = network = self.trainer.network
        draw = np.random.default_rng(9)
        self.w = {}
        for slot in network.parameters:
            view = slot.view(network.values)
            if not slot.name.endswith("weight") or len(slot.shape) == 1:
                view += draw.normal(0, 0.2, slot.shape)
            self.w[slot.name] = torch.tensor(view.copy(), requires_grad=True)
        self.norms = {}
        for node in network.nodes:
            if node.layer.name == "batch_norm":
                norm = torch.nn.BatchNorm1d(node.shape[0], node.layer.epsilon, node.layer.momentum).double()
                norm.weight, norm.bias = None, None
                self.norms[node.name] = norm
        self.optimizer = None
        if self.experiment.optimizer.name not in ("lion", "perceptron"):
            self.optimizer = MAKE["optimizer"](self.experiment.optimizer.table(), list(self.w.values()))
        self.scheduler = None
        self.losses, self.gradient_norms = [], []

    def outputs(self, x, masks=None):
        """Runs the nodes in torch; `masks` are the engine's own, (rows, features)."""
        y = {"input": x}
        for node in self.network.nodes:
            kind, layer, name = node.layer.name, node.layer, node.name
            xs = [y[source] for source in node.inputs]
            if kind == "dense":
                y[name] = F.linear(xs[0], self.w[f"{name}.weight"], self.w.get(f"{name}.bias"))
            elif kind == "batch_norm":
                self.norms[name].train(masks is not None)
                y[name] = self.norms[name](xs[0]) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]
            elif kind == "layer_norm":
                weight, bias = self.w[f"{name}.weight"], self.w[f"{name}.bias"]
                y[name] = F.layer_norm(xs[0], node.shape, weight, bias, layer.epsilon)
            elif kind == "dropout":
                y[name] = xs[0] * masks[name] if masks is not None and layer.rate else xs[0]
            elif kind == "add":
                y[name] = sum(xs[1:], xs[0])
            elif kind == "concat":
                y[name] = torch.cat(xs, 1)
            elif kind == "leaky_relu":
                y[name] = F.leaky_relu(xs[0], layer.slope_below)
            elif kind == "elu":
                y[name] = F.elu(xs[0], layer.alpha)
            else:
                y[name] = MAKE["ACTIVATIONS"][kind](xs[0])
        return y[self.network.nodes[-1].name]

    def loss(self, z, y):
        table = self.experiment.loss.table()
        if y.ndim > 1:
            return {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}[table["name"]](z, y)
        return MAKE["loss"]({key: value for key, value in table.items() if value != []}, z, y)

    def step(self):
        """One step of the engine, then the same in torch with the masks that the engine drew."""
        size = self.trainer.batch_size
        start = self.trainer.state.step % self.trainer.steps_per_epoch * size
        rows = slice(start, min(start + size, ROWS))
        batch = rows.stop - rows.start
        self.trainer.advance(steps=1, measure=False)
        sites = self.network.run(batch, training=True).sites
        masks = {name: torch.tensor(site.kept["mask"].T.copy()) for name, site in sites.items() if "mask" in site.kept}
        train = self.splits.train
        value = self.loss(self.outputs(torch.tensor(train.x[rows]), masks), torch.tensor(train.y[rows]))
        for tensor in self.w.values():
            tensor.grad = None
        value.backward()
        value = value.detach()
        norm = math.sqrt(sum(float((tensor.grad**2).sum()) for tensor in self.w.values()))
        self.losses.append(value.item())
        self.gradient_norms.append(norm)
        self.regularize()
        if self.optimizer is not None:
            self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        self.limit()

    def regularize(self):
        """Penalties on weights, then both clippings, in the engine's order."""
        rules = self.experiment.regularization
        with torch.no_grad():
            for tensor in self.w.values():
                if tensor.ndim > 1:
                    tensor.grad += rules.l2 * tensor + rules.l1 * tensor.sign()
            if rules.clip_value:
                torch.nn.utils.clip_grad_value_(self.w.values(), rules.clip_value)
            if rules.clip_norm:
                norm = torch.nn.utils.get_total_norm([tensor.grad for tensor in self.w.values()])
                for tensor in self.w.values():
                    tensor.grad *= min(1.0, rules.clip_norm / float(norm))
            if rules.decay:
                for tensor in self.w.values():
                    if tensor.ndim > 1:
                        tensor *= 1 - self.experiment.optimizer.lr * rules.decay

    def limit(self):
        limit = self.experiment.regularization.max_norm
        if limit:
            with torch.no_grad():
                for tensor in self.w.values():
                    if tensor.ndim > 1:
                        tensor *= (limit / tensor.norm(dim=1, keepdim=True)).clamp(max=1.0)

    def compare(self, steps=STEPS, tolerance=1e-6):
        for _ in range(steps):
            self.step()
        history = self.trainer.history
        np.testing.assert_allclose(history.losses, self.losses, rtol=tolerance)
        np.testing.assert_allclose(history.grad_norms, self.gradient_norms, rtol=tolerance)
        for slot in self.network.parameters:
            ours, theirs = slot.view(self.network.values), self.w[slot.name].detach().numpy()
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=1e-9, err_msg=slot.name)
        for slot in self.network.statistics:
            node, _, name = slot.name.rpartition(".")
            theirs = getattr(self.norms[node], name).numpy()
            np.testing.assert_allclose(slot.view(self.network.buffers), theirs, rtol=tolerance)
        row = history.rows[-1]
        if row.step == len(self.losses):
            self.compare_row(row)

    def compare_row(self, row):
        """The epoch's evaluation, in inference mode."""
        for split, value, accuracy in (
            (self.splits.train, row.train_loss, row.train_accuracy),
            (self.splits.validation, row.valid_loss, row.valid_accuracy),
        ):
            y = torch.tensor(split.y)
            with torch.no_grad():
                z = self.outputs(torch.tensor(split.x))
                expected = float(self.loss(z, y))
            assert value == pytest.approx(expected, rel=1e-6)
            if y.ndim == 1:
                assert accuracy == pytest.approx(float((z.argmax(1) == y).double().mean()))
            else:
                assert accuracy is None


def label(table):
    return "-".join(f"{value}" for value in table.values()) if isinstance(table, dict) else None


@pytest.mark.parametrize("table", MAKE["OPTIMIZERS"], ids=label)
def test_optimizers(table):
    twin = Twin({"optimizer": table})
    twin.compare(tolerance=1e-6)
    assert not np.allclose(twin.network.values, Twin({"optimizer": table}).network.values, rtol=1e-3)


@pytest.mark.parametrize("table", [{"beta1": 0.9, "beta2": 0.99}, {"beta1": 0.7, "beta2": 0.9, "weight_decay": 0.5}])
def test_lion_by_its_own_formula(table):
    lr = 0.01
    twin = Twin({"optimizer": {"name": "lion", "lr": lr, **table}})
    moments = {name: torch.zeros_like(tensor) for name, tensor in twin.w.items()}

    class Rule:
        def step(self):
            with torch.no_grad():
                for name, w in twin.w.items():
                    m, g = moments[name], w.grad
                    if w.ndim > 1:
                        w *= 1 - lr * table.get("weight_decay", 0.0)
                    w -= lr * (table["beta1"] * m + (1 - table["beta1"]) * g).sign()
                    m.mul_(table["beta2"]).add_((1 - table["beta2"]) * g)

    twin.optimizer = Rule()
    twin.compare()


@pytest.mark.parametrize("name", sorted(MAKE["ACTIVATIONS"]))
def test_activations(name):
    Twin({"layers": [{"type": "dense", "units": 5}, name, {"type": "dense", "units": 4}, name]}).compare()


def test_activations_with_settings_of_their_own():
    layers = [{"type": "dense", "units": 5}, {"type": "leaky_relu", "slope_below": 0.2}]
    Twin({"layers": [*layers, {"type": "dense", "units": 5}, {"type": "elu", "alpha": 0.7}]}).compare()


@pytest.mark.parametrize("table", MAKE["LOSSES"], ids=label)
def test_losses(table):
    Twin({"loss": table}).compare()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_weighted_loss_of_a_split_that_is_evaluated_in_parts(smoothing):
    """The mean over the parts counts each by its weights, as one mean over all rows does."""
    weights = {"class_weights": [0.2, 5.0, 1.0], "label_smoothing": smoothing}
    data = splits(rows=1500)
    data.train.y.sort()
    trainer = Twin({"loss": {"name": "cross_entropy", **weights}}, data).trainer
    trainer.network.evaluation_batch = 400
    z = torch.tensor(trainer.network.predict(data.train.x))
    expected = F.cross_entropy(
        z, torch.tensor(data.train.y), torch.tensor([0.2, 5.0, 1.0], dtype=torch.float64), label_smoothing=smoothing
    )
    assert trainer.evaluate(data.train)[0] == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_losses_of_numbers(name, outputs):
    Twin({"loss": name}, splits(outputs)).compare(steps=12)


NORMS = [
    [{"type": "dense", "units": 5}, "batch_norm", "relu"],
    [{"type": "dense", "units": 5}, {"type": "batch_norm", "momentum": 0.4, "epsilon": 0.01}, "gelu"],
    [{"type": "dense", "units": 5}, "layer_norm", "silu"],
    [{"type": "dense", "units": 5}, {"type": "layer_norm", "epsilon": 0.1}, "tanh", "batch_norm"],
    ["batch_norm", {"type": "dense", "units": 4}, "sigmoid"],
]


@pytest.mark.parametrize("layers", NORMS, ids=["batch", "batch-settings", "layer", "both", "first"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_normalization_with_running_statistics_and_a_partial_last_batch(layers, optimizer):
    twin = Twin({"layers": layers, "optimizer": {"name": optimizer, "lr": 0.05}})
    assert ROWS % twin.trainer.batch_size == 3
    twin.compare(steps=12)


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.8])
def test_dropout_with_the_engine_s_masks(rate):
    dropout = {"type": "dropout", "rate": rate}
    layers = [dropout, {"type": "dense", "units": 30}, "tanh", dropout, {"type": "dense", "units": 8}, "relu", dropout]
    twin = Twin({"layers": layers})
    twin.compare(steps=12)
    masks = [site.kept["mask"] for site in twin.network.run(4, training=True).sites.values() if "mask" in site.kept]
    assert len(masks) == (3 if rate else 0)
    for mask in masks:
        kept = mask[mask != 0]
        assert np.allclose(kept, 1 / (1 - rate), rtol=1e-7)
    if rate:
        assert np.mean(masks[1] == 0) == pytest.approx(rate, abs=0.2)
        assert not np.array_equal(masks[0][:3], masks[1][:3])


RULES = [
    {"l2": 0.3},
    {"l1": 0.1},
    {"l1": 0.05, "l2": 0.2},
    {"clip_norm": 0.3},
    {"clip_value": 0.05},
    {"clip_norm": 0.2, "clip_value": 0.05, "l2": 0.1},
    {"max_norm": 0.6},
    {"decay": 0.4},
    {"decay": 0.4, "l2": 0.1, "clip_norm": 0.2, "max_norm": 0.7},
]


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "-".join(rules))
@pytest.mark.parametrize(
    "optimizer", [{"name": "sgd", "lr": 0.2, "momentum": 0.8}, {"name": "adam", "lr": 0.05}], ids=label
)
def test_regularization(rules, optimizer):
    plain = Twin({"optimizer": optimizer})
    twin = Twin({"optimizer": optimizer, "regularization": rules})
    twin.compare()
    plain.compare()
    assert not np.allclose(plain.network.values, twin.network.values, rtol=1e-4)


SCHEDULES = {
    "step": (
        {"name": "step", "every": 3, "gamma": 0.5, "unit": "step"},
        lambda o, t: ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ),
    "exponential": (
        {"name": "exponential", "gamma": 0.8, "unit": "step"},
        lambda o, t: ("ExponentialLR", {"gamma": 0.8}),
    ),
    "linear": (
        {"name": "linear", "end": 0.25},
        lambda o, t: ("LinearLR", {"start_factor": 1.0, "end_factor": 0.25, "total_iters": t}),
    ),
    "cosine": (
        {"name": "cosine", "floor": 0.1},
        lambda o, t: ("CosineAnnealingLR", {"T_max": t, "eta_min": 0.1 * o["lr"]}),
    ),
    "restarts": (
        {"name": "cosine", "cycle": 4, "growth": 2, "unit": "step"},
        lambda o, t: ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2}),
    ),
    "one_cycle": (
        {"name": "one_cycle"},
        lambda o, t: ("OneCycleLR", {"max_lr": o["lr"], "total_steps": t, "cycle_momentum": o["name"] != "adagrad"}),
    ),
}
RATES = [
    {"name": "sgd", "lr": 0.5, "momentum": 0.9},
    {"name": "sgd", "lr": 0.5, "momentum": 0.9, "nesterov": True},
    {"name": "adam", "lr": 0.1},
    {"name": "rmsprop", "lr": 0.05, "momentum": 0.5},
    {"name": "adagrad", "lr": 0.5},
]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("optimizer", RATES, ids=label)
def test_schedules_in_the_loop(name, optimizer):
    table, theirs = SCHEDULES[name]
    twin = Twin({"optimizer": optimizer, "schedule": table, "epochs": 2})
    total = twin.trainer.stepper.total
    assert total == 12
    kind, settings = theirs(optimizer, total)
    twin.scheduler = getattr(torch.optim.lr_scheduler, kind)(twin.optimizer, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        twin.compare(steps=total - 1)


GRAPHS = {
    "residual": [
        {"type": "dense", "units": 6, "name": "a"},
        {"type": "relu", "name": "b"},
        {"type": "dense", "units": 6, "name": "c"},
        {"type": "batch_norm", "name": "n"},
        {"type": "add", "name": "d", "inputs": ["n", "b"]},
        {"type": "gelu", "name": "e"},
        {"type": "dense", "units": 4, "name": "f"},
        {"type": "concat", "name": "g", "inputs": ["f", "e", "b", "input"]},
    ],
    "two readers and two ends": [
        {"type": "dense", "units": 4, "name": "a"},
        {"type": "tanh", "name": "b"},
        {"type": "dense", "units": 4, "name": "left", "inputs": ["b"]},
        {"type": "dense", "units": 4, "name": "right", "inputs": ["b"], "bias": False},
        {"type": "dropout", "rate": 0.4, "name": "drop"},
        {"type": "add", "name": "sum", "inputs": ["left", "drop", "b", "left"]},
        {"type": "layer_norm", "name": "norm"},
        {"type": "dense", "units": 3, "name": "unread", "inputs": ["a"]},
        {"type": "silu", "name": "end", "inputs": ["norm"]},
    ],
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("optimizer", [{"name": "sgd", "lr": 0.2}, {"name": "adam", "lr": 0.02}], ids=label)
def test_graphs_with_branches(name, optimizer):
    twin = Twin({"layers": GRAPHS[name], "optimizer": optimizer})
    if name != "residual":
        loss = twin.loss
        twin.loss = lambda z, y: loss(z, y) + 0 * twin.w["unread.weight"].sum() + 0 * twin.w["unread.bias"].sum()
    twin.compare(steps=12)
