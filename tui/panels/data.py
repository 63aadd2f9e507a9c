"""The data and prediction panel: what the network makes of the data, while it learns."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult

from tui.actions import Action
from tui.drawing.confusion import Cell
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.drawing.widget import Drawing
from tui.panel import Panel
from tui.panels import confusion
from tui.panels.answers import Answers
from tui.panels.boundary import told_samples
from tui.panels.reading import PARTS, Reading, Subject
from tui.panels.views import CONFUSION, VIEWS, Look, View, draw_tabs, draw_view, grid_of, place_at, tabs, views
from tui.screens.verdict import unfit
from tui.sentence import whose_weights
from tui.words import ending, squeezed

if TYPE_CHECKING:
    from engine import Snapshot

SHORTEST_FILE = 12  # columns below which the end of a file's name tells nothing
POINTS = ("some", "all", "none")


class Canvas(Drawing):
    """Draws the panel's tabs, view and status line."""

    def __init__(self, panel: "DataPanel") -> None:
        super().__init__()
        self.panel = panel

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        return self.panel.draw(width, height, palette)


class DataPanel(Panel):
    """Adapts to the data: boundary, samples or rows; confusion, classes and calibration; fit and residuals."""

    TITLE = "Data"
    HELP = """\
What the network makes of the data, at the present weights. `v` goes through the views, `t` through the splits, `m`
changes how a view is ordered or counted.

- **Boundary**: the answer over the whole plane, {below} for the first class and {above} for the second, paler where it
  is less sure. The glyphs are samples: filled ones are trained on, hollow ones validate. `i` shows what each unit
  of each layer adds to it.
- **Samples** and **Rows**: single samples with target and prediction, the most wrong first. "Wrong" is measured by the
  score of the true class; `✗` marks a wrong answer.
- **Confusion**: a row is a true class, a column what it was taken for. The diagonal is right; every other number is a
  kind of mistake, and the list below names the most frequent. The arrows, or a click, go to a cell; enter, or another
  click, shows its samples, and esc goes back to all of them.
- **Classes**: precision is the share of answers "this class" that are right, recall the share of the class that is
  found. F1 is their harmonic mean; macro averages count every class alike.
- **Calibration**: of the answers given with 80 % confidence, 80 % should be right; a bar that ends before its mark
  means too sure. The calibration error is the mean distance between the two.
- **Augmented**: images before and after the random changes, as the present epoch trains on them; every epoch draws
  others. Where mixup is on, two pictures are mixed, and the label says how much of each.
- **Fit** and **Residuals**: predictions against targets, and what is left over. Residuals without a pattern around zero
  are as good as it gets; a pattern is something the network could still learn.

The boundary shows some of the samples, `p` all or none of them; large splits are looked at through a fixed random
sample. How many of how many, the last line says.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("next_view", "v", "View", "The next view of the data", True),
        Action("previous_view", "V", "View before", "The view before"),
        Action("next_mode", "m", "Mode", "Order of the samples; smooth or decision; counts, shares or sorted", True),
        Action("next_part", "t", "Split", "Training, validation or test rows", True),
        Action("next_points", "p", "Points", "Some, all or no samples on the boundary"),
        Action("move:up", "up,k", "Up", "The sample, or the cell of the confusion matrix, above"),
        Action("move:down", "down,j", "Down", "The sample or cell below"),
        Action("move:left", "left,h", "Left", "The sample or cell before"),
        Action("move:right", "right,l", "Right", "The next sample or cell"),
        Action("move:pageup", "pageup", "Page up", "The page of samples before"),
        Action("move:pagedown", "pagedown", "Page down", "The next page of samples"),
        Action("unchoose", "escape,home", "All", "Back to all samples, and to the first of them"),
        Action("enter", "enter", "Open", "The samples of a cell of the confusion matrix; else, see inside the sample"),
        Action("see", "i", "See inside", "Layer by layer: what its units (neurons) do, or see in this sample", True),
        Action("draw_digit", "d", "Draw", "Draw a digit and watch the prediction", True),
    )

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Canvas(self)
        self._snapshot: Snapshot | None = None
        self._answers = Answers()
        self._run = -1
        self._view: View | None = None
        self._modes: dict[str, str] = {}
        self._part = "validation"
        self._points = POINTS[0]
        self._chosen: int | None = None
        self._pair = 0
        self._cell: Cell | None = None
        self._only: Cell | None = None
        self._sees = False  # what there is to see was asked for before it was known
        self._order: tuple[tuple[Reading, str, Cell | None], NDArray[np.int64]] | None = None

    def compose(self) -> ComposeResult:
        yield self.canvas

    # ------------------------------------------------------------------------------------------ following the run

    def show(self, snapshot: "Snapshot") -> None:
        self._snapshot = snapshot
        if snapshot.run != self._run:
            self._run, self._chosen, self._order = snapshot.run, None, None
            self._pair, self._cell, self._only, self._sees = 0, None, None, False
            self._answers.forget()
            self.canvas.update()
        self._follow()

    def on_resize(self) -> None:
        self._follow()

    def _follow(self) -> None:
        """Takes in answers, asks for what the view needs, and draws where something is new."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.nodes:
            return
        if self._answers.ask(self.session, snapshot, self.view, self._part, *self.view_size):
            self._title()
            self.canvas.update()
            if self._sees:
                self.action_see()
            if snapshot.activity != "playing":
                self._follow()

    # ------------------------------------------------------------------------------------------ what is looked at

    @property
    def subject(self) -> Subject | None:
        """What the run is about; None until something is known."""
        return self._answers.subject

    @property
    def views(self) -> tuple[View, ...]:
        """The tabs."""
        return views(self.subject) if self.subject is not None else ()

    @property
    def view(self) -> View | None:
        """The present tab: the one chosen last, where the data has it."""
        found = self.views
        named = [view for view in found if self._view is not None and view.name == self._view.name]
        return (named or list(found))[0] if found else None

    @property
    def mode(self) -> str:
        """How the present view is ordered or counted."""
        view = self.view
        if view is None or not view.modes:
            return ""
        mode = self._modes.get(view.name, view.modes[0])
        return mode if mode in view.modes else view.modes[0]

    @property
    def reading(self) -> Reading | None:
        """The last reading."""
        return self._answers.reading

    @property
    def view_size(self) -> tuple[int, int]:
        """Columns and rows of the view, without tabs and status line."""
        return max(0, self.canvas.size.width), max(0, self.canvas.size.height - 2)

    @property
    def look(self) -> Look | None:
        """What is drawn."""
        view, reading, mode = self.view, self.reading, self.mode
        if view is None:
            return None
        order, chosen, pairs, only = np.zeros(0, np.int64), 0, self._answers.pairs, self._only
        if view.ordered and reading is not None:
            key = reading, mode, only
            if self._order is None or self._order[0] != key:
                self._order = key, reading.order(mode, only)
            order = self._order[1]
            if self._chosen is not None:
                places = np.flatnonzero(reading.rows[order] == self._chosen)
                chosen = int(places[0]) if len(places) else 0
        elif view.pairs and pairs is not None:
            order = np.arange(len(pairs.preview.rows))
            chosen = min(self._pair, len(order) - 1)
        return Look(view, mode, self._points, self._answers.field, reading, pairs, order, chosen, self._cell, only)

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        """Tabs, view, status line; a sentence while nothing is known."""
        picture, look = Picture(width, height), self.look
        if look is None or not look.ready or height < 4:
            text = self._answers.problem or "no predictions yet"
            picture.put(height // 2, 0, text.center(width)[:width], palette.color("muted"))
            return picture
        draw_tabs(picture, self.views, look.view, palette)
        picture.paste(draw_view(look, width, height - 2, palette), 1, 0)
        self._status(picture, look, palette)
        return picture

    def _status(self, picture: Picture, look: Look, palette: Palette) -> None:
        row, reading = picture.height - 1, look.reading
        parts: list[str] = []
        if look.view.reading and reading is not None:
            missing = "" if self._part in reading.subject.parts else f"no {self._part} rows: "
            parts.append(missing + reading.sample)
            if reading.subject.classes:
                parts.append(f"{100 * (1 - float(reading.wrong.mean())):.1f}% right")
        elif look.view.pairs and look.pairs is not None:
            parts.append(look.pairs.sample)
        elif look.field is not None:
            plane = look.field.plane
            parts.append(f"x1 {plane.left:.1f} … {plane.right:.1f}, x2 {plane.bottom:.1f} … {plane.top:.1f}")
            parts.append(told_samples(look.field, picture.width, picture.height - 2, look.points))
        whole = " · ".join(parts)
        texts = [whole, whole.removesuffix(" right") if look.view.reading else parts[-1]]
        epoch = whose_weights(self._snapshot) if self._snapshot is not None and not look.view.pairs else None
        if epoch is not None:
            longer = [f"{texts[0]} · weights of epoch {epoch}", f"{texts[0]} · epoch {epoch}"]
            texts = [
                *longer,
                *(f"{text} · epoch {epoch}" for text in texts[1:]),
                *(f"{text} · ★{epoch}" for text in texts),
            ]
        if look.view.ordered and reading is not None and len(look.order):
            file = reading.file(int(look.order[look.chosen]))
            rooms = [(picture.width - len(text) - 3, text) for text in texts]
            whole = [f"{file} · {text}" for text in texts if file]
            cut = [f"{ending(file, room)} · {text}" for room, text in rooms if file and room >= SHORTEST_FILE]
            texts = [*whole, *cut, *texts]
        picture.put(row, 0, squeezed(texts, picture.width), palette.color("muted"))

    def _title(self) -> None:
        """The data set and the mode, on the border."""
        mode = self.mode + (" first" if self.mode in ("worst", "least sure") else "")
        name = self._snapshot.experiment.data.name if self._snapshot else ""
        self.border_subtitle = f"{name} · {mode}" if mode else name

    # ------------------------------------------------------------------------------------------ keys and mouse

    def action_next_view(self) -> None:
        self._turn(1)

    def action_previous_view(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        found, view = self.views, self.view
        if view is not None:
            self.go_to(found[(found.index(view) + by) % len(found)])

    def choices(self) -> tuple[Action, ...]:
        return tuple(
            Action(f"view:{view.name}", "", view.name, f"The view of the data: {view.name.lower()}")
            for view in self.views or VIEWS
        )

    def action_view(self, name: str) -> None:
        """Shows a tab by its name, where the data has it."""
        self.go_to(next(view for view in VIEWS if view.name == name))

    def go_to(self, view: View) -> None:
        """Shows a tab."""
        self._view = view
        self._again()

    def action_next_mode(self) -> None:
        view = self.view
        if view is not None and view.modes:
            place = view.modes.index(self.mode)
            self._modes[view.name] = view.modes[(place + 1) % len(view.modes)]
            self._chosen = None
            if view.ordered:
                self._only = None
            self._again()

    def action_next_part(self) -> None:
        subject = self.subject
        if subject is not None:
            names = [name for name in PARTS if name in subject.parts]
            place = names.index(self._part) if self._part in names else names.index("train")
            self._part, self._chosen = names[(place + 1) % len(names)], None
            self._again()

    def action_next_points(self) -> None:
        self._points = POINTS[(POINTS.index(self._points) + 1) % len(POINTS)]
        self._again()

    def action_move(self, direction: str) -> None:
        look = self.look
        if look is not None and look.view is CONFUSION and look.reading is not None:
            self._point(confusion.moved(look.reading, look.mode, *self.view_size, look.cell, direction))
        if look is None or not len(look.order):
            return
        across, count = grid_of(look, *self.view_size)
        step = {"left": -1, "right": 1, "up": -across, "down": across, "pageup": -count, "pagedown": count}[direction]
        if look.view.name == "Rows" and direction in ("left", "right"):
            return
        self._choose(min(max(0, look.chosen + step), len(look.order) - 1))

    def action_unchoose(self) -> None:
        view = self.view
        if view is CONFUSION:
            changes, self._cell = self._cell is not None, None
        elif view is not None and view.pairs:
            changes, self._pair = self._pair > 0, 0
        else:
            changes, self._chosen, self._only = (self._chosen, self._only) != (None, None), None, None
        if not changes:
            raise SkipAction  # the key may mean something to the workbench, such as leaving a zoomed panel
        self._again()

    def action_enter(self) -> None:
        look = self.look
        if look is None or look.view is not CONFUSION or look.reading is None:
            self.action_see()
            return
        self._cell = look.cell or confusion.most_frequent(look.reading)
        self._only, self._chosen = self._cell, None
        self.go_to(next(view for view in self.views if view.ordered))

    def _point(self, cell: Cell) -> None:
        self._cell = cell
        self._again()

    def action_see(self) -> None:
        from tui.screens.plane import PlaneScreen
        from tui.screens.seeing import SeeingScreen

        look, subject = self.look, self.subject
        if self._snapshot is None or not self._snapshot.nodes:
            return
        self._sees = subject is None
        if subject is None:
            return
        if subject.kind == "plane" and (look is None or not look.view.ordered):
            self.app.push_screen(PlaneScreen(self.session))
            return
        if look is not None and look.view.pairs and look.pairs is not None:
            self.app.push_screen(SeeingScreen(self.session, "train", look.pairs.preview.rows.tolist(), look.chosen))
            return
        if look is None or look.reading is None:
            self.app.push_screen(SeeingScreen(self.session, self._part))
            return
        if look.top and not len(look.order):
            return
        rows = look.reading.rows[look.order] if len(look.order) else look.reading.rows
        self.app.push_screen(SeeingScreen(self.session, look.reading.part, rows.tolist(), look.chosen))

    def useful(self, action: Action) -> bool:
        return action.id != "draw_digit" or self._no_drawing is None

    @property
    def _no_drawing(self) -> str | None:
        """Why the network cannot read drawings; None where it can."""
        return next((unfit(node.shapes[0]) for node in self.session.snapshot.nodes), "there is no network yet")

    def action_draw_digit(self) -> None:
        from tui.screens.draw import DrawScreen

        if why := self._no_drawing:
            self.notify(why, severity="warning")
        else:
            self.app.push_screen(DrawScreen(self.session))

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self.canvas)
        look = self.look
        if place is None or look is None:
            return
        if place.y == 0:
            for column, text, view in tabs(self.views, look.view, self.canvas.size.width):
                if column <= place.x < column + len(text):
                    self.go_to(view)
        elif look.view is CONFUSION and look.reading is not None:
            cell = confusion.cell_at(look.reading, look.mode, *self.view_size, look.cell, place.x, place.y - 1)
            if cell is not None and cell == look.cell:
                self.action_enter()
            elif cell is not None:
                self._point(cell)
        elif (found := place_at(look, place.x, place.y - 1, *self.view_size)) is not None:
            self._choose(found)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move("down")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move("up")

    def _choose(self, place: int) -> None:
        look = self.look
        if look is not None and look.view.pairs:
            self._pair = place
        elif look is not None and look.reading is not None:
            self._chosen = int(look.reading.rows[look.order[place]])
        self._again()

    def _again(self) -> None:
        self._title()
        self.canvas.update()
        self._follow()
