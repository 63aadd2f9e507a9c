"""Optimizers: each is its paper's formula on flat vectors.

w, g and the slots are pieces of the flat vectors, of any length: the bits do not depend on how they are cut.
`scalars` gives what changes from step to step (the rate, the bias corrections), for many steps at once; `update`
writes down the formula.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from engine.component import Component
from engine.memory import Array
from engine.plan import Plan

Slots = Mapping[str, Array]

_VANISHED = 4096  # after so many steps the product of NAdam's mu is zero in double precision


class Optimizer(Component, kind="optimizer"):
    """How a gradient becomes an update of the weights."""

    spare: ClassVar[int] = 1
    lr: float = Field(0.01, gt=0, description="learning rate: the size of a step")

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the vectors that are kept from step to step."""
        return ()

    @property
    def decay(self) -> float:
        """Decoupled weight decay that belongs to the optimizer itself."""
        return 0.0

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> tuple[Array, ...]:
        """What `update` needs at steps t = 1, 2, ... (n,): arrays (n,), the rate among them.

        `momentum` is the coefficient at those steps and `before` at the steps before them: a schedule may move it.
        """
        return (lr,)

    @property
    def coefficient(self) -> float:
        """The momentum (or first moment's) coefficient, which the one-cycle schedule moves."""
        return 0.0

    def retuned(self, old: Self, slots: Mapping[str, Array], before: float, now: float) -> None:
        """Adapts slots in place where a coefficient that their scale depends on was changed during the run.

        `before` and `now` are what the old and the present settings give as the last step's momentum coefficient.
        """

    @abstractmethod
    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """Writes down the update of w; g may be overwritten."""


class Momentum(Optimizer):
    """An optimizer whose steps u may gather momentum: v = mu v + u, and w -= lr v in place of lr u (Polyak 1964)."""

    momentum: float = Field(0.0, ge=0, lt=1, description="mu, the share of the last update that is kept")

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    @property
    def coefficient(self) -> float:
        """mu."""
        return self.momentum

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> tuple[Array, ...]:
        """lr and mu."""
        return (lr, momentum) if self.momentum else (lr,)


class Sgd(Momentum, name="sgd"):
    """w -= lr g; with momentum v = mu v + g, w -= lr v; Nesterov: w -= lr (g + mu v), as in PyTorch (Sutskever
    2013).
    """

    nesterov: bool = Field(False, description="look ahead: the gradient where momentum leads; nothing without momentum")

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """v = mu v + g; w -= lr v."""
        lr, *mu = scalars
        step = g
        if mu:
            step = v = _gather(do, slots["velocity"], g, mu[0])
            if self.nesterov:
                do(np.multiply, v, mu[0], spare[0])
                do(np.add, g, spare[0], g)
                step = g
        _descend(do, w, step, lr, spare[0])


class Perceptron(Optimizer, name="perceptron"):
    """w += lr (t - y) x for each mistake, one sample at a time (Rosenblatt 1958): SGD on the perceptron loss, batch
    size 1.
    """

    lr: float = Field(1.0, gt=0, description="size of a correction; from weights of zero it only scales them")

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """w -= lr g, where g is -(t - y) x for a mistake and 0 otherwise."""
        _descend(do, w, g, scalars[0], spare[0])


class Adagrad(Optimizer, name="adagrad"):
    """s += g^2; w -= lr g / (sqrt(s) + eps): rates that only ever shrink, each weight's own (Duchi 2011)."""

    epsilon: float = Field(1e-10, gt=0, description="added to the root")

    @property
    def slots(self) -> tuple[str, ...]:
        """The sum of squares."""
        return ("squares",)

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """s += g^2; w -= lr g / (sqrt(s) + eps)."""
        s, root = slots["squares"], spare[0]
        do(np.multiply, g, g, root)
        do(np.add, s, root, s)
        do(np.sqrt, s, root)
        do(np.add, root, self.epsilon, root)
        do(np.divide, g, root, root)
        _descend(do, w, root, scalars[0], root)


class RmsProp(Momentum, name="rmsprop"):
    """s = a s + (1 - a) g^2; w -= lr g / (sqrt(s) + eps) (Hinton 2012, lecture 6). Conventions of PyTorch: a = .99,
    eps outside the root.
    """

    alpha: float = Field(0.99, ge=0, lt=1, description="a, how much of the old mean square is kept")
    epsilon: float = Field(1e-8, gt=0, description="added to the root")
    centered: bool = Field(False, description="subtract the squared mean gradient: divide by the standard deviation")

    @property
    def slots(self) -> tuple[str, ...]:
        """The mean square; the mean where centered; the velocity where there is momentum."""
        return ("squares", *(("mean",) if self.centered else ()), *super().slots)

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """s = a s + (1 - a) g^2; u = g / (sqrt(s - m^2) + eps); v = mu v + u; w -= lr v."""
        lr, *mu = scalars
        s, root = slots["squares"], spare[0]
        do(np.multiply, g, g, root)
        do(np.multiply, root, 1 - self.alpha, root)
        _gather(do, s, root, self.alpha)
        if self.centered:
            m = slots["mean"]
            do(np.multiply, g, 1 - self.alpha, root)
            _gather(do, m, root, self.alpha)
            do(np.multiply, m, m, root)
            do(np.subtract, s, root, root)
            do(np.maximum, root, 0.0, root)
            do(np.sqrt, root, root)
        else:
            do(np.sqrt, s, root)
        do(np.add, root, self.epsilon, root)
        do(np.divide, g, root, root)
        _descend(do, w, _gather(do, slots["velocity"], root, mu[0]) if mu else root, lr, root)


class Adam(Optimizer, name="adam"):
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr mhat / (sqrt(vhat) + eps) (Kingma & Ba 2015, Alg. 1).

    mhat = m / (1 - b1^t), vhat = v / (1 - b2^t). The slots hold m / (1 - b1) and v / (1 - b2), so that both
    corrections and the rate sit in two numbers, `rate` and `eps`, and a step takes ten passes over the vector.
    """

    lr: float = Field(0.001, gt=0, description="learning rate: the size of a step")
    beta1: float = Field(0.9, ge=0, lt=1, description="b1, how much of the first moment (the mean gradient) is kept")
    beta2: float = Field(0.999, ge=0, lt=1, description="b2, how much of the second moment (the mean square) is kept")
    epsilon: float = Field(1e-8, gt=0, description="added to the root")

    @property
    def slots(self) -> tuple[str, ...]:
        """First and second moment."""
        return ("m", "v")

    @property
    def coefficient(self) -> float:
        """b1."""
        return self.beta1

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> tuple[Array, ...]:
        """(keep, rate, eps): keep is b1, times (1 - b1 before) / (1 - b1) where a schedule moves b1."""
        root = np.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        keep = momentum * (1 - before) / (1 - momentum)
        return keep, lr * (1 - momentum) / (1 - momentum**t) / root, self.epsilon / root

    def retuned(self, old: Self, slots: Mapping[str, Array], before: float, now: float) -> None:
        """Rescales the moments, which are kept divided by 1 - b1 and 1 - b2."""
        slots["m"][...] *= (1 - before) / (1 - now)
        slots["v"][...] *= (1 - old.beta2) / (1 - self.beta2)

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """m = keep m + g; v = b2 v + g^2; w -= rate m / (sqrt(v) + eps)."""
        keep, rate, eps = scalars
        m, v, s = slots["m"], slots["v"], spare[0]
        _gather(do, m, g, keep)
        do(np.multiply, g, g, s)
        _gather(do, v, s, self.beta2)
        do(np.sqrt, v, s)
        do(np.add, s, eps, s)
        do(np.divide, m, s, s)
        _descend(do, w, s, rate, s)


class AdamW(Adam, name="adamw"):
    """Adam with decoupled weight decay: w *= 1 - lr decay first, on weights only (Loshchilov & Hutter 2019; PyTorch's
    order).
    """

    weight_decay: float = Field(
        0.01, ge=0, description="share of each weight that is taken off, times lr", json_schema_extra={"first": 0.001}
    )

    @property
    def decay(self) -> float:
        """The decoupled decay."""
        return self.weight_decay


class NAdam(Adam, name="nadam"):
    """Adam with Nesterov's look-ahead (Dozat 2016), mu_t = b1 (1 - 0.96^(0.004 t) / 2) as in PyTorch.

    Where one-cycle moves b1, the first moment follows it and mu_t does not; in PyTorch both do.
    """

    lr: float = Field(0.002, gt=0, description="learning rate: the size of a step")
    spare: ClassVar[int] = 2

    def _mu(self, t: Array) -> Array:
        return np.asarray(self.beta1 * (1 - 0.5 * 0.96 ** (t * 0.004)))

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> tuple[Array, ...]:
        """(keep, rate of the gradient, rate of the moment, eps)."""
        mu, following = self._mu(t), self._mu(t + 1)
        product = np.zeros(_VANISHED + 1)
        product[1:] = np.cumprod(self._mu(np.arange(1, _VANISHED + 1)))
        product[_VANISHED] = 0.0
        so_far = product[np.minimum(t, _VANISHED).astype(np.int64)]
        root = np.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        of_gradient = lr * (1 - mu) / (1 - so_far) / root
        of_moment = lr * following / (1 - so_far * following) * (1 - momentum) / root
        return momentum * (1 - before) / (1 - momentum), of_gradient, of_moment, self.epsilon / root

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """m = keep m + g; v = b2 v + g^2; w -= (rate_g g + rate_m m) / (sqrt(v) + eps)."""
        keep, of_gradient, of_moment, eps = scalars
        m, v, s, root = slots["m"], slots["v"], *spare[:2]
        _gather(do, m, g, keep)
        do(np.multiply, g, g, s)
        _gather(do, v, s, self.beta2)
        do(np.sqrt, v, root)
        do(np.add, root, eps, root)
        do(np.multiply, m, of_moment, s)
        do(np.multiply, g, of_gradient, g)
        do(np.add, s, g, s)
        do(np.divide, s, root, s)
        do(np.subtract, w, s, w)


class Lion(Optimizer, name="lion"):
    """w -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g (Chen 2023): every weight moves by lr. Decay is
    decoupled.
    """

    lr: float = Field(0.0001, gt=0, description="learning rate: how far every weight moves; a tenth of Adam's is usual")
    beta1: float = Field(0.9, ge=0, lt=1, description="b1, the moment's share in the direction of the step")
    beta2: float = Field(0.99, ge=0, lt=1, description="b2, how much of the moment is kept")
    weight_decay: float = Field(
        0.0, ge=0, description="share of each weight that is taken off, times lr", json_schema_extra={"first": 0.001}
    )
    spare: ClassVar[int] = 2

    @property
    def slots(self) -> tuple[str, ...]:
        """The moment."""
        return ("m",)

    @property
    def decay(self) -> float:
        """The decoupled decay."""
        return self.weight_decay

    @property
    def coefficient(self) -> float:
        """b1."""
        return self.beta1

    def scalars(self, lr: Array, t: Array, momentum: Array, before: Array) -> tuple[Array, ...]:
        """(lr, b1, 1 - b1)."""
        return lr, momentum, 1 - momentum

    def update(self, do: Plan, w: Array, g: Array, slots: Slots, spare: tuple[Array, ...], *scalars: Array) -> None:
        """w -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g."""
        lr, beta1, rest = scalars
        m, s, direction = slots["m"], *spare[:2]
        do(np.multiply, m, beta1, direction)
        do(np.multiply, g, rest, s)
        do(np.add, direction, s, direction)
        do(np.sign, direction, direction)
        _descend(do, w, direction, lr, direction)
        do(np.multiply, g, 1 - self.beta2, s)
        _gather(do, m, s, self.beta2)


def _gather(do: Plan, v: Array, u: Array, kept: Array | float) -> Array:
    """Writes down v = kept v + u, and gives v."""
    do(np.multiply, v, kept, v)
    do(np.add, v, u, v)
    return v


def _descend(do: Plan, w: Array, u: Array, lr: Array, spare: Array) -> None:
    """Writes down w -= lr u; `spare` may be u itself."""
    do(np.multiply, u, lr, spare)
    do(np.subtract, w, spare, w)
