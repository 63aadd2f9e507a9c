"""Experiments as TOML, dotted changes, and the errors of files that a person wrote."""

import tomllib
from datetime import date

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import KINDS, BadInput, Experiment, Layer, Trainer, load_experiment, parse_experiment, parse_value, presets


@pytest.mark.parametrize("name", presets())
def test_presets_are_valid_and_their_tables_read_back(name):
    experiment = load_experiment(name)
    table = experiment.table()
    assert parse_experiment(table) == experiment
    again = tomllib.loads(tomli_w.dumps(table))
    assert parse_experiment(again) == experiment
    assert experiment.title
    assert experiment.notes
    for section in ("data", "optimizer", "loss", "schedule", "regularization", "early_stopping", "output"):
        assert section in table


def test_a_change_may_be_text_where_a_file_may_not(tmp_path):
    file = tmp_path / "quoted.toml"
    file.write_text('[optimizer]\nname = "sgd"\nlr = "0.5"\n')
    with pytest.raises(BadInput, match="in quotes"):
        load_experiment(file)
    assert load_experiment("digits", {"optimizer.lr": "0.5", "seed": "3"}).optimizer.lr == 0.5


@pytest.mark.parametrize("name", [name for name in presets() if name not in ("xor-mlp", "xor-perceptron")])
def test_presets_hold_out_rows_so_that_there_is_a_validation_curve(name):
    """All but those of four rows."""
    assert load_experiment(name).data.validation >= 0.05


def test_the_default_is_digits():
    assert presets()[0] == "digits"
    assert load_experiment() == load_experiment("digits")


def test_layers_round_trip_with_names_inputs_and_components():
    layers = [
        {"type": "dense", "units": 7, "name": "a", "init": {"name": "normal", "std": 0.3}},
        "tanh",
        {"type": "add", "inputs": ["a", "tanh1"]},
        {"type": "leaky_relu", "slope_below": 0.2},
    ]
    experiment = parse_experiment({"layers": layers, "loss": {"name": "cross_entropy", "class_weights": [1, 2, 3]}})
    assert experiment.model is None
    assert parse_experiment(tomllib.loads(tomli_w.dumps(experiment.table()))) == experiment
    assert [node.name for node in experiment.nodes((4,), 3)] == ["a", "tanh1", "add1", "leaky_relu1", "output"]


def changed(source="digits", **changes):
    return load_experiment(source, {key.replace("__", "."): value for key, value in changes.items()})


def test_changes_by_dotted_key():
    assert changed(optimizer__lr=0.5).optimizer.lr == 0.5
    assert changed(model__hidden=[5]).model.hidden == (5,)
    assert load_experiment("digits", {"model.hidden.1": 9}).model.hidden == (64, 9)
    assert changed(schedule__warmup=7).schedule.warmup == 7
    assert changed(schedule="cosine").schedule.name == "cosine"
    assert changed(regularization__clip_norm=1).regularization.clip_norm == 1
    assert changed(seed=3, epochs=2, batch_size=0).seed == 3
    assert changed(model__init__name="lecun_normal").model.init.name == "lecun_normal"


def test_naming_another_component_drops_the_settings_of_the_old_one():
    optimizer = changed("mnist-challenge", optimizer__name="adam").optimizer
    assert optimizer == KINDS["optimizer"].parse("adam")
    same = changed("mnist-challenge", optimizer__name="sgd").optimizer
    assert same.momentum == 0.9


def test_another_data_set_has_its_own_defaults_and_keeps_what_was_changed():
    """A table is scaled by default, digits are not: whoever names a table has not asked for raw columns."""
    own = load_experiment("digits", {"data.name": "iris"}).data
    assert (own.name, own.standardize) == ("iris", "zscore")
    assert load_experiment("digits", {"data.name": "csv", "data.standardize": "none"}).data.standardize == "none"
    assert load_experiment("digits", {"data.name": "moons"}).data == KINDS["data set"].parse("moons")
    kept = load_experiment("digits").edited({"data.validation": 0.3, "data.limit": 100}).edited({"data.name": "iris"})
    assert (kept.data.validation, kept.data.limit) == (0.3, 100)
    assert load_experiment("cifar-cnn", {"data.name": "image_folder"}).data.standardize == "zscore"
    assert load_experiment("autoencoder", {"data.name": "mnist"}).data.predict == "inputs"


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer.lr": 0.25, "optimizer.name": "sgd"},
        {"optimizer.lr": 0.25, "optimizer": "sgd"},
        {"model.activation.slope_below": 0.2, "model.activation": "leaky_relu"},
        {"layers.1.units": 5, "layers.1.type": "dense", "layers": ["flatten", "relu"]},
        {"data.repeats": 9, "data.name": "gate"},
    ],
)
def test_the_order_of_changes_does_not_matter(changes):
    made = load_experiment("digits", changes)
    assert made == load_experiment("digits", dict(reversed(changes.items())))
    key, value = next(iter(changes.items()))
    found = made.table()
    for part in key.split("."):
        found = found[int(part) if part.isdigit() else part]
    assert found == value


def test_settings_of_an_activation_in_a_recipe():
    alpha = load_experiment("digits", {"model.activation": "elu", "model.activation.alpha": 0.5})
    assert alpha.model.activation.alpha == 0.5
    with pytest.raises(BadInput, match=r"^model\.activation\.alpha is not a setting"):
        load_experiment("digits", {"model.activation.alpha": 0.5})


def test_layers_are_changed_by_index_and_keep_their_name_and_inputs():
    layers = [{"type": "dense", "units": 5, "name": "a"}, "relu", {"type": "dense", "inputs": ["a"], "name": "b"}]
    base = parse_experiment({"layers": layers})
    assert base.edited({"layers.0.units": 8}).layers[0].layer.units == 8
    renamed = base.edited({"layers.0.name": "first", "layers.2.inputs": ["first"]})
    assert (renamed.layers[0].name, renamed.layers[0].layer.units) == ("first", 5)
    other = base.edited({"layers.2.type": "tanh"}).layers[2]
    assert (other.layer.name, other.name, other.inputs) == ("tanh", "b", ("a",))
    assert base.edited({"layers.0.init.name": "zeros"}).layers[0].layer.init.name == "zeros"
    assert base.edited({"model": "perceptron"}).layers == ()
    assert base.edited({"layers": []}).layers == ()


def test_layers_replace_a_recipe_and_a_recipe_replaces_layers():
    layered = load_experiment("digits", {"layers": ["tanh"]})
    assert layered.model is None
    assert layered.edited({"model.name": "mlp"}).model.name == "mlp"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("optimizer.lrr", 1, "optimizer.lrr is not a setting of optimizer 'adam'; did you mean 'lr'?"),
        ("loss.delta", 1, "loss.delta is not a setting of loss 'cross_entropy'; choose one of label_smoothing"),
        ("optimizer.lr", True, "optimizer.lr is true: must be a number"),
        ("optimizer.lr", date(1979, 5, 27), "optimizer.lr is 1979-05-27: must be a number"),
        ("regularization.max_norm", 1e308, "regularization.max_norm is 1e+308: must be within 1e+30, so that"),
        ("model.hidden", [1e300], "model.hidden.0 is 1e+300: must be a smaller whole number"),
        ("layers", 3, "layers is 3: must be a list of tables, such as [{ type = 'dense', units = 8 }]"),
        ("optimiser.lr", 1, "optimiser is not a setting of an experiment; did you mean 'optimizer'?"),
        ("optimizer.name", "addam", "optimizer.name is 'addam': no such optimizer; did you mean 'adam'?"),
        ("optimizer.lr", -1, "optimizer.lr is -1: must be greater than 0"),
        ("optimizer.lr", "big", "optimizer.lr is 'big': "),
        ("loss.class_weights", [1, 0], "loss.class_weights.1 is 0: must be greater than 0"),
        ("seed", -1, "seed is -1: must be at least 0"),
        ("seed.x", 1, "seed.x cannot be set: seed is 0, not a table"),
        ("data.standardize", "z", "data.standardize is 'z': must be one of"),
        ("data.name", "digit", "data.name is 'digit': no such data set; did you mean 'digits'?"),
        ("model.hidden.9", 1, "model.hidden.9 is not there: the list has items 0 to 1"),
        ("model.hidden.x", 1, "model.hidden.x is not there"),
        ("model.hidden.²", 1, "model.hidden.² is not there"),
        ("model.hidden.0.x", 1, "model.hidden.0.x cannot be set: model.hidden.0 is 64, not a table"),
        ("model.hidden", ["a"], "model.hidden.0 is 'a': "),
        ("layers", [{"type": "dens"}], "layers.0.type is 'dens': no such layer; did you mean 'dense'?"),
        ("layers", [{"type": "dense", "units": 0}], "layers.0.units is 0: must be at least 1"),
        ("layers", ["dropuot"], "layers.0.type is 'dropuot': no such layer; did you mean 'dropout'?"),
        ("layers", 5, "layers is 5: "),
        ("regularization.l3", 1, "regularization.l3 is not a setting of regularization; choose one of l1, l2"),
        ("output.activation", "tanh", "output.activation is 'tanh', but loss cross_entropy works from logits"),
        ("", 1, " is not a setting of an experiment"),
        ("optimizer.", 1, "optimizer. is not a setting of optimizer 'adam'"),
        (".lr", 1, " is not a setting of an experiment"),
    ],
)
def test_sentences(key, value, sentence):
    with pytest.raises(BadInput) as refused:
        load_experiment("digits", {key: value})
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ({"name": "mlp", "hidden": [8, 0]}, "is 0: must be at least 1"),
        ({"name": "mlp", "hidden": [100_000_000]}, "is 100000000: must be at most 1000000"),
        ({"name": "cnn", "channels": [-1]}, "is -1: must be at least 1"),
        ({"name": "vgg", "kernel": 4}, "model.kernel is 4: must be odd, such as 3 or 5"),
    ],
)
def test_a_recipe_of_impossible_layers_is_one_sentence(model, place):
    with pytest.raises(BadInput) as refused:
        Trainer(load_experiment("digits", {"model": model}))
    assert str(refused.value).startswith("model") and place in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([{"type": "dense", "inputs": ["dense9"]}], "layers.dense1.inputs is 'dense9': no node of that name comes"),
        ([{"type": "dense", "inputs": ["dense1"]}], "layers.dense1.inputs is 'dense1': no node of that name comes"),
        ([{"type": "dense", "name": "a"}, {"type": "tanh", "name": "a"}], "layers: two nodes are named 'a'"),
        ([{"type": "dense", "name": "output"}], "layers: two nodes are named 'output'"),
        (["add"], "layers.add1 (add) takes 2 inputs and has 1"),
        ([{"type": "tanh", "inputs": ["input", "input"]}], "layers.tanh1 (tanh) takes 1 input and has 2"),
        (
            [{"type": "dense", "units": 5}, {"type": "add", "inputs": ["dense1", "input"]}],
            "layers.add1 (add) adds shapes (5,) and (4,), which differ",
        ),
    ],
)
def test_a_graph_that_does_not_fit_is_one_sentence(layers, sentence):
    with pytest.raises(BadInput) as refused:
        Trainer(parse_experiment({"layers": layers, "data": "iris"}))
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("seed = ", "not valid TOML"),
        ("sed = 1", "sed is not a setting of an experiment; did you mean 'seed'?"),
        ("[optimizer]\nlr = 1", "optimizer.name is missing"),
        ("optimizer = 3", "optimizer is 3"),
        ("seed = 1.5", "seed is 1.5"),
        ("[model]\nname = 'mlp'\n[[layers]]\ntype = 'relu'", "keep one of them"),
        ("[loss]\nname = 'cross_entropy'\nlabel_smoothing = nan", "loss.label_smoothing is nan"),
        ("[optimizer]\nname = 'perceptron'", "batch_size = 1"),
        ("epochs = true", "epochs is true: must be a number"),
        ("[optimizer]\nname = 'adam'\nlr = false", "optimizer.lr is false: must be a number"),
        ("data = 1979-05-27", "data is "),
    ],
)
def test_a_file_with_an_error_is_one_sentence(tmp_path, text, part):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput) as refused:
        load_experiment(path)
    assert part in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", ["sine", "reg_plane"])
def test_binary_cross_entropy_refuses_numbers_beyond_0_and_1(data):
    experiment = parse_experiment({"data": data, "model": "mlp", "loss": "binary_cross_entropy"})
    with pytest.raises(BadInput, match=r"needs targets from 0 to 1, and the data's reach from -.*; take mse"):
        Trainer(experiment)


def test_binary_cross_entropy_takes_shares_also_where_held_out_rows_go_beyond():
    for data in ({"name": "digits"}, {"name": "iris", "standardize": "unit", "validation": 0.5}):
        table = {"data": {**data, "predict": "inputs"}, "model": "mlp", "loss": "binary_cross_entropy"}
        experiment = parse_experiment(table)
        assert Trainer(experiment).advance(steps=2).losses[1] > 0


def test_files_that_cannot_be_read(tmp_path):
    for name, part in [
        ("spirall", "did you mean 'spiral'?"),
        ("iris", "no preset of that name; it is a data set: --set data.name=iris"),
        ("x" * 5000, "too long"),
        ("a\0b", "a"),
        (str(tmp_path), "irectory"),
        ("", "experiment ''"),
    ]:
        with pytest.raises(BadInput) as refused:
            load_experiment(name)
        assert part in str(refused.value)
        assert "\n" not in str(refused.value)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        load_experiment(binary)


def test_values_of_the_command_line():
    assert parse_value("0.5") == 0.5
    assert parse_value("[1, 2]") == [1, 2]
    assert parse_value("true") is True
    assert parse_value("adam") == "adam"
    assert parse_value("1e6") == 1e6
    assert parse_value("{name = 'adam', lr = 0.1}") == {"name": "adam", "lr": 0.1}
    assert parse_value("") == ""
    assert parse_value("unset") is None
    assert parse_value('"unset"') == "unset"


def test_a_setting_that_may_be_unset_is_unset_by_that_word():
    start = load_experiment("digits", {"data.limit": 5, "model.init": "zeros"})
    assert start.edited({"data.limit": parse_value("unset"), "model.init": parse_value("unset")}) == load_experiment()
    with pytest.raises(BadInput, match=r"^optimizer\.lr is unset: must be a number"):
        start.edited({"optimizer.lr": parse_value("unset")})


NUMBERS = st.integers() | st.floats(allow_subnormal=False)  # training flushes subnormals to zero
PLAIN = st.none() | st.booleans() | NUMBERS | st.text(max_size=6) | st.sampled_from(["adam", "relu"])
ANYTHING = st.recursive(
    PLAIN, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=6), x, max_size=3), max_leaves=5
)
WORDS = sorted({name for kind in KINDS.values() for part in kind.registry.values() for name in part.model_fields})
KEY = st.lists(
    st.sampled_from([*Experiment.model_fields, *WORDS[:40], "0", "1", "name", "type", ""]) | st.text(max_size=4),
    min_size=1,
    max_size=4,
).map(".".join)


@settings(max_examples=300, deadline=None)
@given(changes=st.dictionaries(KEY, ANYTHING, max_size=3), base=st.sampled_from(["digits", "playground", "layers"]))
def test_any_changes_are_an_experiment_or_one_line(changes, base):
    start = parse_experiment({"layers": ["relu", {"type": "dense"}]}) if base == "layers" else load_experiment(base)
    try:
        made = start.edited(changes)
    except BadInput as refused:
        error = str(refused)
    else:
        assert parse_experiment(made.table()) == made
        return
    assert error
    assert "\n" not in error


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_layers_are_a_network_or_one_line(data):
    layers = []
    for _ in range(data.draw(st.integers(0, 5))):
        layer = {"type": data.draw(st.sampled_from(sorted(Layer.registry)))}
        if layer["type"] == "dense":
            layer["units"] = data.draw(st.integers(1, 9))
            layer["bias_init"] = data.draw(st.sampled_from(sorted(KINDS["initializer"].registry)))
        names = ["input", "dense1", "relu1", "add1", "tanh1", "output"]
        if data.draw(st.booleans()):
            layer["inputs"] = data.draw(st.lists(st.sampled_from(names), max_size=3))
        layers.append(layer)
    size = data.draw(st.sampled_from([0, 1, 7, 119, 120, 5000]))
    loss = data.draw(st.sampled_from(sorted(KINDS["loss"].registry)))
    try:
        table = {"layers": layers, "data": "iris", "batch_size": size, "loss": loss}
        trainer = Trainer(parse_experiment(table))
        trainer.advance(steps=2)
    except BadInput as refused:
        error = str(refused)
    else:
        assert trainer.status in ("running", "finished", "diverged")
        return
    assert error
    assert "\n" not in error
