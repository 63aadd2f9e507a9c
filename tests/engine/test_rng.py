"""Streams of random numbers: the same on every machine, and independent of one another."""

import numpy as np

from engine.rng import rng

STREAMS = {
    "shuffle": [0, 3, 6, 4, 5, 7, 1, 2],
    "weights": [-0.354458809268, -0.648488086863, 0.553314586792],
    "dropout": [0.990393910375, 0.744478323252, 0.882659175243],
}


def test_a_stream_is_the_same_whenever_it_is_asked_for():
    for arguments in [(0, "a"), (7, "shuffle", 3), (2**32 - 1, "weights", "dense1.weight"), (1, "dropout", "d", 12)]:
        assert rng(*arguments).random(9).tobytes() == rng(*arguments).random(9).tobytes()


def test_streams_are_the_ones_that_checkpoints_rely_on():
    """Changing these numbers breaks every saved run."""
    assert rng(0, "shuffle", 0).permutation(8).tolist() == STREAMS["shuffle"]
    assert rng(0, "weights", "dense1.weight").standard_normal(3).round(12).tolist() == STREAMS["weights"]
    assert rng(5, "dropout", "dropout1", 41).random(3).round(12).tolist() == STREAMS["dropout"]


def test_no_two_streams_are_alike():
    rests = [(), (0,), (1,), (0, 0), ("0",)]
    keys = [(seed, stream, *rest) for seed in (0, 1, 7) for stream in ("a", "b") for rest in rests]
    keys += [(7, "a", 0, 1), (7, "a", 1, 0), (70, "a"), (0, "ab"), (0, "a", "b")]
    assert len({rng(*key).random(4).tobytes() for key in keys}) == len(keys)


def test_streams_are_not_correlated():
    draws = np.array([rng(0, "shuffle", k).standard_normal(4000) for k in range(12)])
    correlations = np.corrcoef(draws) - np.eye(12)
    assert np.abs(correlations).max() < 5 / np.sqrt(4000)
    assert np.abs(draws.mean(axis=1)).max() < 5 / np.sqrt(4000)


def test_numpy_s_own_pitfall_is_avoided():
    """default_rng([7]) and default_rng([7, 0]) are one stream."""
    assert rng(7, "a").random() != rng(7, "a", 0).random()
