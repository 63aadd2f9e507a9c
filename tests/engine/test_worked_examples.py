"""Examples worked out by hand or known in closed form."""

import math
from itertools import pairwise

import numpy as np
import pytest

from engine import Loss, Optimizer, Trainer, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler
from engine.layers import Scratch
from engine.losses import LossSite
from engine.plan import Plan


def splits(x, y, classes=()):
    x = np.asarray(x, float)
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    return Splits(Split(x, np.asarray(y)), None, None, x.shape[1:], classes, names, (), fit_scaler("none", x))


def put(trainer, **weights):
    for name, value in weights.items():
        slot = trainer.network.parameters.slots[name.replace("_", ".")]
        slot.view(trainer.network.values)[...] = value


def read(trainer, name):
    return trainer.network.parameters.slots[name].view(trainer.network.values)


def test_one_step_of_a_2_2_1_network_by_hand():
    """x = (0.05, 0.10), sigmoid units, target 0.01, half the squared error, rate 0.5: every number worked out below."""
    sigmoid = lambda z: 1 / (1 + math.exp(-z))
    experiment = parse_experiment(
        {
            "layers": [{"type": "dense", "units": 2}, "sigmoid"],
            "output": {"activation": "sigmoid"},
            "loss": "quadratic",
            "optimizer": {"name": "sgd", "lr": 0.5},
            "batch_size": 1,
        }
    )
    trainer = Trainer(experiment, splits=splits([[0.05, 0.10]], [[0.01]]), dtype=np.float64)
    put(trainer, dense1_weight=[[0.15, 0.20], [0.25, 0.30]], dense1_bias=0.35)
    put(trainer, output_weight=[[0.40, 0.45]], output_bias=0.6)
    h1, h2 = sigmoid(0.15 * 0.05 + 0.20 * 0.10 + 0.35), sigmoid(0.25 * 0.05 + 0.30 * 0.10 + 0.35)
    assert (h1, h2) == pytest.approx((0.593269992, 0.596884378), abs=1e-9)
    o = sigmoid(0.40 * h1 + 0.45 * h2 + 0.60)
    assert o == pytest.approx(0.751365070, abs=1e-9)
    delta = (o - 0.01) * o * (1 - o)
    assert delta == pytest.approx(0.138498562, abs=1e-9)
    d1, d2 = delta * 0.40 * h1 * (1 - h1), delta * 0.45 * h2 * (1 - h2)
    report = trainer.step()
    assert report.losses[0] == pytest.approx((o - 0.01) ** 2 / 2, rel=1e-6)
    assert report.losses[0] == pytest.approx(0.274811083, rel=1e-6)
    expected = [[0.40 - 0.5 * delta * h1, 0.45 - 0.5 * delta * h2]]
    assert read(trainer, "output.weight") == pytest.approx(np.array(expected), abs=1e-15)
    assert read(trainer, "output.weight")[0] == pytest.approx([0.35891648, 0.408666186], abs=1e-8)
    assert read(trainer, "output.bias") == pytest.approx(0.6 - 0.5 * delta)
    expected = [[0.15 - 0.5 * d1 * 0.05, 0.20 - 0.5 * d1 * 0.10], [0.25 - 0.5 * d2 * 0.05, 0.30 - 0.5 * d2 * 0.10]]
    assert read(trainer, "dense1.weight") == pytest.approx(np.array(expected), abs=1e-15)
    assert read(trainer, "dense1.bias") == pytest.approx([0.35 - 0.5 * d1, 0.35 - 0.5 * d2], abs=1e-15)


def perceptron(x, labels, lr=1.0, epochs=1000, shuffle=False):
    table = {
        "model": "perceptron",
        "output": {"init": "zeros"},
        "loss": "perceptron",
        "optimizer": {"name": "perceptron", "lr": lr},
        "batch_size": 1,
        "epochs": epochs,
    }
    data = splits(x, np.asarray(labels), ("no", "yes"))
    return Trainer(parse_experiment(table), splits=data, dtype=np.float64, shuffle=shuffle)


def test_the_perceptron_s_rule_step_by_step():
    """w += t x where t (w x + b) <= 0, with t = -1 or 1, on four points in order."""
    x, labels = [[2, 1], [-1, 3], [-2, -1], [1, -2]], [1, 1, 0, 0]
    trainer = perceptron(x, labels)
    w, b = np.zeros(2), 0.0
    for step in range(12):
        point, t = np.array(x[step % 4]), 2 * labels[step % 4] - 1
        if t * (w @ point + b) <= 0:
            w, b = w + t * point, b + t
        trainer.step()
        assert read(trainer, "output.weight")[0].tolist() == w.tolist()
        assert read(trainer, "output.bias").tolist() == [b]
    assert all((2 * label - 1) * (w @ point + b) > 0 for point, label in zip(x, labels, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_the_perceptron_makes_at_most_r_over_gamma_squared_mistakes(seed):
    """Novikoff 1962, with the bias as a weight of a constant input 1."""
    draw = np.random.default_rng(seed)
    normal = draw.normal(0, 1, 3)
    normal /= np.sqrt(normal @ normal)
    x = draw.normal(0, 2, (200, 2))
    margins = np.column_stack([x, np.ones(200)]) @ normal
    keep = np.abs(margins) > 0.3
    x, labels = x[keep], (margins[keep] > 0).astype(int)
    gamma, radius = np.abs(margins[keep]).min(), np.sqrt((x**2).sum(1).max() + 1)
    trainer = perceptron(x, labels, shuffle=True)
    mistakes = 0
    while trainer.history.rows[-1].train_accuracy < 1:
        before = trainer.network.values.copy()
        trainer.step()
        mistakes += bool((trainer.network.values != before).any())
        assert trainer.state.epoch < 500
    assert 0 < mistakes <= (radius / gamma) ** 2


def test_the_perceptron_s_rate_only_scales_its_weights():
    draw = np.random.default_rng(0)
    x, labels = draw.normal(0, 1, (30, 2)), draw.integers(0, 2, 30)
    one, four = perceptron(x, labels, lr=1.0), perceptron(x, labels, lr=4.0)
    for trainer in (one, four):
        trainer.advance(epochs=3)
    assert (4 * one.network.values == four.network.values).all()


def test_of_several_classes_each_unit_follows_the_perceptron_s_rule():
    x, labels = [[2, 1], [-1, 3], [-2, -1], [1, -2], [3, 3]], [0, 1, 2, 0, 1]
    table = {"model": "perceptron", "output": {"init": "zeros"}, "loss": "perceptron", "optimizer": "perceptron"}
    data = splits(x, np.asarray(labels), ("a", "b", "c"))
    trainer = Trainer(parse_experiment({**table, "batch_size": 1}), splits=data, dtype=np.float64, shuffle=False)
    w, b = np.zeros((3, 2)), np.zeros(3)
    for step in range(10):
        point, t = np.array(x[step % 5]), np.where(np.arange(3) == labels[step % 5], 1, -1)
        wrong = t * (w @ point + b) <= 0
        w, b = w + np.outer(wrong * t, point), b + wrong * t
        trainer.step()
        assert read(trainer, "output.weight").tolist() == w.tolist()
        assert read(trainer, "output.bias").tolist() == b.tolist()


def loss_of(table, z, t):
    """(value, dz) for z and t (K, N)."""
    value, dz, plan = np.zeros(1, z.dtype), np.zeros_like(z), Plan(z.dtype)
    Loss.parse(table).forward(plan, LossSite(z, t, value, dz, Scratch()))
    plan.run()
    return float(value[0]), dz


def test_the_gradient_of_softmax_and_cross_entropy_is_p_minus_q_over_n():
    z, q = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]]), np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    p = np.exp(z) / np.exp(z).sum(axis=0)
    value, dz = loss_of("cross_entropy", z, q)
    assert value == pytest.approx(-(math.log(p[1, 0]) + math.log(p[0, 1])) / 2, rel=1e-12)
    np.testing.assert_allclose(dz, (p - q) / 2, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_losses_from_logits_stay_finite_and_exact_far_out(name, dtype):
    t = np.array([[1.0, 1.0], [0.0, 0.0]], dtype)
    value, dz = loss_of(name, np.array([[1000.0, -1000.0], [-1000.0, 1000.0]], dtype), t)
    assert value == pytest.approx({"cross_entropy": 1000, "binary_cross_entropy": 500}[name], rel=1e-5)
    assert np.isfinite(dz).all()
    value, _ = loss_of(name, np.array([[30.0, 30.0], [-30.0, -30.0]], dtype), t)
    assert value >= 0
    assert value < 1e-6


@pytest.mark.parametrize("margin", [5.0, 8.0, 10.0, 14.0])
def test_small_losses_are_right_in_single_precision_and_never_negative(margin):
    """The training loss of an overfitted network, on a logarithmic axis: log(1 + exp(-margin)), about exp(-margin)."""
    z = np.array([[margin] * 32, [0.0] * 32], np.float32)
    t = np.array([[1.0] * 32, [0.0] * 32], np.float32)
    value, _ = loss_of("cross_entropy", z, t)
    assert value >= 0
    assert value == pytest.approx(math.log1p(math.exp(-margin)), abs=2.5e-7)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_an_undecided_network_shows_ln_k(classes):
    table = {"layers": [{"type": "dense", "units": 7}, "tanh"], "output": {"init": "zeros"}, "batch_size": 5}
    draw = np.random.default_rng(0)
    labels = np.arange(40) % classes
    data = splits(draw.normal(0, 1, (40, 4)), labels, tuple("abcdefghij"[:classes]))
    trainer = Trainer(parse_experiment(table), splits=data)
    assert trainer.history.rows[0].train_loss == pytest.approx(math.log(classes), rel=1e-6)
    assert trainer.step().losses[0] == pytest.approx(math.log(classes), rel=1e-6)


class Descent:
    """An optimizer's `update` on a vector of its own, cut into blocks, without network or trainer."""

    def __init__(self, table, w, cuts=(), dtype=np.float64):
        self.optimizer = Optimizer.parse(table)
        self.w = np.array(w, dtype)
        self.g = np.zeros_like(self.w)
        self.slots = {name: np.zeros_like(self.w) for name in self.optimizer.slots}
        one = np.ones(1)
        count = len(self.optimizer.scalars(one, one, one * 0.5, one * 0.5))
        self.now = [np.zeros((), dtype) for _ in range(count)]
        self.plan, self.t = Plan(dtype), 0
        spare = tuple(np.zeros_like(self.w) for _ in range(self.optimizer.spare))
        edges = [0, *cuts, self.w.size]
        for start, stop in pairwise(edges):
            piece = slice(start, stop)
            slots = {name: slot[piece] for name, slot in self.slots.items()}
            spares = tuple(each[: stop - start] for each in spare)
            self.optimizer.update(self.plan, self.w[piece], self.g[piece], slots, spares, *self.now)

    def step(self, g, lr=None):
        self.t += 1
        self.g[...] = g
        b = np.full(1, self.optimizer.coefficient)
        rate = np.full(1, self.optimizer.lr if lr is None else lr)
        for place, value in zip(self.now, self.optimizer.scalars(rate, np.full(1, float(self.t)), b, b), strict=True):
            place[...] = value[0]
        self.plan.run()
        return self.w


def settings_of(name):
    """A few tables for an optimizer: its defaults, and with each switch turned."""
    yield {"name": name}
    for setting in Optimizer.registry[name].settings():
        if setting.name in ("momentum", "beta1"):
            yield {"name": name, setting.name: 0.6}
        if setting.type == "bool":
            yield {"name": name, "momentum": 0.6, setting.name: True}


EVERY = [table for name in sorted(Optimizer.registry) for table in settings_of(name)]


@pytest.mark.parametrize("table", EVERY, ids=lambda table: "-".join(map(str, table.values())))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_how_the_vector_is_cut_changes_no_bit(table, dtype):
    draw = np.random.default_rng(3)
    w, gradients = draw.normal(0, 1, 103), draw.normal(0, 1, (6, 103)) * 10.0 ** draw.integers(-6, 3, 103)
    runs = [Descent(table, w, cuts, dtype) for cuts in ((), (1,), (50,), (7, 8, 64, 100), range(1, 103))]
    for g in gradients:
        ends = {run.step(g).tobytes() for run in runs}
        assert len(ends) == 1
    for name in runs[0].slots:
        assert len({run.slots[name].tobytes() for run in runs}) == 1
    assert (runs[0].w != w.astype(dtype)).any()


@pytest.mark.parametrize(("mu", "lr"), [(0.0, 0.1), (0.9, 0.05), (0.5, 0.2)])
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_on_a_quadratic_follows_its_matrix(mu, lr, nesterov):
    """On f = a w^2 / 2 a step is a matrix on (w, v); its powers give any step at once."""
    a, start = 2.0, 3.0
    descent = Descent({"name": "sgd", "lr": lr, "momentum": mu, "nesterov": nesterov}, [start])
    first = [1 - lr * a * (1 + mu), -lr * mu * mu] if nesterov else [1 - lr * a, -lr * mu]
    matrix = np.array([first, [a, mu]])
    for step in range(1, 30):
        w = descent.step(a * descent.w)
        expected = np.linalg.matrix_power(matrix, step) @ [start, 0.0]
        assert w[0] == pytest.approx(expected[0], rel=1e-9, abs=1e-12)


ROSENBROCK = {
    "sgd": {"lr": 2e-3},
    "perceptron": {"lr": 2e-3},
    "adagrad": {"lr": 0.5},
    "rmsprop": {"lr": 2e-3},
    "adam": {"lr": 0.02},
    "adamw": {"lr": 0.02, "weight_decay": 0.0},
    "nadam": {"lr": 0.02},
    "lion": {"lr": 2e-3},
}


@pytest.mark.parametrize("name", sorted(Optimizer.registry))
def test_every_optimizer_walks_down_rosenbrock_s_valley(name):
    """f = (1 - x)^2 + 100 (y - x^2)^2 from (-0.5, 1), under a rate that falls to nothing."""
    assert name in ROSENBROCK, f"give {name} a learning rate in ROSENBROCK"
    descent, steps = Descent({"name": name, **ROSENBROCK[name]}, [-0.5, 1.0]), 6000
    for step in range(steps):
        x, y = descent.w
        gradient = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
        descent.step(gradient, lr=descent.optimizer.lr * (1 - step / steps))
    x, y = descent.w
    assert (1 - x) ** 2 + 100 * (y - x * x) ** 2 < 0.02


def test_the_first_step_of_adam_is_the_rate_whatever_the_gradient():
    for g in (1e-3, 1.0, 1e4):
        assert Descent({"name": "adam", "lr": 0.1}, [1.0]).step([g])[0] == pytest.approx(0.9, abs=1e-5)
    assert Descent({"name": "lion", "lr": 0.1}, [1.0]).step([1e-9])[0] == pytest.approx(0.9)


@pytest.mark.parametrize("table", EVERY, ids=lambda table: "-".join(map(str, table.values())))
def test_the_scalars_of_a_step_do_not_depend_on_the_steps_asked_for_with_it(table):
    optimizer = Optimizer.parse(table)
    t = np.arange(1.0, 6001.0)
    b = np.full(t.shape, optimizer.coefficient)
    rates = 0.01 + 0.001 * np.sin(t)
    together = optimizer.scalars(rates, t, b, b)
    for step in (1, 2, 17, 999, 4095, 4096, 5999):
        piece = slice(step - 1, step)
        apart = optimizer.scalars(rates[piece], t[piece], b[piece], b[piece])
        for one, many in zip(apart, together, strict=True):
            assert one.tobytes() == many[piece].tobytes()
            assert np.isfinite(one).all()


EDITS = {
    4: [("optimizer.beta1", 0.5)],
    9: [("schedule.name", "one_cycle")],
    14: [("optimizer.beta2", 0.9), ("epochs", 7)],
    17: [("schedule.momentum_low", 0.3)],
    21: [("schedule.name", "constant"), ("optimizer.beta1", 0.8)],
}


@pytest.mark.parametrize("name", ["adam", "nadam"])
def test_moments_keep_their_meaning_when_betas_or_schedules_are_edited(name):
    """Beside Adam as the paper writes it, whose moments need no rescaling; NAdam's look-ahead with its own products."""
    draw = np.random.default_rng(4)
    table = {"layers": [{"type": "dense", "units": 4}, "tanh"], "optimizer": {"name": name, "lr": 0.05}}
    data = splits(draw.normal(0, 1, (20, 3)), draw.integers(0, 3, 20), ("a", "b", "c"))
    trainer = Trainer(parse_experiment({**table, "batch_size": 4, "epochs": 10}), splits=data, dtype=np.float64)
    m = v = np.zeros_like(trainer.network.values)
    for step in range(28):
        for key, value in EDITS.get(step, []):
            trainer.edit(key, value)
        trainer.measure()
        w, g = trainer.network.values.copy(), trainer.network.grads.copy()
        t, optimizer, schedule = step + 1, trainer.experiment.optimizer, trainer.experiment.schedule
        cycled = schedule.momentum(step, trainer.stepper.total)
        b1, b2 = optimizer.beta1 if cycled is None else float(cycled[0]), optimizer.beta2
        lr = 0.05 * float(schedule.factor(step, trainer.stepper.total, trainer.steps_per_epoch)[0])
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        root = np.sqrt(v / (1 - b2**t)) + 1e-8
        if name == "adam":
            w = w - lr * m / (1 - b1**t) / root
        else:
            mu = [optimizer.beta1 * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in range(1, t + 2)]
            so_far = math.prod(mu[:-1])
            w = w - lr * ((1 - mu[-2]) / (1 - so_far) * g + mu[-1] / (1 - so_far * mu[-1]) * m) / root
        trainer.step()
        np.testing.assert_allclose(trainer.network.values, w, rtol=1e-9, atol=1e-12, err_msg=f"step {step}")
