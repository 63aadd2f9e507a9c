"""A trained run that is replaced is kept, listed and brought back; keys and starts that lead to it."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hosting import Until, desk_of, ready, text_of
from textual.pilot import Pilot
from textual.widgets import OptionList

from engine import Experiment, Trainer, load_experiment
from tui.app import Workbench
from tui.opening import Opening
from tui.welcome import Offer

NOTICE = "the run before is kept: o opens it"


@pytest.fixture
def xor() -> Experiment:
    return load_experiment("xor-mlp", {"epochs": 9})


async def answer(app: Workbench, question: Any) -> Any:
    """What the training thread says, when everything before is done."""
    return await asyncio.wrap_future(app.session.ask(question))


async def bits(app: Workbench) -> tuple[Any, ...]:
    """All that is to come back of a run."""

    def told(trainer: Trainer) -> tuple[Any, ...]:
        state, history = trainer.state, trainer.history
        vectors = [vector.tobytes() for vector in (state.values, *state.slots.values(), history.losses)]
        return trainer.experiment, state.step, vectors, list(history.rows), tuple(trainer.edits)

    found: tuple[Any, ...] = await answer(app, told)
    return found


def told(app: Workbench) -> list[str]:
    """The notices on the screen."""
    return [note.message for note in app._notifications]


@asynccontextmanager
async def trained(experiment: Experiment, until: Until, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Any]:
    """The workbench after two epochs."""
    app = Workbench(experiment)
    async with app.run_test(size=size) as pilot:
        await ready(app, pilot, until)
        await pilot.press("e", "e")
        await until(pilot, lambda: app.snapshot.epoch == 2)
        yield app, pilot


async def listed(app: Workbench, pilot: Pilot[int], until: Until) -> list[str]:
    """What `o` lists besides the presets."""
    await pilot.press("o")
    await until(pilot, lambda: isinstance(app.screen, Opening))
    options = app.screen.query_one(OptionList)
    return [str(option.prompt) for option in options.options if (option.id or "").startswith("run:")]


@pytest.mark.parametrize("key", ["r", "n"])
async def test_a_run_that_is_reset_or_seeded_anew_is_opened_again_as_it_was(
    xor: Experiment, until: Until, key: str
) -> None:
    async with trained(xor, until) as (app, pilot):
        before = await bits(app)
        await pilot.press(key)
        await until(pilot, lambda: app.snapshot.step == 0 and NOTICE in told(app))
        (run,) = await listed(app, pilot, until)
        assert "kept run" in run
        assert "epoch 2/9" in run
        assert "best training accuracy" in run
        assert "replaced just now" in run
        await pilot.press("enter")
        await until(pilot, lambda: app.session.snapshot.epoch == 2)
        assert await bits(app) == before
        assert not await listed(app, pilot, until), "it is in use again, and the one before it had no steps"


async def test_undo_brings_the_run_of_before_back_and_redo_the_other(xor: Experiment, until: Until) -> None:
    async with desk_of("architecture", "1", until, xor, (120, 40), {}) as desk:
        await desk.press("e", "e")
        first = await bits(desk.app)
        desk.panel.apply("model.hidden", (3, 2))
        await desk.settle()
        assert (await bits(desk.app))[1] == 0
        await desk.press("s")
        second = await bits(desk.app)
        await desk.press("u")
        assert await bits(desk.app) == first
        assert NOTICE in told(desk.app)
        await desk.press("U")
        assert await bits(desk.app) == second
        await desk.press("u")
        assert await bits(desk.app) == first
        assert [run.step for run in desk.app.store.kept_runs()] == [second[1]]


@pytest.mark.parametrize("way", ["undo", "open", "go on"])
async def test_a_run_that_comes_back_is_told_of_as_before(until: Until, way: str) -> None:
    digits = load_experiment("digits", {"epochs": 9})
    app = Workbench(digits)

    def read() -> tuple[str, str]:
        panel = app.bench.desk.panels["gradients"]
        return panel.sentence.says, text_of(panel)

    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press(*"eeeee")
        await until(pilot, lambda: read()[0].startswith("It has learned"))
        before = read()
        assert "update" in before[1]
        if way != "go on":
            await pilot.press("n")
            await until(pilot, lambda: app.snapshot.step == 0)
            assert read() != before
            await pilot.press(*("u" if way == "undo" else ("o", *"kept", "enter")))
            await until(pilot, lambda: app.snapshot.epoch == 5 and read() == before)
    if way == "go on":
        app = Workbench(digits)
        async with app.run_test(size=(120, 40)) as pilot:
            await ready(app, pilot, until)
            await until(pilot, lambda: isinstance(app.screen, Offer))
            await pilot.press("enter")
            await until(pilot, lambda: app.snapshot.epoch == 5 and read() == before)


async def test_undo_after_a_reset_and_a_change_goes_back_to_the_reset_run(xor: Experiment, until: Until) -> None:
    async with desk_of("architecture", "1", until, xor, (120, 40), {}) as desk:
        await desk.press("e", "r")
        desk.panel.apply("model.hidden", (3, 2))
        await desk.settle()
        await desk.press("u")
        assert (await bits(desk.app))[:2] == (xor, 0)


async def test_where_the_kept_run_is_gone_undo_starts_over_and_says_so(xor: Experiment, until: Until) -> None:
    async with desk_of("architecture", "1", until, xor, (120, 40), {}) as desk:
        await desk.press("e")
        desk.panel.apply("model.hidden", (3, 2))
        await desk.settle()
        (run,) = desk.app.store.kept_runs()
        for file in run.folder.iterdir():
            file.unlink()
        await desk.press("u")
        assert (await bits(desk.app))[:2] == (xor, 0)
        await until(desk.pilot, lambda: any("cannot be had again" in line for line in told(desk.app)))


async def test_opening_something_else_keeps_the_run_and_a_presets_name_still_means_the_preset(
    xor: Experiment, until: Until
) -> None:
    async with trained(xor, until) as (app, pilot):
        await pilot.press("o", *"xor-perceptron", "enter")
        await until(pilot, lambda: app.session.snapshot.experiment == load_experiment("xor-perceptron"))
        assert [run.title for run in app.store.kept_runs()] == [xor.title]
        await pilot.press("s", "o", *"xor-mlp", "enter")
        await until(pilot, lambda: app.session.snapshot.experiment == load_experiment("xor-mlp"))
        assert app.session.snapshot.step == 0
        await pilot.press("o", *"kept xor", "enter")
        await until(pilot, lambda: app.session.snapshot.step > 0)


async def test_a_run_of_no_steps_is_not_kept_and_nothing_is_said(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("r", "n")
        await until(pilot, lambda: app.session.snapshot.experiment.seed == xor.seed + 1)
        assert not app.store.kept_runs()
        assert not told(app)


async def test_on_a_full_disk_a_run_is_replaced_with_one_line_that_says_it_is_lost(
    xor: Experiment, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    async with trained(xor, until) as (app, pilot):
        await pilot.press("r", "s")
        lost = "the run before is not kept: "
        await until(pilot, lambda: app.snapshot.step == 1 and any(line.startswith(lost) for line in told(app)))
        (line,) = (line for line in told(app) if line.startswith(lost))
        assert "the disk is full" in line
        assert NOTICE not in told(app)


async def test_a_finished_run_says_how_it_goes_on_and_does(until: Until) -> None:
    app = Workbench(load_experiment("xor-mlp", {"epochs": 2}))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: app.snapshot.activity == "finished")
        for key in ("space", "s", "e"):
            await pilot.press(key)
            await until(pilot, lambda: told(app) == ["finished after 2 epochs; E doubles them, then space goes on"])
        await pilot.press("E", "e")
        await until(pilot, lambda: app.snapshot.epoch == 3)
        assert app.snapshot.experiment.epochs == 4
        assert [edit.key for edit in app.snapshot.edits] == ["epochs"]
        await pilot.press("e")
        await until(pilot, lambda: app.snapshot.activity == "finished")


async def test_a_run_that_stopped_early_says_how_it_goes_on(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"early_stopping.patience": 1, "optimizer.lr": 0.1, "epochs": 90}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: app.snapshot.activity == "stopped early")
        await pilot.press("e")
        line = "stopped early; a higher early_stopping.patience (2 optimizer) lets it go on"
        await until(pilot, lambda: told(app) == [line])


async def leave(experiment: Experiment, until: Until, *keys: str) -> None:
    """A session on an experiment that is left after some keys."""
    app = Workbench(experiment)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press(*keys)


@pytest.mark.parametrize(
    ("keys", "offered"),
    [(("e",), True), (("e", "r"), False), (("e", *"o", *"xor-perceptron", "enter", "s"), False), ((), False)],
)
async def test_the_experiment_that_is_named_again_is_offered_where_it_stopped(
    xor: Experiment, until: Until, keys: tuple[str, ...], offered: bool
) -> None:
    await leave(xor, until, *keys)
    app = Workbench(load_experiment("xor-mlp", {"epochs": 9}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(app.presets))
        assert isinstance(app.screen, Offer) == offered
        if offered:
            await pilot.press("enter")
            await until(pilot, lambda: app.session.snapshot.epoch == 1)
            assert not app.store.kept_runs()


async def test_a_finished_run_is_not_offered_but_listed(until: Until) -> None:
    await leave(load_experiment("xor-mlp", {"epochs": 1}), until, "e")
    app = Workbench()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert app.screen is app.bench
        (run,) = await listed(app, pilot, until)
        assert "epoch 1/1" in run


async def test_keys_from_before_there_are_panels_have_their_effect_in_order(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        assert app._session is None
        await pilot.press("e", "s", "4", "f")
        await ready(app, pilot, until)
        await until(pilot, lambda: app.snapshot.step == app.snapshot.steps_per_epoch + 1)
        await until(pilot, lambda: app.bench.desk.zoomed and app.bench.desk.focused_name == "gradients")


async def test_the_key_to_quit_does_not_wait_for_panels(xor: Experiment) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        app.takes_keys = False
        await pilot.press("s", "q")
        await pilot.pause()
        assert not app.is_running or app._exit


async def test_undo_behind_an_opened_preset_goes_on_with_the_run_of_before(xor: Experiment, until: Until) -> None:
    async with desk_of("architecture", "1", until, xor, (120, 40), {}) as desk:
        await desk.press("e", "e")
        before = await bits(desk.app)
        await until(desk.pilot, lambda: bool(desk.app.presets))
        desk.app.open_choice("xor-perceptron")
        await desk.settle()
        await until(desk.pilot, lambda: desk.panel.experiment == load_experiment("xor-perceptron"))
        await desk.press("u")
        assert await bits(desk.app) == before
        await desk.press("e")
        assert desk.app.session.snapshot.epoch == 3


async def test_more_epochs_than_there_can_be_are_refused_in_a_line(until: Until) -> None:
    app = Workbench(load_experiment("xor-mlp", {"epochs": 600_000}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("E")
        await until(pilot, lambda: told(app) == ["epochs is 1200000: must be at most 1000000"])
        assert app.snapshot.experiment.epochs == 600_000
