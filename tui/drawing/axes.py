"""Axes: where ticks go and how their numbers read, on linear (1-2-5) and logarithmic (decades) scales."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

LADDER = (1.0, 2.0, 5.0, 10.0)
TINY = 1e-300
SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scale:
    """From values to the share of the axis, 0 at `low`, 1 at `high`; `log` for base 10 (limits above zero)."""

    low: float
    high: float
    log: bool = False

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie; on a log scale zero and below lie at minus infinity. NaN stays NaN."""
        at = np.asarray(values, float)
        if not self.log:
            return np.asarray((at - self.low) / (self.high - self.low))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(at <= 0, -np.inf, np.log10(at))
        low, high = math.log10(self.low), math.log10(self.high)
        return np.asarray((logs - low) / (high - low))

    def value(self, share: float) -> float:
        """The value at a share of the axis."""
        if not self.log:
            return self.low + share * (self.high - self.low)
        low, high = math.log10(self.low), math.log10(self.high)
        return float(10 ** (low + share * (high - low)))

    def ticks(self, count: int) -> list[float]:
        """About `count` round values within the limits."""
        return (log_ticks if self.log else linear_ticks)(self.low, self.high, count)


def nice_step(span: float, count: int, whole: bool = False) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... (any decade) that cuts `span` into at most `count` parts."""
    rough = max(span / max(1, count), TINY)
    decade = 10.0 ** math.floor(math.log10(rough))
    step = next(decade * rung for rung in LADDER if decade * rung >= rough * (1 - 1e-9))
    return max(1.0, step) if whole else step


def linear_ticks(low: float, high: float, count: int, whole: bool = False) -> list[float]:
    """Multiples of a nice step within [low, high]; `whole` for counts, where nothing lies between 1 and 2."""
    step = nice_step(high - low, count, whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12 - min(12, math.floor(math.log10(step)))) for n in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Decades within [low, high]: every one, every second, ... or, where there is room, 1-2-5 between them."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / max(1, count)))
    decades = [10.0**n for n in range(first, last + 1) if n % every == 0]
    if len(decades) * 3 <= count + 1 or len(decades) < 2:
        fine = [10.0**n * rung for n in range(first - 1, last + 1) for rung in LADDER[:3]]
        inside = [tick for tick in fine if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        return inside if len(inside) > 1 or decades else linear_ticks(low, high, count)
    return decades


def nice_limits(low: float, high: float, log: bool = False) -> Scale:
    """A scale around [low, high] whose limits move in steps, so that a growing curve rarely moves the axis.

    A range above zero that begins near zero begins at zero; an empty range gets some room on both sides.
    """
    if log:
        low, high = max(low, TINY), max(high, TINY)
        start, stop = (math.floor(math.log10(low) * 4 + 1e-9) / 4, math.ceil(math.log10(high) * 4 - 1e-9) / 4)
        if stop - start < 0.5:
            start, stop = start - 0.25, stop + 0.25
        return Scale(10.0**start, 10.0**stop, True)
    largest = max(abs(low), abs(high))
    if high - low <= max(1e-6 * largest, TINY):
        room = 0.1 * largest if largest > TINY else 1.0
        low, high = low - room, high + room
    elif 0 < low < 0.3 * high:
        low = 0.0
    step = nice_step(high - low, 8)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)


def nice_end(last: float) -> float:
    """An end of a growing axis at or after `last`, in four significant bits: it moves rarely, by an eighth at most."""
    if last <= 8:
        return max(2.0, math.ceil(last))
    unit = 2.0 ** (math.floor(math.log2(last)) - 3)
    return math.ceil(last / unit) * unit


def labels(ticks: Sequence[float], log: bool = False) -> list[str]:
    """The ticks' numbers, short, with the same number of decimals on a linear axis: 0.25, 1.5k, 1e-4."""
    if log:
        return [_power(tick) for tick in ticks]
    largest = max((abs(tick) for tick in ticks), default=0.0)
    unit, suffix = next(((unit, suffix) for unit, suffix in SUFFIXES if largest >= unit), (1.0, ""))
    gaps = [abs(b - a) / unit for a, b in pairwise(ticks)]
    finest = min(gaps, default=largest / unit) or 1.0
    if largest and (largest < 1e-3 or largest >= 1e12):
        return ["0" if tick == 0 else _plain_exponent(f"{tick:.{_digits(finest, tick)}e}") for tick in ticks]
    decimals = max(0, -math.floor(math.log10(finest) + 1e-9))
    texts = [f"{tick / unit:.{min(decimals, 9)}f}" for tick in ticks]
    return [text + suffix if float(text) else ("0" if suffix else text.lstrip("-")) for text in texts]


def _digits(finest: float, tick: float) -> int:
    return max(0, math.floor(math.log10(abs(tick)) + 1e-9) - math.floor(math.log10(finest) + 1e-9))


def _power(tick: float) -> str:
    if 1e-3 * (1 - 1e-9) <= tick < 1e3:
        return f"{tick:.3f}".rstrip("0").rstrip(".")
    return _plain_exponent(f"{tick:.0e}")


def _plain_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}"


def number(value: float | None, digits: int = 4) -> str:
    """A value to read, with so many significant digits: 0.03127, 12.5, 3.1e-7, NaN, inf; None is a dash."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -5 < size < 7:
        return f"{value:.{max(0, digits - 1 - size)}f}"
    return _plain_exponent(f"{value:.{digits - 1}e}")


def count(value: float) -> str:
    """A count of steps as the header has it: 12345."""
    return f"{value:.0f}"
