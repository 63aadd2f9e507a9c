"""What one unit can see: exactly the values of the input whose change can change it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.graph import INPUT, Node
from engine.layers import Layer, Shape
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.normalization import LayerNorm
from engine.layers.pooling import GlobalAvgPool, Pooling
from engine.layers.structure import Concat, Flatten
from engine.layers.upsample import PadChannels, Upsample

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """Rows top ... bottom - 1 and columns left ... right - 1 of an image."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True, eq=False)
class Reach:
    """The receptive field of one unit.

    `mask` (*shape of the input) is True where a change can change the unit. In an image, `box` is what just holds these
    pixels, None where there are none; `window` is what the unit would see of an image without a border, of which rows
    and columns outside the image are padding.
    """

    mask: Mask
    box: Box | None = None
    window: Box | None = None

    @property
    def padding(self) -> tuple[int, int]:
        """How many rows and columns of the window lie outside the image."""
        if self.window is None:
            return 0, 0
        one, (height, width) = self.window, self.mask.shape[-2:]
        rows = max(0, -one.top) + max(0, one.bottom - height)
        return rows, max(0, -one.left) + max(0, one.right - width)


def reach(nodes: Sequence[Node], shape: Shape, node: str, place: tuple[int, ...]) -> Reach:
    """The receptive field of the unit at `place` of a node, for inputs of `shape`, from the layers' geometry alone.

    Goes back from the unit: what a node's units see of the node before is what they read there, cut at its border.
    Raises KeyError for a node that there is not, IndexError for a place outside of it.
    """
    shapes = {INPUT: shape} | {one.name: one.shape for one in nodes}
    masks = {name: np.zeros(size, np.bool_) for name, size in shapes.items()}
    windows: dict[str, Box] = {}
    masks[node][place] = True
    if len(place) == 3:
        windows[node] = Box(place[1], place[1] + 1, place[2], place[2] + 1)
    for one in reversed(nodes):
        if not masks[one.name].any():
            continue
        for source, mask in zip(one.inputs, _read(one, masks[one.name]), strict=True):
            masks[source] |= mask
            found = _window(one.layer, windows.get(one.name), mask)
            if found is not None:
                windows[source] = _hull(windows.get(source, found), found)
    return Reach(masks[INPUT], _box(masks[INPUT]), windows.get(INPUT))


def _read(node: Node, mask: Mask) -> list[Mask]:
    """For each input of a node, what the units in `mask` read of it."""
    layer, shapes = node.layer, node.shapes
    if isinstance(layer, Conv2d):
        groups = _any(mask.reshape(layer.groups, -1, *mask.shape[1:]), 1)
        seen = _spread(groups, shapes[0], layer.kernel, layer.stride, layer.padding, layer.dilation)
        return [np.repeat(seen, shapes[0][0] // layer.groups, axis=0)]
    if isinstance(layer, Pooling):
        return [_spread(mask, shapes[0], layer.kernel, layer.step, layer.padding, 1)]
    if isinstance(layer, Upsample):
        channels, height, width = shapes[0]
        return [_any(mask.reshape(channels, height, layer.factor, width, layer.factor), 2, 4)]
    if isinstance(layer, GlobalAvgPool):
        return [np.broadcast_to(mask.reshape(-1, 1, 1), shapes[0])]
    if isinstance(layer, (Dense, LayerNorm)):
        return [np.ones(shapes[0], np.bool_)]
    if isinstance(layer, Flatten):
        return [mask.reshape(shapes[0])]
    if isinstance(layer, PadChannels):
        return [mask[: shapes[0][0]]]
    if isinstance(layer, Concat):
        return np.split(mask, np.cumsum([shape[0] for shape in shapes])[:-1])
    return [mask] * len(shapes)


def _spread(mask: Mask, shape: Shape, kernel: int, step: int, padding: int, dilation: int) -> Mask:
    """Every window of `mask` (C, H', W') on the image of `shape` that it slides over, in height, then in width."""
    seen = mask
    for axis in (1, 2):
        windows = np.moveaxis(seen, axis, -1)
        pixels = np.zeros((*windows.shape[:-1], shape[axis]), np.bool_)
        for tap in range(kernel):
            at = step * np.arange(windows.shape[-1]) - padding + dilation * tap
            within = (at >= 0) & (at < shape[axis])
            pixels[..., at[within]] |= windows[..., within]
        seen = np.moveaxis(pixels, -1, axis)
    return seen


def _any(mask: Mask, *axes: int) -> Mask:
    return np.asarray(mask.any(axes))


def _window(layer: Layer, window: Box | None, mask: Mask) -> Box | None:
    """What a window on a layer's images is on those that it reads; where there is none yet, what `mask` holds."""
    if window is None or isinstance(layer, GlobalAvgPool):
        return _box(mask)
    if isinstance(layer, Upsample):
        f = layer.factor
        return Box(window.top // f, (window.bottom - 1) // f + 1, window.left // f, (window.right - 1) // f + 1)
    if isinstance(layer, Conv2d):
        step, padding, more = layer.stride, layer.padding, layer.dilation * (layer.kernel - 1) + 1
    elif isinstance(layer, Pooling):
        step, padding, more = layer.step, layer.padding, layer.kernel
    else:
        return window
    top, left = (step * first - padding for first in (window.top, window.left))
    bottom, right = (step * (last - 1) - padding + more for last in (window.bottom, window.right))
    return Box(top, bottom, left, right)


def _hull(one: Box, other: Box) -> Box:
    return Box(
        min(one.top, other.top), max(one.bottom, other.bottom), min(one.left, other.left), max(one.right, other.right)
    )


def _box(mask: Mask) -> Box | None:
    """What just holds the pixels of an image's mask."""
    if mask.ndim != 3 or not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any((0, 2))), np.flatnonzero(mask.any((0, 1)))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
