"""Every gradient of every registered layer and loss against central differences along random directions, in float64.

Layers and losses are found through the registry and their settings varied through `settings()`, so a new one is tested
without an edit here; one whose inputs cannot be guessed fails with its name.
"""

import numpy as np
import pytest

from engine import KINDS, BadInput, Layer, Loss, Network, NodeSpec, gradcheck, parse_experiment
from engine.layers import Scratch, Site
from engine.layers.activations import Tanh
from engine.losses import LossSite
from engine.memory import Layout
from engine.plan import Plan
from engine.rng import rng

TOLERANCE = 1e-6
SHAPES = {
    1: [((5,),), ((1,),), ((2, 5, 6),), ((3, 4, 4),), ((6, 8, 8),)],
    2: [((4,), (4,)), ((4,), (2,)), ((4,), (4,), (4,)), ((2, 3, 2), (2, 3, 2)), ((2, 3, 2), (1, 3, 2))],
}
BATCHES = (1, 2, 7)
SMALL = {"units": 3, "channels": 6}


def other_values(setting):
    """Values of a setting that are allowed and not the default."""
    if setting.name in SMALL:
        return [SMALL[setting.name]]
    if setting.type == "bool":
        return [not setting.default]
    if setting.type == "choice":
        return [choice for choice in setting.choices if choice != setting.default]
    if setting.type == "component":
        return [name for name in ("he_uniform", "orthogonal", "constant") if name in setting.choices]
    if setting.type == "int":
        low, high = setting.low or 0, setting.high if setting.high is not None else 1 << 30
        return [n for n in {int(low), (setting.default or 0) + 1, 2, 3} if low <= n <= high and n != setting.default]
    if setting.type == "float":
        low = 0.0 if setting.low is None else setting.low
        high = low + 2.0 if setting.high is None else setting.high
        return [low + 0.3 * (high - low), *([low] if not setting.low_open and low != setting.default else [])]
    return []


def tables(component):
    """The defaults, each setting varied alone, and all together; a value that needs others beside it is left out."""
    small = {component.key: component.name}
    small |= {name: value for name, value in SMALL.items() if name in component.model_fields}
    yield small
    together = dict(small)
    for setting in component.settings():
        name = setting.name
        varied = [{**small, name: value} for value in other_values(setting)]
        allowed = [table for table in varied if accepted(component, table)]
        yield from allowed or varied
        if allowed:
            together[name] = allowed[-1][name]
    if len(together) > len(small) + 1 and accepted(component, together):
        yield together


def accepted(component, table):
    try:
        made = KINDS[component.kind].parse(table)
    except BadInput:
        return False
    return component.kind != "layer" or any(fits(made, shapes) for shapes in SHAPES[made.inputs])


def fits(layer, shapes):
    try:
        layer.shape(*shapes)
    except (ValueError, BadInput):
        return False
    return True


def label(table):
    return "-".join(f"{value}" if field in ("type", "name") else f"{field}={value}" for field, value in table.items())


LAYERS = [table for name in sorted(Layer.registry) for table in tables(Layer.registry[name])]
LOSSES = [table for name in sorted(Loss.registry) for table in tables(Loss.registry[name])]


class Bench:
    """One layer on arrays of its own, with a random dy: f = sum(dy y), so that df/dx is dx."""

    def __init__(self, layer, shapes, batch, seed=0, training=True):
        draw = np.random.default_rng(seed)
        dtype = np.dtype(np.float64)
        layout, statistics = Layout(), Layout()
        specs = layer.parameters(*shapes)
        for spec in specs:
            layout.add("node", spec.name, spec.shape, spec.transposed)
        for name, (length, _) in layer.statistics(*shapes).items():
            statistics.add("node", name, length)
        self.values = draw.normal(0, 1, layout.size)
        self.grads = np.full(layout.size, np.nan)
        buffers = np.ones(statistics.size)
        self.layout = layout
        whole = [np.ones((int(np.prod(shape)) + 1, batch)) for shape in shapes]
        self.xs = [array[:-1].reshape(*shape, batch) for array, shape in zip(whole, shapes, strict=True)]
        for x in self.xs:
            x[...] = away_from_kinks(draw.normal(0, 2, x.shape))
        shape = layer.shape(*shapes)
        y = self.xs[0].reshape(*shape, batch) if layer.view else np.full((*shape, batch), np.nan)
        self.dy = draw.normal(0, 1, y.shape)
        self.dxs = [np.full_like(x, np.nan) for x in self.xs]
        views = {slot.name.removeprefix("node."): slot.view(self.values) for slot in layout}
        dviews = {slot.name.removeprefix("node."): slot.view(self.grads) for slot in layout}
        kept = {slot.name.removeprefix("node."): slot.view(buffers) for slot in statistics}
        self.site = Site(
            node="node", dtype=dtype, training=training, xs=tuple(self.xs), ones=tuple(whole), y=y,
            dxs=tuple(self.dxs), dy=self.dy, weights=views, grads=dviews, buffers=kept,
            block=self.values, dblock=self.grads, clock=np.array(3, np.int64), seed=seed, pool=Scratch(),
        )  # fmt: skip
        self.forward, self.backward = Plan(dtype), Plan(dtype)
        layer.forward(self.forward, self.site)
        self.site.pool.release()
        layer.backward(self.backward, self.site)

    def value(self):
        self.forward.run()
        return float((self.dy * self.site.y).sum())

    def differences(self):
        """(what, analytic, numeric, scale) for every input and parameter."""
        self.value()
        before = [array.tobytes() for array in (*self.xs, self.dy, self.site.y, self.values)]
        self.backward.run()
        after = [array.tobytes() for array in (*self.xs, self.dy, self.site.y, self.values)]
        assert before == after, "backward wrote to x, dy, y or the weights"
        places = [(f"dx{i}", x, dx) for i, (x, dx) in enumerate(zip(self.xs, self.dxs, strict=True))]
        places += [(slot.name, self.values[slot.flat], self.grads[slot.flat]) for slot in self.layout]
        for what, array, gradient in places:
            yield what, *directional(self.value, array, gradient.copy(), what)


def away_from_kinks(x):
    """Moves numbers away from 0, 3 and -3, where piecewise functions bend, and from one another."""
    for kink in (0.0, 3.0, -3.0):
        near = np.abs(x - kink) < 0.05
        x = np.where(near, kink + np.copysign(0.05, x - kink) + (x - kink), x)
    return x


def directional(value, array, gradient, what, step=1e-5):
    """(analytic, numeric, scale) of df along a random unit direction."""
    u = rng(7, "direction", what).standard_normal(array.shape)
    u /= np.sqrt((u * u).sum())
    start, values = array.copy(), []
    for sign in (1, -1):
        array[...] = start + sign * step * u
        values.append(value())
    array[...] = start
    value()
    analytic = float((gradient * u).sum())
    scale = max(abs(analytic), 0.05 * float(np.sqrt((gradient**2).mean())), 1e-3)
    return analytic, (values[0] - values[1]) / (2 * step), scale


@pytest.mark.parametrize("name", sorted(Layer.registry))
def test_a_layer_tells_whether_training_computes_something_else_and_draws(name):
    layer = Layer.parse(next(tables(Layer.registry[name])))
    shapes = next(shapes for shapes in SHAPES[layer.inputs] if fits(layer, shapes))
    outputs = []
    for training, step in ((True, 0), (True, 1), (False, 0), (False, 1)):
        bench = Bench(layer, shapes, 7, training=training)
        bench.site.clock[...] = step
        bench.forward.run()
        outputs.append(bench.site.y.tobytes())
    first, next_step, inference, later = outputs
    assert layer.trains_otherwise == (first != inference)
    assert layer.draws == (first != next_step)
    assert inference == later


@pytest.mark.parametrize("table", LAYERS, ids=label)
def test_a_layer_s_gradients_are_those_of_finite_differences(table):
    layer = Layer.parse(table)
    fitting = [shapes for shapes in SHAPES.get(layer.inputs, []) if fits(layer, shapes)]
    assert fitting, f"no input shape here fits {table}: add one to SHAPES in {__name__}"
    checked = 0
    for shapes in fitting:
        for batch in BATCHES:
            if layer.name == "batch_norm" and batch * np.prod(shapes[0][1:]) == 1:
                with pytest.raises(ValueError, match="batch_size"):
                    Bench(layer, shapes, batch)
                continue
            bench = Bench(layer, shapes, batch, seed=batch)
            for what, analytic, numeric, scale in bench.differences():
                assert np.isfinite(analytic), what
                assert abs(analytic - numeric) <= TOLERANCE * scale, (what, shapes, batch, analytic, numeric)
                checked += 1
    assert checked


def test_the_check_notices_a_wrong_derivative(monkeypatch):
    monkeypatch.setattr(Tanh, "slope", lambda self, do, at, out: do(np.multiply, at.y, at.y, out))
    [(_, analytic, numeric, scale)] = Bench(Tanh(), ((5,),), 3).differences()
    assert abs(analytic - numeric) > 1e-3 * scale


class LossBench:
    def __init__(self, loss, z, t):
        self.z, self.t = z.copy(), np.ascontiguousarray(t)
        self.dz, self.got = np.full_like(z, np.nan), np.full(1, np.nan)
        self.plan = Plan(np.dtype(np.float64))
        loss.forward(self.plan, LossSite(self.z, self.t, self.got, self.dz, Scratch()))

    def value(self):
        self.plan.run()
        return float(self.got[0])


WEIGHTED = [table for table in LOSSES if "class_weights" in Loss.registry[table["name"]].model_fields]


@pytest.mark.parametrize(
    ("table", "weighted"),
    [*((table, False) for table in LOSSES), *((table, True) for table in WEIGHTED)],
    ids=lambda value: label(value) if isinstance(value, dict) else "weighted" if value else "",
)
@pytest.mark.parametrize(("classes", "batch"), [(2, 5), (2, 1), (3, 1), (4, 6), (10, 3)])
def test_a_loss_s_gradient_is_that_of_finite_differences(table, classes, batch, weighted):
    if weighted:
        table = {**table, "class_weights": [0.5 + 0.7 * k for k in range(classes)]}
    loss = Loss.parse(table)
    draw = np.random.default_rng(classes * 10 + batch)
    labels = draw.integers(0, classes, batch)
    targets = [loss.encode(labels, classes, -1.0 if loss.signed else 0.0).T]
    if loss.link == "identity" and not loss.signed:
        targets.append(draw.normal(0, 1, (3, batch)))
    for t in targets:
        rows = loss.units(classes) if t is targets[0] else 3
        assert len(t) == (loss.rows(classes) if t is targets[0] else 3)
        z = draw.normal(0, 2, (rows, batch))
        bench = LossBench(loss, z, t)
        bench.value()
        assert bench.z.tobytes() == z.tobytes()
        analytic, numeric, scale = directional(bench.value, bench.z, bench.dz.copy(), table["name"])
        assert abs(analytic - numeric) <= TOLERANCE * scale


def dense(units):
    return {"type": "dense", "units": units}


NETWORKS = {
    "tanh": ["tanh"],
    "normalized": [dense(6), "batch_norm", "gelu", dense(5), "layer_norm", "silu"],
    "dropout": [dense(8), "mish", {"type": "dropout", "rate": 0.3}, dense(4), "elu"],
    "residual": [
        {"type": "dense", "units": 5, "name": "a"},
        {"type": "tanh", "name": "b"},
        {"type": "dense", "units": 5, "name": "c", "bias": False},
        {"type": "add", "name": "d", "inputs": ["a", "c", "b", "b"]},
        {"type": "concat", "name": "e", "inputs": ["d", "a", "d"]},
        {"type": "softsign", "name": "f"},
    ],
    "reads the input twice": [
        {"type": "dense", "units": 4, "name": "a"},
        {"type": "concat", "name": "b", "inputs": ["a", "input"]},
        {"type": "sigmoid", "name": "c"},
    ],
}


@pytest.mark.parametrize("loss", ["cross_entropy", "quadratic", "binary_cross_entropy"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradcheck_passes_whole_networks(name, loss):
    experiment = parse_experiment({"data": {"name": "iris"}, "layers": NETWORKS[name], "loss": loss, "batch_size": 16})
    found = gradcheck(experiment, rows=9)
    assert len(found) >= 2
    for error in found:
        assert error.relative < TOLERANCE, error


def test_gradcheck_names_the_parameter_whose_gradient_is_wrong(monkeypatch):
    experiment = parse_experiment(
        {"data": {"name": "iris"}, "layers": [{"type": "dense", "units": 6}, "tanh"], "batch_size": 16}
    )
    monkeypatch.setattr(Tanh, "slope", lambda self, do, at, out: do(np.multiply, at.y, at.y, out))
    worst = {error.parameter: error.relative for error in gradcheck(experiment)}
    assert worst["dense1.weight"] > 1e-2
    assert worst["dense1.bias"] > 1e-2
    assert worst["output.weight"] < TOLERANCE


def test_a_flatten_node_that_shares_its_source_with_another_reader():
    """Images of the digits are vectors, so a small image set is made by hand."""
    draw = np.random.default_rng(0)
    parse = Layer.parse
    for extra in (False, True):
        nodes = [
            NodeSpec("norm", parse("batch_norm")),
            NodeSpec("tanh", parse("tanh")),
            NodeSpec("flat", parse("flatten")),
            NodeSpec("dense", parse({"type": "dense", "units": 3})),
        ]
        if extra:
            nodes += [
                NodeSpec("flat2", parse("flatten"), ("tanh",)),
                NodeSpec("more", parse({"type": "dense", "units": 3}), ("flat2",)),
                NodeSpec("sum", parse("add"), ("dense", "more")),
            ]
        network = Network(nodes, (2, 3, 2), Loss.parse("mse"), 3, seed=1, dtype=np.float64)
        at = network.run(4, training=True)
        at.inputs[...] = draw.normal(size=at.inputs.shape)
        at.targets[...] = draw.normal(size=at.targets.shape)

        def value(at=at):
            at.forward.run()
            at.backward.run()
            return float(at.vitals[0])

        value()
        gradient = network.grads.copy()
        assert np.abs(gradient).min() > 0
        for slot in network.parameters:
            analytic, numeric, scale = directional(value, network.values[slot.flat], gradient[slot.flat], slot.name)
            assert abs(analytic - numeric) <= TOLERANCE * scale, slot.name
