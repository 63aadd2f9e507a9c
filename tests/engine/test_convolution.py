"""Convolution against loops that anyone can read, and against PyTorch; the fused form against the layers one by one."""

import numpy as np
import pytest

from engine import BadInput, Layer, Loss, Network, NodeSpec, connect
from engine.layers import Scratch, Site, convolution, rowwise
from engine.layers.columns import chunks
from engine.layers.convolution import Conv2d
from engine.layers.rowwise import Rowwise
from engine.layers.tiles import KERNELS, differences, sums
from engine.layers.winograd import Winograd
from engine.plan import Plan

CASES = [  # inputs, outputs, height, width, kernel, stride, padding, dilation, groups, batch
    (1, 4, 5, 5, 3, 1, 1, 1, 1, 3),
    (4, 6, 7, 9, 3, 1, 1, 1, 2, 1),
    (4, 6, 7, 9, 3, 2, 1, 1, 2, 5),
    (3, 5, 8, 7, 2, 1, 0, 1, 1, 2),
    (3, 5, 8, 7, 3, 2, 2, 2, 1, 2),
    (3, 5, 8, 7, 1, 1, 0, 1, 1, 2),
    (3, 5, 8, 7, 1, 2, 0, 1, 1, 2),
    (4, 4, 9, 9, 3, 1, 2, 2, 4, 3),
    (2, 3, 6, 6, 3, 1, 4, 1, 1, 3),
    (2, 20, 6, 6, 3, 1, 1, 1, 1, 3),
    (3, 8, 11, 13, 5, 3, 2, 1, 1, 1),
    (2, 3, 5, 3, 3, 3, 0, 1, 1, 2),
    (3, 4, 7, 8, 3, 1, 0, 1, 1, 3),
    (3, 2, 5, 4, 3, 1, 2, 1, 1, 1),
    (2, 2, 3, 1, 3, 1, 1, 1, 1, 2),
    (3, 8, 9, 7, 5, 1, 2, 1, 1, 3),
    (2, 3, 6, 5, 5, 1, 4, 1, 1, 2),
    (3, 4, 8, 11, 5, 1, 0, 1, 1, 1),
    (2, 2, 5, 5, 5, 1, 1, 1, 1, 4),
    (3, 2, 3, 4, 5, 1, 3, 1, 1, 2),
    (2, 3, 6, 6, 5, 1, 5, 1, 1, 2),
]
LARGE = [
    (32, 40, 13, 9, 3, 1, 1, 1, 1, 33),
    (16, 32, 14, 14, 3, 1, 1, 1, 1, 32),
    (2, 3, 3, 3, 3, 1, 1, 1, 1, 4000),
    (2, 4, 20, 30, 3, 1, 1, 1, 1, 70),
    (16, 32, 14, 14, 5, 1, 2, 1, 1, 32),
    (9, 12, 10, 7, 5, 1, 1, 1, 1, 300),
]


@pytest.fixture(params=["columns", "rowwise", "winograd"])
def way(request, monkeypatch):
    """The ways in which 3 x 3 and 5 x 5 kernels of stride 1 are computed, whatever the number of channels."""
    never = 10**6
    rowwise, both_ways = {"columns": (never, never), "rowwise": (1, never), "winograd": (1, 1)}[request.param]
    monkeypatch.setattr(convolution, "FEWEST_ROWWISE", rowwise)
    monkeypatch.setattr(convolution, "FEWEST_BOTH_WAYS", both_ways)


def layer(case, bias=True):
    _, outputs, _, _, kernel, stride, padding, dilation, groups, _ = case
    return Conv2d(
        channels=outputs, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias
    )


def arrays(case, dtype=np.float64):
    inputs, outputs, height, width, kernel, *_, groups, batch = case
    random = np.random.default_rng(sum(case))
    x = random.standard_normal((batch, inputs, height, width)).astype(dtype)
    weight = random.standard_normal((outputs, inputs // groups, kernel, kernel)).astype(dtype)
    shape = layer(case).shape(x.shape[1:])
    return (
        x,
        weight,
        random.standard_normal(outputs).astype(dtype),
        random.standard_normal((batch, *shape)).astype(dtype),
    )


def run(conv, x, dy, weights, need_dx=True, memory=np.zeros):
    """y, dx and gradients, batch first as in PyTorch; the plans run twice, so that leftovers would show."""
    inner = np.ascontiguousarray(np.moveaxis(x, 0, -1))
    slopes = np.ascontiguousarray(np.moveaxis(dy, 0, -1))
    grads = {name: np.full_like(value, np.nan) for name, value in weights.items()}
    y, dx = np.zeros_like(slopes), np.full_like(inner, np.nan) if need_dx else None
    at = Site(
        node="n", dtype=x.dtype, training=True, xs=(inner,), ones=(inner,), y=y, dxs=(dx,), dy=slopes, weights=weights,
        grads=grads, buffers={}, block=y, dblock=y, clock=np.zeros((), np.int64), seed=0, pool=Scratch(memory),
    )  # fmt: skip
    forward, backward = Plan(x.dtype), Plan(x.dtype)
    conv.forward(forward, at)
    at.pool.release()
    conv.backward(backward, at)
    kept = inner.copy(), slopes.copy()
    for _ in range(2):
        forward.run()
        backward.run()
    np.testing.assert_array_equal(inner, kept[0])
    np.testing.assert_array_equal(slopes, kept[1])
    return np.moveaxis(y, -1, 0), None if dx is None else np.moveaxis(dx, -1, 0), grads


def by_loops(conv, x, weight, bias, dy):
    """Forward and all gradients, one multiplication at a time."""
    y, dx, dw, db = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(weight), dy.sum(axis=(0, 2, 3))
    each = conv.channels // conv.groups
    for n, o, i, j in np.ndindex(dy.shape):
        y[n, o, i, j] = bias[o]
        for c, r, q in np.ndindex(weight.shape[1:]):
            channel = o // each * weight.shape[1] + c
            row = conv.stride * i + conv.dilation * r - conv.padding
            column = conv.stride * j + conv.dilation * q - conv.padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                y[n, o, i, j] += weight[o, c, r, q] * x[n, channel, row, column]
                dw[o, c, r, q] += dy[n, o, i, j] * x[n, channel, row, column]
                dx[n, channel, row, column] += dy[n, o, i, j] * weight[o, c, r, q]
    return y, dx, dw, db


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("need_dx", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_convolution_is_what_the_loops_say(case, need_dx):
    x, weight, bias, dy = arrays(case)
    y, dx, grads = run(layer(case), x, dy, {"weight": weight, "bias": bias}, need_dx)
    wanted = by_loops(layer(case), x, weight, bias, dy)
    np.testing.assert_allclose(y, wanted[0], atol=1e-12)
    np.testing.assert_allclose(grads["weight"], wanted[2], atol=1e-11)
    np.testing.assert_allclose(grads["bias"], wanted[3], atol=1e-11)
    if need_dx:
        np.testing.assert_allclose(dx, wanted[1], atol=1e-12)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-12), (np.float32, 3e-5)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", CASES + LARGE)
def test_convolution_is_pytorchs(case, bias, dtype, close):
    torch = pytest.importorskip("torch")
    x, weight, shift, dy = arrays(case, dtype)
    *_, stride, padding, dilation, groups, _ = case
    tensors = [torch.tensor(value, requires_grad=True) for value in ((x, weight, shift) if bias else (x, weight))]
    wanted = torch.nn.functional.conv2d(*tensors, stride=stride, padding=padding, dilation=dilation, groups=groups)
    wanted.backward(torch.tensor(dy))
    y, dx, grads = run(layer(case, bias), x, dy, {"weight": weight, **({"bias": shift} if bias else {})})
    found = [y, dx, *grads.values()]
    for ours, theirs in zip(found, [wanted.detach(), *(tensor.grad for tensor in tensors)], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=close * max(1.0, float(theirs.abs().max())))


@pytest.mark.parametrize("limit", [1, 200_000])
@pytest.mark.parametrize("case", [(9, 8, 31, 13, 3, 1, 1, 1, 1, 70), (8, 9, 20, 15, 5, 1, 3, 1, 1, 220)])
def test_rows_that_had_no_room_are_made_again(case, limit, monkeypatch):
    x, weight, bias, dy = arrays(case)

    def found():
        sizes = []

        def memory(shape, dtype):
            if isinstance(shape, int):  # scratch is flat, what a node keeps is not
                sizes.append(shape)
            return np.zeros(shape, dtype)

        y, dx, grads = run(layer(case), x, dy, {"weight": weight, "bias": bias}, memory=memory)
        return max(sizes), y, dx, *grads.values()

    most, *wanted = found()
    monkeypatch.setattr(rowwise, "MOST_FLOATS", limit)
    less, *results = found()
    assert less < most
    for ours, theirs in zip(results, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-11)


@pytest.mark.parametrize(
    ("settings", "inputs", "form"),
    [
        ({"channels": 8}, 8, Rowwise),
        ({"channels": 7}, 64, None),
        ({"channels": 64}, 7, None),
        ({"channels": 64}, 63, Rowwise),
        ({"channels": 64}, 64, Winograd),
        ({"channels": 64, "kernel": 5}, 64, Rowwise),
        ({"channels": 64, "kernel": 4}, 64, None),
        ({"channels": 64, "stride": 2}, 64, None),
        ({"channels": 64, "dilation": 2}, 64, None),
        ({"channels": 64, "groups": 2}, 64, None),
        ({"channels": 64, "padding": 3}, 64, None),
    ],
)
def test_minimal_filtering_is_taken_where_it_is_faster(settings, inputs, form):
    assert Conv2d(**settings).filtering(inputs) is form


@pytest.mark.parametrize(("channels", "filtered"), [(7, []), (8, ["b"]), (64, ["b"])])
def test_a_network_takes_minimal_filtering(channels, filtered):
    specs = [NodeSpec(name, Layer.parse({"type": "conv2d", "channels": channels, "padding": 1})) for name in "ab"]
    at = Network(specs, (3, 6, 6), Loss.parse("mse"), channels * 36, 0).run(2, training=True)
    at.forward.run()
    assert [name for name in "ab" if "padded" not in at.sites[name].kept] == filtered


@pytest.mark.parametrize("kernel", [3, 5])
def test_minimal_filtering_takes_a_product_a_point(kernel):
    random = np.random.default_rng(kernel)
    g, d = random.standard_normal(kernel), list(random.standard_normal((kernel + 1, 1)))
    V, y = np.zeros((kernel + 1, 1)), np.zeros((2, 1))
    do = Plan(np.float64)
    differences(do, d, V)
    do.run()
    M, do = (KERNELS[kernel] @ g)[:, None] * V, Plan(np.float64)
    sums(do, M, y)
    do.run()
    np.testing.assert_allclose(y[:, 0], np.correlate(np.concatenate(d), g, "valid"), atol=1e-13)


@pytest.mark.parametrize("shape", [(1, 28, 28, 32), (1, 14, 14, 128), (1, 3, 5, 5000), (1, 1, 1, 1), (1, 300, 2, 1)])
def test_chunks_cover_every_position_once(shape):
    seen = np.zeros(shape[1:], int)
    parts = chunks(shape, 300)
    for part in parts:
        seen[part.rows, part.columns, part.samples] += 1
    assert (seen == 1).all()
    assert max(part.positions for part in parts) <= 3600


@pytest.mark.parametrize(
    ("settings", "shape", "words"),
    [
        ({"kernel": 7}, (1, 5, 9), "kernel that spans 7 pixels and an input of height 5"),
        ({"kernel": 3, "dilation": 4, "padding": 1}, (1, 9, 6), "width 6 (8 with its padding)"),
        ({"groups": 2, "channels": 4}, (3, 5, 5), "groups = 2, which does not divide its 3 input channels"),
        ({"groups": 2, "channels": 5}, (4, 5, 5), "does not divide its 5 output channels"),
        ({}, (16,), "takes images (channels, height, width) and gets shape (16,)"),
    ],
)
def test_geometry_that_does_not_fit_is_refused_with_node_and_shapes(settings, shape, words):
    spec = NodeSpec("second", Layer.parse({"type": "conv2d", **settings}))
    with pytest.raises(BadInput) as caught:
        connect([spec], shape)
    assert words in str(caught.value)
    assert "layers.second (conv2d)" in str(caught.value)
    assert "\n" not in str(caught.value)


def network(conv, shape, fused, before, norm):
    layers = [("c", {"type": "conv2d", **conv}), ("r", "relu"), ("p", "max_pool2d"), ("f", "flatten")]
    if norm:
        layers.insert(1, ("n", "batch_norm"))
    if before:
        layers.insert(0, ("b", {"type": "conv2d", "channels": 3, "kernel": 1}))
    specs = [NodeSpec(name, Layer.parse(table)) for name, table in [*layers, ("d", {"type": "dense", "units": 4})]]
    made = Network(specs, shape, Loss.parse("cross_entropy"), 4, 0, np.float64)
    if not fused:
        made._chains = lambda *_: {}
    return made


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("batch", [2, 7, 300])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    ("conv", "shape"),
    [
        ({"channels": 5, "padding": 1}, (2, 8, 8)),
        ({"channels": 6, "padding": 1, "groups": 2}, (2, 9, 7)),
        ({"channels": 5}, (3, 9, 12)),
        ({"channels": 3, "padding": 2, "bias": False}, (2, 7, 6)),
        ({"channels": 4, "kernel": 5}, (1, 12, 11)),
        ({"channels": 3, "kernel": 5, "padding": 2}, (2, 7, 10)),
        ({"channels": 4, "dilation": 2, "padding": 2}, (2, 9, 9)),
        ({"channels": 4, "stride": 2, "padding": 1}, (2, 12, 12)),
        ({"channels": 4, "kernel": 2, "bias": False}, (2, 7, 7)),
    ],
)
def test_fused_layers_give_what_they_give_one_by_one(conv, shape, before, norm, batch):
    if before and "groups" in conv:
        conv = {**conv, "groups": 3}
    random = np.random.default_rng(batch)
    x, labels = random.standard_normal((batch, int(np.prod(shape)))), random.integers(0, 4, batch)
    passes = []
    for fused in (True, False):
        made = network(conv, shape, fused, before, norm)
        at = made.run(batch, training=True)
        for _ in range(2):
            at.inputs[...] = x
            at.targets[...] = np.eye(4)[labels].T
            at.forward.run()
            at.backward.run()
        passes.append((made.grads.copy(), at))
        if not norm:
            inference = made.run(batch, training=False)
            inference.inputs[...] = x
            inference.forward.run()
            np.testing.assert_allclose(inference.y, at.y, atol=1e-12)
        at.complete()
    (grads, at), (wanted, one_by_one) = passes
    assert at.later.calls
    assert not one_by_one.later.calls
    np.testing.assert_allclose(grads, wanted, atol=1e-12)
    for name in at.outputs:
        np.testing.assert_allclose(at.outputs[name], one_by_one.outputs[name], atol=1e-12)
        np.testing.assert_allclose(at.gradients[name], one_by_one.gradients[name], atol=1e-12)
