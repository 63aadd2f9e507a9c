"""When a run that trains is saved by itself: soon, less and less often, and at little cost."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hosting import Until, ready

from engine import History, Snapshot, load_experiment
from tui import keeping
from tui.app import Workbench
from tui.keeping import SHARE, Keeping


def saved(seconds: float, epoch_takes: float, cost: float = 0.0, run: int = 1, keeper: Keeping | None = None):
    """When a run that plays for so long is saved, looked at twelve times a second."""
    keeper, history, found = keeper or Keeping(), History(), []
    shown = Snapshot(0, run, "paused", load_experiment("xor-mlp"), history=history)
    assert not keeper.is_due(shown, 99.9, cost)
    for frame in range(round(12 * seconds)):
        now = frame / 12
        history.steps = frame + 1
        shown = replace(shown, activity="playing", step=frame + 1, epoch=int(now / epoch_takes))
        if keeper.is_due(shown, 100 + now, cost):
            found.append(now)
    return found


def test_the_first_saving_comes_with_the_first_epoch_or_soon_and_then_less_and_less_often():
    assert saved(3, 0.4) == pytest.approx([0.4, 2.4], abs=0.2)
    assert saved(9, 0.4)[-1] > 5.5
    assert saved(3, 1000) == pytest.approx([2.1], abs=0.2)
    times = saved(200, 1000)
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps == pytest.approx(sorted(gaps), abs=0.1)
    assert gaps[0] < 2.5
    assert gaps[-1] == pytest.approx(20, abs=0.5)


def test_what_is_slow_to_save_is_saved_seldom():
    times = saved(400, 0.1, cost=0.7)
    assert times[0] < 0.3
    assert len(times) == 6
    assert len(times[1:]) * 0.7 / 400 <= SHARE


def test_another_run_is_saved_as_soon_as_the_first():
    keeper = Keeping()
    saved(100, 1, keeper=keeper)
    assert saved(3, 0.4, run=2, keeper=keeper) == saved(3, 0.4)


def test_a_run_at_rest_is_saved_once():
    keeper = Keeping()
    shown = Snapshot(0, 1, "paused", load_experiment("xor-mlp"), step=3, history=History())
    assert shown.history is not None
    shown.history.steps = 3
    assert [now for now in range(9) if keeper.is_due(shown, now, 100.0)] == [3]
    assert keeper.is_due(replace(shown, step=4), 9, 100.0)


async def test_a_run_of_one_epoch_is_on_the_disk(
    own_folders: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RESTING", 1e9)
    monkeypatch.setattr(keeping, "FIRST", 1e9)
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("e")
        await until(pilot, lambda: bool(list(app.store.sessions.glob("*/summary.json"))))
        await until(pilot, lambda: app.store.seconds > 0)
