"""Small apps around a panel or a screen, and the workbench with a form in focus: what several tests need."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.screen import Screen

from engine import Experiment, Session, Snapshot, load_experiment
from tui.app import Workbench
from tui.drawing.widget import Drawing
from tui.panel import Panel
from tui.panels.form_panel import FormPanel
from tui.themes import THEMES

Until = Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]]


async def ready(app: Workbench, pilot: Pilot[int], until: Until) -> None:
    """Waits until the workbench has its network and knows the presets."""
    await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes) and bool(app.presets))


class PanelHost(App[int]):
    """An app with one panel, which follows the selection as on the workbench, with the keys as they come."""

    remapped: ClassVar[dict[str, str]] = {}
    selected_node: reactive[str | None] = reactive(None)

    def __init__(self, session: Any, panel: Panel) -> None:
        super().__init__()
        self.session, self.panel = session, panel

    def compose(self) -> ComposeResult:
        yield self.panel

    def watch_selected_node(self, name: str | None) -> None:
        self.panel.on_node_selected(name)


def text_of(panel: Panel) -> str:
    """What a panel shows, as plain text: a form, a drawing, or the drawings that are in it."""
    if isinstance(panel, FormPanel):
        lines = [*(panel.form.render_line(y).text.rstrip() for y in range(panel.form.size.height)), panel.hint.text]
    elif isinstance(panel, Drawing):
        lines = [panel.render_line(y).text.rstrip() for y in range(panel.size.height)]
    else:
        return "\n\n".join(one.to_text(*one.size) for one in panel.query(Drawing) if one.display)
    return "\n".join(lines).strip("\n")


def rest(session: Session) -> Snapshot:
    """Waits until everything sent is done, and playing has come to its end."""
    session.ask(lambda trainer: None).result(10)
    while session.snapshot.activity == "playing":
        session.ask(lambda trainer: None).result(10)
    return session.snapshot


@asynccontextmanager
async def hosted(
    panel: Panel, name: str | Experiment, size: tuple[int, int], epochs: int
) -> AsyncIterator[tuple[Any, Session, Pilot[int]]]:
    """A panel in focus, shown after each of so many epochs of an experiment: the panel, the session, the pilot."""
    session = Session(load_experiment(name) if isinstance(name, str) else name)
    session.start()
    try:
        async with PanelHost(session, panel).run_test(size=size) as pilot:
            panel.show(rest(session))
            for _ in range(epochs):
                session.epoch()
                panel.show(rest(session))
            panel.focus()
            await pilot.pause()
            yield panel, session, pilot
    finally:
        session.close()


class ScreenHost(App[int]):
    """An app in the dark theme for one screen, with the keys as they come."""

    remapped: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "dark"


async def on_screen(
    make: Callable[[Session], Screen[Any]],
    experiment: Experiment,
    size: tuple[int, int],
    answer: Callable[[Any, Pilot[int]], Awaitable[None]],
    act: Callable[[Any, Pilot[int]], Awaitable[None]],
) -> None:
    """Shows a screen on a run of two epochs; when it has its answers, does what is to be tested."""
    session = Session(experiment)
    session.start()
    try:
        await asyncio.wrap_future(session.ask(lambda trainer: trainer.advance(epochs=2)))
        host = ScreenHost()
        async with host.run_test(size=size) as pilot:
            screen = make(session)
            await host.push_screen(screen)
            await answer(screen, pilot)
            await act(screen, pilot)
    finally:
        session.close()


class Desk:
    """The workbench with a form panel in focus, and ways to look at it."""

    def __init__(self, app: Workbench, pilot: Pilot[int], until: Until, panel: str) -> None:
        self.app, self.pilot, self._until = app, pilot, until
        self.panel: Any = app.bench.desk.panels[panel]

    async def press(self, *keys: str) -> None:
        """Presses keys, and waits until the session and the panel agree again."""
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Waits until nothing is on its way between panel and session."""
        await self._until(self.pilot, lambda: bool(self.panel.editing.settled))
        await self._until(self.pilot, self._drawn)

    def _drawn(self) -> bool:
        self.panel.redraw()
        return bool(self.panel.editing.settled)

    @property
    def text(self) -> str:
        """What the panel shows."""
        return text_of(self.panel)

    @property
    def runs(self) -> Experiment:
        """The experiment that runs."""
        return self.app.session.snapshot.experiment


@asynccontextmanager
async def desk_of(
    panel: str, key: str, until: Until, source: str | Experiment, size: tuple[int, int], changes: dict[str, Any]
) -> AsyncIterator[Desk]:
    """The workbench on an experiment, with the panel that `key` reaches in focus."""
    app = Workbench(load_experiment(source, changes) if isinstance(source, str) else source)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: panel in app.bench.desk.panels)
        await until(pilot, lambda: bool(app.session.snapshot.nodes))
        await pilot.press(key)
        desk = Desk(app, pilot, until, panel)
        await desk.settle()
        await until(pilot, lambda: bool(desk.panel.has_focus))
        yield desk
