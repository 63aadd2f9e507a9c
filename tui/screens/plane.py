"""The screen of the plane: what every unit of a layer does with all of it at once, while the network learns."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.widget import Widget

from engine import INPUT
from tui.actions import Action, bindings
from tui.asking import Asking, moment
from tui.screens.frame import WholeScreen
from tui.screens.unit_maps import UnitMaps
from tui.screens.units import Units, first, see_units

if TYPE_CHECKING:
    from engine import Session, Snapshot


class PlaneScreen(WholeScreen):
    """The layers by up and down, their units by left and right."""

    HEADING = "Units"
    SCOPE = "plane"
    SCOPES = (SCOPE,)
    HELP = """
What every unit of a layer puts out for **every point of the plane**, not for one sample: up and down go through the
layers, left and right through the units, and a click chooses a layer or a unit. All of it follows the training.

On the maps {above} is above zero and {below} below (of a sigmoid and of a probability: 0.5), on the scale above the
large map, whose ends are round numbers. Where a layer's values have no bounds, each map has a scale of its own: it ends
at the number behind `±`. The line on the large map is the unit's border, between the two colours.

Look along the layers. A **first** layer can only draw slopes, and its activations fold or step them along straight
lines. Each unit of the **next** layer adds up these maps, with its own weights: so its border can bend. At the last
layer the map is what the boundary view shows: the network's answer.

At the input stand the features. Those that bend by themselves, such as `x1^2` or `sin x1`, bend the borders of the
first layer, too.

Below the large map stand the unit's range where the samples lie and its **formula**, with u0, u1 ... for the units that
it reads; then its **weights**, from what it reads and to the units behind it: `█` adds that unit's map, `▒` takes it
away, and a longer bar counts more. A **flat** unit is the same everywhere: it tells no two points apart, as a dead relu
does.

The small marks are samples; `p` hides them. What a network makes of a single sample is behind the rows of the data
panel: its view Rows, and `i` there.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("layer:-1", "up,k", "Layer", "The layer before", True),
        Action("layer:1", "down,j", "Next layer", "The layer behind"),
        Action("unit:-1", "left,h", "Unit", "The unit before", True),
        Action("unit:1", "right,l", "Next unit", "The next unit"),
        Action("page:-1", "pageup", "Page before", "The page of units before"),
        Action("page:1", "pagedown", "More", "The next page of units, where not all fit", True),
        Action("points", "p", "Points", "Samples on the large map, or none", True),
    )
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, WholeScreen.LEAVE), SCOPE)

    def __init__(self, session: "Session", node: str | None = None) -> None:
        """Begins at a layer; without one at the first activation."""
        super().__init__(session)
        self.maps = UnitMaps()
        self._asking: Asking[Units] = Asking(0.2, 0.1)
        self._node = node
        self._hints: tuple[tuple[Action, str], ...] = ()

    def body(self) -> list[Widget]:
        return [self.maps]

    def hints(self) -> tuple[tuple[Action, str], ...]:
        units, page = self.maps.units, self.maps.grid.count
        more = units is not None and 0 < page < units.count
        return tuple((one, self.SCOPE) for one in self.ACTIONS if one.show_in_footer and (more or one.id != "page:1"))

    @property
    def nodes(self) -> tuple[str, ...]:
        """What is walked through."""
        return INPUT, *(node.name for node in self.session.snapshot.nodes)

    @property
    def wish(self) -> tuple[str, int, int]:
        """What is to be shown: the layer, columns and rows."""
        nodes = self.session.snapshot.nodes
        if self._node not in self.nodes:
            self._node = first(nodes) if nodes else INPUT
        return self._node, *self.maps.large

    def look(self, snapshot: "Snapshot") -> None:
        wish, known = self.wish, self._asking.about
        playing = snapshot.activity == "playing" and isinstance(known, tuple) and known[1] == wish
        about = moment(snapshot), wish
        if self._asking.ask(self.session, about, lambda trainer: see_units(trainer, *wish), playing):
            self.maps.units, self.maps.problem = self._asking.answer, self._asking.problem
            self.maps.update()
        if (hints := self.hints()) != self._hints:
            self._hints = hints
            self.show_hints()

    def action_layer(self, by: str) -> None:
        names, node = self.nodes, self.wish[0]
        self._go_to(names[min(max(0, names.index(node) + int(by)), len(names) - 1)])

    def action_unit(self, by: str) -> None:
        self.maps.choose(self.maps.unit + int(by))

    def action_page(self, by: str) -> None:
        page, maps = self.maps.grid.count, self.maps
        if page and maps.units is not None and 0 <= maps.first + int(by) * page < maps.units.count:
            self.maps.choose(maps.first + int(by) * page)

    def action_points(self) -> None:
        self.maps.points = not self.maps.points
        self.maps.update()

    def on_unit_maps_chosen(self, message: UnitMaps.Chosen) -> None:
        self.maps.choose(message.unit)

    def on_layered_pointed(self, message: UnitMaps.Pointed) -> None:
        self._go_to(message.node)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.maps.choose(self.maps.unit + self.maps.grid.across)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.maps.choose(self.maps.unit - self.maps.grid.across)

    def _go_to(self, node: str) -> None:
        self._node = node
        self.look(self.session.snapshot)
