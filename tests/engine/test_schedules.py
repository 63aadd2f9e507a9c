"""Schedules against PyTorch's schedulers step by step, and against hand values where PyTorch has none or fails."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.schedules import Schedule

EVERY = sorted(Schedule.registry)


def factors(value, total, count=None, per_epoch=1):
    return Schedule.parse(value, "schedule").factor(np.arange(total if count is None else count), total, per_epoch)


def torch_run(make, count, momentum=False):
    """The learning rates (and momenta) that PyTorch's scheduler gives to `count` steps at a rate of 1."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0, momentum=0.9)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for step in range(count):
        group = optimizer.param_groups[0]
        rates.append((group["lr"], group["momentum"]))
        optimizer.step()
        if step + 1 < count:
            scheduler.step()
    return np.array(rates)[:, 1 if momentum else 0]


T = 47
AGAINST_TORCH = {
    "constant": ("constant", lambda s, o: s.LambdaLR(o, lambda _: 1.0)),
    "step": ({"name": "step", "every": 9, "gamma": 0.3, "unit": "step"}, lambda s, o: s.StepLR(o, 9, 0.3)),
    "exponential": (
        {"name": "exponential", "gamma": 0.93, "unit": "step"},
        lambda s, o: s.ExponentialLR(o, 0.93),
    ),
    "linear": ({"name": "linear", "end": 0.1}, lambda s, o: s.LinearLR(o, 1.0, 0.1, T)),
    "cosine": ({"name": "cosine", "floor": 0.05}, lambda s, o: s.CosineAnnealingLR(o, T, 0.05)),
    "restarts": (
        {"name": "cosine", "cycle": 10, "unit": "step"},
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 10),
    ),
    "growing restarts": (
        {"name": "cosine", "cycle": 5, "growth": 3, "floor": 0.02, "unit": "step"},
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 3, 0.02),
    ),
    "one_cycle": ("one_cycle", lambda s, o: s.OneCycleLR(o, 1.0, T)),
    "one_cycle, other settings": (
        {"name": "one_cycle", "start_div": 10.0, "final_div": 100.0, "pct": 0.45},
        lambda s, o: s.OneCycleLR(o, 1.0, T, div_factor=10.0, final_div_factor=100.0, pct_start=0.45),
    ),
}


@pytest.mark.parametrize("case", AGAINST_TORCH)
def test_every_step_has_pytorchs_rate(case):
    value, make = AGAINST_TORCH[case]
    np.testing.assert_allclose(factors(value, T), torch_run(make, T), rtol=1e-12, atol=1e-14)


def test_one_cycle_moves_momentum_as_pytorch_does():
    value = {"name": "one_cycle", "pct": 0.4, "momentum_high": 0.97, "momentum_low": 0.8}
    theirs = torch_run(
        lambda s, o: s.OneCycleLR(o, 1.0, T, pct_start=0.4, base_momentum=0.8, max_momentum=0.97), T, momentum=True
    )
    np.testing.assert_allclose(Schedule.parse(value).momentum(np.arange(T), T), theirs, rtol=1e-12)


def test_warmup_then_cosine_is_a_ramp_then_pytorchs_cosine_over_the_rest():
    ours = factors({"name": "cosine", "warmup": 4}, T)
    np.testing.assert_allclose(ours[:4], [0.2, 0.4, 0.6, 0.8], rtol=1e-15)
    theirs = torch_run(lambda s, o: s.CosineAnnealingLR(o, T - 4), T - 4)
    np.testing.assert_allclose(ours[4:], theirs, rtol=1e-12, atol=1e-14)


def test_hand_values():
    assert (
        factors({"name": "step", "every": 2, "gamma": 0.5}, 12, per_epoch=2).tolist()
        == [1] * 4 + [0.5] * 4 + [0.25] * 4
    )
    np.testing.assert_allclose(
        factors({"name": "exponential", "gamma": 0.25}, 5, per_epoch=2), [1, 0.5, 0.25, 0.125, 0.0625]
    )
    np.testing.assert_allclose(factors("cosine", 4, 5), [1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0])
    np.testing.assert_allclose(factors({"name": "linear", "end": 0.5, "warmup": 1}, 5), [0.5, 1, 0.875, 0.75, 0.625])
    restarts = factors({"name": "cosine", "cycle": 2, "growth": 2}, 12, 13, per_epoch=2)
    assert np.flatnonzero(restarts == 1).tolist() == [0, 4]
    assert restarts[12] == 0
    one_cycle = factors({"name": "one_cycle", "pct": 0.5}, 10)
    assert one_cycle[0] == pytest.approx(1 / 25)
    assert one_cycle[4] == 1
    assert one_cycle[9] == pytest.approx(1 / 25e4)


@pytest.mark.parametrize(("total", "pct"), [(10, 0.1), (5, 0.1), (10, 0.0), (1, 0.3), (2, 0.5), (3, 1.0)])
def test_one_cycle_of_a_run_too_short_to_rise_begins_at_the_top(total, pct):
    values = factors({"name": "one_cycle", "pct": pct}, total)
    momentum = Schedule.parse({"name": "one_cycle", "pct": pct}).momentum(np.arange(total), total)
    assert np.isfinite(values).all()
    assert values.max() == 1
    assert momentum[values.argmax()] == 0.85
    if pct * total <= 1:
        assert values[0] == 1
        assert (np.diff(values) < 0).all()


def test_only_one_cycle_moves_momentum():
    moved = [name for name in EVERY if Schedule.parse(name).momentum(np.arange(3), 10) is not None]
    assert moved == ["one_cycle"]


schedules = st.one_of(
    st.fixed_dictionaries({"name": st.sampled_from(["constant", "plateau"])}),
    st.fixed_dictionaries({"name": st.just("linear"), "end": st.floats(0, 1)}),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["step", "exponential"]),
            "every": st.integers(1, 1_000_000_000),
            "gamma": st.floats(1e-9, 1),
            "unit": st.sampled_from(["step", "epoch"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "name": st.just("cosine"),
            "floor": st.floats(0, 1),
            "cycle": st.integers(0, 1_000_000_000) | st.integers(0, 5),
            "growth": st.integers(1, 1000) | st.integers(1, 3),
            "unit": st.sampled_from(["step", "epoch"]),
        }
    ),
    st.fixed_dictionaries({"name": st.just("one_cycle"), "pct": st.floats(0, 1), "start_div": st.floats(1, 1e9)}),
)


@hypothesis.settings(deadline=None)
@given(
    schedules,
    st.integers(0, 1_000_000_000) | st.integers(0, 20),
    st.integers(0, 1_000_000) | st.integers(0, 50),
    st.integers(1, 100_000) | st.just(1),
    st.lists(st.integers(0, 2_000_000) | st.integers(0, 60), max_size=12),
)
def test_factors_lie_between_0_and_1_and_do_not_depend_on_what_else_is_asked(table, warmup, total, per_epoch, steps):
    schedule = Schedule.parse({**table, "warmup": warmup})
    values = schedule.factor(np.array(steps, np.int64), total, per_epoch)
    assert values.shape == (len(steps),)
    assert values.dtype == np.float64
    assert ((values >= 0) & (values <= 1)).all()
    for step, value in zip(steps, values, strict=True):
        assert schedule.factor(step, total, per_epoch) == value
        if step >= max(total, warmup + 1):
            assert schedule.factor(step + 1, total, per_epoch) == value
        if step == 0:
            assert value > 0
    before = schedule.factor(np.arange(min(warmup, 50)), total, per_epoch)
    assert (np.diff(before) > 0).all()


def test_a_wrong_setting_is_named():
    with pytest.raises(BadInput, match=r"schedule\.name is 'cosin'.*did you mean 'cosine'"):
        Schedule.parse("cosin", "schedule")
    with pytest.raises(BadInput, match=r"schedule\.every is 0: must be at least 1"):
        Schedule.parse({"name": "step", "every": 0}, "schedule")
    with pytest.raises(BadInput, match=r"schedule\.warmup is -1"):
        Schedule.parse({"name": "linear", "warmup": -1}, "schedule")
