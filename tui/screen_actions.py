"""What the keys for panels, help, opening, saving and exports do."""

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tui.actions import ACTIONS, Action, keys_of
from tui.bench import Bench
from tui.run_actions import RunActions
from tui.store import Store, fingerprint
from tui.themes import NAMES

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from tui.app import Workbench
    from tui.help import Topic
    from tui.opening import Preset
    from tui.settings import Settings


class ScreenActions(RunActions):
    """The actions that do not train, and the settings."""

    def __init__(self, store: Store, folder: Path | None) -> None:
        super().__init__()
        self.bench = Bench()
        self.store = store
        self.folder = folder
        self.presets: tuple[Preset, ...] = ()
        self._settings: Settings | None = None
        self._told: set[str] = set()

    # ------------------------------------------------------------------------------------------ settings

    @property
    def settings(self) -> "Settings":
        """The person's settings; the defaults until the file is read."""
        if self._settings is None:
            from tui.settings import Settings

            self._settings = Settings()
        return self._settings

    @property
    def remapped(self) -> Mapping[str, str]:
        """The keys that the person changed, by action."""
        return self._settings.keys if self._settings is not None else {}

    def all_actions(self) -> dict[str, Action]:
        """Every action by the name that the settings use, such as "app.play" or "loss.follow"."""
        found = {f"app.{action.id}": action for action in ACTIONS}
        for name, panel in self.bench.desk.panels.items():
            found |= {f"{name}.{action.id}": action for action in panel.ACTIONS}
        if self.bench.desk.panels:
            from tui.screens.order import TABLES

            found |= {f"{scope}.{action.id}": action for scope, table in TABLES.items() for action in table}
        return found

    def key_of(self, name: str) -> str:
        """The first key of an action such as "app.play", as a person reads it."""
        keys = keys_of(self.all_actions()[name], name.partition(".")[0], self.remapped)
        return keys[0] if keys else ""

    def read_settings(self) -> list[str]:
        """Reads and applies the settings file; gives a line for each thing that is wrong with it."""
        from tui.settings import read_settings

        self._settings, problems = read_settings(self.store.settings_file, self.all_actions())
        self.apply_settings()
        return problems

    def apply_settings(self) -> None:
        """Takes over theme, keys and frame rate."""

    def change_settings(self, **changes: Any) -> None:
        """Changes settings at once and in the file."""
        from engine import Failure
        from tui.settings import write_settings

        self._settings = self.settings.model_copy(update=changes)
        self.apply_settings()
        try:
            write_settings(self.store.settings_file, self._settings)
        except Failure as error:
            self.tell(str(error))

    def tell(self, line: str, severity: "SeverityLevel" = "warning") -> None:
        """A line for the person, once."""
        if line not in self._told:
            self._told.add(line)
            self.notify(line, severity=severity, markup=False, timeout=8)

    # ------------------------------------------------------------------------------------------ panels

    def action_focus_panel(self, name: str) -> None:
        self.bench.desk.go_to(name)

    def action_next_panel(self) -> None:
        self.bench.desk.go_along(1)

    def action_previous_panel(self) -> None:
        self.bench.desk.go_along(-1)

    def action_zoom_panel(self) -> None:
        self.bench.desk.zoom()

    def action_leave(self) -> None:
        desk = self.bench.desk
        if desk.zoomed:
            desk.zoom()

    def action_jump(self) -> None:
        from tui.jump import Jump

        desk = self.bench.desk
        places = desk.places()
        if places:
            self.push_screen(Jump(places), lambda name: desk.go_to(name) if name else None)

    # ------------------------------------------------------------------------------------------ help

    def action_help(self) -> None:
        from tui.help import Help

        self.push_screen(Help(self._topic(), self.remapped))

    def _topic(self) -> "Topic":
        """What help is about: the panel in use, or the screen over it."""
        from tui.help import Topic
        from tui.screens.frame import WholeScreen
        from tui.screens.order import TABLES

        panel, screen = self.bench.desk.focused_panel, self.screen
        if isinstance(screen, WholeScreen):
            return Topic(screen.HEADING, screen.HELP, tuple((scope, TABLES[scope]) for scope in screen.SCOPES))
        if panel is None:
            return Topic("Workbench")
        return Topic(panel.TITLE, panel.HELP, ((panel.scope(), panel.ACTIONS),))

    def action_command_palette(self) -> None:
        from tui.search import Palette, everything, run_entry

        if not self.screen.is_modal:
            self.push_screen(Palette(everything(cast("Workbench", self))), run_entry)

    async def run_on_bench(self, call: str, name: str = "") -> None:
        """Does an action of the workbench, or of a panel, which gets the focus; screens that cover them are left."""
        while self.screen is not self.bench:
            await self.pop_screen()
        if not name:
            await self.run_action(f"app.{call}")
        elif panel := self.bench.desk.panels.get(name):
            self.bench.desk.go_to(name)
            await self.run_action(call, panel)

    def action_welcome(self) -> None:
        from tui.welcome import Welcome

        self.push_screen(Welcome(self.remapped))

    def action_settings(self, name: str = "") -> None:
        from tui.preferences import Preferences

        self.push_screen(Preferences(self.all_actions(), name))

    def action_cycle_theme(self) -> None:
        themes = NAMES[1:]
        place = themes.index(self.theme) if self.theme in themes else -1
        self.change_settings(theme=themes[(place + 1) % len(themes)])

    def greet(self, source: str | None) -> None:
        """At the start: the orientation for a newcomer, else the offer to go on with the last run; only with one of the
        experiment with the fingerprint `source`, where that was named."""
        from tui.welcome import Offer, Welcome

        if self.settings.welcome:
            self.push_screen(Welcome(self.remapped), lambda _: self.change_settings(welcome=False))
            return
        run = self.store.unfinished(source) if self.settings.offer_last_run else None
        if run is not None:
            self.push_screen(Offer(run), lambda yes: self.open_choice(run.folder) if yes else None)

    # ------------------------------------------------------------------------------------------ experiments and runs

    def action_open(self) -> None:
        from tui.opening import Opening

        if self._session is None:
            return
        opening = Opening(self.presets, self.store.kept_runs(), self.store.saved_runs())
        self.push_screen(opening, lambda choice: self.open_choice(choice) if choice else None)

    def open_choice(self, choice: str | Path) -> None:
        """Opens a preset by name, an experiment file, a run's folder or its checkpoint."""
        from engine import BadInput, load_experiment
        from engine.checkpoint import load_checkpoint

        path = Path(choice)
        if isinstance(choice, Path) and os.path.isdir(path):
            self.session.open(lambda: self.store.reopen(path, self.folder))
            return
        if isinstance(choice, Path) and path.suffix == ".safetensors":
            self.session.open(lambda: load_checkpoint(path, self.folder))
            return
        try:
            experiment = load_experiment(choice)
        except BadInput as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        self.store.source = fingerprint(experiment)
        self.session.rebuild(experiment)

    def action_save_run(self) -> None:
        if self._session is None or self.session.snapshot.activity in ("loading", "failed"):
            return
        saved = self.session.ask(self.store.save_run)
        self.run_worker(self._tell_saved(saved), exclusive=False)

    async def _tell_saved(self, saved: "Future[Path | None]") -> None:
        from engine import Failure

        try:
            folder = await asyncio.wrap_future(saved)
        except Failure as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        if folder:
            self.notify(f"saved in {folder}", markup=False)

    def action_undo(self) -> None:
        self._edit_history("undo", "nothing to undo")

    def action_redo(self) -> None:
        self._edit_history("redo", "nothing to do again")

    def _edit_history(self, move: str, otherwise: str) -> None:
        from tui.editing import Editing
        from tui.panels.form_panel import FormPanel

        if self._session is None:
            return
        if not getattr(Editing.of(self.session), move)():
            self.notify(otherwise, timeout=2)
        for panel in self.bench.desk.panels.values():
            if isinstance(panel, FormPanel):
                panel.redraw()

    # ------------------------------------------------------------------------------------------ exports

    def action_export_screen(self) -> None:
        from tui.export import as_svg, strips

        self._write("screen", ".svg", as_svg(strips(self, self.screen.region), self.palette))

    def action_export_panel(self) -> None:
        from tui.export import as_svg, as_text, strips

        panel = self.bench.desk.focused_panel
        if panel is not None:
            lines = strips(self, panel.region)
            self._write(panel.scope(), ".svg", as_svg(lines, self.palette))
            self._write(panel.scope(), ".txt", as_text(lines))

    def action_copy_panel(self) -> None:
        from tui.export import as_text, strips

        panel = self.bench.desk.focused_panel
        if panel is not None:
            self.copy_to_clipboard(as_text(strips(self, panel.content_region)))
            self.notify(f"copied: {panel.TITLE}")

    def _write(self, name: str, ending: str, text: str) -> None:
        store = self.store
        path = Path(f"nn-tui-{name}-{time.strftime('%Y%m%d-%H%M%S')}{ending}")
        if written := store.write_text(path, text):
            self.notify(f"written: {written}", markup=False)
        elif store.trouble:
            self.notify(store.trouble, severity="warning", markup=False)
