"""A command that must fail as every command fails: one line, and nothing else."""

import pytest

from tui.cli import main


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """Runs a command that must fail with one line on standard error, and gives the line."""
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("nn-tui: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err
