"""Initializers against closed forms, PyTorch's own, and what they are for: signals that survive thirty layers."""

import math

import numpy as np
import pytest

from engine.errors import BadInput
from engine.initializers import Initializer

ROWS, COLUMNS = 300, 500
EVERY = sorted(Initializer.registry)


def drawn(value, shape=(ROWS, COLUMNS), seed=0):
    fan_in, fan_out = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
    return Initializer.parse(value, "init").draw(np.random.default_rng(seed), shape, fan_in, fan_out)


@pytest.mark.parametrize("name", EVERY)
def test_a_draw_is_float64_of_the_shape_and_depends_on_the_generator_alone(name):
    for shape in [(7, 5), (4, 3, 2, 5), (6,)]:
        if name == "orthogonal" and len(shape) == 1:
            continue
        first = drawn(name, shape)
        assert (first.shape, first.dtype) == (shape, np.float64)
        assert np.isfinite(first).all()
        assert first.tobytes() == drawn(name, shape).tobytes()
        if name not in ("zeros", "constant"):
            assert (first != drawn(name, shape, seed=1)).any()


def test_zeros_and_constant():
    assert not drawn("zeros").any()
    assert (drawn({"name": "constant", "value": -0.3}) == -0.3).all()


def test_normal_and_uniform_have_the_moments_and_bounds_that_were_asked_for():
    normal = drawn({"name": "normal", "mean": 2.0, "std": 0.5})
    assert normal.mean() == pytest.approx(2.0, abs=0.007)
    assert normal.std() == pytest.approx(0.5, rel=0.01)
    uniform = drawn({"name": "uniform", "low": -1.0, "high": 3.0})
    assert -1.0 <= uniform.min() < -0.999
    assert 2.999 < uniform.max() < 3.0
    assert uniform.mean() == pytest.approx(1.0, abs=0.02)


SCALED = {
    "he": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
    "glorot": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    "lecun": lambda fan_in, fan_out: math.sqrt(1 / fan_in),
}


@pytest.mark.parametrize("gain", [None, 0.7])
@pytest.mark.parametrize("rule", SCALED)
def test_scaled_initializers_have_the_standard_deviation_of_their_papers(rule, gain):
    std = SCALED[rule](COLUMNS, ROWS)
    if gain is not None:
        std *= gain / (math.sqrt(2) if rule == "he" else 1)
    setting = {} if gain is None else {"gain": gain}
    normal, uniform = drawn({"name": f"{rule}_normal", **setting}), drawn({"name": f"{rule}_uniform", **setting})
    for values in (normal, uniform):
        assert values.std() == pytest.approx(std, rel=0.01)
        assert abs(values.mean()) < 4 * std / math.sqrt(values.size)
    assert np.mean(np.abs(normal) > 2 * std) == pytest.approx(0.0455, abs=0.003)
    bound = math.sqrt(3) * std
    assert 0.999 * bound < np.abs(uniform).max() <= bound


@pytest.mark.parametrize("name", ["kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform"])
def test_pytorchs_names_mean_the_same_here(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = torch.empty(64, 32, 3, 3, dtype=torch.float64)
    keywords = {"nonlinearity": "relu"} if name.startswith("kaiming") else {}
    getattr(torch.nn.init, f"{name}_")(theirs, **keywords)
    ours = drawn(name, (64, 32, 3, 3))
    assert ours.std() == pytest.approx(float(theirs.std()), rel=0.03)
    if name.endswith("uniform"):
        assert np.abs(ours).max() == pytest.approx(float(theirs.abs().max()), rel=0.001)


def test_an_alias_is_the_component_itself_and_is_not_listed():
    for alias, name in [("kaiming_normal", "he_normal"), ("xavier_uniform", "glorot_uniform")]:
        assert Initializer.parse(alias) == Initializer.parse(name)
        assert Initializer.parse({"name": alias, "gain": 2.0}).table() == {"name": name, "gain": 2.0}
        assert alias not in Initializer.registry


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 3, 2, 2), (20, 3, 2, 2)])
def test_orthogonal_rows_or_columns_are_at_right_angles(shape):
    w = drawn({"name": "orthogonal", "gain": 1.5}, shape).reshape(shape[0], -1)
    w = w if w.shape[0] <= w.shape[1] else w.T
    np.testing.assert_allclose(w @ w.T, 1.5**2 * np.eye(len(w)), atol=1e-12)


def test_orthogonal_prefers_no_direction():
    generator, orthogonal = np.random.default_rng(0), Initializer.parse("orthogonal")
    traces = np.array([np.trace(orthogonal.draw(generator, (4, 4), 4, 4)) for _ in range(3000)])
    assert traces.mean() == pytest.approx(0, abs=0.07)
    assert np.mean(traces**2) == pytest.approx(1, abs=0.1)


def rms_after_30_layers(init, function):
    h = np.random.default_rng(1).standard_normal((256, 200))
    for layer in range(30):
        h = function(drawn(init, (256, 256), seed=layer) @ h)
    return float(np.sqrt(np.mean(h**2)))


def relu(z):
    return np.maximum(z, 0)


def test_he_keeps_a_deep_relu_network_alive_and_lecun_does_not():
    assert 0.4 < rms_after_30_layers("he_normal", relu) < 1.6
    assert 0.4 < rms_after_30_layers("he_uniform", relu) < 1.6
    assert rms_after_30_layers("lecun_normal", relu) == pytest.approx(2**-15, rel=0.7)


def test_tanh_shrinks_at_gain_1_and_holds_at_its_own_gain():
    assert rms_after_30_layers("glorot_normal", np.tanh) == pytest.approx(0.13, abs=0.03)
    assert rms_after_30_layers({"name": "glorot_normal", "gain": 5 / 3}, np.tanh) == pytest.approx(0.65, abs=0.05)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("he_norml", ["init.name is 'he_norml'", "did you mean 'he_normal'?"]),
        ({"name": "kaiming_normal", "gian": 1.0}, ["init.gian", "did you mean 'gain'?"]),
        ({"name": "normal", "std": -1.0}, ["init.std is -1.0", "at least 0"]),
        ({"name": "he_normal", "gain": 0.0}, ["init.gain is 0.0", "greater than 0"]),
        ({"name": "uniform", "low": 1.0, "high": 1.0}, ["init is", "high must be above low"]),
        ({"gain": 1.0}, ["init.name is missing"]),
        ({"name": 3}, ["init.name is 3"]),
        (7, ["init is 7"]),
    ],
)
def test_a_wrong_value_gives_one_line_that_names_it(value, words):
    with pytest.raises(BadInput) as caught:
        Initializer.parse(value, "init")
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_orthogonal_refuses_a_bias_by_name():
    with pytest.raises(BadInput, match=r"orthogonal .* not for shape \(32,\); use zeros"):
        drawn("orthogonal", (32,))
