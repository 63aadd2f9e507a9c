"""What every test of the screen needs: folders of its own, and helpers that wait for messages, never for time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Configuration, state, data and cache folders inside the test's own, with the orientation already seen."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORFGBG", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    settings = tmp_path / "config" / "nn-tui" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("welcome = false\n")
    return tmp_path


@pytest.fixture
def until() -> Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]]:
    """Waits, message by message, until a condition holds; fails after ten seconds."""

    async def wait(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await pilot.pause()

    return wait
