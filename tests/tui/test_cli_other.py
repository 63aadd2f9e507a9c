"""nn-tui evaluate, list, init, check, data, --help and --version."""

import json
import os
import pty
import re
import subprocess
import sys
import tomllib
from math import nan
from pathlib import Path

import numpy as np
import pytest
from pets import pets
from refusing import refused

import engine.data.downloads
from engine import KINDS, GradientError, Trainer, is_live, load_experiment, parse_experiment, parse_value, presets
from engine.augment import Augmentation
from engine.checkpoint import load_checkpoint
from engine.data import MissingData, Table
from engine.data.tables import Digits
from tui.cli import COMMANDS, main, version
from tui.commands.check import verdict

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short runs: digits (softmax), circle (one sigmoid unit) and reg_gauss (regression)."""
    home = tmp_path_factory.mktemp("runs")
    one_unit = ["--set", "data.name=circle", "--set", "loss.name=binary_cross_entropy"]
    numbers = ["--set", "data.name=reg_gauss", "--set", "loss.name=mse", "--set", "data.test=0.2"]
    for name, changes in {"digits": [], "circle": one_unit, "hills": numbers}.items():
        out = str(home / name)
        assert main(["train", "digits", "--epochs", "4", "--quiet", "--out", out, *changes]) == 0
    return home


def read(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


# ------------------------------------------------------------------------------------------------ evaluate


def test_evaluate_counts_as_one_would_by_hand(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(read(capsys, "evaluate", str(runs / "digits"), "--json"))
    trainer = load_checkpoint(runs / "digits" / "checkpoint.safetensors")
    split = trainer.splits.validation
    assert split is not None
    p = trainer.predict(split.x)
    predicted = p.argmax(axis=1)
    assert (found["split"], found["rows"]) == ("validation", len(split))
    assert found["accuracy"] == pytest.approx(float((predicted == split.y).mean()))
    assert found["loss"] == pytest.approx(float(-np.log(p[np.arange(len(p)), split.y]).mean()), rel=1e-5)
    for label, entry in enumerate(found["classes"]):
        hit = int(((predicted == label) & (split.y == label)).sum())
        assert entry["precision"] == pytest.approx(hit / max(int((predicted == label).sum()), 1))
        assert entry["recall"] == pytest.approx(hit / int((split.y == label).sum()))
        assert found["confusion_matrix"][label][label] == hit
    third = np.sort(p, axis=1)[:, -3]
    assert found["top_k"]["3"] == pytest.approx(float((p[np.arange(len(p)), split.y] >= third).mean()))
    assert 0 <= found["calibration"]["error"] < 0.2


def test_evaluate_agrees_with_the_last_row(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("digits", "circle", "hills"):
        last = json.loads((runs / name / "run.json").read_text())["result"]["last"]
        for split, column in {"train": "train", "validation": "valid"}.items():
            found = json.loads(read(capsys, "evaluate", str(runs / name), "--split", split, "--json"))
            assert found["loss"] == pytest.approx(last[f"{column}_loss"])
            if last[f"{column}_accuracy"] is not None:
                assert found["accuracy"] == pytest.approx(last[f"{column}_accuracy"])


def test_evaluate_prints_tables(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "evaluate", str(runs / "digits"))
    for words in ("digits, validation split, 359 rows", "precision", "confusion matrix", "top 3", "calibration error"):
        assert words in text
    text = read(capsys, "evaluate", str(runs / "hills"))
    assert "test split" in text
    assert [line.split()[0] for line in text.splitlines()[2:6]] == ["loss", "r2", "mae", "rmse"]
    assert "the most wrong" in text


def test_evaluate_names_what_is_confused_and_the_hardest_samples(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(read(capsys, "evaluate", str(runs / "digits"), "--json"))
    trainer = load_checkpoint(runs / "digits" / "checkpoint.safetensors")
    split = trainer.splits.validation
    assert split is not None
    p, classes = trainer.predict(split.x), trainer.splits.classes
    matrix = np.array(found["confusion_matrix"])
    assert np.array(found["confusion_shares"]) == pytest.approx(matrix / matrix.sum(axis=1, keepdims=True))
    pairs = found["confusions"]
    assert sum(pair["count"] for pair in pairs) == (p.argmax(axis=1) != split.y).sum()
    assert [pair["count"] for pair in pairs] == sorted((pair["count"] for pair in pairs), reverse=True)
    worst = found["most_wrong"]
    right = p[np.arange(len(p)), split.y]
    assert worst[0]["row"] == right.argmin()
    assert all(classes[split.y[each["row"]]] == each["target"] != each["prediction"] for each in worst)
    assert worst[0]["target_score"] == pytest.approx(right.min())
    unsure = found["least_sure"]
    assert unsure[0]["row"] == p.max(axis=1).argmin()
    assert [each["confidence"] for each in unsure] == sorted(each["confidence"] for each in unsure)
    text = read(capsys, "evaluate", str(runs / "digits"))
    first = pairs[0]
    assert f"{first['target']} taken for {first['prediction']}" in text
    for words in ("per cent of the row", "most confused", "the most wrong", "the least sure"):
        assert words in text
    found = json.loads(read(capsys, "evaluate", str(runs / "circle"), "--json"))
    assert all(0.5 <= each["confidence"] <= 1 for each in found["least_sure"])
    found = json.loads(read(capsys, "evaluate", str(runs / "hills"), "--json"))
    assert found["most_wrong"][0]["error"] >= found["most_wrong"][-1]["error"] > 0


def test_evaluate_names_the_files_of_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, run = pets(tmp_path), str(tmp_path / "run")
    chosen = ["data.name=image_folder", f"data.path={folder}", "data.grayscale=true", "data.validation=0.4"]
    read(capsys, "train", "digits", *(word for one in chosen for word in ("--set", one)), "--epochs", "1", "--out", run)
    found = json.loads(read(capsys, "evaluate", run, "--json"))["least_sure"]
    assert len(found) == 4
    for each in found:
        assert (folder / each["file"]).is_file()
        assert each["file"].startswith(f"{each['target']}/")
    assert found[0]["file"] in read(capsys, "evaluate", run)


def test_evaluate_shows_the_target_that_is_furthest_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An autoencoder has many targets a row; what is printed belongs to the error beside it."""
    run = str(tmp_path / "run")
    assert main(["train", "autoencoder", "--quiet", "--epochs", "1", "--out", run]) == 0
    lines = read(capsys, "evaluate", run).partition("the most wrong")[2].splitlines()[2:]
    assert len(lines) == 5
    for line in lines:
        target, prediction, error = map(float, line.split()[1:4])
        assert abs(target - prediction) == pytest.approx(error, rel=0.01)


def test_evaluate_prints_plain_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "houses.csv", tmp_path / "run"
    rows = "".join(f"{place % 7},{place % 3},{120_000 + 9_000 * place}\n" for place in range(60))
    table.write_text(f"rooms,floors,price\n{rows}")
    changes = ("data.name=csv", f"data.path={table}", "data.target=price", "data.test=0.2", "loss.name=mse")
    sets = [part for change in changes for part in ("--set", change)]
    assert main(["train", "--epochs", "1", "--quiet", "--out", str(out), *sets]) == 0
    text = read(capsys, "evaluate", str(out))
    assert not re.search(r"\de[+-]?\d", text)
    worst = text.splitlines()[-1].split()
    assert all(re.fullmatch(r"-?\d{5,6}", number) for number in worst[1:])


def test_evaluate_tells_where_the_data_has_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that is gone shifts the split: rows that were trained on are then measured as if they were new."""
    rng = np.random.default_rng(0)
    lines = [f"{a:.4f},{b:.4f},{'yes' if a + rng.normal() > 0 else 'no'}" for a, b in rng.normal(0, 1, (80, 2))]
    table, run = tmp_path / "table.csv", str(tmp_path / "run")
    table.write_text("\n".join(["a,b,y", *lines]) + "\n")
    sets = ["--set", "data.name=csv", "--set", f"data.path={table}"]
    assert main(["train", "digits", "--quiet", "--epochs", "5", "--out", run, *sets]) == 0
    for split in ("validation", "train"):
        read(capsys, "evaluate", run, "--split", split)
    table.write_text("\n".join(["a,b,y", *lines[1:]]) + "\n")
    assert main(["evaluate", run, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["split"] == "validation"
    assert err.startswith("nn-tui: the validation loss is ")
    assert "the data has changed since" in err
    assert err.count("\n") == 1


def test_evaluate_other_data_with_the_scaling_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for name, count in {"old.csv": 80, "new.csv": 40}.items():
        x = rng.normal([5, -3], [2, 9], (count, 2))
        lines = [f"{a},{b},{'yes' if a > 5 else 'no'}" for a, b in x]
        (tmp_path / name).write_text("a,b,y\n" + "\n".join(lines) + "\n")
    sets = [f"data.name=csv data.path={tmp_path / 'old.csv'} data.target=y data.standardize=zscore optimizer.lr=0.05"]
    changes = [word for change in sets[0].split() for word in ("--set", change)]
    assert main(["train", "digits", "--quiet", "--epochs", "30", "--out", str(tmp_path / "run"), *changes]) == 0
    other = ["--data", "csv", "--set", f"data.path={tmp_path / 'new.csv'}", "--set", "data.target=y"]
    found = json.loads(read(capsys, "evaluate", str(tmp_path / "run"), *other, "--split", "train", "--json"))
    assert found["rows"] == 32
    assert found["accuracy"] > 0.8
    assert "3 classes, the network 2" in refused(capsys, "evaluate", str(tmp_path / "run"), "--data", "iris")


def test_evaluate_refuses_columns_and_classes_in_another_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(i % 7, i % 5, "yes" if i % 7 > 3 else "no") for i in range(40)]
    tables = {
        "old": "a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows),
        "swapped": "b,a,y\n" + "".join(f"{b},{a},{y}\n" for a, b, y in rows),
        "other": "a,b,y\n" + "".join(f"{a},{b},{'yes' if y == 'no' else 'zero'}\n" for a, b, y in rows),
        "strange": "c,d,y\n" + "".join(f"{a},{b},{y[0]}\n" for a, b, y in rows),
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)

    run = str(tmp_path / "run")
    train = ["train", "--quiet", "--epochs", "2", "--out", run, "--set", "data.name=csv"]
    assert main([*train, "--set", f"data.path={tmp_path}/old.csv"]) == 0
    on = {name: ["evaluate", run, "--data", "csv", "--set", f"data.path={tmp_path}/{name}.csv"] for name in tables}
    assert "its feature 0 is 'b', the network's 'a'" in refused(capsys, *on["swapped"])
    assert "its class 0 is 'yes', the network's 'no'" in refused(capsys, *on["other"])
    assert "accuracy" in read(capsys, *on["strange"])


def test_evaluate_refuses(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(runs / "digits")
    assert "choose train or validation" in refused(capsys, "evaluate", run, "--split", "test")
    assert "invalid choice: 'all'" in refused(capsys, "evaluate", run, "--split", "all")
    assert "did you mean 'iris'" in refused(capsys, "evaluate", run, "--data", "irsi")
    assert "goes with --data NAME" in refused(capsys, "evaluate", run, "--set", "data.limit=3")
    assert "settings of the data alone" in refused(
        capsys, "evaluate", run, "--data", "digits", "--set", "optimizer.lr=1"
    )
    assert "no such folder" in refused(capsys, "evaluate", str(tmp_path / "none"))
    (tmp_path / "weights.pt").write_bytes(b"PK\x03\x04" + bytes(50))
    assert "is a pickle" in refused(capsys, "evaluate", str(tmp_path / "weights.pt"))


# ------------------------------------------------------------------------------------------------ list, init, check


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "list")
    names = [name for kind in KINDS.values() for name in kind.registry]
    words = set(text.split())
    assert words.issuperset([*presets(), *names])
    table = json.loads(read(capsys, "list", "--json"))
    assert list(table) == ["preset", *KINDS, "section"]
    assert all(list(table[kind]) == list(KINDS[kind].registry) for kind in KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_list_of_a_kind_shows_every_setting(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "list", *kind.split())
    table = json.loads(read(capsys, "list", *kind.split(), "--json"))[kind]
    for name, component in KINDS[kind].registry.items():
        assert f"{kind} {name}\n" in text
        for setting in component.settings():
            assert table[name]["settings"][setting.name]["meaning"] == setting.meaning
            assert setting.meaning in text


@pytest.mark.parametrize(
    "spelling", ["optimizers", "losses", "data sets", "data", "dataset", "presets", "adam", "step"]
)
def test_list_takes_plurals_keys_and_names(spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(capsys, "list", *spelling.split())


@pytest.mark.parametrize("spelling", ["activation", "activations"])
def test_list_tells_the_activations_from_the_other_layers(spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "list", spelling)
    names = [line.removeprefix("layer ") for line in text.splitlines() if line.startswith("layer ")]
    assert len(names) == 14
    assert {"identity", "step", "leaky_relu", "hard_sigmoid"} <= set(names)
    assert "slope_below = 0.01" in text
    assert "function behind each hidden layer; from nn-tui list activation\n" in read(capsys, "list", "mlp")
    assert list(json.loads(read(capsys, "list", spelling, "--json"))["activation"]) == names


def test_list_names_the_sections_that_are_always_there(capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "list", "augmentation")
    assert text.startswith("section augmentation\n  Random changes to the training images")
    for name, field in Augmentation.model_fields.items():
        assert re.search(rf"^    {name} +=.*{re.escape(field.description or 'none')}", text, re.MULTILINE)
    table = json.loads(read(capsys, "list", "sections", "--json"))["section"]
    assert list(table) == ["output", "regularization", "augmentation", "early_stopping"]
    assert table["augmentation"]["settings"]["flip"]["default"] is False
    assert "did you mean 'augmentation'" in refused(capsys, "list", "augmentatoin")


@pytest.mark.parametrize(
    ("spelling", "title"),
    [
        ("optimizer adam", "optimizer adam"),
        ("data set digits", "data set digits"),
        ("activation relu", "layer relu"),
        ("section augmentation", "section augmentation"),
    ],
)
def test_list_takes_the_titles_that_it_prints(spelling: str, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(capsys, "list", *spelling.split()).startswith(f"{title}\n  ")
    assert len(json.loads(read(capsys, "list", *spelling.split(), "--json"))) == 1


def test_list_shows_a_preset_and_what_to_do_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = read(capsys, "list", "xor-mlp")
    assert text.startswith("preset xor-mlp\n  XOR with a hidden layer\n")
    for line in ("nn-tui xor-mlp ", "nn-tui train xor-mlp ", "nn-tui init FILE xor-mlp "):
        assert f"\n  {line}" in text
    both = read(capsys, "list", "spiral")
    assert both.startswith("data set spiral\n")
    assert "\n\npreset spiral\n" in both
    assert read(capsys, "list", "preset", "spiral").startswith("preset spiral\n")
    table = json.loads(read(capsys, "list", "xor-mlp", "--json"))["preset"]["xor-mlp"]
    assert parse_experiment(table) == load_experiment("xor-mlp")
    assert "did you mean 'xor-mlp'" in refused(capsys, "list", "xor-mpl")


def test_list_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'adam'" in refused(capsys, "list", "optimizer", "adm")
    assert "did you mean 'dense'" in refused(capsys, "list", "optimizer", "dense")
    assert "did you mean 'optimizer'" in refused(capsys, "list", "optimiser")
    assert "choose one of preset, data set" in refused(capsys, "list", "zzz")


def test_init_writes_a_file_that_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my net.toml"
    assert read(capsys, "init", str(file)) == f"wrote {file}; train it with: nn-tui train '{file}'\n"
    table = tomllib.loads(file.read_text())
    found = parse_experiment(table)
    assert found == load_experiment("digits", {"title": "My experiment", "notes": ""})
    assert table == found.table()
    for line in file.read_text().splitlines():
        assert len(line) <= 160
        if "=" in line and not line.startswith("#"):
            assert "#" in line, f"no comment: {line}"
    assert main(["train", str(file), "--epochs", "1", "--quiet"]) == 0


@pytest.mark.parametrize("name", presets())
def test_init_writes_any_preset(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lesson.toml"
    read(capsys, "init", str(file), name, "--epochs", "3", "--set", "optimizer.lr=0.25")
    assert load_experiment(file) == load_experiment(name, {"epochs": 3, "optimizer.lr": 0.25})


def test_init_writes_layers_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, file = tmp_path / "own.toml", tmp_path / "file.toml"
    own.write_text(
        '[data]\nname = "digits"\n[[layers]]\ntype = "flatten"\n[[layers]]\ntype = "dense"\nname = "wide"\n'
        '[[layers]]\ntype = "dense"\n[[layers]]\ntype = "add"\ninputs = ["wide", "dense2"]\n'
    )
    read(capsys, "init", str(file), str(own))
    assert load_experiment(file) == load_experiment(own)
    assert file.read_text().count("# number of outputs") == 1


def test_init_prints_where_the_file_is_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = read(capsys, "init", "-", "spiral", "--epochs", "3")
    assert parse_experiment(tomllib.loads(printed)) == load_experiment("spiral", {"epochs": 3})
    assert not Path("-").exists()


def test_init_does_not_take_a_preset_for_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "nn-tui init spiral.toml spiral" in refused(capsys, "init", "spiral")
    assert not (tmp_path / "spiral").exists()


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("mine")
    assert "--force" in refused(capsys, "init", str(file))
    assert file.read_text() == "mine"
    read(capsys, "init", str(file), "--force")
    assert file.read_text() != "mine"
    assert "no such file or directory" in refused(capsys, "init", str(tmp_path / "none" / "mine.toml"))
    assert "is a folder" in refused(capsys, "init", str(tmp_path), "--force")


def test_the_verdict_of_check_names_the_largest_error_and_what_disagrees() -> None:
    def error(name: str, relative: float) -> GradientError:
        return GradientError(name, (2,), 1.0, 1.0, relative)

    good = (error("a", 1e-9), error("b", 3.1e-9))
    assert verdict(good, []) == "every gradient agrees: the largest error is 3.1e-09, in b"
    assert verdict((error("a", 0.0),) * 3, []).endswith("no error in 3 parameters is larger than rounding")
    bad = [error(name, 0.5) for name in "abcdef"]
    assert verdict((*bad, error("g", nan)), bad).startswith("6 of 7 gradients disagree, in a, b, c, 3 more: ")
    assert verdict((*good, error("g", nan)), [error("g", nan)]).endswith(": the largest error is nan, in g")


@pytest.mark.parametrize("name", ["digits", "xor-mlp", "deep-sigmoid-batchnorm", "playground", "digits-cnn"])
def test_check_finds_nothing_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = json.loads(read(capsys, "check", name, "--json"))
    trainer = Trainer(load_experiment(name))
    assert [entry["parameter"] for entry in table["parameters"]] == [slot.name for slot in trainer.network.parameters]
    assert all(entry["relative"] <= table["limit"] for entry in table["parameters"])
    text = read(capsys, "check", name)
    assert text.splitlines()[-1] == table["verdict"]
    assert table["verdict"].startswith("every gradient agrees: ")
    assert ("kink" in text) == (table["limit"] == 2e-4) == (name in ("digits", "digits-cnn"))
    assert [entry["layer"] for entry in table["layers"]] == [node.name for node in trainer.network.nodes]
    assert sum(entry["parameters"] for entry in table["layers"]) == len(trainer.network.values)
    assert ("sees" in text) == (len(trainer.splits.shape) == 3)
    if name == "digits-cnn":
        assert [entry["sees"] for entry in table["layers"]][:5] == [3, 3, 4, 8, 8]
        first = next(line for line in text.splitlines() if line.startswith("conv2d1")).split()
        assert first == ["conv2d1", "conv2d", "32", "x", "8", "x", "8", "320", "18,432", "3x3"]


def test_check_fails_for_a_wrong_gradient(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from engine.layers.activations import Tanh
    from engine.layers.base import Site
    from engine.plan import Plan

    right = Tanh.backward

    def wrong(self: Tanh, do: Plan, at: Site) -> None:
        right(self, do, at)
        do(np.multiply, at.dx, 1.001, at.dx)

    monkeypatch.setattr(Tanh, "backward", wrong)
    assert main(["check", "xor-mlp"]) == 1
    out, err = capsys.readouterr()
    assert "too large" in out
    two = "2 of 4 gradients disagree, in dense1.weight, dense1.bias: the largest error is 1.0e-03, in dense1"
    assert re.fullmatch(rf"nn-tui: {two}.\w+\n", err)
    assert "agrees" not in out
    assert main(["check", "xor-mlp", "--json"]) == 1
    out, again = capsys.readouterr()
    table = json.loads(out)
    assert (table["ok"], f"nn-tui: {table['verdict']}\n") == (False, again)
    assert again == err


# ------------------------------------------------------------------------------------------------ data, help


def test_data_fetch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "did you mean 'mnist'" in refused(capsys, "data", "fetch", "mnis")
    assert "choose from" in refused(capsys, "data", "get", "mnist")
    assert "required" in refused(capsys, "data")
    monkeypatch.setattr("tui.commands.data.fetch", lambda name, progress: tmp_path / name)
    assert read(capsys, "data", "fetch", "mnist") == f"mnist is in {tmp_path / 'mnist'}\n"


def test_missing_mnist_is_downloaded_by_whatever_needs_it(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def unreachable(url: str, target: Path, progress: object) -> None:
        raise engine.data.downloads._MirrorError("cannot be reached")

    monkeypatch.delenv("NN_TUI_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(engine.data.downloads, "_download", unreachable)
    assert "could not be downloaded" in refused(capsys, "train", "mnist-mlp", code=1)
    assert "could not be downloaded" in refused(capsys, "check", "mnist-mlp", code=1)
    evaluate = ("evaluate", str(runs / "digits"), "--data", "mnist")
    assert "could not be downloaded" in refused(capsys, *evaluate, code=1)


def test_a_run_gets_its_data_where_it_is_missing(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load, missing = Digits.load, [True]
    fetched: list[str] = []

    def gone(self: Digits, seed: int, folder: Path | None = None) -> Table:
        if missing:
            raise MissingData("digits", "digits.csv")
        return load(self, seed, folder)

    def fetch(name: str, progress: object) -> None:
        fetched.append(name)
        missing.clear()

    monkeypatch.setattr(Digits, "load", gone)
    monkeypatch.setattr("tui.commands.downloading.fetch", fetch)
    for arguments in (("evaluate", str(runs / "digits")), ("resume", str(runs / "digits"))):
        missing.append(True)
        main(arguments)
    assert fetched == ["digits", "digits"]
    assert "finished after 4 epochs" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    line = [sys.executable, "-X", "importtime", "-m", "tui.cli", *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {entry.rpartition("|")[2].strip().partition(".")[0] for entry in done.stderr.splitlines()}
    assert loaded.isdisjoint({"numpy", "pydantic", "textual", "plotext", "rich", "engine"})
    assert done.stdout.startswith(("usage: nn-tui", "nn-tui "))


@pytest.mark.parametrize("arguments", [["tarin"], ["train", "--epoch", "x"], ["train", "digits", "--set", "a"]])
def test_the_module_refuses_as_the_command_does(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    line = [sys.executable, "-m", "tui.cli", *arguments]
    found = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (2, "", refused(capsys, *arguments))


def test_the_version_is_the_engines() -> None:
    assert version() == engine.__version__


def test_a_terminal_shows_a_bar_and_a_chart() -> None:
    screen, line = pty.openpty()
    train = [sys.executable, "-m", "tui.cli", "train", "digits", "--epochs", "3"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    with subprocess.Popen(train, cwd=ROOT, env=environment, stdout=line, stderr=line, stdin=line) as process:
        os.close(line)
        seen = b""
        while True:
            try:
                piece = os.read(screen, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
    os.close(screen)
    text = seen.decode()
    assert process.returncode == 0
    for words in ("epoch 3/3  step 135", "training", "validation", "finished after 135 steps"):
        assert words in text
    assert "\x1b[?25h" in text, "the cursor is shown again"


def test_a_terminal_that_cannot_draw_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "TERM=dumb cannot draw" in refused(capsys, "digits")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_what_help_gives_as_an_example_works(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"] if name else ["--help"])
    examples = re.findall(r"'?(\w+\.\w+)=(\[[^]]*\]|[^\s;']+)", capsys.readouterr().out)
    examples = [(key, value) for key, value in examples if not key.startswith("data.")]
    assert bool(examples) == (name in ("", "train", "resume", "init", "check"))
    for key, value in examples:
        assert load_experiment("digits", {key: parse_value(" ".join(value.split()))}) != load_experiment("digits")
        assert is_live(key) or name != "resume"
