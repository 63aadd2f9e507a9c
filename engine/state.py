"""The state of training as one value: what changes from step to step, and nothing else.

A copy of it is a keyframe; going back, branching, the LR range test, saving and exact resume are all that one copy.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.memory import Array
from engine.monitors import PlateauState, StoppingState


@dataclass(frozen=True, eq=False)
class Best:
    """The weights of the best epoch so far."""

    epoch: int
    step: int
    value: float
    values: Array
    buffers: Array


@dataclass(eq=False)
class State:
    """Parameters, running statistics and optimizer slots, the place in the data, and the monitors.

    `step` counts updates; `epoch` counts finished epochs; `row` is how many rows of the present epoch were used.
    """

    values: Array
    buffers: Array
    slots: dict[str, Array]
    step: int = 0
    epoch: int = 0
    row: int = 0
    plateau: PlateauState = field(default_factory=PlateauState)
    stopping: StoppingState = field(default_factory=StoppingState)
    stopped: bool = False
    best: Best | None = None

    def copy(self) -> "State":
        """An independent copy; `best` is shared, since it is never written to."""
        slots = {name: slot.copy() for name, slot in self.slots.items()}
        return replace(self, values=self.values.copy(), buffers=self.buffers.copy(), slots=slots)

    def restore(self, other: "State") -> None:
        """Takes over another state in place, so that every view of the vectors stays valid.

        Slots that the other lacks are dropped; those that it has must be there.
        """
        self.values[...] = other.values
        self.buffers[...] = other.buffers
        for name in [name for name in self.slots if name not in other.slots]:
            del self.slots[name]
        for name, slot in other.slots.items():
            self.slots[name][...] = slot
        for name in ("step", "epoch", "row", "plateau", "stopping", "stopped", "best"):
            setattr(self, name, getattr(other, name))

    def same(self, other: "State") -> bool:
        """Whether two states are equal to the last bit."""
        return bool(_bits(self) == _bits(other))

    @property
    def nbytes(self) -> int:
        """The memory of the vectors, in bytes."""
        return self.values.nbytes + self.buffers.nbytes + sum(slot.nbytes for slot in self.slots.values())


def _bits(value: Any) -> Any:
    """A value with bytes in place of arrays, so that comparing it compares every bit."""
    if isinstance(value, (State, Best)):
        value = vars(value)
    if isinstance(value, dict):
        return {name: _bits(item) for name, item in value.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else value
