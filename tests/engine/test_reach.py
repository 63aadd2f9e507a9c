"""Receptive fields of single units against brute force: which inputs, when changed, change them."""

import numpy as np
import pytest

from engine import Layer, Loss, Network, NodeSpec, connect
from engine.geometry import describe
from engine.reach import Box, reach

SHAPE = (2, 11, 10)


def spec(name, table, *inputs):
    return NodeSpec(name, Layer.parse(table), inputs)


def nodes(*tables):
    return [spec(f"n{number}", table) for number, table in enumerate(tables)]


def conv(channels=2, **settings):
    return {"type": "conv2d", "channels": channels, "init": "he_normal", **settings}


def pool(kind, **settings):
    return {"type": f"{kind}_pool2d", **settings}


NETWORKS = {
    "one": nodes(conv()),
    "padding": nodes(conv(padding=1), conv(padding=1), pool("avg"), conv(padding=1)),
    "wide padding": nodes(conv(kernel=3, padding=3), conv(kernel=1, padding=1)),
    "stride": nodes(conv(kernel=5, stride=2, padding=2), conv(kernel=2, stride=2, padding=1)),
    "holes": nodes(conv(kernel=2, stride=3), conv(padding=1)),
    "dilation": nodes(conv(kernel=2, dilation=3, padding=1), conv(dilation=2, padding=2)),
    "pools": nodes(conv(stride=2, padding=1), pool("avg", kernel=3, stride=1, padding=1), pool("avg", kernel=2)),
    "largest": nodes(pool("max", kernel=3, stride=2, padding=1)),
    "groups": nodes(conv(4, groups=2, padding=1), conv(4, groups=4, kernel=1)),
    "upsample": nodes(pool("avg"), {"type": "upsample", "factor": 3}, conv(padding=1)),
    "upsample first": nodes({"type": "upsample", "factor": 2}, conv(padding=1, stride=3)),
    "norms": nodes(conv(padding=1), "batch_norm", "tanh", {"type": "dropout2d", "rate": 0.3}, conv()),
    "residual": [*nodes(conv(padding=1), "tanh", conv(padding=1)), spec("sum", "add", "n0", "n2")],
    "projection": [
        *nodes(conv(stride=2, padding=1), conv(padding=1)),
        spec("short", conv(kernel=1, stride=2), "input"),
        spec("sum", "add", "n1", "short"),
    ],
    "concat": [
        spec("a", conv(3, kernel=1), "input"),
        spec("b", conv(2, kernel=5, padding=2), "input"),
        spec("both", "concat", "a", "b"),
        spec("c", conv(5, groups=5, kernel=1)),
    ],
    "more channels": nodes(conv(), {"type": "pad_channels", "channels": 4}),
    "flat": nodes(conv(3, padding=1), "flatten", "tanh"),
    "dense": nodes(conv(stride=2, kernel=2), "flatten", {"type": "dense", "units": 3}, "layer_norm"),
    "mean": nodes(conv(3), "global_avg_pool"),
}


def changed(network, node):
    """(*shape of the node, *shape of the input): whether a change of an input changes a unit, at several points."""
    size = int(np.prod(SHAPE))
    at = network.run(1 + size, training=False)
    found = False
    for seed in range(4):
        x = np.random.default_rng(seed).standard_normal(size)
        at.inputs[...] = x
        at.inputs[1:] += np.diag(np.full(size, 9.0))  # enough to be the largest of any window
        at.forward.run()
        y = at.outputs[node]
        found |= np.abs(y[..., 1:] - y[..., :1]) > 1e-10
    return found.reshape(*y.shape[:-1], *SHAPE)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_mask_holds_what_changes_a_unit_and_nothing_else(name):
    specs = NETWORKS[name]
    ending = [spec("flat", "flatten"), spec("out", {"type": "dense", "units": 2})]
    made = Network([*specs, *ending], SHAPE, Loss.parse("mse"), 2, 0, np.float64)
    for one in specs:
        seen = changed(made, one.name)
        for place in np.ndindex(seen.shape[: seen.ndim - 3]):
            found = reach(made.nodes, SHAPE, one.name, place)
            assert (found.mask == seen[place]).all(), (one.name, place)
            rows, columns = (np.flatnonzero(seen[place].any(axis)) for axis in ((0, 2), (0, 1)))
            if len(rows):
                assert found.box == Box(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
            else:
                assert found.box is None


def test_the_window_tells_what_lies_in_the_padding():
    def at(specs, *place):
        made = connect(specs, SHAPE)
        found = reach(made, SHAPE, made[-1].name, place)
        return found.window, found.padding

    assert at(nodes(conv(padding=1)), 0, 4, 4) == (Box(3, 6, 3, 6), (0, 0))
    assert at(nodes(conv(padding=1)), 1, 0, 9) == (Box(-1, 2, 8, 11), (1, 1))
    assert at(nodes(conv(kernel=5, dilation=2, padding=4), conv(padding=1)), 0, 5, 0) == (Box(0, 11, -5, 6), (0, 5))
    deep = [*nodes(conv(padding=1), conv(padding=1)), spec("short", "add", "n0", "n1")]
    assert at(deep, 0, 10, 2) == (Box(8, 13, 0, 5), (2, 0))
    larger = nodes(pool("avg"), {"type": "upsample", "factor": 2}, conv(padding=1))
    assert at(larger, 0, 1, 2) == (Box(0, 4, 0, 4), (0, 0))
    assert at(nodes(conv(padding=1), "flatten"), 9) == (Box(-1, 2, 8, 11), (1, 1))
    assert at(nodes(conv(padding=1), "global_avg_pool"), 1) == (Box(-1, 12, -1, 11), (2, 2))
    assert at(nodes(conv(padding=1), "flatten", "dense"), 1) == (Box(-1, 12, -1, 11), (2, 2))
    assert at(nodes("flatten", "dense"), 1) == (Box(0, 11, 0, 10), (0, 0))


def test_vectors_have_a_mask_alone():
    made = connect(nodes({"type": "dense", "units": 3}, "batch_norm"), (4,))
    found = reach(made, (4,), "n1", (2,))
    assert found.mask.tolist() == [True] * 4
    assert (found.box, found.window, found.padding) == (None, None, (0, 0))
    assert reach(made, (4,), "input", (2,)).mask.tolist() == [False, False, True, False]
    with pytest.raises(KeyError):
        reach(made, (4,), "nobody", (0,))
    with pytest.raises(IndexError):
        reach(made, (4,), "n0", (3,))


@pytest.mark.parametrize("name", sorted(Layer.registry))
def test_every_layer_reads_no_more_than_reach_and_geometry_say(name):
    """A layer that reads more than its own place has to be known to both."""
    before = [spec("n0", conv(padding=1)), spec("n1", "flatten")][: 2 if name in ("dense", "layer_norm") else 1]
    two = ("n0", "input") if Layer.registry[name].inputs == 2 else ()
    specs = [*before, NodeSpec("last", Layer.parse(name), two)]
    made, network = connect(specs, SHAPE), Network(specs, SHAPE, Loss.parse("mse"), 1, 0, np.float64)
    seen, facts = changed(network, "last"), describe(made)[-1]
    places = list(np.ndindex(made[-1].shape))
    for place in (places[index] for index in np.random.default_rng(0).integers(0, len(places), 30)):
        found = reach(made, SHAPE, "last", place)
        assert not (seen[place] & ~found.mask).any(), place
        assert facts.field.whole or found.window is None or max(found.window.size) <= facts.field.size
