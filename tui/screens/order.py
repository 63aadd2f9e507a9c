"""The tables of actions of the screens over the workbench, by the names that settings use for them."""

from tui.actions import Action
from tui.screens.draw import DrawScreen
from tui.screens.frame import WholeScreen
from tui.screens.pad import Pad
from tui.screens.plane import PlaneScreen
from tui.screens.seeing import SeeingScreen
from tui.screens.view import View

TABLES: dict[str, tuple[Action, ...]] = {
    "draw": (*DrawScreen.ACTIONS, WholeScreen.LEAVE),
    "pad": Pad.ACTIONS,
    "plane": (*PlaneScreen.ACTIONS, PlaneScreen.LEAVE),
    "seeing": (*SeeingScreen.ACTIONS, SeeingScreen.LEAVE),
    "unit": View.ACTIONS,
}
