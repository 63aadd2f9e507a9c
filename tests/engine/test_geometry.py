"""Receptive fields of whole layers against those of their units; counts against ResNet-18's."""

import numpy as np
import pytest

from engine import Layer, NodeSpec, connect, parse_experiment
from engine.geometry import describe
from engine.reach import reach


def nodes(*tables):
    return [NodeSpec(f"n{number}", Layer.parse(table)) for number, table in enumerate(tables)]


def conv(**settings):
    return {"type": "conv2d", "channels": 2, "init": "he_normal", **settings}


@pytest.mark.parametrize(
    "specs",
    [
        nodes(conv()),
        nodes(conv(padding=1), conv(padding=1), "avg_pool2d", conv(padding=1)),
        nodes(conv(kernel=5, stride=2, padding=2), conv(dilation=2, padding=1)),
        nodes(conv(stride=2), {"type": "max_pool2d", "kernel": 3, "stride": 1, "padding": 1}),
        nodes(conv(padding=1), {"type": "max_pool2d", "kernel": 1, "stride": 2}, conv(padding=1)),
        [*nodes(conv(padding=1), conv(padding=1)), NodeSpec("sum", Layer.parse("add"), ("n0", "n1"))],
        nodes(conv(padding=1, stride=2), {"type": "upsample", "factor": 2}, conv(padding=1), conv(stride=3)),
        nodes({"type": "upsample", "factor": 3}, conv(stride=2), {"type": "upsample", "factor": 2}, conv(kernel=2)),
        [
            *nodes("avg_pool2d", {"type": "upsample", "factor": 2}, conv(padding=1)),
            NodeSpec("short", Layer.parse(conv(kernel=2, stride=1, padding=1)), ("n1",)),
            NodeSpec("cut", Layer.parse(conv(kernel=2)), ("short",)),
            NodeSpec("sum", Layer.parse("add"), ("n2", "cut")),
        ],
        [
            *nodes(conv(kernel=9, channels=1)),
            NodeSpec("pooled", Layer.parse("avg_pool2d"), ("input",)),
            NodeSpec("sum", Layer.parse("add"), ("n0", "pooled")),
        ],
    ],
)
def test_a_field_is_as_large_as_the_widest_window_of_a_unit(specs):
    shape = (1, 16, 16)
    made = connect(specs, shape)
    for facts in describe(made):
        windows = [reach(made, shape, facts.node, place).window for place in np.ndindex(facts.shape)]
        assert max(window.size for window in windows) == (facts.field.size, facts.field.size)


def test_dense_and_global_pooling_see_everything():
    made = connect([*nodes(conv(), "global_avg_pool"), NodeSpec("d", Layer.parse("dense"))], (1, 9, 9))
    assert [facts.field.whole for facts in describe(made)] == [False, True, True]


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
