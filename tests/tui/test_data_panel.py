"""The data panel: views that fit the data, cells of the confusion matrix, samples, and what is asked for them."""

import asyncio
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hosting import text_of
from pets import pets
from textual.app import App

from engine import BadInput, Session, Trainer, load_experiment, parse_experiment
from engine.metrics import class_report, confusions
from tui.asking import Asking, moment
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.panels import augmented
from tui.panels.boundary import ask_field, even, undistorted
from tui.panels.confusion import by_confusion, cell_at, draw, moved, table
from tui.panels.data import DataPanel
from tui.panels.reading import Subject, affordable, read
from tui.panels.samples import draw_scores, fitted, shrunk
from tui.panels.scores import draw_calibration, draw_classes
from tui.panels.views import AUGMENTED, CALIBRATION, CLASSES, CONFUSION, SAMPLES, draw_tabs, tabs, views
from tui.screens.scene import see

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
SMALL = {"model": {"name": "mlp", "hidden": [16]}, "optimizer": {"name": "adam", "lr": 0.01}, "batch_size": 16}


def experiment(name, **more):
    data = {"name": name, **more.pop("data", {})}
    loss = {"loss": {"name": "mse"}} if name in ("sine", "reg_plane", "reg_gauss") else {}
    return parse_experiment({**SMALL, "epochs": 50, "data": data, **loss, **more})


class Host(App):
    CSS = "DataPanel { width: 1fr; height: 1fr; border: round white; }"

    def __init__(self, session):
        super().__init__()
        self.session = session
        self.panel = DataPanel()

    def compose(self):
        yield self.panel

    def on_mount(self):
        self.panel.focus()


async def answer(host, pilot):
    """Shows snapshots until the panel knows all that it asks for."""
    for _ in range(200):
        await asyncio.wrap_future(host.session.ask(lambda trainer: None))
        host.panel.show(host.session.snapshot)
        await pilot.pause()
        panel, now = host.panel, moment(host.session.snapshot)
        view = panel.view
        answers = panel._answers
        if view is None or answers._readings._future or answers._fields._future or answers._pairs._future:
            continue
        known = [
            asking for asking, wanted in ((answers._fields, view.field), (answers._readings, view.reading)) if wanted
        ]
        epoch = (host.session.snapshot.run, host.session.snapshot.epoch)
        if all(asking.about is not None and asking.about[0] == now for asking in known) and (
            not view.pairs or answers._pairs.about == epoch
        ):
            return
    raise AssertionError("no answer")


async def opened(exp, size, act, epochs=1):
    session = Session(exp, DATASETS if DATASETS.exists() else None)
    session.start()
    try:
        await asyncio.wrap_future(session.ask(lambda trainer: trainer.advance(epochs=epochs)))
        host = Host(session)
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            await answer(host, pilot)
            await act(host, pilot)
    finally:
        session.close()


def text(host):
    return text_of(host.panel)


async def test_points_in_the_plane_have_a_boundary_and_their_glyphs():
    async def act(host, pilot):
        assert host.panel.view.name == "Boundary"
        shown = text(host)
        assert "●" in shown
        assert "◇" in shown
        assert set("=≡*#") & set(shown), "below and above zero, without colour"
        smooth = host.panel.canvas.draw(60, 20, Palette())
        await pilot.press("m")
        sharp = host.panel.canvas.draw(60, 20, Palette())
        body = slice(1, 17)
        assert len(np.unique(sharp.fg[body])) < len(np.unique(smooth.fg[body]))
        await pilot.press("p", "p")
        assert "●" not in "".join(text(host).splitlines()[1:-2])

    await opened(experiment("circle"), (60, 22), act)


async def test_the_boundary_is_what_the_network_answers():
    async def act(host, pilot):
        field = host.panel.look.field
        asked = await asyncio.wrap_future(host.session.ask(lambda trainer: _at(trainer, (1.0, -2.0))))
        rows, columns = field.values.shape
        plane = field.plane
        column = int((1.0 - plane.left) / (plane.right - plane.left) * columns)
        row = int((plane.top + 2.0) / (plane.top - plane.bottom) * rows)
        assert field.values[row, column] == pytest.approx(2 * asked - 1, abs=0.12)

    def _at(trainer, point):
        return float(trainer.predict(trainer.splits.inputs(np.array([point], np.float32)))[0, -1])

    await opened(experiment("circle", data={"features": ["x1", "x2", "x1^2", "x2^2"]}), (100, 40), act)


@pytest.mark.parametrize("name", ["blobs", "reg_gauss", "sine", "digits", "iris", "gate"])
@pytest.mark.parametrize("size", [(100, 40), (30, 12), (16, 5)])
async def test_every_view_in_every_mode_at_every_size(name, size):
    async def act(host, pilot):
        panel = host.panel
        for view in panel.views:
            panel.go_to(view)
            await answer(host, pilot)
            assert panel.view.name == view.name
            for _ in view.modes or ("",):
                for palette in (Palette(), Palette(depth="none"), Palette(False, "ansi")):
                    picture = panel.canvas.draw(*panel.canvas.size, palette)
                    assert (picture.width, picture.height) == panel.canvas.size
                panel.action_next_mode()
            for direction in ("right", "down", "pagedown", "up", "left", "pageup"):
                panel.action_move(direction)
        await pilot.press("v", "V")

    data = {"gate": "xor"} if name == "gate" else {}
    await opened(experiment(name, data=data), size, act)


async def test_the_tabs_fit_the_data():
    expected = {
        "digits": "Samples Confusion Classes Calibration",
        "iris": "Rows Confusion Classes Calibration",
        "moons": "Boundary Confusion Classes Calibration Rows",
        "reg_plane": "Boundary Fit Residuals Rows",
        "sine": "Fit Residuals Rows",
    }
    for name, names in expected.items():

        async def act(host, pilot, names=names):
            assert [view.name for view in host.panel.views] == names.split()

        await opened(experiment(name), (50, 20), act)


async def test_the_worst_digit_comes_first_and_the_arrows_walk():
    async def act(host, pilot):
        panel = host.panel
        reading, look = panel.reading, panel.look
        own = reading.scores[np.arange(len(reading.rows)), reading.targets]
        assert own[look.order[0]] == own.min()
        assert (np.diff(own[look.order]) >= 0).all()
        await pilot.press("right", "right")
        assert panel.look.chosen == 2
        await pilot.press("escape", "down")
        assert panel.look.chosen > 1
        await pilot.press("m")
        order = panel.look.order
        assert (np.diff(reading.confidence[order]) >= 0).all()
        assert "least sure first" in panel.border_subtitle

    await opened(experiment("digits", data={"limit": 600}), (60, 36), act)


@pytest.mark.parametrize("loss", ["huber", "mse"])
async def test_scores_that_are_no_probabilities_are_told_as_the_network_gives_them(loss):
    async def act(host, pilot):
        reading, look = host.panel.reading, host.panel.look
        place = int(look.order[look.chosen])
        lines = host.panel.canvas.to_text(60, 30).splitlines()[1:]
        for kind, value in enumerate(reading.outputs[place].tolist()):
            assert any(f"{kind} " in line and line.rstrip().endswith(f" {value:.2f}") for line in lines), kind
        assert "%" not in "".join(lines[:-1])
        assert (reading.predicted == reading.outputs.argmax(1)).all()
        scene = await asyncio.wrap_future(
            host.session.ask(lambda trainer: see(trainer, reading.part, int(reading.rows[place]), "dense1", "outputs"))
        )
        assert f"({reading.outputs[place].max():.2f})" in scene.says

    await opened(experiment("digits", loss={"name": loss}), (64, 34), act)


def test_a_score_of_two_classes_is_told_as_its_output():
    subject = Subject("table", None, {}, False, -1.0, False)
    scores = subject.scores(np.array([[0.3], [-2.5]], np.float32))
    assert [[subject.tell(value) for value in row] for row in scores.tolist()] == [["-0.30", "0.30"], ["2.50", "-2.50"]]
    assert Subject("table", None, {}, True, 0.0, False).tell(0.3) == "30%"


async def test_a_chosen_row_stays_chosen_while_the_order_changes():
    async def act(host, pilot):
        await pilot.press("down", "down")
        look = host.panel.look
        row = look.reading.rows[look.order[look.chosen]]
        await asyncio.wrap_future(host.session.ask(lambda trainer: trainer.advance(epochs=3)))
        await answer(host, pilot)
        look = host.panel.look
        assert look.reading.rows[look.order[look.chosen]] == row

    await opened(experiment("iris"), (60, 24), act)


async def test_confusion_and_classes_agree_with_the_metrics():
    async def act(host, pilot):
        reading = host.panel.reading
        wanted = await asyncio.wrap_future(host.session.ask(_report))
        assert (reading.report.matrix == wanted.matrix).all()
        await pilot.press("v", "m", "m")
        await answer(host, pilot)
        assert "taken for" in text(host)
        target, said, _ = confusions(wanted.matrix)[0]
        assert f"{reading.subject.classes[target]} taken for {reading.subject.classes[said]}" in text(host)
        await pilot.press("v")
        await answer(host, pilot)
        assert f"{wanted.macro[2]:.2f}" in text(host)

    def _report(trainer):
        split = trainer.splits.validation
        return class_report(split.y, trainer.predict(split.x).argmax(1), len(trainer.splits.classes))

    await opened(experiment("digits"), (60, 40), act)


async def test_the_boundary_tells_how_many_of_the_samples_it_shows():
    async def act(host, pilot):
        last = text(host).splitlines()[-1]
        drawn = sum(map(text(host).count, "●○◆◇")) - 4  # without those of the legend
        shown = int(last.partition(" of 500 samples")[0].rpartition(" ")[2])
        assert 40 < drawn <= shown < 200
        await pilot.press("p")
        assert text(host).splitlines()[-1].endswith("all 500 samples")
        await pilot.press("p")
        assert text(host).splitlines()[-1].endswith("0 of 500 samples")

    await opened(experiment("circle", data={"validation": 0.5}), (60, 20), act)


async def test_a_cell_of_three_columns_has_room_for_100_per_cent():
    async def act(host, pilot):
        await asyncio.wrap_future(host.session.ask(lambda trainer: trainer.advance(epochs=8)))
        await answer(host, pilot)
        matrix = host.panel.reading.report.matrix
        pure = int((100 * np.diagonal(matrix) / matrix.sum(1) >= 99.5).sum())
        drawn = draw(host.panel.reading, "shares", 38, 16, Palette()).to_text()
        assert table(host.panel.reading, "shares", 38, 16, None).grid.cell == 3
        assert pure > 0
        assert drawn.partition("per cent")[0].count("100") == pure

    await opened(experiment("digits"), (60, 40), act)


async def test_splits_are_gone_through_and_named():
    async def act(host, pilot):
        assert host.panel.reading.part == "validation"
        await pilot.press("t")
        await answer(host, pilot)
        assert host.panel.reading.part == "test"
        assert "test 12" in text(host)
        await pilot.press("t")
        await answer(host, pilot)
        assert "train 108" in text(host)

    await opened(experiment("iris", data={"test": 0.08, "validation": 30 / 138}), (60, 20), act)


async def test_tabs_and_samples_can_be_clicked():
    async def act(host, pilot):
        panel = host.panel
        column, _, view = tabs(panel.views, panel.view, panel.canvas.size.width)[1]
        await pilot.click(panel.canvas, offset=(column + 1, 0))
        await answer(host, pilot)
        assert panel.view is view
        column, _, view = tabs(panel.views, panel.view, panel.canvas.size.width)[0]
        await pilot.click(panel.canvas, offset=(column, 0))
        await pilot.click(panel.canvas, offset=(5, 5))
        await pilot.pause()
        assert panel.view.name == "Rows"
        assert panel.look.chosen == 3

    await opened(experiment("iris"), (60, 16), act)


async def test_another_data_set_brings_other_views():
    async def act(host, pilot):
        assert host.panel.view.name == "Samples"
        host.session.rebuild(experiment("moons"))
        await answer(host, pilot)
        assert host.panel.view.name == "Boundary"
        host.session.rebuild(experiment("sine"))
        await answer(host, pilot)
        assert host.panel.view.name == "Fit"

    await opened(experiment("digits", data={"limit": 300}), (50, 24), act)


async def test_a_diverged_network_can_still_be_shown():
    def spoil(trainer):
        trainer.network.values[...] = np.nan

    async def act(host, pilot):
        await asyncio.wrap_future(host.session.ask(spoil))
        host.panel._answers._readings.forget()
        host.panel._answers._fields.forget()
        for view in host.panel.views:
            host.panel.go_to(view)
            await answer(host, pilot)
            assert host.panel.canvas.draw(60, 24, Palette()).width == 60

    for name in ("digits", "moons", "sine", "reg_gauss", "iris"):
        await opened(experiment(name, data={"limit": 200}), (60, 26), act)


async def test_nothing_is_drawn_or_asked_while_nothing_is_new(monkeypatch):
    async def act(host, pilot):
        panel, done = host.panel, []
        monkeypatch.setattr(panel.canvas, "update", lambda: done.append("drawn"))
        monkeypatch.setattr(host.session, "ask", lambda question: done.append("asked"))
        for _ in range(30):
            panel.show(host.session.snapshot)
        assert done == []

    await opened(experiment("digits"), (70, 40), act)


def test_questions_are_one_at_a_time_and_leave_the_worker_its_time(monkeypatch):
    class Fake:
        def __init__(self):
            self.questions = []
            self.snapshot = SimpleNamespace(step=2)

        def ask(self, question):
            future = Future()
            self.questions.append((question, future))
            return future

    clock = [100.0]
    monkeypatch.setattr("tui.asking.monotonic", lambda: clock[0])
    monkeypatch.setattr("tui.asking.perf_counter", lambda: clock[0])
    fake, asking = Fake(), Asking(0.125, 0.03)
    assert not asking.ask(fake, 1, lambda trainer: "a", playing=True)
    asking.ask(fake, 2, lambda trainer: "b", playing=True)
    assert len(fake.questions) == 1
    fake.questions[0][1].set_result(("a", 0.03, 1, 1))
    clock[0] += 0.5
    assert asking.ask(fake, 2, lambda trainer: "b", playing=True)
    assert (asking.answer, asking.about) == ("a", 1)
    assert len(fake.questions) == 1
    clock[0] += 0.6
    asking.ask(fake, 2, lambda trainer: "b", playing=True)
    assert len(fake.questions) == 2
    fake.questions[1][1].set_result(("b", 0.03, 2, 1))
    assert asking.ask(fake, 3, lambda trainer: "c", playing=False)
    assert len(fake.questions) == 3
    fake.questions[2][1].set_result(("c", 0.03, 4, 1))
    asking.ask(fake, 3, lambda trainer: "c", playing=True)
    assert len(fake.questions) == 3
    asking.ask(fake, 3, lambda trainer: "c", playing=False)
    assert len(fake.questions) == 4
    fake.questions[3][1].set_result(("c", 0.03, 2, 1))
    asking.ask(fake, 3, lambda trainer: "c", playing=False)
    assert len(fake.questions) == 4


def test_pure_parts():
    assert affordable(0, 0.01) == 100
    assert affordable(1e-5, 0.01) == 1000
    assert affordable(1.0, 0.01) == 100
    assert fitted((28, 28), 15, 40) == (15, 15)
    assert fitted((8, 8), 17, 40) == (16, 16)
    assert shrunk(np.arange(16.0).reshape(4, 4), 2, 2) == pytest.approx(np.array([[2.5, 4.5], [10.5, 12.5]]))
    matrix = np.array([[5, 0, 1], [4, 2, 0], [0, 0, 9]])
    assert confusions(matrix) == [(1, 0, 4), (0, 2, 1)]
    assert by_confusion(matrix).tolist() == [0, 1, 2]


def test_tabs_are_whole_words_and_the_present_one_is_always_there_by_its_name():
    found = (SAMPLES, CONFUSION, CLASSES, CALIBRATION, AUGMENTED)
    words = {word for view in found for word in (view.name, view.short)}
    for width in range(11, 60):
        for view in found:
            shown = tabs(found, view, width)
            assert view.name in [text for _, text, _ in shown]
            assert {text for _, text, _ in shown} <= words
            assert all(column >= 0 and column + len(text) <= width for column, text, _ in shown)
            ends = [column + len(text) for column, text, _ in shown]
            assert all(end < column for end, (column, _, _) in zip(ends[:-1], shown[1:], strict=True))
    said = {width: " ".join(text for _, text, _ in tabs(found[:4], CONFUSION, width)) for width in (40, 32, 24, 12)}
    assert said[40] == "Samples Confusion Classes Calibration"
    assert said[32] == "Samples Confusion Classes Sure"
    assert said[24] == "Confusion F1 Sure"
    assert said[12] == "Confusion"
    picture = Picture(12, 1)
    draw_tabs(picture, found, CONFUSION, Palette())
    assert picture.to_text() == "‹ Confusion"


@pytest.mark.parametrize(("width", "height"), [(32, 26), (56, 45), (116, 30), (1, 1), (3, 40)])
def test_the_plane_is_hardly_stretched(width, height):
    wide, tall = undistorted(width, height)
    assert wide <= width and tall <= height and (wide == width or tall == height)
    assert tall <= 0.625 * wide + 0.5 and wide <= 2.5 * tall + 0.5


async def test_a_large_split_is_sampled_and_says_so():
    session = Session(experiment("circle", data={"samples": 30_000}))
    session.start()
    try:
        reading = await asyncio.wrap_future(session.ask(lambda trainer: read(trainer, "validation", 500)))
        again = await asyncio.wrap_future(session.ask(lambda trainer: read(trainer, "validation", 1000)))
        field = await asyncio.wrap_future(session.ask(lambda trainer: ask_field(trainer, 300, 200)))
    finally:
        session.close()
    assert reading.sample == "validation 500 of 15,000"
    assert (again.rows[:500] == reading.rows).all()
    assert field.values.size <= 10_000
    assert views(reading.subject)[0].name == "Boundary"
    wide = even(field.plane, 200, 10)
    assert wide.right - wide.left <= 1.26 * (field.plane.right - field.plane.left)


# ---------------------------------------------------------------------------------------- a cell and its samples


def _members(reading, cell):
    return reading.rows[(reading.targets == cell[0]) & (reading.predicted == cell[1])]


@pytest.mark.parametrize(
    ("name", "size", "shows"),
    [
        ("digits", (40, 36), "Samples"),
        ("iris", (34, 20), "Rows"),
        ("moons", (60, 24), "Rows"),
        ("digits", (22, 9), "Samples"),
    ],
)
async def test_enter_on_a_cell_of_the_confusion_matrix_shows_its_samples_and_escape_all(name, size, shows):
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(CONFUSION)
        await answer(host, pilot)
        reading = panel.reading
        await pilot.press("down")
        worst = confusions(reading.report.matrix)[0]
        assert panel.look.cell == worst[:2]
        target, said = worst[:2]
        assert f": {worst[2]}" in text(host)
        await pilot.press("enter")
        await answer(host, pilot)
        assert panel.view.name == shows
        look = panel.look
        assert sorted(reading.rows[look.order]) == sorted(_members(reading, worst[:2])) and len(look.order)
        names = reading.subject.classes
        wanted = f"true {names[target]}, predicted {names[said]}: {worst[2]} sample{'s' * (worst[2] != 1)}"
        assert wanted[: size[0] - 2] in text(host) or f"{names[target]} as {names[said]}: {worst[2]}" in text(host)
        await pilot.press("right", "down", "pagedown", "up", "left")
        await pilot.press("escape")
        assert len(panel.look.order) == len(reading.rows)
        assert "predicted" not in text(host).splitlines()[1] or shows == "Rows"
        panel.go_to(CONFUSION)
        await pilot.press("enter", "m")
        assert len(panel.look.order) == len(reading.rows)
        assert panel.mode == "least sure"

    await opened(experiment(name, data={"limit": 600} if name == "digits" else {}), size, act)


async def test_the_cursor_walks_over_the_cells_in_the_order_that_is_shown():
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(CONFUSION)
        await answer(host, pilot)
        panel._cell = (0, 0)
        await pilot.press("right", "right", "down", "up", "up", "left", "down")
        assert panel.look.cell == (1, 1)
        await pilot.press("pagedown", "right")
        assert panel.look.cell == (2, 2)
        await pilot.press("m", "m")
        assert panel.mode == "sorted"
        order = by_confusion(panel.reading.report.matrix).tolist()
        panel._cell = (order[0], order[0])
        await pilot.press("down", "right", "right")
        assert panel.look.cell == (order[1], order[2])
        await pilot.press("escape")
        assert panel.look.cell is None

    await opened(experiment("iris"), (40, 20), act)


async def test_a_cell_is_chosen_by_a_click_and_opened_by_another_one():
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(CONFUSION)
        await answer(host, pilot)
        matrix = panel.reading.report.matrix
        shown = table(panel.reading, panel.mode, *panel.view_size, None)
        grid, target, said = shown.grid, 8, int(matrix[8].argmax())
        place = (grid.label + 1 + said * grid.cell + 1, 2 + target)
        await pilot.click(panel.canvas, offset=place)
        assert panel.look.cell == (target, said)
        assert panel.view is CONFUSION
        inverted = panel.canvas.draw(*panel.canvas.size, Palette()).face[place[1], place[0]]
        assert inverted == BOLD | REVERSE
        await pilot.click(panel.canvas, offset=place)
        await answer(host, pilot)
        assert panel.view.name == "Samples"
        assert set(panel.reading.rows[panel.look.order]) == set(_members(panel.reading, (target, said)))
        panel.go_to(CONFUSION)
        await pilot.press("escape")
        entry = shown.listed[1][:2]
        await pilot.click(panel.canvas, offset=(2, 1 + shown.line + 2))
        assert panel.look.cell == entry

    await opened(experiment("digits"), (44, 30), act)


async def test_the_answer_of_a_run_that_is_not_shown_yet_is_dropped():
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(CONFUSION)
        await answer(host, pilot)
        shown = host.session.snapshot
        panel._cell = (8, 9)
        host.session.rebuild(experiment("iris"))
        for _ in range(5):
            await pilot.press("t")
            await asyncio.wrap_future(host.session.ask(lambda trainer: None))
            panel.show(shown)
            assert panel.reading is None or len(panel.reading.subject.classes) == 10
        await answer(host, pilot)
        assert len(panel.reading.subject.classes) == 3
        assert panel.look.cell is None

    await opened(experiment("digits", data={"limit": 600}), (60, 24), act)


async def test_the_samples_of_a_cell_follow_the_training_and_may_be_none():
    def spoil(trainer):
        trainer.network.values[...] = 0
        trainer.network.values[-3:] = 0, 0, 9

    async def act(host, pilot):
        panel = host.panel
        panel.go_to(CONFUSION)
        await answer(host, pilot)
        panel._cell = (0, 1)
        await pilot.press("enter")
        await asyncio.wrap_future(host.session.ask(spoil))
        host.panel._answers._readings.forget()
        await answer(host, pilot)
        assert "true setosa, predicted versicolor: 0 samples" in text(host)
        assert "none of those at present" in text(host)
        await pilot.press("down", "enter", "right")
        panel._only = (0, 2)
        panel.canvas.update()
        setosas = int((panel.reading.targets == 0).sum())
        assert f"true setosa, predicted virginica: {setosas} samples" in text(host)

    await opened(experiment("iris"), (60, 24), act)


def _many(classes, rows=400):
    rng = np.random.default_rng(0)
    targets = np.arange(rows) % classes
    predicted = np.where(rng.random(rows) < 0.6, targets, rng.integers(0, classes, rows))
    names = tuple(f"class{kind}" for kind in range(classes))
    report = class_report(targets, predicted, classes)
    return SimpleNamespace(report=report, subject=SimpleNamespace(classes=names), wrong=targets != predicted)


@pytest.mark.parametrize("size", [(32, 26), (32, 8), (60, 30), (12, 5)])
@pytest.mark.parametrize("mode", ["counts", "shares", "sorted"])
def test_a_matrix_larger_than_the_panel_shows_the_page_with_the_cursor(size, mode):
    reading = _many(40)
    cell = (0, 0)
    for direction in ["right"] * 45 + ["down"] * 45 + ["pageup"]:
        cell = moved(reading, mode, *size, cell, direction)
        shown = table(reading, mode, *size, cell)
        row, column = shown.cursor(cell)
        grid = shown.grid
        assert grid.top <= row < grid.top + grid.down
        assert grid.left <= column < grid.left + grid.across
        x, y = grid.label + 1 + (column - grid.left) * grid.cell, 1 + row - grid.top
        assert x + grid.cell <= size[0]
        assert cell_at(reading, mode, *size, cell, x, y) == cell
        picture = draw(reading, mode, *size, Palette(), cell)
        assert picture.face[y, x] & REVERSE
    assert shown.cursor(cell)[1] == 39
    assert "of 40 classes" in draw(reading, mode, *size, Palette()).to_text() or size[0] < 20


# ---------------------------------------------------------------------------------------- before and after


CHANGES = {"shift": 1, "rotation": 10, "mixup": 0.5}


async def test_augmented_images_are_those_of_the_present_epoch(monkeypatch):
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(AUGMENTED)
        await answer(host, pilot)
        pairs = panel.look.pairs
        inputs = await asyncio.wrap_future(host.session.ask(lambda trainer: trainer.feed.batches(1, 0, 64, 1)[0][0]))
        assert (pairs.preview.after.reshape(64, -1) == inputs).all()
        assert "epoch 2, first 64 of" in text(host)
        own, other = pairs.label(pairs.preview.rows[0]), pairs.label(pairs.preview.partners[0])
        share = pairs.preview.shares[0]
        assert f"{100 * share:.0f}% {own} + {100 * (1 - share):.0f}% {other}" in text(host)
        await pilot.press("right", "right")
        assert panel.look.chosen == 2
        await asyncio.wrap_future(host.session.ask(lambda trainer: trainer.advance(epochs=1)))
        await answer(host, pilot)
        assert panel.look.chosen == 2
        assert panel.look.pairs.preview.epoch == 2
        assert (panel.look.pairs.preview.rows != pairs.preview.rows).any()
        place = augmented.top_of((1, 8, 8), *panel.view_size) + 1
        await pilot.click(panel.canvas, offset=(1, place))
        assert panel.look.chosen == 0
        await pilot.press("right")
        opened_screens = []
        monkeypatch.setattr(host, "push_screen", opened_screens.append)
        await pilot.press("enter")
        assert opened_screens[0].__class__.__name__ == "SeeingScreen"

    await opened(experiment("digits", data={"limit": 600}, augmentation=CHANGES), (40, 34), act)


@pytest.mark.parametrize("size", [(120, 36), (33, 28), (24, 10), (12, 5)])
async def test_augmented_images_are_drawn_at_every_size_and_in_every_colour(size):
    async def act(host, pilot):
        panel = host.panel
        panel.go_to(AUGMENTED)
        await answer(host, pilot)
        for palette in (Palette(), Palette(depth="none"), Palette(False, "ansi")):
            picture = panel.canvas.draw(*panel.canvas.size, palette)
            assert (picture.width, picture.height) == panel.canvas.size
        for _ in range(70):
            panel.action_move("right")
        assert panel.look.chosen == len(panel.look.pairs.preview.rows) - 1

    await opened(experiment("digits", data={"limit": 80}, augmentation={"noise": 0.2}), size, act)


async def test_the_tab_of_augmentation_is_there_for_augmented_images_alone():
    for more, there in (({}, False), ({"augmentation": {"flip": True}}, True)):

        async def act(host, pilot, there=there):
            assert (AUGMENTED in host.panel.views) == there

        await opened(experiment("digits", data={"limit": 100}, **more), (50, 20), act)


async def test_without_validation_rows_the_panel_says_what_it_shows():
    async def act(host, pilot):
        assert "no validation rows: train 100" in text(host)

    await opened(experiment("digits", data={"limit": 100, "validation": 0.0}), (50, 24), act)


async def test_the_headings_of_rows_are_whole_where_there_is_room():
    async def act(host, pilot):
        heads = text(host).splitlines()[1]
        assert ("sepal length (cm)" in heads) == (host.panel.canvas.size.width > 110)
        assert ("sepal length" in heads) == (host.panel.canvas.size.width > 90)

    for width in (50, 96, 120):
        await opened(experiment("iris"), (width, 20), act)


def test_a_long_name_of_a_class_is_cut_with_an_ellipsis():
    picture = Picture(18, 2)
    draw_scores(picture, 0, 0, 18, 2, Palette(depth="none"), np.array([0.9, 0.1]), ("automobile", "cat"))
    first, second = picture.to_text().split("\n")
    assert first.split()[0] == "automob…"
    assert second.split()[0] == "cat"


async def test_a_sample_that_is_a_file_is_named(tmp_path):
    folder = pets(tmp_path)

    async def act(host, pilot):
        assert host.panel.view.name == "Samples"
        look = host.panel.look
        file = look.reading.file(int(look.order[look.chosen]))
        assert (folder / file).is_file()
        assert f"{file} · " in text(host).splitlines()[-1]
        await pilot.press("right")
        moved_to = host.panel.look
        assert moved_to.reading.file(int(moved_to.order[moved_to.chosen])) in text(host)
        row = int(look.reading.rows[look.order[look.chosen]])
        scene = await asyncio.wrap_future(
            host.session.ask(lambda trainer: see(trainer, look.reading.part, row, "dense1", "outputs"))
        )
        assert scene.file == file

    data = {"path": str(folder), "grayscale": True, "validation": 0.4}
    await opened(experiment("image_folder", data=data), (60, 22), act)


async def test_a_long_name_of_a_file_is_shown_by_its_end(tmp_path):
    async def act(host, pilot):
        look = host.panel.look
        file = look.reading.file(int(look.order[look.chosen]))
        shown = text(host).splitlines()[-1]
        assert shown.startswith("…")
        assert shown.split(" · ")[0].endswith(file[-10:])
        assert "validation 4 · " in shown

    folder = pets(tmp_path, stem="a_name_as_long_as_those_of_photos_from_a_telephone_")
    data = {"path": str(folder), "grayscale": True, "validation": 0.4}
    for width in (42, 60):
        await opened(experiment("image_folder", data=data), (width, 22), act)


async def test_the_smallest_panel_shows_rows_of_the_classes_and_of_calibration_before_what_sums_them_up():
    async def act(host, pilot):
        reading = host.panel.reading
        for height in (5, 6):
            table = draw_classes(reading, "by class", 38, height, Palette()).to_text().splitlines()
            assert table[1].split()[0] == "0"
            assert table[2].strip() == "… 9 more" if height == 5 else "macro" in table[-1] or "weighted" in table[-1]
            bars = draw_calibration(reading, 38, height, Palette()).to_text().splitlines()
            assert [line.split()[0] for line in bars[1:3]] == _fullest(reading)
            assert "calibration error" in bars[4]
        whole = draw_classes(reading, "by class", 38, 30, Palette()).to_text()
        assert all(name in whole for name in ("macro", "weighted", "right", "top 5"))

    await opened(experiment("digits"), (60, 22), act)


def _fullest(reading):
    """The two tenths of confidence with the most answers, as the view names them."""
    counts = np.bincount(np.minimum((reading.confidence * 10).astype(int), 9), minlength=10)
    return [f"{10 * int(place) + 10}%" for place in sorted(np.argsort(-counts, kind="stable")[:2])]


def test_a_question_about_a_plane_that_comes_to_images_is_refused() -> None:
    with pytest.raises(BadInput, match="no line or plane"):
        ask_field(Trainer(load_experiment("digits")), 20, 10)
