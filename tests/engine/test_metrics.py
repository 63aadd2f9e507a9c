"""Metrics against scikit-learn, against loops, and by hand."""

import json
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine import metrics

K = 5


def example(seed, rows=200, classes=K):
    """Labels, scores and predictions that lack some classes for some seeds."""
    random = np.random.default_rng(seed)
    present = random.permutation(classes)[: random.integers(1, classes + 1)]
    labels = random.choice(present, rows)
    scores = random.standard_normal((rows, classes)) + 2.0 * np.eye(classes)[labels]
    return labels, scores, np.where(random.random(rows) < 0.3, random.choice(present, rows), scores.argmax(axis=1))


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_classification_is_scikit_learns(seed):
    theirs = pytest.importorskip("sklearn.metrics")
    labels, scores, predicted = example(seed)
    every = list(range(K))
    for k in (1, 2, 3, K):
        ours = metrics.top_k_accuracy(labels, scores, k)
        if k < K:
            assert ours == pytest.approx(theirs.top_k_accuracy_score(labels, scores, k=k, labels=every))
        else:
            assert ours == 1.0
    report = metrics.class_report(labels, predicted, K)
    assert report.accuracy == pytest.approx(theirs.accuracy_score(labels, predicted))
    assert report.matrix.dtype == np.int64
    assert (report.matrix == theirs.confusion_matrix(labels, predicted, labels=every)).all()

    def scikit(average):
        return theirs.precision_recall_fscore_support(labels, predicted, labels=every, average=average, zero_division=0)

    *ours, support = report.precision, report.recall, report.f1, report.support
    np.testing.assert_allclose(ours, scikit(None)[:3], rtol=1e-14)
    assert (support == scikit(None)[3]).all()
    for average in ("macro", "weighted", "micro"):
        np.testing.assert_allclose(getattr(report, average), scikit(average)[:3], rtol=1e-14)


@hypothesis.settings(deadline=None)
@given(
    arrays(np.float64, (6, 4), elements=st.integers(0, 2).map(float)),
    arrays(np.int64, 6, elements=st.integers(0, 3)),
    st.integers(1, 6),
)
def test_top_k_takes_the_higher_class_first_where_scores_are_equal(scores, labels, k):
    hits = 0
    for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
        best = sorted(range(4), key=lambda c: (row[c], c), reverse=True)[:k]
        hits += label in best
    assert metrics.top_k_accuracy(labels, scores, k) == pytest.approx(hits / 6)


def test_a_report_by_hand():
    report = metrics.class_report(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0]), 4)
    assert report.matrix.tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert report.precision.tolist() == pytest.approx([2 / 3, 2 / 3, 0, 0])
    assert report.recall.tolist() == pytest.approx([2 / 3, 1, 0, 0])
    assert report.f1.tolist() == pytest.approx([2 / 3, 0.8, 0, 0])
    assert report.macro == pytest.approx((1 / 3, 5 / 12, 11 / 30))
    assert report.weighted == pytest.approx((5 / 9, 2 / 3, 0.6))
    assert report.micro == (report.accuracy,) * 3 == pytest.approx((2 / 3,) * 3)


def test_a_report_as_json():
    report = metrics.class_report(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    table = json.loads(json.dumps(report.table(("cat", "dog")), allow_nan=False))
    assert table["confusion_matrix"] == [[1, 0], [1, 1]]
    assert table["classes"][1] == {
        "class": "dog",
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "support": 2,
    }
    assert table["weighted"]["recall"] == table["accuracy"] == pytest.approx(2 / 3)
    assert [row["class"] for row in report.table()["classes"]] == ["0", "1"]


def test_no_rows_give_nan_where_there_is_a_mean_and_0_where_there_is_a_share():
    none = np.zeros(0, np.int64)
    assert math.isnan(metrics.top_k_accuracy(none, np.zeros((0, 3)), 2))
    assert math.isnan(metrics.mse(np.zeros((0, 1)), np.zeros((0, 1))))
    assert math.isnan(metrics.r2(np.zeros((1, 1)), np.zeros((1, 1))))
    assert math.isnan(metrics.calibration(none, np.zeros((0, 3))).error)
    report = metrics.class_report(none, none, 2)
    assert (report.accuracy, report.macro) == (0.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("targets", [1, 3])
def test_regression_is_scikit_learns(targets):
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(targets)
    t = random.standard_normal((80, targets)).astype(np.float32) * 10
    y = t + random.standard_normal((80, targets)).astype(np.float32)
    for ours, name in [
        (metrics.mse, "mean_squared_error"),
        (metrics.mae, "mean_absolute_error"),
        (metrics.r2, "r2_score"),
    ]:
        assert ours(t, y) == pytest.approx(getattr(theirs, name)(t.astype(float), y.astype(float)), rel=1e-12)
    assert metrics.rmse(t, y) == pytest.approx(math.sqrt(metrics.mse(t, y)))
    t[:, 0] = 2.0
    assert metrics.r2(t, y) == pytest.approx(theirs.r2_score(t.astype(float), y.astype(float)), rel=1e-12)
    y[:, 0] = 2.0
    assert metrics.r2(t, y) == pytest.approx(theirs.r2_score(t.astype(float), y.astype(float)), rel=1e-12)


def test_regression_by_hand():
    t, y = np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [4.0], [5.0]])
    assert metrics.mse(t, y) == pytest.approx(5 / 3)
    assert metrics.mae(t, y) == pytest.approx(1.0)
    assert metrics.r2(t, y) == pytest.approx(1 - 5 / 14)
    assert metrics.r2(t, np.full((3, 1), 3.0)) == pytest.approx(0.0)
    assert metrics.mse(t[:, 0], y) == pytest.approx(5 / 3)


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_calibration_is_that_of_a_loop_over_the_bins(bins):
    random = np.random.default_rng(bins)
    z = 2 * random.standard_normal((300, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = random.integers(0, 4, 300)
    ours = metrics.calibration(labels, p, bins)
    expected = 0.0
    for b in range(bins):
        inside = [
            (max(row), row.index(max(row)) == label)
            for row, label in zip(p.tolist(), labels.tolist(), strict=True)
            if b / bins < max(row) <= (b + 1) / bins
        ]
        assert ours.rows[b] == len(inside)
        confidence = sum(c for c, _ in inside) / len(inside) if inside else 0.0
        right = sum(r for _, r in inside) / len(inside) if inside else 0.0
        assert (ours.confidence[b], ours.accuracy[b]) == pytest.approx((confidence, right))
        expected += len(inside) / 300 * abs(right - confidence)
    assert ours.error == pytest.approx(expected)
    json.dumps(ours.table(), allow_nan=False)


def test_calibration_by_hand():
    sure_and_right = metrics.calibration(np.array([0, 1]), np.eye(2))
    assert (sure_and_right.error, sure_and_right.rows[-1]) == (0.0, 2)
    sure_and_wrong = metrics.calibration(np.array([1, 0]), np.eye(2))
    assert sure_and_wrong.error == 1.0
    four_of_five = metrics.calibration(np.array([0, 0, 0, 0, 1]), np.tile([0.8, 0.2], (5, 1)), bins=10)
    assert four_of_five.error == pytest.approx(0.0)
    assert four_of_five.rows.tolist() == [0] * 7 + [5, 0, 0]
    one_unit = metrics.calibration(np.array([1, 0]), np.array([[0.9], [0.4]]), bins=10)
    assert one_unit.rows.tolist() == [0] * 5 + [1, 0, 0, 1, 0]
    assert one_unit.error == pytest.approx((0.4 + 0.1) / 2)
