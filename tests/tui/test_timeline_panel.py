from concurrent.futures import Future
from dataclasses import replace

import hosting
import numpy as np
import pytest
from hosting import PanelHost, rest, text_of

from engine import Edit, Snapshot, Trainer, load_experiment
from tui.drawing.axes import number
from tui.panels.timeline import TimelinePanel


def hosted(name="digits", size=(120, 3), epochs=4):
    return hosting.hosted(TimelinePanel(), name, size, epochs)


async def arrived(panel, pilot, until):
    await until(pilot, lambda: panel._arrival is None and panel._target is None)


async def test_nothing_on_record():
    async with hosted(epochs=0) as (panel, session, pilot):
        assert "nothing on record yet" in text_of(panel)
        await pilot.press("left", "right", "home", "end", "H", "L")
        await pilot.click(panel, offset=(60, 0))
        await pilot.hover(panel, offset=(50, 0))
        assert rest(session).step == 0
        assert "one epoch" in text_of(panel)
        panel.show(Snapshot(99, 99, "failed", load_experiment("digits")))
        assert text_of(panel) == "nothing on record yet", "no key trains what cannot be built"


@pytest.mark.parametrize("width", [38, 41, 46, 60, 72])
async def test_what_to_do_without_a_record_ends_behind_a_word(width):
    async with hosted(epochs=0, size=(width, 3)) as (panel, _, _):
        assert text_of(panel).endswith(("one epoch", "an epoch", "record yet"))


async def test_keys_go_by_step_and_by_epoch(until):
    async with hosted() as (panel, session, pilot):
        expected = {
            "left": 179, "h": 178, "right": 179, "shift+left": 135, "H": 90, "shift+right": 135, "l": 136, "L": 180,
            "home": 0, "ctrl+right": 45, "end": 180,
        }  # fmt: skip
        for key, step in expected.items():
            await pilot.press(key)
            await arrived(panel, pilot, until)
            assert rest(session).step == step
            assert f"step {step} of 180 on record" in text_of(panel)
        await pilot.press("right")
        await arrived(panel, pilot, until)
        assert rest(session).step == 180  # no further than the record goes


async def test_there_the_weights_are_what_they_were(until):
    trainer = Trainer(load_experiment("digits"))
    trainer.advance(steps=100)
    async with hosted() as (panel, session, pilot):
        panel.seek(100)
        await arrived(panel, pilot, until)
        weights = session.ask(lambda other: other.network.values.copy()).result(10)
        assert weights.tobytes() == trainer.network.values.tobytes()


async def test_held_keys_do_not_lose_a_step(until):
    async with hosted() as (panel, session, pilot):
        await pilot.press(*["left"] * 7)
        await arrived(panel, pilot, until)
        assert rest(session).step == 173


class Slow:
    """A session whose worker does not arrive until it is told to."""

    def __init__(self, snapshot):
        self.snapshot, self.seeks, self.answers = snapshot, [], []

    def seek(self, step):
        self.seeks.append(step)

    def ask(self, question):
        self.answers.append(Future())
        return self.answers[-1]


async def test_while_the_worker_is_on_its_way_only_the_latest_target_counts(until):
    trainer = Trainer(load_experiment("digits"))
    trainer.advance(steps=200)
    snapshot = Snapshot(
        1, 1, "paused", trainer.experiment, step=200, epoch=4, steps_per_epoch=45, history=trainer.history,
        keyframes=trainer.timeline.steps,
    )  # fmt: skip
    slow = Slow(snapshot)
    app = PanelHost(slow, TimelinePanel())
    async with app.run_test(size=(209, 3)) as pilot:  # 208 is the end of the axis: a column a step
        app.panel.show(snapshot)
        await pilot.pause()
        await pilot.mouse_down(app.panel, offset=(150, 1))
        for x in (140, 90, 40, 21):
            await pilot.hover(app.panel, offset=(x, 1))
        assert slow.seeks == [150]
        assert "step 21 of 200" in text_of(app.panel)  # the screen does not wait
        slow.answers[0].set_result(150)
        await until(pilot, lambda: len(slow.seeks) > 1)
        assert slow.seeks == [150, 21]
        await pilot.mouse_up(app.panel, offset=(21, 1))
        await pilot.hover(app.panel, offset=(100, 1))
        slow.answers[1].set_result(21)
        await until(pilot, lambda: app.panel._arrival is None)
        assert slow.seeks == [150, 21]
        assert "○ step 100" in text_of(app.panel)


@pytest.mark.parametrize("x", [0, 59, 119])
async def test_a_click_goes_to_the_step_under_it(x, until):
    async with hosted() as (panel, session, pilot):
        await pilot.click(panel, offset=(x, 1))
        await arrived(panel, pilot, until)
        end = 192  # the end of the axis, in four significant bits, at or after 180
        step = rest(session).step
        assert step == min(180, round(x / 119 * end))
        assert text_of(panel).split("\n")[1].index("●") == round(step / end * 119)


async def test_epochs_keyframes_and_edits_are_marked(until):
    async with hosted(epochs=2) as (panel, session, pilot):
        session.edit("optimizer.lr", 0.001)
        session.epoch(2)
        snapshot = rest(session)
        panel.show(snapshot)
        await pilot.pause()
        marks, bar, words = text_of(panel).split("\n")[:3]

        def column(step):
            return round(step / 192 * 119)

        for epoch in (1, 3, 4):
            assert marks[column(45 * epoch)] == "╷"
            assert marks[column(45 * epoch) + 1] == str(epoch)
        assert marks[column(90)] == "✎"
        crosses = {x for x, char in enumerate(bar) if char == "┿"}
        assert crosses == {column(frame) for frame in snapshot.keyframes} - {column(180)}
        assert "optimizer.lr = 0.001 since step 90" in words
        assert "epoch 4.00" in words
        panel.seek(60)
        await arrived(panel, pilot, until)
        words = text_of(panel).split("\n")[2]
        assert "optimizer.lr" not in words
        assert "epoch 1.33" in words


async def test_the_future_is_dimmed_and_goes_when_something_is_changed(until):
    async with hosted() as (panel, session, pilot):
        panel.seek(96)
        await arrived(panel, pilot, until)
        picture = panel._picture
        here = text_of(panel).split("\n")[1].index("●")
        assert here == round(119 / 2)
        train = panel.palette.color("train")
        assert set(picture.fg[1, :here].tolist()) == {train}
        assert set(picture.fg[1, here + 1 : 110].tolist()) == {panel.palette.faded(train)}
        session.edit("optimizer.lr", 0.001)
        panel.show(rest(session))
        await pilot.pause()
        assert "step 96 of 96 on record" in text_of(panel)


async def test_playing_is_not_having_a_future():
    trainer = Trainer(load_experiment("digits"))
    trainer.advance(steps=50)
    then = Snapshot(1, 1, "playing", trainer.experiment, step=50, steps_per_epoch=45, history=trainer.history)
    trainer.advance(steps=30)  # the worker goes on while the screen looks at what was
    app = PanelHost(Slow(then), TimelinePanel())
    async with app.run_test(size=(100, 3)) as pilot:
        app.panel.show(then)
        await pilot.pause()
        assert "step 50 of 50" in text_of(app.panel)


@pytest.mark.parametrize("width", [46, 36])
async def test_with_room_the_past_is_listed_and_a_click_goes_there(until, width):
    async with hosted(size=(width, 12), epochs=2) as (panel, session, pilot):
        session.edit("optimizer.lr", 0.001)
        session.epoch(9)
        snapshot = rest(session)
        panel.show(snapshot)
        await pilot.pause()
        panel.seek(90)
        await arrived(panel, pilot, until)
        lines = text_of(panel).split("\n")
        assert any("✎ optimizer.lr = 0.001" in line for line in lines[4:])
        row = snapshot.history.rows[3]
        head = next(y for y, line in enumerate(lines) if "valid loss" in line)
        for word, entry in (("epoch", "3"), ("step", f"{row.step}"), ("valid loss", number(row.valid_loss, 3))):
            end = lines[head].index(word) + len(word)
            assert any(line[:end].endswith(f" {entry}") for line in lines[head + 1 :]), f"{word} stands above {entry}"
        place = next(y for y, line in enumerate(lines) if line[:7].split()[-1:] == ["3"])
        assert number(row.valid_loss, 3) in lines[place]
        assert f"{100 * row.valid_accuracy:.1f} %" in lines[place]
        assert next(line for line in lines if line[:7].split()[-1:] == ["2"]).startswith("●")
        await pilot.click(panel, offset=(5, place))
        await arrived(panel, pilot, until)
        assert rest(session).step == row.step


async def test_any_size_is_safe():
    async with hosted() as (panel, _, pilot):
        for size in ((1, 1), (2, 5), (12, 4), (40, 1), (40, 2), (200, 60), (120, 3)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            panel.update()
            assert np.all(panel.draw(*size, panel.palette).chars > 0)


async def test_it_says_whose_weights_are_in_use_after_early_stopping():
    changes = {"early_stopping.patience": 3, "epochs": 60}
    for restore in (True, False):
        experiment = load_experiment("overfit", {**changes, "early_stopping.restore_best": restore})
        async with hosted(experiment, (120, 3), epochs=0) as (panel, session, _):
            session.play()
            snapshot = rest(session)
            panel.show(snapshot)
            assert snapshot.activity == "stopped early"
            best = min(snapshot.history.rows, key=lambda row: row.valid_loss).epoch
            kept = f"the weights of epoch {best} are in use" if restore else "the last weights are in use"
            assert f"★ best was epoch {best}; {kept}" in text_of(panel)
            for width, told in (
                (78, kept if restore else "the last is in use"),
                (60, f"★ epoch {best} is in use" if restore else "keyframe"),
            ):
                lines = panel.draw(width, 20, panel.palette).to_text().split("\n")
                assert told in lines[2]
                assert len([line for line in lines[4:] if line.startswith("★") and line.split()[1] == str(best)]) == 1


async def test_a_mark_does_not_make_another_number_of_an_epoch():
    async with hosted(epochs=20) as (panel, session, _):
        line = text_of(panel).splitlines()[0]
        column = line.index("╷10")
        snapshot = session.snapshot
        step = next(step for step in range(1, 900) if panel._column(step, 120) == column + 2)
        panel.show(replace(snapshot, edits=(Edit(step, "optimizer.lr", 0.1),)))
        shown = text_of(panel).splitlines()[0]
        assert shown[column : column + 3] == "╷ ✎"
        assert "╷12" in shown


async def test_an_edit_is_told_in_words():
    async with hosted(size=(120, 14)) as (panel, session, _):
        values = {"schedule": {"name": "cosine", "floor": 0.1}, "optimizer.nesterov": True, "optimizer.lr": 1e-05}
        for (key, value), shown in zip(values.items(), ("cosine floor=0.1", "on", "1e-5"), strict=True):
            panel.show(replace(session.snapshot, edits=(Edit(100, key, value),)))
            assert f"✎ {key} = {shown} since step 100" in text_of(panel)
            assert f"✎ {key} = {shown}\n" in text_of(panel)
