"""A wheel built from the tree trains in an empty virtual environment, with the data that ships with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_wheel_trains_in_an_empty_environment(tmp_path: Path) -> None:
    def run(*command: str | Path, **environment: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NN_TUI"))}
        line = [str(part) for part in command]
        done = subprocess.run(line, cwd=tmp_path, env=clean | environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("nn_tui-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    scripts = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "-q", wheel)
    out = run(scripts / "nn-tui", "train", "digits", "--epochs", "2", "--out", tmp_path / "run")
    assert out.splitlines()[1].startswith("epoch 2/2  step 90")
    for name in ("iris", "wine", "breast_cancer"):
        run(scripts / "nn-tui", "train", "digits", "--epochs", "1", "--set", f"data.name={name}")
    assert "spiral" in run(scripts / "nn-tui", "list", "presets")
    where = run(scripts / "python", "-c", "import engine; print(engine.__file__)")
    assert str(tmp_path) in where
