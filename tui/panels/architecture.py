"""The architecture panel: data, layers, output and loss as a table that is edited where it stands."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine import (
    INPUT,
    BadInput,
    Experiment,
    Initializer,
    Layer,
    LayerEntry,
    Recipe,
    Setting,
    Snapshot,
    load_experiment,
    presets,
)
from engine.geometry import NodeFacts, describe, seen
from engine.layers.activations import Activation
from tui import draft
from tui.actions import Action
from tui.draft import NodeRow, Preview
from tui.fields import Field, Option, field_of, fields_of
from tui.panels.form_panel import FORM_ACTIONS, LOADING, FormPanel, offers
from tui.panels.network_rows import LayerRow, TableHead, TitledRow, as_shape, columns_of, counted, inputs, several
from tui.rows import FieldRow, HeadingRow, Row

SOURCE = re.compile(r" \([A-Z][^()]* \d{4}[^()]*\)")  # "(Ba 2016)"
AROUND = 10  # rows of the border, the hint, and what is before and behind the layers
NO_LAYER = "the cursor is on no layer; data, output and loss stay where they are"
ENTRY = tuple(Setting.of(name, LayerEntry.model_fields[name]) for name in ("name", "inputs"))


class ArchitecturePanel(FormPanel):
    """Layers in a table, with the data above and output and loss below."""

    TITLE = "Architecture"
    HELP = """
**The network, from the data at the top to the loss at the bottom.** A row shows a layer's name and settings, the shape
of its output for one sample, how many parameters it learns, and their share of all as a bar.

**A change starts the run over with the same seed.** Layers that did not change get the same first weights as before, so
that what differs is what you changed. What a change would do is shown before `enter` applies it: `→` stands before
every shape and count that would be another.

**What does not fit is not run.** The sentence at the foot names the layer, the shapes and the fix; the old network goes
on until the new one holds together.
"""
    ACTIONS = (
        *FORM_ACTIONS,
        Action("add", "a", "Add", "Add a layer behind this one", True),
        Action("insert", "i", "Insert", "Insert a layer before this one"),
        Action("duplicate", "d", "Duplicate", "Put a second layer like this one behind it"),
        Action("remove", "x,delete", "Remove", "Remove the layer", True),
        Action("move_up", "K,shift+up", "Move up", "Move the layer towards the input"),
        Action("move_down", "J,shift+down", "Move down", "Move the layer towards the output"),
        Action("type", "t", "Type", "Change the type of the layer", True),
        Action("presets", "p", "Presets", "Start from a preset or a recipe", True),
        Action("data", "D", "Data", "Choose the data set and its settings", True),
    )
    COMPONENTS = ("data", "model")

    def __init__(self) -> None:
        super().__init__()
        self._open = ""
        self._ahead: Preview | None = None
        self._costs: dict[str, NodeFacts] = {}

    # ------------------------------------------------------------------------------------------ rows

    def rows_wanted(self, snapshot: Snapshot) -> int:
        return len(snapshot.nodes) + AROUND

    def rows(self) -> list[Row]:
        experiment, shown = self.experiment, self._shown or Preview((), ())
        self._costs = {facts.node: facts for facts in describe(shown.nodes)}
        found: list[Row] = [self._data_row(), *self._settings("[data]", lambda: self._fields("data"))]
        if experiment.model is not None:
            text = f"{experiment.model.name} {draft.short(experiment.model)}".strip()
            hint = "A recipe makes the layers; enter edits it, and editing a layer replaces it by the layers"
            found.append(TitledRow("[model]", hint, "recipe", text))
            found += self._settings("[model]", lambda: self._fields("model"))
        layers = shown.rows[: self._layer_count]
        output = shown.rows[self._layer_count :]
        then = {node.name: node for node in self._ahead.rows} if self._ahead else {}
        columns = columns_of([(node, then.get(node.name)) for node in shown.rows])
        if shown.rows:
            found.append(TableHead("[layers]", columns=columns))
        for place, node in enumerate(layers):
            hint, ahead = self._layer_hint(node), then.get(node.name)
            found.append(LayerRow(f"layers.{place}", hint, node=node, columns=columns, ahead=ahead))
            found += self._settings(f"layers.{place}", lambda place=place: self._layer_fields(place))  # type: ignore[misc]
        if output:
            last = replace(output[0], settings=f"{output[0].settings.split()[0]} {experiment.output_activation}")
            hint, ahead = self._output_hint(last), then.get(last.name)
            found.append(LayerRow("output", hint, node=last, columns=columns, ahead=ahead))
            found += self._settings("output", lambda: fields_of(experiment.output, "output.", 1))
        total = shown.parameters if self._ahead is None else self._ahead.parameters
        changed = total != shown.parameters
        count = f"{'→' * changed}{total:,}"
        about = (f"{count} parameters", f"{count} par.", count) if shown.nodes else ()
        text = experiment.loss.name
        found.append(TitledRow("[loss]", "What training minimizes", "loss", text, about, changed=changed))
        found += self._settings("[loss]", lambda: self._fields("loss"))
        return found

    def _data_row(self) -> Row:
        facts, name = self.editing.facts(self.experiment), self.experiment.data.name
        hint = "The data set; enter or D chooses it and its settings"
        if isinstance(facts, str):
            return TitledRow("[data]", facts, "data", name, ("missing",), True)
        if facts is None:
            awaited = self.session.snapshot.activity != "failed" or self._shown is not None
            return TitledRow("[data]", hint, "data", name, ("…",) if awaited else ())
        ends = f"{facts.classes} classes" if facts.classes else several(facts.targets, "target")
        rows = several(facts.train, "row")
        parts = [f"{rows} to train"]
        parts += [f"{facts.validation:,} to validate"] if facts.validation else []
        parts += [f"{facts.test:,} to test"] if facts.test else []
        brief = as_shape(facts.shape) if len(facts.shape) > 1 else f"{facts.shape[0]:,} in"
        about = (f"{inputs(facts.shape)}, {rows}", f"{brief}, {rows}", rows, brief)
        return TitledRow("[data]", f"{inputs(facts.shape)}; {', '.join(parts)}; {ends}", "data", name, about)

    def _layer_hint(self, node: NodeRow) -> str:
        about = in_short(Layer.registry[node.type].summary())
        about = f"{about}; {node.parameters:,} parameters, {node.share:.0%} of all" if node.parameters else about
        return f"{about}; {cost}" if (cost := self._cost(node)) else about

    def _output_hint(self, node: NodeRow) -> str:
        about = f"The output layer, with {self.experiment.output_activation}, follows the data and the loss"
        return f"{about}; {cost}" if (cost := self._cost(node)) else about

    def _cost(self, node: NodeRow) -> str:
        """What a unit of the layer sees of an image, and multiply-adds for a sample."""
        facts = self._costs.get(node.name)
        if facts is None or self._facts is None:
            return ""
        sees = seen(facts, self._facts.shape)
        sees = f"a unit sees {sees if sees != 'all' else 'the whole input'}" if sees else ""
        adds = f"{counted(facts.multiply_adds)} multiply-adds" if facts.multiply_adds else ""
        return ", ".join(part for part in (sees, adds) if part)

    def _settings(self, key: str, make: Callable[[], list[Field]]) -> list[Row]:
        if self._open != key:
            return []
        fields = make()
        label = max((len(each.label) + 2 * each.depth for each in fields), default=8)
        if not fields:
            return [HeadingRow(f"{key}.none", text="  no settings")]
        return [FieldRow(each.key, field=each, label_width=min(label, 20)) for each in fields]

    def _fields(self, name: str) -> list[Field]:
        setting = Setting.of(name, Experiment.model_fields[name])
        return field_of(name, replace(setting, name="name", optional=False), getattr(self.experiment, name), 1)

    def _layer_fields(self, place: int) -> list[Field]:
        if self._facts is None:
            return []
        entry = draft.entries(self.experiment, self._facts.shape)[place]
        own = [Field(f"layers.{place}.{setting.name}", setting, getattr(entry, setting.name), 1) for setting in ENTRY]
        return [*fields_of(entry.layer, f"layers.{place}.", 1), *own]

    @property
    def _layer_count(self) -> int:
        if self._facts is None:
            return 0
        try:
            return len(draft.entries(self.experiment, self._facts.shape))
        except BadInput:  # a recipe whose layers cannot be, from a file
            return 0

    # ------------------------------------------------------------------------------------------ selection

    @property
    def place(self) -> int | None:
        """Which layer the cursor is on, or in; None elsewhere."""
        parts = self.form.cursor.split(".")
        return int(parts[1]) if parts[0] == "layers" else None

    def touched(self) -> None:
        super().touched()
        ahead = self.form.verdict.preview
        if ahead != self._ahead:
            self._ahead = ahead
            self.form.show(self.rows())
        if self.has_focus and (name := self._node_under()) is not None:
            self.select_node(name)

    def _node_under(self) -> str | None:
        part = self.form.cursor.strip("[]").partition(".")[0]
        rows = self._shown.rows if self._shown is not None else ()
        place = self._layer_count if part == "output" else self.place
        if place is not None and place < len(rows):
            return rows[place].name
        return INPUT if part == "data" else None

    def on_node_selected(self, name: str | None) -> None:
        if name is None or name == self._node_under() or self._shown is None or self.form.busy:
            return
        names = [row.name for row in self._shown.rows]
        if name == INPUT:
            self.form.go("[data]")
        elif name in names:
            place = names.index(name)
            self.form.go(f"layers.{place}" if place < self._layer_count else "output")

    # ------------------------------------------------------------------------------------------ actions

    def open(self, row: Row) -> None:
        """Opens a row's settings below it, or closes them."""
        self._open = "" if self._open == row.key else row.key
        self.redraw()
        inside = [each.key for each in self.form.rows if isinstance(each, FieldRow)]
        if self._open and inside:
            self.form.go(inside[0])

    def action_leave(self) -> None:
        if not self.form.leave() and self._open:
            key, self._open = self._open, ""
            self.form.go(key)
            self.redraw()

    def _structure(self, make: Callable[[tuple[int, ...]], Experiment], cursor: int | None) -> None:
        facts = self.editing.facts(self.experiment)
        if not isinstance(facts, draft.Facts):
            self.hint.show([(LOADING, "muted")])
            return
        self._open = ""
        if self.change(lambda: make(facts.shape)) and cursor is not None:
            self.form.go(f"layers.{max(0, min(cursor, self._layer_count - 1))}")

    def _choose_type(
        self, title: str, place: int, make: Callable[[tuple[int, ...], str], Experiment], now: str = "dense"
    ) -> None:
        if not isinstance(facts := self.editing.facts(self.experiment), draft.Facts):
            self.hint.show([(LOADING, "muted")])
            return
        shape, anchor = facts.shape, self.form.cursor
        options = layer_options()
        at = next((at for at, option in enumerate(options) if option.value == now), 0)
        self.form.choose(
            anchor, title, options, at,
            judge=lambda name: self.verdict(lambda: make(shape, name)),
            pick=lambda name: self._structure(lambda _: make(shape, name), place),
        )  # fmt: skip

    def _ends(self, behind: int) -> int:
        if self.place is not None:
            return self.place + behind
        return 0 if self.form.cursor.strip("[]").partition(".")[0] in ("data", "model") else self._layer_count

    def fields(self) -> list[Field]:
        experiment = self.experiment
        sections = {"data": experiment.data, "model": experiment.model, "output": experiment.output}
        return [field for name, one in sections.items() if one is not None for field in fields_of(one, f"{name}.")]

    def choices(self) -> tuple[Action, ...]:
        return (*super().choices(), *offers(Layer, "add:", "add "), *offers(Initializer, "take:init=", "init "))

    def action_go(self, key: str) -> None:
        parts = key.split(".")
        row = ".".join(parts[:2]) if parts[0] == "layers" else parts[0] if parts[0] == "output" else f"[{parts[0]}]"
        self._open = row
        self.redraw()
        self.form.go(key)

    def action_take(self, choice: str) -> None:
        key, _, name = choice.partition("=")
        super().action_take(f"{self._init_key() if key == 'init' else key}={name}")

    def _init_key(self) -> str:
        """Which first weights are meant: the recipe's, those of the layer under the cursor, or the output's."""
        layer = [] if self.place is None else self._layer_fields(self.place)
        keys = [field.key for field in (*self.fields(), *layer)]
        return next(key for key in ("model.init", f"layers.{self.place}.init", "output.init") if key in keys)

    def action_add(self, name: str = "") -> None:
        """Offers layers to add behind this one; one asked for by name goes behind the last where there is no cursor."""
        if name and self.place is None:
            self.form.go(f"layers.{self._layer_count - 1}")
        place = self._ends(1)
        self._choose_type(
            "Add", place, lambda shape, name: draft.inserted(self.experiment, shape, place, name), name or "dense"
        )

    def action_insert(self) -> None:
        place = self._ends(0)
        self._choose_type("Insert", place, lambda shape, name: draft.inserted(self.experiment, shape, place, name))

    def _layer(self) -> int | None:
        """Which layer an action is for; where the cursor is on none, a line says so."""
        if self.place is None:
            self.notify(NO_LAYER, timeout=2)
        return self.place

    def action_type(self) -> None:
        if (place := self._layer()) is None or self._shown is None:
            return
        now = self._shown.rows[place].type
        self._choose_type("Type", place, lambda shape, name: draft.retyped(self.experiment, shape, place, name), now)

    def action_duplicate(self) -> None:
        if (place := self._layer()) is not None:
            self._structure(lambda shape: draft.duplicated(self.experiment, shape, place), place + 1)

    def action_remove(self) -> None:
        if (place := self._layer()) is not None:
            self._structure(lambda shape: draft.deleted(self.experiment, shape, place), place)

    def action_move_up(self) -> None:
        self._move(-1)

    def action_move_down(self) -> None:
        self._move(1)

    def _move(self, direction: int) -> None:
        place = self._layer()
        if place is not None and 0 <= (to := place + direction) < self._layer_count:
            self._structure(lambda shape: draft.moved(self.experiment, shape, place, to), to)

    def action_presets(self) -> None:
        experiments = [(name, load_experiment(name)) for name in presets()]
        options = [Option(found, name, found.title) for name, found in experiments]
        recipes = [Option(name, f"{name} …", kind.summary()) for name, kind in Recipe.choices().items()]
        self.form.go("[data]")
        self.form.choose(
            "[data]", "Presets and recipes", [*options, *recipes],
            judge=lambda chosen: self.verdict(lambda: self._started(chosen)),
            pick=lambda chosen: self._start(chosen),
        )  # fmt: skip

    def _started(self, chosen: Any) -> Experiment:
        return chosen if isinstance(chosen, Experiment) else self.experiment.edited({"model": chosen})

    def _start(self, chosen: Any) -> None:
        self._open = ""
        if self.change(lambda: self._started(chosen)) and not isinstance(chosen, Experiment):
            self.form.go("[model]")

    def action_data(self) -> None:
        self._open = "[data]"
        self.redraw()
        self.form.go("data")
        self.form.edit()


def in_short(summary: str) -> str:
    """The first sentence of a summary, without its source: "y = max(0, x): slope 1 or 0"."""
    return SOURCE.sub("", summary).partition(". ")[0].rstrip(".")


def layer_options() -> list[Option]:
    """All types of layers, dense first and the activations apart; without their sources, for which there is no room."""
    groups = {False: "Layers", True: "Activations"}
    found = [Option(name, name, SOURCE.sub("", kind.summary()), groups[issubclass(kind, Activation)])
             for name, kind in Layer.choices().items()]  # fmt: skip
    return sorted(found, key=lambda option: (option.group == groups[True], option.value != "dense"))
