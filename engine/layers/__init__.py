"""The layers, one concept a file; importing the package registers them all."""

from engine.layers import activations, convolution, dense, dropout, normalization, pooling, structure, upsample
from engine.layers.base import Layer, ParameterSpec, Scratch, Shape, Site

__all__ = [
    "Layer", "ParameterSpec", "Scratch", "Shape", "Site",
    "activations", "convolution", "dense", "dropout", "normalization", "pooling", "structure", "upsample",
]  # fmt: skip
