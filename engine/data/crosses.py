"""Feature crosses: what a network may see of a point (x1, x2), as in TensorFlow Playground."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from engine.data.base import DataSet, FloatArray

Cross = Literal["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin x1", "sin x2"]

CROSSES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1^2": lambda x1, x2: x1 * x1,
    "x2^2": lambda x1, x2: x2 * x2,
    "x1*x2": lambda x1, x2: x1 * x2,
    "sin x1": lambda x1, x2: np.sin(x1),
    "sin x2": lambda x1, x2: np.sin(x2),
}
PLAIN: tuple[Cross, ...] = ("x1", "x2")


def cross(names: tuple[str, ...], x: FloatArray) -> FloatArray:
    """The named crosses of points x (rows, 2) as columns: (rows, len(names)); no names: x as it is."""
    if not names or names == PLAIN:
        return x
    return np.stack([CROSSES[name](x[:, 0], x[:, 1]) for name in names], axis=1)


class PlaneSet(DataSet):
    """Points in the plane: data that can be drawn, with a choice of features for the network."""

    features: Annotated[tuple[Cross, ...], Field(description="what the network sees of a point")] = PLAIN

    @field_validator("features")
    @classmethod
    def _some_and_once(cls, names: tuple[Cross, ...]) -> tuple[Cross, ...]:
        if not names:
            raise ValueError(f"name at least one of {', '.join(CROSSES)}")
        if len(set(names)) < len(names):
            raise ValueError("name every feature once")
        return names
