"""Reduce on plateau against PyTorch's, epoch by epoch; early stopping against its rule in words and by hand."""

import json
import math

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.component import plain
from engine.errors import BadInput
from engine.monitors import EarlyStopping, PlateauState, StoppingState, early_stopping_next, plateau_next
from engine.schedules import Schedule

losses = st.lists(st.sampled_from([0.5, 0.9, 0.99995, 1.0, 1.00005, 2.0]) | st.floats(0, 10), max_size=40)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def course(settings, values):
    states = [PlateauState()]
    for value in values:
        states.append(plateau_next(settings, states[-1], value))
    return states[1:]


@hypothesis.settings(deadline=None)
@given(
    losses,
    st.integers(0, 5),
    st.integers(0, 4),
    st.sampled_from([0.0, 1e-4, 0.1]),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.sampled_from([0.0, 0.01, 0.3, 1.0]),
)
def test_the_factor_is_pytorchs_rate_after_every_epoch(torch, values, patience, cooldown, threshold, gamma, floor):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=gamma, patience=patience, threshold=threshold, cooldown=cooldown, min_lr=floor, eps=0
    )
    settings = Schedule.parse(
        {
            "name": "plateau",
            "gamma": gamma,
            "patience": patience,
            "cooldown": cooldown,
            "threshold": threshold,
            "floor": floor,
        }
    )
    for value, state in zip(values, course(settings, values), strict=True):
        theirs.step(value)
        assert state.factor == optimizer.param_groups[0]["lr"]
        assert (state.best, state.bad_epochs) == (theirs.best, theirs.num_bad_epochs)
        assert PlateauState.model_validate(json.loads(json.dumps(plain(state)))) == state


def test_plateau_by_hand():
    settings = Schedule.parse({"name": "plateau", "patience": 1, "cooldown": 2, "gamma": 0.5})
    factors = [state.factor for state in course(settings, [1.0, 1.0, 0.99995, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.6])]
    assert factors == [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]


def test_a_floor_above_the_present_factor_does_not_raise_it():
    settings = Schedule.parse({"name": "plateau", "patience": 0, "floor": 0.5})
    state = PlateauState(best=1.0, factor=0.2)
    assert plateau_next(settings, state, 1.0).factor == 0.2


def waits(settings, values):
    states = [StoppingState()]
    for value in values:
        states.append(early_stopping_next(settings, states[-1], value))
    return [state.wait for state in states[1:]], states[-1].best


@hypothesis.settings(deadline=None)
@given(losses.filter(bool))
def test_wait_counts_the_epochs_since_the_first_best_one(values):
    counted, best = waits(EarlyStopping(patience=3), values)
    assert counted == [epoch - values.index(min(values[: epoch + 1])) for epoch in range(len(values))]
    assert best == min(values)
    counted, best = waits(EarlyStopping(patience=3, monitor="valid_accuracy"), values)
    assert counted == [epoch - values.index(max(values[: epoch + 1])) for epoch in range(len(values))]
    assert best == max(values)


def test_an_improvement_must_be_larger_than_min_delta():
    assert waits(EarlyStopping(min_delta=0.25), [1.0, 0.75, 0.5, 0.75, 0.25]) == ([0, 1, 0, 1, 2], 0.5)
    accuracy = EarlyStopping(min_delta=0.25, monitor="valid_accuracy")
    assert waits(accuracy, [0.25, 0.5, 0.625, 0.75, 0.875]) == ([0, 1, 0, 1, 2], 0.625)


def test_patience_2_stops_after_two_epochs_without_improvement_as_keras_does():
    counted, _ = waits(EarlyStopping(patience=2), [1.0, 0.8, 0.9, 0.9])
    assert [wait >= 2 for wait in counted] == [False, False, False, True]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_no_improvement(value):
    stopping = early_stopping_next(EarlyStopping(), StoppingState(), value)
    assert (stopping.best, stopping.wait) == (None, 1)
    plateau = plateau_next(Schedule.parse("plateau"), PlateauState(best=1.0), value)
    assert (plateau.best, plateau.bad_epochs) == (1.0, 1)


@hypothesis.settings(deadline=None)
@given(st.none() | st.floats(-1e38, 1e38), st.integers(0, 1000))
def test_a_stopping_state_survives_json(best, wait):
    state = StoppingState(best=best, wait=wait)
    assert StoppingState.model_validate(json.loads(json.dumps(plain(state), allow_nan=False))) == state


def test_a_loss_is_a_measurement_and_may_be_larger_than_any_setting():
    assert early_stopping_next(EarlyStopping(), StoppingState(), 3e37).best == 3e37
    assert plateau_next(Schedule.parse("plateau"), PlateauState(), 3e37).best == 3e37


@pytest.mark.parametrize("table", [{"wait": -1}, {"wait": "many"}, {"best": math.nan}, {"waits": 1}])
def test_a_foreign_state_is_refused(table):
    with pytest.raises(ValidationError):
        StoppingState.model_validate(table)


def test_states_are_frozen():
    with pytest.raises(ValidationError):
        PlateauState().factor = 0.5


def test_a_wrong_setting_is_named():
    with pytest.raises(BadInput, match=r"schedule\.gamma is 1\.0: must be less than 1"):
        Schedule.parse({"name": "plateau", "gamma": 1.0}, "schedule")
    with pytest.raises(ValidationError):
        EarlyStopping(monitor="loss")
