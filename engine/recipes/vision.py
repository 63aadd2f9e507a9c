"""Recipes for networks that see: from LeNet to ResNet, and the autoencoder."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from engine.graph import INPUT, NodeSpec
from engine.layers import Layer, Shape
from engine.layers.activations import Activation, Relu
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.normalization import BatchNorm
from engine.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d
from engine.layers.structure import Add, Flatten
from engine.layers.upsample import PadChannels
from engine.recipes.base import Recipe, Units, named


class Cnn(Recipe, name="cnn"):
    """Blocks of convolutions that keep the size, each with max pooling behind it, then dense layers."""

    channels: tuple[Units, ...] = Field((16, 32), description="output channels of each block")
    convolutions: int = Field(1, ge=1, le=10, description="convolutions a block")
    kernel: int = Field(3, ge=1, le=31, description="height and width of a filter; odd")
    activation: Activation = Field(Activation.parse("relu"), description="function behind each layer")
    batch_norm: bool = Field(False, description="normalize each convolution's channels over the batch")
    hidden: tuple[Units, ...] = Field((128,), description="units of each dense layer behind the blocks")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of dense outputs left out in training")

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(f"must be odd, such as {kernel - 1} or {kernel + 1}, for images to keep their size")
        return kernel

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """Blocks of conv2d, batch_norm, activation and a max_pool2d; then flatten, dense, activation, dropout."""
        layers: list[Layer] = []
        for channels in self.channels:
            for _ in range(self.convolutions):
                layers += self._convolution(channels)
            layers.append(MaxPool2d(kernel=2))
        return named([*layers, Flatten(), *self._dense()])

    def _convolution(self, channels: int) -> list[Layer]:
        convolution = Conv2d(channels=channels, kernel=self.kernel, padding=self.kernel // 2, bias=not self.batch_norm)
        return [convolution, *([BatchNorm()] if self.batch_norm else []), self.activation]

    def _dense(self) -> list[Layer]:
        layers: list[Layer] = []
        for units in self.hidden:
            layers += [Dense(units=units), self.activation]
            if self.dropout:
                layers.append(Dropout(rate=self.dropout))
        return layers


class Vgg(Cnn, name="vgg"):
    """A small VGG (Simonyan & Zisserman 2014): pairs of 3 x 3 convolutions, twice the channels at half the size."""

    channels: tuple[Units, ...] = Field((32, 64, 128), description="output channels of each block")
    convolutions: int = Field(2, ge=1, le=10, description="convolutions a block")
    batch_norm: bool = Field(True, description="normalize each convolution's channels over the batch")
    hidden: tuple[Units, ...] = Field((128,), description="units of each dense layer behind the blocks")
    dropout: float = Field(0.3, ge=0, lt=1, description="share of dense outputs left out in training")


class LeNet(Recipe, name="lenet"):
    """LeNet-5 (LeCun 1998): two 5 x 5 convolutions with mean pooling, then 120 and 84 units; for 28 or 32 pixels."""

    activation: Activation = Field(Activation.parse("tanh"), description="function behind each layer")

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """conv 6, pool, conv 16, pool, dense 120, dense 84; 28 pixels are padded to 32, as in the paper."""
        padding = 2 if len(shape) == 3 and shape[1] < 32 else 0
        return named([
            Conv2d(channels=6, kernel=5, padding=padding), self.activation, AvgPool2d(kernel=2),
            Conv2d(channels=16, kernel=5), self.activation, AvgPool2d(kernel=2),
            Flatten(), Dense(units=120), self.activation, Dense(units=84), self.activation,
        ])  # fmt: skip


class ResNet(Recipe, name="resnet"):
    """The ResNet of the CIFAR experiments (He 2015): three stages of n blocks, 6 n + 2 layers with weights.

    A block is relu(bn(conv(relu(bn(conv x)))) + shortcut x). Without `residual` it is the plain network of that depth.
    """

    output_name: ClassVar[str] = "fc"
    blocks: int = Field(3, ge=1, le=200, description="n, blocks a stage")
    channels: int = Field(16, ge=1, le=1_024, description="output channels of the first stage, doubled in each next")
    stages: int = Field(3, ge=1, le=5, description="stages; the size is halved from one to the next")
    shortcut: Literal["identity", "projection"] = Field(
        "identity", description="where the shape changes: every other pixel and empty channels, or a 1x1 convolution"
    )
    residual: bool = Field(True, description="whether there are shortcuts at all")
    batch_norm: bool = Field(True, description="normalize each convolution's channels over the batch")

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """conv1, bn1, relu, layer1.0 ... layer3.n-1, avgpool; names as torchvision gives them."""
        specs = self._unit("conv1", "bn1", self.channels, 3, 1)
        specs.append(NodeSpec("relu", Relu()))
        width, last = self.channels, "relu"
        for stage in range(self.stages):
            for block in range(self.blocks):
                stride = 2 if stage and not block else 1
                specs += self._block(f"layer{stage + 1}.{block}", last, width, self.channels << stage, stride)
                width, last = self.channels << stage, specs[-1].name
        return [*specs, NodeSpec("avgpool", GlobalAvgPool())]

    def _unit(self, conv: str, norm: str, channels: int, kernel: int, stride: int, source: str = "") -> list[NodeSpec]:
        """A convolution that keeps the size (but for its stride) and its batch norm."""
        layer = Conv2d(channels=channels, kernel=kernel, stride=stride, padding=kernel // 2, bias=not self.batch_norm)
        spec = NodeSpec(conv, layer, (source,) if source else ())
        return [spec, NodeSpec(norm, BatchNorm())] if self.batch_norm else [spec]

    def _block(self, name: str, source: str, before: int, channels: int, stride: int) -> list[NodeSpec]:
        specs = self._unit(f"{name}.conv1", f"{name}.bn1", channels, 3, stride, source)
        specs.append(NodeSpec(f"{name}.relu1", Relu()))
        specs += self._unit(f"{name}.conv2", f"{name}.bn2", channels, 3, 1)
        if self.residual:
            end = specs[-1].name
            if stride != 1 or before != channels:
                specs += self._shortcut(name, source, channels, stride)
                source = specs[-1].name
            specs.append(NodeSpec(f"{name}.add", Add(), (end, source)))
        return [*specs, NodeSpec(f"{name}.relu2", Relu())]

    def _shortcut(self, name: str, source: str, channels: int, stride: int) -> list[NodeSpec]:
        if self.shortcut == "projection":
            return self._unit(f"{name}.downsample.0", f"{name}.downsample.1", channels, 1, stride, source)
        every_other = MaxPool2d(kernel=1, stride=stride)
        padded = NodeSpec(f"{name}.downsample.1", PadChannels(channels=channels))
        return [NodeSpec(f"{name}.downsample.0", every_other, (source,)), padded]


class ResNet18(ResNet, name="resnet18"):
    """The ResNet of 18 layers for images of 224 pixels (He 2015), its weights named as in torchvision.

    Stem: 7 x 7 convolution with stride 2, batch norm, relu, 3 x 3 max pooling with stride 2; then four stages of two
    blocks with 64 to 512 channels. With 1,000 classes: 11,689,512 parameters.
    """

    blocks: int = Field(2, ge=1, le=200, description="n, blocks a stage")
    channels: int = Field(64, ge=1, le=1_024, description="output channels of the first stage, doubled in each next")
    stages: int = Field(4, ge=1, le=5, description="stages; the size is halved from one to the next")
    shortcut: Literal["identity", "projection"] = Field(
        "projection",
        description="where the shape changes: every other pixel and empty channels, or a 1x1 convolution",
    )

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """The stem, then the stages as in every ResNet."""
        specs = super().nodes(shape)
        stem = Conv2d(channels=self.channels, kernel=7, stride=2, padding=3, bias=not self.batch_norm)
        after = next(number for number, spec in enumerate(specs) if spec.name == "relu") + 1
        pool = NodeSpec("maxpool", MaxPool2d(kernel=3, stride=2, padding=1))
        rest = [_reading(spec, "relu", "maxpool") for spec in specs[after:]]
        return [NodeSpec("conv1", stem, (INPUT,)), *specs[1:after], pool, *rest]


class Autoencoder(Recipe, name="autoencoder"):
    """Squeezes the inputs through a narrow code and builds them again; takes data.predict = "inputs" and loss mse.

    The encoder is dense, or convolutions of stride 2 with dense layers behind them; the decoder is its dense part,
    backwards, and the output layer.
    """

    convolutions: tuple[Units, ...] = Field((), description="output channels of each convolution; empty: dense alone")
    hidden: tuple[Units, ...] = Field((64,), description="units of each dense layer before the code, and behind it")
    code: int = Field(8, ge=1, le=100_000, description="units of the code")
    activation: Activation = Field(Activation.parse("relu"), description="function behind each layer but the code")

    def nodes(self, shape: Shape) -> list[NodeSpec]:
        """conv2d ..., dense ..., code, dense ... in reverse."""
        layers: list[Layer] = []
        for channels in self.convolutions:
            layers += [Conv2d(channels=channels, kernel=3, stride=2, padding=1), self.activation]
        if len(shape) > 1:
            layers.append(Flatten())
        for units in self.hidden:
            layers += [Dense(units=units), self.activation]
        before = named(layers)
        behind: list[NodeSpec] = []
        for number, units in enumerate(reversed(self.hidden), 1):
            behind.append(NodeSpec(f"decoder{number}", Dense(units=units)))
            behind.append(NodeSpec(f"decoder{number}_{self.activation.name}", self.activation))
        return [*before, NodeSpec("code", Dense(units=self.code)), *behind]


def _reading(spec: NodeSpec, old: str, new: str) -> NodeSpec:
    """The node with another input in place of `old`."""
    return NodeSpec(spec.name, spec.layer, tuple(new if name == old else name for name in spec.inputs))
