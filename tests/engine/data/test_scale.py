"""Scaling against its formulas, with constant and narrow features, fitted on the training split alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.data import DataSet, fit_scaler, prepare

ROWS = np.random.default_rng(0)


def test_zscore_of_a_table_is_per_feature():
    x = ROWS.normal([3, -200, 0.01], [1, 50, 0.001], (500, 3)).astype(np.float32)
    scaled = fit_scaler("zscore", x).transform(x)
    assert scaled.dtype == np.float32
    for column in range(3):
        raw = x[:, column].astype(np.float64)
        assert np.allclose(scaled[:, column], (raw - raw.mean()) / raw.std(), atol=1e-3)


def test_images_are_scaled_per_channel():
    x = ROWS.normal(size=(5000, 3, 4, 5)).astype(np.float32) * [[[1]], [[2]], [[3]]] + [[[5]], [[0]], [[-5]]]
    x = x.astype(np.float32)
    scaler = fit_scaler("zscore", x)
    assert scaler.shift.shape == (3, 1, 1)
    for channel in range(3):
        raw = x[:, channel].astype(np.float64)
        assert np.allclose(scaler.transform(x)[:, channel], (raw - raw.mean()) / raw.std(), atol=1e-4)


def test_unit_maps_to_zero_and_one():
    x = ROWS.uniform(-7, 30, (200, 2)).astype(np.float32)
    scaled = fit_scaler("unit", x).transform(x)
    assert np.allclose(scaled.min(axis=0), 0, atol=1e-6)
    assert np.allclose(scaled.max(axis=0), 1, atol=1e-6)


def test_none_gives_the_very_rows():
    x = np.ones((3, 2), np.float32)
    assert fit_scaler("none", x).transform(x) is x


@pytest.mark.parametrize("method", ["unit", "zscore"])
@pytest.mark.parametrize("value", [0.0, 0.1, -3e7, 1e-42])
def test_a_constant_feature_becomes_zero(method, value):
    x = np.full((7, 2), value, np.float32)
    x[:, 1] = np.arange(7)
    scaled = fit_scaler(method, x).transform(x)
    assert np.array_equal(scaled[:, 0], np.zeros(7))
    assert np.isfinite(scaled).all()
    assert scaled[:, 1].max() > 0.9


@pytest.mark.parametrize("method", ["unit", "zscore"])
def test_a_feature_too_narrow_to_divide_by_stays_finite(method):
    x = np.array([[1e-42], [0], [2e-42]], np.float32)
    assert np.abs(fit_scaler(method, x).transform(x)).max() < 1e-40


@pytest.mark.parametrize("method", ["none", "unit", "zscore"])
@settings(deadline=None)
@given(arrays(np.float32, (6, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_inverse_undoes_transform(method, x):
    scaler = fit_scaler(method, x)
    assert np.isfinite(scaler.transform(x)).all()
    assert np.allclose(scaler.inverse(scaler.transform(x)), x, rtol=1e-4, atol=2e-6 * np.abs(x).max())


@pytest.mark.parametrize("method", ["unit", "zscore"])
def test_the_scaler_knows_the_training_split_alone(method):
    splits = prepare(DataSet.parse({"name": "wine", "standardize": method, "validation": 0.5, "test": 0.2}), 0)
    raw = prepare(DataSet.parse({"name": "wine", "standardize": "none", "validation": 0.5, "test": 0.2}), 0)
    train = raw.train.x.astype(np.float64)
    shift = train.min(axis=0) if method == "unit" else train.mean(axis=0)
    width = np.ptp(train, axis=0) if method == "unit" else train.std(axis=0)
    for part in ("train", "validation", "test"):
        expected = (getattr(raw, part).x - shift) / width
        assert np.allclose(getattr(splits, part).x, expected, atol=1e-4)
    assert np.allclose(splits.scaler.inverse(splits.validation.x), raw.validation.x, rtol=1e-4, atol=1e-4)
