"""The settings screen: theme, frame rate, what is shown at the start, and the keys."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from textual import events, on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import Action, keys_of
from tui.dialog import Choices, Dialog
from tui.settings import Settings, usable_keys
from tui.themes import NAMES

if TYPE_CHECKING:
    from tui.app import Workbench

FRAME_RATES = (2, 5, 10, 15, 20, 30)


class NewKey(Dialog[str]):
    """Waits for a key and gives it, whatever it does elsewhere; escape gives none."""

    DEFAULT_CSS = """
    NewKey > VerticalScroll { width: 44; }
    """
    HEADING = "New key"
    FOOT = "esc keeps the old one"

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action = action

    def body(self) -> list[Widget]:
        return [Static(Content(f"Press the key for: {self._action.lower()}"))]

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(None if event.key == "escape" else event.key)


class Preferences(Dialog[None]):
    """A list of settings; enter changes the one in front, at once and for ever."""

    DEFAULT_CSS = """
    Preferences > VerticalScroll { width: 72; }
    Preferences OptionList { max-height: 20; }
    Preferences Static { color: $muted; height: auto; padding: 0 2; }
    """
    HEADING = "Settings"
    FOOT = "enter changes, esc closes"

    def __init__(self, actions: Mapping[str, Action], name: str = "") -> None:
        """Begins at the setting of that name."""
        super().__init__()
        self._actions, self._first = actions, name

    @property
    def _workbench(self) -> "Workbench":
        return cast("Workbench", self.app)

    def body(self) -> list[Widget]:
        return [Static(str(self._workbench.store.settings_file)), Choices(), Static("", id="meaning")]

    def on_mount(self) -> None:
        self._fill()
        if self._first:
            choices = self.query_one(Choices)
            choices.highlighted = choices.get_option_index(self._first)

    def _fill(self) -> None:
        settings, options = self._workbench.settings, self.query_one(Choices)
        front = options.highlighted or 0
        options.clear_options()
        for name in Settings.model_fields:
            if name != "keys":
                value = getattr(settings, name)
                shown = ("no", "yes")[value] if isinstance(value, bool) else str(value)
                options.add_option(Option(_line(name.replace("_", " ").capitalize(), shown), id=name))
        for name, action in self._actions.items():
            scope = name.partition(".")[0]
            keys = " ".join(keys_of(action, scope, settings.keys)) or "none"
            place = "" if scope == "app" else f"{scope}: "
            options.add_option(Option(_line(f"Key of {place}{action.label.lower()}", keys), id=f"keys.{name}"))
        options.highlighted = min(front, options.option_count - 1)

    @on(OptionList.OptionHighlighted)
    def _explain(self, event: OptionList.OptionHighlighted) -> None:
        name = event.option.id or ""
        action = self._actions.get(name.removeprefix("keys."))
        meaning = action.help if action is not None else Settings.model_fields[name].description or ""
        self.query_one("#meaning", Static).update(Content(meaning))

    @on(OptionList.OptionSelected)
    def _change(self, event: OptionList.OptionSelected) -> None:
        name, settings = event.option.id or "", self._workbench.settings
        if name.startswith("keys."):
            action = name.removeprefix("keys.")
            self.app.push_screen(NewKey(self._actions[action].label), lambda key: self._remap(action, key))
        elif name == "theme":
            self._workbench.change_settings(theme=_after(NAMES, settings.theme))
        elif name == "frames_per_second":
            self._workbench.change_settings(frames_per_second=_after(FRAME_RATES, settings.frames_per_second))
        else:
            self._workbench.change_settings(**{name: not getattr(settings, name)})
        self._fill()

    def _remap(self, name: str, key: str | None) -> None:
        if key is None:
            return
        settings = self._workbench.settings
        good, problems = usable_keys({**settings.keys, name: key}, self._actions)
        if problems:
            self.notify(problems[0], severity="warning", markup=False)
        else:
            if {each.strip() for each in self._actions[name].keys.split(",")} == {key}:
                del good[name]
            self._workbench.change_settings(keys=good)
        self._fill()


def _line(name: str, value: str) -> Content:
    return Content.assemble(f"{name:<38} ", (value, "bold $accent"))


def _after(choices: tuple[Any, ...], present: Any) -> Any:
    place = choices.index(present) if present in choices else -1
    return choices[(place + 1) % len(choices)]
