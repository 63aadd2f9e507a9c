"""A careful look at a network: a pass in inference mode whose gradients reach every node and the input itself.

Training leaves out what learns nothing: no gradient arrives at the input, and layers may be computed several at once.
Here every node has its own output and gradient, so it is slower, and nothing of the network is changed. Layers work in
their training form, which keeps what backward reads, but for those that would compute something else in it.
"""

import numpy as np

from engine.graph import INPUT, Node
from engine.layers import Scratch, Site
from engine.memory import Array
from engine.network import Network
from engine.plan import Plan


class Look:
    """The arrays of `batch` samples: `outputs` and `gradients` by node, and by INPUT those of the input.

    Images are (C, H, W, N), vectors (features, N). `forward` uses the network's present weights; `backward` starts from
    the gradient that it is given for one node.
    """

    def __init__(self, network: Network, batch: int) -> None:
        self.network, self.batch = network, batch
        self.outputs: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self._whole: dict[str, Array] = {}
        self._grads = np.zeros_like(network.grads)
        self._pool = Scratch()
        self._forward = Plan(network.dtype)
        self._backward: dict[str, Plan] = {}
        self._sites: dict[str, Site] = {}
        self._add(INPUT, network.shape)
        for node in network.nodes:
            if node.layer.view:
                self._whole[node.name] = self._whole[node.inputs[0]]
                self.outputs[node.name] = self._whole[node.name][:-1].reshape(*node.shape, batch)
                self.gradients[node.name] = np.zeros((*node.shape, batch), network.dtype)
            else:
                self._add(node.name, node.shape)
            self._sites[node.name] = self._site(node)
            self._pool.release()
            node.layer.forward(self._forward, self._sites[node.name])
            self._backward[node.name] = self._write_backward(node)

    @np.errstate(all="ignore")
    def forward(self, x: Array) -> Array:
        """Fills `outputs` for inputs x (N, *shape), and returns the last one, (K, N): logits before the link."""
        self.outputs[INPUT][...] = np.moveaxis(np.asarray(x, self.network.dtype), 0, -1)
        self._forward.run()
        return self.outputs[self.network.nodes[-1].name]

    @np.errstate(all="ignore")
    def backward(self, node: str, dy: Array) -> Array:
        """Fills `gradients` before and at `node`, given dL/dy there, and returns the input's; all others are zero."""
        for gradient in self.gradients.values():
            gradient.fill(0)
        self.gradients[node][...] = dy
        names = [one.name for one in self.network.nodes]
        for one in reversed(self.network.nodes[: names.index(node) + 1]):
            if not self.gradients[one.name].any():
                continue
            self._backward[one.name].run()
            for source, dx in zip(one.inputs, self._sites[one.name].dxs, strict=True):
                if dx is not None:
                    self.gradients[source] += dx
        return self.gradients[INPUT]

    def _add(self, name: str, shape: tuple[int, ...]) -> None:
        whole = np.ones((int(np.prod(shape)) + 1, self.batch), self.network.dtype)
        self._whole[name] = whole
        self.outputs[name] = whole[:-1].reshape(*shape, self.batch)
        self.gradients[name] = np.zeros_like(self.outputs[name])

    def _write_backward(self, node: Node) -> Plan:
        plan = Plan(self.network.dtype)
        self._pool.release()
        node.layer.backward(plan, self._sites[node.name])
        return plan

    def _site(self, node: Node) -> Site:
        network, parameters = self.network, self.network.parameters
        return Site(
            node=node.name, dtype=network.dtype, training=not node.layer.trains_otherwise,
            xs=tuple(self.outputs[source] for source in node.inputs),
            ones=tuple(self._whole[source] for source in node.inputs),
            y=self.outputs[node.name], dy=self.gradients[node.name],
            dxs=tuple(np.zeros_like(self.outputs[source]) for source in node.inputs),
            weights=parameters.views(node.name, network.values), grads=parameters.views(node.name, self._grads),
            buffers=network.statistics.views(node.name, network.buffers),
            block=parameters.block(node.name, network.values), dblock=parameters.block(node.name, self._grads),
            clock=network.clock, seed=network.seed, pool=self._pool,
        )  # fmt: skip
