"""Schedules: the learning rate as a function of the step.

A schedule gives a factor on the optimizer's learning rate: lr(s) = optimizer.lr * factor(s), s = 0, 1, ... It is a
closed form without state, so any step can be asked for at any time.

`total` is the number of steps T of the whole run and `steps_per_epoch` that of one epoch; steps beyond T count as T.
Warm-up counts in steps; what `every` and `cycle` count, epochs or steps, the field `unit` says.
"""

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from engine.component import Component
from engine.memory import Array

Unit = Literal["epoch", "step"]


class Schedule(Component, kind="schedule"):
    """How the learning rate moves during training."""

    warmup: int = Field(
        0, ge=0, le=1_000_000_000, description="steps over which the rate first rises, in a straight line"
    )

    def factor(self, step: Array | int, total: int, steps_per_epoch: int) -> Array:
        """The factor on the learning rate at 0-based steps (n,): float64 (n,), (1,) for a number.

        Warm-up over W steps multiplies the first factor by (s + 1) / (W + 1), which is never 0 (nanoGPT); then the
        schedule runs as if training began at step W and took T - W steps. A step's bits do not depend on what other
        steps are asked for.
        """
        now = _array(step)
        rise = np.minimum((now + 1) / (self.warmup + 1), 1.0)
        return np.asarray(rise * self.course(*self._since_warmup(now, total), steps_per_epoch))

    def momentum(self, step: Array | int, total: int) -> Array | None:
        """The momentum coefficient at 0-based steps (n,): float64 (n,), for a schedule that moves it; else None."""
        return None

    @abstractmethod
    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """The factor s steps after the warm-up, 0 <= s <= span, where span = T - W >= 1."""

    def _since_warmup(self, step: Array, total: int) -> tuple[Array, int]:
        span = max(total - self.warmup, 1)
        return np.clip(step - self.warmup, 0, span), span


class Constant(Schedule, name="constant"):
    """The rate stays as it is."""

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """1."""
        return np.ones(s.shape)


class Step(Schedule, name="step"):
    """Drops by a factor every so often: gamma^floor(s / k) (PyTorch's StepLR)."""

    every: int = Field(10, ge=1, le=1_000_000_000, description="k, epochs or steps from one drop to the next")
    gamma: float = Field(0.1, gt=0, le=1, description="what a drop leaves of the rate")
    unit: Unit = Field("epoch", description="what `every` counts")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """gamma^floor(s / k)."""
        return np.asarray(self.gamma ** (s // in_steps(self.every, self.unit, steps_per_epoch)))


class Exponential(Schedule, name="exponential"):
    """Falls a little at every step: gamma^(s / k).

    PyTorch's ExponentialLR, called once an epoch, goes down in stairs through the same points.
    """

    every: int = Field(1, ge=1, le=1_000_000_000, description="k, epochs or steps in which the rate falls by gamma")
    gamma: float = Field(0.95, gt=0, le=1, description="what k epochs or steps leave of the rate")
    unit: Unit = Field("epoch", description="what `every` counts")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """gamma^(s / k)."""
        return np.asarray(self.gamma ** (s / in_steps(self.every, self.unit, steps_per_epoch)))


class Linear(Schedule, name="linear"):
    """A straight line to the end of training: 1 + (end - 1) s / T."""

    end: float = Field(0.0, ge=0, le=1, description="the share of the rate that is left at the end")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """1 + (end - 1) s / T."""
        return np.asarray(1 + (self.end - 1) * (s / span))


class Cosine(Schedule, name="cosine"):
    """Half a cosine wave down, once or with warm restarts: floor + (1 - floor) (1 + cos(pi s / T)) / 2.

    SGDR (Loshchilov & Hutter 2017, arXiv:1608.03983). With restarts, s and T count within a cycle, and a last cycle
    that does not fit is cut short. This is the closed form; PyTorch's CosineAnnealingLR uses a recursion.
    """

    floor: float = Field(0.0, ge=0, le=1, description="the share of the rate at the bottom")
    cycle: int = Field(
        0, ge=0, le=1_000_000_000, description="length of the first cycle; 0: one cycle for the whole run"
    )
    growth: int = Field(1, ge=1, le=1000, description="how many times longer each cycle is than the one before")
    unit: Unit = Field("epoch", description="what `cycle` counts")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """floor + (1 - floor) (1 + cos(pi s / T)) / 2."""
        first = in_steps(self.cycle, self.unit, steps_per_epoch) or span
        inside = np.minimum(s, span - 1)
        if self.growth == 1:
            start, length = inside // first * first, np.asarray(first)
        else:
            edges = [0]
            while edges[-1] < span:
                edges.append(self.growth * edges[-1] + first)
            turn = np.searchsorted(edges, inside, side="right") - 1
            start, length = np.take(edges, turn), np.take(np.diff(edges), turn)
        return self.floor + (1 - self.floor) * _wave(1.0, 0.0, (s - start) / length)


class OneCycle(Schedule, name="one_cycle"):
    """Up to the rate and down to almost nothing in half cosine waves, momentum the other way (Smith 2017).

    From lr / start_div up to lr at step pct T - 1, and down to lr / start_div / final_div at the last step: PyTorch's
    timing and defaults, fastai's shape. Smith's own (arXiv:1708.07120) goes up and down in straight lines and falls
    further in a third part. Where pct T = 1 PyTorch divides by zero; where pct T <= 1, the run here begins at the top.
    """

    start_div: float = Field(25.0, ge=1, le=1e9, description="the rate starts at lr divided by this")
    final_div: float = Field(1e4, ge=1, le=1e9, description="the rate ends at its start divided by this")
    pct: float = Field(0.3, ge=0, le=1, description="share of the run in which the rate rises")
    momentum_high: float = Field(0.95, ge=0, lt=1, description="momentum where the rate is low")
    momentum_low: float = Field(0.85, ge=0, lt=1, description="momentum where the rate is highest")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """1 / start_div -> 1 -> 1 / start_div / final_div."""
        return self._cycle(s, span, 1 / self.start_div, 1.0, 1 / self.start_div / self.final_div)

    def momentum(self, step: Array | int, total: int) -> Array:
        """momentum_high -> momentum_low -> momentum_high."""
        s, span = self._since_warmup(_array(step), total)
        return self._cycle(s, span, self.momentum_high, self.momentum_low, self.momentum_high)

    def _cycle(self, s: Array, span: int, start: float, top: float, end: float) -> Array:
        peak = max(self.pct * span - 1, 0.0)
        up = np.clip(s / peak, 0, 1) if peak > 0 else np.ones(s.shape)
        down = np.clip((s - peak) / max(span - 1 - peak, 1.0), 0, 1)
        return np.asarray(np.where(s < peak, _wave(start, top, up), _wave(top, end, down)))


class Plateau(Schedule, name="plateau"):
    """Falls when the validation loss stops falling (PyTorch's ReduceLROnPlateau).

    As a function of the step it is constant: the factor that it has come to depends on the run, so it stands in the
    training state (`PlateauState.factor` in engine/monitors.py) and multiplies this one.
    """

    gamma: float = Field(0.1, gt=0, lt=1, description="what a drop leaves of the rate")
    patience: int = Field(10, ge=0, description="epochs without improvement that pass; the next one brings the drop")
    threshold: float = Field(
        1e-4, ge=0, lt=1, description="share of the best loss by which a better one must be below it"
    )
    cooldown: int = Field(0, ge=0, description="epochs after a drop that do not count")
    floor: float = Field(0.0, ge=0, le=1, description="the share of the rate below which it never falls")

    def course(self, s: Array, span: int, steps_per_epoch: int) -> Array:
        """1."""
        return np.ones(s.shape)


def in_steps(count: int, unit: Unit, steps_per_epoch: int) -> int:
    """A number of epochs or of steps, in steps."""
    return count * steps_per_epoch if unit == "epoch" else count


def _array(step: Array | int) -> Array:
    return np.atleast_1d(np.asarray(step, np.int64))  # NumPy rounds powers of a scalar differently than those of arrays


def _wave(start: float, end: float, share: Array) -> Array:
    return np.asarray(end + (start - end) * 0.5 * (1 + np.cos(np.pi * share)))
