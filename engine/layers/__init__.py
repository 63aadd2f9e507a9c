"""The layers, one concept a file; importing the package registers them all.

How a convolution is computed is spread over several: columns cut its positions into chunks and multiply; unrolled does
that in the order of the pooling behind; filtering needs fewer multiplications where the stride is 1, along rows
(rowwise) or both ways (winograd), on images laid out as tiles. fused puts convolution, relu and pooling together.
"""

from engine.layers import activations, convolution, dense, dropout, normalization, pooling, structure, upsample
from engine.layers.base import Layer, ParameterSpec, Scratch, Shape, Site

__all__ = [
    "Layer", "ParameterSpec", "Scratch", "Shape", "Site",
    "activations", "convolution", "dense", "dropout", "normalization", "pooling", "structure", "upsample",
]  # fmt: skip
