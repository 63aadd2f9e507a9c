"""A list of rows that are edited where they stand: fields of components, and whatever else a panel lists among them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.entry import FINE, Judge, Menu, Typing, Verdict
from tui.fields import Field, Option
from tui.rows import CURSOR, WRONG, FieldRow, HeadingRow, Part, Row
from tui.words import cut


class Subject(Protocol):
    """Whose rows a form shows."""

    def judge(self, key: str, value: Any) -> Verdict:
        """What would come of a value for a field."""

    def apply(self, key: str, value: Any) -> None:
        """Takes a value for a field."""

    def open(self, row: Row) -> None:
        """Does what `enter` means on a row that is no field."""

    def touched(self) -> None:
        """The cursor moved, or something was typed."""


class Form(ScrollView, can_focus=False):
    """Shows rows, moves a cursor over them and edits fields in place. It is driven by the panel that has the focus."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "form--label", "form--value", "form--muted", "form--accent", "form--error", "form--heading", "form--effect",
        "form--cursor", "form--blurred", "form--typed",
    }  # fmt: skip
    DEFAULT_CSS = """
    Form {
        height: 1fr; width: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden;
        & > .form--label { color: $foreground; }
        & > .form--value { color: $foreground; text-style: bold; }
        & > .form--muted { color: $muted; }
        & > .form--accent { color: $accent; }
        & > .form--error { color: $error; text-style: bold; }
        & > .form--heading { color: $muted; text-style: bold; }
        & > .form--effect { color: $success; }
        & > .form--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .form--blurred { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        & > .form--typed { text-style: reverse; }
    }
    """

    def __init__(self, subject: Subject, focused: Callable[[], bool]) -> None:
        super().__init__()
        self.subject, self._focused = subject, focused
        self.rows: tuple[Row, ...] = ()
        self.cursor = ""
        self.typing: Typing | None = None
        self.menu: Menu | None = None

    # ------------------------------------------------------------------------------------------ rows

    def show(self, rows: Sequence[Row]) -> None:
        """Takes new rows; the cursor stays on its key, else in its place."""
        if tuple(rows) == self.rows:
            return
        place = self._place(self.cursor)
        self.rows = tuple(rows)
        keys = [row.key for row in self.rows]
        if self.cursor not in keys:
            near = sorted((abs(n - place), n) for n, row in enumerate(self.rows) if row.selectable)
            self.cursor = keys[near[0][1]] if near else ""
        if (self.typing and self.typing.field.key not in keys) or (self.menu and self.menu.anchor not in keys):
            self.typing = self.menu = None
        self._redraw()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return next((row for row in self.rows if row.key == self.cursor), None)

    @property
    def busy(self) -> bool:
        """Whether a value is being typed or chosen, so that keys belong to it."""
        return self.typing is not None or self.menu is not None

    @property
    def stepping(self) -> bool:
        """Whether a value waits that was stepped to rather than typed."""
        return self.typing is not None and self.typing.stepped

    def _place(self, key: str) -> int:
        return next((place for place, row in enumerate(self.rows) if row.key == key), 0)

    def go(self, key: str) -> None:
        """Puts the cursor on a row."""
        if key != self.cursor and any(row.key == key and row.selectable for row in self.rows):
            self.cursor = key
            self._redraw()

    def move(self, count: int) -> None:
        """Moves the cursor over rows that can be selected, as far as there are any."""
        keys = [row.key for row in self.rows if row.selectable]
        if keys:
            place = keys.index(self.cursor) if self.cursor in keys else 0
            self.go(keys[min(max(0, place + count), len(keys) - 1)])

    # ------------------------------------------------------------------------------------------ editing

    def edit(self) -> None:
        """What `enter` does: types or chooses the field under the cursor, or opens the row."""
        row = self.row
        if isinstance(row, FieldRow):
            self._begin(row.field, row.field.value)
        elif row is not None:
            self.subject.open(row)

    def step(self, direction: int) -> None:
        """What + and - do: a live field moves at once, any other waits for `enter`, and moves on meanwhile."""
        if self.typing is not None:
            self.typing = self.typing.step(direction)
            self._judge_typed()
            return
        row = self.row
        if not isinstance(row, FieldRow) or (field := row.field).several:
            return
        value = field.stepped(field.value, direction)
        if value == field.value:
            return
        verdict = self.subject.judge(field.key, value)
        if field.live and verdict.problem is None:
            self.subject.apply(field.key, value)
        else:
            self._begin(field, value)

    def _begin(self, field: Field, value: Any) -> None:
        options = field.options()
        if not options:
            text = replace(field, value=value).source()
            self.typing = Typing(field, text, len(text), stepped=value != field.value)
            self._judge_typed()
        else:
            values = [option.value for option in options]
            at = values.index(value) if value in values else 0
            ticked = tuple(value) if field.several else None
            self.choose(field.key, field.label, options, at, ticked=ticked)

    def choose(
        self, anchor: str, title: str, options: Sequence[Option], at: int = 0, judge: Judge | None = None,
        pick: Callable[[Any], None] | None = None, ticked: tuple[Any, ...] | None = None,
    ) -> None:  # fmt: skip
        """Lists options below a row; without `judge` and `pick` they are values of the field of that key."""
        if options:
            judge = judge or (lambda value: self.subject.judge(anchor, value))
            pick = pick or (lambda value: self.subject.apply(anchor, value))
            self.menu = Menu(anchor, title, tuple(options), min(at, len(options) - 1), judge, pick, ticked)
            self._redraw()

    def leave(self) -> bool:
        """What `escape` does: restores what was there; false where nothing was being edited."""
        busy, self.typing, self.menu = self.busy, None, None
        if busy:
            self._redraw()
        return busy

    def accept(self) -> None:
        """What `enter` does while editing: applies the value, unless it is refused."""
        if self.typing is not None and self.typing.verdict.problem is None:
            field, text = self.typing.field, self.typing.text
            self.typing = None
            self.subject.apply(field.key, field.parse(text))
        elif self.menu is not None and self.menu.judge(self.menu.value).problem is None:
            menu, self.menu = self.menu, None
            menu.pick(menu.value)
        self._redraw()

    def key(self, key: str, character: str | None) -> bool:
        """A key while editing; false where it means nothing here."""
        if key == "enter":
            self.accept()
        elif key == "escape":
            self.leave()
        elif self.typing is not None and (typing := self.typing.key(key, character)) is not None:
            self.typing = typing
            self._judge_typed()
        elif self.menu is not None and (menu := self.menu.key(key, character)) is not None:
            self.menu = menu
            self._redraw()
        else:
            return False
        return True

    def paste(self, text: str) -> None:
        """Takes the first line of a pasted text."""
        if self.typing is not None and (lines := text.splitlines()):
            self.typing = self.typing.insert(lines[0].strip())
            self._judge_typed()

    def judge_again(self) -> None:
        """Something that verdicts rest on has changed."""
        if self.typing is not None:
            self._judge_typed()

    def _judge_typed(self) -> None:
        assert self.typing is not None
        field, text = self.typing.field, self.typing.text
        self.typing = replace(self.typing, verdict=self.subject.judge(field.key, field.parse(text)))
        self._redraw()

    @property
    def verdict(self) -> Verdict:
        """What would come of the value being typed or chosen."""
        if self.typing is not None:
            return self.typing.verdict
        return self.menu.judge(self.menu.value) if self.menu is not None else FINE

    def hint(self) -> list[Part]:
        """What to say about the row under the cursor, or about the value being edited."""
        if self.typing is not None:
            if refused := self.typing.refused:
                return [(f"{WRONG} '{refused}' is no part of a number; enter applies, esc restores", "error")]
            return _outcome(self.verdict, self.typing.field.hint())
        if self.menu is not None:
            option = self.menu.options[self.menu.at]
            return _outcome(self.verdict, option.summary or self.menu.title)
        row = self.row
        if isinstance(row, FieldRow):
            return [(row.field.hint(), "muted")]
        return [(row.hint, "muted")] if row is not None and row.hint else []

    # ------------------------------------------------------------------------------------------ drawing

    def _lines(self) -> Iterator[tuple[Row, int | None]]:
        for row in self.rows:
            yield row, None
            if self.menu is not None and self.menu.anchor == row.key:
                for place, option in enumerate(self.menu.options):
                    if option.group and (not place or self.menu.options[place - 1].group != option.group):
                        yield HeadingRow(f"{row.key} {option.group}", text=f"  {option.group}"), None
                    yield row, place

    def _redraw(self) -> None:
        lines = list(self._lines())
        self.virtual_size = Size(self.size.width, len(lines))
        at = (self.menu.anchor, self.menu.at) if self.menu is not None else (self.cursor, None)
        places = [(row.key, place) for row, place in lines]
        if at in places:
            line = places.index(at)
            above = line > 0 and not lines[line - 1][0].selectable
            region = Region(0, line - above, 1, 1 + above)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)
        self.refresh()
        self.subject.touched()

    def on_resize(self) -> None:
        self._redraw()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        width, place = self._width, y + self.scroll_offset.y
        lines = list(self._lines())
        if place >= len(lines) or width < 3:
            return Strip.blank(width, self.rich_style)
        row, option = lines[place]
        if option is not None:
            return self._strip(self._option(option, width - 2), self.menu is not None and option == self.menu.at, width)
        current = row.key == self.cursor and self.menu is None
        if self.typing is not None and self.typing.field.key == row.key and isinstance(row, FieldRow):
            return self._strip(self._typed(row, width - 2), current, width)
        return self._strip(row.parts(width - 2), current, width)

    def _option(self, place: int, width: int) -> Sequence[Part]:
        assert self.menu is not None
        option = self.menu.options[place]
        tick = "" if self.menu.ticked is None else "[x] " if option.value in self.menu.ticked else "[ ] "
        room = width - len(tick) - 18
        about = option.summary if room > 16 else ""
        return ("  " + tick + f"{option.label:<15} ", "value"), (cut(about, room), "muted")

    def _typed(self, row: FieldRow, width: int) -> Sequence[Part]:
        assert self.typing is not None
        label, room = row.label(width)
        typing, wrong = self.typing, self.typing.verdict.problem is not None
        role, mark = ("error", (WRONG, "error")) if wrong else ("accent", (" ", "muted"))
        start = max(0, typing.caret - room + 1)
        text, caret = f"{typing.text} "[start : start + room], typing.caret - start
        if typing.fresh and typing.text:
            return *label, (text[:-1], f"{role} typed"), (" " * (room - len(text) + 2), role), mark
        pieces = (text[:caret], role), (text[caret : caret + 1], f"{role} typed"), (text[caret + 1 :], role)
        return *label, *pieces, (" " * (room - len(text) + 1), role), mark

    def _strip(self, parts: Sequence[Part], current: bool, width: int) -> Strip:
        base = self.rich_style
        over = Style.null()
        if current:
            over = self.get_component_rich_style("form--cursor" if self._focused() else "form--blurred", partial=True)
        mark = Segment(f"{CURSOR} " if current else "  ", base + over)
        segments = [mark, *(Segment(text, self._style(role, base, over)) for text, role in parts if text)]
        return Strip(segments).adjust_cell_length(width, base + over)

    def _style(self, roles: str, base: Style, over: Style) -> Style:
        style = base
        for role in roles.split():
            style += self.get_component_rich_style(f"form--{role}", partial=True)
        return style + over if roles != "error" else base + over + style

    # ------------------------------------------------------------------------------------------ mouse

    def on_click(self, event: events.Click) -> None:
        """A click selects; on what is selected, or on a value, it edits; on an option it chooses."""
        place = event.get_content_offset(self)
        lines = list(self._lines())
        if place is None or (line := place.y + self.scroll_offset.y) >= len(lines):
            return
        row, option = lines[line]
        if option is not None and self.menu is not None:
            self.menu = replace(self.menu, at=option)
            if self.menu.ticked is None:
                self.accept()
            else:
                self.menu = self.menu.toggled()
                self._redraw()
            return
        if not row.selectable:
            return
        was_there = row.key == self.cursor
        if self.busy:
            if was_there:
                return
            self.leave()
        self.go(row.key)
        if isinstance(row, FieldRow):
            columns = list(accumulate(len(text) for text, _ in row.parts(self._width - 2)))
            if was_there or place.x >= 2 + columns[0]:
                self.edit()
        elif was_there:
            self.edit()


def _outcome(verdict: Verdict, otherwise: str) -> list[Part]:
    if verdict.problem or verdict.warning:
        return [(f"{WRONG} {verdict.problem or verdict.warning}", "error")]
    return [(f"{verdict.effect}\n", "effect"), (otherwise, "muted")] if verdict.effect else [(otherwise, "muted")]
