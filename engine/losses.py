"""Losses: what training minimizes, and where every gradient starts.

z (K, N) is the network's output and t (K, N) the targets; a loss writes down its value, one number, and dz = dL/dz.
It is a mean over the batch. Losses for classes work from logits, so that no exponential overflows and no logarithm
sees a zero.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.component import Component
from engine.errors import BadInput
from engine.layers.activations import write_sigmoid
from engine.layers.base import Scratch, Shape
from engine.memory import Array
from engine.plan import Plan

ROUNDING = 1e-6  # by which scaled inputs, as targets of an autoencoder, may miss 0 and 1


@dataclass
class LossSite:
    """Where a loss works: outputs z (K, N), targets t, the value (1,) and the gradient dz (K, N)."""

    z: Array
    t: Array
    value: Array
    dz: Array
    pool: Scratch

    def scratch(self, shape: Shape, dtype: type | None = None) -> Array:
        """An array for intermediate results."""
        return self.pool.take(shape, np.dtype(dtype or self.z.dtype))


class Loss(Component, kind="loss"):
    """A function of outputs and targets. `link` is the output activation that it implies and works in front of."""

    link: ClassVar[str] = "identity"
    signed: ClassVar[bool] = False

    def units(self, classes: int) -> int:
        """How many output units a classification takes: one for two classes, else one a class."""
        return 1 if classes == 2 else classes

    def rows(self, classes: int) -> int:
        """How many rows of targets a sample has."""
        return self.units(classes)

    def encode(self, labels: Array, classes: int, low: float) -> Array:
        """Class labels (rows,) as targets (rows, K): 1 for the right unit, `low` (0 or -1) for the others."""
        if classes == 2:
            return np.where(labels == 1, 1.0, low)[:, None]
        return np.where(labels[:, None] == np.arange(classes), 1.0, low)

    def check(self, targets: Array) -> None:
        """Raises BadInput where numbers to train on, (rows, T), are no targets for the loss; any are for most."""

    def weight(self, t: Array) -> float:
        """What a batch with targets t (T, N) counts in the mean over several batches: its samples."""
        return float(t.shape[1])

    @abstractmethod
    def forward(self, do: Plan, at: LossSite) -> None:
        """Writes down the value and dz together, since they share most of their terms."""


class CrossEntropy(Loss, name="cross_entropy"):
    """L = -mean log p(right class) with p = softmax(z); dz = (p - q) / N.

    q is one-hot, or (1 - e) one-hot + e / K with label smoothing e (Szegedy 2016). With class weights the mean is
    divided by the sum of the samples' weights, as in PyTorch.
    """

    link: ClassVar[str] = "softmax"
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="e, the share of the target spread over all classes")
    class_weights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (), description="one weight a class, above 0; empty: all alike"
    )

    def units(self, classes: int) -> int:
        """One logit a class, for two classes too."""
        return classes

    def rows(self, classes: int) -> int:
        """One row a class, and with class weights one more that holds the sample's own weight."""
        return classes + bool(self.class_weights)

    def encode(self, labels: Array, classes: int, low: float) -> Array:
        """q (rows, K), smoothed and weighted, and the sample's weight as a last column where there are class weights.

        Raises ValueError where the number of weights is not the number of classes.
        """
        one_hot = (labels[:, None] == np.arange(classes)).astype(np.float64)
        e = self.label_smoothing
        if not self.class_weights:
            return np.asarray((1 - e) * one_hot + e / classes)
        if len(self.class_weights) != classes:
            raise ValueError(
                f"loss.class_weights has {len(self.class_weights)} weights for {classes} classes; give one each"
            )
        weights = np.asarray(self.class_weights)
        own = weights[labels][:, None]
        return np.concatenate([(1 - e) * own * one_hot + e / classes * weights, own], axis=1)

    def weight(self, t: Array) -> float:
        """The samples, or with class weights the sum of theirs."""
        return float(t[-1].sum(dtype=np.float64)) if self.class_weights else super().weight(t)

    def forward(self, do: Plan, at: LossSite) -> None:
        """With s = z - max z and S = sum exp s: L = mean(log S - q . s), p = exp(s) / S.

        Without class weights one product gives S and N S, and another the value, [log S; s] with [1 / N; -q / N].
        """
        z, p = at.z, at.dz
        classes, batch = z.shape
        q, largest, totals = at.t[:classes], at.scratch((batch,)), at.scratch((2, batch))
        do(np.maximum.reduce, z, 0, None, largest)
        if self.class_weights:
            self._weighted(do, at, q, at.t[classes], largest, totals[0])
            return
        summing = np.array([np.ones(classes), np.full(classes, batch)], z.dtype)
        terms, factors = np.zeros(batch + z.size, z.dtype), np.zeros(batch + z.size, z.dtype)
        logs, s, minus_q = terms[:batch], terms[batch:].reshape(z.shape), factors[batch:].reshape(z.shape)
        factors[:batch] = 1 / batch
        do(np.subtract, z, largest, s)
        do(np.exp, s, p)
        do(summing.dot, p, totals)
        do(np.divide, p, totals[1], p)
        do(np.multiply, q, -1 / batch, minus_q)
        do(np.add, p, minus_q, p)
        do(np.log, totals[0], logs)
        _dot(do, terms, factors, at.value)

    def _weighted(self, do: Plan, at: LossSite, q: Array, weights: Array, largest: Array, total: Array) -> None:
        """With m = sum q, q times the class weights, W their sum: L = sum(m log S - q . s) / W, dz = (m p - q) / W."""
        z, p, value = at.z, at.dz, at.value
        classes, batch = z.shape
        ones, s, mass = np.ones(classes, z.dtype), at.scratch(z.shape), at.scratch((batch,))
        weight, right = at.scratch((1,)), at.scratch((1,))
        do(np.subtract, z, largest, s)
        do(np.exp, s, p)
        do(ones.dot, p, total)
        do(np.divide, p, total, p)
        do(np.log, total, total)
        do(ones.dot, q, mass)
        do(np.multiply, p, mass, p)
        do(np.subtract, p, q, p)
        _dot(do, np.ones(batch, z.dtype), weights, weight)
        do(np.divide, p, weight, p)
        _dot(do, mass, total, value)
        _dot(do, q, s, right)
        do(np.subtract, value, right, value)
        do(np.divide, value, weight, value)


class Elementwise(Loss):
    """A loss that compares each output with its own target; a mean over the batch, and a mean or a sum over the
    outputs.
    """

    over_outputs: Literal["mean", "sum"] = Field("mean", description="mean or sum over the output units")

    def share(self, at: LossSite) -> float:
        """The weight of one element in the value."""
        outputs, batch = map(int, at.z.shape)
        return 1 / (batch * outputs) if self.over_outputs == "mean" else 1 / batch


class BinaryCrossEntropy(Elementwise, name="binary_cross_entropy"):
    """L = mean(log(1 + exp z) - t z), which is -t log p - (1 - t) log(1 - p) with p = sigmoid(z); dz = (p - t) /
    size.
    """

    link: ClassVar[str] = "sigmoid"

    def check(self, targets: Array) -> None:
        """Raises BadInput for targets beyond 0 and 1, where the loss has no lower end."""
        low, high = float(targets.min()), float(targets.max())
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise BadInput(
                f"loss.name is '{self.name}', which needs targets from 0 to 1, and the data's reach from {low:.3g} to "
                f"{high:.3g}; take mse, mae or huber, or for a table data.standardize_target = 'unit'"
            )

    def forward(self, do: Plan, at: LossSite) -> None:
        """Value by logaddexp, which cannot overflow, as the sigmoid cannot."""
        z, t, dz, value, share = at.z, at.t, at.dz, at.value, self.share(at)
        right, ones = at.scratch((1,)), np.ones(z.size, z.dtype)
        do(np.logaddexp, 0.0, z, dz)
        _dot(do, ones, dz, value)
        _dot(do, t, z, right)
        do(np.subtract, value, right, value)
        do(np.multiply, value, share, value)
        write_sigmoid(do, z, dz)
        do(np.subtract, dz, t, dz)
        do(np.multiply, dz, share, dz)


class Mse(Elementwise, name="mse"):
    """L = mean (z - t)^2; dz = 2 (z - t) / size."""

    def forward(self, do: Plan, at: LossSite) -> None:
        """With d = z - t: L = d . d / size."""
        _squares(do, at, self.share(at))


class Quadratic(Elementwise, name="quadratic"):
    """L = 1/2 sum (z - t)^2 over the outputs, mean over the batch; dz = (z - t) / N (Nielsen 2015; TensorFlow
    Playground).
    """

    over_outputs: Literal["mean", "sum"] = Field("sum", description="mean or sum over the output units")

    def forward(self, do: Plan, at: LossSite) -> None:
        """With d = z - t: L = d . d / 2N."""
        _squares(do, at, self.share(at) / 2)


class Mae(Elementwise, name="mae"):
    """L = mean |z - t|; dz = sign(z - t) / size. Outliers count no more than their distance."""

    def forward(self, do: Plan, at: LossSite) -> None:
        """With d = z - t: L = sum |d| / size."""
        d, sign, share = at.scratch(at.z.shape), at.dz, self.share(at)
        do(np.subtract, at.z, at.t, d)
        do(np.sign, d, sign)
        do(np.multiply, sign, share, sign)
        _dot(do, d, sign, at.value)


class Huber(Elementwise, name="huber"):
    """L = d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = z - t (Huber 1964); dz = clip(d, -delta,
    delta) / size.
    """

    delta: float = Field(1.0, gt=0, description="where the parabola becomes a straight line")

    def forward(self, do: Plan, at: LossSite) -> None:
        """With c = clip(d): L = sum c (d - c / 2) / size."""
        d, half, c, share = at.scratch(at.z.shape), at.scratch(at.z.shape), at.dz, self.share(at)
        do(np.subtract, at.z, at.t, d)
        do(np.maximum, d, -self.delta, c)
        do(np.minimum, c, self.delta, c)
        do(np.multiply, c, 0.5, half)
        do(np.subtract, d, half, d)
        do(np.multiply, c, share, c)
        _dot(do, c, d, at.value)


class Hinge(Elementwise, name="hinge"):
    """L = mean max(0, 1 - t z) with t = -1 or 1: the support vector machine's (Cortes & Vapnik 1995); dz = -t where t
    z < 1.
    """

    signed: ClassVar[bool] = True

    def forward(self, do: Plan, at: LossSite) -> None:
        """With m = 1 - t z: L = sum max(0, m) / size."""
        _margin(do, at, self.share(at), 1.0)


class PerceptronLoss(Elementwise, name="perceptron"):
    """L = mean sum max(0, -t z) with t = -1 or 1; dz = -t where t z <= 0, which is the perceptron's rule (Rosenblatt
    1958), for each output unit by itself.
    """

    signed: ClassVar[bool] = True
    over_outputs: Literal["mean", "sum"] = Field("sum", description="mean or sum over the output units")

    def forward(self, do: Plan, at: LossSite) -> None:
        """With m = -t z: L = sum max(0, m) / size; a sample on the line itself counts as a mistake."""
        _margin(do, at, self.share(at), 0.0)


def _dot(do: Plan, a: Array, b: Array, out: Array) -> None:
    """out (1,) = the sum of a * b over all elements."""
    do(a.reshape(1, -1).dot, b.reshape(-1), out)


def _squares(do: Plan, at: LossSite, share: float) -> None:
    """value = share * d . d and dz = 2 * share * d for d = z - t, by way of d * sqrt(share)."""
    do(np.subtract, at.z, at.t, at.dz)
    do(np.multiply, at.dz, sqrt(share), at.dz)
    _dot(do, at.dz, at.dz, at.value)
    do(np.multiply, at.dz, 2 * sqrt(share), at.dz)


def _margin(do: Plan, at: LossSite, share: float, margin: float) -> None:
    """value = share * sum max(0, m) and dz = -share * t [m > 0, or m = 0 where there is no margin], for m = margin -
    t z.
    """
    m, wrong = at.scratch(at.z.shape), at.scratch(at.z.shape, np.bool_)
    do(np.multiply, at.t, at.z, m)
    do(np.subtract, margin, m, m)
    do(np.greater if margin else np.greater_equal, m, 0.0, wrong)
    do(np.maximum, m, 0.0, m)
    _dot(do, np.full(m.size, share, m.dtype), m, at.value)
    do(np.multiply, at.t, -share, at.dz)
    do(np.multiply, at.dz, wrong, at.dz)
