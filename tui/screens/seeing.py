"""Seeing: what every layer makes of one sample, and which inputs decide the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.widget import Widget

from engine import INPUT, Trainer
from engine.reach import reach
from engine.seeing import activity, effective_field, filters, occlusion, saliency
from tui.actions import Action, bindings
from tui.asking import Asking, moment
from tui.drawing.axes import number
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, REVERSE, Picture
from tui.drawing.widget import Drawing
from tui.panels.reading import PARTS, Subject, share
from tui.panels.samples import draw_scores, fitted, image
from tui.screens.frame import WholeScreen
from tui.screens.maps import as_sheet, draw_maps, grid_size, heat, signed

if TYPE_CHECKING:
    from engine import Session, Snapshot

MODES = ("outputs", "gradients", "weights", "field")
MEANINGS = {
    "outputs": "what the layer puts out for this sample",
    "gradients": "d score / d output: blue pushes the answer up",
    "weights": "what each unit looks for",
    "field": "the part of the input that the strongest unit sees",
}
LIST = 26  # columns of the list of layers
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything on the screen, for one sample and one node (INPUT for the saliency and occlusion alone)."""

    nodes: tuple[tuple[str, str, tuple[int, ...]], ...]
    node: str
    mode: str
    row: int
    raw: Floats
    scores: Floats
    outputs: Floats
    classes: tuple[str, ...]
    names: tuple[str, ...]
    target: int | None
    gradient: Floats
    occluded: Floats | None
    maps: Floats | None
    sees: str = ""


def see(trainer: Trainer, part: str, row: int, node: str, mode: str) -> Scene:
    """Looks at a row of a split; a node or row that there is not is taken for the nearest there is."""
    splits, network, subject = trainer.splits, trainer.network, Subject.of(trainer)
    split = getattr(splits, part if part in subject.parts else "train")
    row = min(max(0, row), len(split) - 1)
    x = split.x[row]
    names = [one.name for one in network.nodes]
    outputs = np.asarray(trainer.predict(x[None]))
    scores = subject.scores(outputs)[0] if splits.classes else outputs[0]
    seen = saliency(network, x)
    maps, occluded, sees = None, None, ""
    if node not in names:
        node = INPUT
        occluded = occlusion(network, x, seen.unit) if x.ndim == 3 else None
    elif mode == "weights":
        weights = filters(network, node)
        maps = None if weights is None else weights.reshape(-1, *weights.shape[2:])
    elif mode == "field":
        maps, sees = _field(trainer, node, x)
    else:
        found = activity(network, node, x)
        values = found.outputs if mode == "outputs" else found.gradients
        maps = np.asarray(values if values.ndim == 3 else as_sheet(values)[None])
    raw = splits.scaler.inverse(x[None])[0]
    target = int(split.y[row]) if splits.classes else None
    described = tuple((one.name, one.layer.name, one.shape) for one in network.nodes)
    return Scene(
        described, node, mode, row, raw, scores, outputs[0], splits.classes, splits.feature_names, target,
        seen.gradient, occluded, maps, sees,
    )  # fmt: skip


def _field(trainer: Trainer, node: str, x: Floats) -> tuple[Floats, str]:
    """The part of the input (1, H, W) that the strongest unit of a node listens to, and what it could see in words."""
    outputs = activity(trainer.network, node, x).outputs
    place = tuple(int(axis) for axis in np.unravel_index(int(np.argmax(np.nan_to_num(outputs))), outputs.shape))
    field = effective_field(trainer.network, node, place, x)
    strength = np.abs(field).max(axis=0) if field.ndim == 3 else as_sheet(np.abs(field))
    unit, seen = " ".join(map(str, place)), reach(trainer.network.nodes, trainer.splits.shape, node, place)
    if seen.box is None:
        return strength[None], ""
    if seen.mask.all():
        return strength[None], f"its strongest unit, {unit}, sees the whole input"
    size = "x".join(map(str, seen.box.size))
    return strength[None], f"its strongest unit, {unit}, sees {size} from row {seen.box.top}, column {seen.box.left}"


class View(Drawing):
    """The scene as one picture."""

    DEFAULT_CSS = """
    View { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.problem: str | None = None
        self.first = self.shown = 0

    def draw(self, width: int, height: int, palette: Palette) -> Picture:
        picture, scene = Picture(width, height), self.scene
        if scene is None:
            picture.put(height // 2, 0, (self.problem or "looking …").center(width)[:width], palette.color("muted"))
            return picture
        side = min(LIST, width // 3)
        self._layers(picture, scene, side, palette)
        left = side + 2
        top = self._sample(picture, scene, left, palette)
        self._maps(picture, scene, left, top, palette)
        return picture

    def _layers(self, picture: Picture, scene: Scene, width: int, palette: Palette) -> None:
        rows = [(INPUT, "", scene.raw.shape), *scene.nodes]
        chosen = next((index for index, (name, _, _) in enumerate(rows) if name == scene.node), 0)
        first = max(0, min(chosen - picture.height // 2, len(rows) - picture.height + 1))
        picture.put(0, 0, "layers"[:width], palette.color("muted"))
        for row, (name, kind, shape) in enumerate(rows[first : first + picture.height - 1], 1):
            here = first + row - 1 == chosen
            size = "x".join(map(str, shape))
            room = max(3, width - len(size) - 1)
            text = name if name.startswith(kind) or not kind else f"{name} {kind}"
            text = (text if len(text) <= room else name[:room]).ljust(room) + " " + size
            color = palette.color("text" if here else "muted")
            picture.put(row, 0, text[:width].ljust(width), color, (BOLD | REVERSE) if here else 0)

    def _sample(self, picture: Picture, scene: Scene, left: int, palette: Palette) -> int:
        """The input, its saliency and the answer, side by side; returns the row below."""
        room = picture.width - left
        if scene.raw.ndim != 3:
            return self._features(picture, scene, left, palette)
        tall = max(4, min(14, picture.height * 2 // 5))
        rows, columns = fitted(scene.raw.shape[1:], max(4, (room - 20) // 2), 2 * tall)
        picture.put(0, left, "input"[:columns], palette.color("muted"))
        picture.paste(image(scene.raw, rows, columns, palette), 1, left)
        picture.put(0, left + columns + 2, "saliency"[:columns], palette.color("muted"))
        strength = np.abs(scene.gradient).max(axis=0)
        picture.paste(heat(strength, rows, columns, palette), 1, left + columns + 2)
        at = left + 2 * (columns + 2)
        used = -(-rows // 2)
        if scene.classes:
            bars = min(len(scene.classes), max(used, 4), 10)
            draw_scores(
                picture, 1, at, min(36, picture.width - at), bars, palette, scene.scores, scene.classes, scene.target
            )
            best = int(np.argmax(scene.scores))
            said = f"{scene.classes[best]}, {share(float(scene.scores[best]))}"
            picture.put(0, at, f"it says {said}", palette.color("text"), BOLD)
            used = max(used, bars)
        return used + 2

    def _features(self, picture: Picture, scene: Scene, left: int, palette: Palette) -> int:
        """Inputs that are no image: value and slope of each, the steepest first."""
        values, slopes = scene.raw.ravel(), scene.gradient.ravel()
        names = scene.names if len(scene.names) == len(slopes) else tuple(f"x{n + 1}" for n in range(len(slopes)))
        steepest = np.argsort(-np.abs(np.nan_to_num(slopes)), kind="stable")
        plain = len(values) == len(slopes)
        rows = min(len(slopes), max(2, picture.height // 3))
        best = int(np.argmax(scene.scores)) if scene.classes else 0
        said = f"{scene.classes[best]} {share(float(scene.scores[best]))}" if scene.classes else number(scene.scores[0])
        right = "" if scene.target is None else f", target {scene.classes[scene.target]}"
        picture.put(0, left, f"it says {said}{right}", palette.color("text"), BOLD)
        picture.put(1, left, "input, value, d score / d input", palette.color("muted"))
        largest = float(np.abs(slopes).max(initial=0)) or 1.0
        for row, index in enumerate(steepest[:rows].tolist(), 2):
            value = number(float(values[index]), 3) if plain else ""
            text = f"{names[index][:16]:<16} {value:>9} {number(float(slopes[index]), 3):>9} "
            end = picture.put(row, left, text, palette.color("text"))
            wide = round(abs(float(slopes[index])) / largest * max(0, min(30, picture.width - end)))
            color = int(palette.signed(np.sign(slopes[index]) * 0.9))
            picture.put(row, end, ("█" if slopes[index] > 0 else "▒") * wide, color)
        return rows + 3

    def _maps(self, picture: Picture, scene: Scene, left: int, top: int, palette: Palette) -> None:
        width, height = picture.width - left, picture.height - top - 1
        if height < 2 or width < 4:
            return
        if scene.node == INPUT:
            if scene.occluded is not None:
                text = "occlusion: blue is where hiding the image lowers the score"
                picture.put(top, left, text[:width], palette.color("muted"))
                rows, columns = fitted(scene.occluded.shape, min(40, width), 2 * height)
                picture.paste(signed(scene.occluded, rows, columns, palette), top + 1, left)
            return
        head = f"{scene.node} {scene.mode}: {scene.sees or MEANINGS[scene.mode]}"
        if scene.maps is None:
            text = f"{scene.node} has no weights that are images"
            picture.put(top, left, text[:width], palette.color("muted"))
            return
        maps = scene.maps
        if len(maps) == 1 and scene.mode != "weights":
            rows, columns, _, _ = grid_size(maps.shape[1:], 1, width, height)
            shown = heat if scene.mode == "field" else signed
            picture.paste(shown(maps[0], rows, columns, palette), top + 1, left)
            self.shown = 1
        else:
            self.first = min(self.first, max(0, len(maps) - 1))
            drawn, self.shown = draw_maps(maps, self.first, width, height, palette)
            picture.paste(drawn, top + 1, left)
            if self.shown < len(maps):
                end = min(len(maps), self.first + self.shown)
                head = f"{scene.node} {scene.mode} {self.first + 1} to {end} of {len(maps)}"
        finite = maps[np.isfinite(maps)]
        if len(finite):
            head += f"  ({number(float(finite.min()), 2)} … {number(float(finite.max()), 2)})"
        picture.put(top, left, head[:width], palette.color("muted"))


class SeeingScreen(WholeScreen):
    """The layers by up and down, the samples by left and right."""

    HEADING = "Seeing"
    SCOPE = "seeing"
    HELP = """
One sample on its way through the network: up and down go through the layers, left and right through the samples. `m`
changes what of a layer is shown.

**Outputs** are what it puts out for this sample, one map a channel; bright is large. **Gradients** are how much the
loss changes with each of them. **Weights** are its filters, orange below zero and blue above, and the **field** is
the part of the input that one output sees.

At the input stands what decides: the **saliency** is how much the best score changes with each pixel, **occlusion** how
much it drops when a patch is covered.
"""
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action("layer:-1", "up,k", "Layer", "The layer before", True),
        Action("layer:1", "down,j", "Next layer", "The layer behind"),
        Action("sample:-1", "left,h", "Sample", "The sample before", True),
        Action("sample:1", "right,l", "Next sample", "The next sample"),
        Action("mode", "m,v", "Shows", "Outputs, gradients, weights, or the part of the input that is seen", True),
        Action("part", "t", "Split", "Training, validation or test rows", True),
        Action("page:-1", "pageup", "Maps before", "The page of maps before"),
        Action("page:1", "pagedown", "More maps", "The next page of maps", True),
    )
    HINTS = tuple((action, "seeing") for action in ACTIONS if action.show_in_footer)
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, WholeScreen.LEAVE), "seeing")

    def __init__(
        self, session: "Session", part: str = "validation", rows: Sequence[int] = (), place: int = 0,
        node: str | None = None,
    ) -> None:  # fmt: skip
        """Walks along `rows` of a split, from `place` on; without any, along all of them in order."""
        super().__init__(session)
        self.view = View()
        self._asking: Asking[Scene] = Asking(0.2, 0.1)
        self._part, self._rows, self._place = part, rows, place
        self._node, self._mode = node or INPUT, MODES[0]

    def body(self) -> list[Widget]:
        return [self.view]

    @property
    def scene(self) -> Scene | None:
        """What is shown."""
        return self.view.scene

    def look(self, snapshot: "Snapshot") -> None:
        row = self._rows[self._place] if self._rows else self._place
        part, node, mode = self._part, self._node, self._mode
        about = moment(snapshot), part, row, node, mode
        playing = snapshot.activity == "playing" and self._asking.about is not None
        if self._asking.ask(self.session, about, lambda trainer: see(trainer, part, row, node, mode), playing):
            self.view.scene, self.view.problem = self._asking.answer, self._asking.problem
            self.view.update()

    def action_layer(self, by: str) -> None:
        names = [INPUT, *(node.name for node in self.session.snapshot.nodes)]
        place = names.index(self._node) if self._node in names else 0
        self._node = names[min(max(0, place + int(by)), len(names) - 1)]
        self.view.first = 0
        self._again()

    def action_sample(self, by: str) -> None:
        most = len(self._rows) - 1 if self._rows else 1_000_000_000
        self._place = min(max(0, self._place + int(by)), most)
        self._again()

    def action_mode(self) -> None:
        self._mode = MODES[(MODES.index(self._mode) + 1) % len(MODES)]
        self._again()

    def action_part(self) -> None:
        self._part = PARTS[(PARTS.index(self._part) + 1) % len(PARTS)]
        self._rows, self._place = (), 0
        self._again()

    def action_page(self, by: str) -> None:
        scene, shown = self.scene, max(1, self.view.shown)
        if scene is not None and scene.maps is not None:
            first = self.view.first + int(by) * shown
            if 0 <= first < len(scene.maps) or first < 0:
                self.view.first = max(0, first)
                self.view.update()

    def _again(self) -> None:
        self.look(self.session.snapshot)
