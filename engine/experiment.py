"""The experiment: everything that decides a run, as a frozen value and as a TOML file."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from engine.augment import Augmentation
from engine.component import Component, Model, explain, nearest, plain
from engine.data import DataSet
from engine.errors import BadInput
from engine.files import reason
from engine.graph import NodeSpec
from engine.initializers import AnyShape, Initializer
from engine.layers import Layer, Shape
from engine.layers.activations import Activation
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.monitors import EarlyStopping
from engine.optimizers import Optimizer, Perceptron
from engine.recipes import Recipe, named
from engine.schedules import Schedule

OUTPUT = "output"
UNSET = "unset"


class LayerEntry(Model):
    """One of [[layers]]: a layer's own settings, and optionally the node's name and the names of its inputs."""

    layer: Layer
    name: str = Field("", description="the node's name; unset: type and number")
    inputs: tuple[str, ...] = Field((), description="nodes it reads; unset: the one before")

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"layer": Layer.model_validate(value)}
        if isinstance(value, Mapping) and "layer" not in value:
            rest = dict(value)
            own = {key: rest.pop(key) for key in ("name", "inputs") if key in rest}
            return {**own, "layer": Layer.model_validate(rest)}
        return value

    def table(self) -> dict[str, Any]:
        """The entry as a TOML table."""
        own = {key: plain(getattr(self, key)) for key in ("name", "inputs") if getattr(self, key)}
        return {**self.layer.table(), **own}


class Output(Model):
    """The output layer, which the engine adds: one unit a class or target."""

    activation: Literal["auto", "softmax", "sigmoid", "tanh", "softsign", "hard_sigmoid", "identity"] = Field(
        "auto", description="auto: what the loss implies"
    )
    init: Initializer | None = Field(None, description="how weights start; unset: what the activation wants")
    bias_init: AnyShape = Field(AnyShape.parse("zeros"), description="how biases start")


class Regularization(Model):
    """What keeps weights and gradients small. Zero turns a setting off."""

    l1: float = Field(0.0, ge=0, description="adds l1 * |w| to the objective, for weights, never biases")
    l2: float = Field(0.0, ge=0, description="adds l2 * w^2 / 2 to the objective, for weights, never biases")
    decay: float = Field(
        0.0,
        ge=0,
        description="decoupled weight decay: takes lr * decay * w off each weight",
        json_schema_extra={"first": 0.001},
    )
    max_norm: float = Field(
        0.0, ge=0, description="largest norm of one unit's incoming weights", json_schema_extra={"first": 0.1}
    )
    clip_value: float = Field(
        0.0, ge=0, description="largest size of one element of the gradient", json_schema_extra={"first": 0.1}
    )
    clip_norm: float = Field(
        0.0, ge=0, description="largest norm of the whole gradient", json_schema_extra={"first": 0.1}
    )


class Experiment(Model):
    """A whole experiment. Frozen: an edited experiment is a new one."""

    title: str = Field("", description="what the experiment shows")
    notes: str = Field("", description="what to look at")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="decides every random number of the run")
    epochs: int = Field(20, ge=1, le=1_000_000, description="passes over the training split")
    batch_size: int = Field(
        32, ge=0, le=1_000_000, description="rows a step; 1: stochastic, 0: the whole training split"
    )
    evaluate_train: Literal["sample", "all"] = Field(
        "sample", description="beyond 10,000 training rows: a sample or all"
    )
    data: DataSet = Field(DataSet.parse("digits"), description="data set")
    model: Recipe | None = Field(None, description="recipe of the network")
    layers: tuple[LayerEntry, ...] = Field((), description="the layers themselves, instead of a recipe")
    output: Output = Output()
    loss: Loss = Field(Loss.parse("cross_entropy"), description="what training minimizes")
    optimizer: Optimizer = Field(Optimizer.parse("adam"), description="how gradients become updates")
    schedule: Schedule = Field(Schedule.parse("constant"), description="learning rate over time")
    regularization: Regularization = Regularization()
    augmentation: Augmentation = Augmentation()
    early_stopping: EarlyStopping = EarlyStopping()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.model is not None and self.layers:
            raise ValueError("the experiment has both [model] and [[layers]]; keep one of them")
        link, chosen = self.loss.link, self.output.activation
        if link != "identity" and chosen not in ("auto", link):
            raise ValueError(
                f"output.activation is '{chosen}', but loss {self.loss.name} works from logits and implies {link}; "
                f"set output.activation to 'auto', or take another loss such as quadratic"
            )
        if link == "identity" and chosen == "softmax":
            raise ValueError(
                f"output.activation is 'softmax', which goes with loss cross_entropy, not {self.loss.name}"
            )
        if isinstance(self.optimizer, Perceptron) and (self.loss.name, self.batch_size) != ("perceptron", 1):
            raise ValueError(
                "optimizer.name is 'perceptron', a rule for loss.name = 'perceptron' and batch_size = 1; set both"
            )
        return self

    def nodes(self, shape: Shape, units: int) -> list[NodeSpec]:
        """Every node in order, for samples of `shape` and `units` outputs; the output layer comes last.

        Raises BadInput as `front` does.
        """
        specs = self.front(shape)
        output = self.model.output_name if self.model is not None else OUTPUT
        specs.append(NodeSpec(output, Dense(units=units, init=self.output.init, bias_init=self.output.bias_init)))
        if (activation := self.output_activation) not in ("softmax", "identity") and self.loss.link == "identity":
            specs.append(NodeSpec(f"{output}_{activation}", Activation.parse(activation)))
        return specs

    def front(self, shape: Shape) -> list[NodeSpec]:
        """The nodes in front of the output layer, from the recipe or the list.

        Raises BadInput where a recipe makes a layer that cannot be, such as one without units.
        """
        if self.model is None:
            return self._entries()
        try:
            return self.model.nodes(shape)
        except ValidationError as error:
            raise BadInput(f"model '{self.model.name}' makes a layer that cannot be: {explain(error)}") from None

    def _entries(self) -> list[NodeSpec]:
        chain = named([entry.layer for entry in self.layers])
        return [
            NodeSpec(entry.name or spec.name, spec.layer, entry.inputs)
            for entry, spec in zip(self.layers, chain, strict=True)
        ]

    def units(self, classes: int, targets: int) -> int:
        """How many units the output layer gets, for data with so many classes, or with numbers as targets.

        Raises BadInput where the loss, or what early stopping watches, does not go with such data.
        """
        if classes:
            return self.loss.units(classes)
        if self.loss.link == "softmax" or self.loss.signed:
            raise BadInput(
                f"loss.name is '{self.loss.name}', which needs classes, and the data has numbers as targets; "
                "take mse, mae or huber"
            )
        if self.early_stopping.monitor == "valid_accuracy":
            raise BadInput("early_stopping.monitor is 'valid_accuracy', which numbers do not have; take 'valid_loss'")
        return targets

    @property
    def output_activation(self) -> str:
        """The activation that turns outputs into predictions."""
        return self.loss.link if self.output.activation == "auto" else self.output.activation

    @property
    def low(self) -> float:
        """The target of a unit that is not the right one: -1 where outputs reach there, else 0."""
        return -1.0 if self.loss.signed or self.output_activation in ("tanh", "softsign") else 0.0

    @property
    def threshold(self) -> float:
        """The output above which a single unit says class 1."""
        return 0.0 if self.low < 0 or self.loss.link == "sigmoid" else 0.5

    def table(self) -> dict[str, Any]:
        """The experiment as TOML tables, every default spelled out."""
        table: dict[str, Any] = {}
        for field in type(self).model_fields:
            value = getattr(self, field)
            if field == "layers":
                value = [entry.table() for entry in value]
            elif isinstance(value, Component):
                value = value.table()
            else:
                value = plain(value)
            if value is not None and not (field == "layers" and self.model is not None):
                table[field] = value
        return table

    def edited(self, changes: Mapping[str, Any]) -> "Experiment":
        """The experiment with dotted keys set, such as {"optimizer.lr": 0.01}, in any order. Raises BadInput."""
        table = self.table()
        for key, value in outer_first(changes).items():
            set_key(table, key, value)
        return parse_experiment(table)


def parse_experiment(table: Mapping[str, Any]) -> Experiment:
    """Makes an experiment from TOML tables. Raises BadInput with one line."""
    if "model" not in table and "layers" not in table:
        table = {**table, "model": {"name": "mlp"}}
    try:
        return Experiment.model_validate(table)
    except ValidationError as error:
        raise BadInput(explain(error)) from None


def outer_first(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted changes, that of a part before those of its settings: to name a component is to change all of it.

    So {"optimizer.lr": 0.1, "optimizer.name": "sgd"} is SGD with that rate, whichever stands first.
    """

    def depth(key: str) -> int:
        *path, last = key.split(".")
        return len(path) + (last not in ("name", "type"))

    return dict(sorted(changes.items(), key=lambda change: depth(change[0])))


def set_key(table: dict[str, Any], key: str, value: Any) -> None:
    """Sets a dotted key in nested tables; list items by index. Naming another component drops the old one's settings;
    of those that all data sets have, what differs from the old one's defaults stays.

    Raises BadInput where the path leads through something that is no table.
    """
    if not key.isprintable():
        raise BadInput(f"{key!r} is not a setting of an experiment")
    *path, last = key.split(".")
    place: Any = table
    for depth, part in enumerate(path):
        where = ".".join(path[: depth + 1])
        spot: Any = _index(place, part, where) if isinstance(place, list) else part
        if isinstance(place, dict) and part not in place and (*path, last)[depth + 1].isdigit():
            reason = _recipe_instead(table) if where == "layers" else ""
            raise BadInput(f"{key} cannot be set: the experiment has no list '{where}'{reason}")
        inner = place[spot] if isinstance(place, list) else place.get(part, {})
        if isinstance(inner, str):
            inner = {"type" if part == "activation" else "name": inner}
        if not isinstance(inner, (dict, list)):
            raise BadInput(f"{key} cannot be set: {where} is {inner!r}, not a table")
        place[spot] = inner
        place = inner
    if isinstance(place, list):
        place[_index(place, last, key)] = value
        return
    of_layer = path[:1] == ["layers"] and len(path) == 2
    if path and place.get(last) != value and (last == "type" or (last == "name" and not of_layer)):
        kept = ("name", "inputs") if of_layer else _changed(place) if path == ["data"] else ()
        for other in [other for other in place if other not in kept]:
            del place[other]
    if key == "model" or path[:1] == ["model"]:
        table.pop("layers", None)
    if key == "layers":
        table.pop("model", None)
    place[last] = value


def _recipe_instead(table: Mapping[str, Any]) -> str:
    """The end of an error sentence: what to set where a recipe makes the layers."""
    recipe = Recipe.registry.get(table.get("model", {}).get("name"))
    if recipe is None:
        return ""
    fix = f"set model.{next(iter(recipe.model_fields))}" if recipe.model_fields else "choose another with model.name"
    return f", since model '{recipe.name}' makes its layers; {fix}"


def _changed(data: Mapping[str, Any]) -> list[str]:
    """The settings that all data sets have and that are not at their defaults in this table."""
    old = DataSet.registry.get(str(data.get("name")))
    common = [name for name in DataSet.model_fields if name in data]
    return [name for name in common if old is None or data[name] != old.model_fields[name].default]


def _index(items: list[Any], part: str, where: str) -> int:
    if not part.isdecimal() or int(part) >= len(items):
        there = f"has items 0 to {len(items) - 1}" if items else "is empty"
        raise BadInput(f"{where} is not there: the list {there}")
    return int(part)


def parse_value(text: str) -> Any:
    """The value of `--set key=value`: a TOML value, None for `unset`, or the text itself where it is neither."""
    if text == UNSET:
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def presets() -> tuple[str, ...]:
    """The names of the experiments that come with the program, the default first."""
    found = sorted(
        file.name.removesuffix(".toml") for file in _preset_folder().iterdir() if file.name.endswith(".toml")
    )
    return ("digits", *(name for name in found if name != "digits"))


def _preset_folder() -> Any:
    return resources.files("engine") / "presets"


def load_experiment(source: str | Path = "digits", changes: Mapping[str, Any] | None = None) -> Experiment:
    """Reads an experiment from a TOML file or by a preset's name, and applies dotted changes.

    Raises BadInput that names the file, the place, the value and what is allowed.
    """
    name, path = str(source), Path(source)
    if name in presets():
        text = (_preset_folder() / f"{name}.toml").read_text("utf-8")
    else:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            raise BadInput(f"experiment '{name}' cannot be read: it is not text in UTF-8; give a TOML file") from None
        except (FileNotFoundError, ValueError):  # a name with a zero byte is a ValueError
            is_data = name in DataSet.registry
            hint = f"; it is a data set: --set data.name={name}" if is_data else nearest(name, presets())
            raise BadInput(f"experiment {name!r}: no such file, and no preset of that name{hint}") from None
        except OSError as error:
            own = path / "experiment.toml"
            fix = f"give its file {own}" if os.path.isfile(own) else "give a TOML file"
            raise BadInput(f"experiment '{name}' cannot be read: {reason(error)}; {fix}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"experiment '{name}' is not valid TOML: {error}") from None
    try:
        experiment = parse_experiment(table)
        _refuse_quoted(table, experiment.table())
    except BadInput as error:
        raise BadInput(f"experiment '{name}': {error}") from None
    return experiment.edited(changes) if changes else experiment


def _refuse_quoted(written: Any, read: Any, place: str = "") -> None:
    """Raises BadInput where a file has a number, or true or false, in quotes: TOML tells them from text."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(written, Mapping) and isinstance(read, Mapping):
        pairs = ((key, read.get(key)) for key in written)
    elif isinstance(written, list) and isinstance(read, list):
        pairs = enumerate(read[: len(written)])
    elif isinstance(written, str) and isinstance(read, (bool, int, float)):
        kind = "true or false" if isinstance(read, bool) else "a number"
        raise BadInput(f'{place} is "{written}", in quotes: it is {kind}, so write {_last(place)}{written.strip()}')
    for key, inner in pairs:
        _refuse_quoted(written[key], inner, f"{place}.{key}" if place else str(key))


def _last(place: str) -> str:
    key = place.rpartition(".")[2]
    return "" if key.isdigit() else f"{key} = "
