"""The workbench: one screen of panels around a session that trains on a thread of its own.

The screen is painted before NumPy and the engine are imported; then the session starts, and the panels read its
snapshot a dozen times a second. Nothing is ever sent from the worker to the screen.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.console import RenderableType
from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from tui.actions import ACTIONS, bindings
from tui.bench import Bench
from tui.keeping import Keeping
from tui.loop import event_loop
from tui.output import Terminal
from tui.panel import Panel
from tui.reading import read_escape_at_once
from tui.resizing import present
from tui.screen_actions import ScreenActions
from tui.store import Store, fingerprint, log
from tui.suspending import take_up_once
from tui.themes import THEMES, resolve, starting_theme
from tui.writing import is_behind, outlast_the_terminal

if TYPE_CHECKING:
    from engine import Experiment, Session, Snapshot, Trainer
    from tui.drawing.palette import Palette
    from tui.opening import Preset

    Source = Experiment | Trainer | str | Path | None

HURRY, LOOK = 0.1, 0.008  # seconds after a key in which the screen looks for news more often, and how often
TURNS = 6  # while playing, panels that are not in use are drawn in turn, each in every sixth frame
ASIDE = 0.04  # seconds for which a frame waits when a key came just before it
CATCH_UP = 0.02  # seconds between looks at whether a slow terminal has taken what was drawn


class Workbench(ScreenActions):
    """The app. It takes an experiment, a run, a preset's name, a file, nothing for the default, or a function that
    gives one of them, which is called beside the screen."""

    TITLE = "nn-tui"
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Screen ToastRack { dock: top; align: right top; margin-bottom: 0; scrollbar-size: 0 0; }
    Screen Toast { width: auto; max-width: 100%; margin-top: 0; padding: 0 1; background: $panel; }
    """
    ENABLE_COMMAND_PALETTE = False  # there is one of our own
    BINDINGS: ClassVar[list[Any]] = [*bindings(ACTIONS, "app"), Binding("ctrl+c", "help_quit", show=False, system=True)]
    selected_node: reactive[str | None] = reactive(None)

    def __init__(
        self,
        source: "Source | Callable[[], Source]" = None,
        folder: Path | None = None,
        store: Store | None = None,
    ) -> None:
        super().__init__(store or Store.of_person(), folder)
        self.refusal: str | None = None
        self._source = source
        self._snapshot: Snapshot | None = None
        self._timer: Timer | None = None
        self._terminal = Terminal()
        self._left_out = False  # whether something was not drawn for a terminal that is behind
        self._key_at = 0.0
        self._stepped_aside = False
        self._frames = 0
        self._keeping = Keeping()
        self.takes_keys = False  # until there are panels
        self._finished = False
        self.store.titles = self.bench.header.titles
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = resolve(starting_theme(self.store.settings_file), self)

    # ------------------------------------------------------------------------------------------ what panels see

    @property
    def snapshot(self) -> "Snapshot":
        """What was shown last."""
        return self._snapshot or self.session.snapshot

    @property
    def palette(self) -> "Palette":
        """The colours that fit theme and terminal."""
        from tui.drawing.palette import palette_of

        return palette_of(cast(Any, self))

    def watch_selected_node(self, name: str | None) -> None:
        for panel in self.bench.desk.panels.values():
            panel.on_node_selected(name)

    # ------------------------------------------------------------------------------------------ life

    def get_default_screen(self) -> Bench:
        return self.bench

    def on_mount(self) -> None:
        if not self.is_headless and os.name == "posix":
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                loop.add_signal_handler(number, self._leave_on, number)
            take_up_once(self)
        self.call_after_refresh(self.run_worker, self._load)

    def _leave_on(self, number: signal.Signals) -> None:
        log.info("leaving on %s", number.name)
        self.exit(return_code=128 + number)

    async def _load(self) -> None:
        """Imports what is heavy and makes the session, beside the screen."""
        try:
            session, kinds, named = await asyncio.to_thread(self._prepare)
        except Exception as error:
            from engine import Failure

            if not isinstance(error, Failure):
                raise
            self.refusal = str(error)
            self.exit(return_code=error.exit_code)
            return
        self._session = session
        session.start()
        self.bench.desk.fill(kinds)
        problems = self.read_settings()
        self._tick()
        for line in problems:
            self.tell(line)
        self.take_keys()
        self.greet(self.store.source if named else None)
        self.presets = await asyncio.to_thread(_warm)
        self.bench.header.know(preset.experiment for preset in self.presets if preset.experiment is not None)
        if not self.is_headless:
            gc.freeze()  # what is here now stays; looking for garbage among it would stop the screen for 70 ms

    def _prepare(self) -> "tuple[Session, tuple[type[Panel], ...], bool]":
        """The session, the kinds of panels, and whether an experiment was named. Raises BadInput."""
        import tui.screens.order  # noqa: F401  (the settings name its actions; imported here, beside the screen)
        from engine import Experiment, Session, Trainer, load_experiment
        from tui.panels.order import PANELS

        self.store.open_log()
        self.store.tidy()
        source = self._source() if callable(self._source) else self._source
        log.info("start: %s", type(source).__name__)
        keep = partial(self.store.part, data=self.folder)
        if isinstance(source, Trainer):
            self.store.source = fingerprint(source.base)
            return Session(source.experiment, self.folder, source, keep), PANELS, True
        experiment = source if isinstance(source, Experiment) else load_experiment(source or "digits")
        self.store.source = fingerprint(experiment)
        return Session(experiment, self.folder, keep=keep), PANELS, source is not None

    def apply_settings(self) -> None:
        """Takes over theme, keys and frame rate."""
        self.theme = resolve(self.settings.theme, self)
        self.set_keymap(self.settings.keys)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / self.settings.frames_per_second, self._frame)
        self.bench.hints.show(self.bench.desk.focused_panel, self.remapped)

    def on_unmount(self) -> None:
        self.finish()

    def finish(self) -> None:
        """Saves the run, ends the thread, closes the log; whatever happened, and once."""
        if self._finished:
            return
        self._finished = True
        session = self._session
        if session is not None:
            snapshot = session.snapshot
            if _is_trained(snapshot) and snapshot.activity not in ("loading", "failed"):
                kept = session.ask(self.store.keep)
                try:
                    kept.result(timeout=5)
                except Exception as error:
                    log.error("the run was not saved: %s", error)
            session.close()
        log.info("end")
        self.store.close_log()

    def _handle_exception(self, error: Exception) -> None:
        place = self.store.crash(error)
        kept = f"; the traceback is in {place}" if place else ""
        self.refusal = f"stopped by a bug of ours: {type(error).__name__}: {error}{kept}"
        super()._handle_exception(error)
        self._exit_renderables.clear()

    # ------------------------------------------------------------------------------------------ frames

    def _frame(self) -> None:
        """The next frame; right after a key it steps aside once, so that what the key did is seen first."""
        if not self._stepped_aside and time.monotonic() < self._key_at + ASIDE:
            self._stepped_aside = True
            self.set_timer(ASIDE, self._frame)
            return
        self._stepped_aside = False
        self._tick()

    def _tick(self) -> None:
        """Draws what is visible and changed."""
        if self._session is None or self._finished:
            return
        before, snapshot = self._snapshot, self._session.snapshot
        fresh = before is None or snapshot.version != before.version
        self._snapshot = snapshot
        self._frames += 1
        for panel in self.bench.desk.panels.values() if fresh else ():
            panel.follow(snapshot)
        flowing = (
            before is not None and before.activity == snapshot.activity == "playing" and before.run == snapshot.run
        )
        for place, panel in enumerate(self.bench.desk.visible_panels):
            turns = 2 if panel.scope() == self.bench.desk.focused_name else TURNS
            waits = flowing and (self._frames + place) % turns
            if panel.shown_version != snapshot.version and panel.size and not waits:
                panel.shown_version = snapshot.version
                panel.show(snapshot)
        if fresh:
            if before is None or before.run != snapshot.run:
                self.selected_node = None
                self.bench.desk.fit(snapshot)
                self.bench.hints.refresh()
            self.bench.header.show(snapshot, self.pace)
            self._report(before, snapshot)
        self._keep(snapshot)

    def _report(self, before: "Snapshot | None", snapshot: "Snapshot") -> None:
        """Shows what a person has to know: refused commands as toasts, a stopped run as a bar."""
        told = before.notice if before is not None else None
        if snapshot.notice and snapshot.notice not in (told, snapshot.problem):
            log.info("notice: %s", snapshot.notice)
            self.notify(snapshot.notice, severity="warning", markup=False)
        from tui.sentence import ending

        text = ""
        if snapshot.failure:
            text = f"a bug of ours stopped the run: {snapshot.failure.strip().splitlines()[-1]}; the log has the rest"
            if before is None or before.failure is None:
                log.error("the session failed\n%s", snapshot.failure)
        elif snapshot.problem:
            key = self.key_of
            way_out = f"{key('app.back')} goes back a batch, {key('app.reset')} starts over with these settings"
            if snapshot.activity == "failed":
                panel, data = key("app.focus_panel:architecture"), key("architecture.data")
                way_out = f"{panel} {data} chooses other data, {key('app.open')} opens another experiment"
            text = f"{snapshot.problem}; {way_out}"
            if before is None or before.problem is None:
                log.info("problem: %s", snapshot.problem)
        if text:
            self.bench.problem.show(text)
        else:
            self.bench.problem.show(*ending(snapshot), good=True)

    def _keep(self, snapshot: "Snapshot") -> None:
        """Saves the run where it is due."""
        if self._keeping.is_due(snapshot, time.monotonic(), self.store.seconds):
            self.session.ask(self.store.keep)
        if self.store.trouble:
            self.tell(self.store.trouble)
        if self.store.parted:
            self.store.parted = False
            self.tell(f"the run before is kept: {self.key_of('app.open')} opens it", severity="information")

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Draws, unless the terminal has yet to take what was drawn before: then all of it, once, when it has."""
        if renderable is not None and is_behind(self._driver):
            if not self._left_out:
                self._left_out = True
                self.set_timer(CATCH_UP, self._catch_up)
            return
        super()._display(screen, self._terminal.told(renderable))

    def _catch_up(self) -> None:
        if is_behind(self._driver):
            self.set_timer(CATCH_UP, self._catch_up)
            return
        self._left_out = False
        first, rest = self.screen.size.region.split_horizontal(1)  # in two parts, of which only what is new is written
        self.screen.refresh(first, rest)

    def set_timer(self, *args: Any, **kwargs: Any) -> Timer:
        """As Textual's, which leaves out a call whose time is past, even the only one: here it comes late instead, when
        training has held the screen up."""
        timer = super().set_timer(*args, **kwargs)
        timer._skip = False
        return timer

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize):
            self._terminal.forget()
            event = event if self.is_headless else present(event)
        pressed, hurrying = isinstance(event, (events.Key, events.Click)), self.hurrying
        if pressed:
            self._key_at = time.monotonic()
        await super().on_event(event)
        if pressed and not hurrying and self._session is not None:
            self.set_timer(LOOK, self._hurry)

    @property
    def hurrying(self) -> bool:
        """Whether a key came just before, whose effect is to be seen at once."""
        return time.monotonic() < self._key_at + HURRY

    def _hurry(self) -> None:
        """After a key, looks for its effect more often; what only goes on playing waits for the next frame."""
        if self._session is None or not self.hurrying:
            return
        shown, now = self._snapshot, self._session.snapshot
        if (
            shown is None
            or now.activity != shown.activity
            or (now.activity != "playing" and now.version != shown.version)
        ):
            self._tick()
        self.set_timer(LOOK, self._hurry)

    def on_descendant_focus(self) -> None:
        self.bench.hints.show(self.bench.desk.focused_panel, self.remapped)


def _is_trained(snapshot: "Snapshot") -> bool:
    """Whether there is anything on record to be kept."""
    return snapshot.history is not None and snapshot.history.steps > 0


def _warm() -> "tuple[Preset, ...]":
    """Imports what will be needed soon, and reads the titles of the presets."""
    import textual.widgets._markdown  # noqa: F401

    from engine import Failure, load_experiment, presets
    from tui.drawing.frames import warm
    from tui.opening import Preset

    warm()
    found = []
    for name in presets():
        try:
            experiment = load_experiment(name)
            found.append(Preset(name, experiment.title, experiment.notes, experiment))
        except Failure as error:
            found.append(Preset(name, str(error), ""))
    return tuple(found)


def run_workbench(
    source: "Source | Callable[[], Source]" = None,
    folder: Path | None = None,
) -> int:
    """Opens the workbench on a terminal and returns the exit code; anything but a terminal gets one line and 2."""
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
            line = f"nn-tui needs a terminal, and {name} is not one; 'nn-tui train digits' trains without a screen"
            print(line, file=sys.stderr)
            return 2
    app: Workbench | None = None
    try:
        outlast_the_terminal()
        read_escape_at_once()
        app = Workbench(source, folder)
        with asyncio.Runner(loop_factory=event_loop) as runner:
            runner.run(app.run_async())
    finally:
        if app is not None:
            app.finish()
    if app.refusal:
        print(f"nn-tui: {app.refusal}", file=sys.stderr)
    return app.return_code or 0
