"""The screen's event loop."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from selectors import DefaultSelector

import pytest
from textual.events import Key
from textual.pilot import Pilot

from engine import load_experiment
from tui.app import Workbench
from tui.loop import AWAKE, WAITING, event_loop


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_the_interpreter_is_wanted_at_once_after_waiting_and_kept_for_a_while_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting, awake, select = list[float](), list[float](), DefaultSelector.select

    def seen(self: DefaultSelector, timeout: float | None = None) -> object:
        waiting.append(sys.getswitchinterval())
        return select(self, timeout)

    async def work() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            awake.append(sys.getswitchinterval())

    monkeypatch.setattr(DefaultSelector, "select", seen)
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(work())
    assert waiting == pytest.approx([WAITING] * len(waiting))
    assert awake == pytest.approx([AWAKE] * 3)


async def test_what_a_key_changes_is_painted_without_waiting_for_the_timer(
    until: Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Workbench(load_experiment("spiral"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None and app.snapshot.activity == "paused")
        await until(pilot, lambda: not app.hurrying and not app.bench._dirty_widgets)
        monkeypatch.setattr("tui.app.HURRY", 60.0)
        monkeypatch.setattr(app.bench._update_timer, "resume", lambda: None)
        app.bench._update_timer.pause()
        painted = []
        monkeypatch.setattr(app, "_display", lambda _, renderable: painted.append(renderable))
        app.post_message(Key("f12", None))
        await until(pilot, lambda: app.hurrying)
        painted.clear()
        app.bench.header.refresh()
        async with asyncio.timeout(10):
            while not painted:  # the pilot's own pause would paint
                await asyncio.sleep(0)


async def test_a_resize_that_training_held_up_comes_late_rather_than_never(
    until: Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, begun = Workbench(load_experiment("spiral")), set[object]()

    def late_for_a_new_timer() -> float:
        task = asyncio.current_task()
        held_up = getattr(task.get_coro(), "__name__", "") == "_run_timer" and task not in begun if task else False
        begun.add(task)
        return time.monotonic() - (1.0 if held_up else 0.0)

    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None)
        monkeypatch.setattr("textual.timer._time.get_time", late_for_a_new_timer)
        for width, height in ((80, 24), (100, 30)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda width=width: app.bench.header.outer_size.width == width)
