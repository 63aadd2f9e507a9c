"""Small made-up data sets: half moons, blobs, the logic gates, a noisy sine."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.data.base import DataSet, Table, ValidationShare
from engine.data.crosses import PlaneSet
from engine.rng import rng

Samples = Annotated[int, Field(ge=2, le=1_000_000, description="number of points")]


class Moons(PlaneSet, name="moons"):
    """Two half moons that reach into each other."""

    samples: Samples = 500
    noise: float = Field(0.1, ge=0, le=10, description="standard deviation of what is added to the coordinates")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Label 0: (cos t, sin t); label 1: (1 - cos t, 1/2 - sin t), t from 0 to pi; then shuffled."""
        draw = rng(seed, "data", self.name)
        upper = self.samples - self.samples // 2
        t = np.concatenate([np.linspace(0, np.pi, upper), np.linspace(0, np.pi, self.samples - upper)])
        label = (np.arange(self.samples) >= upper).astype(np.int64)
        x = np.where(label, [1 - np.cos(t), 0.5 - np.sin(t)], [np.cos(t), np.sin(t)]).T
        x = x + self.noise * draw.standard_normal(x.shape)
        return _plane(x, label, ("upper", "lower"), draw.permutation(self.samples))


class Blobs(PlaneSet, name="blobs"):
    """Round clouds on a circle, one a class."""

    samples: Samples = 500
    classes: int = Field(3, ge=2, le=20, description="number of clouds")
    spread: float = Field(0.8, gt=0, le=10, description="standard deviation of a cloud")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Centers evenly on a circle of radius 4 that starts at a random angle; normal around them; shuffled."""
        draw = rng(seed, "data", self.name)
        label = np.arange(self.samples) % self.classes
        angle = 2 * np.pi * (label / self.classes + draw.random())
        x = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x += self.spread * draw.standard_normal(x.shape)
        names = tuple(f"blob {number}" for number in range(1, self.classes + 1))
        return _plane(x, label, names, draw.permutation(self.samples))


GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "nor": (1, 0, 0, 0), "xor": (0, 1, 1, 0)}


class Gate(PlaneSet, name="gate"):
    """The truth table of a logic gate: four rows, as often as wanted."""

    validation: ValidationShare = 0.0
    gate: Literal["and", "or", "nand", "nor", "xor"] = Field("xor", description="the truth table")
    repeats: int = Field(1, ge=1, le=250_000, description="how often the four rows are there")
    noise: float = Field(0.0, ge=0, le=10, description="standard deviation of what is added to the inputs")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Rows (0, 0), (0, 1), (1, 0), (1, 1) in this order, over and over."""
        x = np.tile(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64), (self.repeats, 1))
        x += self.noise * rng(seed, "data", self.name).standard_normal(x.shape)
        return _plane(x, np.tile(GATES[self.gate], self.repeats), ("0", "1"), np.arange(len(x)))


class Sine(DataSet, name="sine"):
    """A sine wave with noise, to regress: one input, one target."""

    samples: Samples = 200
    noise: float = Field(0.1, ge=0, le=10, description="standard deviation of what is added to the target")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """x from U(-pi, pi), y = sin x + noise."""
        draw = rng(seed, "data", self.name)
        x = draw.uniform(-np.pi, np.pi, (self.samples, 1))
        y = np.sin(x) + self.noise * draw.standard_normal(x.shape)
        return Table(x.astype(np.float32), y.astype(np.float32), feature_names=("x",), target_names=("y",))


def _plane(x: NDArray[np.float64], label: NDArray[np.int64], names: tuple[str, ...], order: NDArray[np.int64]) -> Table:
    points = x[order].astype(np.float32)
    return Table(points, label[order].astype(np.int64), classes=names, feature_names=("x1", "x2"))
