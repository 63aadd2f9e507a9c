"""Thousands of random events in whatever state they lead to: keys, typing, pasting, the mouse, sizes, dialogs.

NN_TUI_RANDOM_EVENTS says how many (20000 for the long run), NN_TUI_RANDOM_SEED which.
"""

import asyncio
import os
import random
import string
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hosting import Until
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from engine import BadInput
from tui.actions import ACTIONS, Action
from tui.app import Workbench
from tui.bench import Bench
from tui.help import Help
from tui.jump import Jump
from tui.opening import Opening
from tui.panels.data import DataPanel
from tui.panels.form_panel import FormPanel
from tui.panels.views import VIEWS
from tui.preferences import NewKey, Preferences
from tui.screens.draw import DrawScreen
from tui.screens.pad import Pad
from tui.screens.plane import PlaneScreen
from tui.screens.seeing import SeeingScreen
from tui.screens.view import View
from tui.search import Palette
from tui.welcome import Offer, Welcome

CHARACTERS = {_character_to_key(each): each for each in string.printable[:95]}
MOVES = ["up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "space"]
OTHERS = ["escape", "backspace", "delete", "tab", "shift+tab", "ctrl+c", "ctrl+u", "ctrl+a", "f5", "insert"]
RUN = ["space", "space", "s", "e", "b", "B", "r", "n", "u", "U"]
SIZES = [(200, 60), (120, 40), (120, 40), (110, 30), (80, 24), (75, 24), (60, 20), (40, 12), (40, 10)]
TINY = [(39, 9), (200, 2), (2, 2), (1, 60), (1, 1), (20, 10), (3, 40)]
VALUES = ["0.1", "1e-3", "0", "-1", "7", "24", "1e99", "nan", "inf", "", "relu", "[8, 4]", "[1,", "x" * 80, "0.5, 0.5"]
VALUES += ["é漢🙂", "\t", "a\nb\nc", "[red]b", "\x1b[A", "none", "true", "3.5", "12", "{name = 'he_normal'}"]
PRESETS = [
    "spiral",
    "xor-mlp",
    "playground",
    "overfit",
    "digits",
    "digits-cnn",
    "digits-residual",
    "autoencoder",
    "exploding",
    "dead-relu",
]
FILES = {
    "table.toml": 'epochs = 60\n[data]\nname = "wine"\n[model]\nname = "mlp"\nhidden = [8]\n',
    "plane.toml": '[data]\nname = "reg_gauss"\n[model]\nname = "mlp"\nhidden = [6]\n[loss]\nname = "mse"\n',
    "curve.toml": 'epochs = 60\n[data]\nname = "sine"\n[model]\nname = "mlp"\nhidden = [6]\n[loss]\nname = "mse"\n',
    "pairs.toml": '[data]\nname = "digits"\n[model]\nname = "cnn"\nchannels = [4]\n[augmentation]\ncrop = 1\n',
    "nan.toml": 'epochs = 9\n[data]\nname = "digits"\n[model]\nname = "mlp"\nhidden = [9]\n[optimizer]\nlr = 1e6\n',
    "gone.toml": '[data]\nname = "csv"\npath = "nope.csv"\n',
    "wrong.toml": "epochs = [",
}


class Restless(Workbench):
    """A workbench that cannot be quit, and remembers what it said."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.said: list[str] = []

    async def action_quit(self) -> None:
        return

    def notify(self, message: str, **options: Any) -> None:
        self.said.append(f"{options.get('severity', 'information')}: {message}")
        super().notify(message, **options)


class Person:
    """Someone who does anything at all, but looks where they are, and so gets everywhere."""

    def __init__(self, app: Restless, pilot: Pilot[int], dice: random.Random) -> None:
        self.app, self.pilot, self.dice = app, pilot, dice
        self.done = 0
        self.last: deque[str] = deque(maxlen=60)
        self.met: Counter[str] = Counter()
        self.still: list[str] = []  # what is opened next

    # ------------------------------------------------------------------------------------------ single events

    async def post(self, event: events.Event, told: str) -> None:
        """Sends an event; now and then waits until it has had its effect."""
        self.done += 1
        self.last.append(told)
        self.app.post_message(event)
        if self.dice.random() < 0.3:
            await self.pilot.pause(0)
        self.look()

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.post(events.Key(key, CHARACTERS.get(key)), key)

    async def write(self, text: str) -> None:
        for character in text:
            key = _character_to_key(character)
            await self.post(events.Key(key, character), repr(character))

    async def paste(self, text: str) -> None:
        await self.post(events.Paste(text), f"paste {text!r}")

    async def mouse(self, kind: type[events.MouseEvent], x: int, y: int, button: int = 0, shift: bool = False) -> None:
        event = kind(None, x, y, 0, 0, button, shift, False, False, x, y)
        await self.post(event, f"{kind.__name__} {x},{y} {button}")

    async def resize(self, width: int, height: int) -> None:
        self.done += 1
        self.last.append(f"{width}x{height}")
        self.met[f"size {'tiny' if width < 40 or height < 10 else 'usual'}"] += 1
        await self.pilot.resize_terminal(width, height)

    # ------------------------------------------------------------------------------------------ what is there

    def look(self) -> None:
        """Where this is; and nothing has failed."""
        screen, snapshot = self.app.screen, self.app.session.snapshot
        assert snapshot.failure is None, snapshot.failure
        self.met[type(screen).__name__] += 1
        self.met[snapshot.activity] += 1
        if screen is not self.app.bench:
            return
        panel = self.app.bench.desk.focused_panel
        if isinstance(panel, FormPanel) and panel.form.busy:
            self.met[f"typing in {panel.scope()}"] += 1
        if isinstance(panel, DataPanel) and panel.view is not None:
            self.met[f"view {panel.view.name}"] += 1

    def place(self) -> tuple[int, int]:
        """Somewhere on the screen; mostly on a widget, which each have the same chance."""
        width, height = self.app.size
        shown = [each.region for each in self.app.screen.walk_children() if each.region.area]
        if shown and self.dice.random() < 0.8:
            region = self.dice.choice(shown)
            x, y = region.x + self.dice.randrange(region.width), region.y + self.dice.randrange(region.height)
            return min(max(0, x), width - 1), min(max(0, y), height - 1)
        return self.dice.randrange(width), self.dice.randrange(height)

    def missed(self) -> list[str]:
        """Where this has not been yet."""
        return [name for name in EVERYWHERE if not self.met[name]]

    def key_of(self, actions: tuple[Action, ...]) -> str:
        return self.dice.choice([key for action in actions for key in action.keys.split(",") if key])

    # ------------------------------------------------------------------------------------------ gestures

    async def act(self) -> None:
        """Does something that fits where this is, or does not."""
        screen, dice = self.app.screen, self.dice
        for kind, gesture in SCREENS.items():
            if isinstance(screen, kind) and dice.random() < 0.8:
                await gesture(self, screen)
                return
        gestures, weights = zip(*GESTURES, strict=True)
        await dice.choices(gestures, weights)[0](self)

    async def walk(self) -> None:
        """A panel and its keys."""
        panels = self.app.bench.desk.panels
        place = self.dice.randrange(len(panels))
        await self.keys(str(place + 1))
        for _ in range(self.dice.randint(2, 10)):
            await self.keys(self.key_of(list(panels.values())[place].ACTIONS))

    async def run(self) -> None:
        for _ in range(self.dice.randint(1, 4)):
            await self.keys(self.dice.choice(RUN))

    async def fill(self) -> None:
        """A value of a form is typed, pasted or chosen, and taken or left."""
        await self.keys("escape", self.dice.choice("12"))
        await self.keys(*self.dice.choices(MOVES[:8], k=self.dice.randint(0, 3)), "enter")
        for _ in range(self.dice.randint(0, 3)):
            await self.keys(*self.dice.choices([*MOVES[:8], "space", "backspace", "delete"], k=self.dice.randint(0, 3)))
            await (self.write if self.dice.random() < 0.7 else self.paste)(self.dice.choice(VALUES)[:12])
        await self.keys(self.dice.choice(["enter", "enter", "escape", "tab", "1", "ctrl+p"]))

    async def click(self) -> None:
        x, y = self.place()
        button = self.dice.choice([1, 1, 1, 2, 3])
        await self.mouse(events.MouseMove, x, y)
        for _ in range(self.dice.choice([1, 1, 2, 3])):
            await self.mouse(events.MouseDown, x, y, button)
            await self.mouse(events.MouseUp, x, y, button)

    async def drag(self) -> None:
        (x, y), (width, height) = self.place(), self.app.size
        button = self.dice.choice([1, 1, 3])
        await self.mouse(events.MouseDown, x, y, button)
        for _ in range(self.dice.randint(1, 8)):
            x, y = x + self.dice.randint(-9, 9), y + self.dice.randint(-4, 4)
            await self.mouse(events.MouseMove, min(max(0, x), width - 1), min(max(0, y), height - 1), button)
        if self.dice.random() < 0.9:
            await self.mouse(events.MouseUp, min(max(0, x), width - 1), min(max(0, y), height - 1), button)

    async def wheel(self) -> None:
        x, y = self.place()
        kinds = [events.MouseScrollUp, events.MouseScrollDown, events.MouseScrollLeft, events.MouseScrollRight]
        for _ in range(self.dice.randint(1, 6)):
            await self.mouse(self.dice.choice(kinds), x, y, shift=self.dice.random() < 0.2)

    async def any_key(self) -> None:
        tables = [ACTIONS, *(panel.ACTIONS for panel in self.app.bench.desk.panels.values())]
        for _ in range(self.dice.randint(1, 4)):
            await self.keys(self.dice.choice([self.key_of(self.dice.choice(tables)), self.dice.choice(MOVES + OTHERS)]))

    async def arrange(self) -> None:
        await self.keys(self.dice.choice(["f", "f", "tab", "shift+tab", "escape", "apostrophe"]))

    async def call(self) -> None:
        """Opens what lies over the workbench."""
        ways = [["o"], ["colon"], ["ctrl+p"], ["ctrl+s"], ["question_mark"], ["ctrl+p", *"welcome", "enter"]]
        await self.keys("escape", *self.dice.choice(ways))
        await self.pilot.pause(0)

    async def look_inside(self) -> None:
        await self.keys("escape", "5", self.dice.choice("di"))
        await self.pilot.pause(0)

    async def change_size(self) -> None:
        await self.resize(*self.dice.choice(SIZES))

    async def storm(self) -> None:
        """Many sizes while it trains, the least ones too."""
        await self.keys("space")
        for _ in range(self.dice.randint(3, 9)):
            await self.resize(*self.dice.choice([*TINY, (self.dice.randint(1, 200), self.dice.randint(1, 60))]))
            await self.keys(self.dice.choice(MOVES + RUN))
        await self.resize(*self.dice.choice(SIZES))

    async def open(self) -> None:
        """Another experiment, once the present one is there; the keys are as they were, or escape may lead nowhere."""
        await self.rest()
        self.still = self.still or self.dice.sample([*PRESETS, *FILES], len(PRESETS) + len(FILES))
        name = self.still.pop()
        self.app.change_settings(keys={})
        for _ in range(4):
            await self.keys("escape")
            await self.pilot.pause(0)
        await self.keys("o")
        await self.pilot.pause(0)
        if isinstance(self.app.screen, Opening):
            await self.paste(name)
            await self.keys("enter")
            await self.pilot.pause(0)
            await self.rest()
            self.met[f"opened {name}"] += 1
            if name == "nan.toml":
                await self.keys("e")
                await self.rest()
                self.look()
            await self.keys("5", self.dice.choice("vV"))
            await self.run()

    async def rest(self) -> None:
        """Waits for the session, as a person does."""
        try:
            await asyncio.wrap_future(self.app.session.ask(lambda trainer: None))
        except BadInput:
            self.met["no network"] += 1
        await self.pilot.pause()

    # ------------------------------------------------------------------------------------------ over the workbench

    async def in_list(self, screen: Screen[Any]) -> None:
        """Words that are there, or are not; then up and down, and in or out."""
        if isinstance(screen, Palette) and screen.found:
            words = self.dice.choice(screen.found).text.lower()
            words = words.removeprefix("open ") if "mnist" not in words and "cifar" not in words else "layer"
        else:
            words = self.dice.choice([*PRESETS, "saved", "nothing of this name", "~/x.toml", "/", "nan.toml"])
        for box in screen.query(Input):
            box.focus()
        await self.keys("ctrl+u", *"x" * self.dice.randint(0, 1))
        await (self.paste if self.dice.random() < 0.5 else self.write)(words[: self.dice.randint(3, 30)])
        await self.keys(*self.dice.choices(["down", "up", "pagedown", "tab"], k=self.dice.randint(0, 3)))
        await self.keys("enter" if self.dice.random() < 0.7 else "escape")
        await self.pilot.pause(0)

    async def in_settings(self, screen: Screen[Any]) -> None:
        if self.dice.random() < 0.3:
            await self.keys("pagedown", "enter")  # a key of its own for an action
        await self.keys(*self.dice.choices([*MOVES[:2], *MOVES[4:9]], k=self.dice.randint(1, 6)))
        if self.dice.random() < 0.4:
            await self.keys("escape")

    async def in_drawing(self, screen: Screen[Any]) -> None:
        if self.dice.random() < 0.3:
            await self.drag()
        await self.keys(*(self.key_of((*Pad.ACTIONS, *DrawScreen.ACTIONS)) for _ in range(self.dice.randint(1, 8))))
        await self.leave(0.15)

    async def in_seeing(self, screen: Screen[Any]) -> None:
        await self.keys(*(self.key_of((*SeeingScreen.ACTIONS, *View.ACTIONS)) for _ in range(self.dice.randint(1, 8))))
        await self.leave(0.15)

    async def on_plane(self, screen: Screen[Any]) -> None:
        await self.keys(*(self.key_of(PlaneScreen.ACTIONS) for _ in range(self.dice.randint(1, 8))))
        await self.leave(0.15)

    async def reading(self, screen: Screen[Any]) -> None:
        await self.keys(*self.dice.choices(MOVES[:8], k=self.dice.randint(0, 3)))
        await self.leave(0.6)

    async def answer(self, screen: Screen[Any]) -> None:
        await self.keys(self.dice.choice([*"asdfjkl", "f7", "f8", "ctrl+t", "escape", "escape", "enter"]))

    async def leave(self, chance: float) -> None:
        if self.dice.random() < chance:
            await self.keys("escape")
        await self.pilot.pause(0)


SCREENS: dict[type[Screen[Any]], Callable[[Person, Screen[Any]], Awaitable[None]]] = {
    Palette: Person.in_list, Opening: Person.in_list, Preferences: Person.in_settings, NewKey: Person.answer,
    DrawScreen: Person.in_drawing, SeeingScreen: Person.in_seeing, Help: Person.reading, Welcome: Person.reading,
    Jump: Person.answer, Offer: Person.answer, PlaneScreen: Person.on_plane,
}  # fmt: skip
GESTURES = [
    (Person.walk, 30), (Person.run, 12), (Person.fill, 14), (Person.click, 10), (Person.drag, 6), (Person.wheel, 5),
    (Person.any_key, 12), (Person.arrange, 5), (Person.call, 8), (Person.look_inside, 7), (Person.change_size, 4),
    (Person.storm, 2), (Person.open, 8),
]  # fmt: skip

LONG = 5000  # events, in which everywhere has to be reached; if need be it goes on for three times as many
EVERYWHERE = [
    *(kind.__name__ for kind in (*SCREENS, Bench) if kind is not Offer),
    *(f"opened {name}" for name in (*PRESETS, *FILES)), *(f"view {view.name}" for view in VIEWS),
    "typing in architecture", "typing in optimizer", "size tiny", "playing", "paused", "diverged",
    "finished",
]  # fmt: skip


async def test_random_events_break_nothing(until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = int(os.environ.get("NN_TUI_RANDOM_EVENTS", "600"))
    seed = int(os.environ.get("NN_TUI_RANDOM_SEED", "7"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NN_TUI_DATA", raising=False)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: stray.append(context))
    app = Restless("xor-mlp")
    person: Person | None = None
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app._session is not None and bool(app.session.snapshot.nodes and app.presets))
            person = Person(app, pilot, random.Random(seed))
            while person.done < count or (count >= LONG and person.missed() and person.done < 3 * count):
                assert app.is_running
                await person.act()
            await at_home(app, pilot, until)
    except BaseException as error:
        if person is not None:
            error.add_note(f"seed {seed}, after {person.done} events; the last: {' | '.join(person.last)}")
        raise
    assert not stray
    assert not [line for line in app.said if line.startswith("error") or "bug" in line]
    log = app.store.log_file.read_text()
    assert not [line for line in log.splitlines() if " ERROR " in line or "Traceback" in line]
    if count >= LONG:
        assert not person.missed()


async def at_home(app: Restless, pilot: Pilot[int], until: Until) -> None:
    """Whatever was done: escape leads to the workbench, another experiment opens, and a key takes a step."""
    assert app.is_running
    await pilot.resize_terminal(120, 40)
    app.change_settings(keys={})
    for _ in range(6):
        await pilot.press("escape")
    assert app.screen is app.bench
    assert app.session._thread.is_alive()
    await pilot.press("o")
    app.screen.query_one(Input).value = "xor-mlp"
    await pilot.press("enter")
    await until(pilot, lambda: app.session.snapshot.experiment.data.name == "gate" and app.session.snapshot.step == 0)
    await pilot.press("s")
    await until(pilot, lambda: "step 1" in app.bench.header.render().plain)
