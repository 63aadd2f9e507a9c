"""What a network sees: which inputs decide an answer, and what every layer makes of a sample or of many.

All of it reads the present weights and changes nothing. Pictures are in the layout of the interface: (C, H, W).
"""

from dataclasses import dataclass

import numpy as np

from engine.graph import INPUT, Node
from engine.look import Look
from engine.memory import Array
from engine.network import Network

OCCLUSIONS = 256  # pictures at a time


@dataclass(frozen=True, eq=False)
class Saliency:
    """`gradient` (*shape) is d score / d input; `strength` its size, for images the largest over the channels (H, W).

    `scores` (K,) are the network's outputs for the sample, before softmax or sigmoid, and `unit` is the one that was
    asked about.
    """

    gradient: Array
    strength: Array
    scores: Array
    unit: int


def saliency(network: Network, x: Array, unit: int | None = None) -> Saliency:
    """How much the score of an output changes with each input value (Simonyan et al. 2013, arXiv:1312.6034).

    x (*shape) is one input; `unit` the output, the largest one where it is None.
    """
    look = Look(network, 1)
    scores = look.forward(x[None])[:, 0].copy()
    unit = _strongest(scores) if unit is None else unit
    gradient = look.backward(network.nodes[-1].name, _one_hot(scores, unit))[..., 0].copy()
    size = np.abs(gradient)
    return Saliency(gradient, size.max(axis=0) if size.ndim == 3 else size, scores, unit)


def occlusion(network: Network, x: Array, unit: int | None = None, patch: int = 0, fill: float | None = None) -> Array:
    """How far a score falls where a gray square hides a part of the image, (H, W), above zero where it was needed
    (Zeiler & Fergus 2013, arXiv:1311.2901).

    x (C, H, W) is one input. The square has `patch` pixels on a side (0: a quarter of the image, at least 1), moves by
    half of that, and holds `fill` (None: the image's mean); each pixel gets the mean over the squares that cover it.
    """
    height, width = x.shape[1:]
    patch = min(patch or max(1, round(min(height, width) / 4)), height, width)
    step = max(1, patch // 2)
    tops, lefts = (sorted({*range(0, size - patch + 1, step), size - patch}) for size in (height, width))
    places = [(top, left) for top in tops for left in lefts]
    scores = network.predict(x[None])[0]
    unit = _strongest(scores) if unit is None else unit
    drop, count = np.zeros((height, width)), np.zeros((height, width))
    for start in range(0, len(places), OCCLUSIONS):
        some = places[start : start + OCCLUSIONS]
        hidden = np.repeat(x[None], len(some), axis=0)
        for image, (top, left) in zip(hidden, some, strict=True):
            image[:, top : top + patch, left : left + patch] = x.mean() if fill is None else fill
        falls = scores[unit] - network.predict(hidden)[:, unit]
        for (top, left), fall in zip(some, falls.tolist(), strict=True):
            drop[top : top + patch, left : left + patch] += fall
            count[top : top + patch, left : left + patch] += 1
    return np.asarray(drop / count)


@dataclass(frozen=True, eq=False)
class Activity:
    """What a node puts out for one sample, `outputs`, and d score / d outputs, `gradients`, both (*node.shape)."""

    node: Node
    outputs: Array
    gradients: Array
    scores: Array
    unit: int


def activity(network: Network, node: str, x: Array, unit: int | None = None) -> Activity:
    """Outputs and gradients of a node for one input x (*shape): feature maps where the node puts out images.

    Raises KeyError for a node that there is not.
    """
    found = {one.name: one for one in network.nodes}[node]
    look = Look(network, 1)
    scores = look.forward(x[None])[:, 0].copy()
    unit = _strongest(scores) if unit is None else unit
    look.backward(network.nodes[-1].name, _one_hot(scores, unit))
    outputs, gradients = look.outputs[node][..., 0].copy(), look.gradients[node][..., 0].copy()
    return Activity(found, outputs, gradients, scores, unit)


@np.errstate(all="ignore")
def outputs(network: Network, node: str, x: Array) -> Array:
    """What a node puts out for many inputs x (rows, *shape) in inference mode, (rows, *node.shape); at the last node
    logits where the loss works from logits, and for INPUT the inputs themselves.

    Raises KeyError for a node that there is not.
    """
    inputs = np.asarray(x, network.dtype).reshape(len(x), *network.shape)
    if node == INPUT:
        return inputs.copy()
    shape = {one.name: one.shape for one in network.nodes}[node]
    found = np.empty((len(inputs), *shape), network.dtype)
    for start in range(0, len(inputs), network.evaluation_batch):
        part = inputs[start : start + network.evaluation_batch]
        at = network.run(len(part), training=False)
        at.inputs[...] = part.reshape(len(part), network.features)
        at.forward.run()
        at.complete()
        found[start : start + len(part)] = np.moveaxis(at.outputs[node], -1, 0)
    return found


def filters(network: Network, node: str) -> Array | None:
    """A node's weights as pictures (units, channels, rows, columns), or None where they are none.

    A convolution has one a filter and input channel, (O, C / groups, k, k). A dense layer has one a unit if what it
    reads is an image, flattened, whose shape they then have.
    """
    nodes = {one.name: one for one in network.nodes}
    slot = network.parameters.slots.get(f"{node}.weight")
    if slot is None or node not in nodes:
        return None
    weights = slot.view(network.values)
    if weights.ndim == 4:
        return weights.copy()
    if weights.ndim != 2:
        return None
    source = _source(network, node)
    shape = network.shape if source == INPUT else nodes[source].shape
    if len(shape) != 3 or min(shape[1:]) < 2 or np.prod(shape) != weights.shape[1]:
        return None
    return weights.reshape(-1, *shape).copy()


def reads_input(network: Network, node: str) -> bool:
    """Whether a node reads the network's input, as it is or flattened."""
    return _source(network, node) == INPUT


def _source(network: Network, node: str) -> str:
    """Which node's numbers a node reads, seen through those that only reshape them."""
    nodes = {one.name: one for one in network.nodes}
    source = nodes[node].inputs[0]
    while source in nodes and nodes[source].layer.view:
        source = nodes[source].inputs[0]
    return source


def effective_field(network: Network, node: str, place: tuple[int, ...], x: Array) -> Array:
    """d y[place] / d input (*shape), for one unit of a node and one input x: what it listens to.

    It lies within the theoretical receptive field, and is usually much smaller (Luo et al. 2016, arXiv:1701.04128).
    """
    look = Look(network, 1)
    look.forward(x[None])
    dy = np.zeros_like(look.outputs[node])
    dy[(*place, 0)] = 1
    return look.backward(node, dy)[..., 0].copy()


def _strongest(scores: Array) -> int:
    return int(np.nanargmax(scores)) if np.isfinite(scores).any() else 0


def _one_hot(scores: Array, unit: int) -> Array:
    dy = np.zeros((*scores.shape, 1), scores.dtype)
    dy[unit] = 1
    return dy
