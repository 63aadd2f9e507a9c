"""The table of actions: everything in it can be reached, nothing is bound twice, and help names it all."""

import inspect

import pytest
from textual.keys import format_key

from tui.actions import ACTIONS, Action, bindings, key_label, keys_of
from tui.app import Workbench
from tui.help import column_widths, key_lines
from tui.panel import Panel
from tui.panels.order import PANELS
from tui.screens.draw import DrawScreen
from tui.screens.order import TABLES as SCREENS
from tui.screens.pad import Pad
from tui.screens.plane import PlaneScreen
from tui.screens.seeing import SeeingScreen
from tui.screens.view import View

OWNERS = {"app": Workbench, "draw": DrawScreen, "pad": Pad, "seeing": SeeingScreen, "unit": View, "plane": PlaneScreen}
OWNERS |= {panel.scope(): panel for panel in PANELS}
TABLES = {
    scope: (OWNERS[scope], actions)
    for scope, actions in {"app": ACTIONS, **SCREENS, **{panel.scope(): panel.ACTIONS for panel in PANELS}}.items()
}


@pytest.mark.parametrize("scope", TABLES)
def test_every_action_has_a_method_that_takes_its_argument(scope: str) -> None:
    owner, actions = TABLES[scope]
    for action in actions:
        name, _, value = action.id.partition(":")
        method = getattr(owner, f"action_{name}", None)
        assert method is not None, f"{owner.__name__} has no action_{name}"
        inspect.signature(method).bind(None, *([value] if value else []))


@pytest.mark.parametrize("scope", TABLES)
def test_no_key_is_bound_twice_in_one_place(scope: str) -> None:
    seen: dict[str, str] = {}
    for action in TABLES[scope][1]:
        for key in filter(None, action.keys.split(",")):
            assert key not in seen, f"{key} is both {seen[key]} and {action.id}"
            seen[key] = action.id


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.scope())
def test_no_panel_takes_a_key_of_the_whole_program(panel: type[Panel]) -> None:
    reserved = {key: action.id for action in ACTIONS for key in action.keys.split(",") if key not in ("", "escape")}
    for action in panel.ACTIONS:
        for key in action.keys.split(","):
            assert reserved.get(key, action.id) == action.id, f"{key} is {reserved[key]} everywhere else"


@pytest.mark.parametrize("scope", TABLES)
def test_ids_are_unique_and_every_action_says_what_it_does(scope: str) -> None:
    actions = TABLES[scope][1]
    assert len({action.id for action in actions}) == len(actions)
    for action in actions:
        assert action.label
        assert len(action.help) >= 8, action
        assert not action.help.endswith(".")


def test_the_reserved_keys_are_where_the_manual_says() -> None:
    keys = {key: action.id for action in ACTIONS for key in action.keys.split(",")}
    wanted = {
        "space": "play", "s": "step", "e": "epoch", "b": "back", "B": "back_epoch", "r": "reset", "n": "new_seed",
        "q": "quit", "ctrl+q": "quit", "question_mark": "help", "ctrl+p": "command_palette", "f": "zoom_panel",
        "o": "open", "w": "save_run", "ctrl+s": "settings", "u": "undo", "ctrl+z": "undo", "U": "redo",
        "ctrl+y": "redo", "tab": "next_panel", "shift+tab": "previous_panel",
    }  # fmt: skip
    assert wanted.items() <= keys.items()
    assert [keys[str(place)].partition(":")[2] for place in range(1, 7)] == [
        "architecture", "optimizer", "loss", "gradients", "data", "timeline",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [30, 40, 63, 64, 86])
@pytest.mark.parametrize("scope", TABLES)
def test_help_is_in_columns_and_names_every_action_with_its_keys(scope: str, width: int) -> None:
    rows = [(keys_of(action, scope, {}), action) for action in TABLES[scope][1]]
    widths = column_widths(rows)
    lines = [line.plain for line in key_lines(rows, width, widths)]
    text = " ".join(" ".join(lines).split())
    for keys, action in rows:
        assert " ".join(keys) in text
        assert all(word in text for word in action.help.split())
        line = next(
            line for line in lines if line.startswith(f"{' '.join(keys) or 'palette':<{widths[0]}}  {action.label}")
        )
        if width >= 64:
            assert line[widths[0] + widths[1] + 4 :].startswith(action.help.split()[0])
    assert max(map(len, lines)) <= max(width, widths[0] + widths[1] + 2)


def test_a_remapped_key_shows_everywhere() -> None:
    play = ACTIONS[0]
    assert keys_of(play, "app", {"app.play": "p,f5"}) == ("p", "f5")


def test_bindings_carry_the_names_that_settings_use() -> None:
    made = bindings([Action("go:there", "g", "Go", "Go there"), Action("hide", "", "Hide", "Hide it all")], "map")
    assert [(binding.key, binding.action, binding.id) for binding in made] == [("g", "go('there')", "map.go:there")]


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("question_mark", "?"),
        ("ctrl+s", "ctrl+s"),
        ("ctrl+left", "ctrl+←"),
        ("shift+left", "shift+←"),
        ("escape", "esc"),
        ("space", "space"),
        ("B", "B"),
    ],
)
def test_keys_read_as_people_write_them(key: str, label: str) -> None:
    assert key_label(key) == label


def test_a_plain_key_reads_as_textual_shows_it() -> None:
    assert key_label("left") == format_key("left")
