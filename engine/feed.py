"""Rows of the training split as batches: shuffled by epoch, many batches at a time."""

import numpy as np

from engine.augment import Augmentation, Augmented, Preview
from engine.errors import BadInput
from engine.memory import Array
from engine.rng import rng

BLOCK_BYTES = 1 << 20


class Feed:
    """Gives batches: inputs (N, features), a sample a row, and targets (T, N)."""

    def __init__(
        self, x: Array, targets: Array, seed: int, shuffle: bool = True, augmentation: Augmentation | None = None
    ) -> None:
        """x (rows, *shape) and targets (rows, T) of the training split; with `augmentation`, changed anew each epoch.

        Raises BadInput where what is to be augmented is no image.
        """
        self.x, self.targets = x.reshape(len(x), -1), targets
        self._augmented: Augmented | None = None
        if augmentation is not None and augmentation.active:
            if x.ndim != 4:
                raise BadInput(f"augmentation changes images, and the data has shape {x.shape[1:]}; leave it out")
            self._augmented = Augmented(augmentation, seed, lambda index: (x[index], targets[index]))
        self.seed, self.shuffle = seed, shuffle
        self._epoch = -1
        self._order: Array = np.arange(len(x))
        self._gathered: Array = self.x[:0]

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

    def preview(self, epoch: int, count: int) -> Preview | None:
        """The first `count` samples of an epoch, 256 at most, before and after augmentation; None where there is none.

        It is drawn from the streams that training draws from, so it is what the batches hold.
        """
        if self._augmented is None:
            return None
        return self._augmented.preview(epoch, self.order(epoch), count)

    def batches(self, epoch: int, row: int, size: int, most: int) -> tuple[Array, Array]:
        """Up to `most` batches from `row` of the epoch on, all of one size: inputs (k, N, features), targets (k, T, N).

        The last rows of an epoch, where they are fewer than `size`, are a batch of their own.
        """
        left = self.rows - row
        size = min(size, left)
        bytes_a_batch = (self.x.shape[1] + self.targets.shape[1]) * size * self.x.itemsize
        count = max(1, min(most, BLOCK_BYTES // bytes_a_batch, left // size))
        if self._augmented is not None:
            inputs, targets = self._augmented.rows(epoch, self.order(epoch), row, row + count * size)
            targets = targets.reshape(count, size, -1).transpose(0, 2, 1)
            return inputs.reshape(count, size, -1), targets
        index = self.order(epoch)[row : row + count * size]
        if len(self._gathered) < len(index):
            self._gathered = np.empty((len(index), self.x.shape[1]), self.x.dtype)
        inputs = self._gathered[: len(index)]
        self.x.take(index, 0, inputs, "clip")
        targets = self.targets.take(index, 0).reshape(count, size, -1)
        return inputs.reshape(count, size, -1), targets.transpose(0, 2, 1)
