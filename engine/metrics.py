"""Metrics: how good predictions are, from arrays with one row a sample.

Labels are int64 (rows,) from 0 to K - 1, scores (rows, K) any numbers that rank the classes, regression targets float
(rows, T). A share of nothing, such as the precision of a class that was never predicted, is 0.0, as with scikit-learn's
zero_division=0; a mean over no rows is nan. Nothing warns.
"""

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from engine.memory import Array

TENTHS = 10  # bins of confidence


def top_k_accuracy(labels: Array, scores: Array, k: int) -> float:
    """The share of rows, 0 to 1, whose label is among the k highest scores, k >= 1.

    Of equal scores the higher class comes first, as in scikit-learn. For k >= K it is 1.
    """
    highest = np.argsort(scores, axis=1, kind="stable")[:, -k:]
    return _mean((highest == labels[:, None]).any(axis=1))


def confusion_matrix(labels: Array, predicted: Array, classes: int) -> Array:
    """Counts, int64 (K, K): row is the true class, column the predicted one."""
    pairs = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True, eq=False)
class ClassReport:
    """Precision, recall and F1 of every class (K,), and their averages, all from a confusion matrix (K, K).

    `support` counts each class's rows. Each average is (precision, recall, F1): `macro` is the plain mean over the
    classes, `weighted` the mean by support, and `micro` counts every row alike and so equals accuracy three times.
    """

    matrix: Array
    precision: Array
    recall: Array
    f1: Array
    support: Array
    accuracy: float
    macro: tuple[float, float, float]
    weighted: tuple[float, float, float]
    micro: tuple[float, float, float]

    @classmethod
    def of(cls, matrix: Array) -> "ClassReport":
        """precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN)."""
        right, support, predicted = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
        scores = np.stack([_share(right, predicted), _share(right, support), _share(2 * right, support + predicted)])
        total = float(_share(right.sum(), support.sum()))
        return cls(
            matrix=matrix,
            precision=scores[0],
            recall=scores[1],
            f1=scores[2],
            support=support,
            accuracy=total,
            macro=_triple(scores.mean(axis=1)),
            weighted=_triple(scores @ _share(support, support.sum())),
            micro=(total, total, total),
        )

    def table(self, classes: tuple[str, ...] = ()) -> dict[str, Any]:
        """The report as JSON holds it; `classes` names the classes, which otherwise go by number."""
        names = classes or tuple(str(label) for label in range(len(self.matrix)))
        columns = zip(names, self.precision, self.recall, self.f1, self.support, strict=True)
        return {
            "accuracy": self.accuracy,
            "confusion_matrix": self.matrix.tolist(),
            "classes": [
                {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
                for name, p, r, f, n in columns
            ],
            **{
                name: dict(zip(("precision", "recall", "f1"), average, strict=True))
                for name, average in (("macro", self.macro), ("weighted", self.weighted), ("micro", self.micro))
            },
        }


def class_report(labels: Array, predicted: Array, classes: int) -> ClassReport:
    """Precision, recall and F1 of every class and averaged."""
    return ClassReport.of(confusion_matrix(labels, predicted, classes))


def confusions(matrix: Array) -> list[tuple[int, int, int]]:
    """(target, prediction, count) of what is confused in a confusion matrix (K, K), the most often first."""
    wrong = matrix - np.diag(np.diagonal(matrix))
    pairs = [divmod(place, len(matrix)) for place in np.argsort(-wrong, axis=None, kind="stable").tolist()]
    return [(row, column, int(wrong[row, column])) for row, column in pairs if wrong[row, column]]


def hardest_first(key: Array) -> Array:
    """Places in the order of a measure (rows,), the smallest first; what is no number leads, ties keep their order."""
    return np.argsort(np.where(np.isfinite(key), key, -np.inf), kind="stable")


def mse(targets: Array, predicted: Array) -> float:
    """Mean squared error over rows and targets, in squared units of the target."""
    return _mean(_errors(targets, predicted) ** 2)


def rmse(targets: Array, predicted: Array) -> float:
    """Root of the mean squared error over rows and targets, in units of the target."""
    return float(np.sqrt(mse(targets, predicted)))


def mae(targets: Array, predicted: Array) -> float:
    """Mean absolute error over rows and targets, in units of the target."""
    return _mean(np.abs(_errors(targets, predicted)))


def r2(targets: Array, predicted: Array) -> float:
    """1 - residual / total sum of squares, the plain mean over the targets: 1 is perfect, 0 is as good as the mean.

    As in scikit-learn, a target that never varies counts 1 where it is met exactly and 0 otherwise; nan for fewer than
    two rows.
    """
    if len(targets) < 2:
        return nan
    t = np.asarray(targets, np.float64).reshape(len(targets), -1)
    residual = (_errors(t, predicted) ** 2).sum(axis=0)
    total = ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    varies = total > 0
    return float(np.where(varies, 1 - residual / np.where(varies, total, 1.0), residual == 0).mean())


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether confidence means something: of the answers given with 80 % confidence, 80 % should be right.

    Guo et al. 2017 (arXiv:1706.04599). Bins of equal width (B,), cut at `edges` (B + 1,): `confidence` and `accuracy`
    are means over a bin's rows, 0.0 where it has none, and `rows` counts them. `error` is the expected calibration
    error, the mean of |accuracy - confidence| weighted by rows.
    """

    edges: Array
    confidence: Array
    accuracy: Array
    rows: Array
    error: float

    def table(self) -> dict[str, Any]:
        """The calibration as JSON holds it."""
        arrays = ("edges", "confidence", "accuracy", "rows")
        return {"error": self.error, **{name: getattr(self, name).tolist() for name in arrays}}


def calibration(labels: Array, probabilities: Array, bins: int = TENTHS) -> Calibration:
    """Reliability bins ((b - 1) / B, b / B] of the highest probability in each row of (rows, K), 1 <= b <= B.

    Where K is 1, the column is the probability of class 1, and the confidence that of the likelier class.
    """
    p = np.asarray(probabilities, np.float64)
    if p.shape[1] == 1:
        p = np.concatenate([1 - p, p], axis=1)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    rows = np.bincount(place, minlength=bins)
    sums = np.bincount(place, confidence, bins), np.bincount(place, right, bins)
    error = np.abs(sums[0] - sums[1]).sum() / len(p) if len(p) else nan
    return Calibration(edges, _share(sums[0], rows), _share(sums[1], rows), rows, float(error))


def _errors(targets: Array, predicted: Array) -> Array:
    return np.asarray(predicted, np.float64).reshape(np.shape(targets)) - targets


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else nan


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0)


def _triple(values: Array) -> tuple[float, float, float]:
    precision, recall, f1 = values.tolist()
    return precision, recall, f1
