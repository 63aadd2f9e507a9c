"""What all whole screens share: their head says what the workbench's does, their foot keeps the way back in sight."""

import pytest
from hosting import ready
from textual._compositor import LayoutUpdate

from engine import load_experiment
from tui.app import Workbench
from tui.screens.draw import DrawScreen
from tui.screens.plane import PlaneScreen
from tui.screens.seeing import SeeingScreen


@pytest.mark.parametrize("make", [DrawScreen, SeeingScreen])
async def test_head_and_foot(make, until):
    app = Workbench(load_experiment("digits", {"optimizer.lr": 0.02}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: bool(app.bench.desk.panels) and bool(app.session.snapshot.nodes))
        await until(pilot, lambda: "(changed)" in app.bench.header.render().plain)
        screen = make(app.session)
        await app.push_screen(screen)
        await until(pilot, lambda: "(changed)" in screen.head.render().plain)
        assert f"{make.HEADING}  Handwritten digits" in screen.head.render().plain
        assert "‖ paused  epoch 0/20  step 0" in screen.head.render().plain
        for width in (60, 40):
            await pilot.resize_terminal(width, 20)
            await until(pilot, lambda width=width: screen.size.width == width)
            screen._look()
            assert screen.head.render().cell_length <= width - 2
            assert "‖ paused" in screen.head.render().plain
            assert screen.foot.render().plain.endswith("? help  esc back")
            assert screen.foot.render().cell_length <= width - 2
        await pilot.press("escape")
        assert screen not in app.screen_stack


async def test_what_it_covers_is_not_painted_and_up_to_date_when_it_is_seen_again(until, monkeypatch):
    app = Workbench(load_experiment("playground"))
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(app, pilot, until)
        canvas = app.bench.desk.panels["data"].canvas
        await until(pilot, lambda: canvas._picture is not None)
        screen = PlaneScreen(app.session)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.maps.units is not None and screen.maps._picture is not None)
        await pilot.pause()
        whole = []
        display = app._display
        monkeypatch.setattr(app, "_display", lambda at, what: (whole.append(type(what)), display(at, what)))
        before = screen.maps.units
        app.session.epoch(3)
        await until(pilot, lambda: app.session.snapshot.epoch == 3 and app.snapshot.epoch == 3)
        await until(pilot, lambda: screen.maps.units is not before and canvas._picture is None)
        assert whole
        assert LayoutUpdate not in whole
        await pilot.press("escape")
        await until(pilot, lambda: canvas._picture is not None)
        assert LayoutUpdate in whole
        assert "epoch 3/300" in app.bench.header.render().plain
