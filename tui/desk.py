"""The desk: holds the panels, puts each in its place, and knows which one is in use."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.content import Content
from textual.geometry import Offset, Region
from textual.style import Style
from textual.widget import Widget

from tui.arrangement import LEFT, Mode, arrange
from tui.panel import Panel

if TYPE_CHECKING:
    from engine import Snapshot


class Tabs(Widget):
    """One line with the names of the panels, where they do not all fit; a click goes to one."""

    DEFAULT_CSS = """
    Tabs { height: 1; padding: 0 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.auto_links = False
        self._names: list[tuple[str, str]] = []
        self._shown: set[str] = set()
        self._focused = ""

    def show(self, names: list[tuple[str, str]], shown: set[str], focused: str) -> None:
        """Draws (id, title) of every panel; those on the screen stand out, the one in use most."""
        self._names, self._shown, self._focused = names, shown, focused
        self.refresh()

    def render(self) -> Content:
        return Content("  ").join(self._tabs())

    def place(self, name: str) -> Offset:
        """Where the name of a panel begins, on the screen."""
        names = [other for other, _ in self._names]
        before = self._tabs()[: names.index(name)]
        return Offset(self.content_region.x + sum(tab.cell_length + 2 for tab in before), self.region.y)

    def _tabs(self) -> list[Content]:
        """A name for each panel, mere numbers for those not in use where there is no room for all names."""
        for short in (False, True):
            tabs = [self._tab(place, name, title, short) for place, (name, title) in enumerate(self._names, 1)]
            if sum(tab.cell_length + 2 for tab in tabs) - 2 <= self.content_size.width:
                break
        return tabs

    def _tab(self, place: int, name: str, title: str, short: bool) -> Content:
        style = "bold $accent" if name == self._focused else "$foreground" if name in self._shown else "$muted"
        text = f"{place}" if short and name != self._focused else f"{place} {title}"
        return Content.styled(text, style).stylize(Style.from_meta({"@click": f"app.focus_panel('{name}')"}))


class Desk(Container):
    """Holds the panels."""

    DEFAULT_CSS = """
    Desk { width: 1fr; height: 1fr; layers: panels; }
    Desk > Panel {
        position: absolute;
        border: round $line;
        border-title-color: $muted;
        border-subtitle-color: $muted;
        padding: 0 1;
    }
    Desk > Panel.-front {
        border: round $accent;
        border-title-color: $accent;
        border-title-style: bold;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="desk")
        self.panels: dict[str, Panel] = {}
        self.tabs: Tabs | None = None
        self.mode: Mode = "wide"
        self.zoomed = False
        self.focused_name = "loss"
        self._front = ("architecture", "loss")
        self._regions: dict[str, Region] | None = None
        self._wanted: dict[str, int] = {}

    def fill(self, kinds: Iterable[type[Panel]]) -> None:
        """Puts a panel of each kind on the desk."""
        for place, kind in enumerate(kinds, 1):
            panel = kind()
            panel.border_title = f"{place} {kind.TITLE}"
            self.panels[panel.scope()] = panel
        self.mount_all(self.panels.values())
        self.settle()
        self.go_to(self.focused_name if self.focused_name in self.panels else next(iter(self.panels), ""))

    @property
    def visible_panels(self) -> list[Panel]:
        """The panels that are on the screen."""
        return [panel for panel in self.panels.values() if panel.display]

    @property
    def focused_panel(self) -> Panel | None:
        """The panel in use."""
        return self.panels.get(self.focused_name)

    def go_to(self, name: str) -> None:
        """Brings a panel to the front and gives it the focus."""
        if name in self.panels:
            self._bring(name)
            panel = self.panels[name]
            if not panel.has_focus_within:
                self.screen.set_focus(panel, scroll_visible=False)  # at once, unlike `focus`: the next key may be there

    def go_along(self, direction: int) -> None:
        """Goes to the next panel, or the one before."""
        names = list(self.panels)
        if names:
            place = names.index(self.focused_name) if self.focused_name in names else 0
            self.go_to(names[(place + direction) % len(names)])

    def fit(self, snapshot: "Snapshot") -> None:
        """Asks the panels how many rows they need for a run."""
        needs = {name: panel.rows_wanted(snapshot) for name, panel in self.panels.items()}
        self._wanted = {name: rows for name, rows in needs.items() if rows is not None}
        self.settle()

    def zoom(self) -> None:
        """Gives the panel in use the whole desk, or puts it back."""
        self.zoomed = not self.zoomed
        self.settle()

    def places(self) -> dict[str, Offset]:
        """A place on the screen for each panel: its corner, or its name among the tabs."""
        found = {}
        for name, panel in self.panels.items():
            if panel.display:
                found[name] = panel.region.offset
            elif self.tabs is not None and self.tabs.display:
                found[name] = self.tabs.place(name)
        return found

    def on_descendant_focus(self) -> None:
        focused = self.screen.focused  # which may have moved on since the event was sent
        for node in focused.ancestors_with_self if focused is not None else ():
            if isinstance(node, Panel):
                self._bring(node.scope())
                return

    def on_resize(self) -> None:
        self.settle()

    def _bring(self, name: str) -> None:
        left, right = self._front
        self._front = (name, right) if name in LEFT else (left, name)
        changed, before, self.focused_name = name != self.focused_name, self.focused_name, name
        if changed and before in self.panels:
            self.panels[before].remove_class("-front")
        self.panels[name].add_class("-front")
        if changed or not self.panels[name].display:
            self.settle()

    def settle(self) -> None:
        """Puts every panel in its place for the present size, mode and focus."""
        regions = arrange(
            self.mode,
            self.size.width,
            self.size.height,
            tuple(self.panels),
            self._front,
            self.focused_name,
            self.zoomed,
            self._wanted,
        )
        if regions != self._regions:
            self._regions = regions
            with self.app.batch_update():
                for name, panel in self.panels.items():
                    panel.display = name in regions
                    if region := regions.get(name):
                        panel.styles.offset = region.offset
                        panel.styles.width, panel.styles.height = region.size
        if self.tabs is not None:
            self.tabs.display = self.mode in ("two", "one") and len(self.panels) > 0
            if self.tabs.display:
                names = [(name, panel.TITLE) for name, panel in self.panels.items()]
                self.tabs.show(names, set(regions), self.focused_name)
