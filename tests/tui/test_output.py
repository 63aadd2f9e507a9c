"""The tight form of an update shows what Textual's own form shows, in a terminal of three escape sequences."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.events import Key
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from engine import load_experiment
from tui.app import Workbench
from tui.output import Pen, Stretch, Terminal, TightUpdate, pen_of

WIDTH, HEIGHT = 24, 5
STYLES = [
    Style.parse(text)
    for text in (
        "",
        "bold",
        "red",
        "#102030 on #405060",
        "bold italic #102030",
        "on #ff0000",
        "underline green on blue",
    )
]
TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[(\d+)C|\x1b\[([\d;]*)m|(.)", re.S)


Cells = dict[tuple[int, int], tuple[str, tuple[str, ...]]]


def shown(written: str) -> Cells:
    """Cell by cell what a terminal shows: the character, and its style as sorted attributes."""
    cells: Cells = {}
    row = column = 0
    state: dict[str, str] = {}
    for down, right, ahead, codes, character in TOKEN.findall(written):
        if down:
            row, column = int(down) - 1, int(right) - 1
        elif ahead:
            column += int(ahead)
        elif character == "\n":
            row, column = row + 1, 0
        elif character:
            cells[row, column] = (character, tuple(f"{key}={value}" for key, value in sorted(state.items())))
            column += 1
        else:
            parts = codes.split(";") if codes else ["0"]
            while parts:
                code = parts.pop(0)
                if code == "0":
                    state.clear()
                elif code in ("38", "48"):
                    state[code] = ",".join(parts[:4])
                    parts = parts[4:]
                elif 30 <= int(code) <= 37 or 40 <= int(code) <= 47:
                    state["38" if code[0] == "3" else "48"] = code
                else:
                    state[code] = "on"
    return cells


def update(seed: int) -> ChopsUpdate:
    draw = np.random.default_rng(seed)
    chops: list[dict[int, Strip | None]] = []
    ends = []
    for _ in range(HEIGHT):
        cuts = [0, *sorted(draw.choice(np.arange(2, WIDTH - 1), 2, replace=False).tolist()), WIDTH]
        line: dict[int, Strip | None] = {}
        for start, end in pairwise(cuts):
            letters = [
                Segment(chr(97 + int(draw.integers(26))), STYLES[draw.integers(len(STYLES))]) for _ in range(start, end)
            ]
            line[start] = Strip(letters) if draw.random() > 0.2 else None
        chops.append(line)
        ends.append(cuts[1:])
    spans = []
    for y in range(HEIGHT):
        for _ in range(int(draw.integers(3))):
            first, last = sorted(draw.choice(WIDTH + 1, 2, replace=False).tolist())
            spans.append((y, first, last))
    return ChopsUpdate(chops, spans or [(0, 0, 4)], ends)


@pytest.mark.parametrize("seed", range(60))
def test_the_changed_cells_are_those_of_the_strips(seed: int) -> None:
    made, console = update(seed), Console(color_system="truecolor", force_terminal=True)
    cells = shown(Terminal().told(made).render_segments(console))
    wanted = {}
    for y, x1, x2 in made.spans:
        for x, strip in made.chops[y].items():
            for place, segment in enumerate(strip or []):
                if x1 <= x + place < x2:
                    wanted[y, x + place] = next(iter(shown(segment.style.render(segment.text)).values()))
    assert cells == wanted


def test_it_ends_in_the_plain_style_and_is_shorter_than_textual_s() -> None:
    made, console = update(3), Console(color_system="truecolor", force_terminal=True)
    tight, full = Terminal().told(made).render_segments(console), made.render_segments(console)
    assert tight.endswith("\x1b[0m")
    assert len(tight) < len(full)


def test_a_pen_says_only_what_changes() -> None:
    system = Console(color_system="truecolor", force_terminal=True)._color_system
    assert system is not None
    red, bold_red = (
        pen_of(Style.parse("#ff0000 on #000000"), system),
        pen_of(Style.parse("bold #ff0000 on #000000"), system),
    )
    green = pen_of(Style.parse("#00ff00 on #000000"), system)
    assert red.change_to(red) == ""
    assert red.change_to(green) == "\x1b[38;2;0;255;0m"
    assert red.change_to(bold_red) == "\x1b[0;1;38;2;255;0;0;48;2;0;0;0m"
    assert red.change_to(Pen()) == "\x1b[0m"


async def test_the_updates_of_a_run_add_up_to_the_screen(
    until: Callable[[Pilot[int], Callable[[], bool]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    console, terminal, tight = Console(color_system="truecolor", force_terminal=True), Cells(), list[str]()

    def receive(self: App[Any], screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate):
            written = update.render_segments(console)
            terminal.update(shown(written))
            tight.extend([written] if isinstance(update, TightUpdate) else [])

    monkeypatch.setattr(App, "_display", receive)
    app = Workbench(load_experiment("spiral", {"epochs": 100_000}))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._session is not None and app.snapshot.activity == "paused")
        await pilot.press("space")
        for key in ("5", "f", "f", "question_mark", "escape", "3"):
            app.post_message(Key(key, None))
            await until(pilot, partial(lambda frame: app._frames > frame, app._frames + 3))
        await pilot.press("space")
        await until(pilot, lambda: app.snapshot.activity == "paused")
        await until(pilot, lambda: not app.bench._dirty_widgets)
        lines = ("".join(segment.style.render(segment.text) if segment.style else segment.text for segment in strip)
                 for strip in app.bench._compositor.render_strips())  # fmt: skip
        assert len(tight) > 10
        assert terminal == shown("\n".join(lines))


def line(text: str, style: str = "red") -> TightUpdate:
    return TightUpdate([Stretch(2, 4, Strip([Segment(text, Style.parse(style))]))])


def test_what_the_terminal_shows_already_is_not_written_again() -> None:
    console, terminal = Console(color_system="truecolor", force_terminal=True), Terminal()

    def written(update: TightUpdate) -> str:
        told = terminal.told(update)
        assert isinstance(told, TightUpdate)
        return told.render_segments(console)

    assert written(line("step 17 of 20")) == "\x1b[3;5H\x1b[31mstep 17 of 20\x1b[0m"
    assert written(line("step 17 of 20")) == ""
    assert written(line("step 18 of 30")) == "\x1b[3;11H\x1b[31m8\x1b[4C3\x1b[0m"
    assert written(line("step 18 of 30", "green")) == "\x1b[3;5H\x1b[32mstep 18 of 30\x1b[0m"
    assert written(line("步 17 of 20")) == "\x1b[3;5H\x1b[31m步 17 of 20\x1b[0m"
    assert written(line("步 18 of 20")) == "\x1b[3;5H\x1b[31m步 18 of 20\x1b[0m"
    terminal.told(Strip([Segment("anything else")]))
    assert written(line("step 18 of 30")) == "\x1b[3;5H\x1b[31mstep 18 of 30\x1b[0m"


def test_a_terminal_is_never_told_to_obey_a_text() -> None:
    console, terminal = Console(color_system="truecolor", force_terminal=True), Terminal()
    text, seen = "a\x1b[2J\x1b]0;title\x07 b\x9b2J\n\x00\x08c", "a[2J]0;title b2Jc"
    part = terminal.told(line(text))
    assert isinstance(part, TightUpdate)
    assert part.render_segments(console) == f"\x1b[3;5H\x1b[31m{seen}\x1b[0m"
    style = Style.parse("red")
    whole = terminal.told(LayoutUpdate([[Strip([Segment(text, style)])]], Region(0, 0, 20, 1)))
    assert isinstance(whole, LayoutUpdate)
    assert whole.render_segments(console) == f"\x1b[1;1H\x1b[31m{seen}\x1b[0m"
