"""The seeing screen: layers and samples, what decides, and the unit that a person chooses."""

import asyncio
import re

import numpy as np
import pytest
from hosting import on_screen
from pets import pets
from PIL import Image

from engine import INPUT, Session, load_experiment, parse_experiment
from engine.reach import Box, reach
from engine.seeing import activity, effective_field, saliency
from tui.asking import moment
from tui.drawing.palette import Palette
from tui.panels.reading import read
from tui.screens.maps import draw_maps
from tui.screens.scene import MODES, see
from tui.screens.seeing import SeeingScreen
from tui.screens.view import COLORED, MEANINGS, RING

CONVOLUTIONS = [
    {"type": "conv2d", "channels": 6, "kernel": 3, "padding": 1, "name": "conv"},
    {"type": "relu", "name": "relu"},
    {"type": "max_pool2d", "name": "pool"},
    {"type": "flatten"},
    {"type": "dense", "units": 10, "name": "dense"},
]
RESIDUAL = [
    {"type": "conv2d", "channels": 3, "kernel": 3, "padding": 1, "name": "a"},
    {"type": "batch_norm", "name": "b"},
    {"type": "relu", "name": "c"},
    {"type": "conv2d", "channels": 3, "kernel": 3, "padding": 1, "name": "d"},
    {"type": "add", "name": "sum", "inputs": ["c", "d"]},
    {"type": "dropout2d", "name": "drop"},
    {"type": "upsample", "name": "up"},
    {"type": "global_avg_pool", "name": "mean"},
]
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


@pytest.mark.parametrize(
    ("name", "layers"),
    [("digits", LAYERS), ("digits", RESIDUAL), ("iris", LAYERS[1:]), ("moons", LAYERS[1:]), ("sine", LAYERS[1:])],
)
async def test_every_layer_in_every_mode_at_every_size(name, layers):
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


async def test_of_an_autoencoder_the_drawing_is_shown_too():
    async def act(screen, pilot):
        wanted = await asyncio.wrap_future(screen.session.ask(_drawn))
        assert screen.scene.again == pytest.approx(wanted)
        for width, height in ((118, 38), (58, 18)):
            assert re.search("input +output +saliency", screen.view.to_text(width, height))
        await press(screen, pilot, "down", "down")
        assert re.search("input +output +field", screen.view.to_text(118, 38))
        assert "it says" not in screen.view.to_text(118, 38)

    def _drawn(trainer):
        outputs = trainer.predict(trainer.splits.validation.x[:1])
        return trainer.splits.scaler.inverse(outputs.reshape(1, 1, 8, 8))[0]

    await opened(load_experiment("autoencoder", {"data.limit": 100}), (120, 40), act)


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


LARGE = [
    {"type": "upsample", "factor": 4},
    {"type": "conv2d", "channels": 16, "kernel": 3, "name": "conv"},
    {"type": "global_avg_pool"},
]


async def test_all_large_maps_are_in_sight_and_z_shows_each_as_large_as_it_is():
    async def act(screen, pilot):
        view = screen.view
        assert view.shown >= 16
        assert "more" not in screen.foot.render().plain
        assert "z size" in screen.foot.render().plain
        await press(screen, pilot, "z")
        assert view._grid.rows == 30
        assert view.first == screen.scene.unit.place[0]
        first = view.first
        assert f"channels {first} to " in view.to_text(118, 38)
        assert "pgdn more" in screen.foot.render().plain
        await press(screen, pilot, "pageup")
        assert view.first == max(0, first - view.shown)
        await press(screen, pilot, "z")
        assert view.shown >= 16
        assert view.first == 0

    await opened(experiment(layers=LARGE), (120, 40), act, node="conv")


async def test_a_unit_is_chosen_on_a_map_as_large_as_it_is():
    async def act(screen, pilot):
        view = screen.view
        await press(screen, pilot, "u", "s")
        channel = screen.scene.unit.place[0]
        assert view._grid.rows == 30
        assert view.first <= channel < view.first + view.shown
        await press(screen, pilot, "escape")
        assert view.shown >= 16

    await opened(experiment(layers=LARGE), (120, 40), act, node="conv")


async def test_keys_for_more_maps_stand_where_there_are_more():
    async def act(screen, pilot):
        assert "z size" not in screen.foot.render().plain
        assert "pgdn more" not in screen.foot.render().plain
        await press(screen, pilot, "up")
        assert screen.scene.node == INPUT
        assert "z size" not in screen.foot.render().plain

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="conv")


@pytest.mark.parametrize("width", [40, 80])
async def test_a_long_name_of_a_file_leaves_the_row_its_place_in_the_head(tmp_path, width):
    folder = pets(tmp_path, count=3, stem="a_name_as_long_as_those_of_photos_from_a_telephone_")

    async def act(screen, pilot):
        screen.look(screen.session.snapshot)
        screen._look()
        head = screen.head.render().plain
        assert head.startswith("Seeing  train row 1  …")
        assert screen.scene.file[-10:] in head
        assert len(head) <= width - 2
        assert width < 80 or "epoch 2/20" in head

    data = {"name": "image_folder", "path": str(folder), "grayscale": True, "validation": 0.4}
    await opened(parse_experiment({"data": data, "layers": LAYERS}), (width, 24), act, part="train", rows=[1])


async def test_the_head_tells_which_sample_it_is():
    async def act(screen, pilot):
        assert f"validation row {screen.scene.row}" in screen.head.render().plain
        await press(screen, pilot, "right", "t", "t")
        screen._look()
        assert "train row 0" in screen.head.render().plain
        assert (screen.scene.part, screen.scene.row) == ("train", 0)

    await opened(experiment(), (40, 12), act)


# ------------------------------------------------------------------------------------------ a unit


async def press(screen, pilot, *keys):
    await pilot.press(*keys)
    await answer(screen, pilot)


async def click(screen, pilot, x, y):
    """At a cell of the picture, which has one of padding on its left."""
    await pilot.click(screen.view, offset=(x + 1, y))
    await answer(screen, pilot)


async def test_the_strongest_unit_is_shown_until_one_is_chosen():
    async def act(screen, pilot):
        assert screen.scene.unit is None
        await press(screen, pilot, "u")
        assert not screen.view.choosing  # the input has no units
        await press(screen, pilot, "down")
        row = screen.scene.row
        found, seen, field = await asyncio.wrap_future(screen.session.ask(lambda t: _facts(t, row)))
        unit = screen.scene.unit
        assert unit.output == found.outputs.max()
        assert found.outputs[unit.place] == unit.output
        assert not unit.chosen
        assert "the strongest" in screen.view.to_text(120, 38)
        await press(screen, pilot, "u")
        assert screen.view.choosing
        assert screen.focused is screen.view
        before = unit.place
        await press(screen, pilot, "up" if before[1] else "down")
        unit = screen.scene.unit
        assert unit.chosen
        assert unit.place == (before[0], before[1] + (-1 if before[1] else 1), before[2])
        await press(screen, pilot, *["up"] * 9, *["left"] * 9, *["left_square_bracket"] * 9)
        await press(screen, pilot, "down", "right", "right_square_bracket", "pagedown", "pagedown", "pageup")
        unit = screen.scene.unit
        assert unit.place == (2, 1, 1)
        assert (unit.output, unit.gradient) == (found.outputs[2, 1, 1], found.gradients[2, 1, 1])
        assert (unit.reach.mask == seen.mask).all()
        assert unit.reach.box == Box(0, 3, 0, 3)
        assert unit.field == pytest.approx(field)
        text = screen.view.to_text(120, 38)
        assert "channel 2, row 1, column 1" in text
        assert "sees rows 0 to 2, columns 0 to 2" in text
        assert "padding" not in text
        await press(screen, pilot, "k", "h")
        assert "1 row and 1 column in the padding" in screen.view.to_text(120, 38)
        await press(screen, pilot, "s")
        assert screen.scene.unit.place == before
        await press(screen, pilot, "escape")
        assert not screen.view.choosing
        assert screen.focused is None
        assert screen.is_current
        await press(screen, pilot, "enter")
        assert screen.view.choosing
        await press(screen, pilot, "enter")
        assert not screen.view.choosing
        await pilot.press("escape")
        assert screen not in screen.app.screen_stack

    def _facts(trainer, row):
        network, x = trainer.network, trainer.splits.validation.x[row]
        seen = reach(network.nodes, network.shape, "conv", (2, 1, 1))
        return activity(network, "conv", x), seen, effective_field(network, "conv", (2, 1, 1), x)

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act)


async def test_the_keys_at_the_foot_are_those_that_work():
    async def act(screen, pilot):
        assert "u unit" in screen.foot.render().plain
        await press(screen, pilot, "u")
        text = screen.foot.render().plain
        assert "↑ row  ← column  [ channel  s strongest" in text
        assert "layer" not in text
        assert text.endswith("esc back")
        await press(screen, pilot, "u")
        assert "↑ layer" in screen.foot.render().plain
        await click(screen, pilot, 2, 1)
        assert "unit" not in screen.foot.render().plain

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="pool")


async def test_a_choice_stays_for_other_samples_and_modes_and_ends_with_the_layer():
    async def act(screen, pilot):
        await press(screen, pilot, "u", "right", "escape")
        place = screen.scene.unit.place
        await press(screen, pilot, "right", "m")
        assert screen.scene.unit.place == place
        assert screen.scene.unit.chosen
        await press(screen, pilot, "down")
        assert screen.scene.node == "pool"
        assert not screen.scene.unit.chosen
        await press(screen, pilot, "u", "down")
        screen.session.rebuild(experiment(layers=[CONVOLUTIONS[0], *CONVOLUTIONS[3:]]))
        await answer(screen, pilot)
        assert screen.scene.node == INPUT
        await press(screen, pilot, "escape", "up")
        assert screen.scene.node == INPUT

    await opened(experiment(layers=CONVOLUTIONS), (80, 24), act, node="relu")


async def test_a_chosen_unit_that_a_rebuilt_layer_has_not_is_forgotten():
    async def act(screen, pilot):
        await press(screen, pilot, "u", *["right"] * 7, *["down"] * 7)
        assert screen.scene.unit.place[1:] == (7, 7)
        screen.session.rebuild(experiment(layers=[{"type": "flatten"}, {"type": "dense"}, CONVOLUTIONS[1]]))
        await answer(screen, pilot)
        assert screen.scene.node == "relu"
        assert not screen.scene.unit.chosen
        await press(screen, pilot, *["left"] * 99, "right")
        assert screen.scene.unit.place == (1,)

    await opened(experiment(layers=CONVOLUTIONS), (80, 24), act, node="relu")


async def test_a_unit_of_a_vector_moves_on_its_sheet():
    async def act(screen, pilot):
        await press(screen, pilot, "u", *["up"] * 4, *["left"] * 12, "right", "down")
        assert screen.scene.unit.place == (5,)  # ten units, four a row
        assert "unit 5 of 10" in screen.view.to_text(120, 38)
        await press(screen, pilot, "right_square_bracket", "down", "down")
        assert screen.scene.unit.place == (6,)
        assert "sees the whole input" in screen.view.to_text(120, 38)

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="dense")


@pytest.mark.parametrize(("layers", "node"), [(CONVOLUTIONS, "conv"), (LAYERS, "dense1")])
async def test_among_weights_the_arrows_go_from_picture_to_picture(layers, node):
    async def act(screen, pilot):
        await press(screen, pilot, "m", "m", "u", *["left"] * 20)
        assert screen.scene.unit.place[0] == 0
        await press(screen, pilot, "right", "right", "down")
        across = screen.view._grid.across
        assert screen.scene.unit.place[0] == 2 + across
        assert screen.view.first <= screen.scene.unit.place[0] < screen.view.first + screen.view.shown

    await opened(experiment(layers=layers), (80, 24), act, node=node)


@pytest.fixture
def petals(tmp_path):
    for name, color in (("rose", (200, 20, 20)), ("iris", (20, 20, 200))):
        (tmp_path / "petals" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (12, 8), tuple(part + number for part in color)).save(
                tmp_path / "petals" / name / f"{number}.png"
            )
    return {"name": "image_folder", "path": str(tmp_path / "petals"), "validation": 0.5}


@pytest.mark.parametrize(("layers", "node", "shape"), [(CONVOLUTIONS, "conv", (3, 3)), (LAYERS, "dense1", (8, 12))])
async def test_weights_that_read_colours_are_in_colour(petals, layers, node, shape):
    layers = [{**layer, "units": 2} if layer.get("name") == "dense" else layer for layer in layers]

    async def act(screen, pilot):
        await press(screen, pilot, "m", "m")
        weights, view = screen.scene.maps, screen.view
        assert weights.shape[1:] == (3, *shape)
        assert COLORED in view.draw(118, 38, Palette()).to_text()
        picture, grid = draw_maps(weights, 0, 118, 38, Palette())
        strongest = int(np.abs(weights).reshape(len(weights), -1).max(axis=1).argmax())
        top, left = grid.place(strongest)
        drawn = picture.fg[top, left]
        red, green, blue = (0.5 + weights[strongest, :, 0, 0] / (2 * np.abs(weights).max())) * 255
        assert (drawn >> 16, drawn >> 8 & 255, drawn & 255) == pytest.approx((red, green, blue), abs=6)
        await press(screen, pilot, "u", "home", *["left"] * 40, "right")
        assert screen.scene.unit.place[0] == 1
        view.draw(118, 38, Palette(depth="ansi"))
        assert view.each == 3
        view.draw(118, 38, Palette())
        assert view.each == 1

    await opened(parse_experiment({"data": petals, "layers": layers}), (120, 40), act, node=node)


async def test_a_channel_out_of_sight_is_brought_there():
    async def act(screen, pilot):
        await press(screen, pilot, "u", *["pageup"] * 5, *["pagedown"] * 5)
        view = screen.view
        assert screen.scene.unit.place[0] == 5
        assert view.shown < 6
        assert view.first <= 5 < view.first + view.shown

    await opened(experiment(layers=CONVOLUTIONS), (40, 12), act, node="conv")


async def test_a_click_on_a_map_chooses_the_unit_there():
    async def act(screen, pilot):
        grid, (top, left) = screen.view._grid, screen.view._at
        y, x = grid.place(3)
        scale = grid.columns // 8
        await click(screen, pilot, left + x + 5 * scale, top + y + 3 * scale)
        assert screen.scene.unit.place == (3, 6, 5)
        assert screen.view.choosing
        await click(screen, pilot, left + x - 1, top + y)  # between two maps
        assert screen.scene.unit.place == (3, 6, 5)
        await press(screen, pilot, "m", "m")
        y, x = screen.view._grid.place(1)
        await click(screen, pilot, screen.view._at[1] + x, screen.view._at[0] + y)
        assert screen.scene.unit.place == (1, 6, 5)

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="conv")


async def test_a_click_on_a_sheet_and_on_a_layer():
    async def act(screen, pilot):
        grid, (top, left) = screen.view._grid, screen.view._at
        scale = grid.columns // 4
        await click(screen, pilot, left + 3 * scale, top + scale // 2)
        assert screen.scene.unit.place == (7,)
        await click(screen, pilot, left + 3 * scale, top + scale)  # behind the last unit
        assert screen.scene.unit.place == (7,)
        await click(screen, pilot, 2, 2)
        assert screen.scene.node == "conv"
        assert screen.view.choosing
        await click(screen, pilot, 2, 1)
        assert screen.scene.node == INPUT
        assert not screen.view.choosing
        await click(screen, pilot, 2, 30)
        assert screen.scene.node == INPUT

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="dense")


async def test_the_box_is_drawn_around_what_the_unit_sees():
    async def act(screen, pilot):
        await press(screen, pilot, "u", *["up"] * 9, *["left"] * 9, "down", "down", "down", "right", "right")
        palette = Palette()
        color = palette.color(RING)
        picture = screen.view.draw(118, 38, palette)
        top, left, scale = 2, 28, 3  # two rows down, behind the list; 24 half rows for 8 pixels
        ring = {
            (y, x)
            for y in range(2 * scale - 1, 5 * scale + 1)
            for x in range(1 * scale - 1, 4 * scale + 1)
            if y in (2 * scale - 1, 5 * scale) or x in (1 * scale - 1, 4 * scale)
        }
        upper, lower = (colors[top : top + 12, left : left + 24] == color for colors in (picture.fg, picture.bg))
        drawn = {(2 * y, x) for y, x in np.argwhere(upper).tolist()} | {
            (2 * y + 1, x) for y, x in np.argwhere(lower).tolist()
        }
        assert drawn == ring
        await press(screen, pilot, "u")
        assert not (screen.view.draw(118, 38, palette).fg == color).any()  # calmer when nobody chooses

    await opened(experiment(layers=CONVOLUTIONS), (120, 40), act, node="conv")


@pytest.mark.parametrize("name", ["digits", "iris"])
async def test_no_word_is_cut_at_any_size(name):
    layers = CONVOLUTIONS if name == "digits" else LAYERS[1:]

    def words(text):
        return set(re.findall(r"[a-z]{2,}", text))

    async def act(screen, pilot):
        trainer = await asyncio.wrap_future(screen.session.ask(lambda t: t))
        for node in (INPUT, *(one.name for one in trainer.network.nodes)):
            for mode in MODES:
                scene = screen.view.scene = see(trainer, "validation", 3, node, mode)
                unit = [] if scene.unit is None else [scene.unit.name, *scene.unit.values(), *scene.unit.sight()]
                texts = [
                    *(meaning.format(**Palette().words) for meaning in MEANINGS.values()),
                    *MODES,
                    *MEANINGS,
                    *scene.classes,
                    *scene.names,
                    *unit,
                    scene.says,
                ]
                texts += [f"{one} {kind}" for one, kind, _ in scene.nodes]
                texts += ["layer layers of input saliency output value slope score unit channels units filters"]
                texts += ["has no weights that are images", INPUT, "to"]
                for size in ((38, 10), (58, 18), (78, 22), (118, 38)):
                    shown = re.sub(r"\S+…|\S+ …", "", screen.view.to_text(*size))
                    assert words(shown) <= words(" ".join(texts)), (node, mode, size)

    await opened(experiment(name, layers), (80, 24), act)
