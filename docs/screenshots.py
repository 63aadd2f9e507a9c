"""Takes the pictures that README.md shows: `python docs/screenshots.py [NAME ...]` writes docs/images/NAME.svg.

Each is the real program on a seeded run. It is driven through Textual's pilot: keys, and commands to the session whose
end is awaited. Only speed and time at the top differ from one day to the next.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from textual.geometry import Region
from textual.pilot import Pilot

from engine import load_experiment
from tui.app import Workbench
from tui.export import as_svg, strips
from tui.panels.data import DataPanel
from tui.screens.draw import DrawScreen
from tui.screens.pad import Pad
from tui.screens.seeing import SeeingScreen
from tui.store import Store

IMAGES = Path(__file__).parent / "images"
FIVE = ((27.0, 8.0), (14.0, 8.0), (13.0, 18.0), (22.0, 17.0), (27.0, 23.0), (23.0, 30.0), (12.0, 31.0))
Driver = Pilot[int]


@dataclass(frozen=True)
class Shot:
    """One picture: an experiment, epochs to train, keys to press then, and something to do at the end."""

    experiment: str
    epochs: int
    width: int = 120
    height: int = 40
    keys: tuple[str, ...] = ()
    theme: str = "dark"
    view: str = ""
    finish: Callable[[Driver], Awaitable[None]] | None = None


async def draw_five(pilot: Driver) -> None:
    """Draws on the pad, as the mouse does."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await app.push_screen(DrawScreen(app.session))
    pad = app.screen.query_one(Pad)
    pad.ink.begin()
    for start, end in pairwise(FIVE):
        pad.ink.line(start, end)
    pad.x, pad.y = FIVE[-1]
    pad.update()
    pad.post_message(Pad.Drawn())
    await settled(pilot)


async def choose_a_unit(pilot: Driver) -> None:
    """Looks at the second convolution, and chooses the unit beside its strongest one."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await app.push_screen(SeeingScreen(app.session, place=1, node="conv2d2"))
    await settled(pilot)
    for key in ("u", "left"):
        await pilot.press(key)
        await settled(pilot)


SHOTS = {
    "deep-sigmoid": Shot("deep-sigmoid", 4, keys=("4",)),
    "spiral": Shot("spiral", 100, keys=("5",)),
    "digits-light": Shot("digits", 5, keys=("3",), theme="light"),
    "confusion": Shot("digits", 2, 100, 30, keys=("5", "f"), view="Confusion"),
    "seeing": Shot("digits-cnn", 4, 110, 30, finish=choose_a_unit),
    "units": Shot("spiral", 100, 110, 32, keys=("5", "i", "down", "down", "right")),
    "draw": Shot("digits-cnn", 4, 90, 26, finish=draw_five),
    "small": Shot("dead-relu", 6, 80, 24, keys=("4",)),
}


async def settled(pilot: Driver) -> None:
    """Waits until the session rests, every question of the panels is answered, and the screen stays as it is."""
    app = pilot.app
    assert isinstance(app, Workbench)
    before, same = "", 0
    while same < 4:
        await asyncio.wrap_future(app.session.ask(lambda trainer: None))
        app._tick()
        if look := getattr(app.screen, "look", None):
            look(app.session.snapshot)
        await pilot.pause()
        now = "\n".join(strip.text for strip in strips(app, app.screen.region))
        same = same + 1 if now == before and app.session.snapshot.activity != "playing" else 0
        before = now


async def take(shot: Shot) -> str:
    """The picture as an SVG document."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        store = Store(folder, folder, folder)
        store.settings_file.write_text(f'welcome = false\ntheme = "{shot.theme}"\n')
        app = Workbench(load_experiment(shot.experiment), store=store)
        async with app.run_test(size=(shot.width, shot.height)) as pilot:
            while not app.bench.desk.panels or not app.session.snapshot.nodes:
                await pilot.pause()
            if shot.epochs:
                app.session.epoch(shot.epochs)
            await settled(pilot)
            await pilot.press(*shot.keys)
            await settled(pilot)
            if shot.view:
                panel = app.query_one(DataPanel)
                panel.go_to(next(view for view in panel.views if view.name == shot.view))
                await settled(pilot)
            if shot.finish:
                await shot.finish(pilot)
            return as_svg(strips(app, Region(0, 0, *app.size)), app.palette)


def main(names: list[str], folder: Path = IMAGES) -> int:
    """Takes the pictures that are named, or all."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or SHOTS:
        if name not in SHOTS:
            print(f"{name}: no such picture; there are {', '.join(SHOTS)}", file=sys.stderr)
            return 2
        text = asyncio.run(take(SHOTS[name]))
        (folder / f"{name}.svg").write_text(text, "utf-8")
        print(f"{name}.svg  {len(text) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
