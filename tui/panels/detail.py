"""One layer in detail: its outputs, and for every parameter the numbers and the histogram of its gradient."""

from math import prod

import numpy as np

from engine import ParameterStats, Snapshot
from tui.case import takes_small_steps
from tui.drawing.axes import number
from tui.drawing.bars import STEPS, Decades, draw_decades
from tui.drawing.palette import Palette, Role
from tui.drawing.picture import BOLD, Picture, codes
from tui.panels.layers import judged, percent, short, slowed
from tui.words import fitting

BACK = "esc leads back"
BIAS = (
    " – no alarm: biases start near zero, where any step is long",
    " – no alarm: biases start near zero",
    " – no alarm",
)
RULE = (" – no alarm: the perceptron's rule adds whole inputs", " – no alarm: whole inputs", " – no alarm")
SPACIOUS = 6  # rows of a histogram and its title from which parameters stand apart
LOWEST, OCTAVES = -49, 2  # a probe's histogram: bin n holds sizes from 2 ** (LOWEST + OCTAVES n) on


def draw_detail(snapshot: Snapshot, name: str, scale: Decades, width: int, height: int, palette: Palette) -> Picture:
    """The node `name` of the snapshot's probe, or a line that says it is gone."""
    picture = Picture(width, height)
    probe = snapshot.probe
    stats = next((stats for stats in probe.nodes if stats.node == name), None) if probe else None
    if probe is None or stats is None:
        picture.put(0, 0, f"there is no layer {name}"[:width], palette.color("muted"))
        return picture
    node = next((node for node in snapshot.nodes if node.name == name), None)
    shape = "" if node is None else " · puts out " + "×".join(map(str, node.shape))
    picture.put(0, 0, name, palette.color("cursor"), BOLD)
    end = picture.put(0, len(name) + 1, f"{stats.type}{shape}"[: max(0, width - len(name) - 1)], palette.color("muted"))
    if end + 2 + len(BACK) <= width:
        picture.put(0, width - len(BACK), BACK, palette.color("muted"))
    facts = [("output mean", number(stats.output_mean, 3)), ("std", number(stats.output_std, 3))]
    facts += [("dead", percent(stats.dead))] if stats.dead is not None else []
    facts += [("flat", percent(stats.saturated))] if stats.saturated is not None else []
    row = _facts(picture, 1, facts, palette)
    passed = dict(probe.attenuation).get(name)
    facts = [("dy rms", short(stats.dy_rms))] if stats.dy_rms else []
    facts += [("passes on", f"×{short(passed)}")] if passed is not None else []
    row = _facts(picture, row, facts, palette)
    parameters = [one for one in probe.parameters if one.node == name]
    if not parameters:
        picture.put(row + 1, 0, "no parameters"[:width], palette.color("muted"))
        return picture
    sizes = {spec.name: prod(spec.shape) for spec in node.parameters} if node else {}
    room = (height - row - 1) // len(parameters) - (3 if width < 70 else 2)
    for one in parameters:
        title = _title(one, sizes.get(one.parameter.rpartition(".")[2]), width) if room > 1 else ""
        small = takes_small_steps(snapshot.experiment)
        unjudged = RULE if not small else BIAS if one.parameter.endswith(".bias") else ()
        verdict = judged(one.update_ratio, slowed(snapshot))
        tall = min(4, max(1, room - bool(title)))
        row = _parameter(picture, row, one, verdict, unjudged, scale, title, tall, palette)
        row += room >= SPACIOUS and one is not parameters[-1]
    draw_decades(picture, row, 0, width, scale, palette)
    return picture


def _facts(picture: Picture, row: int, facts: list[tuple[str, str]], palette: Palette) -> int:
    """Names and values in a row, or as many rows as it takes; returns the row below."""
    column = 0
    for name, value in facts:
        if column and column + len(name) + 1 + len(value) > picture.width:
            row, column = row + 1, 0
        column = picture.put(row, column, f"{name} ", palette.color("muted"))
        column = picture.put(row, column, value, palette.color("text")) + 3
    return row + 1


def _title(one: ParameterStats, size: int | None, width: int) -> str:
    """What the histogram counts and how high it is, in the longest words that fit."""
    sampled, highest = sum(one.histogram), max(one.histogram, default=0)
    part = "" if size is None else f" ({f'{sampled:,} of ' if sampled < size else ''}{size:,})"
    zeros = f"; {one.histogram[0]:,} at zero" if one.histogram and one.histogram[0] else ""
    titles = (
        f"elements{part} by size of their gradient; highest column: {highest:,}{zeros}",
        f"elements by size of gradient; highest: {highest:,}{zeros}",
        f"elements by size of gradient; highest: {highest:,}",
        "elements by size of gradient",
        "by size",
    )
    return fitting(titles, width)


def _parameter(
    picture: Picture, row: int, one: ParameterStats, verdict: tuple[str, str, Role], unjudged: tuple[str, ...],
    scale: Decades, title: str, tall: int, palette: Palette,
) -> int:  # fmt: skip
    """A parameter's name and verdict, its numbers, and the histogram of its gradient's elements by size.

    `unjudged` says why there is no verdict, the longest words first.
    """
    glyph, word, role = verdict
    end = picture.put(row, 0, one.parameter, palette.color("text"), BOLD)
    if glyph:
        end = picture.put(row, end + 2, "update ", palette.color("muted"))
        if unjudged:
            end = picture.put(row, end, short(one.update_ratio), palette.color("text"))
            picture.put(row, end, fitting(unjudged, picture.width - end), palette.color("muted"))
        else:
            picture.put(row, end, f"{short(one.update_ratio)} {glyph} {word}", palette.color(role))
    facts = [
        ("norm", number(one.norm, 3)), ("gradient norm", short(one.grad_norm)),
        ("rms", short(one.grad_rms)), ("max", short(one.grad_max)),
    ]  # fmt: skip
    row = _facts(picture, row + 1, facts, palette)
    if title:
        picture.put(row, 0, title, palette.color("muted"))
        row += 1
    _histogram(picture, row, tall, one, scale, palette)
    return row + tall


def _histogram(picture: Picture, row: int, tall: int, one: ParameterStats, scale: Decades, palette: Palette) -> None:
    """Columns of counts over the same absolute scale as everywhere; the lowest bin gathers all that is smaller."""
    width = picture.width
    at = scale.low + (np.arange(width) + 0.5) / max(1, width) * (scale.high - scale.low)
    bins = np.floor((at / np.log10(2) - LOWEST) / OCTAVES).astype(int)
    counts = np.array(one.histogram, float)
    bins = np.clip(bins, 0, len(counts) - 1)
    if width:
        counts[bins[0]] = counts[: bins[0] + 1].sum()
        counts[bins[-1]] = counts[bins[-1] :].sum()
    levels = np.ceil(counts[bins] / max(counts.max(), 1) * 8 * tall).astype(int)
    colors = palette.heat(np.maximum((at - scale.low) / (scale.high - scale.low), 0.15))
    steps = codes(STEPS)
    for line in range(tall):
        if row + line < picture.height:
            picture.chars[row + line] = steps[np.clip(levels - 8 * (tall - 1 - line), 0, 8)]
            picture.fg[row + line] = colors
