"""The record of the instruments: what they showed at the last batch of each epoch, as rows of two tables."""

from collections.abc import Mapping
from contextlib import suppress
from math import sqrt
from typing import Any

import numpy as np

from engine.probe import Probe

LAYER_COLUMNS = (
    "epoch", "step", "node", "type", "output_mean", "output_std", "dead", "saturated", "dy_rms", "weight_norm",
    "grad_norm", "update_ratio",
)  # fmt: skip
PARAMETER_COLUMNS = ("epoch", "step", "parameter", "norm", "grad_norm", "grad_rms", "grad_max", "update_ratio")
MOST = 1000  # epochs measured in passing; beyond, every second one is forgotten, and no other like it is kept

Cells = list[str]
Sizes = dict[str, float]


class Instruments:
    """By epoch: the rows of layers.csv and of parameters.csv. Epoch 0 measures the first batch and updates nothing.

    `gradients` are the steps so measured, in the order in which they were, with each node's gradient rms; it is another
    list as soon as something was forgotten. `untrained` are the first network's shares of saturated outputs, by node.
    """

    def __init__(self) -> None:
        self._probes: dict[int, Probe] = {}
        self._rows: dict[int, tuple[list[Cells], list[Cells]]] = {}  # written when they are first asked for
        self.gradients: list[tuple[int, Sizes]] = []
        self.untrained: Sizes = {}
        self._passing: list[int] = []
        self._apart = 1  # epochs between those that are kept of the ones measured in passing

    @property
    def layers(self) -> list[Cells]:
        """The rows of all nodes, in order of epochs."""
        self._write()
        return [row for epoch in sorted(self._rows) for row in self._rows[epoch][0]]

    @property
    def parameters(self) -> list[Cells]:
        """The rows of all parameters, in order of epochs."""
        self._write()
        return [row for epoch in sorted(self._rows) for row in self._rows[epoch][1]]

    def note(self, epoch: int, probe: Probe, asked: bool = True) -> None:
        """Takes in the instruments at an epoch's end. What nobody `asked` for is kept of some epochs only, evenly
        spread, so that memory stays bounded."""
        if epoch not in self._probes and epoch not in self._rows:
            if not asked and epoch % self._apart:
                return
            self._passing += [] if asked else [epoch]
            sizes = {stats.node: stats.grad_rms for stats in probe.nodes if stats.grad_rms is not None}
            self.gradients.append((probe.step, sizes))
        self._probes[epoch] = probe
        if not epoch:
            self.untrained = {stats.node: stats.saturated for stats in probe.nodes if stats.saturated is not None}
        if len(self._passing) > MOST:
            self._apart *= 2
            self.gradients = self.gradients[::2]
            self._forget([epoch for epoch in self._passing if epoch % self._apart])

    def truncate(self, step: int) -> None:
        """Forgets what was measured after `step`."""
        self._write()
        self._forget([epoch for epoch, (nodes, _) in self._rows.items() if nodes and int(nodes[0][1]) > step])
        self.gradients = [known for known in self.gradients if known[0] <= step]

    def restore(self, layers: list[Cells], parameters: list[Cells], counts: Mapping[str, int]) -> None:
        """Takes over the rows of the two tables, whose first two cells are whole numbers: epoch and step. `counts` are
        the nodes' numbers of parameters."""
        self._probes, self._rows, self._passing, self._apart = {}, {}, [], 1
        self.gradients = _gradients(layers, counts)
        self.untrained = _column([row for row in layers if row[0] == "0"], "saturated")
        for place, rows in enumerate((layers, parameters)):
            for row in rows:
                self._rows.setdefault(int(row[0]), ([], []))[place].append(row)

    def _write(self) -> None:
        for epoch, probe in self._probes.items():
            found = {"epoch": epoch, "step": probe.step}
            nodes = [[cell((found | vars(stats))[name]) for name in LAYER_COLUMNS] for stats in probe.nodes]
            parameters = [
                [cell((found | vars(stats))[name]) for name in PARAMETER_COLUMNS] for stats in probe.parameters
            ]
            self._rows[epoch] = nodes, parameters
        self._probes.clear()

    def _forget(self, epochs: list[int]) -> None:
        for epoch in epochs:
            self._probes.pop(epoch, None)
            self._rows.pop(epoch, None)
        gone = set(epochs)
        self._passing = [epoch for epoch in self._passing if epoch not in gone]


def _gradients(layers: list[Cells], counts: Mapping[str, int]) -> list[tuple[int, Sizes]]:
    found: dict[int, Sizes] = {}
    for row in layers:
        known = dict(zip(LAYER_COLUMNS, row, strict=True))
        with suppress(ValueError, KeyError):  # a node without parameters has an empty cell
            found.setdefault(int(row[1]), {})[known["node"]] = float(known["grad_norm"]) / sqrt(counts[known["node"]])
    return list(found.items())


def _column(rows: list[Cells], name: str) -> Sizes:
    """A column of layers.csv by node, where it has numbers."""
    found: Sizes = {}
    for row in rows:
        known = dict(zip(LAYER_COLUMNS, row, strict=True))
        with suppress(ValueError):  # a node for which it means nothing has an empty cell
            found[known["node"]] = float(known[name])
    return found


def cell(value: Any) -> str:
    """A value as a cell of a table: empty for None; numbers to the last bit."""
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, (float, np.floating)) else str(value)
