"""Randomness without state: a generator is a pure function of the seed, a named stream and its counters.

Every random number of a run comes from here, so a checkpoint stores a seed and a step and nothing else, and the
numbers of one stream (say, one layer's weights) do not move when another stream is used more or less.
"""

from zlib import crc32

from numpy.random import Generator, SeedSequence, default_rng


def rng(seed: int, stream: str, *counters: int | str) -> Generator:
    """The generator of a stream, such as rng(0, "shuffle", epoch) or rng(0, "weights", "dense1.weight").

    `SeedSequence.spawn_key` keeps streams apart: `default_rng([7])` and `default_rng([7, 0])` would be the same one.
    """
    key = [crc32(stream.encode())]
    key += [crc32(counter.encode()) if isinstance(counter, str) else counter for counter in counters]
    return default_rng(SeedSequence(seed, spawn_key=key))
