"""The screen's event loop."""

import asyncio
import sys
from collections.abc import Iterator
from selectors import DefaultSelector

import pytest

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
