"""The screen of the plane: every unit's map against the formula by hand, what is said of it, keys and mouse."""

import asyncio
import re

import numpy as np
import pytest
from hosting import on_screen, ready
from textual.events import MouseScrollDown, MouseScrollUp

from engine import INPUT, Trainer, load_experiment, parse_experiment
from engine.seeing import outputs
from tui.app import Workbench
from tui.asking import moment
from tui.drawing.axes import number
from tui.drawing.boundary import Plane, draw_zero
from tui.drawing.halfblock import halves
from tui.drawing.palette import Palette
from tui.drawing.picture import ANSI, REVERSE
from tui.panels.boundary import ask_field
from tui.screens.maps import Grid
from tui.screens.plane import PlaneScreen
from tui.screens.seeing import SeeingScreen
from tui.screens.unit_maps import UnitMaps, grid_for
from tui.screens.unit_words import facts, formula, told
from tui.screens.units import first, rounded, see_units

CROSSES = ["x1", "x2", "x1^2", "x1*x2", "sin x1"]


def experiment(name="circle", hidden=(4, 2), loss="binary_cross_entropy", features=("x1", "x2"), **model):
    return parse_experiment(
        {
            "data": {"name": name, "features": list(features)},
            "model": {"name": "mlp", "hidden": list(hidden), **model},
            "loss": {"name": loss},
            "optimizer": {"name": "adam", "lr": 0.01},
        }
    )


def trained(exp, steps=5):
    made = Trainer(exp)
    made.advance(steps=steps)
    return made


def weights(trainer, name):
    return trainer.network.parameters.slots[name].view(trainer.network.values)


async def opened(exp, size, act, **where):
    await on_screen(lambda session: PlaneScreen(session, **where), exp, size, answer, act)


async def answer(screen, pilot):
    await pilot.pause()
    for _ in range(100):
        await asyncio.wrap_future(screen.session.ask(lambda trainer: None))
        screen.look(screen.session.snapshot)
        await pilot.pause()
        if screen._asking.about == (moment(screen.session.snapshot), screen.wish) and screen._asking._future is None:
            return
    raise AssertionError("no answer")


async def press(screen, pilot, *keys):
    await pilot.press(*keys)
    await answer(screen, pilot)


# ------------------------------------------------------------------------------------------ the maps


@pytest.mark.parametrize(("activation", "function"), [
    ("tanh", np.tanh), ("sigmoid", lambda z: 1 / (1 + np.exp(-z))), ("relu", lambda z: np.maximum(z, 0)),
])  # fmt: skip
def test_the_maps_of_the_first_layers_are_their_formula_over_the_boundary_s_plane(activation, function):
    trainer = trained(experiment(features=CROSSES, activation=activation))
    field = ask_field(trainer, 20, 10)
    names = {"dense": "dense1", "activation": f"{activation}1"}
    seen = {kind: see_units(trainer, node, 20, 10) for kind, node in {"input": INPUT, **names}.items()}
    assert all(units.plane == field.plane for units in seen.values())
    plane, (rows, columns) = field.plane, field.values.shape
    x1 = plane.left + (np.arange(columns) + 0.5) * (plane.right - plane.left) / columns
    x2 = plane.top - (np.arange(rows) + 0.5) * (plane.top - plane.bottom) / rows
    x1, x2 = np.broadcast_arrays(x1[None], x2[:, None])
    features = np.stack([x1, x2, x1**2, x1 * x2, np.sin(x1)], -1)
    sums = features @ weights(trainer, "dense1.weight").T + weights(trainer, "dense1.bias")
    for kind, wanted in (("input", features), ("dense", sums), ("activation", function(sums))):
        assert seen[kind].maps == pytest.approx(wanted, rel=1e-4, abs=1e-4), kind
    assert seen["input"].names == tuple(CROSSES)
    assert seen["activation"].alike == (activation != "relu")


@pytest.mark.parametrize(("name", "loss", "hidden"), [
    ("circle", "binary_cross_entropy", (4,)), ("circle", "quadratic", (4,)), ("circle", "perceptron", ()),
    ("reg_gauss", "mse", (4,)),
])  # fmt: skip
def test_the_last_layer_s_map_is_the_boundary_view(name, loss, hidden):
    exp = {"data": {"name": name}, "loss": {"name": loss}, "model": {"name": "mlp", "hidden": list(hidden)}}
    trainer = trained(parse_experiment(exp))
    units = see_units(trainer, trainer.network.nodes[-1].name, 30, 15)
    field = ask_field(trainer, 30, 15)
    shown = (units.maps[..., 0] - units.middle) / units.scales[0]
    assert shown == pytest.approx(field.values, rel=1e-5, abs=1e-6)
    assert units.last
    assert units.count == 1
    assert units.names == (("y",) if name == "reg_gauss" else ("answer",))


def test_of_several_classes_each_has_a_map():
    trainer = trained(experiment("blobs", loss="cross_entropy"))
    units = see_units(trainer, "output", 20, 10)
    assert units.names == ("blob 1", "blob 2", "blob 3")
    assert units.maps == pytest.approx(ask_field(trainer, 20, 10).values, rel=1e-5, abs=1e-6)
    assert formula(units, 0).startswith("softmax(")
    view = UnitMaps()
    view.units = units
    text = view.to_text(118, 38)
    low, high = units.square[:, 0].min(), units.square[:, 0].max()
    share = 100 * (units.square[:, 0] > 0.5).mean()
    assert f"class blob 1: {number(low, 2)} to {number(high, 2)}, above 0.5 on {share:.0f} %" in text
    assert " 1.0\n" in text.split("blob 1")[0], "the end of the scale"


def test_classes_that_are_called_like_numbers_are_called_classes():
    trainer = trained(load_experiment("spiral"))
    view = UnitMaps()
    view.units = see_units(trainer, trainer.network.nodes[-1].name, 20, 10)
    (title,) = [line for line in view.to_text(118, 38).splitlines() if "above 0.5 on" in line]
    if view.units.count == 1:
        assert "answer, 0." in title
    else:
        assert f"class {trainer.splits.classes[0]}: 0." in title


@pytest.mark.parametrize("name", ["xor-perceptron", "playground"])
@pytest.mark.parametrize("last", [True, False])
def test_a_range_is_whole_and_the_same_on_every_screen(name, last):
    trainer = Trainer(load_experiment(name))
    trainer.advance(epochs=3)
    node = trainer.network.nodes[-1 if last else 0].name
    told = [facts(see_units(trainer, node, *size), 0) for size in ((48, 24), (30, 12), (9, 3), (60, 30))]
    assert all(one == told[0] for one in told)
    points = trainer.splits.train.points
    square = Plane.around(points).grid(40, 20)
    values = outputs(trainer.network, node, trainer.splits.inputs(square))
    values = 1 / (1 + np.exp(-values)) if last and trainer.experiment.loss.link == "sigmoid" else values
    assert told[0][0] == f"{number(values[:, 0].min(), 2)} to {number(values[:, 0].max(), 2)}"


def test_the_range_of_an_unbounded_answer_is_not_cut():
    trainer = Trainer(load_experiment("xor-perceptron"))
    weights(trainer, "output.weight")[0] = [3, 0]
    weights(trainer, "output.bias")[0] = 1
    units = see_units(trainer, "output", 20, 10)
    assert units.square.max() > 3.5
    assert formula(units, 0) == "3.0 x1 + 0 x2 + 1.0"
    assert facts(units, 0)[0].endswith(f" to {number(float(units.square.max()), 2)}")


def test_many_units_are_seen_on_a_coarser_grid():
    trainer = trained(experiment(hidden=(2000,)), 0)
    units = see_units(trainer, "dense1", 80, 40)
    assert units.count == 2000
    assert units.maps.size <= 1_000_000


def test_weights_before_and_behind_are_the_network_s():
    trainer = trained(experiment(hidden=(4, 3), batch_norm=True, dropout=0.2))
    for node in ("dense1", "batch_norm1", "relu1", "dropout1"):
        units = see_units(trainer, node, 10, 5)
        assert units.reads.node == INPUT
        assert (units.reads.values == weights(trainer, "dense1.weight")).all()
        assert (units.bias == weights(trainer, "dense1.bias")).all()
        assert units.feeds.node == "dense2"
        assert (units.feeds.values == weights(trainer, "dense2.weight").T).all()
    units = see_units(trainer, "relu2", 10, 5)
    assert units.reads.node == "dropout1"
    assert units.feeds.names == ("answer",)
    assert see_units(trainer, "output", 10, 5).feeds is None
    assert see_units(trainer, INPUT, 10, 5).feeds.values.shape == (2, 4)


def test_where_layers_add_up_nothing_is_said_of_weights():
    layers = [{"type": "dense", "units": 4, "name": "a"}, {"type": "tanh", "name": "b"},
              {"type": "dense", "units": 4, "name": "c"}, {"type": "add", "name": "sum", "inputs": ["b", "c"]},
              {"type": "layer_norm", "name": "norm"}]  # fmt: skip
    trainer = trained(parse_experiment({"data": {"name": "moons"}, "layers": layers}))
    units = see_units(trainer, "sum", 10, 5)
    assert units.reads is None
    assert formula(units, 0) == ""
    assert "sum of the units of its number in b and c" in told(units)
    assert "one size at every point" in told(see_units(trainer, "norm", 10, 5))


# ------------------------------------------------------------------------------------------ the words


def test_a_formula_is_written_out():
    trainer = trained(experiment(hidden=(2, 6, 2), activation="tanh", batch_norm=True))
    weights(trainer, "dense1.weight")[0] = [0.25, -1.5]
    weights(trainer, "dense1.bias")[0] = -3
    assert formula(see_units(trainer, "tanh1", 10, 5), 0) == "tanh(batch_norm(0.25 x1 - 1.5 x2 - 3.0))"
    weights(trainer, "dense3.weight")[1] = [0.01, -5, 0.02, 3, 4, 0.03]
    weights(trainer, "dense3.bias")[1] = 0.5
    assert formula(see_units(trainer, "dense3", 10, 5), 1) == "-5.0 u1 + 3.0 u3 + 4.0 u4 + 3 smaller + 0.50"
    assert formula(see_units(trainer, "output", 10, 5), 0).startswith("sigmoid(")


@pytest.mark.parametrize(("model", "node", "words"), [
    ({"hidden": (3,)}, INPUT, "x1 grows to the right, x2 upwards."),
    ({"hidden": (3,)}, "dense1", "zero along a straight line"),
    ({"hidden": (3,)}, "relu1", "a fold along a straight line, flat on one side"),
    ({"hidden": (3,), "activation": "tanh"}, "tanh1", "a step across a straight line"),
    ({"hidden": (3,), "activation": "identity"}, "identity1", "a slope with a straight line of zero"),
    ({"hidden": (3,), "features": CROSSES}, "relu1", "a fold along a curve"),
    ({"hidden": (3,), "features": CROSSES}, INPUT, "what bends already needs no hidden unit"),
    ({"hidden": (3, 2)}, "dense2", "a weighted sum of the 3 maps of relu1"),
    ({"hidden": (3, 2)}, "relu2", "folds of folds"),
    ({"hidden": (3,), "batch_norm": True}, "batch_norm1", "The maps of dense1, each shifted and scaled"),
    ({"hidden": (3,), "dropout": 0.5}, "dropout1", "the maps are those of relu1"),
    ({"hidden": (3,)}, "output", "The answer, as in the boundary view: a weighted sum of the 3 maps of relu1."),
    ({"hidden": ()}, "output", "without a hidden layer its border is one straight line"),
    ({"hidden": (), "features": CROSSES}, "output", "a weighted sum of the features"),
    ({"hidden": (), "name": "reg_plane", "loss": "mse"}, "output", "flat like a tilted board"),
])  # fmt: skip
def test_the_sentence_fits_the_layer(model, node, words):
    assert words in told(see_units(trained(experiment(**model)), node, 20, 10))


def test_units_that_are_not_numbers_are_drawn_and_told():
    trainer = trained(experiment(hidden=(3, 2)))
    weights(trainer, "dense1.weight")[:2] = np.array([3e38, -3e38], np.float32)
    view, told = UnitMaps(), set()
    for name in ("dense1", "relu1", "dense2", "relu2", "output"):
        view.units = see_units(trainer, name, 20, 10)
        for unit in range(view.units.count):
            view.choose(unit)
            if "not a number" in view.to_text(118, 38):
                told.add(name)
    assert {"dense1", "dense2"} <= told


def test_a_dead_unit_is_called_flat():
    trainer = trained(experiment(hidden=(3,)))
    weights(trainer, "dense1.weight")[1] = 0
    weights(trainer, "dense1.bias")[1] = -1
    units = see_units(trainer, "relu1", 20, 10)
    assert units.flat == (1,)
    assert "1 of 3 is flat" in told(units)
    view = UnitMaps()
    view.units = units
    view.choose(1)
    text = view.to_text(118, 38)
    assert "1 flat" in text
    assert "unit 1 of 3, flat: 0 everywhere" in text


def test_scales_end_at_round_numbers():
    assert [rounded(value) for value in (0.97, 1, 5.3, 0, 31)] == [1, 1, 6, 1, 40]


# ------------------------------------------------------------------------------------------ the picture


def test_the_line_of_zero_is_drawn_in_every_colour_there_is():
    values = np.tile(np.linspace(-1, 1, 8), (4, 1))
    for palette in (Palette(), Palette(False), Palette(depth="ansi"), Palette(False, "ansi")):
        picture = halves(palette.signed(values))
        draw_zero(picture, values, palette)
        line = palette.color("text") if palette.depth == "full" else ANSI + (15 if palette.dark else 0)
        assert (picture.fg == line).tolist() == [[column == 4 for column in range(8)]] * 2
        assert (picture.bg == line).tolist() == (picture.fg == line).tolist()


def test_the_border_of_a_sigmoid_is_at_its_middle():
    trainer = trained(experiment(hidden=(1,), activation="sigmoid"))
    weights(trainer, "dense1.weight")[0] = [50, 0]  # far to the left it is zero to the last bit
    weights(trainer, "dense1.bias")[0] = 0
    view, palette = UnitMaps(), Palette()
    view.units, view.points = see_units(trainer, "sigmoid1", 20, 10), False
    assert "above 0.5 on 50 %" in view.to_text(118, 38)
    picture = view.draw(118, 38, palette)
    columns, rows = 48, 24
    drawn = picture.fg[3 : 3 + rows, 118 - columns :] == palette.color("text")
    assert drawn.any(axis=1).all()
    assert {columns // 2} == set(np.argwhere(drawn)[:, 1].tolist())


def test_a_formula_that_does_not_fit_ends_with_dots():
    trainer = trained(experiment(hidden=(4,), features=CROSSES))
    view = UnitMaps()
    view.units = see_units(trainer, "relu1", 10, 5)
    assert view.to_text(38, 10).rstrip().endswith("…")


def test_without_colours_characters_tell_what_is_above_zero():
    trainer = trained(experiment(hidden=(1,), activation="tanh"))
    weights(trainer, "dense1.weight")[0] = [1, 0]
    weights(trainer, "dense1.bias")[0] = 0
    view = UnitMaps()
    view.units, view.points = see_units(trainer, "tanh1", 20, 10), False
    picture = view.draw(78, 22, Palette(depth="none"))
    rows = [line for line in picture.to_text().splitlines() if "≡≡" in line and "##" in line]
    assert len(rows) > 6
    assert all(re.search("≡+[=·-]* *[·+*]*#+", row) for row in rows)
    assert "# is above zero, ≡ below" in picture.to_text()


@pytest.mark.parametrize(("count", "width", "height"), [(1, 40, 20), (4, 40, 20), (64, 50, 33), (64, 20, 8), (9, 3, 1)])
def test_small_maps_are_as_large_as_lets_all_be_seen(count, width, height):
    grid = grid_for(count, width, height, 1)
    if not grid.count:
        assert height < 2
        return
    assert grid.across * (grid.columns + 1) - 1 <= width
    assert grid.down * (grid.rows // 2 + 1) <= height
    assert grid.count >= count or grid.columns <= 6
    assert isinstance(grid, Grid)


@pytest.mark.parametrize("model", [
    {"hidden": (4, 2)}, {"hidden": (64,), "features": CROSSES, "batch_norm": True}, {"hidden": ()},
    {"name": "blobs", "hidden": (3,), "loss": "cross_entropy"},
    {"name": "reg_gauss", "loss": "mse", "hidden": (3,), "activation": "sigmoid"},
], ids=["two layers", "many", "none", "classes", "regression"])  # fmt: skip
def test_every_layer_at_every_size_in_every_palette(model):
    trainer, view = trained(experiment(**model)), UnitMaps()
    for node in (INPUT, *(one.name for one in trainer.network.nodes)):
        for size in ((1, 1), (60, 1), (20, 5), (38, 10), (78, 22), (118, 38), (198, 58)):
            view.units = see_units(trainer, node, 20, 10)
            for palette in (Palette(), Palette(False), Palette(depth="ansi"), Palette(depth="none")):
                picture = view.draw(*size, palette)
                assert (picture.width, picture.height) == size
                if size[0] > 30 and size[1] > 1:
                    assert node in picture.to_text()


def test_what_is_no_number_is_told():
    trainer = trained(experiment())
    weights(trainer, "dense1.weight")[0] = np.nan
    view = UnitMaps()
    view.units = see_units(trainer, "dense1", 20, 10)
    assert "unit 0 of 4, not a number" in view.to_text(118, 38)


# ------------------------------------------------------------------------------------------ keys and mouse


async def test_layers_and_units_are_walked_along():
    async def act(screen, pilot):
        units, maps = screen.maps.units, screen.maps
        assert units.node == "relu1" == first(screen.session.snapshot.nodes)
        assert maps.unit == 0
        await press(screen, pilot, "right", "right", "left")
        assert maps.unit == 1
        assert "unit 1 of 4" in maps.to_text(118, 38)
        await press(screen, pilot, "up")
        assert (maps.units.node, maps.unit) == ("dense1", 1)
        await press(screen, pilot, "up", "up", "up")
        assert maps.units.node == INPUT
        await press(screen, pilot, *["down"] * 9)
        assert (maps.units.node, maps.unit) == ("output", 0)
        await press(screen, pilot, "right")
        assert maps.unit == 0
        await press(screen, pilot, "up", "up", "up")
        assert (maps.units.node, maps.unit) == ("relu1", 1)
        assert "p points" in screen.foot.render().plain
        assert "more" not in screen.foot.render().plain
        await pilot.press("escape")
        assert screen not in screen.app.screen_stack

    await opened(experiment(), (120, 40), act)


async def test_it_follows_the_training():
    async def act(screen, pilot):
        before = screen.maps.units
        screen.session.epoch()
        await answer(screen, pilot)
        wanted = await asyncio.wrap_future(screen.session.ask(lambda t: see_units(t, "relu1", *screen.maps.large)))
        assert (screen.maps.units.maps == wanted.maps).all()
        assert (screen.maps.units.maps != before.maps).any()

    await opened(experiment(), (80, 24), act)


async def test_pages_go_through_many_units():
    async def act(screen, pilot):
        maps = screen.maps
        page = maps.grid.count
        assert 0 < page < 64
        assert "pgdn more" in screen.foot.render().plain
        await pilot.press("pagedown")
        assert maps.unit == page == maps.first
        await pilot.press("left")
        assert maps.first == 0
        await pilot.press("pageup")
        assert maps.unit == page - 1
        await pilot.press(*["pagedown"] * 20)
        assert maps.unit == (63 // page) * page
        before = maps.unit
        await pilot._post_mouse_events([MouseScrollUp], maps, (30, 8))
        assert maps.unit == before - maps.grid.across
        await pilot._post_mouse_events([MouseScrollDown], maps, (30, 8))
        assert maps.unit == before

    await opened(experiment(hidden=(64,)), (80, 24), act)


async def test_a_click_chooses_a_unit_or_a_layer():
    async def act(screen, pilot):
        maps = screen.maps
        y, x = maps.grid.place(3)
        await pilot.click(maps, offset=(1 + maps._at[1] + x, maps._at[0] + y))
        assert maps.unit == 3
        label = maps._at[0] - 1 + y, maps._at[1] + x
        assert maps.draw(118, 38, Palette()).face[label] & REVERSE
        await pilot.click(maps, offset=(2, 2))
        await answer(screen, pilot)
        assert maps.units.node == "dense1"
        await pilot.click(maps, offset=(110, 10))
        assert maps.unit == 3

    await opened(experiment(), (120, 40), act)


async def test_samples_are_on_the_large_map_or_not():
    async def act(screen, pilot):
        assert set("●◆○◇") & set(screen.maps.to_text(118, 38))
        await pilot.press("p")
        assert not set("●◆○◇") & set(screen.maps.to_text(118, 38))

    await opened(experiment(), (120, 40), act)


async def test_data_that_lie_on_no_plane_are_told():
    async def act(screen, pilot):
        screen.session.rebuild(load_experiment("digits"))
        await answer(screen, pilot)
        assert "lie on no plane" in screen.maps.to_text(78, 22)

    await opened(experiment(), (80, 24), act)


async def test_see_inside_opens_it_also_where_it_is_not_known_yet_what_the_data_are(until):
    app = Workbench(load_experiment("spiral"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        panel = app.bench.desk.panels["data"]
        await until(pilot, lambda: panel.look is not None and panel.look.ready)
        panel._answers.forget()
        panel.action_see()
        await until(pilot, lambda: panel.show(app.snapshot) or app.screen is not app.bench)
        assert isinstance(app.screen, PlaneScreen)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.bench)
        panel.show(app.snapshot)
        await pilot.press("p")
        assert app.screen is app.bench, "it opens once"


async def test_see_inside_opens_it_from_the_boundary_and_the_sample_from_the_rows(until):
    app = Workbench(load_experiment("playground"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        panel = app.bench.desk.panels["data"]
        await until(pilot, lambda: panel.look is not None and panel.look.ready)
        await pilot.press("5", "i")
        await until(pilot, lambda: isinstance(app.screen, PlaneScreen) and app.screen.maps.units is not None)
        await pilot.press("question_mark")
        assert app.screen.topic.title == "Units"
        assert "{above} is above zero" in app.screen.topic.text
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.bench)
        panel.go_to(next(view for view in panel.views if view.name == "Rows"))
        await until(pilot, lambda: panel.look is not None and panel.look.ready and len(panel.look.order) > 0)
        await pilot.press("i")
        assert isinstance(app.screen, SeeingScreen)
