"""Seeing: what every layer makes of one sample, which inputs decide the answer, and what a single unit sees."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content
from textual.widget import Widget

from engine import INPUT
from tui.actions import Action, bindings
from tui.asking import Asking, moment
from tui.panels.reading import PARTS
from tui.screens.frame import WholeScreen
from tui.screens.scene import MODES, Place, Scene, see
from tui.screens.view import View
from tui.words import ending

FAR = 36  # columns of what the head tells behind the file
SHORTEST_FILE = 24  # columns of a file's name that are shown before any of that

if TYPE_CHECKING:
    from engine import Session, Snapshot


class SeeingScreen(WholeScreen):
    """The layers by up and down, the samples by left and right."""

    HEADING = "Seeing"
    SCOPE = "seeing"
    SCOPES = (SCOPE, View.SCOPE)
    HELP = """
One sample on its way through the network: up and down go through the layers, left and right through the samples. `m`
changes what of a layer is shown, and a click on a layer or a map chooses it.

**Outputs** are what the layer puts out for this sample, one map a channel: {above} is above zero and {below} below, on
the one scale beside the title. Where not all maps fit they shrink, to 7 pixels at least; `z` shows them as large as
they are, and page up and down go through them.

**Gradients** are how much the best score changes with each of these outputs: {above} pushes it up, {below} down.

**Weights** are the filters of a convolution, and what each unit of a first dense layer looks for in the image. Where
they are {above}, a bright pixel adds to the output; where they are {below}, it takes away. Those that read a colour
image are in colour themselves: they look for what they look like.

**A unit** is one number of the layer: `u` chooses one, arrows and brackets move the choice, escape ends it. Without a
choice it is the strongest; channels, rows and columns count from 0, and its place is marked on its map.

The **box** around a part of the input is the unit's receptive field: nothing outside of it can change the unit. Its
rows and columns beyond the border lie in the padding, which is the same for every image.

The **field** is what the unit listens to in there, for this sample: how much it changes with each pixel. It is {much}
where that is much, from 0 to the number in its title, and usually much smaller than the box.

At the input stands what decides. **Saliency** is how much the best score changes with each pixel, **occlusion** how
much it drops when a patch is covered.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("layer:-1", "up,k", "Layer", "The layer before", True),
        Action("layer:1", "down,j", "Next layer", "The layer behind"),
        Action("sample:-1", "left,h", "Sample", "The sample before", True),
        Action("sample:1", "right,l", "Next sample", "The next sample"),
        Action("mode", "m,v", "Shows", "Outputs, gradients, weights, or the field that the unit sees", True),
        Action("unit", "u,enter", "Unit", "Choose a unit of the layer, or be done with it", True),
        Action("part", "t", "Split", "Training, validation or test rows", True),
        Action("size", "z", "Size", "All maps small, or each as large as it is, where not all fit", True),
        Action("page:-1", "pageup", "Maps before", "The page of maps before"),
        Action("page:1", "pagedown", "More", "The next page of maps", True),
    )
    LEAVE = Action("leave", "escape", "Back", "Done with choosing a unit, or back to the workbench", True)
    HINTS = tuple((action, "seeing") for action in ACTIONS if action.show_in_footer)
    CHOOSING = (
        *((action, View.SCOPE) for action in View.ACTIONS if action.show_in_footer),
        *((action, "seeing") for action in ACTIONS if action.id in ("mode", "unit")),
    )
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, LEAVE), "seeing")

    def __init__(
        self, session: "Session", part: str = "validation", rows: Sequence[int] = (), place: int = 0,
        node: str | None = None,
    ) -> None:  # fmt: skip
        """Walks along `rows` of a split, from `place` on; without any, along all of them in order."""
        super().__init__(session)
        self.view = View()
        self._asking: Asking[Scene] = Asking(0.2, 0.1)
        self._part, self._rows, self._place = part, rows, place
        self._node, self._mode = node or INPUT, MODES[0]
        self._unit: Place | None = None
        self._hints: tuple[tuple[Action, str], ...] = ()

    def body(self) -> list[Widget]:
        return [self.view]

    def about(self) -> list[Content]:
        scene = self.scene
        if scene is None:
            return []
        row = f"{scene.part} row {scene.row}"
        room = self.size.width - len(self.HEADING) - len(row) - 6  # the margins, and two columns before each part
        file = ending(scene.file, max(room - FAR, min(room, SHORTEST_FILE)))
        return [Content(text) for text in (row, file) if text]

    def hints(self) -> tuple[tuple[Action, str], ...]:
        if self.view.choosing:
            return self.CHOOSING
        view, scene = self.view, self.scene
        more = scene is not None and scene.maps is not None and view.shown < view.count
        useful = {"unit": self._node != INPUT, "size": view.fewer, "page:1": more}
        return tuple(hint for hint in self.HINTS if useful.get(hint[0].id, True))

    @property
    def scene(self) -> Scene | None:
        """What is shown."""
        return self.view.scene

    @property
    def wish(self) -> tuple[str, int, str, str, Place | None]:
        """What is to be shown: split, row, node, mode and unit, None for the strongest."""
        row = self._rows[self._place] if self._rows else self._place
        return self._part, row, self._node, self._mode, self._unit

    def look(self, snapshot: "Snapshot") -> None:
        wish, known = self.wish, self._asking.about
        self.view.show(self._node, self._unit)
        playing = snapshot.activity == "playing" and isinstance(known, tuple) and known[1] == wish
        about = moment(snapshot), wish
        if self._asking.ask(self.session, about, lambda trainer: see(trainer, *wish), playing):
            self.view.scene, self.view.problem = self._asking.answer, self._asking.problem
            self.view.update()
        if self.hints() != self._hints:
            self.show_hints()

    def show_hints(self) -> None:
        self._hints = self.hints()
        super().show_hints()

    def action_layer(self, by: str) -> None:
        names = [INPUT, *(node.name for node in self.session.snapshot.nodes)]
        place = names.index(self._node) if self._node in names else 0
        self._go_to(names[min(max(0, place + int(by)), len(names) - 1)])

    def action_sample(self, by: str) -> None:
        most = len(self._rows) - 1 if self._rows else 1_000_000_000
        self._place = min(max(0, self._place + int(by)), most)
        self._again()

    def action_mode(self) -> None:
        self._mode = MODES[(MODES.index(self._mode) + 1) % len(MODES)]
        self.view.first = 0
        self._again()

    def action_part(self) -> None:
        self._part = PARTS[(PARTS.index(self._part) + 1) % len(PARTS)]
        self._rows, self._place = (), 0
        self._again()

    def action_size(self) -> None:
        """From small maps to large ones it goes to the marked one."""
        scene, view = self.scene, self.view
        view.large = not view.large
        if scene is not None and scene.maps is not None and scene.unit is not None:
            view.first = scene.unit.place[0] * view.each
        view.update()

    def action_page(self, by: str) -> None:
        scene, shown = self.scene, max(1, self.view.shown)
        if scene is not None and scene.maps is not None:
            first = self.view.first + int(by) * shown
            if 0 <= first < self.view.count or first < 0:
                self.view.first = max(0, first)
                self.view.update()

    def action_unit(self) -> None:
        self._choose(not self.view.choosing and self._node != INPUT)

    def action_leave(self) -> None:
        if self.view.choosing:
            self._choose(False)
        else:
            super().action_leave()

    def on_view_chosen(self, message: View.Chosen) -> None:
        self._unit = message.place
        self._choose(True)
        self._again()

    def on_layered_pointed(self, message: View.Pointed) -> None:
        self._go_to(message.node)

    def _go_to(self, node: str) -> None:
        if node != self._node:
            self._node, self._unit, self.view.first = node, None, 0
            self._choose(self.view.choosing and node != INPUT)
            self.show_hints()
        self._again()

    def _choose(self, choosing: bool) -> None:
        """While a unit is chosen the picture has the focus, so that its keys come first."""
        if choosing != self.view.choosing:
            self.view.choosing = self.view.can_focus = choosing
            self.set_focus(self.view if choosing else None)
            self.view.update()
            self.show_hints()

    def _again(self) -> None:
        self.look(self.session.snapshot)
