"""Convolution: one small set of weights slides over the image.

A product of matrices does the work: the windows under the kernel become columns. A whole batch of columns would not
fit the cache (they hold each pixel kernel^2 times), so they are made and used a chunk of positions at a time, and made
again in backward.
"""

import numpy as np
from pydantic import Field

from engine.initializers import AnyShape, Initializer
from engine.layers.base import Layer, ParameterSpec, Shape, Site, pieces
from engine.layers.columns import (
    Windows,
    add_pixels,
    add_product,
    add_up,
    chunks,
    image_shape,
    windows_over,
    write_product,
)
from engine.layers.filtering import Filtering
from engine.layers.rowwise import Rowwise
from engine.layers.tiles import KERNELS
from engine.layers.winograd import Winograd
from engine.memory import Array
from engine.plan import Plan


class Conv2d(Layer, name="conv2d"):
    """y[o, i, j] = b[o] + sum over c, r, q of W[o, c, r, q] x[c, s i + d r - p, s j + d q - p], 0 outside the image.

    x (C, H, W, N), y (O, H', W', N), H' = floor((H + 2p - d (k - 1) - 1) / s) + 1; `weight` (O, C / groups, k, k),
    `bias` (O); stride s, padding p, dilation d. It is a cross-correlation: the kernel is not flipped. With groups, each
    output channel sees its own group's input channels only (LeCun 1989; conventions as in PyTorch).

    In matrices, with K = C k^2 / groups + 1 and P positions: y (O, P) = [W b] (O, K) X (K, P), where X holds a window a
    column and a last row of ones. Then [dW db]^T = X dy^T and dX = W^T dy, whose entries are added to the pixels that
    they came from. Where the stride is 1, dx is a convolution of dy instead, which copies less; and 3 x 3 and 5 x 5
    kernels over many channels need fewer multiplications (engine/layers/filtering.py).
    """

    channels: int = Field(16, ge=1, le=65_536, description="number of output channels (filters)")
    kernel: int = Field(3, ge=1, le=1_024, description="height and width of a filter")
    stride: int = Field(1, ge=1, le=1_024, description="pixels from one window to the next")
    padding: int = Field(0, ge=0, le=1_024, description="zeros added on each side")
    dilation: int = Field(1, ge=1, le=1_024, description="pixels from one weight of a filter to the next")
    groups: int = Field(1, ge=1, le=65_536, description="parts of the channels that do not see each other")
    bias: bool = Field(True, description="whether a bias is added")
    init: Initializer | None = Field(None, description="how weights start; unset: what the activation behind wants")
    bias_init: AnyShape = Field(AnyShape.parse("zeros"), description="how biases start")

    def shape(self, *shapes: Shape) -> Shape:
        """(channels, H', W'). Raises ValueError where the kernel or the groups do not fit."""
        channels, height, width = image_shape(shapes[0])
        for count, name in ((channels, "input"), (self.channels, "output")):
            if count % self.groups:
                fitting = max(n for n in range(1, self.groups) if not channels % n and not self.channels % n)
                raise ValueError(
                    f"has groups = {self.groups}, which does not divide its {count} {name} channels (input shape "
                    f"{shapes[0]}); make groups {fitting}, or the channels a multiple of {self.groups}"
                )
        sizes = windows_over((channels, height, width), self.kernel, self.stride, self.padding, self.dilation)
        return (self.channels, *sizes)

    def parameters(self, *shapes: Shape, follower: Layer | None = None) -> tuple[ParameterSpec, ...]:
        """`weight`, drawn as the activation behind it wants, and `bias`."""
        inputs, area = shapes[0][0] // self.groups, self.kernel**2
        fan_in, fan_out = inputs * area, self.channels // self.groups * area
        init = self.init or Initializer.parse((follower or Layer).wanted_init)
        weight = ParameterSpec("weight", (self.channels, inputs, self.kernel, self.kernel), init, fan_in, fan_out)
        bias = ParameterSpec("bias", (self.channels,), self.bias_init, fan_in, fan_out)
        return (weight, bias) if self.bias else (weight,)

    def forward(self, do: Plan, at: Site) -> None:
        """y = [W b] X, a chunk of positions at a time; or by minimal filtering."""
        if filtering := self.filtering(len(at.x)):
            filtering(at, self.padding).forward(do)
            return
        x, weights, windows = at.x, self.whole_weights(do, at), self._windows()
        if self.padding:
            x = self._padded(at)
            _put_inside(do, at.x, x, self.padding)
        size = weights.shape[2]
        for half, parts in do.shares(chunks(at.y.shape, size)):
            columns = self.columns(half, at, max(chunk.positions for chunk in parts))
            for chunk in parts:
                X = columns[:, :, : chunk.positions]
                half(np.copyto, windows.unroll(X[:, : size - self.bias], chunk), windows.read(x, chunk))
                write_product(half, weights, X, chunk.of(at.y, self.groups))

    def backward(self, do: Plan, at: Site) -> None:
        """Both gradients, by the way that copies less."""
        if filtering := self.filtering(len(at.x)):
            way = filtering(at, self.padding)
            way.slopes.fill(do, at.dy)
            way.backward(do)
            return
        if at.dx is None or not self.turns(len(at.x)):
            self._backward_from_x(do, at)
            return
        dy = self.padded_dy(at)
        _put_inside(do, at.dy, dy, self.border)
        self.backward_from_dy(do, at, dy)

    def turns(self, inputs: int) -> bool:
        """Whether dx, of so many channels, is best had as a convolution of dy."""
        return self.stride == 1 and self.border >= 0 and self.channels <= 4 * inputs

    def filtering(self, inputs: int) -> type[Filtering] | None:
        """The form of minimal filtering that is the fastest way for so many channels, or None where there is none."""
        if (self.stride, self.dilation, self.groups) != (1, 1, 1) or self.padding >= self.kernel:
            return None
        channels = min(self.channels, inputs)
        if self.kernel == 3 and channels >= FEWEST_BOTH_WAYS:
            return Winograd
        return Rowwise if self.kernel in KERNELS and channels >= FEWEST_ROWWISE else None

    @property
    def border(self) -> int:
        """How many zeros dy needs on each side for dx to be a convolution of it."""
        return self.dilation * (self.kernel - 1) - self.padding

    def padded_dy(self, at: Site) -> Array:
        """Room for dy with its border of zeros, which stays zero."""
        channels, height, width, batch = at.y.shape
        return at.keep("dy", (channels, height + 2 * self.border, width + 2 * self.border, batch))

    def _backward_from_x(self, do: Plan, at: Site) -> None:
        """[dW db]^T = X dy^T, and dX = W^T dy, added up over the windows that share a pixel."""
        x, windows = self._padded(at) if self.padding else at.x, self._windows()
        W = at.weights["weight"].reshape(self.groups, self.channels // self.groups, -1).transpose(0, 2, 1)
        inner, size = W.shape[1], W.shape[1] + self.bias
        whole, totals = chunks(at.y.shape, size), []
        for half, parts in do.shares(whole):
            columns = self.columns(half, at, max(chunk.positions for chunk in parts))
            total, part = (at.scratch((self.groups, size, W.shape[2])) for _ in range(2))
            for chunk in parts:
                X, dy = columns[:, :, : chunk.positions], chunk.of(at.dy, self.groups)
                half(np.copyto, windows.unroll(X[:, :inner], chunk), windows.read(x, chunk))
                add_product(half, X, dy.transpose(0, 2, 1), total, part, chunk is parts[0])
            totals.append(total)
        self.write_gradients(do, at, totals)
        if at.dx is not None:
            do(at.dx.fill, 0)
            slopes = at.scratch((self.groups, inner, max(chunk.positions for chunk in whole)))
            for chunk in whole:
                dX = slopes[:, :, : chunk.positions]
                write_product(do, W, chunk.of(at.dy, self.groups), dX)
                for pixels, found in windows.overlaps(at.dx, windows.unroll(dX, chunk), chunk):
                    do(np.add, pixels, found, pixels)

    def write_gradients(self, do: Plan, at: Site, totals: list[Array]) -> None:
        """dW and db from their common transpose (groups, K, O / groups), a sum of one array a half."""
        total = add_up(do, totals)
        inner = at.weights["weight"][0].size
        do(np.copyto, at.grads["weight"].reshape(self.groups, -1, inner), total[:, :inner].transpose(0, 2, 1))
        if self.bias:
            do(np.copyto, at.grads["bias"].reshape(self.groups, -1), total[:, inner])

    def backward_from_dy(self, do: Plan, at: Site, dy: Array) -> None:
        """dx is a convolution too, of dy with the kernel turned by 180 degrees; its columns Y also give dW = Y x^T.

        `dy` comes with its border of zeros.
        """
        groups, k, dx = self.groups, self.kernel, at.dx
        assert dx is not None
        ins, outs = len(at.x) // groups, self.channels // groups
        size = outs * k * k
        turned = at.scratch((groups, ins, size))
        kernels = at.weights["weight"].reshape(groups, outs, ins, k, k)
        do(np.copyto, turned.reshape(groups, ins, outs, k, k), kernels.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1])
        windows = Windows(k, 1, 0, self.dilation, groups)
        totals = []
        for half, parts in do.shares(chunks(at.x.shape, size)):
            columns = at.scratch((groups, size, max(chunk.positions for chunk in parts)))
            total, part = (at.scratch((groups, size, ins)) for _ in range(2))
            for chunk in parts:
                Y = columns[:, :, : chunk.positions]
                half(np.copyto, windows.unroll(Y, chunk), windows.read(dy, chunk))
                write_product(half, turned, Y, chunk.of(dx, groups))
                add_product(half, Y, chunk.of(at.x, groups).transpose(0, 2, 1), total, part, chunk is parts[0])
            totals.append(total)
        found = add_up(do, totals).reshape(groups, outs, k, k, ins)[:, :, ::-1, ::-1].transpose(0, 1, 4, 2, 3)
        do(np.copyto, at.grads["weight"].reshape(groups, outs, ins, k, k), found)
        if self.bias:
            add_pixels(do, dy, at.grads["bias"])

    def whole_weights(self, do: Plan, at: Site) -> Array:
        """[W b] (groups, O / groups, K)."""
        W = at.weights["weight"].reshape(self.groups, self.channels // self.groups, -1)
        if not self.bias:
            return W
        whole = at.scratch((*W.shape[:2], W.shape[2] + 1))
        do(np.copyto, whole[:, :, :-1], W)
        do(np.copyto, whole[:, :, -1], at.weights["bias"].reshape(W.shape[:2]))
        return whole

    def columns(self, do: Plan, at: Site, positions: int) -> Array:
        """Room for the columns X of so many positions, (groups, K, P), with the row of ones."""
        columns = at.scratch((self.groups, at.weights["weight"][0].size + self.bias, positions))
        if self.bias:
            do(columns[:, -1].fill, 1)
        return columns

    def _windows(self) -> Windows:
        return Windows(self.kernel, self.stride, self.padding, self.dilation, self.groups)

    def _padded(self, at: Site) -> Array:
        """Room for x with its border of zeros, which stays zero."""
        channels, height, width, batch = at.x.shape
        return at.keep("padded", (channels, height + 2 * self.padding, width + 2 * self.padding, batch))


def _put_inside(do: Plan, images: Array, room: Array, border: int) -> None:
    """Copies images (C, H, W, N) into `room`, which has a border on each side."""
    _, height, width, _ = images.shape
    inside = room[:, border : border + height, border : border + width]
    for half, channels in do.each(pieces(images)):
        half(np.copyto, inside[channels], images[channels])


FEWEST_ROWWISE, FEWEST_BOTH_WAYS = 8, 64  # channels
