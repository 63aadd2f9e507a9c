"""The command palette: whatever the workbench can do is found by typing, wherever the focus is."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, NamedTuple

from textual import on
from textual.content import Content
from textual.events import Resize
from textual.fuzzy import Matcher
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.actions import ACTIONS, PANELS, Action, keys_of
from tui.dialog import AROUND, LOW, Choices, Finder
from tui.settings import Settings
from tui.themes import NAMES
from tui.words import shortened

if TYPE_CHECKING:
    from tui.app import Workbench

TALLEST = 22  # rows of the list on a high screen
ENDING = re.compile(r"(?<=\w{4})([iy][sz])?(ations?|ions?|ings?|ed|ers?|es|e|s)?$")  # "normalise", "normalization"
ROOMY = 56  # columns from which on what a command does has a place beside its name


class Entry(NamedTuple):
    """A line of the palette: what it is called, what it does, the keys that do the same, and how it is done."""

    text: str
    help: str
    keys: str
    run: Callable[[], "Awaitable[object] | None"]


class Choice(Option):
    """An entry in the list."""

    def __init__(self, entry: Entry, width: int, names: int) -> None:
        super().__init__(_line(entry, width, names))
        self.entry = entry


class Palette(Finder[Entry]):
    """Words are searched in names first, then in what the commands do; the result is the chosen entry."""

    DEFAULT_CSS = """
    Palette OptionList { max-height: 24; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    HEADING = "Commands"
    FOOT = "enter runs it, esc closes"

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._entries = entries
        self._found: Sequence[Entry] = entries

    def body(self) -> list[Widget]:
        return [Input(placeholder="type a word: adam, dropout, confusion, draw, theme"), Choices()]

    @property
    def found(self) -> Sequence[Entry]:
        """What is listed, the best first."""
        return self._found

    def on_resize(self, event: Resize) -> None:
        room = event.size.height - (AROUND if event.size.height >= LOW else AROUND - 2)
        self.query_one(Choices).styles.height = min(TALLEST, max(3, room))
        self.call_after_refresh(self._list)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._found = matching(self._entries, event.value)
        self._list()

    @on(Input.Submitted)
    def _submit(self) -> None:
        option = self.query_one(Choices).highlighted_option
        if isinstance(option, Choice):
            self.dismiss(option.entry)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if isinstance(event.option, Choice):
            self.dismiss(event.option.entry)

    def _list(self) -> None:
        options = self.query_one(Choices)
        width = max(1, options.size.width - 4)
        names = min(36, max((len(entry.text) for entry in self._entries), default=0))
        options.clear_options()
        options.add_options(Choice(entry, width, names) for entry in self._found)
        if self._found:
            options.highlighted = 0
        else:
            options.add_option(Option(Content.styled("nothing of that name", "$muted"), disabled=True))


def matching(entries: Sequence[Entry], query: str) -> list[Entry]:
    """The entries with every word of the query: in the name, from a word's start, before elsewhere, before in what it
    does; where there are none, those whose names have its letters in this order."""
    words = query.lower().split()
    if not words:
        return list(entries)
    stems = [(word, stem(word)) for word in words]
    ranks = [_ranks(entry, stems) for entry in entries]
    if ranked := [(sum(far), place) for place, far in enumerate(ranks) if far is not None]:
        return [entries[place] for _, place in sorted(ranked)]
    matcher = Matcher(query)
    scores = [(-matcher.match(entry.text), place) for place, entry in enumerate(entries)]
    return [entries[place] for score, place in sorted(scores) if score < 0]


def _ranks(entry: Entry, words: Sequence[tuple[str, re.Pattern[str]]]) -> list[int] | None:
    """How far off each word is, 0 to 7; None where one of them is nowhere."""
    text, about = entry.text.lower(), entry.help.lower()
    whole = re.findall(r"\w+", text)
    hits = [
        (
            word in whole[:1], word in whole, text.startswith(word), f" {word}" in text, word in text, word in about,
            stem.search(text) is not None, stem.search(about) is not None,
        )
        for word, stem in words
    ]  # fmt: skip
    return [hit.index(True) for hit in hits] if all(map(any, hits)) else None


def stem(word: str) -> re.Pattern[str]:
    """Finds words that begin as this one without its ending: "rotation" for "rotate"."""
    beginning = ENDING.sub("", word).replace("grey", "gray").replace("colour", "color")
    return re.compile(rf"(?<![a-z]){re.escape(beginning)}")


def _line(entry: Entry, width: int, names: int) -> Content:
    """Name, meaning and keys in so many columns; the meaning goes first where there is no room."""
    keys = entry.keys if len(entry.keys) + 12 <= width else ""
    room = width - len(keys) - 1
    text = f"{entry.text:<{names}} " if width >= ROOMY else entry.text
    about = entry.help if width >= ROOMY else ""
    about, text = shortened(about, room - len(text)), shortened(text, room)
    gap = " " * max(1, width - len(text) - len(about) - len(keys))
    return Content.assemble((text, "$foreground"), (about, "$muted"), gap, (keys, "bold $accent"))


# ------------------------------------------------------------------------------------------------ what there is


def everything(workbench: "Workbench") -> list[Entry]:
    """All there is: the actions of the screen or panel in use first, then the program's and those of the other panels,
    the presets and the program's settings, what can be gone to or chosen in the panels, and the layers."""
    parts = (_here, _program, _elsewhere, _rest, _choices, _layers)
    return [entry for part in parts for entry in part(workbench)]


def _here(workbench: "Workbench") -> Iterator[Entry]:
    screen = workbench.screen
    if screen is workbench.bench:
        panel = workbench.bench.desk.focused_panel
        yield from _panel(workbench, panel.scope()) if panel is not None else ()
        return
    target = workbench.focused or screen
    for node in (target, screen) if target is not screen else (screen,):
        scope = getattr(node, "SCOPE", "") or type(node).__name__.lower()
        for action in getattr(node, "ACTIONS", ()):
            title = f"{scope.capitalize()}: "
            yield _entry(workbench, action, scope, title, partial(workbench.run_action, action.call, node))


def _program(workbench: "Workbench") -> Iterator[Entry]:
    for action in ACTIONS:
        if action.id in ("command_palette", "leave"):
            continue
        run: Callable[[], Awaitable[object]] = partial(workbench.run_action, f"app.{action.call}")
        if action.group == PANELS:
            run = partial(workbench.run_on_bench, action.call)
        title = "Go to " if action.id.startswith("focus_panel:") else ""
        yield _entry(workbench, action, "app", title, run)


def _elsewhere(workbench: "Workbench") -> Iterator[Entry]:
    desk = workbench.bench.desk
    for name in desk.panels:
        if name != desk.focused_name or workbench.screen is not workbench.bench:
            yield from _panel(workbench, name)


def _choices(workbench: "Workbench") -> Iterator[Entry]:
    for name, panel in workbench.bench.desk.panels.items():
        yield from _table(workbench, name, panel.choices())


def _panel(workbench: "Workbench", name: str) -> Iterator[Entry]:
    yield from _table(workbench, name, workbench.bench.desk.panels[name].ACTIONS)


def _table(workbench: "Workbench", name: str, actions: Iterable[Action]) -> Iterator[Entry]:
    for action in actions:
        run = partial(workbench.run_on_bench, action.call, name)
        yield _entry(workbench, action, name, f"{name.capitalize()}: ", run)


def _layers(workbench: "Workbench") -> Iterator[Entry]:
    for node in workbench.snapshot.nodes if workbench.bench.desk.panels else ():
        select = partial(setattr, workbench, "selected_node", node.name)
        yield Entry(f"Layer {node.name}", "Select this layer in every panel", "", select)


def _rest(workbench: "Workbench") -> Iterator[Entry]:
    for preset in workbench.presets:
        yield Entry(f"Open {preset.name}", preset.title, "", partial(workbench.open_choice, preset.name))
    for name in NAMES:
        run = partial(workbench.change_settings, theme=name)
        yield Entry(f"Theme {name}", "Colours of the screen, at once and for ever", "", run)
    for name, field in Settings.model_fields.items():
        if name not in ("theme", "keys"):
            run = partial(workbench.action_settings, name)
            yield Entry(f"Settings: {name.replace('_', ' ')}", field.description or "", "", run)


def _entry(
    workbench: "Workbench", action: Action, scope: str, prefix: str, run: Callable[[], Awaitable[object]]
) -> Entry:
    return Entry(f"{prefix}{action.label}", action.help, " ".join(keys_of(action, scope, workbench.remapped)), run)


async def run_entry(entry: Entry | None) -> None:
    """Does what was chosen."""
    if entry is not None and isawaitable(done := entry.run()):
        await done
