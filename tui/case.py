"""What the findings look at, what they are told as, and what several of them ask of a run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from math import inf, isfinite, sqrt
from statistics import median

from engine import EpochRow, Experiment, Initializer, NodeStats, Probe

LEARNED = 0.1  # share of the loss by chance at which a task counts as learned


@dataclass(frozen=True)
class Sentence:
    """What is happening, and what to try. `kind` names the finding; `role` is a colour of the palette, and `brief` says
    the main thing where there is no room for more."""

    kind: str
    says: str
    advice: str = ""
    role: str = "good"
    brief: str = ""

    @property
    def glyph(self) -> str:
        """A sign that says without colour whether something is wrong."""
        return {"good": "✓", "warning": "!", "problem": "✗"}.get(self.role, "·")

    def __str__(self) -> str:
        return f"{self.says} {self.advice}".strip()


@dataclass(frozen=True)
class Case:
    """What the findings look at: a probe, the rows up to its step (the untrained network's and the last ones), the
    loss by chance, and of the untrained network each node's saturated share, where it has one."""

    probe: Probe
    experiment: Experiment
    rows: tuple[EpochRow, ...]
    chance: float
    untrained: Mapping[str, float] = field(default_factory=dict)

    @property
    def hidden(self) -> tuple[NodeStats, ...]:
        return self.probe.weighted[:-1]

    @property
    def inner(self) -> Iterator[NodeStats]:
        """The nodes before the last layer with weights; what comes after may well saturate."""
        last = self.probe.weighted[-1].node if self.probe.weighted else ""
        return takewhile(lambda stats: stats.node != last, self.probe.nodes)

    @property
    def passed(self) -> tuple[float, float] | None:
        """(share of the last hidden layer's gradient that the first gets, the same per layer); None below 3 layers."""
        hidden = self.hidden
        if len(hidden) < 3 or not hidden[-1].dy_rms or not isfinite(hidden[0].dy_rms):
            return None
        whole = hidden[0].dy_rms / hidden[-1].dy_rms
        return whole, whole ** (1 / (len(hidden) - 1))

    @property
    def update_ratio(self) -> float | None:
        """The median over the layers; None before the first step, and for a rule that knows no small steps."""
        ratios = [stats.update_ratio for stats in self.probe.weighted if stats.update_ratio is not None]
        return median(ratios) if ratios and takes_small_steps(self.experiment) else None

    @property
    def inits(self) -> list[Initializer]:
        """How the hidden layers' weights start, where that was chosen by hand."""
        model = self.experiment.model
        parts = [entry.layer for entry in self.experiment.layers] if model is None else [model]
        return [init for part in parts if (init := getattr(part, "init", None)) is not None]

    @property
    def dropout(self) -> float:
        """The largest share of units that a layer leaves out."""
        layers = [entry.layer for entry in self.experiment.layers if entry.layer.name == "dropout"]
        shares = [getattr(layer, "rate", 0.0) for layer in layers] + [getattr(self.experiment.model, "dropout", 0.0)]
        return float(max(shares))

    @property
    def gradient(self) -> float:
        """The norm of the whole gradient, without penalties and before clipping."""
        return sqrt(sum(stats.grad_norm**2 for stats in self.probe.parameters))

    @property
    def learned(self) -> bool:
        """Whether the training loss is a small part of what it is by chance."""
        return len(self.rows) > 1 and self.rows[-1].train_loss < LEARNED * self.chance


def takes_small_steps(experiment: Experiment) -> bool:
    """Whether the size of an update says something about the learning rate: the perceptron's rule adds or takes away a
    whole input for each mistake, and from weights of zero the rate scales weights and updates alike."""
    return experiment.optimizer.name != "perceptron"


def worth(row: EpochRow) -> float:
    """What the best epoch has least of. The untrained network is none, whatever its loss."""
    value, share = row.valid_loss, row.valid_accuracy
    return cost(*(row.train_loss, row.train_accuracy) if value is None else (value, share)) if row.epoch else inf


def cost(loss: float, accuracy: float | None) -> float:
    """A loss by which epochs are compared. No loss in spite of mistakes is no measure: a perceptron whose weights are
    all zero does not decide at all."""
    nothing = not loss and accuracy is not None and accuracy < 1
    return loss if isfinite(loss) and not nothing else inf
