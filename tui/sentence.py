"""The sentence that says what is happening in a run, and what to try; and what an early end means."""

from bisect import bisect_right
from math import ceil

from engine import EpochRow, Experiment, History, Probe, Snapshot
from tui.case import Case, Sentence, worth
from tui.findings import CAUSES, FINDINGS, runaway

KEPT = 500  # epochs looked back at one by one; of those before, as many are looked at


def describe(
    probe: Probe | None,
    history: History | None,
    experiment: Experiment,
    best_step: int | None = None,
    diverged: bool = False,
) -> Sentence:
    """What is happening at the probe's step: one or two plain sentences.

    `best_step` is that of the best epoch where early stopping has ended the run, else None. `diverged` says that
    the run has, maybe long after the probe.
    """
    if probe is None or history is None:
        return Sentence("nothing", "Nothing is measured yet.", role="muted")
    if best_step is not None:
        return _stopped(history, experiment, best_step)
    count = bisect_right(history.rows, probe.step, key=lambda row: row.step)
    untrained = history.instruments.untrained
    case = Case(probe, experiment, tuple(_looked_at(history.rows, count)), history.chance, untrained)
    found = next(sentence for finding in FINDINGS if (sentence := finding(case)) is not None)
    return runaway(case) if diverged and found.kind not in CAUSES else found


def _looked_at(rows: list[EpochRow], count: int) -> list[EpochRow]:
    """Of the first `count` rows the untrained network's, the last, and of a longer record evenly spread ones and those
    around the best of them."""
    recent = max(1, count - KEPT)
    stride = max(1, ceil((recent - 1) / KEPT))
    places = range(1, recent, stride)
    if stride == 1:
        return rows[:count]
    best = min(places, key=lambda place: worth(rows[place]))
    before, behind = max(1, best - stride + 1), min(recent, best + stride)
    return rows[:1] + rows[1:before:stride] + rows[before:behind] + rows[behind:recent:stride] + rows[recent:count]


def _stopped(history: History, experiment: Experiment, best_step: int) -> Sentence:
    best, stopping = best_epoch(history, best_step), experiment.early_stopping
    waited = f"{stopping.patience} epoch{'s' * (stopping.patience != 1)}"
    says = f"Stopped early: {stopping.monitor} was best at epoch {best} and has not improved for {waited}."
    kept = f"The weights of epoch {best}" if stopping.restore_best else "The last epoch's weights"
    return Sentence("stopped early", says, f"{kept} are in use now.", brief=f"Best: epoch {best}.")


def best_epoch(history: History, best_step: int) -> int:
    """The epoch that ended with the best step."""
    return next((row.epoch for row in history.rows if row.step == best_step), 0)


def whose_weights(snapshot: Snapshot) -> int | None:
    """The epoch whose weights early stopping has put in the place of the last ones; None where the last are in use."""
    best, history = snapshot.best_step, snapshot.history
    if snapshot.activity != "stopped early" or best is None or history is None:
        return None
    return best_epoch(history, best) if snapshot.experiment.early_stopping.restore_best else None


def ending(snapshot: Snapshot) -> tuple[str, ...]:
    """What is to be known of a run that early stopping has ended, the longest words first; nothing of any other."""
    if snapshot.activity != "stopped early" or snapshot.best_step is None or snapshot.history is None:
        return ()
    best, monitor = best_epoch(snapshot.history, snapshot.best_step), snapshot.experiment.early_stopping.monitor
    if whose_weights(snapshot) is None:
        kept = "the last epoch's weights are in use now"
        return (
            f"Stopped early: {monitor} was best at epoch {best}, but {kept}, and in the data panel.",
            f"Best: epoch {best}; {kept}.",
        )
    kept = f"the weights of epoch {best} are in use now"
    return (
        f"Stopped early: {monitor} was best at epoch {best}, so {kept}: the data panel's numbers are theirs. "
        "A higher early_stopping.patience lets it go on.",
        f"Stopped early: {monitor} was best at epoch {best}, so {kept}, and in the data panel.",
        f"Stopped early: {kept}.",
    )
