"""Ctrl-C at any moment of the start is one line and exit code 130."""

import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

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
