"""What the seeing screen shows: one sample, one layer and one of its units, looked at in the session's thread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import INPUT, Trainer
from engine.reach import Reach, reach
from engine.seeing import activity, effective_field, filters, occlusion, reads_input, saliency
from tui.drawing.axes import number
from tui.panels.reading import Subject, Tell, share

MODES = ("outputs", "gradients", "weights", "field")
Floats = NDArray[np.floating]
Place = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit of a node: its place, channel, row and column or only a number; its values for the sample; what it can
    see of the input and, `field` (*shape), what it listens to there. `chosen` by a person, else the strongest.
    """

    place: Place
    shape: Place
    chosen: bool
    output: float
    gradient: float
    reach: Reach
    field: Floats

    @property
    def name(self) -> str:
        """Where it is, in words."""
        if len(self.place) == 3:
            return "channel {}, row {}, column {}".format(*self.place)
        return f"unit {self.place[0]} of {self.shape[0]}"

    @property
    def strength(self) -> Floats:
        """The size of `field`, (H, W) or (features,)."""
        size = np.abs(self.field)
        return np.asarray(size.max(axis=0) if size.ndim == 3 else size)

    def values(self) -> list[str]:
        """Output and gradient, to read."""
        strongest = [] if self.chosen else ["the strongest"]
        return [*strongest, f"output {number(self.output, 3)}", f"gradient {number(self.gradient, 3)}"]

    def sight(self) -> list[str]:
        """What of an image it sees, to read; nothing for other inputs."""
        box = self.reach.box
        if self.reach.mask.ndim != 3:
            return []
        if box is None:
            return ["sees nothing of the input"]
        height, width = self.reach.mask.shape[1:]
        padding = [_count(one, word) for one, word in zip(self.reach.padding, ("row", "column"), strict=True) if one]
        if box.size == (height, width):
            said = ["sees the whole input"]
        else:
            said = [f"sees rows {box.top} to {box.bottom - 1}", f"columns {box.left} to {box.right - 1}"]
        return [*said, f"{' and '.join(padding)} in the padding"] if padding and len(self.place) == 3 else said


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything on the screen, for one sample, a row of a split, and one node (INPUT for the saliency and occlusion
    alone).

    `maps` (N, H, W) are the pictures of the mode, (N, 3, H, W) if they are weights that read a colour image; `values`
    is the vector where it is one; both None where there are none. `tell` writes a score down, `again` is what an
    autoencoder makes of the image.
    """

    nodes: tuple[tuple[str, str, Place], ...]
    node: str
    mode: str
    part: str
    row: int
    raw: Floats
    scores: Floats
    classes: tuple[str, ...]
    names: tuple[str, ...]
    target: int | float | None
    gradient: Floats
    file: str = ""
    occluded: Floats | None = None
    again: Floats | None = None
    maps: Floats | None = None
    values: Floats | None = None
    unit: Unit | None = None
    tell: Tell = share

    @property
    def layers(self) -> tuple[tuple[str, str, Place], ...]:
        """Names, kinds and shapes of the input and all nodes."""
        return (INPUT, "", self.raw.shape), *self.nodes

    @property
    def says(self) -> str:
        """The network's answer and the right one, in words; nothing for what is drawn again."""
        if self.again is not None:
            return ""
        if not self.classes:
            right = "" if not isinstance(self.target, float) else f", target {number(self.target, 3)}"
            return f"it says {number(float(self.scores[0]), 3)}{right}"
        best = int(np.argmax(np.nan_to_num(self.scores)))
        right = "" if self.target in (None, best) else f", target {self.classes[int(self.target or 0)]}"
        return f"it says {self.classes[best]} ({self.tell(float(self.scores[best]))}){right}"


def see(trainer: Trainer, part: str, row: int, node: str, mode: str, place: Place | None = None) -> Scene:
    """Looks at a row of a split; a node, row or place that there is not is taken for the nearest there is, or for the
    strongest unit."""
    splits, network, subject = trainer.splits, trainer.network, Subject.of(trainer)
    part = part if part in subject.parts else "train"
    split = getattr(splits, part)
    row = min(max(0, row), len(split) - 1)
    x = split.x[row]
    outputs = np.asarray(trainer.predict(x[None]))
    raw = splits.scaler.inverse(x[None])[0]
    seen = saliency(network, x)
    again, target = None, None
    if splits.classes:
        target = int(split.y[row])
    elif x.ndim == 3 and outputs[0].size == x.size:
        again = splits.scaler.inverse(outputs.reshape(1, *x.shape))[0]
    elif outputs.shape[1] == 1:
        target = float(np.ravel(split.y[row])[0])
    about = {
        "nodes": tuple((one.name, one.layer.name, one.shape) for one in network.nodes), "mode": mode,
        "part": part, "row": row, "file": split.files[row] if split.files else "",
        "raw": raw, "scores": subject.scores(outputs)[0] if splits.classes else outputs[0], "classes": splits.classes,
        "names": splits.feature_names, "target": target, "gradient": seen.gradient, "again": again,
        "tell": subject.tell,
    }  # fmt: skip
    if node not in {one.name for one in network.nodes}:
        return Scene(node=INPUT, occluded=occlusion(network, x, seen.unit) if x.ndim == 3 else None, **about)
    found = activity(network, node, x)
    unit = _unit(trainer, node, x, found.outputs, found.gradients, place)
    maps, values = None, None
    if mode == "weights":
        weights = filters(network, node)
        if weights is not None:
            colored = len(raw) == 3 and reads_input(network, node) and weights.shape[1] == 3
            maps = weights if colored else weights.reshape(-1, *weights.shape[2:])
    elif mode != "field":
        shown = found.outputs if mode == "outputs" else found.gradients
        maps, values = (shown, None) if shown.ndim == 3 else (None, shown)
    return Scene(node=node, maps=maps, values=values, unit=unit, **about)


def _unit(trainer: Trainer, node: str, x: Floats, outputs: Floats, gradients: Floats, place: Place | None) -> Unit:
    shape = outputs.shape
    chosen = place is not None and within(place, shape)
    if place is None or not chosen:
        place = tuple(map(int, np.unravel_index(int(np.argmax(np.nan_to_num(outputs))), shape)))
    seen = reach(trainer.network.nodes, trainer.network.shape, node, place)
    field = effective_field(trainer.network, node, place, x)
    return Unit(place, shape, chosen, float(outputs[place]), float(gradients[place]), seen, field)


def within(place: Place, shape: Place) -> bool:
    """Whether there is such a place in a shape."""
    return len(place) == len(shape) and all(0 <= at < size for at, size in zip(place, shape, strict=True))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
