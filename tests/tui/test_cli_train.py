"""nn-tui train and resume: output, files, exit codes, signals, and one line for everything that is wrong."""

import argparse
import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusing import refused

from engine import Trainer, load_experiment, presets
from engine.checkpoint import load_checkpoint
from engine.cores import available
from engine.data.downloads import SOURCES
from engine.run import FILES
from tui.cli import main
from tui.commands.progress import summary
from tui.commands.workbench import _source

ROOT = Path(__file__).parents[2]
LINE = r"epoch (\d+)/3  step \d+  train loss \d+\.\d{4} acc [01]\.\d{4}  valid loss \d+\.\d{4} acc [01]\.\d{4}"
QUICK = ("--epochs", "3", "--set", "data.limit=160")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tui.cli", *arguments]


def test_a_plain_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "digits", *QUICK]) == 0
    out, err = capsys.readouterr()
    *epochs, last = out.splitlines()
    assert [re.fullmatch(LINE, line).group(1) for line in epochs] == ["1", "2", "3"]  # type: ignore[union-attr]
    assert last.startswith("finished after 15 steps in ")
    assert err == ""


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", *QUICK, "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "digits", *QUICK, "--json", "--out", str(tmp_path / "run")]) == 0
    *epochs, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert last["status"] == "finished"
    assert last["out"] == str(tmp_path / "run")
    assert last == {**json.loads((tmp_path / "run" / "run.json").read_text())["result"], "out": last["out"]}


def test_settings_reach_the_experiment_file(tmp_path: Path) -> None:
    sets = ["--set", "optimizer.lr=0.25", "--set", "optimizer.name=sgd", "--set", "model.hidden=[5, 4]"]
    code = main(["train", "--quiet", *QUICK, "--seed", "7", *sets, "--out", str(tmp_path / "run")])
    assert code == 0
    text = (tmp_path / "run" / "experiment.toml").read_text()
    for words in ("seed = 7", "epochs = 3", 'name = "sgd"', "lr = 0.25", "5,\n    4,", "limit = 160"):
        assert words in text


def test_list_items_are_set_by_index(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text('[data]\nname = "iris"\n[[layers]]\ntype = "dense"\nunits = 3\n[[layers]]\ntype = "tanh"\n')
    out = tmp_path / "run"
    assert main(["train", str(file), "--epochs", "1", "--quiet", "--set", "layers.0.units=8", "--out", str(out)]) == 0
    assert "units = 8" in (out / "experiment.toml").read_text()


def test_resumed_in_a_new_process_the_checkpoint_is_equal(tmp_path: Path) -> None:
    straight, half = str(tmp_path / "straight"), str(tmp_path / "half")
    once = ["--quiet", "--set", "data.limit=160"]
    subprocess.run(command("train", *once, "--epochs", "2", "--out", half), check=True, cwd=ROOT)
    subprocess.run(command("resume", half, "--epochs", "4", "--quiet"), check=True, cwd=ROOT)
    subprocess.run(command("train", *once, "--epochs", "4", "--out", straight), check=True, cwd=ROOT)
    for name in ("layers.csv", "parameters.csv"):
        assert (tmp_path / "half" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()


def test_a_finished_run_asks_for_epochs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    assert main(["train", *QUICK, "--quiet", "--out", out]) == 0
    assert "is finished after 3 epochs; give it more, such as --epochs 6" in refused(capsys, "resume", out)
    fewer = refused(capsys, "resume", out, "--epochs", "2")
    assert "has trained for 3 epochs already, more than 2; give it more, such as --epochs 6" in fewer
    assert "optimizer.name cannot be changed" in refused(capsys, "resume", out, "--set", "optimizer.name=sgd")
    said = refused(capsys, "resume", out, "--set", "model.hidden=[8]")
    anew = shlex.split(said.partition("start a new one: nn-tui ")[2])
    assert main([*anew, "--epochs", "1", "--quiet"]) == 0
    assert anew == ["train", f"{out}/experiment.toml", "--set", "model.hidden=[8]"]
    assert "did you mean 'optimizer'" in refused(capsys, "resume", out, "--set", "optimizr.lr=1")
    assert main(["resume", out, "--epochs", "4", "--set", "optimizer.lr=0.001"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("epoch 4/4  step 20")
    assert "lr = 0.005" in (tmp_path / "run" / "experiment.toml").read_text()
    more = ["--epochs", "5", "--set", "schedule.warmup=7", "--set", "schedule.name=cosine", "--quiet"]
    assert main(["resume", out, *more]) == 0
    schedule = load_checkpoint(tmp_path / "run" / "checkpoint.safetensors").experiment.schedule
    assert (schedule.name, schedule.warmup) == ("cosine", 7)


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_saves_the_run(name: str, code: int, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train = command("train", "digits", "--epochs", "1000000", "--out", str(out))
    with subprocess.Popen(train, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert re.fullmatch(rf"nn-tui: interrupted at step \d+; the run is saved: nn-tui resume {out}\n", err)
    assert json.loads((out / "run.json").read_text())["result"]["status"] == "interrupted"
    step = int(re.findall(r"step (\d+)", err)[0])
    more = ["resume", str(out), "--epochs", str(step // 45 + 2), "--json"]
    resumed = subprocess.run(command(*more), cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(resumed.stdout.splitlines()[-1])["status"] == "finished"


def test_an_interrupted_run_without_a_folder_is_saved_among_the_persons_runs(tmp_path: Path) -> None:
    home = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    train = command("train", "digits", "--epochs", "1000000")
    with subprocess.Popen(
        train, cwd=ROOT, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    folder = Path(err.strip().rpartition("resume ")[2])
    assert folder.is_relative_to(tmp_path)
    assert (folder / "checkpoint.safetensors").is_file()


def test_diverging_names_node_and_step_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    out = tmp_path / "run"
    train = command("train", "deep-relu", "--set", "optimizer.lr=1e6", "--out", str(out), "--quiet")
    done = subprocess.run(train, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    pattern = r"nn-tui: the run diverged at step \d+: .*(node '\w+'|the loss|'[\w.]+') is not finite; .*\n"
    assert re.fullmatch(pattern, done.stderr)
    assert (out / "checkpoint.safetensors").is_file()


def test_a_diverged_run_says_what_helps_and_shows_no_number_of_another_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert main(["train", "exploding", "--out", str(out)]) == 1
    shown, err = capsys.readouterr()
    loss = load_checkpoint(out / "checkpoint.safetensors").history.losses[-1]
    assert re.fullmatch(rf"diverged after 7 steps in [\d.]+ s  batch loss {loss:.6g}  saved in {out}\n", shown)
    anew = f"nn-tui train {out}/experiment.toml --set optimizer.lr=0.001"
    assert f"start anew with a lower rate ({anew}) or a clipped gradient" in err
    assert err.endswith(f"or open it and go back: nn-tui {out}\n")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    for changes in ([], ["--set", "optimizer.lr=1e-5"]):
        assert refused(capsys, "resume", str(out), *changes, code=1) == err
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert main([*shlex.split(anew)[1:], "--quiet"]) == 0
    trainer = load_checkpoint(out / "checkpoint.safetensors")
    assert trainer.back(5).status == "running"


def test_a_run_that_stopped_early_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stop = ["--set", "early_stopping.patience=1", "--set", "optimizer.lr=0.05"]
    assert main(["train", "digits", "--quiet", "--out", str(tmp_path / "run"), *stop]) == 0
    err = refused(capsys, "resume", str(tmp_path / "run"))
    assert re.search(r"stopped early after \d+ epochs? of 20; give it more, such as --epochs \d+", err)


def test_a_run_that_stopped_early_says_whose_weights_were_tested(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stop = ["--set", "early_stopping.patience=2", "--set", "optimizer.lr=0.05", "--set", "data.test=0.1"]
    for restore in ("true", "false"):
        out = tmp_path / restore
        command = ["train", "digits", "--out", str(out), *stop, "--set", f"early_stopping.restore_best={restore}"]
        assert main(command) == 0
        ended = capsys.readouterr().out.splitlines()[-1]
        result = json.loads((out / "run.json").read_text())["result"]
        assert result["best_epoch"] == result["epoch"] - 2
        assert result["restored_epoch"] == (result["best_epoch"] if restore == "true" else None)
        words = f"then back to the weights of epoch {result['best_epoch']}  " if restore == "true" else ""
        assert re.search(rf"  valid loss \S+ acc \S+  {words}test loss \S+ acc \S+  saved in ", ended)
        trainer = load_checkpoint(out / "checkpoint.safetensors")
        assert trainer.splits.test is not None
        assert result["last"]["test_loss"] == trainer.evaluate(trainer.splits.test)[0]


def test_a_run_that_ends_within_an_epoch_names_the_last_whole_one() -> None:
    row = {"epoch": 2, "step": 90, "train_loss": 0.5, "train_accuracy": 0.75}
    result = {"status": "interrupted", "step": 100, "seconds": 1.0, "batch_loss": 0.25, "last": row, "out": None}
    ended = (
        "interrupted after 100 steps in 1.00 s  batch loss 0.25  at the end of epoch 2: train loss 0.5000 acc 0.7500"
    )
    assert summary(result) == ended
    assert summary({**result, "step": 90}) == "interrupted after 90 steps in 1.00 s  train loss 0.5000 acc 0.7500"


# ------------------------------------------------------------------------------------------------ bad input

BAD = {
    "no such experiment": (["train", "digit"], "did you mean 'digits'"),
    "folder as experiment": (["train", "."], "cannot be read"),
    "unknown option": (["train", "--epoch-count", "3"], "unrecognized arguments: --epoch-count"),
    "no command": (["tarin", "digits"], "no such command or experiment 'tarin'; did you mean 'train'?\n"),
    "no command, an option": (
        ["tarin", "--out", "x"],
        "no such command or experiment 'tarin'; did you mean 'train'?\n",
    ),
    "one word too many": (["digits", "more"], "unrecognized arguments: more"),
    "no data folder": (["train", "digits", "--data-dir", ""], "--data-dir: the name of the folder is empty"),
    "units without end": (
        ["train", "--set", "model.hidden=[100000000]"],
        "model.hidden.0 is 100000000: must be at most",
    ),
    "no folder": (["train", "digits", "--out", ""], "--out: the name of the folder is empty"),
    "one bracket": (["train", "digits", "--set", "layers={type='dense'}"], "write [[layers]] with two brackets"),
    "epochs in words": (["train", "--epochs", "ten"], "'ten' is no whole number"),
    "no epochs": (["train", "--epochs", "0"], "epochs is 0: must be at least 1"),
    "seed below zero": (["train", "--seed", "-1"], "seed is -1"),
    "set without a value": (["train", "--set", "optimizer.lr"], "write KEY=VALUE"),
    "set without a key": (["train", "--set", "=3"], "write KEY=VALUE"),
    "set with a hole": (["train", "--set", "a..b=3"], "write KEY=VALUE"),
    "unknown key": (["train", "--set", "optimizer.lrr=3"], "did you mean 'lr'"),
    "unknown name": (["train", "--set", "optimizer.name=addam"], "did you mean 'adam'"),
    "wrong value": (["train", "--set", "optimizer.lr=-1"], "optimizer.lr is -1"),
    "not a number": (["train", "--set", "optimizer.lr=nan"], "must be a finite number"),
    "no such item": (["train", "--set", "model.hidden.7=3"], "the list has items 0 to 1"),
    "no such list": (["train", "--set", "layers.0.units=8"], "model 'mlp' makes its layers; set model.hidden"),
    "text for a list": (["train", "--set", "model.hidden=8,8"], "model.hidden is '8,8': must be a list"),
    "text for a number": (["train", "--set", "regularization.l2=yes"], "is 'yes': must be a number"),
    "a number for a table": (["train", "--set", "early_stopping=3"], "must be a table of settings"),
    "no such data folder": (["train", "mnist-mlp", "--data-dir", "/no/such"], "no such folder"),
    "no such run": (["resume", "/no/such"], "no such folder"),
    "nothing to resume": (["resume"], "the following arguments are required: RUN"),
    "command misspelt": (["trian"], "did you mean 'train'"),
    "preset misspelt": (["diggits"], "did you mean 'digits'"),
    "nothing like it": (["zzzz"], "'nn-tui list presets' names those that come along"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = BAD[name]
    assert words in refused(capsys, *arguments)


def test_the_workbench_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "needs a terminal" in err


def test_bad_experiment_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    for content, words in {
        b"title = ": "not valid TOML",
        b"\xff\xfe\x00": "not text in UTF-8",
        b"optimiser = 1": "did you mean 'optimizer'",
        b"[optimizer]\nlr = 0.1": "optimizer.name is missing",
        b"epochs = 2.5": "epochs is 2.5",
        b'[model]\nname = "mlp"\n[[layers]]\ntype = "relu"': "bad.toml': the experiment has both [model]",
        b'[layers]\ntype = "relu"': "write [[layers]] with two brackets",
        b'[optimizer]\nname = "sgd"\nlr = "0.5"': 'lr is "0.5", in quotes: it is a number, so write lr = 0.5',
        b'[model]\nname = "mlp"\nbatch_norm = "true"': "it is true or false, so write batch_norm = true",
        b'[model]\nname = "mlp"\nhidden = [4, "8"]': 'model.hidden.1 is "8", in quotes: it is a number, so write 8',
        b'[[layers]]\ntype = "dense"\nunits = "4"': 'layers.0.units is "4", in quotes',
        b'[data]\nname = "csv"\npath = "none.csv"\ntarget = "y"': "no such file",
    }.items():
        file.write_bytes(content)
        assert words in refused(capsys, "train", str(file))


def test_an_idx_file_that_ends_too_early(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    images = (2051).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in (100, 28, 28)) + bytes(999)
    labels = (2049).to_bytes(4, "big") + (100).to_bytes(4, "big") + bytes(100)
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(images)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    assert "train-images-idx3-ubyte" in refused(capsys, "train", "mnist-mlp", "--data-dir", str(tmp_path))


def test_a_run_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "my run"
    assert main(["train", *QUICK, "--quiet", "--out", str(out)]) == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert f"nn-tui resume '{out}'" in refused(capsys, "train", *QUICK, "--out", str(out))
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_a_checkpoint_that_is_a_pickle(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\x80\x04\x95" + bytes(40))
    assert "is a pickle" in refused(capsys, "resume", str(tmp_path))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_place_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be written" in refused(capsys, "train", *QUICK, "--out", "/proc/self/run")
    assert "is a file" in refused(capsys, "train", *QUICK, "--out", "/proc/self/status")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_behind_standard_output() -> None:
    with open("/dev/full", "w") as full:
        train = command("list")
        done = subprocess.run(train, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "no space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pipe_that_is_closed_early_is_no_trouble() -> None:
    line = f"{' '.join(command('list'))} | head -1"
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("presets\n", "")


def test_a_run_whose_output_nobody_reads_on_is_saved(tmp_path: Path) -> None:
    out = tmp_path / "run"
    line = f"{' '.join(command('train', 'digits', '--epochs', '1000000', '--out', str(out)))} | head -1"
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    result = json.loads((out / "run.json").read_text())["result"]
    assert result["status"] == "interrupted"
    assert load_checkpoint(out / "checkpoint.safetensors").state.step == result["step"] > 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_no_trouble(closed: str, tmp_path: Path) -> None:
    line = f"{' '.join(command('train', *QUICK, '--out', str(tmp_path / 'run')))} {closed}"
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["result"]["status"] == "finished"
    line = f"{' '.join(command('tarin', 'digits'))} {closed}"
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_ctrl_c_waits_until_a_command_is_loaded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load(name: str) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        loaded.append(name)
        return sys

    monkeypatch.setattr("tui.cli.import_module", load)
    before = signal.getsignal(signal.SIGINT)
    assert main(["train"]) == 130
    assert loaded == ["tui.commands.train"]
    assert capsys.readouterr().err == "nn-tui: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("name", ["x" * 300, "~nobody-of-this-name/x"])
def test_a_name_that_no_disk_has(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments in (
        ["resume", name],
        ["evaluate", name],
        ["train", name],
        ["train", "mnist-mlp", "--data-dir", name],
    ):
        assert name in refused(capsys, *arguments)
    assert "cannot be written: " in refused(capsys, "train", *QUICK, "--out", str(tmp_path / "file" / name))
    assert "cannot be written: " in refused(capsys, "init", str(tmp_path / "file" / name))


def test_a_disk_that_fills_up_names_what_there_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "run", os.fsync
    written: list[int] = []

    def fills_up(file: int) -> None:
        written.append(file)
        if len(written) > len(FILES):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    monkeypatch.setattr(os, "fsync", fills_up)
    assert main(["train", *QUICK, "--quiet", "--out", str(out)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "the disk is full; make room" in err
    assert err.endswith(f"; what was saved before goes on with: nn-tui resume {out}\n")
    monkeypatch.undo()
    assert main(["resume", str(out), "--quiet"]) == 0


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))])
def test_too_little_memory_is_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr("tui.commands.train.Trainer", fails)
    assert "not enough memory for that; make batch_size" in refused(capsys, "train", *QUICK, code=1)


def test_train_on_a_run_names_its_experiment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "experiment.toml").write_text("")
    assert f"is a directory; give its file {tmp_path / 'experiment.toml'}" in refused(capsys, "train", str(tmp_path))


def test_the_workbench_opens_a_run_by_folder_and_by_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(["train", *QUICK, "--quiet", "--out", str(out)]) == 0
    for place in (out, out / "checkpoint.safetensors"):
        args = argparse.Namespace(experiment=str(place), sets=["optimizer.lr=0.25"], epochs=None, seed=None)
        trainer = _source(args, None)
        assert isinstance(trainer, Trainer)
        assert (trainer.state.step, trainer.experiment.optimizer.lr) == (15, 0.25)


def test_resume_takes_the_folder_not_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_text("")
    file = tmp_path / "checkpoint.safetensors"
    assert f"run '{file}' is a file; give its folder: {tmp_path}\n" in refused(capsys, "resume", str(file))


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    key=st.sampled_from(["optimizer", "optimizer.lr", "model.hidden.0", "layers.0", "data", "epochs", "a", ""])
    | st.text(max_size=12),
    value=st.text(max_size=12) | st.sampled_from(["[]", "{}", "nan", "-inf", "true", "[[1]]", "1e999", "[{}]"]),
)
def test_any_setting_is_taken_or_refused_in_one_line(key: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "xor-mlp", "--set", f"{key}={value}", "--set", "epochs=1"])
    err = capsys.readouterr().err
    assert code in (0, 1, 2)
    assert err.count("\n") == (code != 0)


@pytest.mark.parametrize("name", [name for name in presets() if load_experiment(name).data.name not in SOURCES])
def test_every_preset_trains(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", name, "--epochs", "1", "--json"]) in ((0, 1) if name == "exploding" else (0,))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["epochs"] == 1


@pytest.mark.skipif(not available(), reason="needs Linux, x86-64 and two cores")
def test_the_number_of_cores_changes_no_bit(tmp_path: Path) -> None:
    for cores in ("1", "2"):
        out, given = str(tmp_path / cores), ("--cores", cores, "--quiet")
        assert main(["train", *QUICK, "--set", "model.hidden=[512, 512]", "--out", out, *given]) == 0
        assert main(["resume", out, "--epochs", "4", *given]) == 0
    one, two = ((tmp_path / cores / "checkpoint.safetensors").read_bytes() for cores in ("1", "2"))
    assert one == two


def test_a_second_core_that_is_not_there_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cores.available", lambda: False)
    assert "take 1" in refused(capsys, "train", "digits", "--cores", "2")
