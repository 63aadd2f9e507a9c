import asyncio

import numpy as np
import pytest
from hosting import on_screen

from engine import INPUT, Session, parse_experiment
from engine.seeing import activity, saliency
from tui.asking import moment
from tui.drawing.palette import Palette
from tui.panels.reading import read
from tui.screens.maps import as_sheet, draw_maps, heat, signed
from tui.screens.scene import MODES, see
from tui.screens.seeing import SeeingScreen

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 20}, {"type": "relu"}]


def experiment(name="digits", layers=LAYERS):
    data, optimizer = {"name": name, "limit": 120}, {"name": "adam", "lr": 0.01}
    return parse_experiment({"data": data, "layers": layers, "optimizer": optimizer})


async def opened(exp, size, act, **where):
    await on_screen(lambda session: SeeingScreen(session, **where), exp, size, answer, act)


async def answer(screen, pilot):
    await pilot.pause()
    for _ in range(100):
        await asyncio.wrap_future(screen.session.ask(lambda trainer: None))
        screen.look(screen.session.snapshot)
        await pilot.pause()
        if screen._asking.about == (moment(screen.session.snapshot), screen.wish) and screen._asking._future is None:
            return
    raise AssertionError("no answer")


async def test_layers_and_samples_are_walked_along():
    async def act(screen, pilot):
        assert screen.scene.node == INPUT
        assert screen.scene.row == 7
        assert screen.scene.occluded.shape == (8, 8)
        await pilot.press("right", "down", "down")
        await answer(screen, pilot)
        assert (screen.scene.row, screen.scene.node) == (3, "dense1")
        wanted = await asyncio.wrap_future(screen.session.ask(lambda t: _activity(t, 3)))
        assert screen.scene.values == pytest.approx(wanted.outputs)
        await pilot.press("m")
        await answer(screen, pilot)
        assert screen.scene.values == pytest.approx(wanted.gradients)
        await pilot.press("m")
        await answer(screen, pilot)
        assert screen.scene.maps.shape == (20, 8, 8)
        await pilot.press("pagedown")
        assert screen.view.first > 0
        await pilot.press("pageup", "m", "left", "left", "left")
        await answer(screen, pilot)
        assert screen.scene.mode == "field"
        assert screen.scene.row == 7
        await pilot.press("escape")
        assert screen not in screen.app.screen_stack

    def _activity(trainer, row):
        return activity(trainer.network, "dense1", trainer.splits.validation.x[row])

    await opened(experiment(), (80, 24), act, rows=[7, 3, 5], place=0)


async def test_the_saliency_shown_is_the_network_s():
    async def act(screen, pilot):
        wanted = await asyncio.wrap_future(
            screen.session.ask(lambda t: saliency(t.network, t.splits.validation.x[0]).gradient)
        )
        assert screen.scene.gradient == pytest.approx(wanted)
        shown = screen.view.to_text(100, 30)
        assert "saliency" in shown
        assert "occlusion" in shown
        assert "it says" in shown

    await opened(experiment(), (120, 40), act)


@pytest.mark.parametrize("name", ["digits", "iris", "moons", "sine"])
async def test_every_layer_in_every_mode_at_every_size(name):
    layers = LAYERS if name == "digits" else LAYERS[1:]
    exp = parse_experiment(
        {
            "data": {"name": name, "limit": 100},
            "layers": layers,
            "loss": {"name": "mse" if name == "sine" else "cross_entropy"},
        }
    )

    async def act(screen, pilot):
        trainer = await asyncio.wrap_future(screen.session.ask(lambda t: t))
        for node in (INPUT, *(one.name for one in trainer.network.nodes)):
            for mode in MODES:
                screen.view.scene = see(trainer, "validation", 10_000, node, mode)
                for size in ((1, 1), (30, 8), (78, 22), (150, 50)):
                    assert screen.view.draw(*size, Palette()).width == size[0]
                    screen.view.draw(*size, Palette(depth="none"))

    await opened(exp, (80, 24), act)


async def test_a_layer_that_is_gone_is_the_input():
    async def act(screen, pilot):
        screen.session.rebuild(experiment(layers=LAYERS[:1]))
        await answer(screen, pilot)
        assert screen.scene.node == INPUT
        await pilot.press("down")
        await answer(screen, pilot)
        assert screen.scene.node == "flatten1"
        await pilot.press("t")
        await answer(screen, pilot)

    await opened(experiment(), (80, 24), act, node="relu1")


async def test_the_samples_of_a_reading_can_be_seen():
    session = Session(experiment())
    session.start()
    try:
        reading = await asyncio.wrap_future(session.ask(lambda t: read(t, "validation", 100)))
        row = int(reading.rows[reading.order("worst")[0]])
        scene = await asyncio.wrap_future(session.ask(lambda t: see(t, "validation", row, INPUT, "outputs")))
    finally:
        session.close()
    place = int(np.flatnonzero(reading.rows == row)[0])
    assert scene.scores == pytest.approx(reading.scores[place], abs=1e-5)
    assert scene.target == reading.targets[place]


def test_maps():
    assert heat(np.zeros((4, 4)), 8, 8, Palette()).height == 4
    assert signed(np.full((3, 3), np.nan), 4, 4, Palette()).width == 4
    assert as_sheet(np.arange(5.0)).shape == (2, 3)
    picture, grid = draw_maps(np.random.default_rng(0).normal(size=(30, 3, 3)), 0, 40, 12, Palette())
    assert grid.count >= 9
    assert (picture.chars == ord("▀")).sum() > 50
