"""What a chart costs: `python -m bench.drawing`. Medians of many rounds, in milliseconds; the goal beside them."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from tui.drawing.braille import Canvas, joined
from tui.drawing.curves import draw
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.drawing.pyramid import Pyramid
from tui.drawing.series import Series, View

WIDTH, HEIGHT = 100, 20  # cells


def median(work: Callable[[], object], rounds: int = 300) -> float:
    """The median time of a call, in milliseconds."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def raster(pyramid: Pyramid, canvas: Canvas, picture: Picture) -> None:
    """From the history to coloured cells."""
    low, high, _ = pyramid.columns(0, len(pyramid), canvas.columns)
    tops, bottoms = joined((9 - high) * 8.0, (9 - low) * 8.0)
    canvas.spans(tops, bottoms, 0x56B4E9)
    canvas.onto(picture)


def measure(pyramid: Pyramid, palette: Palette) -> tuple[float, ...]:
    """The columns of the table: rasterising alone, the whole picture, smoothed, and its rows for Textual."""
    series = [Series("train", pyramid)]
    drawn = draw(series, View(), WIDTH, HEIGHT, palette).picture
    return (
        median(lambda: raster(pyramid, Canvas(WIDTH, HEIGHT), Picture(WIDTH, HEIGHT))),
        median(lambda: draw(series, View(), WIDTH, HEIGHT, palette)),
        median(lambda: draw(series, View(beta=0.9), WIDTH, HEIGHT, palette)),
        median(lambda: drawn.strips(range(HEIGHT))),
    )


def main() -> None:
    random, palette = np.random.default_rng(0), Palette()
    print(
        f"a chart of {WIDTH} x {HEIGHT} cells, ms"
        + " " * 9
        + f"{'raster':>9}{'picture':>9}{'smoothed':>10}{'strips':>8}"
    )
    for length in (1_000, 100_000, 1_000_000):
        figures = measure(Pyramid(random.standard_normal(length) + 5), palette)
        print(f"{length:>12,} steps of history  " + " " * 8 + "{:9.3f}{:9.3f}{:10.3f}{:8.3f}".format(*figures))
    print(f"goal, the raster{'':30}{0.3:9.3f}")
    grown = Pyramid()
    start = time.perf_counter()
    for _ in range(10_000):
        grown.extend(random.standard_normal(100))
    print(f"taking in 100 steps: {(time.perf_counter() - start) * 100:.1f} us, whatever the history")


if __name__ == "__main__":
    main()
