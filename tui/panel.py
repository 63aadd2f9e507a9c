"""The base of everything that sits on the workbench."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.widget import Widget

from tui.actions import ACTIONS, Action, bindings, keys_of

if TYPE_CHECKING:
    from engine import Session, Snapshot
    from tui.app import Workbench


class Panel(Widget, can_focus=True):
    """A titled box on the workbench. It reads snapshots and sends commands; it holds no training state."""

    TITLE: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    KEPT: ClassVar[tuple[str, ...]] = ("ctrl+q", "ctrl+c", "ctrl+p", "tab", "shift+tab")  # they hold while one types

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "ACTIONS" in cls.__dict__:
            cls.BINDINGS = list(bindings(cls.ACTIONS, cls.scope()))
        super().__init_subclass__(**kwargs)

    @classmethod
    def scope(cls) -> str:
        """The panel's name in ids and settings: "loss"."""
        return cls.TITLE.partition(" ")[0].lower()

    def __init__(self) -> None:
        super().__init__(id=self.scope())
        self.shown_version: int | None = None

    @property
    def workbench(self) -> "Workbench":
        """The app, typed."""
        return cast("Workbench", self.app)

    @property
    def session(self) -> "Session":
        """Where commands go."""
        return self.workbench.session

    def key_of(self, name: str) -> str:
        """The first key of an action of the program such as "play", as a person reads it; empty where it has none."""
        action = next(action for action in ACTIONS if action.id == name)
        return next(iter(keys_of(action, "app", self.workbench.remapped)), "")

    def show(self, snapshot: "Snapshot") -> None:
        """Draws what changed; called on the UI thread, only while the panel is visible and `snapshot.version` is new.

        It has about 2 ms, since it shares one processor with training.
        """

    def follow(self, snapshot: "Snapshot") -> None:
        """Takes in what would be missed otherwise: called with every new snapshot, also where the panel is hidden, and
        before `show`. It must cost next to nothing."""

    def rows_wanted(self, snapshot: "Snapshot") -> int | None:
        """The rows, border included, that show all there is of a run; None where a panel fills any room."""
        return None

    def useful(self, action: Action) -> bool:
        """Whether an action has a use for the present run; where it has none, the footer leaves it out."""
        return True

    def editing_actions(self) -> tuple[Action, ...]:
        """While keys belong to something that is edited in the panel: what they do, for the footer; else nothing."""
        return ()

    def choices(self) -> tuple[Action, ...]:
        """What can be gone to by name inside the panel, as actions of its own without keys, for the palette."""
        return ()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Nothing of a panel's looks depends on the focus as such: the desk marks the panel in use."""

    def on_node_selected(self, name: str | None) -> None:
        """A layer was selected somewhere: a panel that shows layers follows."""

    def select_node(self, name: str | None) -> None:
        """Selects a layer for every panel."""
        self.workbench.selected_node = name
