"""Ctrl-C at any moment of the start is one line and exit code 130, and who quits at once is told nothing else."""

import gc
import sys
import tomllib
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.worker import Worker

from tui.app import Workbench
from tui.start import main


class Interrupted(ModuleType):
    """A module that Ctrl-C hits while it is imported."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interrupt_while_loading(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "tui.cli", Interrupted("tui.cli"))
    assert main() == 130
    assert capsys.readouterr().err == "nn-tui: interrupted\n"


def test_the_command_begins_there() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"nn-tui": "tui.start:main"}


async def test_an_end_before_anything_is_loaded_warns_of_nothing() -> None:
    app = Workbench("digits")
    run, ended = app.run_worker, []

    def run_and_quit(*work: Any) -> Worker[Any]:
        ended.append(run(*work))
        ended[0].cancel()
        app.exit()
        return ended[0]

    app.run_worker = run_and_quit
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with app.run_test() as pilot:
            while not ended:
                await pilot.pause()
        ended.clear()
        gc.collect()
    assert not [str(one.message) for one in told if "never awaited" in str(one.message)]
