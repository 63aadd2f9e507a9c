"""The dense layer: every unit sees every input."""

from pydantic import Field

from engine.initializers import AnyShape, Initializer
from engine.layers.base import Layer, ParameterSpec, Shape, Site
from engine.plan import Plan, product


class Dense(Layer, name="dense"):
    """y = W x + b.

    x (in, N), y (out, N); `weight` (out, in), `bias` (out). In memory the weight is stored as (in, out) with the bias
    as one row more, and x has a row of ones below it, so that one product adds the bias and another gives both
    gradients.
    """

    units: int = Field(32, ge=1, le=1_000_000, description="number of outputs")
    bias: bool = Field(True, description="whether a bias is added")
    init: Initializer | None = Field(None, description="how weights start; unset: what the activation behind wants")
    bias_init: AnyShape = Field(AnyShape.parse("zeros"), description="how biases start")

    def shape(self, *shapes: Shape) -> Shape:
        """(units,), from one vector a sample. Raises ValueError for images."""
        if len(shapes[0]) != 1:
            raise ValueError(f"takes one vector a sample and gets shape {shapes[0]}; put a flatten layer before it")
        return (self.units,)

    def parameters(self, *shapes: Shape, follower: Layer | None = None) -> tuple[ParameterSpec, ...]:
        """`weight`, drawn as the activation behind it wants, and `bias`."""
        fan_in, fan_out = shapes[0][0], self.units
        init = self.init or Initializer.parse((follower or Layer).wanted_init)
        weight = ParameterSpec("weight", (fan_out, fan_in), init, fan_in, fan_out, transposed=True)
        bias = ParameterSpec("bias", (fan_out,), self.bias_init, fan_in, fan_out)
        return (weight, bias) if self.bias else (weight,)

    def forward(self, do: Plan, at: Site) -> None:
        """y = [W b] [x; 1]."""
        x = at.ones[0] if self.bias else at.x
        product(do, at.block.reshape(-1, self.units).T, x, at.y, spare=at.scratch(at.y.shape))

    def backward(self, do: Plan, at: Site) -> None:
        """[dW db] = dy [x; 1]^T and dx = W^T dy."""
        x = at.ones[0] if self.bias else at.x
        dy = at.dy
        product(do, x, dy.T, at.dblock.reshape(-1, self.units), spare=at.scratch(dy.shape))
        if at.dx is not None:
            product(do, at.block.reshape(-1, self.units)[: at.x.shape[0]], dy, at.dx)
