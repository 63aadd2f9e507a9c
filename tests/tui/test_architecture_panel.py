"""The architecture panel through the pilot: every key, the mouse, what is sent and what is not."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hosting import Desk, Until, desk_of, text_of

from engine import Experiment, Layer, load_experiment
from tui.app import Workbench
from tui.draft import NodeRow
from tui.panels.architecture import NO_LAYER, in_short, layer_options
from tui.panels.network_rows import LayerRow, bar_of, columns_of, counted, thousands


@asynccontextmanager
async def opened(
    until: Until, source: str | Experiment = "xor-mlp", size: tuple[int, int] = (100, 30), **changes: Any
) -> AsyncIterator[Desk]:
    async with desk_of("architecture", "1", until, source, size, changes) as desk:
        yield desk


def names(desk: Desk) -> list[str]:
    """The names of the layers that run, without the output."""
    return [node.name for node in desk.app.session.snapshot.nodes[:-1]]


LAYERS = ("dense1", "tanh1")  # of xor-mlp


@pytest.fixture
def layered() -> Experiment:
    """A small network of its own, with layers instead of a recipe."""
    return load_experiment("xor-mlp").edited({"layers": [{"type": "dense", "units": 4}, {"type": "tanh"}]})


async def test_the_table_shows_data_layers_output_loss_and_total(until: Until) -> None:
    async with opened(until, "digits") as desk:
        lines = desk.text.splitlines()
        assert "digits" in lines[0]
        assert "1×8×8" in lines[0]
        dense = next(line for line in lines if "dense1" in line)
        assert "64" in dense
        assert "4,160" in dense
        assert "█" in dense
        assert any("output" in line and "330" in line for line in lines)
        assert any("cross_entropy" in line and "6,570" in line for line in lines)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60)])
async def test_columns_stand_below_their_headings(until: Until, size: tuple[int, int]) -> None:
    async with opened(until, "digits", size) as desk:
        lines = desk.text.splitlines()
        head = next(line for line in lines if "layer " in line)
        dense = next(line for line in lines if "dense1" in line)
        shape = re.search("output shape|output|out", head)
        count = re.search("param[a-z]*", head)
        assert shape is not None
        assert count is not None
        assert dense[: shape.end()].endswith(" 64")
        assert dense[: count.end()].endswith(" 4,160")
        assert dense.index("█") == head.index("share")


async def test_data_is_described_in_words(until: Until) -> None:
    async with opened(until, "overfit", (120, 40)) as desk:
        assert "2 in, 60 rows" in desk.text.splitlines()[0]
        assert desk.panel.hint.text == "2 inputs; 60 rows to train, 60 to validate; 2 classes"
    async with opened(until, "overfit", (200, 60)) as desk:
        assert "2 inputs, 60 rows" in desk.text.splitlines()[0]
    sine = load_experiment("playground").edited({"data": "sine", "loss": "mse"})
    async with opened(until, sine, (120, 40)) as desk:
        assert "1 input;" in desk.panel.hint.text
        assert desk.panel.hint.text.endswith("1 target")


async def test_no_default_where_there_is_none_and_data_sets_in_order(until: Until) -> None:
    async with opened(until, "digits", (120, 40)) as desk:
        desk.panel.form.go("[model]")
        await desk.press("enter")
        assert desk.panel.hint.text == "Recipe of the network"
        await desk.press("enter")
        assert desk.panel.form.menu is not None
        assert "unset" not in [option.label for option in desk.panel.form.menu.options]
        await desk.press("escape", "D")
        labels = [option.label for option in desk.panel.form.menu.options]
        assert labels == sorted(labels)
        assert desk.panel.form.menu.value == "digits"


async def test_an_edit_shows_shapes_and_counts_before_it_is_made(until: Until, layered: Experiment) -> None:
    async with opened(until, layered, (120, 40)) as desk:
        await desk.press("f")
        desk.panel.form.go("layers.0")
        await desk.press("enter", "enter", "1", "6")
        lines = desk.text.splitlines()
        new = {"dense1": ("→16", "→48"), "tanh1": ("→16",), "output": ("→17",), "loss": ("→65",)}
        for name, numbers in new.items():
            line = next(line for line in lines if line.strip("› ").startswith(name))
            assert set(numbers) <= set(line.split())
        await desk.press("escape")
        assert "→" not in desk.text


async def test_types_of_layers_are_listed_in_two_groups(until: Until, layered: Experiment) -> None:
    async with opened(until, layered, (100, 60)) as desk:
        desk.panel.form.go("layers.0")
        await desk.press("a")
        lines = [line.strip() for line in desk.text.splitlines()]
        assert "Layers" in lines
        await desk.pilot.click(desk.panel.form, offset=(6, lines.index("Layers")))
        assert desk.panel.form.menu is not None, "a title is no choice"
        await desk.press("end")
        assert "Activations" in [line.strip() for line in desk.text.splitlines()]
        await desk.press("escape")
        assert names(desk) == list(LAYERS)


async def test_add_insert_duplicate_remove_and_undo(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        assert names(desk) == list(LAYERS)
        desk.panel.form.go("layers.0")
        await desk.press("a")
        assert "parameters" in desk.panel.hint.text, "the effect stands there before it is applied"
        assert desk.panel.form.menu is not None
        assert desk.panel.form.menu.value == "dense", "what is added most often stands first"
        await desk.press("enter")
        assert names(desk) == ["dense1", "dense2", "tanh1"]
        assert desk.panel.form.cursor == "layers.1"
        await desk.press("i", "r", "e", "l", "enter")
        kinds = [node.layer.name for node in desk.app.session.snapshot.nodes[:-1]]
        assert len(kinds) == 4
        assert kinds[0] == "dense"
        assert kinds[2:] == ["dense", "tanh"]
        await desk.press("x")
        assert names(desk) == ["dense1", "dense2", "tanh1"]
        await desk.press("d")
        assert names(desk) == ["dense1", "dense2", "dense3", "tanh1"]
        assert desk.panel.form.cursor == "layers.2"
        await desk.press("delete")
        await desk.press("u", "u", "u", "u", "u")
        assert names(desk) == list(LAYERS)
        assert desk.app.session.snapshot.experiment == layered
        await desk.press("U")
        assert names(desk) == ["dense1", "dense2", "tanh1"]
        await desk.press("ctrl+z")
        assert names(desk) == list(LAYERS)
        await desk.press("ctrl+y")
        assert names(desk) == ["dense1", "dense2", "tanh1"]


async def test_move_by_letter_and_by_arrow(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        desk.panel.form.go("layers.0")
        await desk.press("J")
        assert names(desk) == ["tanh1", "dense1"]
        assert desk.panel.form.cursor == "layers.1"
        await desk.press("shift+up")
        assert names(desk) == ["dense1", "tanh1"]
        assert desk.panel.form.cursor == "layers.0"
        await desk.press("K")
        assert names(desk) == ["dense1", "tanh1"], "the first stays first"
        await desk.press("shift+down", "K")
        assert names(desk) == ["dense1", "tanh1"]


async def test_units_are_edited_in_place_and_the_seed_keeps_the_other_weights(
    until: Until, layered: Experiment
) -> None:
    async with opened(until, layered) as desk:
        run = desk.app.session.snapshot.run
        desk.panel.form.go("layers.0")
        await desk.press("enter")
        assert desk.panel.form.cursor == "layers.0.units"
        await desk.press("enter", "1", "6")
        assert "17 → 65 parameters" in desk.panel.hint.text
        assert desk.app.session.snapshot.run == run, "nothing is sent while typing"
        await desk.press("enter")
        assert desk.app.session.snapshot.nodes[0].shape == (16,)
        await desk.press("plus")
        assert desk.app.session.snapshot.nodes[0].shape == (16,), "what starts the run over waits for enter"
        await desk.press("enter")
        assert desk.app.session.snapshot.nodes[0].shape == (32,)
        await desk.press("enter", "0")
        assert "✗" in desk.panel.hint.text
        assert "at least 1" in desk.panel.hint.text
        await desk.press("enter", "escape")
        assert desk.app.session.snapshot.nodes[0].shape == (32,)
        await desk.press("escape")
        assert desk.panel.form.cursor == "layers.0"
        assert "units" not in desk.text


async def test_a_recipe_of_impossible_layers_is_refused_while_typing(until: Until) -> None:
    async with opened(until, "digits", (120, 40)) as desk:
        await desk.press("home", "down", "enter", "down", "enter", "ctrl+u", "0")
        assert "model.hidden.0 is 0: must be at least 1" in desk.panel.hint.text
        await desk.press("enter", "escape")
        assert desk.panel.experiment == desk.app.session.snapshot.experiment
        assert all(name in desk.text for name in ("activation", "batch_norm"))


async def test_an_experiment_that_does_not_fit_its_data_opens_and_says_so(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"loss.name": "mse", "data.name": "csv", "data.path": "nowhere.csv"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "architecture" in app.bench.desk.panels)
        await until(pilot, lambda: "nowhere.csv" in (app.session.snapshot.problem or ""))
        assert app.session.snapshot.activity == "failed"
        app.session.rebuild(load_experiment("digits"))
        await until(pilot, lambda: bool(app.session.snapshot.nodes))
        assert (app.session.snapshot.activity, app.session.snapshot.problem) == ("paused", None)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_cure_at_the_end_of_an_error_can_be_read(until: Until, size: tuple[int, int]) -> None:
    async with opened(until, "digits", size) as desk:
        desk.panel.change(lambda: desk.panel.experiment.edited({"data": {"name": "csv", "path": f"{'a/' * 40}b.csv"}}))
        await desk.settle()
        await desk.pilot.pause()
        hint = desk.panel.hint
        assert hint.text.startswith("✗ not running yet: data.path")
        lines = [hint.render_line(y).text for y in range(hint.size.height)]
        assert "".join("".join(lines).split()) == "".join(hint.text.split())
        await desk.press("u")
        await desk.pilot.pause()
        assert hint.size.height <= 4


async def test_type_of_a_layer(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        desk.panel.form.go("layers.1")
        await desk.press("t")
        assert desk.panel.form.menu is not None
        assert desk.panel.form.menu.value == "tanh"
        await desk.press("escape")
        assert names(desk) == ["dense1", "tanh1"]
        await desk.press("t", "end", "home", "m", "m", "enter")
        assert names(desk)[1] == "mish1"


async def test_what_does_not_fit_waits_and_says_so(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        run = desk.app.session.snapshot.run
        desk.panel.form.go("layers.0")
        await desk.press("enter", "up", "up")
        desk.panel.form.go("layers.0.inputs")
        await desk.press("enter", "n", "o", "enter")
        assert "no node of that name" in desk.panel.hint.text
        assert "✗" in desk.text
        assert desk.app.session.snapshot.run == run
        await desk.press("u")
        assert "no node of that name" not in desk.panel.hint.text
        assert desk.app.session.snapshot.experiment == desk.panel.experiment == layered


async def test_presets_and_recipes(until: Until) -> None:
    async with opened(until) as desk:
        await desk.press("p")
        menu = desk.panel.form.menu
        assert menu is not None
        assert "perceptron …" in [option.label for option in menu.options]
        while desk.panel.form.menu and desk.panel.form.menu.options[desk.panel.form.menu.at].label != "perceptron …":
            await desk.pilot.press("down")
        await desk.press("enter")
        assert names(desk) == []
        assert desk.app.session.snapshot.experiment.data == load_experiment("xor-mlp").data, "a recipe keeps the data"
        await desk.press("p", "s", "enter")
        assert desk.app.session.snapshot.experiment == load_experiment("spiral")
        await desk.press("u", "u")
        assert desk.app.session.snapshot.experiment == load_experiment("xor-mlp")


async def test_a_recipe_is_edited_as_one(until: Until) -> None:
    async with opened(until) as desk:
        desk.panel.form.go("[model]")
        await desk.press("enter")
        desk.panel.form.go("model.hidden")
        await desk.press("enter", "3", "comma", "2", "enter")
        experiment = desk.app.session.snapshot.experiment
        assert experiment.model is not None
        assert names(desk)[0] == "dense1"
        assert len(names(desk)) == 4


async def test_data_set_noise_and_features(until: Until) -> None:
    async with opened(until, "playground") as desk:
        await desk.press("D")
        assert desk.panel.form.cursor == "data"
        assert desk.panel.form.menu is not None
        assert desk.panel.form.menu.value == "circle"
        await desk.press("x", "enter")
        assert desk.app.session.snapshot.experiment.data.name == "xor"
        desk.panel.form.go("data.noise")
        await desk.press("plus", "enter")
        assert desk.app.session.snapshot.experiment.data.table()["noise"] == 0.5
        desk.panel.form.go("data.features")
        await desk.press("enter", "down", "down", "space")
        await desk.settle()
        assert "25 → 29 parameters" in desk.panel.hint.text, "the worker has looked at the data that is not there yet"
        await desk.press("enter")
        assert desk.app.session.snapshot.experiment.data.table()["features"] == ["x1", "x2", "x1^2"]
        assert desk.app.session.snapshot.nodes[0].shapes == ((3,),)


async def test_output_and_loss_follow_the_data(until: Until) -> None:
    async with opened(until, "playground") as desk:
        desk.panel.form.go("[loss]")
        await desk.press("enter", "enter", "m", "enter")
        assert desk.app.session.snapshot.experiment.loss.name in ("mse", "mae")
        desk.panel.form.go("output")
        await desk.press("enter")
        assert desk.panel.form.cursor == "output.activation"
        await desk.press("enter", "i", "enter")
        assert desk.app.session.snapshot.experiment.output.activation == "identity"


async def test_selection_follows_in_both_directions(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        desk.panel.form.go("layers.1")
        assert desk.app.selected_node == "tanh1"
        await desk.press("k")
        assert desk.app.selected_node == "dense1"
        desk.app.selected_node = "output"
        assert desk.panel.form.cursor == "output"


async def test_a_layer_tells_its_receptive_field_and_its_cost(until: Until) -> None:
    async with opened(until, "digits-cnn") as desk:
        desk.panel.form.go("layers.2")
        assert "a unit sees 4x4" in desk.panel.hint.text
        desk.panel.form.go("layers.3")
        assert "a unit sees 8x8, 294,912 multiply-adds" in desk.panel.hint.text
        desk.panel.form.go("output")
        assert "a unit sees the whole input, 640 multiply-adds" in desk.panel.hint.text
    async with opened(until) as desk:
        desk.panel.form.go("layers.0")
        assert "16 multiply-adds" in desk.panel.hint.text
        assert "sees" not in desk.panel.hint.text


async def test_a_residual_network_has_an_output_of_another_name(until: Until) -> None:
    async with opened(until, "digits-residual", **{"data.limit": 60, "model.blocks": 1}) as desk:
        assert desk.app.session.snapshot.nodes[-1].name == "fc"
        last = len(names(desk)) - 1
        desk.panel.form.go("output")
        assert desk.app.selected_node == "fc"
        await desk.press("k")
        assert (desk.panel.form.cursor, desk.app.selected_node) == (f"layers.{last}", "avgpool")
        desk.app.selected_node = "fc"
        assert desk.panel.form.cursor == "output"
        assert desk.text.count("fc") == 1
        await desk.press("enter", "escape")
        desk.panel.form.go("layers.1")
        await desk.press("x")
        assert desk.app.session.snapshot.experiment.model is None
        assert desk.app.session.snapshot.nodes[-1].name == "output"


async def test_the_mouse_selects_and_opens(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        form = desk.panel.form
        await desk.pilot.click(form, offset=(6, 3))
        assert form.cursor == "layers.1"
        await desk.pilot.click(form, offset=(6, 1))
        assert form.cursor == "layers.1", "a heading is not selected"
        await desk.pilot.click(form, offset=(6, 2))
        assert form.cursor == "layers.0"
        assert desk.app.selected_node == "dense1"
        await desk.pilot.click(form, offset=(6, 2))
        assert form.cursor == "layers.0.units"
        await desk.pilot.click(form, offset=(20, 3))
        assert form.typing is not None


async def test_keys_of_the_app_work_unless_a_value_is_typed(until: Until, layered: Experiment) -> None:
    async with opened(until, layered) as desk:
        await desk.press("s")
        await until(desk.pilot, lambda: desk.app.session.snapshot.step == 1)
        desk.panel.form.go("layers.0")
        await desk.press("enter")
        desk.panel.form.go("layers.0.name")
        await desk.press("enter", "s", "q", "space", "question_mark")
        typing = desk.panel.form.typing
        assert typing is not None
        assert typing.text == "sq ?"
        assert desk.app.is_running
        await desk.press("escape")
        assert desk.app.session.snapshot.step == 1


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 60)])
async def test_every_size_reads(until: Until, size: tuple[int, int]) -> None:
    async with opened(until, "digits", size) as desk:
        assert "dense1" in desk.text
        assert "digits" in desk.text


def test_bars_and_counts() -> None:
    assert [bar_of(share) for share in (0.0, 0.001, 0.5, 1.0)] == ["", "▏", "██", "████"]
    assert [counted(n) for n in (None, 0, 999, 4160, 1_234_567)] == ["?", "", "999", "4,160", "1.23M"]
    told = [thousands(n) for n in (None, 0, 9_999, 10_000, 200_832, 999_499, 999_500, 11_000_000)]
    assert told == ["?", "", "9,999", "10k", "201k", "999k", "1M", "11M"]


async def test_names_of_convolutions_are_whole_in_a_narrow_panel(until: Until) -> None:
    async with opened(until, "digits-cnn", (120, 40)) as desk:
        lines = [line.strip("› ") for line in desk.text.splitlines() if "×" in line][:6]
        names = ["conv2d1", "relu1", "max_pool2d1", "conv2d2", "relu2", "max_pool2d2"]
        assert [line.split()[0] for line in lines] == names
        assert not [line for line in lines if "…" in line], "a setting is whole or not there"
        assert lines[0].split()[1] == "32"


def test_counts_make_room_for_names() -> None:
    node = NodeRow("max_pool2d1", "max_pool2d", "2 stride=3", (16, 14, 14), 0, 0.0)
    wide = NodeRow("dense1", "dense", "128", (128,), 200_832, 0.99)
    columns = columns_of([(node, None), (wide, None)])
    texts = ["".join(text for text, _ in LayerRow("", node=row, columns=columns).parts(27)) for row in (node, wide)]
    assert texts[0].split() == ["max_pool2d1", "16×14×14"]
    assert texts[1].split() == ["dense1", "128", "128", "201k"]
    assert all(len(text) <= 27 for text in texts)


async def test_nothing_is_awaited_of_data_that_is_not_there(until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NN_TUI_DATA", raising=False)
    app = Workbench(load_experiment("mnist-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None and app.snapshot.activity == "failed")
        panel = app.bench.desk.panels["architecture"]
        await until(pilot, lambda: panel.shown_version == app.snapshot.version)
        row = text_of(panel).splitlines()[0]
        assert "mnist" in row
        assert "…" not in row


def test_the_hint_of_a_layer_is_a_whole_sentence_without_its_source() -> None:
    norm = in_short(Layer.registry["batch_norm"].summary())
    assert norm == "y = w xhat + b with xhat = (x - mean) / sqrt(var + eps), by feature over the batch"
    assert in_short(Layer.registry["relu"].summary()) == "y = max(0, x): slope 1 or 0"
    assert next(option for option in layer_options() if option.label == "batch_norm").summary == norm + "."
    for kind in Layer.registry.values():
        text = in_short(kind.summary())
        assert text
        assert text.count("(") == text.count(")"), text


@pytest.mark.parametrize("row", ["[data]", "output", "[loss]"])
async def test_what_is_done_to_layers_says_so_elsewhere(
    until: Until, row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(until, "digits") as desk:
        before, told = desk.runs, []
        monkeypatch.setattr(desk.panel, "notify", lambda text, **_: told.append(text))
        for count, key in enumerate(("x", "d", "t", "K", "J"), 1):
            desk.panel.form.go(row)
            await desk.press(key)
            assert told == [NO_LAYER] * count, key
        assert desk.runs == before
        desk.panel.form.go("layers.1")
        await desk.press("x")
        assert len(told) == 5
        assert desk.runs != before
