"""The screen for drawing: what a network of every kind says about a drawing, while it is drawn."""

import asyncio

import numpy as np
import pytest
from drawing_hand import DIGITS, answer, drag, drawn
from hosting import on_screen, ready
from PIL import Image

from engine import Split, Splits, Trainer, load_experiment, parse_experiment
from engine.data.scale import Scaler
from engine.drawn import Manner
from tui.app import Workbench
from tui.drawing.palette import Palette
from tui.screens.answer import Answer
from tui.screens.draw import DrawScreen
from tui.screens.verdict import Verdict, judge, unfit


def experiment(name="digits", **data):
    table = {"name": name, "limit": 400, **data}
    model, optimizer = {"name": "mlp", "hidden": [16]}, {"name": "adam", "lr": 0.01}
    loss = {"name": "mse"} if data.get("predict") else {"name": "cross_entropy"}
    return parse_experiment({"data": table, "model": model, "optimizer": optimizer, "loss": loss})


async def opened(exp, size, act):
    await on_screen(DrawScreen, exp, size, answer, act)


def text_of(screen, width=70, height=30):
    return screen.answer.to_text(width, height)


async def test_the_prediction_changes_while_a_person_draws_with_keys():
    async def act(screen, pilot):
        before = screen.answer.verdict.values.copy()
        await pilot.press("space")
        await answer(screen, pilot)
        assert screen.pad.ink.values[20, 20] == 1
        assert not screen.answer.empty
        assert np.abs(screen.answer.verdict.values - before).max() > 1e-4
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
            screen.session.ask(lambda trainer: judge(trainer, screen.pad.ink.sheet).values)
        )
        assert screen.answer.verdict.values == pytest.approx(expected)

    await opened(experiment(), (100, 34), act)


async def test_an_empty_pad_has_no_prediction():
    async def act(screen, pilot):
        def unread():
            assert "nothing drawn yet" in text_of(screen)
            assert "%" not in text_of(screen)
            assert "█" not in text_of(screen)
            assert "draw a digit" in screen.pad.to_text(40, 20)

        unread()
        await pilot.press("space")
        await answer(screen, pilot)
        assert "It reads" in text_of(screen)
        assert "the network gets" in text_of(screen)
        assert "draw a digit" not in screen.pad.to_text(40, 20)
        await pilot.press("c")
        unread()
        await answer(screen, pilot)
        unread()
        screen.pad.ink.line((5, 5), (20, 20))
        screen._show()
        assert "nothing drawn yet" in text_of(screen)

    await opened(experiment(), (80, 24), act)


async def test_where_there_is_nothing_to_draw_for_the_footer_is_silent_and_the_key_says_why(until):
    app = Workbench(load_experiment("playground"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("5")
        assert "d draw" not in app.bench.hints.render().plain
        await pilot.press("d")
        assert app.screen is app.bench
        assert [note.message.partition(";")[0] for note in app._notifications] == [
            "drawing is for networks that read images, and this one reads 2 numbers"
        ]
        app.open_choice("digits")
        await until(pilot, lambda: "d draw" in app.bench.hints.render().plain)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DrawScreen))


async def test_a_network_that_reads_no_images_says_so():
    async def act(screen, pilot):
        shown = " ".join(screen.answer.to_text(80, 10).split())
        assert "this one reads 2 numbers" in shown
        assert "open digits" in shown
        await pilot.press("space")
        await answer(screen, pilot)
        assert screen.answer.problem
        await pilot.press("escape")
        assert screen not in screen.app.screen_stack

    await opened(experiment("moons", samples=100), (80, 24), act)


async def test_an_autoencoder_draws_it_again_and_tells_the_error():
    async def act(screen, pilot):
        screen.pad.ink.values = drawn(DIGITS["3"], 2.8).values
        await drag(screen, pilot, (20, 3), (21, 3))
        await answer(screen, pilot)
        verdict = screen.answer.verdict
        assert verdict.again.shape == (1, 8, 8)
        assert verdict.error == pytest.approx(float(((verdict.again - verdict.pixels) ** 2).mean()), rel=1e-4)
        shown = text_of(screen)
        assert all(part in shown for part in ("mse 0.", "the network gets", "it draws", "where it errs"))
        await pilot.press("m")
        assert "too dark (-), too bright (+)" in text_of(screen)
        assert "it draws" in text_of(screen, 20, 9)

    await opened(experiment(predict="inputs"), (80, 24), act)


@pytest.mark.parametrize(
    ("name", "width", "said"),
    [
        ("automobile", 30, "It reads  automobile   88%"),
        ("automobile", 22, "It reads  automobile"),
        ("automobile", 18, "automobile   88%"),
        ("automobile", 12, "automobile"),
        ("automobile", 8, "automob…"),
        ("frog", 18, "It reads  frog"),
    ],
)
def test_an_answer_is_never_half_a_word_or_number(name, width, said):
    answer = Answer()
    x = np.zeros((1, 8, 8), np.float32)
    values, names = np.array([0.12, 0.88], np.float32), ("ship", name)
    answer.verdict, answer.empty = Verdict("classes", x, values, names, Manner(np.zeros(1))), False
    assert answer.to_text(width, 12).splitlines()[0] == said


async def test_it_follows_training_and_every_size():
    async def act(screen, pilot):
        await pilot.press("space", "m")
        await answer(screen, pilot)
        before = screen.answer.verdict.values.copy()
        screen.session.step(5)
        await answer(screen, pilot)
        await answer(screen, pilot)
        assert np.abs(screen.answer.verdict.values - before).max() > 0
        for size in ((1, 1), (20, 6), (60, 30), (140, 60)):
            for palette in (Palette(), Palette(depth="none")):
                assert screen.answer.draw(*size, palette).width == size[0]

    await opened(experiment(), (120, 40), act)


@pytest.fixture
def flowers(tmp_path):
    """Colour photographs of no common size on light yellow: red spots at the left, blue ones at the right."""
    for name, color, left in (("rose", (200, 20, 20), 6), ("iris", (20, 20, 200), 26)):
        (tmp_path / "flowers" / name).mkdir(parents=True)
        for number in range(6):
            image = Image.new("RGB", (48, 30), (250, 240, 200))
            image.paste(color, (left, 5 + number, left + 12, 17 + number))
            image.save(tmp_path / "flowers" / name / f"{number}.png")
    data = {"name": "image_folder", "path": str(tmp_path / "flowers")}
    return {"data": data, "model": {"name": "mlp", "hidden": [8]}}


async def test_colour_images_are_drawn_in_colour_on_their_own_ground(flowers):
    async def act(screen, pilot):
        ground = np.array([250, 240, 200]) / 255
        assert screen.pad.paper == pytest.approx(ground)
        assert screen.pad.color == "black"
        assert "draw something" in screen.pad.to_text(40, 20)
        assert "i ink" in screen.foot.render().plain
        await pilot.press("i", "i")
        assert screen.pad.color == "red"
        assert "red" in screen.sheet.border_subtitle
        await drag(screen, pilot, (10, 5), (10, 12))
        await answer(screen, pilot)
        pixels = screen.answer.verdict.pixels
        assert pixels.shape == (3, 30, 48)
        assert pixels[:, 0, 0] == pytest.approx(ground)
        assert pixels[:, 15, 24] == pytest.approx((0.85, 0.15, 0.12), abs=0.01)
        await pilot.press("I")
        assert screen.pad.color == "white"

    await opened(parse_experiment(flowers), (100, 30), act)


def test_images_of_two_channels_are_drawn_in_gray():
    x = np.tile(np.float32([0.9, 0.7])[:, None, None], (12, 1, 9, 9))
    split = Split(x, np.arange(12) % 2)
    splits = Splits(split, None, None, (2, 9, 9), ("a", "b"), (), (), Scaler())
    trainer = Trainer(parse_experiment({"layers": [{"type": "flatten"}]}), splits)
    verdict = judge(trainer, drawn(DIGITS["4"]).sheet)
    assert verdict.gray
    assert verdict.paper == pytest.approx((0.8, 0.8, 0.8))
    assert verdict.pixels.min() < 0.3 < verdict.pixels.max()


async def test_gray_images_have_no_colour_to_choose():
    async def act(screen, pilot):
        assert "i ink" not in screen.foot.render().plain
        await pilot.press("i")
        assert screen.pad.color == "white"

    await opened(experiment(), (100, 30), act)


def numbers(*names):
    """A trainer on gray images of 9x14, whose answers are so many numbers, linear in the pixels."""
    rng = np.random.default_rng(0)
    x = rng.random((40, 1, 9, 14), np.float32)
    split = Split(x, np.stack([x.mean((1, 2, 3)) * n for n in range(1, len(names) + 1)], 1).astype(np.float32))
    splits = Splits(split, split, None, (1, 9, 14), (), (), names, Scaler())
    return Trainer(parse_experiment({"layers": [{"type": "flatten"}], "loss": {"name": "mse"}}), splits)


def shown(trainer, size=(60, 20), **changes):
    screen = Answer()
    screen.verdict, screen.empty = judge(trainer, drawn(DIGITS["7"]).sheet), False
    vars(screen).update(changes)
    return screen.draw(*size, Palette(depth="none")).to_text()


def test_a_regression_answers_with_its_numbers():
    trainer = numbers("height")
    verdict = judge(trainer, drawn(DIGITS["7"]).sheet)
    value = float(trainer.predict(verdict.pixels[None])[0, 0])
    assert verdict.values == pytest.approx([value])
    assert f"It answers  {value:.3f}"[:16] in shown(trainer)
    assert "what decided it" in shown(trainer)
    assert "against (-), for (+)" in shown(trainer, other=True)
    several = shown(numbers("height", "width", "weight"))
    assert all(name in several for name in ("height", "width", "weight"))
    few = shown(numbers(*"abcdefgh"), (30, 4))
    assert "and 6 more" in few
    assert not any(letter.isdigit() for letter in shown(numbers("height", "width"), empty=True))


def test_of_many_classes_the_best_are_listed_and_the_others_counted():
    scores = np.full(26, 0.01, np.float32)
    scores[[20, 3]] = 0.5, 0.26
    names = tuple("abcdefghijklmnopqrstuvwxyz")
    verdict = Verdict("classes", np.zeros((1, 28, 28), np.float32), scores, names, None)
    screen = Answer()
    screen.verdict, screen.empty = verdict, False
    lines = screen.draw(50, 40, Palette(depth="none")).to_text().splitlines()
    assert "u   50%" in lines[0]
    assert [line.split()[0] for line in lines[1:10]] == ["u", "d", "a", "b", "c", "e", "f", "g", "h"]
    assert lines[10].split() == ["and", "17", "more,", "17%"]
    assert verdict.wish == "draw a letter"
    for height in range(1, 14):
        lines = screen.draw(30, height, Palette(depth="none")).to_text().splitlines()
        assert height < 3 or any("more" in line for line in lines)


def test_without_any_slope_nothing_decided():
    trainer = numbers("height")
    trainer.network.values[:] = 0
    assert "nothing: no slope" in shown(trainer)
    assert "nothing: no slope" in shown(trainer, other=True)


def test_answers_that_are_no_numbers_are_told():
    scores = np.full(3, np.nan, np.float32)
    screen, names = Answer(), ("one", "two", "three")
    screen.verdict, screen.empty = Verdict("classes", np.zeros((1, 8, 8), np.float32), scores, names, None), False
    assert screen.draw(40, 20, Palette()).to_text().startswith("It answers  NaN")


@pytest.mark.parametrize("flip", [1, -1])
def test_of_two_classes_and_one_output_the_signs_are_those_of_the_answer(flowers, flip):
    flowers["model"] = {"name": "mlp", "hidden": []}
    trainer = Trainer(parse_experiment({**flowers, "loss": {"name": "binary_cross_entropy"}}))
    trainer.network.values *= flip
    verdict = judge(trainer, drawn(DIGITS["0"]).sheet)
    weights = trainer.network.values[:-1].reshape(3, 30, 48)
    sign = 1 if verdict.values[1] > verdict.values[0] else -1
    assert verdict.seen.gradient == pytest.approx(sign * weights, abs=1e-6)


def test_who_can_read_drawings():
    assert unfit((1, 28, 28)) is None
    assert unfit((3, 32, 48)) is None
    assert "1 number;" in unfit((1,))
    assert "4 numbers" in unfit((4,))
    assert unfit((1, 1, 8))


def leaning(strokes, lean):
    return [[(x + lean * (20 - y), y) for x, y in points] for points in strokes]


def test_drawn_digits_are_read_by_a_trained_digits_network():
    model, optimizer = {"name": "mlp", "hidden": [64, 32]}, {"name": "adam", "lr": 0.005}
    trainer = Trainer(
        parse_experiment({"data": {"name": "digits"}, "batch_size": 32, "model": model, "optimizer": optimizer})
    )
    trainer.advance(epochs=20)
    said = {
        (name, lean, pen): int(judge(trainer, drawn(leaning(strokes, lean), pen).sheet).values.argmax())
        for name, strokes in DIGITS.items()
        for lean in (-0.25, 0, 0.25)
        for pen in (1.5, 2, 2.8)
    }
    missed = {about: best for about, best in said.items() if about[0] != str(best)}
    assert len(missed) <= 0.05 * len(said), missed


@pytest.mark.slow
def test_drawn_digits_are_read_by_a_network_trained_on_mnist(public_data):
    model, optimizer = {"name": "cnn", "channels": [16, 32], "hidden": [128]}, {"name": "adam", "lr": 0.001}
    data = {"name": "mnist", "limit": 10_000}
    trainer = Trainer(parse_experiment({"data": data, "model": model, "optimizer": optimizer}), folder=public_data)
    trainer.advance(epochs=2)
    said = {name: judge(trainer, drawn(strokes).sheet).values.argmax() for name, strokes in DIGITS.items()}
    assert sum(str(best) == name for name, best in said.items()) >= 9, said


def test_on_light_paper_ink_is_dark():
    trainer = Trainer(experiment())
    sheet = drawn(DIGITS["1"]).sheet
    read = judge(trainer, sheet)
    assert read.paper == (0, 0, 0)
    trainer.splits.train.x.flags.writeable = True
    trainer.splits.train.x[...] = 1 - trainer.splits.train.x
    turned = judge(trainer, sheet)
    assert turned.pixels == pytest.approx(1 - read.pixels)
    assert turned.paper == (1, 1, 1)


async def test_the_answer_is_in_sight_at_every_size():
    async def act(screen, pilot):
        await pilot.press("space")
        await answer(screen, pilot)
        for width, height in ((40, 12), (40, 30), (60, 20), (80, 24), (100, 12), (120, 40), (200, 60)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            await pilot.pause()
            pad, told = screen.pad.region, screen.answer.region
            assert screen.region.contains_region(pad), (width, height)
            assert screen.region.contains_region(told), (width, height)
            assert not pad.overlaps(told)
            assert told.width >= 18
            assert told.height >= 3
            assert "It reads" in screen.answer.to_text(told.width, told.height)

    await opened(experiment(), (80, 24), act)
