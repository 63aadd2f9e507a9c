"""The boundary view: what the network answers over the plane, and the curve over a single input."""

from dataclasses import dataclass

import numpy as np

from engine import BadInput, Splits, Trainer
from tui.drawing.axes import number
from tui.drawing.boundary import Plane, Points, draw_boundary, point_color, point_glyph
from tui.drawing.halfblock import scaled
from tui.drawing.palette import Palette
from tui.drawing.picture import BOLD, Picture
from tui.panels.reading import Array, Subject, answers

MOST = 10_000  # points of a grid
STRETCH = 1.25  # of one axis over the other, at most, in a picture of the plane
CELLS_A_POINT = 9  # cells for each sample that is drawn, so that the field stays visible


@dataclass(frozen=True, eq=False)
class Field:
    """Answers (rows, columns) or (rows, columns, K) on a grid over a plane, or (columns,) over a line, and the scale
    of a regression's values."""

    subject: Subject
    plane: Plane
    values: Array
    scale: float


def ask_field(trainer: Trainer, width: int, height: int) -> Field:
    """The field for a picture of `width` x `height` cells, on a coarser grid where that would be more than 10,000
    points; for data with one input, along a line."""
    subject, splits = Subject.of(trainer), trainer.splits
    scale = 1.0
    if not subject.classes:
        scale = float(np.abs(splits.train.y[:, :1]).max(initial=0)) or 1.0
    if subject.kind != "plane":
        if splits.shape != (1,):
            raise BadInput("these inputs lie on no line or plane")  # the data changed while the question was on its way
        x = splits.scaler.inverse(splits.train.x)
        low, high = float(x.min()), float(x.max())
        room = 0.05 * (high - low) or 1.0
        plane = Plane(low - room, high + room, -1, 1)
        line = np.linspace(plane.left, plane.right, 2 * max(1, width), dtype=np.float32)[:, None]
        return Field(subject, plane, answers(trainer, splits.inputs(line))[:, :1], scale)
    plane, columns, rows = grid_over(splits, width, height)
    outputs = answers(trainer, splits.inputs(plane.grid(columns, rows)))
    if subject.classes:
        scores = subject.scores(outputs)
        values = scores if scores.shape[1] > 2 else 2 * scores[:, 1] - 1
    else:
        values = outputs[:, 0] / scale
    return Field(subject, plane, values.reshape(2 * rows, columns, *values.shape[1:]), scale)


def grid_over(splits: Splits, width: int, height: int, most: int = MOST) -> tuple[Plane, int, int]:
    """The plane that a picture of `width` x `height` cells shows, all the training samples in it, and the columns and
    rows of cells of a grid over it that has at most about `most` points, two a cell."""
    width, height = undistorted(width, height)
    plane = even(Plane.around(splits.train.points if splits.train.points is not None else ()), width, height)
    coarse = max(1.0, float(np.sqrt(2 * width * height / most)))
    return plane, max(1, int(width / coarse)), max(1, int(height / coarse))


def undistorted(width: int, height: int) -> tuple[int, int]:
    """The columns and rows of at most `width` x `height` that show a plane about as wide as tall."""
    return min(width, round(2 * STRETCH * height)), min(height, round(STRETCH * width / 2))


def even(plane: Plane, width: int, height: int) -> Plane:
    """The plane, wider or taller by up to a quarter, for axes of nearly one scale on cells twice as tall as wide."""
    across, up = plane.right - plane.left, plane.top - plane.bottom
    unit = max(across / max(1, width), up / max(1, 2 * height))
    more_x = min(unit * max(1, width) - across, across / 4) / 2
    more_y = min(unit * max(1, 2 * height) - up, up / 4) / 2
    return Plane(plane.left - more_x, plane.right + more_x, plane.bottom - more_y, plane.top + more_y)


def draw_field(field: Field, width: int, height: int, palette: Palette, discrete: bool, points: str) -> Picture:
    """The field, samples on it (`points`: "some", "all" or "none"), and a line that says which glyph is what."""
    picture = Picture(width, height)
    wide, tall = _field_size(width, height)
    values = scaled(field.values, 2 * tall, wide, smooth=True)
    drawn = samples_shown(field, width, height, points)
    picture.paste(draw_boundary(values, field.plane, drawn, palette, discrete), 0, 0)
    if tall < height:
        _legend(picture, tall, field, palette)
    return picture


def _field_size(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the field, which leaves a line for the legend where there is room."""
    return undistorted(width, height - 1 if height >= 4 else height)


def samples_shown(field: Field, width: int, height: int, points: str) -> list[Points]:
    """The samples on a field of a size ("some", "all" or "none")."""
    wide, tall = _field_size(width, height)
    return [] if points == "none" else samples_on(field.subject, wide * tall, points)


def told_samples(field: Field, width: int, height: int, points: str) -> str:
    """How many of the samples are on the field: "55 of 500 samples"."""
    parts = field.subject.parts
    total = sum(parts.get(name, 0) for name in ("train", "validation"))
    shown = sum(len(np.asarray(part.x)) for part in samples_shown(field, width, height, points))
    return f"{shown:,} of {total:,} samples" if shown < total else f"all {total:,} samples"


def samples_on(subject: Subject, cells: int, points: str) -> list[Points]:
    """The samples for a picture of so many cells: "all", or "some", so that the field stays visible."""
    found = []
    names = [name for name in ("train", "validation") if name in subject.parts]
    for name in names:
        split = getattr(subject.splits, name)
        most = len(split) if points == "all" else min(len(split), max(8, cells // CELLS_A_POINT // len(names)))
        kinds = split.y[:most] if subject.classes else (split.y[:most, 0] > 0).astype(int)
        found.append(Points(split.points[:most], kinds, hollow=name == "validation"))
    return found


def _legend(picture: Picture, row: int, field: Field, palette: Palette) -> None:
    subject, column = field.subject, 0
    names = subject.classes or (f"≤ 0 … {number(-field.scale, 2)}", f"> 0 … {number(field.scale, 2)}")
    for kind, name in enumerate(names):
        text = f"{point_glyph(kind)}{point_glyph(kind, True)} "
        if column + len(text) + len(name) > picture.width:
            break
        column = picture.put(row, column, text, point_color(kind, len(names), palette), BOLD)
        column = picture.put(row, column, name, palette.color("text")) + 2
    hint = "hollow: validation" if "validation" in subject.parts else ""
    if hint and column + len(hint) <= picture.width:
        picture.put(row, picture.width - len(hint), hint, palette.color("muted"))
