"""Gates, moons, blobs and the sine against their definitions."""

import numpy as np
import pytest

from engine.data import DataSet


@pytest.mark.parametrize(
    ("gate", "rows"),
    [
        ("and", {(0, 0): 0, (0, 1): 0, (1, 0): 0, (1, 1): 1}),
        ("or", {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 1}),
        ("nand", {(0, 0): 1, (0, 1): 1, (1, 0): 1, (1, 1): 0}),
        ("nor", {(0, 0): 1, (0, 1): 0, (1, 0): 0, (1, 1): 0}),
        ("xor", {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}),
    ],
)
def test_gates_are_their_truth_tables(gate, rows):
    table = DataSet.parse({"name": "gate", "gate": gate, "repeats": 3}).load(0)
    assert len(table.x) == 12
    assert {tuple(map(int, x)): int(y) for x, y in zip(table.x, table.y, strict=True)} == rows


def test_gate_noise_moves_the_inputs_and_not_the_labels():
    table = DataSet.parse({"name": "gate", "gate": "and", "repeats": 500, "noise": 0.2}).load(0)
    corners = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (500, 1))
    assert (table.x - corners).std() == pytest.approx(0.2, rel=0.1)
    assert np.array_equal(table.y, corners.all(axis=1))


def test_moons_lie_on_two_half_circles():
    table = DataSet.parse({"name": "moons", "samples": 101, "noise": 0}).load(0)
    assert np.bincount(table.y).tolist() == [51, 50]
    upper, lower = table.x[table.y == 0], table.x[table.y == 1]
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6)
    assert upper[:, 1].min() >= -1e-6
    assert np.allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
    assert lower[:, 1].max() <= 0.5 + 1e-6


def test_blobs_are_as_many_as_asked_and_apart():
    table = DataSet.parse({"name": "blobs", "samples": 4000, "classes": 4, "spread": 0.5}).load(0)
    assert np.bincount(table.y).tolist() == [1000] * 4
    centers = np.array([table.x[table.y == label].mean(axis=0) for label in range(4)])
    assert np.allclose(np.hypot(*centers.T), 4, atol=0.1)
    for label in range(4):
        assert table.x[table.y == label].std(axis=0) == pytest.approx(0.5, rel=0.1)
    apart = [np.hypot(*(a - b)) for i, a in enumerate(centers) for b in centers[:i]]
    assert min(apart) == pytest.approx(4 * np.sqrt(2), abs=0.15)


def test_sine_without_noise_is_a_sine_and_noise_is_its_deviation():
    calm = DataSet.parse({"name": "sine", "noise": 0}).load(0)
    assert np.allclose(calm.y, np.sin(calm.x), atol=1e-6)
    assert np.abs(calm.x).max() <= np.pi
    rough = DataSet.parse({"name": "sine", "noise": 0.3, "samples": 5000}).load(0)
    assert (rough.y - np.sin(rough.x)).std() == pytest.approx(0.3, rel=0.05)
    assert (calm.classes, calm.target_names) == ((), ("y",))


@pytest.mark.parametrize("name", ["moons", "blobs", "gate", "sine"])
def test_a_seed_repeats_and_another_does_not(name):
    dataset = DataSet.parse({"name": name, "noise": 0.1} if name != "blobs" else name)
    first, again, other = (dataset.load(seed).x for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
