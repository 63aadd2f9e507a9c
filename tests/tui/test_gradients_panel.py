"""The gradients panel: what the bars, numbers, histograms and the history say, read off the screen."""

import re
from dataclasses import replace
from math import log10

import hosting
import numpy as np
import pytest
from hosting import rest, text_of

from engine import NodeStats, Probe, Session, Snapshot, Trainer, load_experiment
from tui.app import Workbench
from tui.drawing.axes import nice_end
from tui.drawing.bars import EIGHTHS, Decades
from tui.drawing.palette import Palette
from tui.panels.detail import draw_detail
from tui.panels.gradients import SCALE, GradientsPanel
from tui.panels.layers import judged, layer_rows, short
from tui.panels.past import MOST, Past
from tui.sentence import describe


def hosted(name, size=(100, 24), epochs=1):
    return hosting.hosted(GradientsPanel(), name, size, epochs)


def bars(panel):
    """The length of each layer's bar, in eighths of a cell, and of the whole scale, read off the screen."""
    lines = text_of(panel).split("\n")
    header = next(line for line in lines if "gradient rms" in line)
    left = header.index("gradient rms")
    found = {}
    for line in lines[lines.index(header) + 1 :]:
        name = line[:left].strip(" ▸")
        body = line[left:]
        if name and body[:1] in EIGHTHS[1:]:
            full = len(body) - len(body.lstrip("█"))
            part = EIGHTHS.index(body[full]) if full < len(body) and body[full] in EIGHTHS[1:] else 0
            found.setdefault(name, 8 * full + part)
    return found


def scale_width(panel):
    """Cells of the whole scale, from the distance of two named powers of ten."""
    line = next(line for line in text_of(panel).split("\n") if line.count("╵") >= 2)
    ticks = [(float(found[1]), found.start()) for found in re.finditer(r"╵([\de-]+)", line)][:2]
    (a, x), (b, y) = ticks
    return (y - x) / log10(b / a) * 12


@pytest.mark.parametrize("name", ["deep-sigmoid", "deep-relu", "digits"])
@pytest.mark.parametrize("size", [(50, 18), (100, 24), (118, 36)])
async def test_bars_are_as_long_as_the_gradient_is_large_on_one_scale_for_all(name, size):
    async with hosted(name, size) as (panel, session, _):
        drawn, width = bars(panel), scale_width(panel)
        sizes = {stats.node: stats.grad_rms for stats in session.snapshot.probe.nodes if stats.grad_rms is not None}
        assert drawn.keys() == sizes.keys()
        for node, size in sizes.items():
            assert drawn[node] / 8 == pytest.approx((log10(size) + 10) / 12 * width, abs=1.7)


async def test_deep_sigmoid_looks_vanishing_and_deep_relu_does_not():
    shapes = {}
    for name in ("deep-sigmoid", "deep-relu", "deep-sigmoid-batchnorm"):
        async with hosted(name, (50, 18), epochs=3) as (panel, session, _):
            lengths = bars(panel)
            shapes[name] = [lengths[f"dense{n}"] / lengths["output"] for n in range(1, 9)]
            assert ("vanishes" in text_of(panel)) == (name == "deep-sigmoid")
            said = describe(session.snapshot.probe, session.snapshot.history, session.snapshot.experiment)
            assert said.says.split()[0] in text_of(panel)
    sigmoid = shapes["deep-sigmoid"]
    assert sigmoid == sorted(sigmoid)
    assert sigmoid[0] < 0.5
    assert min(shapes["deep-relu"]) > 0.85
    assert min(shapes["deep-sigmoid-batchnorm"]) > 0.85


async def test_every_number_is_the_probe_s():
    async with hosted("digits", (140, 20)) as (panel, session, _):
        probe, text = session.snapshot.probe, text_of(panel)
        dense = next(stats for stats in probe.nodes if stats.node == "dense1")
        line = next(line for line in text.split("\n") if "dense1" in line)
        passed = dict(probe.attenuation)["dense1"]
        glyph, word, _ = judged(dense.update_ratio)
        for part in (short(dense.grad_norm), short(dense.update_ratio), short(dense.dy_rms), f"×{short(passed)}"):
            assert part in line.split()
        assert f"{glyph} {word}" in line
        relu = next(stats for stats in probe.nodes if stats.node == "relu1")
        assert f"{100 * relu.dead:.0f}%" in next(line for line in text.split("\n") if "relu1" in line)


@pytest.mark.parametrize(
    ("ratio", "word"), [(9e-5, "low"), (1e-4, "ok"), (1e-2, "ok"), (1.1e-2, "high"), (None, ""), (0.0, "low")]
)
def test_the_healthy_band(ratio, word):
    assert judged(ratio)[1] == word


def test_a_layer_speaks_for_its_activation():
    trainer = Trainer(load_experiment("deep-sigmoid-batchnorm"))
    rows = layer_rows(trainer.probe, everything=False)
    assert [row.name for row in rows] == [*(f"dense{n}" for n in range(1, 9)), "output"]
    assert rows[0].members == ("dense1", "batch_norm1", "sigmoid1")
    assert rows[0].saturated == next(stats.saturated for stats in trainer.probe.nodes if stats.node == "sigmoid1")
    everything = layer_rows(trainer.probe, everything=True)
    assert [row.name for row in everything] == [stats.node for stats in trainer.probe.nodes]
    assert everything[0].dy_rms is None  # no gradient is computed before the first weights


async def test_selecting_follows_everywhere_and_enter_opens():
    async with hosted("deep-relu", (70, 18)) as (panel, session, pilot):
        app = pilot.app
        await pilot.press("down", "j")
        assert app.selected_node == "dense2"
        assert "▸dense2" in text_of(panel)
        await pilot.press("k")
        assert app.selected_node == "dense1"
        await pilot.press("end")
        assert app.selected_node == "output"
        app.selected_node = "relu3"  # somewhere else; here its layer stands for it
        await pilot.pause()
        assert "▸dense3" in text_of(panel)
        await pilot.press("a")
        await pilot.pause()
        assert "relu3" in next(line for line in text_of(panel).split("\n") if "▸" in line)
        app.selected_node = "dense3"
        await pilot.press("enter")
        await pilot.pause()
        text, probe = text_of(panel), session.snapshot.probe
        weight = next(one for one in probe.parameters if one.parameter == "dense3.weight")
        for part in ("dense3.weight", "dense3.bias", short(weight.grad_norm), short(weight.grad_max), "output mean"):
            assert part in text
        await pilot.press("down")
        await pilot.pause()
        assert "relu3" in text_of(panel)
        await pilot.press("escape")
        await pilot.pause()
        assert "gradient rms" in text_of(panel)
        await pilot.press("escape")
        assert app.selected_node is None


async def test_a_click_selects_and_another_opens():
    async with hosted("digits", (70, 18)) as (panel, _, pilot):
        line = next(y for y, text in enumerate(text_of(panel).split("\n")) if "dense2" in text)
        await pilot.click(panel, offset=(4, line))
        assert pilot.app.selected_node == "dense2"
        await pilot.click(panel, offset=(4, line))
        await pilot.pause()
        assert "dense2.weight" in text_of(panel)


async def test_more_layers_than_rows_scroll():
    async with hosted("deep-sigmoid", (60, 12), epochs=0) as (panel, session, pilot):
        await pilot.press("a")
        names = [stats.node for stats in session.snapshot.probe.nodes]
        for name in names:
            await pilot.press("down")
            assert pilot.app.selected_node == name
            assert "▸" in text_of(panel)
        assert "–18/18" in text_of(panel)
        await pilot.press("home")
        await pilot.pause()
        assert "▸" in text_of(panel)
        assert names[0] in text_of(panel)


async def test_any_size_is_safe():
    async with hosted("deep-relu", (100, 30)) as (_, _, pilot):
        for size in ((1, 1), (12, 4), (40, 10), (25, 40), (200, 3), (100, 2), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.press("enter", "a", "down")


def test_the_histogram_lies_where_the_gradient_is():
    trainer = Trainer(load_experiment("deep-sigmoid"))
    snapshot = Snapshot(
        1, 1, "paused", trainer.experiment, history=trainer.history, nodes=trainer.network.nodes, probe=trainer.probe
    )
    places = []
    for name in ("dense1", "dense5", "output"):
        picture = draw_detail(snapshot, name, Decades(-10, 2), 120, 30, Palette())
        lines = picture.to_text().split("\n")
        start = next(y for y, line in enumerate(lines) if line.startswith(f"{name}.weight")) + 2
        tall = max(range(start, start + 4), key=lambda y: lines[y].count("█"))
        column = int(np.median([x for x, c in enumerate(lines[tall]) if c == "█"]))
        places.append(-10 + column / 120 * 12)
        size = next(one.grad_rms for one in trainer.probe.parameters if one.parameter == f"{name}.weight")
        assert places[-1] == pytest.approx(log10(size), abs=1.0)
    assert places == sorted(places)


def test_what_is_not_finite_is_a_mark():
    trainer = Trainer(load_experiment("digits"))
    nodes = tuple(
        replace(stats, grad_rms=float("nan")) if stats.node == "dense1" else stats for stats in trainer.probe.nodes
    )
    probe = replace(trainer.probe, nodes=nodes)
    panel = GradientsPanel()
    panel._snapshot = Snapshot(1, 1, "paused", trainer.experiment, history=trainer.history, probe=probe)
    picture = panel.draw(80, 20, Palette())
    assert "× not finite" in next(line for line in picture.to_text().split("\n") if "dense1" in line)


# ---------------------------------------------------------------------------------------------- the strip of history


def probe_at(step, sizes):
    nodes = tuple(
        NodeStats(f"dense{n}", "dense", 0.0, 1.0, None, None, 1.0, 1.0, size, size, None)
        for n, size in enumerate(sizes, 1)
    )
    return Probe(step, 1.0, nodes, ())


def test_columns_are_means_of_logarithms_and_hold_what_was_before():
    trainer = Trainer(load_experiment("digits"))
    rng = np.random.default_rng(5)
    past, steps = Past(), np.sort(rng.choice(1000, 60, replace=False))
    sizes = 10.0 ** rng.uniform(-8, 1, (60, 3))
    for place in rng.permutation(60):  # going back and forth, they come in any order
        snapshot = Snapshot(1, 1, "paused", trainer.experiment, history=trainer.history)
        past.follow(replace(snapshot, probe=probe_at(int(steps[place]), sizes[place])))
    for count in (7, 40, 333):
        found = past.columns(1000.0, count)
        last = int(np.ceil(steps[-1] / (1000 / count)))
        assert found.shape == (3, last)
        before = sizes[0]
        for column in range(last):
            low, high = column * 1000 / count, (column + 1) * 1000 / count
            inside = (steps > low) & (steps <= high) if column else steps <= high
            if inside.any():
                expected, before = 10 ** np.log10(sizes[inside]).mean(0), sizes[inside][-1]
            else:
                expected = before
            assert found[:, column] == pytest.approx(expected)


def test_a_long_run_keeps_so_many_probes():
    trainer = Trainer(load_experiment("digits"))
    past = Past()
    snapshot = Snapshot(1, 1, "playing", trainer.experiment, history=trainer.history)
    for step in range(5000):
        past.follow(replace(snapshot, probe=probe_at(step * 100, [1e-3, 1e-2])))
    assert MOST // 2 <= len(past) <= MOST
    assert past.columns(500_000, 50) == pytest.approx(np.tile([[1e-3], [1e-2]], 50))


def test_what_the_run_forgot_is_forgotten():
    trainer, past = Trainer(load_experiment("overfit")), Past()

    def follow(run=1):
        now = {"history": trainer.history, "probe": trainer.probe, "edits": tuple(trainer.edits)}
        past.follow(Snapshot(1, run, "paused", trainer.experiment, step=trainer.state.step, **now))

    for _ in range(10):
        trainer.step()
        follow()
    assert len(past) == 11  # with the untrained network
    trainer.seek(5)
    follow()
    assert len(past) == 11  # still on record
    trainer.edit("optimizer.lr", 0.001)
    trainer.step()
    follow()
    assert len(past) == 7
    trainer.reset()
    follow()
    assert len(past) == 1
    trainer.step()
    follow(run=2)
    assert len(past) == 2


async def test_the_future_of_the_strip_is_dimmed():
    async with hosted("digits", (100, 30), epochs=4) as (panel, session, pilot):
        bright = panel._picture
        session.seek(45)
        panel.show(rest(session))
        await pilot.pause()
        dimmed = panel._picture
        lines = dimmed.to_text().split("\n")
        head = next(y for y, line in enumerate(lines) if "history" in line)
        rows = [y for y, line in enumerate(lines) if y > head and "▀" in line]
        left = dimmed.to_text().split("\n")[rows[0]].index("▀")
        width = 100 - left
        here = left + int(45 / 192 * width)
        changed = (bright.bg[rows] != dimmed.bg[rows]).any(0)
        assert not changed[: here + 1].any()
        assert changed[here + 2 : left + int(180 / 192 * width)].all()


def test_the_scale_is_absolute():
    assert (SCALE.low, SCALE.high) == (-10, 2)


async def test_the_history_names_the_last_step_on_record():
    async with hosted("digits", (140, 20)) as (panel, _, __):
        assert "0–45" in text_of(panel)


# ------------------------------------------------------------------------------------------------ what is told


async def test_details_say_what_is_counted_and_how_to_leave():
    async with hosted("digits", (100, 30)) as (panel, session, pilot):
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        lines = text_of(panel).split("\n")
        assert next(line for line in lines if "puts out" in line).endswith("esc leads back")
        for name, part in (("dense1.weight", "1,024 of 4,096"), ("dense1.bias", "64")):
            one = next(one for one in session.snapshot.probe.parameters if one.parameter == name)
            place = next(y for y, line in enumerate(lines) if line.startswith(name))
            title = f"elements ({part}) by size of their gradient; highest column: {max(one.histogram)}"
            assert lines[place + 2].startswith(title)
            assert lines[place + 2].endswith(f"; {one.histogram[0]} at zero") == (one.histogram[0] > 0)
        await pilot.press("escape")
        await pilot.pause()
        assert "gradient rms" in text_of(panel)


@pytest.mark.parametrize("width", [42, 80, 120])
async def test_a_bias_near_zero_is_no_alarm(width):
    async with hosted("digits", (width, 24)) as (panel, session, pilot):
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        bias = next(one for one in session.snapshot.probe.parameters if one.parameter == "dense1.bias")
        assert judged(bias.update_ratio)[1] == "high"
        line = next(line for line in text_of(panel).split("\n") if line.startswith("dense1.bias"))
        assert f"{short(bias.update_ratio)} – no alarm" in line
        assert "▲" not in line
        weight = next(line for line in text_of(panel).split("\n") if line.startswith("dense1.weight"))
        assert any(word in weight for word in ("low", "ok", "high"))


async def test_the_strip_says_at_which_steps_it_was_measured():
    async with hosted("digits", (100, 30), epochs=2) as (panel, _, __):
        lines = text_of(panel).split("\n")
        head = next(y for y, line in enumerate(lines) if "history" in line)
        assert "measured at 3 steps ╵" in lines[head]
        ticks = lines[head + 1 :][next(y for y, line in enumerate(lines[head + 1 :]) if "▀" not in line)]
        left = lines[head].index("history")
        columns = 100 - left
        assert {x - left for x, c in enumerate(ticks) if c == "╵"} == {
            max(0, int(np.ceil(step / (nice_end(90) / columns))) - 1) for step in (0, 45, 90)
        }


def test_columns_without_a_probe_are_known():
    trainer, past = Trainer(load_experiment("digits")), Past()
    snapshot = Snapshot(1, 1, "paused", trainer.experiment, history=trainer.history)
    for step in (0, 40, 100):
        past.follow(replace(snapshot, probe=probe_at(step, [1e-3])))
    assert past.measured(100, 10).tolist() == [True, False, False, True, *5 * [False], True]
    assert past.measured(200, 10).tolist() == [True, True, False, False, True]
    assert Past().measured(100, 10).tolist() == []


async def test_a_diverged_run_s_sentence_and_cure_fit_a_small_screen(until):
    app = Workbench(load_experiment("exploding"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "gradients" in app.bench.desk.panels and bool(app.session.snapshot.nodes))
        await pilot.press("space")
        await until(pilot, lambda: app.bench.problem.display)
        await pilot.pause()
        bar = app.bench.problem
        lines = [bar.render_line(y).text for y in range(bar.size.height)]
        said = " ".join(" ".join(lines).split())
        for part in ("that update was not made", "lower optimizer.lr (now 0.01)", "r starts over with these settings"):
            assert part in said


async def test_the_perceptron_s_steps_are_no_alarm():
    async with hosted("xor-perceptron") as (panel, session, pilot):
        weights = session.snapshot.probe.parameters[0]
        assert judged(weights.update_ratio)[1] == "high"
        assert short(weights.update_ratio) in text_of(panel)
        assert "high" not in text_of(panel)
        await pilot.press("down", "enter")
        await pilot.pause()
        line = next(line for line in text_of(panel).split("\n") if line.startswith("output.weight"))
        assert f"{short(weights.update_ratio)} – no alarm: the perceptron's rule" in line


@pytest.mark.parametrize(("size", "tall"), [((100, 12), 1), ((100, 16), 1), ((100, 22), 2), ((100, 30), 3)])
async def test_room_below_is_used_by_taller_bars_and_a_taller_history(size, tall):
    async with hosted("playground", size, epochs=2) as (panel, session, pilot):
        session.seek(session.snapshot.history.steps)
        panel.show(rest(session))
        await pilot.pause()
        lines = text_of(panel).split("\n")
        assert panel._tall == tall
        names = [y for y, line in enumerate(lines) if line.split()[:1] == ["dense1"]]
        others = [y for y, line in enumerate(lines) if line.split()[:1] == ["tanh1"]]
        assert others[0] - names[0] == tall
        assert size[1] - len(lines) <= len(panel.past.names) + 1
        await pilot.click(panel, offset=(2, others[0] + tall // 2))
        assert panel.selected == "tanh1"


async def test_the_history_has_what_was_measured_while_nobody_looked():
    session = Session(load_experiment("digits"))
    session.start()
    try:
        for _ in range(3):
            session.epoch()
            rest(session)
        past = Past()
        past.follow(session.snapshot)
        steps = [row.step for row in session.snapshot.history.rows]
        assert past._steps == steps
        past.follow(session.snapshot)
        assert past._steps == steps
        session.seek(steps[2])
        past.follow(rest(session))
        assert past._steps == steps
        session.edit("optimizer.lr", 0.5)
        past.follow(rest(session))
        assert past._steps == steps[:3]
        session.epoch()
        past.follow(rest(session))
        assert past._steps == [*steps[:3], session.snapshot.step]
    finally:
        session.close()


def test_the_end_of_a_run_forgets_nothing_of_the_history():
    trainer, past = Trainer(load_experiment("digits", {"epochs": 3})), Past()
    for _ in range(3):
        trainer.advance(steps=20)
        past.follow(Snapshot(1, 1, "playing", trainer.experiment, history=trainer.history, probe=trainer.probe))
    trainer.advance(epochs=9)
    before = list(past._steps)
    trainer.history.complete(trainer.history.rows[-1])
    past.follow(Snapshot(2, 1, "finished", trainer.experiment, history=trainer.history, probe=trainer.probe))
    assert [step for step in past._steps if step in before] == before
    assert past._steps[-1] == trainer.state.step


@pytest.mark.parametrize(("name", "size"), [("exploding", (46, 26)), ("digits-residual", (46, 80))])
@pytest.mark.parametrize("epochs", [0, 1])
async def test_names_beside_the_history_are_whole_and_the_axis_stands_above_it(name, size, epochs):
    async with hosted(name, size, epochs) as (panel, session, _):
        lines = text_of(panel).split("\n")
        head = next(at for at, line in enumerate(lines) if "history by step" in line or "history, layer" in line)
        strip = [line for line in lines[head + 1 :] if "▀" in line]
        names = [stats.node for stats in session.snapshot.probe.weighted]
        found = [line.split()[0] for line in strip]
        assert set(found) <= set(names)
        assert found[0] == names[0]
        assert {line.index("▀") for line in strip} == {lines[head].index("history")}


async def test_a_run_that_diverges_is_told_and_shown_at_its_last_good_step(until):
    async with hosted("digits", epochs=0) as (panel, session, pilot):
        for key, value in (("optimizer", "sgd"), ("optimizer.lr", 10.0)):
            session.edit(key, value)
        session.play()
        await until(pilot, lambda: session.snapshot.activity == "diverged")
        panel.show(session.snapshot)
        assert "the learning rate is far too high" in text_of(panel)
        snapshot = session.snapshot
        last = short(snapshot.probe.weighted[0].grad_norm)
        session.reset()
        session.step(snapshot.step)
        again = rest(session).probe
        assert last == short(again.weighted[0].grad_norm)
        assert last in text_of(panel)


async def test_steps_that_a_schedule_makes_small_are_no_alarm():
    for changes, color in (({"schedule": "cosine"}, "muted"), ({"optimizer.lr": 1e-9}, "problem")):
        experiment = load_experiment("digits", {"epochs": 3, **changes})
        async with hosted(experiment, epochs=3) as (panel, _, pilot):
            panel.select_node("dense1")
            for key in ((), ("enter",)):
                await pilot.press(*key)
                picture = panel.draw(100, 24, panel.palette)
                lines = [picture.letters(row) for row in range(picture.height)]
                row = next(row for row, line in enumerate(lines) if "▼ low" in line)
                assert picture.fg[row, lines[row].index("▼ low")] == panel.palette.color(color)


async def test_where_there_is_little_room_the_advice_is_read_and_enter_shows_the_whole_sentence():
    async with hosted("exploding", size=(36, 9), epochs=0) as (panel, _, pilot):
        said = " ".join(text_of(panel).split("\n")[:2])
        assert "explodes. Try clip_norm = 1, he" in " ".join(said.split())
        assert "dense1 gets" not in said
        await pilot.press("enter")
        await pilot.pause()
        assert str(panel.sentence) in " ".join(text_of(panel).split())
