"""What can be found in a run: each finding is a sentence, and a pure function of the instruments.

Thresholds stand here as constants. The first finding that applies is told; they stand in the order in which one
explains the next.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import inf, isfinite, sqrt
from statistics import fmean, median

from engine import EpochRow, Experiment, Initializer, NodeStats, Probe

UNSCALED = 3.0  # the first layer's output over the norm of its weights, which is at most the size of an input
VANISHING = 0.5  # a layer lets less than this share of the gradient through, and the first gets less than FAR
EXPLODING = 1.5  # a layer makes the gradient larger than this, and the first gets more than 1 / FAR
FAR = 1 / 100
HEALTHY = (1e-4, 1e-2)  # update ratio, |new w - w| / |w|, of a step
WILD = 0.1  # update ratio of a step that nothing survives
DEAD = 0.5  # a larger share of a layer's units puts out zero for the whole batch
SATURATED = 0.5  # share of a layer's outputs in the flat parts of its function
FEW = 8  # rows; in a smaller batch a unit is silent by chance
OVERFIT = 1.1  # validation loss over its best so far
WORSE_FOR = 5  # epochs since that best, none of them near it
FLAT = 0.01  # relative gain of the training loss below which nothing is learned
FLAT_FOR = 5  # epochs
STRONG = (0.003, 0.03)  # an L1 and an L2 penalty that are large
DROPPED = 0.5  # a larger share of units left out is much
FADED = 0.1  # of its largest value, below which a learning rate has come to its schedule's end
LEARNED = 0.1  # share of the untrained loss at which a task counts as learned


@dataclass(frozen=True)
class Sentence:
    """What is happening, and what to try. `kind` names the finding; `role` is a colour of the palette."""

    kind: str
    says: str
    advice: str = ""
    role: str = "good"

    @property
    def glyph(self) -> str:
        """A sign that says without colour whether something is wrong."""
        return {"good": "✓", "warning": "!", "problem": "✗"}.get(self.role, "·")

    def __str__(self) -> str:
        return f"{self.says} {self.advice}".strip()


@dataclass(frozen=True)
class Case:
    """What the findings look at: a probe, and the rows up to its step: the untrained network's and the last ones."""

    probe: Probe
    experiment: Experiment
    rows: tuple[EpochRow, ...]

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
        """Whether the training loss is a small part of the untrained network's."""
        return len(self.rows) > 1 and self.rows[-1].train_loss < LEARNED * self.rows[0].train_loss


def takes_small_steps(experiment: Experiment) -> bool:
    """Whether the size of an update says something about the learning rate: the perceptron's rule adds or takes away a
    whole input for each mistake, and from weights of zero the rate scales weights and updates alike."""
    return experiment.optimizer.name != "perceptron"


def worth(row: EpochRow) -> float:
    """What the best epoch has least of."""
    value = row.train_loss if row.valid_loss is None else row.valid_loss
    return value if isfinite(value) else inf


def runaway(case: Case) -> Sentence:
    """That of a run that has diverged for no other reason that can be seen."""
    clipped = case.experiment.regularization.clip_norm
    tries = [_lower(case), *(["clip_norm = 1"] if not clipped else [])]
    return Sentence("diverged", "It has diverged: the loss grew past all bounds.", f"Try {_either(tries)}.", "problem")


def _unscaled(case: Case) -> Sentence | None:
    first = next(iter(case.probe.weighted), None)
    learned = case.learned and case.rows[-1].train_loss < 0.5  # large inputs make the untrained loss large
    if first is None or learned or case.experiment.data.standardize != "none":
        return None
    if not first.weight_norm or not UNSCALED < first.output_std / first.weight_norm < inf:
        return None
    if not takes_small_steps(case.experiment):
        return None
    size = _round(first.output_std)
    says = f"The inputs are not scaled: {first.node} puts out numbers around {size:,}, where 1 is usual."
    return Sentence("unscaled", says, "Set standardize to zscore, in the settings of the data.", "warning")


def _exploding(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] < EXPLODING or case.passed[0] < 1 / FAR:
        return None
    whole, each = case.passed
    first, last = case.hidden[0].node, case.hidden[-1].node
    says = f"The gradient explodes: {_times(each)} per layer, and {first} gets {_times(whole)} {last}'s."
    clipped = case.experiment.regularization.clip_norm
    tries = [*(["clip_norm = 1"] if not clipped else []), *_usual_init(case), "a lower rate"]
    return Sentence("exploding", says, f"Try {_either(tries)}.", "problem")


def _growing(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] < EXPLODING or case.learned:
        return None
    whole, each = case.passed
    first, last = case.hidden[0].node, case.hidden[-1].node
    says = f"The gradient grows {_times(each)} per layer on its way back; {first} gets {_times(whole)} {last}'s."
    return Sentence("growing", says, f"Try {_either([*_usual_init(case), 'batch norm'])}.", "warning")


def _alike(case: Case) -> Sentence | None:
    learned = case.learned and case.rows[-1].train_loss < 0.5  # large weights make the untrained loss large
    alike = any(init.name in ("zeros", "constant") for init in case.inits)
    if not alike or not case.hidden or learned or case.dropout:
        return None
    says = "The weights of a hidden layer start at one value, so its units stay alike."
    return Sentence("alike", says, "Try another init, or leave it unset.", "problem")


def _without_slope(case: Case) -> Sentence | None:
    node = next((stats.node for stats in case.inner if stats.type == "step"), None)
    if node is None:
        return None
    says = f"{node} has no slope: no gradient gets through it, and the layers before it learn nothing."
    return Sentence("no slope", says, "Try another activation.", "problem")


def _penalized(case: Case) -> Sentence | None:
    rules = case.experiment.regularization
    if (rules.l1 < STRONG[0] and rules.l2 < STRONG[1]) or case.learned or not _flat(case.rows, 1, 0.05):
        return None
    name = f"An L1 penalty of {rules.l1:g}" if rules.l1 >= STRONG[0] else f"An L2 penalty of {rules.l2:g}"
    says = f"{name} is strong: it holds the weights down, and the loss stands at {case.rows[-1].train_loss:.3g}."
    return Sentence("penalized", says, "Try a smaller one.", "warning")


def _wild(case: Case) -> Sentence | None:
    ratio = case.update_ratio
    if ratio is None or ratio <= WILD:
        return None
    says = f"Each step changes the weights by {_percent(ratio)} of their size: the learning rate is far too high."
    return Sentence("rate too high", says, f"Try {_lower(case)}.", "problem")


def _dead(case: Case) -> Sentence | None:
    worst = max(case.inner, key=lambda stats: stats.dead or 0.0, default=None)
    if worst is None or not worst.dead or worst.dead <= DEAD or 0 < case.experiment.batch_size < FEW:
        return None
    says = f"{_percent(worst.dead)} of the units of {worst.node} put out zero for the whole batch and learn nothing."
    cure = "less dropout" if _less_dropout(case) else _lower(case)
    if worst.dead == 1:  # nothing brings back a layer that is dead as a whole
        return Sentence("dead", says, f"Start over with leaky_relu or {cure.replace('learning ', '')}.", "warning")
    return Sentence("dead", says, f"Try leaky_relu or {cure}.", "warning")


def _vanishing(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] > VANISHING or case.passed[0] > FAR:
        return None
    whole, each = case.passed
    first, last = case.hidden[0].node, case.hidden[-1].node
    reached = f"{first} gets 1/{_round(1 / whole):,} of {last}'s" if whole else f"none reaches {first}"
    types = {stats.type for stats in case.probe.nodes}
    flat = any(stats.saturated is not None for stats in case.inner)
    tries = [*(["relu"] if flat else []), *(["batch norm"] if "batch_norm" not in types else [])]
    tries += _usual_init(case) or ["fewer layers"] * (len(tries) < 2)
    says = f"The gradient vanishes: it shrinks to {each:.2g} per layer, and {reached}."
    return Sentence("vanishing", says, f"Try {_either(tries)}.", "problem")


def _saturated(case: Case) -> Sentence | None:
    worst = max(case.inner, key=lambda stats: stats.saturated or 0.0, default=None)
    if worst is None or not worst.saturated or worst.saturated < SATURATED or case.learned:
        return None
    says = f"{_percent(worst.saturated)} of the outputs of {worst.node} are in its flat parts, where little is learned."
    return Sentence("saturated", says, "Try smaller first weights, batch norm or relu.", "warning")


def _too_high(case: Case) -> Sentence | None:
    ratio, rows = case.update_ratio, case.rows
    if ratio is None or ratio <= HEALTHY[1] or len(rows) < 3 or rows[-1].train_loss <= rows[-2].train_loss:
        return None
    says = f"Each step changes the weights by {_percent(ratio)} (1 % is much), and the training loss has gone up."
    return Sentence("rate too high", says, f"Try {_lower(case)}.", "warning")


def _overfitting(case: Case) -> Sentence | None:
    rows = [row for row in case.rows if row.valid_loss is not None]
    if len(rows) <= WORSE_FOR:
        return None
    best = min(rows, key=worth)
    recent = rows[-WORSE_FOR:]
    if any((row.valid_loss or 0.0) < OVERFIT * (best.valid_loss or 0.0) for row in recent):
        return None
    if fmean(row.train_loss for row in recent) >= best.train_loss:
        return None
    says = f"It overfits: since epoch {best.epoch} validation loss rises while training loss falls."
    tries = [
        *(["more data"] if case.experiment.data.limit else []),
        "more dropout" if case.dropout else "dropout",
        "more L2" if case.experiment.regularization.l2 else "an L2 penalty",
        *([] if case.experiment.early_stopping.patience else ["early stopping"]),
    ]
    return Sentence("overfitting", says, f"Try {_either(tries)}.", "warning")


def _too_low(case: Case) -> Sentence | None:
    ratio = case.update_ratio
    if ratio is None or ratio >= HEALTHY[0] or case.learned or not _flat(case.rows, 1, 0.05):
        return None
    rules, size = case.experiment, case.gradient
    now, peak, clip = case.rows[-1].lr, max(row.lr for row in case.rows), rules.regularization.clip_norm
    if case.probe.step < rules.schedule.warmup:
        says = f"The warm-up has brought the rate to {now:.2g} of {rules.optimizer.lr:g}: steps are still small."
        return Sentence("warming up", says, "Wait, or try a shorter warmup.", "warning")
    if rules.optimizer.name == "sgd" and 0 < clip < size and ratio * size / clip >= HEALTHY[0]:
        cut = _round(size / clip)
        says = f"clip_norm = {clip:g} cuts the gradient to 1/{cut:,}: a step is {ratio:.0e} of the weights' size."
        return Sentence("clipped", says, "Try a larger clip_norm.", "warning")
    if now < FADED * peak:
        says = f"The schedule has brought the learning rate down from {peak:.2g} to {now:.2g}."
        return Sentence("rate faded", says, "Try more epochs, or a schedule that falls less.", "warning")
    says = f"Each step changes the weights by only {ratio:.0e} of their size; 1e-3 is usual."
    return Sentence("rate too low", says, f"Try a learning rate above {case.experiment.optimizer.lr:g}.", "warning")


def _plateau(case: Case) -> Sentence | None:
    if case.learned or not _flat(case.rows, FLAT_FOR, FLAT):
        return None
    says = f"The training loss has stood at {case.rows[-1].train_loss:.3g} for {FLAT_FOR} epochs."
    tries = ["another learning rate", "a larger network", "another activation"] if case.hidden else ["a hidden layer"]
    return Sentence("plateau", says, f"Try {_either(_less_dropout(case) or tries)}.", "warning")


def _healthy(case: Case) -> Sentence:
    each = case.passed[1] if case.passed else None
    flow = f"The gradient keeps its size (× {each:.2f} per layer)" if each else "The gradient reaches every layer"
    ratio = case.update_ratio
    if case.probe.step and not takes_small_steps(case.experiment):
        says = "The perceptron's rule: each mistake adds or takes away its input, so steps are as large as the weights;"
        return Sentence("healthy", f"{says} where there is none, nothing changes.")
    if ratio is None:
        return Sentence("healthy", f"{flow}.", "" if case.probe.step else "Nothing is learned yet.")
    if case.learned:
        says = f"It has learned: training loss is down to {case.rows[-1].train_loss:.2g}."
        if ratio <= HEALTHY[1]:
            return Sentence("learned", says)
        return Sentence("learned", says, f"Each step still changes the weights by {_percent(ratio)}: lower the rate.")
    size = "a healthy" if HEALTHY[0] <= ratio <= HEALTHY[1] else "a small" if ratio < HEALTHY[0] else "a large"
    return Sentence("healthy", f"{flow}, and each step changes the weights by {size} {_percent(ratio)}.")


FINDINGS: tuple[Callable[[Case], Sentence | None], ...] = (
    _unscaled, _exploding, _alike, _without_slope, _penalized, _wild, _dead, _vanishing, _saturated, _too_high,
    _overfitting, _growing, _too_low, _plateau, _healthy,
)  # fmt: skip
CAUSES = ("unscaled", "exploding", "rate too high")  # what a run may diverge of


def _flat(rows: tuple[EpochRow, ...], epochs: int, gain: float) -> bool:
    """Whether the training loss of so many epochs gained less than a share of what it was before."""
    if len(rows) <= 2 * epochs:
        return False
    before, now = (fmean(row.train_loss for row in part) for part in (rows[-2 * epochs : -epochs], rows[-epochs:]))
    return now > before * (1 - gain)


def _usual_init(case: Case) -> list[str]:
    """The init that keeps gradients in size, where another one was chosen by hand."""
    usual = "glorot" if any(stats.saturated is not None for stats in case.inner) else "he"
    odd = any(not init.name.startswith(usual) or init != type(init)() for init in case.inits)
    return [f"{usual} init"] if odd else []


def _less_dropout(case: Case) -> list[str]:
    return ["less dropout"] if case.dropout > DROPPED else []


def _lower(case: Case) -> str:
    return f"a learning rate below {case.experiment.optimizer.lr:.2g}"


def _percent(share: float) -> str:
    text = f"{100 * share:.2g}" if share < 1 else f"{100 * share:.0f}" if share < 1e4 else f"{100 * share:.0e}"
    return f"{text} %"


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{_round(ratio):,} times" if ratio < 1e9 else f"{ratio:.0e} times"


def _round(value: float) -> int:
    """Two significant digits."""
    return int(float(f"{value:.2g}"))


def _either(options: list[str]) -> str:
    """ "a, b or c"."""
    return " or ".join([", ".join(options[:-1]), options[-1]]) if len(options) > 1 else options[0]
