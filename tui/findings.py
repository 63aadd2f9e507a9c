"""What can be found in a run: each finding is a sentence, and a pure function of the instruments.

Thresholds stand here as constants. The first finding that applies is told; they stand in the order in which one
explains the next.
"""

from collections.abc import Callable
from math import inf, isfinite
from statistics import fmean

from engine import EpochRow
from tui.case import Case, Sentence, cost, takes_small_steps, worth

UNSCALED = 3.0  # the first layer's output over the norm of its weights, which is at most the size of an input
VANISHING = 0.5  # a layer lets less than this share of the gradient through, and the first gets less than FAR
EXPLODING = 1.5  # a layer makes the gradient larger than this, and the first gets more than 1 / FAR
FAR = 1 / 100
HEALTHY = (1e-4, 1e-2)  # update ratio, |new w - w| / |w|, of a step
WILD = 0.1  # update ratio of a step that nothing survives
DEAD = 0.5  # a larger share of a layer's units puts out zero for the whole batch
SATURATED = 0.5  # share of a layer's outputs in the flat parts of its function
AT_FIRST = 0.25  # below this share, the first weights are not what has saturated a layer
FEW = 8  # rows; in a smaller batch a unit is silent by chance
OVERFIT = 1.1  # validation loss over its best so far
WORSE_FOR = 5  # epochs since that best, none of them near it
FLAT = 0.01  # relative gain of the training loss below which nothing is learned
FLAT_FOR = 5  # epochs
STRONG = (0.003, 0.03)  # an L1 and an L2 penalty that are large
DROPPED = 0.5  # a larger share of units left out is much
FADED = 0.1  # of its largest value, below which a learning rate has come to its schedule's end
GENERAL = 0.5  # of what training has gained on chance, the share that must hold in validation


def runaway(case: Case) -> Sentence:
    """That of a run that has diverged for no other reason that can be seen."""
    clipped = case.experiment.regularization.clip_norm
    tries = [_lower(case), *(["clip_norm = 1"] if not clipped else [])]
    says = "It has diverged: the loss grew past all bounds."
    return Sentence("diverged", says, f"Try {_either(tries)}.", "problem", "It has diverged.")


def _unscaled(case: Case) -> Sentence | None:
    first = next(iter(case.probe.weighted), None)
    if first is None or case.learned or case.experiment.data.standardize != "none":
        return None
    if not first.weight_norm or not UNSCALED < first.output_std / first.weight_norm < inf:
        return None
    if not takes_small_steps(case.experiment):
        return None
    size = _round(first.output_std)
    says = f"The inputs are not scaled: {first.node} puts out numbers around {size:,}, where 1 is usual."
    advice = "Set standardize to zscore, in the settings of the data."
    return Sentence("unscaled", says, advice, "warning", "Unscaled inputs!")


def _exploding(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] < EXPLODING or case.passed[0] < 1 / FAR:
        return None
    whole, each = case.passed
    first, last = case.hidden[0].node, case.hidden[-1].node
    says = f"The gradient explodes: {_times(each)} per layer, and {first} gets {_times(whole)} {last}'s."
    clipped = case.experiment.regularization.clip_norm
    tries = [*(["clip_norm = 1"] if not clipped else []), *_usual_init(case), "a lower rate"]
    return Sentence("exploding", says, f"Try {_either(tries)}.", "problem", "It explodes.")


def _growing(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] < EXPLODING or case.learned:
        return None
    whole, each = case.passed
    first, last = case.hidden[0].node, case.hidden[-1].node
    says = f"The gradient grows {_times(each)} per layer on its way back; {first} gets {_times(whole)} {last}'s."
    advice = f"Try {_either([*_usual_init(case), 'batch norm'])}."
    return Sentence("growing", says, advice, "warning", "The gradient grows.")


def _shrinking(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[0] > FAR or case.learned:
        return None
    whole, each = case.passed
    says = f"The gradient shrinks to {each:.2g} per layer: {_reached(case, whole)}."
    model, tries = case.experiment.model, [*_batch_norm(case), *_usual_init(case)]
    tries = [*(["shortcuts"] if not getattr(model, "residual", True) else []), *tries] or ["fewer layers"]
    return Sentence("shrinking", says, f"Try {_either(tries)}.", "warning", "The gradient shrinks.")


def _alike(case: Case) -> Sentence | None:
    alike = any(init.name in ("zeros", "constant") for init in case.inits)
    if not alike or not case.hidden or case.learned or case.dropout:
        return None
    says = "The weights of a hidden layer start at one value, so its units stay alike."
    return Sentence("alike", says, "Try another init, or leave it unset.", "problem", "Its units stay alike.")


def _without_slope(case: Case) -> Sentence | None:
    node = next((stats.node for stats in case.inner if stats.type == "step"), None)
    if node is None:
        return None
    says = f"{node} has no slope: no gradient gets through it, and the layers before it learn nothing."
    return Sentence("no slope", says, "Try another activation.", "problem", f"{node} has no slope.")


def _penalized(case: Case) -> Sentence | None:
    rules = case.experiment.regularization
    if (rules.l1 < STRONG[0] and rules.l2 < STRONG[1]) or case.learned or not _flat(case.rows, 1, 0.05):
        return None
    name = f"An L1 penalty of {plain(rules.l1)}" if rules.l1 >= STRONG[0] else f"An L2 penalty of {plain(rules.l2)}"
    says = f"{name} is strong: it holds the weights down, and the loss stands at {plain(case.rows[-1].train_loss, 3)}."
    return Sentence("penalized", says, "Try a smaller one.", "warning", f"{name} is strong.")


def _wild(case: Case) -> Sentence | None:
    ratio = case.update_ratio
    if ratio is None or ratio <= WILD:
        return None
    much = f"by {_percent(ratio)}" if isfinite(ratio) else "beyond all measure"
    size = " of their size" * isfinite(ratio)
    says = f"Each step changes the weights {much}{size}: the learning rate is far too high."
    return Sentence("rate too high", says, f"Try {_lower(case)}.", "problem", f"Steps change weights {much}.")


def _dead(case: Case) -> Sentence | None:
    worst = max(case.inner, key=lambda stats: stats.dead or 0.0, default=None)
    if worst is None or not worst.dead or worst.dead <= DEAD or 0 < case.experiment.batch_size < FEW:
        return None
    says = f"{_percent(worst.dead)} of the units of {worst.node} put out zero for the whole batch and learn nothing."
    cure = "less dropout" if _less_dropout(case) else _lower(case)
    advice = f"Try leaky_relu or {cure}."
    if worst.dead == 1:  # nothing brings back a layer that is dead as a whole
        advice = f"Start over with leaky_relu or {cure.replace('learning ', '')}."
    return Sentence("dead", says, advice, "warning", f"{worst.node}: {_percent(worst.dead)} dead.")


def _vanishing(case: Case) -> Sentence | None:
    if case.passed is None or case.passed[1] > VANISHING or case.passed[0] > FAR:
        return None
    whole, each = case.passed
    flat = any(stats.saturated is not None for stats in case.inner)
    tries = [*(["relu"] if flat else []), *_batch_norm(case)]
    tries += _usual_init(case) or ["fewer layers"] * (len(tries) < 2)
    says = f"The gradient vanishes: it shrinks to {each:.2g} per layer, and {_reached(case, whole)}."
    return Sentence("vanishing", says, f"Try {_either(tries)}.", "problem", "The gradient vanishes.")


def _saturated(case: Case) -> Sentence | None:
    worst = max(case.inner, key=lambda stats: stats.saturated or 0.0, default=None)
    if worst is None or not worst.saturated or worst.saturated < SATURATED or case.learned:
        return None
    much, first = _percent(worst.saturated), case.untrained.get(worst.node, 1.0)
    ratios, cures = [case.update_ratio or 0.0, *(row.update_ratio or 0.0 for row in case.rows)], ["batch norm", "relu"]
    says, more = f"{much} of the outputs of {worst.node} are in its flat parts", "where little is learned"
    if first >= AT_FIRST:
        cures.insert(0, "smaller first weights")
    elif max(ratios) > HEALTHY[1]:
        cures.insert(0, _lower(case))
        more = f"untrained {_percent(first)}"
    return Sentence("saturated", f"{says}, {more}.", f"Try {_either(cures)}.", "warning", f"{worst.node}: {much} flat.")


def _too_high(case: Case) -> Sentence | None:
    ratio, rows = case.update_ratio, case.rows
    if ratio is None or ratio <= HEALTHY[1] or len(rows) < 3 or rows[-1].train_loss <= rows[-2].train_loss:
        return None
    says = f"Each step changes the weights by {_percent(ratio)} (1 % is much), and the training loss has gone up."
    return Sentence(
        "rate too high", says, f"Try {_lower(case)}.", "warning", f"Steps change weights by {_percent(ratio)}."
    )


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
    return Sentence("overfitting", says, _to_general(case), "warning", "It overfits.")


def _generalizes_badly(case: Case) -> Sentence | None:
    if not case.rows:
        return None
    last = case.rows[-1]
    gained = case.chance - last.train_loss
    if last.valid_loss is None or not gained > GENERAL * case.chance:
        return None
    if not case.chance - last.valid_loss < GENERAL * gained:
        return None
    brief = "It generalizes badly"
    losses = f"training loss is {plain(last.train_loss)}, validation loss {plain(last.valid_loss)}"
    says = f"{brief}: {losses}, by chance {plain(case.chance)}."
    return Sentence("generalizes badly", says, _to_general(case), "warning", f"{brief}.")


def _to_general(case: Case) -> str:
    """What makes a network learn less of single samples and more of what they have in common."""
    tries = [
        *(["more data"] if case.experiment.data.limit else []),
        "more dropout" if case.dropout else "dropout",
        "more L2" if case.experiment.regularization.l2 else "an L2 penalty",
        *([] if case.experiment.early_stopping.patience else ["early stopping"]),
    ]
    return f"Try {_either(tries)}."


def _too_low(case: Case) -> Sentence | None:
    ratio = case.update_ratio
    if ratio is None or ratio >= HEALTHY[0] or case.learned or not _flat(case.rows, 1, 0.05):
        return None
    rules, size = case.experiment, case.gradient
    now, peak, clip = case.rows[-1].lr, max(row.lr for row in case.rows), rules.regularization.clip_norm
    if case.probe.step < rules.schedule.warmup:
        says = f"The warm-up has brought the rate to {now:.2g} of {rules.optimizer.lr:g}: steps are still small."
        return Sentence("warming up", says, "Wait, or try a shorter warmup.", "warning", "It warms up.")
    if rules.optimizer.name == "sgd" and 0 < clip < size and ratio * size / clip >= HEALTHY[0]:
        cut = _round(size / clip)
        says = f"clip_norm = {clip:g} cuts the gradient to 1/{cut:,}: a step is {ratio:.0e} of the weights' size."
        return Sentence("clipped", says, "Try a larger clip_norm.", "warning", f"Gradient cut to 1/{cut:,}.")
    if now < FADED * peak:
        says = f"The schedule has brought the learning rate down from {peak:.2g} to {now:.2g}."
        advice = "Try more epochs, or a schedule that falls less."
        return Sentence("rate faded", says, advice, "warning", f"The rate fell to {now:.2g}.")
    says = f"Each step changes the weights by only {ratio:.0e} of their size; 1e-3 is usual."
    advice = f"Try a learning rate above {plain(case.experiment.optimizer.lr)}."
    return Sentence("rate too low", says, advice, "warning", f"Steps are small: {ratio:.0e}.")


def _plateau(case: Case) -> Sentence | None:
    ruled = not takes_small_steps(case.experiment) and len(case.rows) > 2 * FLAT_FOR
    if case.learned or not (ruled or _flat(case.rows, FLAT_FOR, FLAT)):
        return None
    costs = [cost(row.train_loss, row.train_accuracy) for row in case.rows[1:]]
    if case.rows[-1].train_accuracy == 1 or min(costs[-FLAT_FOR:]) < min(costs[:-FLAT_FOR]) * (1 - FLAT):
        return None
    losses = [row.train_loss for row in case.rows[-FLAT_FOR:]]
    low, high = min(losses), max(losses)
    says = f"The training loss has stood at {plain(losses[-1], 3)} for {FLAT_FOR} epochs."
    if high - low > FLAT * high:
        found = "finds no rest" if ruled else "gets no better"
        says = f"Training loss {found}: {plain(low, 3)} to {plain(high, 3)} in {FLAT_FOR} epochs."
    tries = ["another learning rate", "a larger network", "another activation"] if case.hidden else ["a hidden layer"]
    advice = "A perceptron draws one straight line: try" if ruled and not case.hidden else "Try"
    advice = f"{advice} {_either(_less_dropout(case) or tries)}."
    return Sentence("plateau", says, advice, "warning", f"No better for {FLAT_FOR} epochs.")


def _healthy(case: Case) -> Sentence:
    ratio, flow = case.update_ratio, _flow(case)
    if case.probe.step and not takes_small_steps(case.experiment):
        says = "The perceptron's rule: each mistake adds or takes away its whole input. Without one nothing changes."
        return Sentence("healthy", says, brief="The perceptron's rule is at work.")
    if case.learned:
        split, loss = "training", case.rows[-1].train_loss
        if case.rows[-1].valid_loss is not None:
            split, loss = "validation", case.rows[-1].valid_loss
        says = f"It has learned: {split} loss is {plain(loss)}; by chance it is {plain(case.chance)}."
        advice = f"Each step still changes the weights by {_percent(ratio or 0.0)}: lower the rate."
        return Sentence("learned", says, advice if (ratio or 0.0) > HEALTHY[1] else "", brief="It has learned.")
    if ratio is None:
        return Sentence("healthy", f"{flow}.", "" if case.probe.step else "Nothing is learned yet.")
    percent = _percent(ratio)
    size = "a healthy" if HEALTHY[0] <= ratio <= HEALTHY[1] else "a small" if ratio < HEALTHY[0] else "a large"
    says = f"{flow}, and each step changes the weights by {size} {percent}."
    return Sentence("healthy", says, brief=f"Each step changes the weights by {size} {percent}.")


def _flow(case: Case) -> str:
    """How much of the gradient of the last hidden layer gets to the first; "keeps" is said of a healthy size alone."""
    if case.passed is None:
        lost = next((stats.node for stats in case.probe.weighted if not stats.dy_rms), None)
        return f"No gradient reaches {lost}" if lost else "The gradient reaches every layer"
    whole, each = case.passed
    share = f"{_percent(whole)} of" if whole < 1 else _times(whole)
    got = f"{case.hidden[0].node} gets {share} {case.hidden[-1].node}'s"
    if VANISHING <= whole <= EXPLODING:
        return f"The gradient keeps its size: {got}"
    if VANISHING <= each <= EXPLODING:
        return f"The gradient gets through: {got}"
    return f"The gradient {'shrinks' if whole < 1 else 'grows'}, but gets through: {got}"


FINDINGS: tuple[Callable[[Case], Sentence | None], ...] = (
    _unscaled, _exploding, _alike, _without_slope, _penalized, _wild, _dead, _vanishing, _saturated, _too_high,
    _overfitting, _generalizes_badly, _growing, _shrinking, _too_low, _plateau, _healthy,
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


def _batch_norm(case: Case) -> list[str]:
    return ["batch norm"] if all(stats.type != "batch_norm" for stats in case.probe.nodes) else []


def _reached(case: Case, whole: float) -> str:
    """How small a part of the last hidden layer's gradient the first one gets."""
    first, last = case.hidden[0].node, case.hidden[-1].node
    return f"{first} gets 1/{_round(1 / whole):,} of {last}'s" if whole else f"none reaches {first}"


def _less_dropout(case: Case) -> list[str]:
    return ["less dropout"] if case.dropout > DROPPED else []


def _lower(case: Case) -> str:
    return f"a learning rate below {plain(case.experiment.optimizer.lr)}"


def _percent(share: float) -> str:
    text = f"{100 * share:.2g}" if share < 1 else f"{100 * share:,.0f}" if share < 1e4 else f"{100 * share:.0e}"
    return f"{text} %"


def plain(value: float, digits: int = 2) -> str:
    """So many significant digits, and up to a billion without an exponent: "0.0012", "100", "260,000"."""
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < 1e9 else text


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{_round(ratio):,} times" if ratio < 1e9 else f"{ratio:.0e} times"


def _round(value: float) -> int:
    """Two significant digits."""
    return int(float(f"{value:.2g}"))


def _either(options: list[str]) -> str:
    """ "a, b or c"."""
    return " or ".join([", ".join(options[:-1]), options[-1]]) if len(options) > 1 else options[0]
