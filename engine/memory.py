"""Flat memory: every parameter is a view into one vector, and so is every gradient and every running statistic.

Optimizers, clipping, penalties, checkpoints and the instruments then work on whole vectors, and a copy of a network's
state is a copy of a few arrays.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

Array = np.ndarray[Any, np.dtype[Any]]


class Memory(Protocol):
    """Where arrays come from: this process's memory (`zeros`), or memory that is shared with another process."""

    def __call__(self, shape: int | tuple[int, ...], dtype: DTypeLike, /) -> Array:
        """Zeros of `shape`."""


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros of `shape`. Large ones have pages of their own: what is never written to takes up no memory."""
    kind = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if count * kind.itemsize < LARGE or not hasattr(mmap, "MAP_PRIVATE"):
        return np.zeros(shape, kind)
    pages = mmap.mmap(-1, count * kind.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, kind, count).reshape(shape)


LARGE = 1 << 18  # bytes


@dataclass(frozen=True)
class Slot:
    """A named part of a flat vector.

    `shape` is the shape at the interface, as in PyTorch. A dense weight `(out, in)` is stored transposed, so that the
    bias, which follows it in memory, is one more row of the same matrix.
    """

    name: str
    node: str
    offset: int
    shape: tuple[int, ...]
    transposed: bool = False

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def is_weight(self) -> bool:
        """Whether it has two axes or more: what penalties shrink, unlike biases and normalization."""
        return len(self.shape) > 1

    @property
    def flat(self) -> slice:
        """Where the slot lies in the flat vector."""
        return slice(self.offset, self.offset + self.size)

    def view(self, vector: Array) -> Array:
        """The slot's view of `vector`, in the shape of the interface."""
        if self.transposed:
            return vector[self.flat].reshape(self.shape[::-1]).T
        return vector[self.flat].reshape(self.shape)


class Layout:
    """The slots of a flat vector, by name, in the order of memory."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}
        self.size = 0

    def add(self, node: str, name: str, shape: tuple[int, ...], transposed: bool = False) -> Slot:
        """Appends a slot named `node.name`."""
        slot = Slot(f"{node}.{name}", node, self.size, shape, transposed)
        self.slots[slot.name] = slot
        self.size += slot.size
        return slot

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots.values())

    def of(self, node: str) -> tuple[Slot, ...]:
        """The slots of one node, which lie side by side."""
        return tuple(slot for slot in self if slot.node == node)

    def views(self, node: str, vector: Array) -> dict[str, Array]:
        """The views of one node's slots, by the slot's own name, such as "weight"."""
        return {slot.name.removeprefix(f"{node}."): slot.view(vector) for slot in self.of(node)}

    def block(self, node: str, vector: Array) -> Array:
        """All that a node owns in `vector`, as one contiguous piece."""
        slots = self.of(node)
        return vector[slots[0].offset : slots[-1].flat.stop] if slots else vector[:0]
