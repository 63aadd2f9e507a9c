"""The script that takes README's pictures runs; the pictures are there, small, and say nothing of who took them."""

import asyncio
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from engine import load_experiment

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"!\[([^\]]*)\]\((docs/images/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/screenshots.py as a module."""
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "docs" / "screenshots.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "screenshots", module)
    spec.loader.exec_module(module)
    return module


async def test_a_picture_shows_the_screen(script: ModuleType) -> None:
    async with asyncio.timeout(30):
        text = await script.take(script.Shot("xor-mlp", 2, 80, 24))
    root = ElementTree.fromstring(text)
    words = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {"epoch", f"2/{load_experiment('xor-mlp').epochs}", "Loss", "quit"} <= words
    assert root.get("viewBox") == "0 0 720 480"


def test_readme_shows_every_picture_with_words_beside_it(script: ModuleType) -> None:
    assert {path for _, path in NAMED} == {f"docs/images/{name}.svg" for name in script.SHOTS}
    assert all(len(words) > 20 for words, _ in NAMED)


@pytest.mark.parametrize("path", sorted({path for _, path in NAMED}))
def test_pictures_are_small_and_of_no_machine(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    ElementTree.fromstring(text)
    assert len(text.encode()) < 300_000
    assert not re.search(r"/home/|/root|/work|/tmp|/Users/|@font-face|href=", text)
