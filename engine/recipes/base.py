"""What a recipe is: a network in front of the output layer, from a few settings."""

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from engine.component import Component
from engine.graph import NodeSpec
from engine.layers import Layer, Shape

Units = Annotated[int, Field(ge=1, le=1_000_000)]


class Recipe(Component, kind="recipe"):
    """A way to build the layers in front of the output layer, whose node is named `output_name`."""

    output_name: ClassVar[str] = "output"

    @abstractmethod
    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """The nodes for samples of `shape`."""


def named(layers: list[Layer]) -> list[NodeSpec]:
    """Layers as a chain of nodes named by type and number: dense1, relu1, dense2 ..."""
    counts: dict[str, int] = {}
    specs = []
    for layer in layers:
        counts[layer.name] = counts.get(layer.name, 0) + 1
        specs.append(NodeSpec(f"{layer.name}{counts[layer.name]}", layer))
    return specs
