"""Receptive fields against brute force: which pixels, when changed, change a unit; counts against ResNet-18's."""

import numpy as np
import pytest

from engine import Layer, Loss, Network, NodeSpec, connect, parse_experiment
from engine.geometry import box, describe


def nodes(*tables):
    return [NodeSpec(f"n{number}", Layer.parse(table)) for number, table in enumerate(tables)]


def conv(**settings):
    return {"type": "conv2d", "channels": 2, "init": "he_normal", **settings}


NETWORKS = [
    nodes(conv()),
    nodes(conv(padding=1), conv(padding=1), "avg_pool2d", conv(padding=1)),
    nodes(conv(kernel=5, stride=2, padding=2), conv(dilation=2, padding=1)),
    nodes(conv(stride=2), {"type": "avg_pool2d", "kernel": 3, "stride": 1, "padding": 1}),
    nodes(conv(padding=1), {"type": "max_pool2d", "kernel": 1, "stride": 2}, conv(padding=1)),
    [*nodes(conv(padding=1), conv(padding=1)), NodeSpec("sum", Layer.parse("add"), ("n0", "n1"))],
]


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_a_units_field_holds_the_pixels_that_change_it_and_no_others(number):
    specs, shape = NETWORKS[number], (1, 13, 12)
    ending = [NodeSpec("flat", Layer.parse("flatten")), NodeSpec("out", Layer.parse({"type": "dense", "units": 2}))]
    made = Network([*specs, *ending], shape, Loss.parse("mse"), 2, 0, np.float64)
    facts = {fact.node: fact for fact in describe(made.nodes)}[specs[-1].name]
    at = made.run(1 + 13 * 12, training=False)
    at.inputs[...] = np.random.default_rng(0).standard_normal(13 * 12)
    at.inputs[1:] += 0.5 * np.eye(13 * 12)
    at.forward.run()
    y = at.outputs[specs[-1].name]
    changed = (np.abs(y[..., 1:] - y[..., :1]) > 1e-9).any(axis=0)
    for row, column in np.ndindex(changed.shape[:2]):
        seen = changed[row, column].reshape(13, 12)
        part = box(facts, row, column, shape)
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        assert part.top <= rows[0] <= rows[-1] < part.bottom
        assert part.left <= columns[0] <= columns[-1] < part.right
        size = facts.field.size
        uncut = part.bottom - part.top == part.right - part.left == size
        if uncut and all(
            spec.layer.name != "max_pool2d" and not getattr(spec.layer, "dilation", 1) > 1 for spec in specs
        ):
            assert (rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]) == (size, size)


def test_dense_and_global_pooling_see_everything():
    made = connect([*nodes(conv(), "global_avg_pool"), NodeSpec("d", Layer.parse("dense"))], (1, 9, 9))
    facts = describe(made)
    assert [fact.field.whole for fact in facts] == [False, True, True]
    part = box(facts[2], 0, 0, (1, 9, 9))
    assert (part.top, part.bottom, part.left, part.right) == (0, 9, 0, 9)


def test_upsampled_units_see_what_their_pixel_saw():
    facts = describe(connect(nodes(conv(padding=1, stride=2), {"type": "upsample", "factor": 2}), (1, 8, 8)))[1]
    for row in range(8):
        part = box(facts, row, row, (1, 8, 8))
        assert part.top <= max(0, row // 2 * 2 - 1)
        assert part.bottom >= row // 2 * 2 + 2


def test_parameters_and_multiply_adds_of_a_known_layer():
    fact = describe(connect(nodes({"type": "conv2d", "channels": 8, "groups": 2, "padding": 1}), (4, 10, 6)))[0]
    assert fact.parameters == 8 * 2 * 9 + 8
    assert fact.multiply_adds == 8 * 2 * 9 * 60


def test_resnet18_has_torchvisions_names_and_counts():
    experiment = parse_experiment({"model": "resnet18"})
    made = connect(experiment.nodes((3, 224, 224), 1000), (3, 224, 224))
    parameters = {f"{node.name}.{spec.name}": spec.shape for node in made for spec in node.parameters}
    buffers = [f"{node.name}.{name}" for node in made for name in node.layer.statistics(*node.shapes)]
    assert sum(int(np.prod(shape)) for shape in parameters.values()) == 11_689_512
    norms = [name for name in buffers if name.endswith("running_mean")]
    assert len(parameters) + len(buffers) + len(norms) == 122  # one num_batches_tracked for each batch norm
    assert parameters["conv1.weight"] == (64, 3, 7, 7)
    assert parameters["fc.weight"] == (1000, 512)
    assert parameters["layer2.0.downsample.0.weight"] == (128, 64, 1, 1)
    wanted = {"conv1.weight", "bn1.weight", "bn1.bias", "fc.weight", "fc.bias"}
    for stage in range(1, 5):
        for block in range(2):
            for unit in (1, 2):
                at = f"layer{stage}.{block}"
                wanted |= {f"{at}.conv{unit}.weight", f"{at}.bn{unit}.weight", f"{at}.bn{unit}.bias"}
        if stage > 1:
            wanted |= {f"layer{stage}.0.downsample.{name}" for name in ("0.weight", "1.weight", "1.bias")}
    assert set(parameters) == wanted
    facts = describe(made)
    assert abs(sum(fact.multiply_adds for fact in facts) / 1.814e9 - 1) < 0.001
    assert {fact.node: fact.field.size for fact in facts}["layer4.1.bn2"] == 435
