"""Layers that make images larger: by repeating pixels, and by empty channels."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.layers.base import Layer, Shape, Site
from engine.layers.columns import image_shape
from engine.plan import Plan


class Upsample(Layer, name="upsample"):
    """y[c, f i + a, f j + b] = x[c, i, j] for a, b < f: each pixel becomes f x f equal ones.

    x (C, H, W, N), y (C, f H, f W, N); dx is the sum of dy over those pixels.
    """

    passes_scale: ClassVar[bool] = True
    factor: int = Field(2, ge=1, le=64, description="f, how many times as high and wide")

    def shape(self, *shapes: Shape) -> Shape:
        """(C, f H, f W). Raises ValueError where the input is no image."""
        channels, height, width = image_shape(shapes[0])
        return (channels, self.factor * height, self.factor * width)

    def forward(self, do: Plan, at: Site) -> None:
        """y = x, repeated along both axes."""
        channels, height, width, batch = at.x.shape
        y = at.y.reshape(channels, height, self.factor, width, self.factor, batch)
        do(np.copyto, y, at.x[:, :, None, :, None])

    def backward(self, do: Plan, at: Site) -> None:
        """dx = the sum of dy over the repeated pixels."""
        if at.dx is not None:
            channels, height, width, batch = at.x.shape
            dy = at.dy.reshape(channels, height, self.factor, width, self.factor, batch)
            do(np.add.reduce, dy, (2, 4), None, at.dx)


class PadChannels(Layer, name="pad_channels"):
    """y = [x; 0] with zeros as further channels: a shortcut to a wider stage without parameters (He 2015, option A)."""

    passes_scale: ClassVar[bool] = True
    channels: int = Field(16, ge=1, le=65_536, description="number of channels afterwards")

    def shape(self, *shapes: Shape) -> Shape:
        """(channels, H, W). Raises ValueError where there are more channels already."""
        channels, height, width = image_shape(shapes[0])
        if channels > self.channels:
            raise ValueError(f"pads to {self.channels} channels and gets {channels}; make channels at least that")
        return (self.channels, height, width)

    def forward(self, do: Plan, at: Site) -> None:
        """y[:C] = x, the rest 0."""
        do(np.copyto, at.y[: len(at.x)], at.x)
        do(at.y[len(at.x) :].fill, 0)

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy[:C]."""
        if at.dx is not None:
            do(np.copyto, at.dx, at.dy[: len(at.x)])
