"""In which settings two runs differ, in words; and what of them can be held against each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise

from pydantic import BaseModel

from engine import BadInput, Component, Edit, Experiment, LayerEntry
from tui.draft import Shape, entries, short
from tui.fields import as_text

LAST = ("seed", "epochs")  # what is told behind everything else
UNTOLD = ("title", "notes", "model", "layers", *LAST)
SAME_TASK = ("validation", "test", "limit", "standardize", "features", "samples", "noise", "spread", "repeats")
MANY = 4  # differences within a list of layers, from which on they are not told one by one


@dataclass(frozen=True)
class Course:
    """The settings along a run's course: those before any edit, and the edits in their order."""

    base: Experiment
    edits: tuple[Edit, ...] = ()

    def until(self, step: float) -> "Course":
        """Without the edits that came too late for the steps up to `step`."""
        return Course(self.base, tuple(edit for edit in self.edits if edit.step < step))

    @cached_property
    def stretches(self) -> Mapping[int, Experiment]:
        """What the run was trained with, by the step from which on it held."""
        now = self.base
        found = {0: now}
        for edit in self.edits:
            found[edit.step] = now = now.edited({edit.key: edit.value})
        return found

    @property
    def start(self) -> Experiment:
        """What the first step was taken with."""
        return self.stretches[0]

    @property
    def end(self) -> Experiment:
        """What the last step was taken with."""
        return [*self.stretches.values()][-1]

    def turns(self, shape: Shape) -> list[str]:
        """The changes on the way, for samples of `shape`: "lr 0.01 → 0.1 from step 90 on"."""
        return [
            f"{words} from step {step} on"
            for (_, before), (step, now) in pairwise(self.stretches.items())
            for words in differences(before, now, shape)
        ]


def changes(before: Course, now: Course, shape: Shape) -> list[str]:
    """What is not the same in the settings that two runs were trained with: at their start, then on the way of the
    present one and of the one before. Nothing where all is the same."""
    theirs, ours = before.turns(shape), now.turns(shape)
    found = differences(before.start, now.start, shape)
    found += [turn for turn in ours if turn not in theirs]
    return found + [f"it had {turn}" for turn in theirs if turn not in ours]


def differences(before: Experiment, now: Experiment, shape: Shape) -> list[str]:
    """The changes that lead from one experiment to the other, for samples of `shape`: "hidden 16, 8 → 4"; the
    network's first. Nothing where there are none.
    """
    found = [*_network(before, now, shape)]
    for name in type(now).model_fields:
        if name not in UNTOLD:
            found += _told(name, getattr(before, name), getattr(now, name))
    for name in LAST:
        found += _told(name, getattr(before, name), getattr(now, name))
    return found


def same_data(before: Experiment, now: Experiment) -> bool:
    """Whether both learn the same task: the same data set, though maybe fewer, noisier or other views of its rows."""
    ours, theirs = ({**one.data.table(), **dict.fromkeys(SAME_TASK)} for one in (now, before))
    return ours == theirs


def same_loss(before: Experiment, now: Experiment) -> bool:
    """Whether the losses of both are in the same unit."""
    return same_data(before, now) and (before.loss, before.low) == (now.loss, now.low)


def edit_value(edit: Edit) -> str:
    """What a setting was changed to; a schedule by its name, with its settings behind it."""
    if not isinstance(edit.value, dict):
        return as_text(edit.value)
    settings = {**edit.value}
    name = as_text(settings.pop("name", ""))
    return " ".join([name, *(f"{key}={as_text(value)}" for key, value in settings.items())])


def layer_words(entry: LayerEntry) -> str:
    """A layer with what is set of it: "dense 64"."""
    return f"{entry.layer.name} {short(entry.layer)}".strip()


def _told(name: str, old: object, new: object) -> Iterator[str]:
    """A setting by its name, old value and new one; of a part, each of its settings that differs."""
    if old == new:
        return
    was, now = (one.name if isinstance(one, Component) else one for one in (old, new))
    whole = not isinstance(old, BaseModel) or not isinstance(new, BaseModel)
    if whole or (isinstance(old, Component) and was != now):
        yield f"{name.replace('_', ' ')} {as_text(was)} → {as_text(now)}"
    if not isinstance(old, BaseModel) or not isinstance(new, BaseModel):
        return
    for inner, info in type(new).model_fields.items():
        value = getattr(new, inner)
        if inner in type(old).model_fields:
            yield from _told(inner, getattr(old, inner), value)
        elif value != info.get_default(call_default_factory=True) and not isinstance(value, BaseModel):
            yield f"{inner.replace('_', ' ')} {as_text(value)}"


def _network(before: Experiment, now: Experiment, shape: Shape) -> Iterator[str]:
    if before.model is not None and now.model is not None:
        yield from _told("model", before.model, now.model)
        return
    try:
        old, new = ([layer_words(entry) for entry in entries(one, shape)] for one in (before, now))
    except BadInput:  # a recipe that is not for such samples
        yield "other layers"
        return
    found = [*_layers(old, new)]
    yield from found if len(found) < MANY else ("other layers",)


def _layers(old: list[str], new: list[str]) -> Iterator[str]:
    """What was put in, left out and replaced from one list of layers to the other."""
    for kind, first, last, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, fresh = old[first:last], new[start:stop]
        if kind == "replace" and len(gone) == len(fresh):
            yield from (_pair(one, other) for one, other in zip(gone, fresh, strict=True))
        elif kind == "replace":
            yield f"{', '.join(gone)} → {', '.join(fresh)}"
        elif kind == "insert":
            yield f"with {', '.join(fresh)}"
        elif kind == "delete":
            yield f"without {', '.join(gone)}"


def _pair(old: str, new: str) -> str:
    """A layer and what stands in its place: "dense 64 → 16", "tanh → relu"."""
    name, _, settings = new.partition(" ")
    return f"{old} → {settings}" if settings and old.startswith(f"{name} ") else f"{old} → {new}"
