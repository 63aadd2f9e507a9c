"""The workbench through Textual's pilot: messages are awaited, nothing is slept through."""

import asyncio
import errno
import os
import random
from pathlib import Path

import pytest
from hosting import Until, text_of
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from engine import Experiment, Trainer, load_experiment
from engine.checkpoint import load_checkpoint
from tui.actions import ACTIONS
from tui.app import Workbench, run_workbench
from tui.help import Help, KeyTable
from tui.jump import Jump
from tui.opening import Opening
from tui.panels.order import PANELS
from tui.preferences import Preferences
from tui.search import Palette
from tui.store import Store
from tui.welcome import Offer, Welcome

NAMES = ("architecture", "optimizer", "loss", "gradients", "data", "timeline")
SIZES = [(200, 60), (110, 30), (80, 24), (40, 10)]


def header(app: Workbench) -> str:
    """What the header says."""
    return app.bench.header.render().plain


async def ready(app: Workbench, pilot: Pilot[int], until: Until) -> None:
    """Waits until the session is loaded and the panels are there."""
    await until(pilot, lambda: app._session is not None and app.session.snapshot.activity != "loading")
    await until(pilot, lambda: app._snapshot is not None and app.snapshot.activity != "loading")


@pytest.fixture
def xor() -> Experiment:
    return load_experiment("xor-mlp", {"batch_size": 1})


async def test_the_header_says_epoch_and_step_in_these_words(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert f"epoch 0/{xor.epochs}" in header(app)
        assert "step 0" in header(app)
        assert "paused" in header(app)
        assert xor.title in header(app)
        await pilot.press("s")
        await until(pilot, lambda: "step 1" in header(app))
        await pilot.press("e")
        await until(pilot, lambda: f"epoch 1/{xor.epochs}" in header(app))
        step = app.snapshot.step
        await pilot.press("b")
        await until(pilot, lambda: f"step {step - 1}" in header(app))
        await pilot.press("B")
        await until(pilot, lambda: "step 0" in header(app))


async def test_space_plays_and_pauses(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"epochs": 2000}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: "playing" in header(app) and app.snapshot.step > 3)
        await pilot.press("space")
        await until(pilot, lambda: "paused" in header(app) or "finished" in header(app))
        await pilot.press("r")
        await until(pilot, lambda: app.snapshot.step == 0)


async def test_back_is_the_same_bits_and_a_new_seed_is_not(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        weights = app.session.ask(lambda trainer: trainer.state.values.tobytes())
        first = weights.result(5)
        await pilot.press("s", "s", "b", "b")
        await until(pilot, lambda: app.session.ask(lambda trainer: trainer.state.step).result(5) == 0)
        assert app.session.ask(lambda trainer: trainer.state.values.tobytes()).result(5) == first
        await pilot.press("n")
        await until(pilot, lambda: app.session.snapshot.experiment.seed == xor.seed + 1)
        assert app.session.ask(lambda trainer: trainer.state.values.tobytes()).result(5) != first


async def test_the_speed_ladder(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert app.pace is None
        await app.run_action("slower")
        assert app.pace == 1000
        for _ in range(20):
            await app.run_action("slower")
        assert app.pace == 1
        assert app.session.ask(lambda trainer: 0).result(5) == 0
        for _ in range(20):
            await app.run_action("faster")
        assert app.pace is None


async def test_every_panel_can_be_reached_in_every_size(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        desk = app.bench.desk
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            for place, name in enumerate(NAMES, 1):
                await pilot.press(str(place))
                await pilot.pause()
                panel = desk.panels[name]
                assert desk.focused_name == name
                assert panel.display
                assert panel.has_focus_within
                assert Region(0, 0, width, height).contains_region(panel.region)
                assert app.screen.find_widget(panel).visible_region
            seen = {desk.focused_name}
            for _ in desk.panels:
                await pilot.press("tab")
                seen.add(desk.focused_name)
            assert seen == set(desk.panels)


async def test_zoom_and_back(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("3", "f")
        await pilot.pause()
        assert [panel.scope() for panel in app.bench.desk.visible_panels] == ["loss"]
        await pilot.press("1")
        await pilot.pause()
        assert [panel.scope() for panel in app.bench.desk.visible_panels] == ["architecture"]
        await pilot.press("f")
        await pilot.pause()
        assert len(app.bench.desk.visible_panels) == len(PANELS)


async def test_jump_goes_where_the_letter_is(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("apostrophe")
        assert isinstance(app.screen, Jump)
        await pilot.press("s")
        await pilot.pause()
        assert app.bench.desk.focused_name == list(app.bench.desk.panels)[1]
        await pilot.press("apostrophe", "escape")
        assert app.screen is app.bench


async def test_too_small_is_one_line_and_comes_back(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(39, 10)) as pilot:
        await ready(app, pilot, until)
        assert "needs 40x10" in str(app.bench.too_small.render())
        assert not app.bench.header.region.area
        for size in [(1, 1), (3, 50), (200, 2), (2, 2), (40, 9)]:
            await pilot.resize_terminal(*size)
            await pilot.press("s")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.bench.header.region.area
        assert "step" in header(app)


async def test_a_resizing_storm_while_training(until: Until) -> None:
    app = Workbench("digits")
    dice = random.Random(1)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("space")
        for _ in range(25):
            await pilot.resize_terminal(dice.randint(1, 200), dice.randint(1, 60))
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: app.snapshot.step > 0)
        assert app.is_running


async def test_help_shows_the_panel_in_use_and_every_key(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("3", "question_mark")
        assert isinstance(app.screen, Help)
        text = " ".join(" ".join(str(widget.render()) for widget in app.screen.query(KeyTable)).split())
        for action in (*ACTIONS, *app.bench.desk.panels["loss"].ACTIONS):
            assert all(word in text for word in action.help.split())
        await pilot.press("question_mark")
        assert app.screen is app.bench


async def test_the_palette_finds_actions_presets_and_themes(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("colon")
        assert isinstance(app.screen, Palette)
        await pilot.press(*"theme light", "enter")
        await until(pilot, lambda: app.theme == "light")
        await pilot.press("ctrl+p", *"open spiral", "enter")
        await until(pilot, lambda: app.session.snapshot.experiment == load_experiment("spiral"))


async def test_open_filters_and_opens_a_preset(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("o")
        assert isinstance(app.screen, Opening)
        await pilot.press(*"deep-sigm", "down", "enter")
        await until(pilot, lambda: app.session.snapshot.experiment == load_experiment("deep-sigmoid-batchnorm"))


async def test_open_takes_a_path_and_refuses_a_wrong_one_in_a_line(
    xor: Experiment, until: Until, tmp_path: Path
) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("o")
        app.screen.query_one(Input).value = str(tmp_path / "none.toml")
        await pilot.press("enter")
        await until(pilot, lambda: len(app._notifications) == 1)
        assert "no such file" in next(iter(app._notifications)).message
        assert app.session.snapshot.experiment == xor


async def test_a_saved_run_is_opened_again_bit_for_bit(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("s", "s", "w")
        await until(pilot, lambda: len(app.store.saved_runs()) == 1)
        saved = app.session.ask(lambda trainer: trainer.state.values.tobytes()).result(5)
        await pilot.press("e", "o", *"saved", "backspace", "backspace", "backspace", "backspace", "backspace")
        await pilot.press("enter")
        await until(pilot, lambda: app.session.snapshot.step == 2)
        assert app.session.ask(lambda trainer: trainer.state.values.tobytes()).result(5) == saved


async def test_a_refused_command_is_a_toast_and_a_divergence_is_a_bar(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"optimizer.lr": 1e6}))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        app.session.edit("seed", 3)
        await until(pilot, lambda: any("seed" in note.message for note in app._notifications))
        assert not app.bench.problem.display
        await pilot.press("space")
        await until(pilot, lambda: "diverged" in header(app))
        assert app.bench.problem.display
        assert "step" in app.bench.problem.render().plain
        await pilot.press("r")
        await until(pilot, lambda: not app.bench.problem.display)


async def test_what_cannot_be_loaded_is_said_until_it_is_mended(until: Until) -> None:
    app = Workbench(load_experiment("digits", {"data.name": "csv", "data.path": "nope.csv"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.bench.problem.display)
        await until(pilot, lambda: bool(app.presets))
        await pilot.press("space", "s", "e", "b", "r")
        await until(pilot, lambda: app.session.ask(lambda trainer: 0).exception(5) is not None)
        said = app.bench.problem.render().plain
        assert "nope.csv" in said
        assert "1 D chooses other data, o opens another experiment" in said
        assert "failed" in header(app)
        assert not app._notifications
        await pilot.press("o", *"spiral", "enter")
        await until(pilot, lambda: "paused" in header(app) and not app.bench.problem.display)


async def test_a_bug_on_the_training_thread_is_a_line_and_a_log(
    xor: Experiment, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        monkeypatch.setattr(Trainer, "advance", lambda *args, **kwargs: 1 / 0)
        await pilot.press("space")
        await until(pilot, lambda: "failed" in header(app))
        assert "ZeroDivisionError" in app.bench.problem.render().plain
        await pilot.press("s", "space", "w", "r")
    log = app.store.log_file.read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError" in log


async def test_a_bug_on_the_screen_saves_the_run_and_leaves_a_crash_log(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)

    async def work() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await ready(app, pilot, until)
            await pilot.press("s", "s")
            await until(pilot, lambda: app.snapshot.step == 2)
            app.call_later(lambda: 1 / 0)
            await until(pilot, lambda: not app.is_running)

    with pytest.raises(ZeroDivisionError):
        await work()
    (kept,) = app.store.sessions.iterdir()
    assert load_checkpoint(kept / "checkpoint.safetensors").state.step == 2
    assert [path for path in app.store.log_file.parent.glob("crash-*.log") if "ZeroDivision" in path.read_text()]
    assert app.refusal is not None
    assert "crash-" in app.refusal
    assert not app.session._thread.is_alive()


async def test_the_orientation_is_shown_once(xor: Experiment, until: Until, own_folders: Path) -> None:
    (own_folders / "config" / "nn-tui" / "settings.toml").unlink()
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Welcome))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.bench)
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: bool(app.presets))
        assert app.screen is app.bench


async def test_a_key_pressed_over_the_orientation_closes_it_and_has_its_effect(
    xor: Experiment, until: Until, own_folders: Path
) -> None:
    settings = own_folders / "config" / "nn-tui" / "settings.toml"
    for keys, done in (
        (("s", "s"), lambda app: app.snapshot.step == 2),
        (("e",), lambda app: app.snapshot.epoch == 1),
        (("4",), lambda app: app.focused is not None and app.focused.id == "gradients"),
    ):
        settings.unlink()
        app = Workbench(xor)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda app=app: isinstance(app.screen, Welcome))
            await until(pilot, lambda app=app: app._session is not None and app._snapshot is not None)
            await pilot.press(*keys)
            await until(pilot, lambda app=app, done=done: app.screen is app.bench and done(app))
    assert "welcome = false" in settings.read_text()


async def test_the_last_run_is_offered_and_goes_on(xor: Experiment, until: Until, own_folders: Path) -> None:
    trainer = Trainer(xor)
    trainer.advance(steps=5)
    store = Store.of_person()
    kept = store.keep(trainer)
    assert kept is not None
    kept.rename(kept.with_name("20260101-000000-999999999"))
    app = Workbench()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Offer))
        await pilot.press("enter")
        await until(pilot, lambda: app.session.snapshot.step == 5)
        assert app.session.snapshot.experiment == xor


async def test_settings_change_at_once_and_for_ever(xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, Preferences)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.theme == "light")
        options = app.screen.query_one(OptionList)
        options.highlighted = options.get_option_index("keys.app.step")
        await pilot.press("enter", "f6", "escape")
        assert app.settings.keys == {"app.step": "f6"}
        await pilot.press("s")
        await pilot.press("f6")
        await until(pilot, lambda: app.snapshot.step == 1)
    again = Workbench(load_experiment("xor-mlp"))
    assert again.theme == "light"
    async with again.run_test(size=(120, 40)) as pilot:
        await ready(again, pilot, until)
        assert again.settings.keys == {"app.step": "f6"}
        await pilot.press("f6")
        await until(pilot, lambda: again.snapshot.step == 1)


async def test_a_bad_settings_file_is_told_and_does_not_stop_the_start(
    xor: Experiment, until: Until, own_folders: Path
) -> None:
    (own_folders / "config" / "nn-tui" / "settings.toml").write_text("welcome = false\ntheme = 'pink'\n")
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await until(pilot, lambda: any("'pink'" in note.message for note in app._notifications))


async def test_a_read_only_home_is_one_notice_and_one_for_saving(xor: Experiment, until: Until, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    app = Workbench(xor, store=Store(tmp_path / "config" / "nn-tui", blocked / "s", blocked / "d"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("s", "e", "w")
        await until(pilot, lambda: app.snapshot.epoch == 1)
        await until(pilot, lambda: bool(app.presets))
        notes = [note.message for note in app._notifications if "cannot be written" in note.message]
        assert sorted(note.rpartition("; ")[2] for note in notes) == [
            "choose a folder that you can write to", "the program works on without it",
        ]  # fmt: skip


async def test_a_full_disk_is_a_notice_for_each_saving_and_the_run_goes_on(
    xor: Experiment, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            await pilot.press("s", "w")
            await until(pilot, lambda: any("the disk is full" in note.message for note in app._notifications))
            await asyncio.wrap_future(app.session.ask(app.store.keep))
            assert app.store.trouble is not None
            assert "the disk is full" in app.store.trouble
            assert not app.store.saved_runs()
        await pilot.press("s", "w")
        await until(pilot, lambda: len(app.store.saved_runs()) == 1)
        assert app.session.snapshot.step == 2


async def test_exports_and_the_clipboard(
    xor: Experiment, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("3")
        for action in ("export_screen", "export_panel", "copy_panel"):
            await app.run_action(action)
        await pilot.pause()
        assert app.clipboard.strip()
    svgs = sorted(tmp_path.glob("*.svg"))
    assert len(svgs) == 2
    assert all(path.read_text().startswith("<svg") for path in svgs)
    assert "Loss" in next(tmp_path.glob("nn-tui-loss-*.txt")).read_text()


async def test_an_export_to_a_folder_that_is_gone_is_one_line(
    xor: Experiment, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await app.run_action("export_screen")
        await until(pilot, lambda: any("cannot be written: no such" in note.message for note in app._notifications))


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.toml", "x" * 300 + ".toml", "x" * 300 + ".safetensors"])
async def test_opening_a_name_that_no_disk_has_is_one_line(name: str, xor: Experiment, until: Until) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, Opening))
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await until(pilot, lambda: any(name in note.message for note in app._notifications))
        assert app.screen is app.bench


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
async def test_every_theme_is_drawn(xor: Experiment, until: Until, theme: str) -> None:
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        app.change_settings(theme=theme)
        await pilot.press("e", "1", "2", "question_mark", "escape", "o", "escape", "ctrl+s", "escape")
        assert app.theme == theme


async def test_no_color_means_no_colour(xor: Experiment, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Workbench(xor)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        assert app.theme == "ansi"
        assert app.palette.depth == "none"
        assert "‖ paused" in header(app)


@pytest.mark.parametrize("terminal", ["linux", "xterm-16color"])
async def test_sixteen_colours_get_the_terminals_own(
    xor: Experiment, terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", terminal)
    assert Workbench(xor).theme == "ansi"


async def test_a_bad_experiment_leaves_with_one_line(until: Until) -> None:
    app = Workbench("no-such-thing")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.refusal is not None)
    assert app.return_code == 2
    assert app.refusal is not None
    assert "no such file" in app.refusal


def test_no_terminal_is_a_line_and_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_workbench("digits") == 2
    said = capsys.readouterr().err
    assert "needs a terminal" in said
    assert said.count("\n") == 1


async def test_on_a_high_screen_the_form_gets_the_rows_that_few_layers_leave(until: Until) -> None:
    app = Workbench(load_experiment("digits"))
    async with app.run_test(size=(200, 60)) as pilot:
        await ready(app, pilot, until)
        panels = app.bench.desk.panels
        await until(pilot, lambda: panels["architecture"].size.height < 20 < 30 < panels["optimizer"].size.height)
        form = panels["architecture"].form
        assert form.virtual_size.height <= form.size.height


@pytest.mark.parametrize(("size", "restore"), [((120, 40), True), ((40, 12), True), ((80, 24), False)])
async def test_a_run_that_stopped_early_says_whose_weights_are_in_use(
    until: Until, size: tuple[int, int], restore: bool
) -> None:
    app = Workbench(
        load_experiment("digits", {"early_stopping.patience": 2, "early_stopping.restore_best": restore, "epochs": 100})
    )
    async with app.run_test(size=size) as pilot:
        await ready(app, pilot, until)
        assert not app.bench.problem.display
        await pilot.press("space")
        await until(pilot, lambda: app.snapshot.activity == "stopped early" and app.bench.problem.display)
        rows = app.snapshot.history.rows
        best = min(rows[1:], key=lambda row: row.valid_loss).epoch
        said = app.bench.problem.render().plain
        kept = f"the weights of epoch {best} are in use now" if restore else "the last epoch's weights are in use now"
        assert kept in said
        assert app.bench.problem.size.height <= 2
        await pilot.press("5")
        data = app.bench.desk.panels["data"]
        await until(pilot, lambda: "right" in text_of(data) or "%" in text_of(data))
        status = text_of(data).rstrip().split("\n")[-1]
        assert (f"epoch {best}" in status or f"★{best}" in status) == restore
        await pilot.press("b")
        await until(pilot, lambda: not app.bench.problem.display)
        await until(pilot, lambda: "epoch" not in text_of(data).rstrip().split("\n")[-1])
