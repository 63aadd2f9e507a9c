"""Sizes that no one works in, which a resize passes through all the same."""

import pytest

from engine import load_experiment
from tui.app import Workbench


@pytest.mark.parametrize("key", ["o", "ctrl+s", "ctrl+p"])
async def test_a_dialog_survives_a_screen_of_a_few_columns(until, key: str) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes))
        await pilot.press(key)
        for width in (14, 8, 6, 5, 4, 3, 2, 1, 80):
            await pilot.resize_terminal(width, 10 if width < 80 else 24)
            await pilot.pause()
        assert app.is_running


async def test_the_header_is_whole_after_a_resize_at_rest(until) -> None:
    app = Workbench(load_experiment("xor-mlp"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes))
        await until(pilot, lambda: "epoch 0/500" in app.bench.header.render().plain)
        await pilot.resize_terminal(1, 1)
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        strips = app.bench.header.render_lines(app.bench.header.size.region)
        drawn = "\n".join(strip.text for strip in strips)
        assert "epoch 0/500" in drawn
        assert "step 0" in drawn
