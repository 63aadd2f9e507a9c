"""Dropout: in training, units are left out at random; in inference the layer does nothing."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.layers.base import Layer, Shape, Site
from engine.layers.columns import image_shape
from engine.memory import Array
from engine.plan import Plan
from engine.rng import rng


class Dropout(Layer, name="dropout"):
    """y = m x / (1 - p) with m = 0 in a share p of the units, drawn anew each step (Srivastava 2014; inverted form).

    x and y have one shape; p = 0 draws nothing.
    """

    passes_scale: ClassVar[bool] = True
    trains_otherwise: ClassVar[bool] = True
    draws: ClassVar[bool] = True
    rate: float = Field(0.5, ge=0, lt=1, description="p, the share of units left out in training")

    def shape(self, *shapes: Shape) -> Shape:
        """The input's shape."""
        return shapes[0]

    def mask_shape(self, shape: Shape) -> Shape:
        """The shape of the mask for x of `shape` (..., N): one draw a unit and sample."""
        return shape

    def forward(self, do: Plan, at: Site) -> None:
        """y = x * mask, where mask is 0 or 1 / (1 - p)."""
        if not at.training or self.rate == 0:
            do(np.positive, at.x, at.y)
            return
        mask = at.keep("mask", self.mask_shape(at.x.shape))
        do(self._draw, mask, at.clock, at.seed, at.node)
        do(np.multiply, at.x, mask, at.y)

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy * mask, the same mask."""
        if at.dx is None:
            return
        if not at.training or self.rate == 0:
            do(np.positive, at.dy, at.dx)
        else:
            do(np.multiply, at.dy, at.keep("mask", self.mask_shape(at.x.shape)), at.dx)

    def _draw(self, mask: Array, clock: Array, seed: int, node: str) -> None:
        uniform = rng(seed, "dropout", node, int(clock)).random(mask.shape, dtype=np.float32)
        np.greater_equal(uniform, self.rate, mask)
        np.divide(mask, 1 - self.rate, mask)


class Dropout2d(Dropout, name="dropout2d"):
    """Spatial dropout: whole channels are left out, since neighboring pixels say nearly the same (Tompson 2015).

    x and y (C, H, W, N); one draw a channel and sample, else as dropout.
    """

    def shape(self, *shapes: Shape) -> Shape:
        """The input's shape. Raises ValueError where it is no image."""
        return image_shape(shapes[0])

    def mask_shape(self, shape: Shape) -> Shape:
        """(C, 1, 1, N)."""
        return (shape[0], 1, 1, shape[3])
