"""What all whole screens share: their head says what the workbench's does, their foot keeps the way back in sight."""

import pytest

from engine import load_experiment
from tui.app import Workbench
from tui.screens.draw import DrawScreen
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
