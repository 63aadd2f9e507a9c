"""Everything a key can do, in one table: bindings, footer, help and command palette are all made from it.

An action's id names the method that does it: `play` is `action_play` of the workbench, or of the panel with the table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding
from textual.keys import format_key


@dataclass(frozen=True)
class Action:
    """`keys` as Textual names them, separated by commas ("b", "ctrl+s", "u,ctrl+z"); empty: only in the palette."""

    id: str
    keys: str
    label: str
    help: str
    show_in_footer: bool = False
    group: str = ""

    def binding(self, scope: str) -> Binding | None:
        """The Textual binding; its id, such as "app.play" or "loss.follow", is what a person's settings remap."""
        if not self.keys:
            return None
        name = f"{scope}.{self.id}"
        return Binding(self.keys, self.call, self.label, show=self.show_in_footer, tooltip=self.help, id=name)

    @property
    def call(self) -> str:
        """The action as `App.run_action` takes it; "focus_panel:loss" calls `action_focus_panel("loss")`."""
        name, _, value = self.id.partition(":")
        return f"{name}({value!r})" if value else name


RUN, PANELS, EXPERIMENT, PROGRAM = "Run", "Panels", "Experiment", "Program"

ACTIONS: tuple[Action, ...] = (
    Action("play", "space", "Play", "Train until paused, or pause", True, RUN),
    Action("step", "s", "Batch", "Train one batch", True, RUN),
    Action("epoch", "e", "Epoch", "Train to the end of the epoch", True, RUN),
    Action("back", "b", "Back", "Go back one batch, bit for bit", True, RUN),
    Action("back_epoch", "B", "Back an epoch", "Go back to the end of the epoch before", False, RUN),
    Action("reset", "r", "Reset", "Back to the same first weights; the run is kept, and open lists it", True, RUN),
    Action("new_seed", "n", "New seed", "Start over with other first weights and another shuffle", False, RUN),
    Action("more_epochs", "E", "More epochs", "Twice as many epochs, so that a finished run can go on", False, RUN),
    Action("faster", "", "Faster", "One step up on the ladder of speeds", False, RUN),
    Action("slower", "", "Slower", "One step down on the ladder of speeds, for watching", False, RUN),
    Action("focus_panel:architecture", "1", "Architecture", "Go to the architecture panel", False, PANELS),
    Action("focus_panel:optimizer", "2", "Optimizer", "Go to the optimizer panel", False, PANELS),
    Action("focus_panel:loss", "3", "Loss", "Go to the loss panel", False, PANELS),
    Action("focus_panel:gradients", "4", "Gradients", "Go to the gradients panel", False, PANELS),
    Action("focus_panel:data", "5", "Data", "Go to the data and prediction panel", False, PANELS),
    Action("focus_panel:timeline", "6", "Timeline", "Go to the timeline", False, PANELS),
    Action("next_panel", "tab", "Next panel", "Go to the next panel or field", False, PANELS),
    Action("previous_panel", "shift+tab", "Previous panel", "Go to the panel or field before", False, PANELS),
    Action("jump", "apostrophe,ctrl+o", "Jump", "Show a letter on each panel; the letter goes there", False, PANELS),
    Action("zoom_panel", "f", "Zoom", "Give the focused panel the whole screen, or put it back", False, PANELS),
    Action("leave", "escape", "Leave", "Put a zoomed panel back", False, PANELS),
    Action("undo", "u,ctrl+z", "Undo", "Undo the last change of the experiment", False, EXPERIMENT),
    Action("redo", "U,ctrl+y", "Redo", "Do again what was undone", False, EXPERIMENT),
    Action("open", "o", "Open", "Open a preset, an experiment file, or a run that was saved or kept", True, EXPERIMENT),
    Action("save_run", "w", "Save run", "Save the run as it stands, so that it can be opened again", False, EXPERIMENT),
    Action("export_screen", "", "Export screen", "Save a screenshot, a picture of the screen, as SVG", False, PROGRAM),
    Action("export_panel", "", "Export panel", "Save the focused panel as SVG and as text", False, PROGRAM),
    Action("copy_panel", "", "Copy panel", "Copy the focused panel's text to the clipboard", False, PROGRAM),
    Action("settings", "ctrl+s", "Settings", "Theme, frame rate and keys", False, PROGRAM),
    Action("cycle_theme", "", "Next theme", "Dark, light, or the terminal's own colours", False, PROGRAM),
    Action("welcome", "", "Welcome", "Show the first-run orientation again", False, PROGRAM),
    Action("help", "question_mark", "Help", "What the focused panel shows, and every key", True, PROGRAM),
    Action("command_palette", "ctrl+p,colon", "Commands", "Search everything the program can do", True, PROGRAM),
    Action("quit", "q,ctrl+q", "Quit", "Save the run and leave", True, PROGRAM),
)  # fmt: skip


def bindings(actions: Iterable[Action], scope: str) -> list[Binding]:
    """The Textual bindings of a table of actions."""
    return [binding for action in actions if (binding := action.binding(scope))]


def keys_of(action: Action, scope: str, remapped: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of an action as a person reads them, after their remapping."""
    keys = remapped.get(f"{scope}.{action.id}", action.keys)
    return tuple(key_label(key.strip()) for key in keys.split(",") if key.strip())


def key_label(key: str) -> str:
    """A key as a person reads it: "?" for "question_mark", "shift+←" for "shift+left", "ctrl+s", "space"."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _NAMES.get(last) or format_key(last)])


_NAMES = {"space": "space", "tab": "tab", "enter": "enter", "escape": "esc", "delete": "del"}
