"""Who takes part in the benchmarks. Their numbers are not tested: they are printed, never asserted."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bench.cases import BEST, CASES, JAX, NUMPY_ML
from bench.numpy_ml import PACKAGES, load
from bench.rivals import rivals


def test_every_goal_names_a_rival_that_takes_its_case():
    everybody = list(rivals("-", "-", "-", quick=False))
    for case in CASES:
        there = {name for rival in everybody if rival.takes(case) for name in (rival.name, rival.family)} | {BEST}
        assert {goal.rival for goal in case.goals} <= there, case.name


def test_jax_builds_every_network_that_it_takes():
    pytest.importorskip("jax")
    from bench.xla import forward, start

    (rival,) = (rival for rival in rivals(None, None, None, quick=True) if rival.name == JAX)
    for case in filter(rival.takes, CASES):
        outputs = forward(case, start(case, np.random.default_rng(0)), np.zeros((2, *case.shape), np.float32))
        assert outputs.shape == (2, case.classes), case.name


def test_numpy_ml_takes_part_by_path_alone_in_what_it_can_build():
    assert NUMPY_ML not in {rival.name for rival in rivals(None, None, None, quick=False)}
    (rival,) = (rival for rival in rivals(None, None, "folder", quick=True) if rival.name == NUMPY_ML)
    taken = {case.name for case in CASES if rival.takes(case)}
    assert taken == {"W5", "W2 32 sgd", "W2 32 momentum", "W2 32 adam", "W4 32"}


def test_numpy_ml_is_loaded_without_the_modules_around_its_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in PACKAGES:
        folder = tmp_path.joinpath(*name.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("from collections import Hashable\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "numpy_ml/utils/testing.py").write_text("WORD = 'part'\n")
    (tmp_path / "numpy_ml/neural_nets/layers.py").write_text("from ..utils.testing import WORD\n")
    try:
        assert load(str(tmp_path), "layers").WORD == "part"
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "numpy_ml"]:
            del sys.modules[name]
