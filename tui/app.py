"""The workbench: one screen of panels around a session that trains on a thread of its own.

The screen is painted before NumPy and the engine are imported; then the session starts, and the panels read its
snapshot a dozen times a second. Nothing is ever sent from the worker to the screen.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from tui.actions import ACTIONS, bindings
from tui.arrangement import mode_of
from tui.desk import Desk, Tabs
from tui.hints import Hints, Problem
from tui.panel import Panel
from tui.themes import THEMES, resolve
from tui.transport import SPEEDS, Header

if TYPE_CHECKING:
    from engine import Experiment, Session, Snapshot, Trainer
    from tui.drawing.palette import Palette

FRAMES_PER_SECOND = 12
HURRY = 0.1  # seconds after a key in which the screen looks for news more often


class Bench(Screen[None], inherit_bindings=False):
    """The main screen."""

    DEFAULT_CSS = """
    Bench { background: $background; }
    Bench.-tiny > * { display: none; }
    Bench > #tiny { display: none; width: 1fr; height: 1; color: $warning; text-wrap: nowrap; text-overflow: ellipsis; }
    Bench.-tiny > #tiny { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="_default")
        self.header, self.tabs, self.desk = Header(), Tabs(), Desk()
        self.desk.tabs = self.tabs
        self.problem, self.hints = Problem(), Hints()
        self.too_small = Static("", id="tiny")

    def compose(self) -> ComposeResult:
        yield from (self.header, self.tabs, self.desk, self.problem, self.hints, self.too_small)

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        mode = mode_of(width, height)
        self.desk.mode = mode
        self.header.styles.height = 2 if mode == "wide" else 1
        self.set_class(mode == "tiny", "-tiny")
        if mode == "tiny":
            self.too_small.update(f"too small: {width}x{height}, needs 40x10")
        self.desk.settle()


class Workbench(App[int]):
    """The app. `load` runs off the screen's thread, once the screen is painted, and gives the session to work with."""

    TITLE = "nn-tui"
    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[Any]] = [*bindings(ACTIONS, "app"), Binding("ctrl+c", "help_quit", show=False, system=True)]
    selected_node: reactive[str | None] = reactive(None)

    def __init__(
        self,
        source: "Experiment | Trainer | str | Path | None" = None,
        folder: Path | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.bench = Bench()
        self._source, self._folder, self._changes = source, folder, dict(changes or {})
        self._session: Session | None = None
        self._snapshot: Snapshot | None = None
        self._pace = len(SPEEDS) - 1
        self._hurry_until = 0.0
        self._notice: str | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = resolve("auto", self)

    # ------------------------------------------------------------------------------------------ what panels see

    @property
    def session(self) -> "Session":
        """The session that trains; there is one as soon as there are panels."""
        if self._session is None:
            raise RuntimeError("the session is not loaded yet")
        return self._session

    @property
    def snapshot(self) -> "Snapshot":
        """What was shown last."""
        return self._snapshot or self.session.snapshot

    @property
    def palette(self) -> "Palette":
        """The colours that fit theme and terminal."""
        from tui.drawing.palette import palette_of

        return palette_of(self)

    def watch_selected_node(self, name: str | None) -> None:
        for panel in self.bench.desk.panels.values():
            panel.on_node_selected(name)

    # ------------------------------------------------------------------------------------------ life

    def get_default_screen(self) -> Bench:
        return self.bench

    def on_mount(self) -> None:
        self.call_after_refresh(self._load)

    def _load(self) -> None:
        self.run_worker(self._load_all(), exit_on_error=True)

    async def _load_all(self) -> None:
        """Imports what is heavy and makes the session, beside the screen."""
        self._session, kinds = await asyncio.to_thread(self._prepare)
        self._session.start()
        self.bench.desk.fill(kinds)
        self._refresh_hints()
        self.set_interval(1 / FRAMES_PER_SECOND, self._tick)
        self._tick()

    def _prepare(self) -> "tuple[Session, tuple[type[Panel], ...]]":
        from engine import Experiment, Session, Trainer, load_experiment
        from tui.panels import PANELS

        if isinstance(self._source, Trainer):
            return Session(self._source.experiment, self._folder, self._source), PANELS
        if isinstance(self._source, Experiment):
            experiment = self._source.edited(self._changes) if self._changes else self._source
        else:
            experiment = load_experiment(self._source or "digits", self._changes)
        return Session(experiment, self._folder), PANELS

    def on_unmount(self) -> None:
        if self._session is not None:
            self._session.close()

    # ------------------------------------------------------------------------------------------ frames

    def _tick(self) -> None:
        """Draws what is visible and changed."""
        snapshot = self.session.snapshot
        fresh = self._snapshot is None or snapshot.version != self._snapshot.version
        self._snapshot = snapshot
        for panel in self.bench.desk.visible_panels:
            if panel.shown_version != snapshot.version and panel.size:
                panel.shown_version = snapshot.version
                panel.show(snapshot)
        if fresh:
            self.bench.header.show(snapshot, SPEEDS[self._pace])
            self._report(snapshot)

    def _report(self, snapshot: "Snapshot") -> None:
        """Shows what a person has to know: refused commands as toasts, a stopped run as a bar."""
        if snapshot.notice != self._notice:
            self._notice = snapshot.notice
            if snapshot.notice:
                self.notify(snapshot.notice, severity="warning", markup=False)
        text = ""
        if snapshot.failure:
            text = f"a bug stopped the run: {snapshot.failure.strip().splitlines()[-1]}"
        elif snapshot.problem:
            text = f"{snapshot.problem}; b goes back a batch, r starts over, or lower the learning rate"
        self.bench.problem.show(text)

    async def on_event(self, event: events.Event) -> None:
        await super().on_event(event)
        if isinstance(event, (events.Key, events.Click)) and self._session is not None:
            hurrying, self._hurry_until = self._hurry_until > monotonic(), monotonic() + HURRY
            if not hurrying:
                self._hurry()

    def _hurry(self) -> None:
        if monotonic() < self._hurry_until and self._session is not None:
            if self._snapshot is None or self.session.snapshot.version != self._snapshot.version:
                self._tick()
            self.set_timer(0.01, self._hurry)

    def _refresh_hints(self) -> None:
        self.bench.hints.show(self.bench.desk.focused_panel, {})

    def on_descendant_focus(self) -> None:
        self._refresh_hints()

    # ------------------------------------------------------------------------------------------ actions: the run

    def _command(self, command: "Callable[[Session], None]") -> None:
        if self._session is not None:
            command(self._session)

    def action_play(self) -> None:
        playing = self._session is not None and self.session.snapshot.activity == "playing"
        self._command(lambda session: session.pause() if playing else session.play())

    def action_step(self) -> None:
        self._command(lambda session: session.step())

    def action_epoch(self) -> None:
        self._command(lambda session: session.epoch())

    def action_back(self) -> None:
        self._command(lambda session: session.back())

    def action_back_epoch(self) -> None:
        self._command(lambda session: session.back_epoch())

    def action_reset(self) -> None:
        self._command(lambda session: session.reset())

    def action_new_seed(self) -> None:
        def reseed(session: "Session") -> None:
            experiment = session.snapshot.experiment
            session.rebuild(experiment.edited({"seed": (experiment.seed + 1) % 2**32}))

        self._command(reseed)

    def action_faster(self) -> None:
        self._set_pace(self._pace + 1)

    def action_slower(self) -> None:
        self._set_pace(self._pace - 1)

    def _set_pace(self, place: int) -> None:
        self._pace = min(max(0, place), len(SPEEDS) - 1)
        pace = SPEEDS[self._pace]
        self._command(lambda session: session.pace(pace))
        self.notify("full speed" if pace is None else f"{pace:g} steps a second", timeout=2)

    # ------------------------------------------------------------------------------------------ actions: panels

    def action_focus_panel(self, name: str) -> None:
        self.bench.desk.go_to(name)

    def action_next_panel(self) -> None:
        self.bench.desk.go_along(1)

    def action_previous_panel(self) -> None:
        self.bench.desk.go_along(-1)

    def action_zoom_panel(self) -> None:
        self.bench.desk.zoom()


def run_workbench(
    source: "Experiment | Trainer | str | Path | None" = None,
    folder: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int:
    """Opens the workbench and returns the exit code."""
    app = Workbench(source, folder, changes)
    app.run()
    return app.return_code or 0
