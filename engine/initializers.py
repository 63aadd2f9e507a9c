"""Initializers: the numbers that weights and biases start from.

A layer's outputs keep the size of its inputs where the weights' standard deviation fits the number of inputs (`fan_in`)
and the activation behind it; too small and the signal dies out within a few layers, too large and it explodes. The
normal initializers draw from a plain normal distribution, as PyTorch does; Keras cuts it off at two deviations.
"""

from abc import abstractmethod
from collections.abc import Mapping
from math import prod, sqrt
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from engine.component import Component
from engine.errors import BadInput
from engine.memory import Array

LARGE = 1e6  # far beyond any sensible weight, and far from where float32 overflows


class Initializer(Component, kind="initializer"):
    """How a parameter starts. PyTorch's names kaiming_* and xavier_* are understood for he_* and glorot_*."""

    aliases: ClassVar[Mapping[str, str]] = {
        "kaiming_normal": "he_normal",
        "kaiming_uniform": "he_uniform",
        "xavier_normal": "glorot_normal",
        "xavier_uniform": "glorot_uniform",
    }

    @model_validator(mode="wrap")
    @classmethod
    def _translate_alias(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, str):
            value = cls.aliases.get(value, value)
        elif isinstance(value, Mapping) and isinstance(name := value.get(cls.key), str):
            value = {**value, cls.key: cls.aliases.get(name, name)}
        return handler(value)

    @abstractmethod
    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """Numbers of `shape`, float64, that depend on nothing but the generator and the arguments.

        `fan_in` counts the inputs that one output sees, `fan_out` the outputs that one input reaches (for a convolution
        C kH kW and O kH kW). Raises BadInput where the shape makes no sense for the initializer.
        """


class AnyShape(Initializer):
    """An initializer for parameters of any shape, so for biases too, which have one axis."""


class Zeros(AnyShape, name="zeros"):
    """0 everywhere: right for biases; weights of zero stay alike in all units and learn nothing but a mean."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """Zeros; nothing is drawn."""
        return np.zeros(shape)


class Constant(AnyShape, name="constant"):
    """One value everywhere."""

    value: float = Field(0.1, ge=-LARGE, le=LARGE, description="the value")

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """The value; nothing is drawn."""
        return np.full(shape, self.value)


class Normal(AnyShape, name="normal"):
    """Normal with a mean and a standard deviation of one's own."""

    mean: float = Field(0.0, ge=-LARGE, le=LARGE, description="mean")
    std: float = Field(0.01, ge=0, le=LARGE, description="standard deviation", json_schema_extra={"first": 0.001})

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """N(mean, std^2)."""
        return generator.normal(self.mean, self.std, shape)


class Uniform(AnyShape, name="uniform"):
    """Evenly spread over [low, high)."""

    low: float = Field(-0.05, ge=-LARGE, le=LARGE, description="lower end")
    high: float = Field(0.05, ge=-LARGE, le=LARGE, description="upper end, above low")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"high must be above low, which is {self.low:g}")
        return self

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """U(low, high)."""
        return generator.uniform(self.low, self.high, shape)


class Orthogonal(Initializer, name="orthogonal"):
    """Rows (or columns, whichever are fewer) at right angles and of one length (Saxe 2014).

    A deep linear network of such weights neither shrinks nor stretches its signal.
    """

    gain: float = Field(1.0, gt=0, le=LARGE, description="length of each row; sqrt(2) suits relu")

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """gain Q, evenly spread over all such matrices: Q of a QR with the signs of R's diagonal (Mezzadri 2007).

        Axes behind the first count as one. Raises BadInput for a shape with fewer than two axes.
        """
        if len(shape) < 2:
            raise BadInput(f"orthogonal is for weights of two or more axes, not for shape {shape}; use zeros or normal")
        rows, columns = shape[0], prod(shape[1:])
        q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.copysign(1.0, np.diagonal(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Scaled(AnyShape):
    """Zero mean, and a standard deviation that follows from the fans."""

    even: ClassVar[bool] = False
    gain: float = Field(1.0, gt=0, le=LARGE, description="factor on the standard deviation")

    @abstractmethod
    def std(self, fan_in: int, fan_out: int) -> float:
        """The standard deviation."""

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
        """N(0, std^2), or where `even` U(-b, b) with b = sqrt(3) std, which has the same variance."""
        std = self.std(fan_in, fan_out)
        bound = sqrt(3) * std
        return generator.uniform(-bound, bound, shape) if self.even else generator.normal(0.0, std, shape)


class Lecun(Scaled):
    """std = gain / sqrt(fan_in) with gain 1 (LeCun et al. 1998, Efficient BackProp)."""

    def std(self, fan_in: int, fan_out: int) -> float:
        """gain / sqrt(fan_in)."""
        return self.gain / sqrt(fan_in)


class He(Lecun):
    """std = gain / sqrt(fan_in) with gain sqrt(2), as relu halves the mean square (He 2015, arXiv:1502.01852)."""

    gain: float = Field(sqrt(2), gt=0, le=LARGE, description="factor on the standard deviation; sqrt(2) suits relu")


class HeNormal(He, name="he_normal"):
    """Normal, std = gain / sqrt(fan_in): for relu and its kin; also called Kaiming (He 2015)."""


class HeUniform(He, name="he_uniform"):
    """Uniform within gain sqrt(3 / fan_in): for relu and its kin; also called Kaiming (He 2015)."""

    even: ClassVar[bool] = True


class Glorot(Scaled):
    """std = gain sqrt(2 / (fan_in + fan_out)), a compromise between forward and backward (Glorot & Bengio 2010)."""

    def std(self, fan_in: int, fan_out: int) -> float:
        """gain sqrt(2 / (fan_in + fan_out))."""
        return self.gain * sqrt(2 / (fan_in + fan_out))


class GlorotNormal(Glorot, name="glorot_normal"):
    """Normal, std = gain sqrt(2 / (fan_in + fan_out)): for tanh, sigmoid and no activation; also called Xavier
    (Glorot & Bengio 2010)."""


class GlorotUniform(Glorot, name="glorot_uniform"):
    """Uniform within gain sqrt(6 / (fan_in + fan_out)): for tanh, sigmoid and no activation; also called Xavier
    (Glorot & Bengio 2010)."""

    even: ClassVar[bool] = True


class LecunNormal(Lecun, name="lecun_normal"):
    """Normal, std = gain / sqrt(fan_in): for selu, which normalizes itself (LeCun 1998; Klambauer 2017)."""


class LecunUniform(Lecun, name="lecun_uniform"):
    """Uniform within gain sqrt(3 / fan_in): for selu, which normalizes itself (LeCun 1998; Klambauer 2017)."""

    even: ClassVar[bool] = True
