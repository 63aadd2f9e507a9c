"""Batch normalization and layer normalization: one backward formula over two different axes."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.initializers import AnyShape, Initializer
from engine.layers.base import Layer, ParameterSpec, Shape, Site, pieces
from engine.memory import Array
from engine.plan import Plan


class BatchNorm(Layer, name="batch_norm"):
    """y = w xhat + b with xhat = (x - mean) / sqrt(var + eps), by feature over the batch (Ioffe & Szegedy 2015, Alg.
    1).

    x (F, N), or images (C, H, W, N) with one mean a channel. In inference the running statistics are used, kept as in
    PyTorch: new = (1 - momentum) old + momentum now, with the unbiased variance.
    """

    passes_scale: ClassVar[bool] = True
    trains_otherwise: ClassVar[bool] = True
    momentum: float = Field(0.1, gt=0, le=1, description="share of the new batch in the running statistics")
    epsilon: float = Field(1e-5, gt=0, description="added to the variance")
    weight_init: AnyShape = Field(AnyShape.parse({"name": "constant", "value": 1}), description="how the scale starts")

    def shape(self, *shapes: Shape) -> Shape:
        """The input's shape."""
        return shapes[0]

    def parameters(self, *shapes: Shape, follower: Layer | None = None) -> tuple[ParameterSpec, ...]:
        """`weight` (the scale, gamma) and `bias` (the shift, beta), one a feature."""
        features = (shapes[0][0],)
        return (
            ParameterSpec("weight", features, self.weight_init),
            ParameterSpec("bias", features, Initializer.parse("zeros")),
        )

    def statistics(self, *shapes: Shape) -> dict[str, tuple[Shape, float]]:
        """`running_mean` and `running_var`, one a feature."""
        return {"running_mean": ((shapes[0][0],), 0.0), "running_var": ((shapes[0][0],), 1.0)}

    def forward(self, do: Plan, at: Site) -> None:
        """y = (x - mean) rstd w + b. Raises ValueError for training on one value, which has no variance."""
        x, y = _by_feature(at.x), _by_feature(at.y)
        features, count = x.shape
        if at.training and count == 1:
            raise ValueError(
                "needs two rows or more in every batch, and one batch would have a single row; change batch_size"
            )
        w, b = at.weights["weight"][:, None], at.weights["bias"][:, None]
        rstd, scale = at.keep("rstd", (features, 1)), at.keep("scale", (features, 1))
        if at.training:
            mean, var = at.keep("mean", (features, 1)), at.keep("var", (features, 1))
            centred = at.keep("centred", x.shape)
            share = np.full(count, 1 / count, at.dtype)
        else:
            mean, var = at.buffers["running_mean"][:, None], at.buffers["running_var"][:, None]
            centred = y
        for half, part in do.each(pieces(x)):
            if at.training:
                half(x[part].dot, share, mean[part, 0])
            half(np.subtract, x[part], mean[part], centred[part])
            if at.training:
                half(np.vecdot, centred[part], centred[part], var[part, 0])
                half(np.multiply, var[part], 1 / count, var[part])
            half(np.add, var[part], self.epsilon, rstd[part])
            half(np.sqrt, rstd[part], rstd[part])
            half(np.divide, 1.0, rstd[part], rstd[part])
            half(np.multiply, rstd[part], w[part], scale[part])
            half(np.multiply, centred[part], scale[part], y[part])
            half(np.add, y[part], b[part], y[part])

    def backward(self, do: Plan, at: Site) -> None:
        """With c = x - mean: dw = rstd sum(dy c); db = sum(dy); dx = w rstd (dy - mean(dy) - c rstd^2 mean(dy c)).

        In inference mean and variance are constants, so dx = w rstd dy, and nothing is learned.
        """
        rstd, scale = at.keep("rstd", (len(at.x), 1)), at.keep("scale", (len(at.x), 1))
        dy, dx = _by_feature(at.dy), None if at.dx is None else _by_feature(at.dx)
        if not at.training:
            if dx is not None:
                do(np.multiply, dy, scale, dx)
            return
        centred, count = at.keep("centred", dy.shape), dy.shape[1]
        dw, db = at.grads["weight"][:, None], at.grads["bias"][:, None]
        ones, mean = np.ones(count, at.dtype), at.scratch((len(dy), 1))
        for half, parts in do.shares(pieces(dy)):
            product = at.scratch((parts[0].stop - parts[0].start, count))
            for part in parts:
                half(np.vecdot, dy[part], centred[part], dw[part, 0])
                half(np.multiply, dw[part], rstd[part], dw[part])
                half(dy[part].dot, ones, db[part, 0])
                if dx is None:
                    continue
                share = product[: part.stop - part.start]
                half(np.multiply, dw[part], rstd[part], mean[part])
                half(np.multiply, mean[part], 1 / count, mean[part])
                half(np.multiply, centred[part], mean[part], share)
                half(np.subtract, dy[part], share, dx[part])
                half(np.multiply, db[part], 1 / count, mean[part])
                half(np.subtract, dx[part], mean[part], dx[part])
                half(np.multiply, dx[part], scale[part], dx[part])

    def commit(self, do: Plan, at: Site) -> None:
        """running = (1 - momentum) running + momentum now."""
        count = _by_feature(at.x).shape[1]
        now = at.scratch((len(at.x), 1))
        unbiased = self.momentum * count / (count - 1)
        for name, value, share in (("mean", "running_mean", self.momentum), ("var", "running_var", unbiased)):
            running = at.buffers[value][:, None]
            do(np.multiply, running, 1 - self.momentum, running)
            do(np.multiply, at.keep(name, now.shape), share, now)
            do(np.add, running, now, running)


class LayerNorm(Layer, name="layer_norm"):
    """y = w xhat + b with xhat = (x - mean) / sqrt(var + eps), by sample over all its features (Ba 2016).

    x (F, N); `weight` and `bias` (F). The same in training and inference.
    """

    passes_scale: ClassVar[bool] = True
    epsilon: float = Field(1e-5, gt=0, description="added to the variance")

    def shape(self, *shapes: Shape) -> Shape:
        """The input's shape, one vector a sample. Raises ValueError for images."""
        if len(shapes[0]) != 1:
            raise ValueError(f"takes one vector a sample and gets shape {shapes[0]}; put a flatten layer before it")
        return shapes[0]

    def parameters(self, *shapes: Shape, follower: Layer | None = None) -> tuple[ParameterSpec, ...]:
        """`weight` (scale) and `bias` (shift), one a feature."""
        one, zero = Initializer.parse({"name": "constant", "value": 1}), Initializer.parse("zeros")
        return ParameterSpec("weight", shapes[0], one), ParameterSpec("bias", shapes[0], zero)

    def forward(self, do: Plan, at: Site) -> None:
        """y = (x - mean) rstd w + b, with mean and rstd (N,)."""
        x, xhat = at.x, at.keep("xhat", at.x.shape)
        features, batch = x.shape
        share = np.full(features, 1 / features, at.dtype)
        mean, rstd = at.scratch((batch,)), at.keep("rstd", (batch,))
        do(share.dot, x, mean)
        do(np.subtract, x, mean, xhat)
        do(np.multiply, xhat, xhat, at.y)
        do(share.dot, at.y, rstd)
        do(np.add, rstd, self.epsilon, rstd)
        do(np.sqrt, rstd, rstd)
        do(np.divide, 1.0, rstd, rstd)
        do(np.multiply, xhat, rstd, xhat)
        do(np.multiply, xhat, at.weights["weight"][:, None], at.y)
        do(np.add, at.y, at.weights["bias"][:, None], at.y)

    def backward(self, do: Plan, at: Site) -> None:
        """With g = dy w: dx = rstd (g - mean(g) - xhat mean(g xhat)); dw = sum(dy xhat); db = sum(dy)."""
        xhat, dy = at.keep("xhat", at.x.shape), at.dy
        features, batch = xhat.shape
        ones, share = np.ones(batch, at.dtype), np.full(features, 1 / features, at.dtype)
        product, g, mean = at.scratch(xhat.shape), at.scratch(xhat.shape), at.scratch((batch,))
        do(np.multiply, dy, xhat, product)
        do(product.dot, ones, at.grads["weight"])
        do(dy.dot, ones, at.grads["bias"])
        if at.dx is None:
            return
        do(np.multiply, dy, at.weights["weight"][:, None], g)
        do(np.multiply, g, xhat, product)
        do(share.dot, product, mean)
        do(np.multiply, xhat, mean, product)
        do(np.subtract, g, product, at.dx)
        do(share.dot, g, mean)
        do(np.subtract, at.dx, mean, at.dx)
        do(np.multiply, at.dx, at.keep("rstd", (batch,)), at.dx)


def _by_feature(x: Array) -> Array:
    """(F, N) as it is, (C, H, W, N) as (C, H * W * N)."""
    return x.reshape(len(x), -1)
