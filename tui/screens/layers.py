"""The seeing screen's list of layers, or the chosen one alone where there is no room."""

from typing import Protocol

from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.words import squeezed


class Walked(Protocol):
    """What is walked through: the layers' names, kinds and shapes, the input first, and the name of the chosen one."""

    @property
    def layers(self) -> tuple[tuple[str, str, tuple[int, ...]], ...]: ...

    @property
    def node(self) -> str: ...


def draw_layers(picture: Picture, scene: Walked, width: int, palette: Palette) -> tuple[str, ...]:
    """The layers around the chosen one, one a row below a heading; returns their names from the top."""
    rows = scene.layers
    chosen = next((index for index, (name, _, _) in enumerate(rows) if name == scene.node), 0)
    first = max(0, min(chosen - picture.height // 2, len(rows) - picture.height + 1))
    rows = rows[first : first + picture.height - 1]
    picture.put(0, 0, "layers", palette.color("muted"))
    for row, (name, kind, shape) in enumerate(rows, 1):
        here = first + row - 1 == chosen
        size = "x".join(map(str, shape))
        room = max(3, width - len(size) - 1)
        text = name if name.startswith(kind) or not kind else f"{name} {kind}"
        line = f"{squeezed((text, name), room).ljust(room)} {size}"[:width]
        color, face = palette.color("text" if here else "muted"), (BOLD | REVERSE) if here else 0
        picture.put(row, 0, line, color, face)
    return tuple(name for name, _, _ in rows)


def draw_layer(picture: Picture, scene: Walked, palette: Palette) -> int:
    """The chosen layer on one row; returns the row below."""
    names, count = [name for name, _, _ in scene.layers], len(scene.layers) - 1
    index = names.index(scene.node)
    shape = scene.layers[index][2]
    place = f"layer {index} of {count}" if index else f"{count} layers"
    end = picture.put(0, 0, scene.node, palette.color("text"), BOLD)
    end = picture.put(0, end + 1, "x".join(map(str, shape)), palette.color("muted"))
    if end + 2 + len(place) <= picture.width:
        picture.put(0, picture.width - len(place), place, palette.color("muted"))
    return 1
