"""Layers that only rearrange: flatten, and the two ways in which branches of a network meet."""

from typing import ClassVar

import numpy as np

from engine.layers.base import Layer, Shape, Site, pieces
from engine.plan import Plan


class Flatten(Layer, name="flatten"):
    """(C, H, W) read as one vector of C * H * W, in that order, as PyTorch does. y is a view of x: nothing moves."""

    view: ClassVar[bool] = True
    passes_scale: ClassVar[bool] = True

    def shape(self, *shapes: Shape) -> Shape:
        """One vector of all the elements."""
        return (int(np.prod(shapes[0])),)

    def forward(self, do: Plan, at: Site) -> None:
        """y = x, in another shape."""

    def backward(self, do: Plan, at: Site) -> None:
        """dx = dy, in another shape; where x has other readers too, a copy."""
        if at.dx is not None and not np.shares_memory(at.dx, at.dy):
            do(np.copyto, at.dx, at.dy.reshape(at.dx.shape))


class Add(Layer, name="add"):
    """y = x1 + x2 + ...: where a skip connection meets its branch (He 2015). Each dx is dy."""

    inputs: ClassVar[int] = 2

    def shape(self, *shapes: Shape) -> Shape:
        """The inputs' common shape. Raises ValueError where they differ."""
        if len(set(shapes)) != 1:
            raise ValueError(
                f"adds shapes {' and '.join(map(str, shapes))}, which differ; give both branches one shape"
            )
        return shapes[0]

    def forward(self, do: Plan, at: Site) -> None:
        """y = x1 + x2 + ..."""
        for half, part in do.each(pieces(at.y)):
            half(np.add, at.xs[0][part], at.xs[1][part], at.y[part])
            for x in at.xs[2:]:
                half(np.add, at.y[part], x[part], at.y[part])

    def backward(self, do: Plan, at: Site) -> None:
        """dx_i = dy."""
        for dx in at.dxs:
            if dx is not None:
                for half, part in do.each(pieces(dx)):
                    half(np.copyto, dx[part], at.dy[part])


class Concat(Layer, name="concat"):
    """y = [x1; x2; ...] along the first axis: features, or channels of images of one size."""

    inputs: ClassVar[int] = 2

    def shape(self, *shapes: Shape) -> Shape:
        """The first axes' sum over the common rest. Raises ValueError where the other axes differ."""
        if len({shape[1:] for shape in shapes}) != 1:
            raise ValueError(f"joins shapes {' and '.join(map(str, shapes))}, which differ beyond the first axis")
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def forward(self, do: Plan, at: Site) -> None:
        """y[from:to] = x_i."""
        start = 0
        for x in at.xs:
            do(np.copyto, at.y[start : start + len(x)], x)
            start += len(x)

    def backward(self, do: Plan, at: Site) -> None:
        """dx_i = dy[from:to]."""
        start = 0
        for x, dx in zip(at.xs, at.dxs, strict=True):
            if dx is not None:
                do(np.copyto, dx, at.dy[start : start + len(x)])
            start += len(x)
