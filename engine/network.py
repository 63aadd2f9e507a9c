"""A built network: nodes, flat memory, and for each batch size the plans that run forward and backward."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from engine.cores import SecondCore
from engine.errors import BadInput
from engine.graph import INPUT, Node, NodeSpec, connect, learning
from engine.layers import Scratch, Shape, Site
from engine.layers.activations import Activation
from engine.layers.dense import Dense
from engine.layers.fused import Fused, fuse
from engine.losses import Loss, LossSite
from engine.memory import Array, Layout, Memory, zeros
from engine.plan import Call, Plan
from engine.rng import rng

KEPT_PASSES = 12


@dataclass
class Pass:
    """The arrays and plans of one batch size, for training or for inference (where `backward` is the loss alone).

    `inputs` (N, features) takes the samples, a row each, and `targets` (T, N) their answers; `outputs` and `gradients`
    hold y and dL/dy by node; `vitals` holds the loss and the squared norm of the gradient.
    """

    batch: int
    inputs: Array
    targets: Array
    outputs: dict[str, Array]
    gradients: dict[str, Array]
    sites: dict[str, Site]
    vitals: Array
    forward: Plan
    backward: Plan
    commit: Plan
    later: Plan

    def complete(self) -> None:
        """Fills the outputs and gradients inside fused nodes, at the present weights: run it before an update."""
        self.later.run()

    @property
    def y(self) -> Array:
        """The network's output (K, N): logits where the loss works from logits."""
        return next(reversed(self.outputs.values()))


class Network:
    """Nodes over flat vectors: `values` (parameters), `grads`, `buffers` (running statistics).

    A sample has `features` input values; `evaluation_batch` rows at a time are predicted. `drawing` tells whether
    layers draw random numbers by the `clock`, the number of the step.
    """

    def __init__(
        self,
        specs: Sequence[NodeSpec],
        shape: Shape,
        loss: Loss,
        target_rows: int,
        seed: int,
        dtype: DTypeLike = np.float32,
        core: SecondCore | None = None,
    ):
        """Builds the nodes for samples of `shape` and draws the first weights; `core` takes its half of `calls`.

        Raises BadInput where shapes or names do not fit.
        """
        self.nodes: tuple[Node, ...] = connect(specs, shape)
        self.shape, self.loss, self.target_rows, self.seed = shape, loss, target_rows, seed
        self.dtype: np.dtype = np.dtype(dtype)
        self.core = core
        self.memory: Memory = core.memory if core else zeros
        self.parameters, self.statistics = Layout(), Layout()
        for node in self.nodes:
            for spec in node.parameters:
                self.parameters.add(node.name, spec.name, spec.shape, spec.transposed)
            for name, (length, _) in node.layer.statistics(*node.shapes).items():
                self.statistics.add(node.name, name, length)
        self.values, self.grads = self.vector(), self.vector()
        self.buffers = self.memory(self.statistics.size, self.dtype)
        self.clock = self.memory((), np.int64)
        self.drawing = any(node.layer.draws for node in self.nodes)
        self.features = int(np.prod(shape))
        self.evaluation_batch = _evaluation_batch(max(int(np.prod(node.shape)) for node in self.nodes))
        self._learning = learning(self.nodes)
        self._pool = Scratch(self.memory)
        self._passes: OrderedDict[tuple[int, bool], Pass] = OrderedDict()
        self.initialize()

    def initialize(self) -> None:
        """Draws every parameter from its own stream, and sets running statistics to their first values."""
        for node in self.nodes:
            for spec in node.parameters:
                slot = self.parameters.slots[f"{node.name}.{spec.name}"]
                generator = rng(self.seed, "weights", slot.name)
                slot.view(self.values)[...] = spec.init.draw(generator, spec.shape, spec.fan_in, spec.fan_out)
            for name, (_, first) in node.layer.statistics(*node.shapes).items():
                self.statistics.slots[f"{node.name}.{name}"].view(self.buffers)[...] = first

    def vector(self) -> Array:
        """Zeros, one a parameter."""
        return self.memory(self.parameters.size, self.dtype)

    def run(self, batch: int, training: bool) -> Pass:
        """The pass for a batch size, made at its first use and kept while it is among the last few used."""
        key = (batch, training)
        if key not in self._passes:
            self._passes[key] = self._build(batch, training)
            if len(self._passes) > KEPT_PASSES:
                self._passes.popitem(last=False)
        self._passes.move_to_end(key)
        return self._passes[key]

    def calls(self, *plans: Plan) -> tuple[list[Call], ...]:
        """The calls of each plan, without what a second core does; they are good until `calls` is asked again."""
        return self.core.calls(*plans) if self.core else tuple(plan.calls for plan in plans)

    @np.errstate(all="ignore")
    def predict(self, x: Array) -> Array:
        """Outputs (rows, K) for inputs (rows, *shape), in inference mode: logits where the loss works from logits."""
        rows = np.asarray(x, self.dtype).reshape(len(x), self.features)
        parts = []
        for start in range(0, len(rows), self.evaluation_batch):
            part = rows[start : start + self.evaluation_batch]
            at = self.run(len(part), training=False)
            at.inputs[...] = part
            at.forward.run()
            parts.append(at.y.T.copy())
        return np.concatenate(parts) if parts else np.zeros((0, *self.nodes[-1].shape), self.dtype)

    def _build(self, batch: int, training: bool) -> Pass:
        whole = {INPUT: self._input(batch)}
        inputs, targets = whole[INPUT][:-1].T, self.memory((self.target_rows, batch), self.dtype)
        outputs = {INPUT: whole[INPUT][:-1].reshape(*self.shape, batch)}
        gradients: dict[str, Array] = {}
        readers = {
            name: sum(name in node.inputs for node in self.nodes) for name in (INPUT, *(n.name for n in self.nodes))
        }
        alike = self._alike(batch) if training else []
        for _, nodes, block in alike:
            block[...] = 1
            whole |= {node.name: block[part] for node, part in _rows(nodes)}
        for node in self.nodes:
            source = node.inputs[0]
            if node.layer.view:
                whole[node.name] = whole[source]
            elif node.name not in whole:
                whole[node.name] = self.memory((int(np.prod(node.shape)) + 1, batch), self.dtype)
                whole[node.name][-1] = 1
            outputs[node.name] = whole[node.name][:-1].reshape(*node.shape, batch)
            if training:
                shared = node.layer.view and source != INPUT and readers[source] == 1
                array = gradients[source] if shared else self.memory(outputs[node.name].shape, self.dtype)
                gradients[node.name] = array.reshape(*node.shape, batch)
        pool, sites = self._pool, dict[str, Site]()
        forward, backward, commit, later = (Plan(self.dtype) for _ in range(4))
        chains = self._chains(readers, training)
        inside = {name for chain in chains for name in chain}
        for node in self.nodes:
            sites[node.name] = site = self._site(node, training, whole, outputs, gradients, pool)
            do = later if node.name in inside else forward
            forward.label = later.label = node.name
            pool.release()
            try:
                node.layer.forward(do, site)
                for chain, fused in chains.items():
                    if chain[-1] == node.name:
                        pool.release()
                        fused.forward(forward, *(sites[name] for name in chain))
            except ValueError as error:
                raise BadInput(f"layers.{node.name} ({node.layer.name}) {error}") from None
        vitals = self.memory(2, self.dtype)
        del outputs[INPUT]
        made = Pass(batch, inputs, targets, outputs, gradients, sites, vitals, forward, backward, commit, later)
        pool.release()
        self._write_loss(made, pool)
        if training:
            for layer, nodes, block in alike:
                self._write_slopes(made, layer, nodes, block)
            self._write_backward(made, chains, pool)
        return made

    def _alike(self, batch: int) -> list[tuple[Activation, list[Node], Array]]:
        """Small nodes of one activation, with memory in which their outputs lie side by side: where calls cost more
        than numbers, their slopes are written down at once.
        """
        found = list[tuple[Activation, list[Node], Array]]()
        for layer in {repr(node.layer): node.layer for node in self.nodes}.values():
            if isinstance(layer, Activation) and layer.of_output:
                nodes = [node for node in self.nodes if node.layer == layer and node.inputs[0] in self._learning]
                size = sum(part.stop - part.start for _, part in _rows(nodes))
                if len(nodes) > 1 and size * batch <= TOGETHER:
                    found.append((layer, nodes, self.memory((size, batch), self.dtype)))
        return found

    def _chains(self, readers: dict[str, int], training: bool) -> dict[tuple[str, ...], Fused]:
        """Nodes that are computed as one, by their names."""
        found = dict[tuple[str, ...], Fused]()
        taken: set[str] = set()
        for length in (3, 2):
            for start in range(len(self.nodes) - length + 1):
                row = self.nodes[start : start + length]
                alone = all(after.inputs == (node.name,) and readers[node.name] == 1 for node, after in pairwise(row))
                asked = training and row[0].inputs[0] in self._learning
                fused = fuse([node.layer for node in row], row[0].shapes[0], asked) if alone else None
                if fused is not None and taken.isdisjoint(node.name for node in row):
                    found[tuple(node.name for node in row)] = fused
                    taken.update(node.name for node in row)
        return found

    def _input(self, batch: int) -> Array:
        """The input and a row of ones, (features + 1, N).

        In memory it is a sample a row where only dense layers read it, so that nothing has to be transposed, and
        feature-major as everything else where images stay images or a row is short.
        """
        views = {INPUT} | {node.name for node in self.nodes if node.layer.view}
        readers = [node for node in self.nodes if views.intersection(node.inputs) and not node.layer.view]
        if self.features >= NARROW and all(isinstance(node.layer, Dense) for node in readers):
            made = self.memory((batch, self.features + 1), self.dtype).T
        else:
            made = self.memory((self.features + 1, batch), self.dtype)
        made[...] = 1
        return made

    def _site(
        self, node: Node, training: bool,
        whole: dict[str, Array], outputs: dict[str, Array], gradients: dict[str, Array], pool: Scratch,
    ) -> Site:  # fmt: skip
        return Site(
            node=node.name, dtype=self.dtype, training=training,
            xs=tuple(outputs[source] for source in node.inputs), ones=tuple(whole[source] for source in node.inputs),
            y=outputs[node.name], dxs=(None,) * len(node.inputs), dy=gradients.get(node.name, outputs[node.name]),
            weights=self.parameters.views(node.name, self.values),
            grads=self.parameters.views(node.name, self.grads),
            buffers=self.statistics.views(node.name, self.buffers),
            block=self.parameters.block(node.name, self.values), dblock=self.parameters.block(node.name, self.grads),
            clock=self.clock, seed=self.seed, pool=pool,
        )  # fmt: skip

    def _write_loss(self, made: Pass, pool: Scratch) -> None:
        """The loss, and dL/dy of the last node; in inference nobody reads the latter."""
        z = made.y.reshape(-1, made.batch)
        last = made.gradients.get(self.nodes[-1].name)
        dz = self.memory(z.shape, self.dtype) if last is None else last.reshape(z.shape)
        made.backward.label = "loss"
        self.loss.forward(made.backward, LossSite(z, made.targets, made.vitals[0:1], dz, pool))

    def _write_slopes(self, made: Pass, layer: Activation, nodes: list[Node], block: Array) -> None:
        """dy/dx of nodes whose outputs lie side by side in `block`, in one pass over it."""
        slope = self.memory(block.shape, self.dtype)
        made.backward.label = nodes[-1].name
        layer.slope(made.backward, replace(made.sites[nodes[0].name], y=block), slope)
        for node, part in _rows(nodes):
            site = made.sites[node.name]
            site.slope = slope[part][:-1].reshape(site.y.shape)

    def _write_backward(self, made: Pass, chains: dict[tuple[str, ...], Fused], pool: Scratch) -> None:
        """Every node from last to first; the gradients of several readers of one output add up."""
        do = made.backward
        written: set[str] = set()
        first = {chain[0]: (chain, fused) for chain, fused in chains.items()}
        behind = {name for chain in chains for name in chain[1:]}
        for node in reversed(self.nodes):
            do.label = made.commit.label = made.later.label = node.name
            site = made.sites[node.name]
            pool.release()
            dxs: list[Array | None] = []
            for source in node.inputs:
                if source not in self._learning:
                    dxs.append(None)
                elif source in written:
                    dxs.append(self.memory(made.gradients[source].shape, self.dtype))
                else:
                    dxs.append(made.gradients[source])
                    written.add(source)
            site.dxs = tuple(dxs)
            if node.name in first:
                chain, fused = first[node.name]
                fused.backward(do, *(made.sites[name] for name in chain))
            else:
                node.layer.backward(made.later if node.name in behind else do, site)
            for source, dx in zip(node.inputs, dxs, strict=True):
                if dx is not None and dx is not made.gradients[source]:
                    do(np.add, made.gradients[source], dx, made.gradients[source])
            pool.release()
            node.layer.commit(made.commit, site)
        do.label = "norm"
        do(self.grads.dot, self.grads, made.vitals[1:2].reshape(()))


def _rows(nodes: Sequence[Node]) -> Iterator[tuple[Node, slice]]:
    """Each node's rows where outputs lie side by side, one of ones behind each."""
    start = 0
    for node in nodes:
        end = start + int(np.prod(node.shape)) + 1
        yield node, slice(start, end)
        start = end


def _evaluation_batch(widest: int) -> int:
    """Rows at a time where nothing is learned: as many as keep the largest output near the cache, and of small nets
    as many as make the calls count little.
    """
    return max(32, min(500, (1 << 20) // widest), min(10_000, (1 << 16) // widest))


TOGETHER = 8192  # floats, which fit the fastest cache
NARROW = 16  # features, below which a row of the input is too short to be copied as one
