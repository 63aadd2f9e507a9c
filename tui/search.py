"""The command palette: every action, preset, panel and theme can be found by typing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from tui.actions import ACTIONS, Action, keys_of
from tui.dialog import ClosesOnce
from tui.themes import NAMES

if TYPE_CHECKING:
    from tui.app import Workbench


class Palette(ClosesOnce, CommandPalette):  # type: ignore[misc]
    """Textual's palette."""


class Entry(NamedTuple):
    """A line of the palette."""

    text: str
    help: str
    run: Callable[[], object]


class Everything(Provider):
    """Searches what the workbench can do."""

    async def discover(self) -> Hits:
        for entry in self._actions():
            yield DiscoveryHit(entry.text, entry.run, help=entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in (*self._actions(), *self._presets(), *self._themes()):
            score = matcher.match(entry.text)
            if score > 0:
                yield Hit(score, matcher.highlight(entry.text), entry.run, help=entry.help)

    @property
    def _workbench(self) -> "Workbench":
        return cast("Workbench", self.app)

    def _actions(self) -> Iterator[Entry]:
        workbench = self._workbench
        panel = workbench.bench.desk.focused_panel
        if panel is not None:
            for action in panel.ACTIONS:
                yield self._entry(
                    action, panel.scope(), f"{panel.TITLE}: ", partial(workbench.run_action, action.call, panel)
                )
        for action in ACTIONS:
            if action.id != "command_palette":
                yield self._entry(action, "app", "", partial(workbench.run_action, f"app.{action.call}"))

    def _entry(self, action: Action, scope: str, prefix: str, run: Callable[[], object]) -> Entry:
        keys = " ".join(keys_of(action, scope, self._workbench.remapped))
        return Entry(f"{prefix}{action.label}{f'  ({keys})' if keys else ''}", action.help, run)

    def _presets(self) -> Iterator[Entry]:
        for preset in self._workbench.presets:
            yield Entry(f"Open {preset.name}", preset.title, partial(self._workbench.open_choice, preset.name))

    def _themes(self) -> Iterator[Entry]:
        for name in NAMES:
            yield Entry(f"Theme {name}", "Colours of the screen", partial(self._workbench.change_settings, theme=name))
