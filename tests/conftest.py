"""What all tests share: the marker `slow`, and where public data sets may lie."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import threads

ROOT = Path(__file__).parents[1]
PUBLIC = Path(os.environ.get("NN_TUI_DATA") or ROOT.parent / "shared" / "datasets")  # before a test hides it


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds; runs where NN_TUI_SLOW is set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("NN_TUI_SLOW"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow: set NN_TUI_SLOW=1 to run it"))


@pytest.fixture(autouse=True)
def unprepared_thread() -> Iterator[None]:
    """Undoes the flushing of denormals after each test, which hypothesis and exact comparisons near zero would see."""
    yield
    if getattr(threads._prepared, "flushed", False):
        ctypes.CDLL("libm.so.6").fesetenv(ctypes.c_void_p(-1))
    threads._prepared.__dict__.clear()


@pytest.fixture
def public_data() -> Path:
    """The folder with MNIST: the one that NN_TUI_DATA names, or `shared/datasets` beside the project."""
    return _having("mnist").parent


@pytest.fixture
def cifar_sample() -> Path:
    """The 5,000 photos of CIFAR-10 and 1,000 to test with, in the same place."""
    return _having("cifar-10-sample")


def _having(name: str) -> Path:
    if not (PUBLIC / name).is_dir():
        pytest.skip(f"no {name} in {PUBLIC}")
    return PUBLIC / name
