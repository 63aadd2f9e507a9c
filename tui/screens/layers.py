"""Pictures of one layer with the list of all of them, or the chosen one alone where there is no room."""

from typing import ClassVar, Protocol

from textual import events
from textual.message import Message

from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.drawing.widget import Drawing
from tui.words import squeezed

WIDE, HIGH = 72, 16  # below this, one line tells the layer


class Walked(Protocol):
    """What is walked through: the layers' names, kinds and shapes, the input first, and the name of the chosen one."""

    @property
    def layers(self) -> tuple[tuple[str, str, tuple[int, ...]], ...]: ...

    @property
    def node(self) -> str: ...


class Layered(Drawing):
    """A picture of one layer beside the list of all layers, on which a click points at another one.

    `problem` is said while there is nothing to draw.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Layered { padding: 0 1; }
    """
    LIST: ClassVar[int]  # columns of the list, at most

    class Pointed(Message):
        """A person clicked on a layer."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self) -> None:
        super().__init__()
        self.problem: str | None = None
        self._list: tuple[int, tuple[str, ...]] = (0, ())

    def on_click(self, event: events.Click) -> None:
        offset, (width, names) = event.get_content_offset(self), self._list
        if offset is not None and offset.x < width and 0 < offset.y <= len(names):
            self.post_message(self.Pointed(names[offset.y - 1]))

    def draw_walk(self, picture: Picture, walked: Walked | None, palette: Palette) -> tuple[int, int]:
        """The list of the layers, or the chosen one on one row; returns the row and the column of what is left."""
        width, height = picture.width, picture.height
        self._list = 0, ()
        if walked is None:
            picture.put(height // 2, 0, (self.problem or "looking …").center(width)[:width], palette.color("muted"))
        elif wide_enough(width, height):
            columns = min(self.LIST, width // 3)
            self._list = columns, draw_layers(picture, walked, columns, palette)
            return 0, columns + 2
        else:
            return draw_layer(picture, walked, palette), 0
        return height, 0


def wide_enough(width: int, height: int) -> bool:
    """Whether there is room for the list of layers."""
    return width >= WIDE and height >= HIGH


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
