"""The Playground sets against their source: formulas by hand, and shares measured on its own code (400,000 points)."""

import math

import numpy as np
import pytest

from engine.data import DataSet, prepare

NAMES = ["circle", "xor", "gauss", "spiral", "reg_plane", "reg_gauss"]


def made(name, samples, noise=0.0, seed=0, **settings):
    table = DataSet.parse({"name": name, "samples": samples, "noise": noise, **settings}).load(seed)
    return table.x.astype(np.float64), table.y


@pytest.mark.parametrize(
    ("noise", "flipped", "positive"),
    [(0, 0, 0.5), (10, 0.026, None), (20, 0.058, None), (30, 0.105, None), (40, 0.170, None), (50, 0.247, 0.353)],
)
def test_circle_flips_labels_as_often_as_the_playground(noise, flipped, positive):
    x, y = made("circle", 200_000, noise)
    radius = np.sqrt(x[:, 0] ** 2 + x[:, 1] ** 2)
    assert not ((radius > 2.5001) & (radius < 3.4999)).any()
    assert radius.max() <= 5.0001
    assert np.mean(y != (radius < 2.6)) == pytest.approx(flipped, abs=0.004 if noise else 0)
    if positive is not None:
        assert np.mean(y == 1) == pytest.approx(positive, abs=0.004)


@pytest.mark.parametrize(
    ("noise", "flipped"), [(0, 0), (10, 0.008), (20, 0.048), (30, 0.090), (40, 0.134), (50, 0.176)]
)
def test_xor_flips_labels_as_often_as_the_playground(noise, flipped):
    x, y = made("xor", 200_000, noise)
    assert np.abs(x).min() >= 0.2999
    assert 5.29 < np.abs(x).max() <= 5.3001
    assert np.mean(y != (x[:, 0] * x[:, 1] > 0)) == pytest.approx(flipped, abs=0.003 if noise else 0)


@pytest.mark.parametrize(
    ("noise", "bayes", "off_screen"),
    [
        (0, 0.00003, 0),
        (10, 0.0049, 0.0002),
        (20, 0.020, 0.004),
        (30, 0.040, 0.013),
        (40, 0.060, 0.028),
        (50, 0.079, 0.045),
    ],
)
def test_gauss_overlaps_as_much_as_the_playground(noise, bayes, off_screen):
    x, y = made("gauss", 200_000, noise)
    assert np.mean(y != (x.sum(axis=1) > 0)) == pytest.approx(bayes, abs=0.002)
    assert np.mean((np.abs(x) > 6).any(axis=1)) == pytest.approx(off_screen, abs=0.0025)
    assert np.mean(y) == 0.5


def test_the_noise_free_spiral_is_the_formula():
    expected = set()
    for label, delta in ((1, 0.0), (0, math.pi)):
        for i in range(10):
            r, t = i / 10 * 5, 1.75 * i / 10 * 2 * math.pi + delta
            expected.add((label, round(r * math.sin(t), 4) + 0.0, round(r * math.cos(t), 4) + 0.0))
    x, y = made("spiral", 20)
    found = {(int(label), round(a, 4) + 0.0, round(b, 4) + 0.0) for (a, b), label in zip(x.tolist(), y, strict=True)}
    assert found == expected


def test_spiral_noise_moves_points_within_a_square():
    calm, label = made("spiral", 4000)
    shaken, same_label = made("spiral", 4000, 50)
    moved = np.abs(shaken - calm)
    assert np.array_equal(label, same_label)
    assert 0.49 < moved.max() <= 0.5001
    assert moved.mean() == pytest.approx(0.25, abs=0.01)


def test_spiral_with_five_arms_is_one_arm_turned():
    x, y = made("spiral", 500, arms=5)
    assert np.bincount(y).tolist() == [100] * 5
    arms = [x[y == label][np.hypot(*x[y == label].T).argsort()] for label in range(5)]
    for label in range(4):
        turn = np.arctan2(arms[label][1:, 0], arms[label][1:, 1]) - np.arctan2(
            arms[label + 1][1:, 0], arms[label + 1][1:, 1]
        )
        assert np.allclose(turn % (2 * math.pi), 2 * math.pi / 5, atol=1e-4)


def test_spiral_takes_sizes_that_its_arms_do_not_divide():
    x, y = made("spiral", 11, arms=3)
    assert len(x) == 11
    assert sorted(np.bincount(y).tolist()) == [3, 4, 4]


def test_reg_plane_is_the_plane_and_its_constant_loss_the_playgrounds():
    x, y = made("reg_plane", 200_000)
    assert np.allclose(y[:, 0], (x[:, 0] + x[:, 1]) / 10, atol=1e-6)
    assert np.mean(0.5 * y.astype(np.float64) ** 2) == pytest.approx(0.120, abs=0.002)


def test_reg_gauss_has_hills_hollows_and_the_playgrounds_constant_loss():
    x, y = made("reg_gauss", 200_000)
    assert np.mean(0.5 * y.astype(np.float64) ** 2) == pytest.approx(0.0435, abs=0.001)
    assert np.mean(y == 0) == pytest.approx(0.477, abs=0.005)
    centers = [(-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)]
    for (a, b), target in zip(x[:300].tolist(), y[:300, 0].tolist(), strict=True):
        best = 0.0
        for p, q, sign in centers:
            height = sign * min(1, max(0, 1 - math.hypot(a - p, b - q) / 2))
            best = height if abs(height) > abs(best) else best
        assert target == pytest.approx(best, abs=1e-5)


def test_regression_noise_moves_where_the_target_is_taken():
    x, y = made("reg_plane", 100_000, 50)
    moved = y[:, 0] * 10 - x.sum(axis=1)
    assert 5.5 < np.abs(moved).max() <= 6.001
    assert moved.std() == pytest.approx(math.sqrt(2) * 3 / math.sqrt(3), rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_repeats_and_another_does_not(name):
    first, again, other = (made(name, 300, 10, seed) for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_the_playgrounds(name):
    splits = prepare(DataSet.parse(name), 0)
    half = 600 if name.startswith("reg") else 250
    assert (len(splits.train), len(splits.validation), splits.test) == (half, half, None)
    assert splits.classes == (() if name.startswith("reg") else ("-1", "+1"))
    assert splits.feature_names == ("x1", "x2")


@pytest.mark.parametrize("name", ["circle", "gauss", "spiral"])
def test_points_are_shuffled(name):
    _, y = made(name, 200)
    assert 60 < np.count_nonzero(np.diff(y)) < 140
