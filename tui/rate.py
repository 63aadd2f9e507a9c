"""The learning rate that is told of a run: one number, wherever it stands."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import Experiment, History, Snapshot


def learning_rate(
    experiment: "Experiment", history: "History | None", step: int, steps_per_epoch: int, edited: bool
) -> float:
    """That of the last step; that of the next one where there was none yet, or where the plan was `edited` since. What
    is planned for the run's end holds behind it too."""
    if history is not None and 0 < step <= history.steps and not edited:
        return float(history.lrs[step - 1])
    per_epoch = max(1, steps_per_epoch)
    total = max(1, experiment.epochs * per_epoch)
    return float(experiment.optimizer.lr * experiment.schedule.factor(min(step, total - 1), total, per_epoch)[0])


def edited_here(snapshot: "Snapshot") -> bool:
    """Whether a setting was changed since the last step."""
    return any(edit.step == snapshot.step for edit in snapshot.edits)
