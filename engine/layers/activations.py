"""Activation functions, each a layer: the formula forward, and the derivative from what is cheap to have.

All are elementwise: x, y, dx, dy have one shape. The derivative is written in y where that saves a pass.
"""

from abc import abstractmethod
from math import pi, prod, sqrt
from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.layers.base import Layer, Shape, Site, pieces
from engine.memory import Array
from engine.plan import Plan

ZEROS = 8192


class Activation(Layer):
    """An elementwise function; `slope` writes dy/dx, `backward` multiplies it with dy.

    `of_output` marks one whose slope reads y alone, so that it can be written for several nodes at once.
    """

    of_output: ClassVar[bool] = False
    low: ClassVar[float | None] = None
    high: ClassVar[float | None] = None

    def shape(self, *shapes: Shape) -> Shape:
        """The input's shape."""
        return shapes[0]

    @abstractmethod
    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """Writes down dy/dx into `out`."""

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy * dy/dx."""
        if at.dx is None:
            return
        slope = at.slope
        if slope is None:
            slope = at.scratch(at.y.shape)
            self.slope(do, at, slope)
        do(np.multiply, at.dy, slope, at.dx)

    def saturated(self, y: Array) -> float | None:
        """The share of outputs within 3 % of a bound's side of the range: |y| > .97 for tanh, y < .03 or y > .97 for
        sigmoid.
        """
        if self.low is None or self.high is None:
            return None
        margin = 0.03 * (self.high if self.low < 0 else self.high - self.low)
        return float(np.count_nonzero((y < self.low + margin) | (y > self.high - margin)) / max(y.size, 1))


class Identity(Activation, name="identity"):
    """y = x: no function at all, which leaves a network linear however deep it is."""

    def forward(self, do: Plan, at: Site) -> None:
        """y = x."""
        do(np.positive, at.x, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 1."""
        do(out.fill, 1)


class Step(Activation, name="step"):
    """y = 1 where x >= 0, else 0: the perceptron's own. Its derivative is 0, so nothing behind it learns."""

    def forward(self, do: Plan, at: Site) -> None:
        """y = [x >= 0]."""
        do(np.greater_equal, at.x, 0.0, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 0."""
        do(out.fill, 0)


class Sigmoid(Activation, name="sigmoid"):
    """y = 1 / (1 + exp(-x)), from 0 to 1; its slope is at most 1/4, so deep stacks of it make gradients vanish."""

    of_output: ClassVar[bool] = True
    low: ClassVar[float | None] = 0.0
    high: ClassVar[float | None] = 1.0

    def forward(self, do: Plan, at: Site) -> None:
        """y = 1/2 + 1/2 tanh(x / 2), which cannot overflow."""
        write_sigmoid(do, at.x, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = y (1 - y)."""
        do(np.subtract, 1.0, at.y, out)
        do(np.multiply, out, at.y, out)


class Tanh(Activation, name="tanh"):
    """y = tanh(x), from -1 to 1 and centred on zero; its slope is at most 1."""

    of_output: ClassVar[bool] = True
    low: ClassVar[float | None] = -1.0
    high: ClassVar[float | None] = 1.0

    def forward(self, do: Plan, at: Site) -> None:
        """y = tanh(x)."""
        do(np.tanh, at.x, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 1 - y^2."""
        do(np.multiply, at.y, at.y, out)
        do(np.subtract, 1.0, out, out)


class Relu(Activation, name="relu"):
    """y = max(0, x): slope 1 or 0. A unit whose x is never positive is dead. The slope at 0 is 0, as in PyTorch."""

    wanted_init: ClassVar[str] = "he_normal"

    def forward(self, do: Plan, at: Site) -> None:
        """y = max(0, x), against zeros in the cache: with one zero for all, np.maximum is three times slower."""
        shape: Shape = ()
        while len(shape) < at.x.ndim and prod(longer := at.x.shape[-1 - len(shape) :]) <= ZEROS:
            shape = longer
        zeros = np.zeros(shape, at.dtype)
        for half, part in do.each(pieces(at.x)):
            half(np.maximum, at.x[part], zeros, at.y[part])

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = [y > 0]."""
        do(np.greater, at.y, 0.0, out)

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy [y > 0], by a mask of one byte a unit."""
        if at.dx is not None:
            mask = at.scratch(at.y.shape, np.bool_)
            for half, part in do.each(pieces(at.y)):
                half(np.greater, at.y[part], 0.0, mask[part])
                half(np.multiply, at.dy[part], mask[part], at.dx[part])

    def dead(self, y: Array) -> float:
        """The share of units that put out zero for the whole batch."""
        return float(np.mean(~y.reshape(y.shape[0], -1).any(axis=1)))


class LeakyRelu(Activation, name="leaky_relu"):
    """y = x where x > 0, else a x: like relu, but no unit can die (Maas 2013)."""

    wanted_init: ClassVar[str] = "he_normal"
    slope_below: float = Field(0.01, ge=0, lt=1, description="a, the slope where x is negative")

    def forward(self, do: Plan, at: Site) -> None:
        """y = max(x, a x), since 0 <= a < 1."""
        do(np.multiply, at.x, self.slope_below, at.y)
        do(np.maximum, at.x, at.y, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 1 or a."""
        do(np.greater, at.x, 0.0, out)
        do(np.maximum, out, self.slope_below, out)


class Elu(Activation, name="elu"):
    """y = x where x > 0, else a (exp(x) - 1) (Clevert 2015)."""

    wanted_init: ClassVar[str] = "he_normal"
    alpha: float = Field(1.0, gt=0, description="a, minus the value that y approaches for very negative x")

    def forward(self, do: Plan, at: Site) -> None:
        """y = max(x, 0) + a expm1(min(x, 0))."""
        _write_elu(do, at, self.alpha)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 1 where x > 0, else y + a."""
        _write_elu_slope(do, at, 1.0, self.alpha, out)


class Selu(Activation, name="selu"):
    """y = s x where x > 0, else s a (exp(x) - 1): keeps mean 0 and variance 1 by itself (Klambauer 2017)."""

    wanted_init: ClassVar[str] = "lecun_normal"
    scale: ClassVar[float] = 1.0507009873554805
    alpha: ClassVar[float] = 1.6732632423543772

    def forward(self, do: Plan, at: Site) -> None:
        """y = s (max(x, 0) + a expm1(min(x, 0)))."""
        _write_elu(do, at, self.alpha)
        do(np.multiply, at.y, self.scale, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = s where x > 0, else y + s a."""
        _write_elu_slope(do, at, self.scale, self.scale * self.alpha, out)


class Silu(Activation, name="silu"):
    """y = x sigmoid(x), also called swish (Elfwing 2017)."""

    wanted_init: ClassVar[str] = "he_normal"

    def forward(self, do: Plan, at: Site) -> None:
        """y = x s with s = sigmoid(x)."""
        s = at.keep("sigmoid", at.x.shape)
        write_sigmoid(do, at.x, s)
        do(np.multiply, at.x, s, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = y + s (1 - y)."""
        s = at.keep("sigmoid", at.x.shape)
        do(np.subtract, 1.0, at.y, out)
        do(np.multiply, out, s, out)
        do(np.add, out, at.y, out)


class Gelu(Activation, name="gelu"):
    """y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the tanh form (Hendrycks 2016; PyTorch's
    approximate="tanh").
    """

    wanted_init: ClassVar[str] = "he_normal"

    def forward(self, do: Plan, at: Site) -> None:
        """y = x h with h = 1/2 (1 + tanh(c x (1 + 0.044715 x^2)))."""
        h = at.keep("gate", at.x.shape)
        do(np.multiply, at.x, at.x, h)
        do(np.multiply, h, 0.044715, h)
        do(np.add, h, 1.0, h)
        do(np.multiply, h, at.x, h)
        do(np.multiply, h, sqrt(2 / pi), h)
        do(np.tanh, h, h)
        do(np.add, h, 1.0, h)
        do(np.multiply, h, 0.5, h)
        do(np.multiply, at.x, h, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = h + 2 y (1 - h) c (1 + 3 * 0.044715 x^2), since dh/du = 2 h (1 - h) for h = (1 + tanh u) / 2."""
        h = at.keep("gate", at.x.shape)
        inner = at.scratch(at.x.shape)
        do(np.multiply, at.x, at.x, inner)
        do(np.multiply, inner, 3 * 0.044715, inner)
        do(np.add, inner, 1.0, inner)
        do(np.multiply, inner, 2 * sqrt(2 / pi), inner)
        do(np.multiply, inner, at.y, inner)
        do(np.subtract, 1.0, h, out)
        do(np.multiply, out, inner, out)
        do(np.add, out, h, out)


class Mish(Activation, name="mish"):
    """y = x tanh(softplus(x)) (Misra 2019)."""

    wanted_init: ClassVar[str] = "he_normal"

    def forward(self, do: Plan, at: Site) -> None:
        """y = x h with h = tanh(log(1 + exp(x)))."""
        h = at.keep("gate", at.x.shape)
        do(np.logaddexp, 0.0, at.x, h)
        do(np.tanh, h, h)
        do(np.multiply, at.x, h, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = h + x sigmoid(x) (1 - h^2)."""
        h = at.keep("gate", at.x.shape)
        s = at.scratch(at.x.shape)
        write_sigmoid(do, at.x, s)
        do(np.multiply, s, at.x, s)
        do(np.multiply, h, h, out)
        do(np.subtract, 1.0, out, out)
        do(np.multiply, out, s, out)
        do(np.add, out, h, out)


class Softplus(Activation, name="softplus"):
    """y = log(1 + exp(x)): a smooth relu whose slope is the sigmoid."""

    wanted_init: ClassVar[str] = "he_normal"

    def forward(self, do: Plan, at: Site) -> None:
        """y = logaddexp(0, x), which cannot overflow."""
        do(np.logaddexp, 0.0, at.x, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = sigmoid(x)."""
        write_sigmoid(do, at.x, out)


class Softsign(Activation, name="softsign"):
    """y = x / (1 + |x|), from -1 to 1, with flatter tails than tanh."""

    of_output: ClassVar[bool] = True
    low: ClassVar[float | None] = -1.0
    high: ClassVar[float | None] = 1.0

    def forward(self, do: Plan, at: Site) -> None:
        """y = x / (1 + |x|)."""
        do(np.absolute, at.x, at.y)
        do(np.add, at.y, 1.0, at.y)
        do(np.divide, at.x, at.y, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = (1 - |y|)^2."""
        do(np.absolute, at.y, out)
        do(np.subtract, 1.0, out, out)
        do(np.multiply, out, out, out)


class HardSigmoid(Activation, name="hard_sigmoid"):
    """y = min(max(x + 3, 0), 6) / 6: three straight pieces from 0 to 1."""

    low: ClassVar[float | None] = 0.0
    high: ClassVar[float | None] = 1.0

    def forward(self, do: Plan, at: Site) -> None:
        """y = min(max(x / 6 + 1/2, 0), 1)."""
        do(np.multiply, at.x, 1 / 6, at.y)
        do(np.add, at.y, 0.5, at.y)
        do(np.maximum, at.y, 0.0, at.y)
        do(np.minimum, at.y, 1.0, at.y)

    def slope(self, do: Plan, at: Site, out: Array) -> None:
        """dy/dx = 1/6 where |x| < 3, else 0."""
        do(np.absolute, at.x, out)
        do(np.less, out, 3.0, out)
        do(np.multiply, out, 1 / 6, out)


def write_sigmoid(do: Plan, x: Array, out: Array) -> None:
    """out = 1/2 + 1/2 tanh(x / 2), which cannot overflow; `out` may be x itself."""
    do(np.multiply, x, 0.5, out)
    do(np.tanh, out, out)
    do(np.multiply, out, 0.5, out)
    do(np.add, out, 0.5, out)


def _write_elu(do: Plan, at: Site, alpha: float) -> None:
    """y = max(x, 0) + alpha expm1(min(x, 0))."""
    positive = at.scratch(at.x.shape)
    do(np.minimum, at.x, 0.0, at.y)
    do(np.expm1, at.y, at.y)
    do(np.multiply, at.y, alpha, at.y)
    do(np.maximum, at.x, 0.0, positive)
    do(np.add, at.y, positive, at.y)


def _write_elu_slope(do: Plan, at: Site, above: float, alpha: float, out: Array) -> None:
    """dy/dx = `above` where x > 0, else y + alpha."""
    positive = at.scratch(at.x.shape, np.bool_)
    do(np.add, at.y, alpha, out)
    do(np.greater, at.x, 0.0, positive)
    do(np.putmask, out, positive, above)
