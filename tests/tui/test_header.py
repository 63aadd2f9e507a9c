"""The head of the screen says what runs, in every state and size."""

import pytest
from hosting import Until, ready

from engine import Experiment, load_experiment
from tui.app import Workbench
from tui.naming import Titles
from tui.transport import clock, speed


def drawn(app: Workbench) -> str:
    """The header as it is on the screen."""
    header = app.bench.header
    return "\n".join(strip.text for strip in header.render_lines(header.outer_size.region))


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"epochs": 3, "seed": 9}, "Handwritten digits, two hidden layers"),
        ({"optimizer.lr": 0.5}, "Handwritten digits, two hidden layers (changed)"),
        ({"model.hidden": [8]}, "digits, mlp 8"),
        ({"data.name": "csv", "data.path": "some/iris.csv"}, "iris.csv, mlp 64,32"),
        ({"title": "Mine", "optimizer.lr": 0.5}, "Mine"),
        ({"title": ""}, "digits, mlp 64,32"),
    ],
)
def test_a_title_is_true(changes: dict[str, object], title: str) -> None:
    titles = Titles()
    titles.know(load_experiment("digits"))
    assert titles.of(load_experiment("digits", changes)) == title


def test_layers_are_counted() -> None:
    experiment = Experiment.model_validate({"layers": [{"type": "dense", "units": 3}]})
    assert Titles().of(experiment) == "digits, 1 layer"


async def test_the_title_follows_an_edit_and_comes_back_with_undo(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert "Handwritten digits, two hidden layers " in drawn(app)
        app.session.rebuild(load_experiment("digits", {"data.name": "moons"}))
        await until(pilot, lambda: "moons, mlp 64,32" in drawn(app))
        app.session.rebuild(load_experiment("digits"))
        await until(pilot, lambda: "Handwritten digits, two hidden layers " in drawn(app))


async def test_a_title_that_was_changed_before_the_start_is_not_taken_for_the_presets(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"data.name": "moons"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: "moons, mlp 64,32" in drawn(app))


async def test_a_new_rate_is_in_the_header_at_once(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("s", "s")
        await until(pilot, lambda: "step 2" in drawn(app))
        assert "lr 0.005" in drawn(app)
        await pilot.press("2", "home", "down", "plus")
        await until(pilot, lambda: "lr 0.01" in drawn(app))
        assert "step 2" in drawn(app)


@pytest.mark.parametrize(("schedule", "rate"), [("constant", "0.1"), ("linear", "0.05")])
async def test_a_rate_changed_after_the_end_is_the_same_everywhere(until: Until, schedule: str, rate: str) -> None:
    app = Workbench(load_experiment("xor-mlp", {"epochs": 2, "schedule": schedule}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: "finished" in drawn(app))
        steps = app.snapshot.step
        await pilot.press("2", "home", "down", "plus")
        await until(pilot, lambda: bool(app.session.snapshot.edits))
        await until(pilot, lambda: f"lr {rate}" in drawn(app))
        picture = app.bench.desk.panels["optimizer"].picture
        await until(pilot, lambda: f"lr {rate} at step {steps} of {steps}" in picture.to_text(40, 5))


@pytest.mark.parametrize("keys", [(), ("s",), ("space",)])
async def test_after_any_resize_the_header_is_whole(until: Until, keys: tuple[str, ...]) -> None:
    app = Workbench(load_experiment("xor-mlp", {"epochs": 3 if keys == ("space",) else 500}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press(*keys)
        state = "finished" if keys == ("space",) else "paused"
        await until(pilot, lambda: state in drawn(app))
        for size in ((200, 60), (80, 24), (1, 1), (40, 12), (120, 40), (39, 9), (80, 24), (110, 30)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            if size >= (40, 10):
                assert f"epoch {app.snapshot.epoch}/" in drawn(app), size
                assert state in drawn(app)
            if size[0] >= 80:
                assert f"step {app.snapshot.step} " in drawn(app), size
            if size[0] >= 110:
                assert drawn(app).splitlines()[1].strip()


async def test_a_long_title_is_cut_with_an_ellipsis(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"title": "very " * 60}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        first = drawn(app).splitlines()[0].split()
        assert first[-2].endswith("…")
        assert first[-1] == "nn-tui"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.9, "0:07"), (754, "12:34"), (3723, "1:02:03")])
def test_the_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("samples", "text"), [(0, "0"), (987, "987"), (1234, "1.2k"), (12_345, "12k"), (2_500_000, "2.5M")]
)
def test_the_speed(samples: float, text: str) -> None:
    assert speed(samples) == text
