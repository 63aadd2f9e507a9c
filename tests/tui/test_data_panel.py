import asyncio
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from textual.app import App

from engine import Session, parse_experiment
from engine.metrics import class_report, confusions
from tui.asking import Asking, moment
from tui.drawing.palette import Palette
from tui.panels.boundary import ask_field, even, undistorted
from tui.panels.confusion import by_confusion
from tui.panels.data import DataPanel
from tui.panels.reading import affordable, read
from tui.panels.samples import fitted, shrunk
from tui.panels.views import CALIBRATION, CLASSES, CONFUSION, SAMPLES, tabs, views

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
        if view is None or panel._readings._future or panel._fields._future:
            continue
        known = [asking for asking, wanted in ((panel._fields, view.field), (panel._readings, view.reading)) if wanted]
        if all(asking.about is not None and asking.about[0] == now for asking in known):
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
    return host.panel.as_text()


async def test_points_in_the_plane_have_a_boundary_and_their_glyphs():
    async def act(host, pilot):
        assert host.panel.view.name == "Boundary"
        shown = text(host)
        assert "●" in shown
        assert "◇" in shown
        assert "▀" in host.panel.canvas.to_text(60, 20) or "·" in shown
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
        host.panel._readings.forget()
        host.panel._fields.forget()
        for view in host.panel.views:
            host.panel.go_to(view)
            await answer(host, pilot)
            assert host.panel.canvas.draw(60, 24, Palette()).width == 60

    for name in ("digits", "moons", "sine", "reg_gauss", "iris"):
        await opened(experiment(name, data={"limit": 200}), (60, 26), act)


async def test_showing_is_quick_while_nothing_is_new():
    async def act(host, pilot):
        times = []
        for _ in range(30):
            began = perf_counter()
            host.panel.show(host.session.snapshot)
            times.append(perf_counter() - began)
        assert sorted(times)[15] < 0.002

    await opened(experiment("digits"), (70, 40), act)


def test_questions_are_one_at_a_time_and_leave_the_worker_its_time(monkeypatch):
    class Fake:
        def __init__(self):
            self.questions = []

        def ask(self, question):
            from concurrent.futures import Future

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
    fake.questions[0][1].set_result(("a", 0.03))
    clock[0] += 0.5
    assert asking.ask(fake, 2, lambda trainer: "b", playing=True)
    assert (asking.answer, asking.about) == ("a", 1)
    assert len(fake.questions) == 1
    clock[0] += 0.6
    asking.ask(fake, 2, lambda trainer: "b", playing=True)
    assert len(fake.questions) == 2
    fake.questions[1][1].set_result(("b", 0.03))
    assert asking.ask(fake, 3, lambda trainer: "c", playing=False)
    assert len(fake.questions) == 3


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


def test_the_present_tab_keeps_its_name_where_there_is_room_for_one():
    found = [SAMPLES, CONFUSION, CLASSES, CALIBRATION]
    said = {width: " ".join(text for _, text, _ in tabs(found, CONFUSION, width)) for width in (40, 32, 24, 12)}
    assert said[40] == "Samples Confusion Classes Calibration"
    assert said[32] == "Samp Confusion Class Calib"
    assert said[24] == "Samp Conf Class Calib"
    assert said[12] == "Samp Conf"
    assert [column for column, _, _ in tabs(found, CONFUSION, 32)] == [0, 6, 17, 24]


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
