"""Recipes without images in mind: the perceptron and the multi-layer perceptron."""

from pydantic import Field

from engine.graph import NodeSpec
from engine.initializers import AnyShape, Initializer
from engine.layers import Layer, Shape
from engine.layers.activations import Activation
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.normalization import BatchNorm
from engine.layers.structure import Flatten
from engine.recipes.base import Recipe, Units, named


class PerceptronRecipe(Recipe, name="perceptron"):
    """No hidden layer: the output layer sees the inputs, and its decision boundary is a straight line."""

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """Images are flattened; nothing else stands before the output."""
        return named([Flatten()] if len(shape) > 1 else [])


class Mlp(Recipe, name="mlp"):
    """A multi-layer perceptron: dense layers with an activation behind each."""

    hidden: tuple[Units, ...] = Field((32, 16), description="units of each hidden layer")
    activation: Activation = Field(Activation.parse("relu"), description="function behind each hidden layer")
    init: Initializer | None = Field(None, description="how weights start; unset: what the activation wants")
    bias_init: AnyShape = Field(AnyShape.parse("zeros"), description="how biases start")
    batch_norm: bool = Field(False, description="normalize each layer's pre-activations over the batch")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of hidden outputs left out in training")

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """dense, batch_norm, activation, dropout for each entry of `hidden`."""
        layers: list[Layer] = [Flatten()] if len(shape) > 1 else []
        for units in self.hidden:
            layers.append(Dense(units=units, init=self.init, bias_init=self.bias_init))
            if self.batch_norm:
                layers.append(BatchNorm())
            layers.append(self.activation)
            if self.dropout:
                layers.append(Dropout(rate=self.dropout))
        return named(layers)
