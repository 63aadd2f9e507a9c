"""Every component of every kind: defaults, tables, ranges, and the sentences of errors."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import KINDS, BadInput, Component, Layer, Optimizer, Setting

EVERY = [(kind, name) for kind in sorted(KINDS) for name in sorted(KINDS[kind].registry)]
SETTINGS = [(kind, name, setting) for kind, name in EVERY for setting in KINDS[kind].registry[name].settings()]
NEEDED = {"csv": {"path": "rows.csv", "target": "y"}, "image_folder": {"path": "images"}, "images": {"path": "images"}}


def table(kind, name, **changes):
    """The smallest table that names the component: what has no default is filled in."""
    fields = KINDS[kind].registry[name].model_fields
    needed = {field: value for field, value in NEEDED.get(name, {}).items() if fields[field].is_required()}
    return {KINDS[kind].key: name, **needed, **changes}


def ids(case):
    return "-".join(part if isinstance(part, str) else part.name for part in case).replace(" ", "_")


@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_defaults_are_valid_and_a_table_reads_back(case):
    kind, name = case
    component = KINDS[kind].parse(table(*case))
    assert isinstance(component, KINDS[kind].registry[name])
    whole = component.table()
    assert whole[component.key] == name
    assert KINDS[kind].parse(whole) == component
    assert KINDS[kind].parse(whole).table() == whole
    if len(table(*case)) == 1:
        assert KINDS[kind].parse(name) == component
    with pytest.raises(ValueError, match="frozen"):
        component.name_of_nothing = 1


@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_every_component_says_what_it_is(case):
    kind, name = case
    component = KINDS[kind].registry[name]
    assert component.summary().strip()
    assert component.name == name
    assert component.kind == kind
    for setting in component.settings():
        assert len(setting.meaning) > 3, f"{name}.{setting.name} has no description"
        assert "\n" not in setting.meaning
        assert setting.type in {"int", "float", "bool", "str", "choice", "list", "component"}
        assert setting.type != "choice" or setting.choices


def outside(setting):
    """Values that the setting must refuse."""
    if setting.type in ("int", "float"):
        for limit, is_open, sign in ((setting.low, setting.low_open, -1), (setting.high, setting.high_open, 1)):
            if limit is not None:
                yield limit + sign if setting.type == "int" else limit + sign * 1e-9 * max(1.0, abs(limit))
                yield sign * 1e300 if setting.type == "float" else sign * 10**12
                if is_open:
                    yield limit
        yield from ("many", [1], {"a": 1}, math.nan)
        if setting.type == "int":
            yield 1.5
    elif setting.type == "bool":
        yield from ("perhaps", 7, [])
    elif setting.type == "choice":
        yield from ("nonsense", 3, [])
    elif setting.type == "component":
        yield from ("nonsense", 3, {"lr": 1})
    elif setting.type == "list":
        yield from (7, {"a": 1}, [{"a": 1}])
    else:
        yield from ({}, [1])


@pytest.mark.parametrize("case", SETTINGS, ids=ids)
def test_a_value_outside_its_range_is_refused_in_one_line_that_names_place_and_value(case):
    kind, name, setting = case
    for value in outside(setting):
        with pytest.raises(BadInput) as refused:
            KINDS[kind].parse(table(kind, name, **{setting.name: value}), "here.there")
        sentence = str(refused.value)
        assert "\n" not in sentence
        assert sentence.startswith(f"here.there.{setting.name}"), sentence
        assert refused.value.exit_code == 2
        if not isinstance(value, (dict, list)):
            assert repr(value) in sentence or str(value) in sentence, sentence
        for part in ("function-", "pydantic", "ValidationError", "model_", "Input should"):
            assert part not in sentence, sentence


@pytest.mark.parametrize("case", SETTINGS, ids=ids)
def test_a_setting_s_default_lies_in_its_range(case):
    setting = case[2]
    if setting.type in ("int", "float") and setting.default is not None:
        value = setting.default
        assert setting.low is None or value > setting.low or (value == setting.low and not setting.low_open)
        assert setting.high is None or value < setting.high or (value == setting.high and not setting.high_open)
    if setting.type == "choice" and setting.default is not None:
        assert setting.default in setting.choices
    if setting.choices and setting.type != "list":
        assert setting.allowed().startswith("one of ")


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("optimizer", "addam", "optimizer.name is 'addam': no such optimizer; did you mean 'adam'?"),
        ("loss", {"name": "hing"}, "loss.name is 'hing': no such loss; did you mean 'hinge'?"),
        ("schedule", {"warmup": 3}, "schedule.name is missing: name the schedule"),
        ("layer", {"type": "dense", "unit": 3}, "layer.unit is not a setting of layer 'dense'; did you mean 'units'?"),
        ("optimizer", {"name": "adam", "lr": 0}, "optimizer.lr is 0: must be greater than 0"),
        ("optimizer", {"name": "adam", "beta1": 1}, "optimizer.beta1 is 1: must be less than 1"),
        ("layer", {"type": "dense", "init": {"name": "normal", "std": -1}}, "layer.init.std is -1: must be at least 0"),
        (
            "layer",
            {"type": "dense", "bias_init": "orthogonal"},
            "layer.bias_init.name is 'orthogonal': that initializer does not fit here; choose one of zeros, constant,",
        ),
        ("layer", {"type": "batch_norm", "weight_init": "orthogonal"}, "layer.weight_init.name is 'orthogonal': that"),
        ("recipe", {"name": "mlp", "activation": "dropout"}, "recipe.activation.type is 'dropout': that layer"),
        ("layer", {"type": "dense", "init": "he_norm"}, "layer.init.name is 'he_norm': no such initializer; did you"),
    ],
)
def test_sentences(kind, value, sentence):
    with pytest.raises(BadInput) as refused:
        KINDS[kind].parse(value, kind)
    assert str(refused.value).startswith(sentence)


def test_a_bad_name_far_from_all_others_lists_what_there_is():
    with pytest.raises(BadInput) as refused:
        Optimizer.parse("zzzzzz", "optimizer")
    for name in Optimizer.registry:
        assert name in str(refused.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_subnormal=False) | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_table_is_a_component_or_one_line(data):
    kind = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    name = data.draw(st.sampled_from(sorted(kind.registry)) | st.text(max_size=6))
    fields = kind.registry[name].model_fields if name in kind.registry else {"lr": None}
    own = st.dictionaries(st.sampled_from(sorted(fields) or ["x"]), ANYTHING, max_size=3)
    value = data.draw(ANYTHING | own.map(lambda found: {kind.key: name, **found}))
    try:
        made = kind.parse(value, "place")
    except BadInput as refused:
        error = refused
    else:
        assert isinstance(made, kind)
        assert kind.parse(made.table()) == made
        return
    assert str(error)
    assert "\n" not in str(error)


def test_a_name_is_registered_once():
    with pytest.raises(TypeError, match="twice"):
        type("Again", (Optimizer,), {"__module__": __name__}, name="adam")
    assert Optimizer.registry["adam"].__name__ == "Adam"


def test_a_component_of_the_wrong_kind_is_refused():
    with pytest.raises(BadInput, match="loss"):
        KINDS["loss"].parse(Optimizer.parse("adam"), "loss")
    with pytest.raises(BadInput, match="activation"):
        KINDS["recipe"].parse({"name": "mlp", "activation": "dense"}, "model")


def test_a_setting_tells_its_range_in_words():
    known = {setting.name: setting for setting in Layer.registry["dropout"].settings()}
    assert isinstance(known["rate"], Setting)
    assert known["rate"].allowed() == "0 <= x < 1"
    assert {setting.name: setting.allowed() for setting in Optimizer.registry["sgd"].settings()}["lr"] == "0 < x"
    assert issubclass(Layer, Component)
