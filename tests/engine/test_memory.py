"""Flat vectors and the views into them."""

from pathlib import Path

import numpy as np
import pytest

from engine import Layer, Loss, Network, NodeSpec
from engine.memory import Layout, zeros


def layout():
    made = Layout()
    made.add("a", "weight", (3, 2), transposed=True)
    made.add("a", "bias", (3,))
    made.add("b", "weight", (2, 3, 2, 2))
    return made


def test_slots_fill_the_vector_without_holes_or_overlaps():
    made, vector = layout(), np.full(33, np.nan)
    assert made.size == 6 + 3 + 24
    for number, slot in enumerate(made):
        view = slot.view(vector)
        assert view.shape == slot.shape
        assert np.isnan(view).all()
        view[...] = number
    assert vector.tolist() == [0] * 6 + [1] * 3 + [2] * 24
    assert list(made.slots) == ["a.weight", "a.bias", "b.weight"]


def test_a_transposed_slot_reads_as_out_in_and_lies_as_in_out():
    made, vector = layout(), np.arange(33.0)
    slot = made.slots["a.weight"]
    assert slot.view(vector).tolist() == [[0, 3], [1, 4], [2, 5]]
    slot.view(vector)[2, 0] = -1
    assert vector[2] == -1


def test_a_block_is_all_that_a_node_owns_as_one_view():
    made, vector = layout(), np.arange(33.0)
    block = made.block("a", vector)
    assert block.tolist() == list(range(9))
    assert np.shares_memory(block, vector)
    assert made.block("nobody", vector).size == 0
    assert [slot.name for slot in made.of("b")] == ["b.weight"]
    assert {name: view.tolist() for name, view in made.views("a", vector).items()} == {
        "weight": [[0, 3], [1, 4], [2, 5]], "bias": [6, 7, 8],
    }  # fmt: skip


def network(hidden=5, extra=()):
    nodes = [
        *(NodeSpec(name, Layer.parse({"type": "dense", "units": 4})) for name in extra),
        NodeSpec("dense1", Layer.parse({"type": "dense", "units": hidden})),
        NodeSpec("norm", Layer.parse("batch_norm")),
        NodeSpec("dense2", Layer.parse({"type": "dense", "units": 3, "bias": False})),
    ]
    return Network(nodes, (4,), Loss.parse("mse"), 3, seed=5)


@pytest.mark.parametrize("rows", [1, 6])
def test_a_network_computes_with_what_stands_in_its_vectors(rows):
    made = network()
    draw = np.random.default_rng(0)
    made.values[...] = draw.normal(size=made.values.size)
    made.buffers[...] = draw.uniform(0.5, 2, made.buffers.size)
    w = {slot.name: slot.view(made.values) for slot in made.parameters}
    kept = {slot.name: slot.view(made.buffers) for slot in made.statistics}
    x = draw.normal(size=(rows, 4)).astype(np.float32)
    h = x @ w["dense1.weight"].T + w["dense1.bias"]
    h = (h - kept["norm.running_mean"]) / np.sqrt(kept["norm.running_var"] + 1e-5) * w["norm.weight"] + w["norm.bias"]
    np.testing.assert_allclose(made.predict(x), h @ w["dense2.weight"].T, rtol=1e-4, atol=1e-5)


def test_a_node_s_first_weights_do_not_depend_on_the_other_nodes():
    small, large = network(), network(extra=("before", "another"))
    for name in ("dense1.weight", "dense2.weight"):
        first, second = (made.parameters.slots[name].view(made.values) for made in (small, large))
        assert first.any()
        assert (first == second).all()
    weights = (large.parameters.slots[f"{name}.weight"].view(large.values) for name in ("before", "another"))
    assert (next(weights) != next(weights)).any()


def test_weights_can_be_drawn_again():
    made = network()
    first = made.values.copy()
    made.values[...] = 0
    made.initialize()
    assert made.values.any()
    assert made.values.tobytes() == first.tobytes() == network().values.tobytes()


def test_large_zeros_take_up_memory_where_they_are_written_to():
    resident = Path("/proc/self/statm")
    if not resident.exists():
        pytest.skip("there is no record of resident memory here")
    before = int(resident.read_text().split()[1])
    made = zeros((16, 1 << 20), np.float32)
    assert int(resident.read_text().split()[1]) - before < 1024  # pages of 64 MiB, 16,384 in all
    made[3] = 1
    assert made.sum() == 1 << 20
    assert made.dtype == np.float32
    assert (zeros(3, np.int64).tolist(), zeros((), float).shape) == ([0, 0, 0], ())
