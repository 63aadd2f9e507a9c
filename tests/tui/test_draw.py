import asyncio
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hosting import on_screen

from engine import Trainer, parse_experiment
from engine.drawn import as_image
from tui.drawing.palette import Palette
from tui.screens.draw import DrawScreen, read_drawing, unfit
from tui.screens.pad import SIDE, Ink

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
STROKES = {
    "0": [[(20, 4), (12, 9), (10, 20), (12, 31), (20, 36), (28, 31), (30, 20), (28, 9), (20, 4)]],
    "1": [[(14, 11), (21, 4), (21, 36)]],
    "3": [[(11, 6), (24, 4), (28, 10), (25, 17), (17, 19), (27, 22), (29, 30), (23, 36), (11, 34)]],
    "6": [[(26, 4), (15, 14), (11, 26), (15, 35), (24, 35), (29, 28), (24, 21), (14, 24)]],
    "8": [[(20, 19), (12, 12), (20, 4), (28, 12), (20, 19), (11, 28), (20, 36), (29, 28), (20, 19)]],
}


def experiment(name="digits", **data):
    table = {"name": name, "limit": 400, **data}
    model, optimizer = {"name": "mlp", "hidden": [16]}, {"name": "adam", "lr": 0.01}
    return parse_experiment({"data": table, "model": model, "optimizer": optimizer})


def ink(strokes, radius=2.8):
    sheet = Ink(radius)
    for points in strokes:
        for start, end in pairwise(points):
            sheet.line(start, end)
    return sheet.values


async def opened(exp, size, act):
    await on_screen(DrawScreen, exp, size, answer, act)


async def answer(screen, pilot):
    await pilot.pause()
    for _ in range(100):
        await asyncio.wrap_future(screen.session.ask(lambda trainer: None))
        screen.look(screen.session.snapshot)
        await pilot.pause()
        about = screen._asking.about
        if about is not None and about[1] == screen._drawings and screen._asking._future is None:
            return
    raise AssertionError("no answer")


async def test_the_prediction_changes_while_a_person_draws_with_keys():
    async def act(screen, pilot):
        assert screen.answer.empty
        assert "nothing drawn yet" in screen.answer.to_text(70, 30)
        before = screen.answer.read.scores.copy()
        await pilot.press("space")
        await answer(screen, pilot)
        assert screen.pad.ink.values[SIDE // 2, SIDE // 2] == 1
        assert not screen.answer.empty
        assert np.abs(screen.answer.read.scores - before).max() > 1e-4
        spot = screen.pad.ink.values.sum()
        await pilot.press("p", "down", "down", "right", "p")
        await answer(screen, pilot)
        line = screen.pad.ink.values.sum()
        assert line > 1.3 * spot
        await pilot.press("up", "up")
        assert screen.pad.ink.values.sum() == line
        await pilot.press("u", "u")
        assert screen.pad.ink.empty
        await pilot.press("space", "c")
        assert screen.pad.ink.empty
        await pilot.press("u")
        assert not screen.pad.ink.empty
        await answer(screen, pilot)
        expected = await asyncio.wrap_future(
            screen.session.ask(lambda trainer: read_drawing(trainer, screen.pad.ink.values).scores)
        )
        assert screen.answer.read.scores == pytest.approx(expected)

    await opened(experiment(), (100, 34), act)


async def test_the_mouse_draws_and_its_right_button_erases():
    async def act(screen, pilot):
        pad = screen.pad
        await pilot.mouse_down(pad, offset=(10, 5))
        await pilot.hover(pad, offset=(30, 5))
        await pilot.mouse_up(pad, offset=(30, 5))
        row = pad.ink.values[11]
        assert row[10:31].min() == 1
        assert row[:7].max() == 0
        await pilot.hover(pad, offset=(30, 15))
        assert pad.ink.values[25:].max() == 0
        await pilot.mouse_down(pad, offset=(20, 5), button=3)
        await pilot.mouse_up(pad, offset=(20, 5))
        assert pad.ink.values[11, 20] == 0
        assert pad.ink.values[11, 12] == 1
        await pilot.press("x", "space")
        assert pad.erasing

    await opened(experiment(), (80, 24), act)


async def test_a_network_that_reads_no_images_says_so():
    async def act(screen, pilot):
        assert "this network reads 2 numbers" in " ".join(screen.answer.to_text(80, 10).split())
        await pilot.press("space")
        await answer(screen, pilot)
        assert screen.answer.problem
        await pilot.press("escape")
        assert screen not in screen.app.screen_stack

    await opened(experiment("moons", samples=100), (80, 24), act)


async def test_it_follows_training_and_every_size():
    async def act(screen, pilot):
        await pilot.press("space", "m")
        await answer(screen, pilot)
        before = screen.answer.read.scores.copy()
        screen.session.step(5)
        await answer(screen, pilot)
        await answer(screen, pilot)
        assert np.abs(screen.answer.read.scores - before).max() > 0
        for size in ((1, 1), (20, 6), (60, 30), (140, 60)):
            for palette in (Palette(), Palette(depth="none")):
                assert screen.answer.draw(*size, palette).width == size[0]

    await opened(experiment(), (120, 40), act)


def test_who_can_read_drawings():
    assert unfit((1, 28, 28), 10) is None
    assert "3 of 32x32" in unfit((3, 32, 32), 10)
    assert "numbers" in unfit((4,), 3)
    assert unfit((1, 8, 8), 0)


def test_templates_are_read_by_a_trained_digits_network():
    trainer = Trainer(
        parse_experiment(
            {
                "data": {"name": "digits"},
                "batch_size": 32,
                "model": {"name": "mlp", "hidden": [64, 32]},
                "optimizer": {"name": "adam", "lr": 0.005},
            }
        )
    )
    trainer.advance(epochs=20)
    said = {name: str(read_drawing(trainer, ink(strokes)).scores.argmax()) for name, strokes in STROKES.items()}
    assert said == {name: name for name in STROKES}


def test_light_paper_is_turned_around():
    trainer = Trainer(experiment())
    read = read_drawing(trainer, ink(STROKES["1"]))
    x = trainer.splits.train.x
    flipped = 1 - x
    trainer.splits.train.x.flags.writeable = True
    x[...] = flipped
    turned = read_drawing(trainer, ink(STROKES["1"]))
    assert turned.pixels == pytest.approx(1 - read.pixels)


@pytest.mark.skipif(not (DATASETS / "mnist").exists(), reason="MNIST is not here")
def test_mnist_digits_drawn_again_are_nearly_themselves():
    from engine.data.mnist import Mnist

    images = Mnist(limit=100).load(0, DATASETS).x[:100, 0]
    alike = []
    for image in images:
        drawing = np.zeros((90, 100))
        drawing[5:89, 9:93] = np.kron(image, np.ones((3, 3)))
        again = as_image(drawing, (1, 28, 28))[0]
        alike.append(np.corrcoef(again.ravel(), image.ravel())[0, 1])
    assert np.median(alike) > 0.97
    assert min(alike) > 0.85


async def test_on_a_narrow_screen_the_title_says_what_is_read():
    async def act(screen, pilot):
        assert screen.sheet.border_title == "the pad"
        await pilot.press("space")
        await answer(screen, pilot)
        best = int(np.argmax(screen.answer.read.scores))
        assert str(screen.sheet.border_title).startswith(f"it reads {best}, ")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert screen.sheet.border_title == "the pad"

    await opened(experiment(), (44, 24), act)
