"""The data sets of TensorFlow Playground, with its exact meaning of noise.

Source: tensorflow/playground (Apache-2.0), src/dataset.ts. Points (x1, x2) lie in [-6, 6]^2. `noise` is the slider's
number; nu = noise / 100. In circle and xor the noise moves a point only while its label is decided, so it is label
noise and no network can get below it; in gauss and spiral it moves the points; in reg_plane and reg_gauss it moves the
place at which the target is taken. The page draws from another generator, so its settings can be repeated here, but
not its points.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from engine.data.base import Table, ValidationShare
from engine.data.crosses import PlaneSet
from engine.rng import rng

Doubles = NDArray[np.float64]

Samples = Annotated[int, Field(ge=2, le=1_000_000, description="number of points")]
Noise = Annotated[float, Field(ge=0, le=80, description="noise in percent; the Playground's slider goes to 50")]

NEGATIVE_POSITIVE = ("-1", "+1")


class PlaygroundSet(PlaneSet):
    """What the six sets share: their size, their noise, and half of the points held out."""

    validation: ValidationShare = 0.5
    samples: Samples = 500
    noise: Noise = 0.0

    @abstractmethod
    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """Points (samples, 2) and their targets (samples,) in the order in which they are made, not yet shuffled."""

    def names(self) -> tuple[str, ...]:
        """The class names; labels 0 and 1 stand for -1 and +1."""
        return NEGATIVE_POSITIVE

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Makes and shuffles the points."""
        draw = rng(seed, "data", self.name)
        x, y = self.points(draw)
        order = draw.permutation(len(x))
        inputs, targets = x[order].astype(np.float32), y[order]
        if names := self.names():
            return Table(inputs, targets.astype(np.int64), classes=names, feature_names=("x1", "x2"))
        targets = targets[:, None]
        return Table(inputs, targets.astype(np.float32), feature_names=("x1", "x2"), target_names=("y",))


class Circle(PlaygroundSet, name="circle"):
    """A disk of one class inside a ring of the other (TensorFlow Playground)."""

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """Half of the radii from U(0, 2.5), half from U(3.5, 5); label 1 where the moved point is within 2.5."""
        inner = self.samples // 2
        radius = np.concatenate([draw.uniform(0, 2.5, inner), draw.uniform(3.5, 5, self.samples - inner)])
        angle = draw.uniform(0, 2 * np.pi, self.samples)
        x = _polar(radius, angle)
        moved = x + draw.uniform(-5, 5, x.shape) * self.noise / 100
        return x, (np.hypot(moved[:, 0], moved[:, 1]) < 2.5).astype(np.float64)


class Xor(PlaygroundSet, name="xor"):
    """Four squares, opposite ones of one class (TensorFlow Playground)."""

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """U(-5, 5), moved 0.3 away from the axes; label 1 where the moved coordinates have one sign."""
        x = draw.uniform(-5, 5, (self.samples, 2))
        x += np.where(x > 0, 0.3, -0.3)
        moved = x + draw.uniform(-5, 5, x.shape) * self.noise / 100
        return x, (moved.prod(axis=1) >= 0).astype(np.float64)


class Gauss(PlaygroundSet, name="gauss"):
    """Two round clouds (TensorFlow Playground)."""

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """Normal around (2, 2) for label 1 and (-2, -2) for label 0, with variance 0.5 + 7 nu on each axis."""
        positive = np.arange(self.samples) < self.samples // 2
        spread = np.sqrt(0.5 + 7 * self.noise / 100)
        x = np.where(positive, 2.0, -2.0)[:, None] + spread * draw.standard_normal((self.samples, 2))
        return x, positive.astype(np.float64)


class Spiral(PlaygroundSet, name="spiral"):
    """Arms wound around each other, a class an arm (TensorFlow Playground; two arms there, any number here)."""

    arms: int = Field(2, ge=2, le=20, description="number of arms, each its own class")

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """r = 5i/n, angle = 3.5 pi i/n + 2 pi arm/arms for i = 0 .. n-1; each coordinate moved by U(-1, 1) nu.

        The first arm has the last label, so that two arms have the Playground's +1 and -1.
        """
        arm = np.arange(self.samples) * self.arms // self.samples
        sizes = np.bincount(arm, minlength=self.arms)
        share = np.concatenate([np.arange(size) / size for size in sizes if size])
        x = _polar(5 * share, 3.5 * np.pi * share + 2 * np.pi * arm / self.arms)
        x += draw.uniform(-1, 1, x.shape) * self.noise / 100
        return x, (self.arms - 1 - arm).astype(np.float64)

    def names(self) -> tuple[str, ...]:
        """-1 and +1 for two arms, else the number of the arm, the last first."""
        return NEGATIVE_POSITIVE if self.arms == 2 else tuple(f"arm {arm}" for arm in range(self.arms, 0, -1))


class RegPlane(PlaygroundSet, name="reg_plane"):
    """A tilted plane to regress: (x1 + x2) / 10 (TensorFlow Playground)."""

    samples: Samples = 1200

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """U(-6, 6); the target is taken at the moved point and is not clamped."""
        x, moved = _square(draw, self.samples, self.noise)
        return x, moved.sum(axis=1) / 10

    def names(self) -> tuple[str, ...]:
        """None: a regression."""
        return ()


class RegGauss(PlaygroundSet, name="reg_gauss"):
    """Three hills and three hollows to regress (TensorFlow Playground)."""

    samples: Samples = 1200

    def points(self, draw: Generator) -> tuple[Doubles, Doubles]:
        """U(-6, 6); at distance d of a center its cone is 1 - d/2 high, at least 0; the largest in size counts."""
        x, moved = _square(draw, self.samples, self.noise)
        cones = np.stack([sign * np.clip(1 - np.hypot(*(moved - (a, b)).T) / 2, 0, 1) for a, b, sign in CONES])
        return x, cones[np.abs(cones).argmax(axis=0), np.arange(len(x))]

    def names(self) -> tuple[str, ...]:
        """None: a regression."""
        return ()


CONES = ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1))


def _polar(radius: Doubles, angle: Doubles) -> Doubles:
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _square(draw: Generator, samples: int, noise: float) -> tuple[Doubles, Doubles]:
    x = draw.uniform(-6, 6, (samples, 2))
    return x, x + draw.uniform(-6, 6, x.shape) * noise / 100
