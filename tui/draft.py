"""An experiment being edited, without a screen: the operations, their undo, and what they would do.

Every operation takes a frozen experiment and gives another one, so that a change can be looked at before it is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine import (
    INPUT,
    BadInput,
    Component,
    Experiment,
    Initializer,
    Layer,
    LayerEntry,
    Node,
    NodeSpec,
    Recipe,
    Splits,
    connect,
)  # fmt: skip

Shape = tuple[int, ...]
REMEMBERED = 200


@dataclass(frozen=True)
class Facts:
    """What a network has to fit: the shape of a sample, the classes (or the number of targets), the rows."""

    shape: Shape
    classes: int
    targets: int
    train: int = 0
    validation: int = 0
    test: int = 0

    @classmethod
    def of(cls, splits: Splits) -> "Facts":
        """Those of loaded data."""
        rows = [0 if split is None else len(split) for split in (splits.train, splits.validation, splits.test)]
        targets = 0 if splits.classes else splits.train.y.shape[1]
        return cls(splits.shape, len(splits.classes), targets, *rows)

    def units(self, experiment: Experiment) -> int:
        """How many units the output layer gets. Raises BadInput where loss and data do not go together."""
        return experiment.units(self.classes, self.targets)


@dataclass(frozen=True)
class NodeRow:
    """A row of the table of layers. `shape` and `parameters` are None behind the layer that does not fit."""

    name: str
    type: str
    settings: str
    shape: Shape | None
    parameters: int | None
    share: float
    wrong: bool = False


@dataclass(frozen=True)
class Preview:
    """The network that an experiment describes, or as much of it as holds together, and what is wrong."""

    rows: tuple[NodeRow, ...]
    nodes: tuple[Node, ...]
    problem: str | None = None

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(node.parameter_count for node in self.nodes)

    def effect_from(self, before: "Preview") -> str:
        """What it means to come from another network: parameters, and whose first weights are drawn anew."""
        if self.problem:
            return ""
        old = {node.name: node.parameters for node in before.nodes}
        fresh = [node.name for node in self.nodes if node.parameters and node.parameters != old.get(node.name)]
        count = f"{self.parameters:,} parameters"
        if before.parameters != self.parameters:
            count = f"{before.parameters:,} → {count}"
        if not fresh:
            return f"{count}; same first weights"
        several = ", ".join(fresh) if len(fresh) <= 3 else f"{', '.join(fresh[:2])} and {len(fresh) - 2} more"
        return f"{count}; new weights in {several}"


def preview(experiment: Experiment, facts: Facts) -> Preview:
    """Shapes and parameters without building anything: quick enough to follow typing."""
    try:
        specs = experiment.nodes(facts.shape, facts.units(experiment))
    except BadInput as error:
        try:
            specs = [NodeSpec(entry.name, entry.layer, entry.inputs) for entry in entries(experiment, facts.shape)]
        except BadInput:
            specs = []
        return Preview(_rows(specs, (), len(specs)), (), str(error))
    nodes: tuple[Node, ...] = ()
    problem: str | None = None
    for end in range(len(specs), -1, -1):
        try:
            nodes = connect(specs[:end], facts.shape)
        except BadInput as error:
            problem = str(error)
        else:
            break
    return Preview(_rows(specs, nodes, len(nodes)), nodes, problem)


def _rows(specs: Sequence[NodeSpec], nodes: Sequence[Node], wrong: int) -> tuple[NodeRow, ...]:
    total = sum(node.parameter_count for node in nodes)
    rows = []
    for place, spec in enumerate(specs):
        node = nodes[place] if place < len(nodes) else None
        count = None if node is None else node.parameter_count
        share = count / total if count and total else 0.0
        settings = short(spec.layer)
        shape = None if node is None else node.shape
        rows.append(NodeRow(spec.name, spec.layer.name, settings, shape, count, share, place == wrong))
    return tuple(rows)


def short(component: Component) -> str:
    """A component's settings in few words: "64", "0.2", "16 kernel=5"."""
    settings = component.settings()
    words = []
    for place, setting in enumerate(settings):
        value = getattr(component, setting.name)
        if isinstance(value, Initializer):
            continue
        shown = value.name if isinstance(value, Component) else value
        changed = value != type(component).model_fields[setting.name].default
        if isinstance(shown, tuple):
            shown = ",".join(map(str, shown))
        elif isinstance(shown, float):
            shown = f"{shown:g}"
        telling = setting.type in ("int", "float", "list") and (setting.type == "int" or len(settings) == 1)
        if place == 0 and (telling or changed) and setting.name != "epsilon":
            words.append(str(shown))
        elif changed and shown is not None:
            words.append(
                f"{setting.name}={shown}" if not isinstance(shown, bool) else "no " * (not shown) + setting.name
            )
    return " ".join(words)


# ------------------------------------------------------------------------------------------------ operations


def entries(experiment: Experiment, shape: Shape) -> tuple[LayerEntry, ...]:
    """The layers in front of the output, every one with its name; a recipe's too."""
    if experiment.model is not None:
        specs = experiment.front(shape)
        return tuple(LayerEntry(layer=spec.layer, name=spec.name, inputs=spec.inputs) for spec in specs)
    names = _numbered(experiment.layers)
    pairs = zip(experiment.layers, names, strict=True)
    return tuple(entry.model_copy(update={"name": entry.name or name}) for entry, name in pairs)


def _numbered(layers: Sequence[LayerEntry]) -> list[str]:
    counts: dict[str, int] = {}
    names = []
    for entry in layers:
        kind = entry.layer.name
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{kind}{counts[kind]}")
    return names


def with_layers(experiment: Experiment, layers: Sequence[LayerEntry]) -> Experiment:
    """The experiment with these layers instead of its own; names that numbering would give are left out."""
    names = _numbered(layers)
    tidy = tuple(
        entry.model_copy(update={"name": "" if entry.name == name else entry.name})
        for entry, name in zip(layers, names, strict=True)
    )
    if not tidy:
        return experiment.model_copy(update={"model": Recipe.parse("perceptron"), "layers": ()})
    return experiment.model_copy(update={"model": None, "layers": tidy})


def inserted(experiment: Experiment, shape: Shape, place: int, type_name: str) -> Experiment:
    """With a new layer at `place`. One that joins others reads the one before and the nearest that fits it.

    All other layers keep their names, and with them their first weights.
    """
    layers = list(entries(experiment, shape))
    layer = Layer.parse(type_name, "type")
    inputs = _joined(layers[:place], layer, shape) if layer.inputs > 1 else ()
    layers.insert(place, LayerEntry(layer=layer, name=_fresh(type_name, layers), inputs=inputs))
    return with_layers(experiment, layers)


def _joined(before: Sequence[LayerEntry], layer: Layer, shape: Shape) -> tuple[str, ...]:
    specs = [NodeSpec(entry.name, entry.layer, entry.inputs) for entry in before]
    names = [INPUT, *(spec.name for spec in specs)]
    for other in reversed(names[:-1]):
        try:
            connect([*specs, NodeSpec("joined", layer, (names[-1], other))], shape)
        except BadInput:
            continue
        return names[-1], other
    return ()


def _fresh(stem: str, layers: Sequence[LayerEntry]) -> str:
    taken = {entry.name for entry in layers}
    return next(name for n in range(1, len(taken) + 2) if (name := f"{stem}{n}") not in taken)


def duplicated(experiment: Experiment, shape: Shape, place: int) -> Experiment:
    """With the layer at `place` a second time, behind it."""
    layers = list(entries(experiment, shape))
    name = _fresh(layers[place].layer.name, layers)
    layers.insert(place + 1, layers[place].model_copy(update={"name": name}))
    return with_layers(experiment, layers)


def moved(experiment: Experiment, shape: Shape, place: int, to: int) -> Experiment:
    """With the layer at `place` at `to`."""
    layers = list(entries(experiment, shape))
    layers.insert(to, layers.pop(place))
    return with_layers(experiment, layers)


def deleted(experiment: Experiment, shape: Shape, place: int) -> Experiment:
    """Without the layer at `place`; who named it as an input reads what it read."""
    layers = list(entries(experiment, shape))
    gone = layers.pop(place)
    source = gone.inputs[0] if gone.inputs else layers[place - 1].name if place else INPUT
    return with_layers(experiment, _readdressed(layers, gone.name, source))


def retyped(experiment: Experiment, shape: Shape, place: int, type_name: str) -> Experiment:
    """With another type of layer at `place`; settings that both have are kept."""
    layers = list(entries(experiment, shape))
    old = layers[place]
    if old.layer.name == type_name:
        return experiment
    layer = Layer.parse(switched(old.layer, type_name), "layer")
    stem = old.layer.name
    numbered = old.name.startswith(stem) and old.name[len(stem) :].isdigit()
    name = _fresh(type_name, layers) if numbered else old.name
    inputs = old.inputs if old.layer.inputs == layer.inputs else ()
    if layer.inputs > 1 and not inputs:
        inputs = _joined(layers[:place], layer, shape)
    layers[place] = LayerEntry(layer=layer, name=name, inputs=inputs)
    return with_layers(experiment, _readdressed(layers, old.name, name))


def _readdressed(layers: Sequence[LayerEntry], old: str, new: str) -> list[LayerEntry]:
    return [
        entry.model_copy(update={"inputs": tuple(new if name == old else name for name in entry.inputs)})
        for entry in layers
    ]


def edited(experiment: Experiment, key: str, value: Any, shape: Shape | None = None) -> Experiment:
    """With a dotted key set. A recipe becomes layers as soon as one of them is edited; naming another component keeps
    the settings that both have. Raises BadInput with the engine's sentence, also where a recipe's layers cannot be.
    """
    if key.startswith("layers."):
        if shape is None:
            raise BadInput("the data is not loaded yet; wait, or choose another data set")
        layers = entries(experiment, shape)
        place, _, name = key.removeprefix("layers.").partition(".")
        if name == "name" and layers[int(place)].name != value:
            if value in (INPUT, *(entry.name for entry in layers)):
                raise BadInput(f"{key} is '{value}': another node has that name; give each a name of its own")
            renamed = _readdressed(layers, layers[int(place)].name, value)
            renamed[int(place)] = renamed[int(place)].model_copy(update={"name": value})
            return with_layers(experiment, renamed).edited({})
        experiment = with_layers(experiment, layers)
    present = _reach(experiment, key)
    if isinstance(present, Component) and isinstance(value, str) and value in type(present).registry:
        value = present.table() if present.name == value else switched(present, value)
    changed = experiment.edited({key: value})
    if shape is not None:
        changed.front(shape)
    return changed


def _reach(value: Any, key: str) -> Any:
    for part in key.split("."):
        if isinstance(value, (list, tuple)):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = getattr(value.layer if isinstance(value, LayerEntry) else value, part, None)
    return value


def switched(old: Component, name: str) -> dict[str, Any]:
    """Another component of the kind, as a table, with what a person had changed in settings that both inherit."""
    new = type(old).registry[name]
    common = next(base for base in type(old).__mro__ if issubclass(new, base) and issubclass(base, Component))
    table, defaults = old.table(), type(old).model_fields
    changed = [name for name in common.model_fields if name in table and getattr(old, name) != defaults[name].default]
    return {old.key: name, **{name: table[name] for name in changed}}


# ------------------------------------------------------------------------------------------------ history


class Draft:
    """The experiment at hand, with what it was before and what was undone."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._past: list[Experiment] = []
        self._future: list[Experiment] = []

    def apply(self, experiment: Experiment) -> bool:
        """Makes a change; false where it is none."""
        if experiment == self.experiment:
            return False
        self._past = [*self._past, self.experiment][-REMEMBERED:]
        self._future.clear()
        self.experiment = experiment
        return True

    def replace(self, experiment: Experiment) -> None:
        """Takes another experiment for the present one, without anything to undo: the run went back in time."""
        self.experiment = experiment

    def undo(self) -> bool:
        """Takes the last change back; false where there is none."""
        if not self._past:
            return False
        self._future.append(self.experiment)
        self.experiment = self._past.pop()
        return True

    def redo(self) -> bool:
        """Makes the change that was undone last once more; false where there is none."""
        if not self._future:
            return False
        self._past.append(self.experiment)
        self.experiment = self._future.pop()
        return True
