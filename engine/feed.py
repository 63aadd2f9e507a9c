"""Rows of the training split as batches: shuffled by epoch, arranged feature-major, many batches at a time."""

import numpy as np

from engine.memory import Array
from engine.rng import rng

BLOCK_BYTES = 1 << 20


class Feed:
    """Gives batches as `(features + 1 + target rows, N)`: the inputs, a row of ones, the targets."""

    def __init__(self, x: Array, targets: Array, seed: int, shuffle: bool = True) -> None:
        """x (rows, *shape) and targets (rows, T) of the training split."""
        self.x, self.targets = x.reshape(len(x), -1), targets
        self.seed, self.shuffle = seed, shuffle
        self._epoch = -1
        self._order: Array = np.arange(len(x))
        self._block: Array = np.empty((0, 0, 0), np.float32)

    @property
    def rows(self) -> int:
        """The number of training rows."""
        return len(self.x)

    def order(self, epoch: int) -> Array:
        """The rows' order in an epoch, the same whenever it is asked for."""
        if epoch != self._epoch:
            if self.shuffle:
                self._order = rng(self.seed, "shuffle", epoch).permutation(self.rows)
            self._epoch = epoch
        return self._order

    def batches(self, epoch: int, row: int, size: int, most: int) -> Array:
        """Up to `most` batches (k, features + 1 + T, N) from `row` of the epoch on; all of one size.

        The last rows of an epoch, where they are fewer than `size`, are a batch of their own.
        """
        left = self.rows - row
        size = min(size, left)
        rows = self.x.shape[1] + 1 + self.targets.shape[1]
        fitting = max(1, BLOCK_BYTES // (rows * size * self.x.itemsize))
        count = max(1, min(most, fitting, left // size))
        index = self.order(epoch)[row : row + count * size]
        if self._block.shape[1:] != (rows, size) or len(self._block) < count:
            self._block = np.ones((count, rows, size), self.x.dtype)
        block = self._block[:count]
        features = self.x.shape[1]
        block[:, :features] = self.x.take(index, 0).reshape(count, size, features).transpose(0, 2, 1)
        block[:, features + 1 :] = self.targets.take(index, 0).reshape(count, size, -1).transpose(0, 2, 1)
        return block
