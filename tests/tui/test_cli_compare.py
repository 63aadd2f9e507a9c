"""nn-tui compare."""

import json
from pathlib import Path

import pytest
from refusing import refused

from engine.checkpoint import load_checkpoint
from engine.run import Run
from tui.cli import main
from tui.drawing.axes import number


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short runs on digits, each with one thing changed, and one on other data."""
    home = tmp_path_factory.mktemp("runs")
    changes = {
        "adam": [],
        "sgd": ["optimizer.name=sgd", "optimizer.lr=0.1", "epochs=2"],
        "mse": ["loss.name=mse"],
        "circle": ["data.name=circle", "loss.name=binary_cross_entropy"],
        "inputs": ["data.predict=inputs", "loss.name=mse"],
    }
    for name, sets in changes.items():
        line = [part for text in ["model.hidden=[8]", "epochs=3", *sets] for part in ("--set", text)]
        assert main(["train", "digits", "--quiet", "--out", str(home / name), *line]) == 0
    return home


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["compare", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_settings_that_differ_and_scores_stand_side_by_side(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(runs)
    blocks = [block.split("\n") for block in told(capsys, "adam", "sgd").strip().split("\n\n")]
    lines = [[line.split() for line in block] for block in blocks]
    assert [block[0] for block in lines] == [
        ["settings", "adam", "sgd"],
        ["last", "epoch", "3", "2"],
        ["best", "epoch", "3", "2"],
        ["same", "epoch", "2", "2"],
    ]
    assert ["optimizer", "adam", "sgd"] in lines[0]
    assert ["optimizer.lr", "0.005", "0.1"] in lines[0]
    assert not any(line[0].startswith(("seed", "data", "title")) for line in lines[0])
    rows = [load_checkpoint(runs / name / "checkpoint.safetensors").history.rows for name in ("adam", "sgd")]
    losses = [number(row[2].valid_loss) for row in rows]
    better = losses.index(min(losses, key=float))
    losses[better] += "*"
    assert ["valid", "loss", *losses] in lines[3]


def test_json_has_the_same_and_more(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(runs / "adam"), str(runs / "sgd")]
    found = json.loads(told(capsys, *paths, "--json"))
    assert found["comparable"] == "loss"
    assert found["settings"]["optimizer.lr"] == ["0.005", "0.1"]
    assert [each["run"] for each in found["runs"]] == paths
    assert [each["last"]["epoch"] for each in found["runs"]] == [3, 2]
    assert found["runs"][0]["best"]["valid_loss"] <= found["runs"][0]["last"]["valid_loss"]


def test_other_losses_and_other_data_are_not_compared(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, str(runs / "adam"), str(runs / "mse"))
    assert text.endswith("the runs have other loss functions: their accuracy alone can be compared\n")
    assert not [line for line in text.split("\n") if " loss " in line and "*" in line]
    for others in (("circle",), ("circle", "inputs")):
        text = told(capsys, *(str(runs / name) for name in ("adam", *others)))
        assert text.endswith("the runs have other data: nothing of them can be compared\n")
        assert "*" not in text


def test_an_edit_on_the_way_is_told(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = tmp_path / "again"
    line = ["--set", "model.hidden=[8]", "--epochs", "1", "--quiet", "--out", str(again)]
    assert main(["train", "digits", *line]) == 0
    assert main(["resume", str(again), "--epochs", "3", "--set", "optimizer.lr=0.02", "--quiet"]) == 0
    text = told(capsys, str(again), str(runs / "adam"))
    assert f"{again}: optimizer.lr = 0.02 from step 45 on" in text
    assert "optimizer.lr  0.02" in " ".join(text.split("\n")).replace("   ", " ")


def test_an_edit_that_no_step_has_felt_is_not_told(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = load_checkpoint(runs / "adam" / "checkpoint.safetensors")
    trainer.edit("optimizer.lr", 0.07)
    Run.start(trainer, tmp_path / "edited")
    text = told(capsys, str(tmp_path / "edited"), str(runs / "sgd"))
    assert "0.07" not in text
    assert ["optimizer.lr", "0.005", "0.1"] in [line.split() for line in text.split("\n")]


def test_a_terminal_gets_a_chart(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("LINES", "30")
    text = told(capsys, str(runs / "adam"), str(runs / "sgd"))
    assert "valid loss" in text.rpartition("\n\n")[2]
    assert "⠀" in text or any(0x2800 < ord(char) < 0x2900 for char in text)


def test_what_is_no_run_is_refused(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adam = runs / "adam"
    assert "two runs or more" in refused(capsys, "compare", str(adam))
    assert "no such folder" in refused(capsys, "compare", str(adam), str(tmp_path / "nowhere"))
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("experiment.toml", "checkpoint.safetensors", "run.json"):
        (broken / name).write_bytes((adam / name).read_bytes())
    assert f"run '{broken}' cannot be read" in refused(capsys, "compare", str(adam), str(broken))
    (broken / "history.csv").write_text("epoch,step\n0,0\n")
    assert f"run '{broken}' cannot be read" in refused(capsys, "compare", str(adam), str(broken))
    (broken / "history.csv").write_text((adam / "history.csv").read_text().split("\n")[0] + "\n")
    assert "has no epoch on record" in refused(capsys, "compare", str(adam), str(broken))
