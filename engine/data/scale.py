"""Filling and scaling of rows: numbers learned from the training split alone, then applied to every row."""

from dataclasses import dataclass

import numpy as np

from engine.data.base import FloatArray, LabelArray, Scaling

CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Scaler:
    """x -> (x - shift) * factor, per feature (features,) or per channel (C, 1, 1); without numbers, x as it is."""

    shift: FloatArray | None = None
    factor: FloatArray | None = None

    def transform(self, x: FloatArray) -> FloatArray:
        """Maps rows (rows, *shape) to inputs of the same shape, float32."""
        if self.shift is None or self.factor is None:
            return x
        scaled: FloatArray = np.subtract(x, self.shift, dtype=np.float32)
        scaled *= self.factor
        return scaled

    def inverse(self, x: FloatArray) -> FloatArray:
        """Maps inputs back to rows, as for showing a scaled image; a constant feature gets its constant."""
        if self.shift is None or self.factor is None:
            return x
        raw: FloatArray = np.divide(x, self.factor, dtype=np.float32)
        raw += self.shift
        return raw


def fill_missing(x: FloatArray, rows: LabelArray) -> None:
    """Puts into x (rows, features), where a value is missing (NaN), its column's mean over the training `rows`; 0 where
    they have none.
    """
    for column in x.T:
        missing = np.isnan(column)
        if missing.any():
            known = column[rows][~missing[rows]]
            column[missing] = known.mean(dtype=np.float64) if known.size else 0.0


def fit_scaler(method: Scaling, x: FloatArray) -> Scaler:
    """Fits on rows x (rows, features) per feature, or (rows, C, H, W) per channel.

    unit: minimum to 0 and maximum to 1. zscore: mean 0 and (biased) standard deviation 1. A feature that is constant
    becomes 0 and is never divided by zero.
    """
    if method == "none":
        return Scaler()
    axes = (0, *range(2, x.ndim))
    low = x.min(axis=axes, keepdims=True)[0].astype(np.float64)
    high = x.max(axis=axes, keepdims=True)[0].astype(np.float64)
    if method == "unit":
        shift, width = low, high - low
    else:
        count = x.size / low.size
        shift = x.sum(axis=axes, keepdims=True, dtype=np.float64)[0] / count
        squares = np.zeros_like(shift)
        for first in range(0, len(x), CHUNK):  # A whole float64 copy of an image set would not fit everywhere.
            squares += np.square(x[first : first + CHUNK] - shift).sum(axis=axes, keepdims=True)[0]
        width = np.sqrt(squares / count)
    constant = (high == low) | (width < np.finfo(np.float32).tiny)
    shift = np.where(constant, low, shift)
    return Scaler(shift.astype(np.float32), (1 / np.where(constant, 1, width)).astype(np.float32))
