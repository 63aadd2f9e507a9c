"""What panels with forms have in common: a list of rows, a hint below, keys, and the draft that they edit."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from engine import BadInput, Component, Experiment, Setting, Snapshot
from tui import draft
from tui.actions import Action
from tui.draft import Facts, Preview
from tui.editing import Editing
from tui.entry import Verdict
from tui.fields import Field
from tui.forms import Form
from tui.panel import Panel
from tui.rows import WRONG, FieldRow, Part, Row

LOADING = "the data is being looked at; try again in a moment"
STYLES = {"muted": "$muted", "error": "bold $error", "effect": "$success", "label": "$foreground"}

FORM_ACTIONS: tuple[Action, ...] = (
    Action("up", "up,k", "Up", "Go up a row"),
    Action("down", "down,j", "Down", "Go down a row"),
    Action("first", "home", "First", "Go to the first row"),
    Action("last", "end", "Last", "Go to the last row"),
    Action("page_up", "pageup", "Page up", "Go up by eight rows"),
    Action("page_down", "pagedown", "Page down", "Go down by eight rows"),
    Action("edit", "enter", "Edit", "Type or choose a value; enter applies it, escape restores it", True),
    Action("more", "plus,equals_sign,right,l", "More", "The next sensible value up, or the next choice"),
    Action("less", "minus,left,h", "Less", "The next sensible value down, or the choice before"),
    Action("leave", "escape", "Leave", "Restore the value, or close what is open"),
)
APPLY = Action("apply", "enter", "Apply", "Take the value", True)
BACK = Action("leave", "escape", "Back", "Restore the value", True)
TICK = Action("typed:space", "space", "Tick", "Take the choice in, or leave it out", True)
NEXT = Action("typed:down", "down", "Next", "The next choice", True)
BEFORE = Action("typed:up", "up", "Before", "The choice before", True)
UP = Action("typed:up", "up", "More", "The next sensible value up", True)
DOWN = Action("typed:down", "down", "Less", "The next sensible value down", True)
STEPS = {"more": 1, "less": -1}


class HintLine(Widget):
    """A few lines about the row under the cursor; as many as it takes, up to four.

    What is wrong, and the cure at its end, may take more, up to two thirds of the panel.
    """

    DEFAULT_CSS = """
    HintLine {
        height: auto; min-height: 2; max-height: 4; width: 1fr; color: $muted;
        &.-wrong { max-height: 66%; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[Part, ...] = ()

    def show(self, parts: Sequence[Part]) -> None:
        """Shows texts in roles."""
        if tuple(parts) != self._parts:
            self._parts = tuple(parts)
            self.set_class(any(role == "error" for _, role in parts), "-wrong")
            self.refresh(layout=True)

    def render(self) -> Content:
        return Content.assemble(*((text, STYLES.get(role, "")) for text, role in self._parts))

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _ in self._parts)


class FormPanel(Panel):
    """A panel whose rows edit the experiment."""

    DEFAULT_CSS = """
    FormPanel { layout: vertical; }
    """
    COMPONENTS: ClassVar[tuple[str, ...]] = ()  # parts of the experiment that are chosen here by name

    def __init__(self) -> None:
        super().__init__()
        self.form = Form(self, lambda: self.has_focus)
        self.hint = HintLine()
        self._facts: Facts | None = None
        self._shown: Preview | None = None
        self._drawn: tuple[Any, ...] = ()
        self._offered: tuple[Action, ...] = ()

    def compose(self) -> ComposeResult:
        yield self.form
        yield self.hint

    def on_mount(self) -> None:
        self.show(self.session.snapshot)

    @property
    def editing(self) -> Editing:
        """The draft, which all panels share."""
        return Editing.of(self.session)

    @property
    def experiment(self) -> Experiment:
        """The draft's experiment."""
        return self.editing.experiment

    # ------------------------------------------------------------------------------------------ showing

    def show(self, snapshot: Snapshot) -> None:
        editing = self.editing
        editing.follow(snapshot)
        facts = editing.facts(editing.experiment)
        now = editing.experiment, facts, editing.problem, snapshot.activity == "loading"
        if now == self._drawn:
            return
        self._drawn = now
        if isinstance(facts, Facts):
            self._facts = facts
        self._shown = draft.preview(self.experiment, self._facts) if self._facts is not None else None
        self.form.show(self.rows())
        self.form.judge_again()
        self.touched()

    def redraw(self) -> None:
        """After a change of the draft, or of what is open."""
        self._drawn = ()
        self.show(self.session.snapshot)

    def rows(self) -> list[Row]:
        """The rows of the form; here none."""
        return []

    def touched(self) -> None:
        """The hint follows the cursor; what is wrong with the draft comes before everything else."""
        parts = self.form.hint()
        if not self.form.busy and (problem := self.editing.problem):
            parts = [(f"{WRONG} not running yet: {problem}", "error")]
        self.hint.show(parts)
        if (offered := self.editing_actions()) != self._offered:
            self._offered = offered
            self.screen.query("#hints").refresh()

    @property
    def _shape(self) -> tuple[int, ...] | None:
        return None if self._facts is None else self._facts.shape

    # ------------------------------------------------------------------------------------------ judging, applying

    def judge(self, key: str, value: Any) -> Verdict:
        """What a value for a dotted key would do."""
        return self.verdict(lambda: draft.edited(self.experiment, key, value, self._shape))

    def verdict(self, make: Callable[[], Experiment]) -> Verdict:
        """What a changed experiment would do: refused by a sentence, waiting for more, or its effect on the network."""
        try:
            candidate = make()
        except BadInput as error:
            return Verdict(problem=str(error))
        if candidate == self.experiment:
            return Verdict()
        shown = self.editing.preview(candidate)
        if shown is None:
            return Verdict(effect="looking at the data …")
        if shown.problem is not None:
            return Verdict(warning=shown.problem)
        return Verdict(effect=shown.effect_from(self._shown or shown), preview=shown)

    def apply(self, key: str, value: Any) -> None:
        self.change(lambda: draft.edited(self.experiment, key, value, self._shape))

    def change(self, make: Callable[[], Experiment]) -> bool:
        """Changes the draft; false where the engine refuses, which is said."""
        try:
            self.editing.change(make())
        except BadInput as error:
            self.hint.show([(f"{WRONG} {error}", "error")])
            return False
        self.redraw()
        return True

    def open(self, row: Row) -> None:
        """Rows that are no fields do nothing here."""

    # ------------------------------------------------------------------------------------------ keys

    def fields(self) -> list[Field]:
        """Every field that can be gone to, whether its row is in sight or not."""
        return [row.field for row in self.form.rows if isinstance(row, FieldRow)]

    def choices(self) -> tuple[Action, ...]:
        fields, own = self.fields(), f"{self.scope()}."
        found = [Action(f"go:{each.key}", "", each.key.removeprefix(own), each.setting.meaning) for each in fields]
        for name in self.COMPONENTS:
            kind = Setting.of(name, Experiment.model_fields[name]).component
            found += offers(kind, f"take:{name}=", f"{name} ".removeprefix(f"{self.scope()} ")) if kind else []
        return tuple(found)

    def action_go(self, key: str) -> None:
        """Puts the cursor on a field."""
        self.form.go(key)

    def action_take(self, choice: str) -> None:
        """Chooses a component for a field, "loss=mse", as its list does."""
        key, _, name = choice.partition("=")
        self.action_go(key)
        if (problem := self.judge(key, name).problem) is not None:
            self.notify(problem, severity="warning", markup=False)
        else:
            self.apply(key, name)

    def on_key(self, event: events.Key) -> None:
        """While a value is being typed or chosen, keys belong to it."""
        if not self.form.busy or event.key in self.KEPT:
            return
        if self.form.stepping and (direction := self._direction(event.key)):
            self.form.step(direction)
        else:
            self.form.key(event.key, event.character)
        event.stop()
        event.prevent_default()

    def _direction(self, key: str) -> int:
        """Where a key of `more` or `less` leads: 1 or -1; 0 for any other."""
        for action in FORM_ACTIONS:
            keys = self.workbench.remapped.get(f"{self.scope()}.{action.id}", action.keys)
            if action.id in STEPS and key in keys.split(","):
                return STEPS[action.id]
        return 0

    def editing_actions(self) -> tuple[Action, ...]:
        if (menu := self.form.menu) is not None:
            return (APPLY, BACK, *((TICK,) if menu.ticked is not None else ()), NEXT, BEFORE)
        if (typing := self.form.typing) is None:
            return ()
        return (APPLY, BACK, UP, DOWN) if typing.field.numeric else (APPLY, BACK)

    def on_paste(self, event: events.Paste) -> None:
        self.form.paste(event.text)
        event.stop()

    def on_focus(self) -> None:
        self.form.refresh()

    def on_blur(self) -> None:
        self.form.leave()
        self.form.refresh()

    def action_up(self) -> None:
        self.form.move(-1)

    def action_down(self) -> None:
        self.form.move(1)

    def action_first(self) -> None:
        self.form.move(-len(self.form.rows))

    def action_last(self) -> None:
        self.form.move(len(self.form.rows))

    def action_page_up(self) -> None:
        self.form.move(-8)

    def action_page_down(self) -> None:
        self.form.move(8)

    def action_edit(self) -> None:
        self.form.edit()

    def action_apply(self) -> None:
        self.form.accept()

    def action_typed(self, key: str) -> None:
        """Does what a key does while a value is being typed or chosen."""
        self.form.key(key, None)

    def action_more(self) -> None:
        self.form.step(1)

    def action_less(self) -> None:
        self.form.step(-1)

    def action_leave(self) -> None:
        self.form.leave()


def offers(kind: type[Component], call: str, title: str) -> list[Action]:
    """An action for each component of a kind, for the palette: found by its name, its meaning and its settings."""
    found = []
    for name, component in kind.choices().items():
        settings = ", ".join(setting.name for setting in component.settings())
        found.append(Action(f"{call}{name}", "", f"{title}{name}", f"{component.summary()} {settings}".rstrip()))
    return found
