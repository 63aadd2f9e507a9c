"""A Textual widget that shows a picture and repaints only the cells that changed."""

from rich.color import Color, ColorType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.palette import Palette, palette_of
from tui.drawing.picture import ANSI, DEFAULT, Picture


class Drawing(Widget):
    """Subclasses say what to draw in `draw`; whoever changes what it draws calls `update`, as often as they like.

    An update draws at once if the widget can be seen and asks Textual for the changed cells alone; else it waits until
    the widget is shown.
    """

    DEFAULT_CSS = "Drawing { height: 1fr; width: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._strips: list[Strip] = []
        self._colors: tuple[Palette | None, int, int] = (None, DEFAULT, DEFAULT)
        self._restyled = True

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        """A picture of exactly `width` x `height` cells, here an empty one; both are at least 1."""
        return Picture(width, height)

    @property
    def palette(self) -> Palette:
        """The palette of the app's present theme."""
        return palette_of(self.app)

    def update(self) -> None:
        """What is drawn has changed."""
        if not self.is_attached or not self.size or not self.is_on_screen or not self.screen.is_current:
            if self._picture is not None:
                self._picture = None
                self.refresh()
            return
        for row, start, stop in self._redraw():
            self.refresh(Region(start, row, stop - start, 1))

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        self._check_colors()
        picture = self._picture
        if picture is None or (picture.width, picture.height) != (width, height):
            if width < 1 or height < 1:
                return Strip.blank(width)
            self._redraw()
        return self._strips[y] if y < len(self._strips) else Strip.blank(width, self.rich_style)

    def notify_style_update(self) -> None:
        self._restyled = True
        super().notify_style_update()

    def _check_colors(self) -> None:
        """Forgets the picture where the styles have changed what it looks like; most changes, as of a border, do not.

        The colours are the palette and those that stand for a picture's DEFAULT.
        """
        if self._restyled:
            self._restyled, style = False, self.rich_style
            colors = self.palette, code_of(style.color), code_of(style.bgcolor)
            if colors != self._colors:
                self._colors, self._picture = colors, None

    def to_text(self, width: int = 100, height: int = 24) -> str:
        """The drawing as plain text, at a size of its own."""
        return self.draw(width, height, Palette(depth="none")).to_text()

    def _redraw(self) -> list[tuple[int, int, int]]:
        """Draw, keep the strips; (row, start, stop) of what is not what it was."""
        self._check_colors()
        fresh = self.draw(*self.size, self.palette)
        changes = fresh.unlike(self._picture)
        rows = [row for row, _, _ in changes]
        if self._picture is None or len(self._strips) != fresh.height:
            self._strips = [Strip([])] * fresh.height
        for row, strip in zip(rows, fresh.strips(rows, *self._colors[1:]), strict=True):
            self._strips[row] = strip
        self._picture = fresh
        return changes


def code_of(color: Color | None) -> int:
    """A rich colour as a picture's number; none is the default."""
    if color is None or color.type == ColorType.DEFAULT:
        return DEFAULT
    if color.type == ColorType.STANDARD and color.number is not None:
        return ANSI + color.number
    red, green, blue = color.get_truecolor()
    return red << 16 | green << 8 | blue
