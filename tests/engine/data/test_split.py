"""Splits: disjoint, whole and repeatable, with limits, crosses and scaling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import CROSSES, SOURCES, DataSet, prepare
from engine.errors import BadInput


def rows_of(splits):
    """The rows of the training, validation and test split."""
    parts = (splits.train, splits.validation, splits.test)
    return [[] if split is None else [row.tobytes() for row in split.x] for split in parts]


@settings(deadline=None)
@given(
    st.integers(10, 200),
    st.sampled_from([0, 0.1, 0.25, 0.5]),
    st.sampled_from([0, 0.1, 0.3]),
    st.integers(0, 5),
    st.none() | st.integers(10, 100),
)
def test_splits_are_disjoint_whole_and_repeatable(samples, validation, test, seed, limit):
    fields = {"name": "sine", "samples": samples, "validation": validation, "test": test, "limit": limit}
    dataset = DataSet.parse({key: value for key, value in fields.items() if value is not None})
    train, validated, tested = rows_of(prepare(dataset.model_copy(update={"limit": None}), seed))
    everything = [row.tobytes() for row in dataset.load(seed).x]
    assert sorted(train + validated + tested) == sorted(everything)
    assert rows_of(prepare(dataset, seed)) == rows_of(prepare(dataset, seed)) == [train[:limit], validated, tested]
    assert len(tested) == pytest.approx(test * len(everything), abs=0.5)
    assert len(validated) == pytest.approx(validation * (len(everything) - len(tested)), abs=0.5)


def test_targets_stay_with_their_rows():
    splits = prepare(DataSet.parse({"name": "sine", "noise": 0, "test": 0.2}), 1)
    for part in (splits.train, splits.validation, splits.test):
        assert np.allclose(part.y, np.sin(part.x), atol=1e-6)


def test_rows_keep_their_order_within_a_split():
    splits = prepare(DataSet.parse({"name": "iris", "test": 0.3}), 0)
    for part in (splits.train, splits.validation, splits.test):
        assert (np.diff(part.y) >= 0).all()


def test_another_seed_holds_out_other_rows():
    held = [prepare(DataSet.parse({"name": "iris", "standardize": "none"}), seed).validation.x for seed in (0, 1)]
    assert not np.array_equal(*held)


def test_a_limit_takes_the_first_training_rows_and_cuts_nothing_that_is_held_out():
    table = {"name": "iris", "validation": 0.2, "test": 0.2, "standardize": "none"}
    whole, cut = prepare(DataSet.parse(table), 0), prepare(DataSet.parse({**table, "limit": 60}), 0)
    assert [len(whole.train), len(cut.train)] == [96, 60]
    assert np.array_equal(cut.train.x, whole.train.x[:60])
    assert np.array_equal(cut.train.y, whole.train.y[:60])
    assert np.array_equal(cut.validation.x, whole.validation.x)
    assert np.array_equal(cut.test.x, whole.test.x)
    assert len(prepare(DataSet.parse({**table, "limit": 1000}), 0).train) == 96


def test_a_limit_decides_what_the_scaling_is_fitted_on():
    splits = prepare(DataSet.parse({"name": "iris", "limit": 5, "standardize": "zscore"}), 0)
    assert np.allclose(splits.train.x.mean(axis=0), 0, atol=1e-5)
    assert np.abs(splits.validation.x.mean(axis=0)).max() > 1


def test_arrays_are_float32_contiguous_and_read_only():
    for name in sorted(set(DataSet.registry) - set(SOURCES) - {"csv", "image_folder"}):
        splits = prepare(DataSet.parse(name), 0)
        for part in filter(None, (splits.train, splits.validation, splits.test)):
            assert part.x.dtype == np.float32
            assert part.x.flags.c_contiguous
            assert not part.x.flags.writeable
            assert not part.y.flags.writeable
            assert part.x.shape[1:] == splits.shape
            assert part.y.dtype == (np.int64 if splits.classes else np.float32)
            assert part.y.shape == ((len(part),) if splits.classes else (len(part), len(splits.target_names)))
            assert np.isfinite(part.x).all()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"name": "gate", "validation": 0.1}, "data.validation is 0.1: of 4 rows that is none; set it to 0"),
        ({"name": "gate", "validation": 0.95}, "data.validation is 0.95: of 4 rows none is left to train on"),
        ({"name": "gate", "test": 0.9}, "data.test is 0.9: of 4 rows none is left"),
    ],
)
def test_a_split_without_rows_names_the_fix(table, words):
    with pytest.raises(BadInput) as error:
        prepare(DataSet.parse(table), 0)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"name": "iris", "validation": 1}, "data.validation is 1: must be less than 1"),
        ({"name": "iris", "limit": 0}, "data.limit is 0: must be at least 1"),
        ({"name": "circle", "noise": 81}, "data.noise is 81: must be at most 80"),
        ({"name": "circle", "features": []}, "name at least one of x1, x2"),
        ({"name": "circle", "features": ["x1", "x1"]}, "name every feature once"),
        ({"name": "circle", "features": ["x3"]}, "'x3'"),
        ({"name": "iris", "features": ["x1"]}, "data.features is not a setting of data 'iris'"),
        ({"name": "irs"}, "did you mean 'iris'?"),
    ],
)
def test_settings_are_checked_by_name(table, words):
    with pytest.raises(BadInput) as error:
        DataSet.parse(table, "data")
    assert words in str(error.value)


def test_crosses_are_their_formulas_in_the_order_asked_for():
    names = ["sin x2", "x1*x2", "x1", "x2^2", "x1^2", "x2", "sin x1"]
    assert set(names) == set(CROSSES)
    splits = prepare(DataSet.parse({"name": "circle", "features": names}), 0)
    a, b = splits.train.points.astype(np.float64).T
    expected = np.stack([np.sin(b), a * b, a, b**2, a**2, b, np.sin(a)], axis=1)
    assert np.allclose(splits.train.x, expected, atol=1e-5)
    assert splits.shape == (7,)
    assert splits.feature_names == tuple(names)


def test_inputs_maps_a_raw_grid_as_the_rows_were_mapped():
    splits = prepare(DataSet.parse({"name": "xor", "features": ["x1*x2", "x1"], "standardize": "zscore"}), 0)
    assert np.allclose(splits.train.x.mean(axis=0), 0, atol=1e-5)
    for part in (splits.train, splits.validation):
        assert np.array_equal(splits.inputs(part.points), part.x)
    assert splits.inputs(np.array([[2.0, 3.0]])).dtype == np.float32


def test_held_out_rows_share_the_memory_of_the_training_rows() -> None:
    splits = prepare(DataSet.parse({"name": "digits", "validation": 0.2, "test": 0.1, "standardize": "none"}), 0)
    bases = {id(part.x.base) for part in (splits.train, splits.validation, splits.test) if part is not None}
    assert len(bases) == 1
