"""Colours that everyone can tell apart, for dark and light themes, 16 colours and none.

Series: Okabe and Ito, "Color Universal Design" (2008). Signed values run from orange (below zero) to blue (above),
through a neutral near the background, as in TensorFlow Playground. Of 16 colours, what is ordered goes from dark to
bright in hues that are alike, since others have no order; `words` tells what the ends are called.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from textual.app import App
from textual.color import Color

from tui.drawing.picture import ANSI, DEFAULT

Depth = Literal["full", "ansi", "none"]
Role = str | int

SKY, ORANGE, GREEN, PURPLE = 0x56B4E9, 0xE69F00, 0x009E73, 0xCC79A7
YELLOW, VERMILLION, BLUE = 0xF0E442, 0xD55E00, 0x0072B2
ON_DARK = (SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILLION, BLUE)
ON_LIGHT = (BLUE, VERMILLION, 0x007A58, 0xA8447C, 0x8A6D00, 0x8C3F00, 0x1F83B8)
ON_ANSI = tuple(ANSI + n for n in (6, 3, 2, 5, 4, 1, 14))
ORDER = {"train": 0, "validation": 1, "test": 2}
LEVELS = 33  # steps of a ramp: enough to look smooth, few enough to keep the styles in memory


@dataclass(frozen=True)
class Palette:
    """Which colours to draw with. `depth`: "full" 24 bits, "ansi" the terminal's 16, "none" no colour at all."""

    dark: bool = True
    depth: Depth = "full"
    foreground: int = 0xE0E0E0
    background: int = 0x121212

    @cached_property
    def series(self) -> tuple[int, ...]:
        if self.depth == "full":
            return ON_DARK if self.dark else ON_LIGHT
        return ON_ANSI if self.depth == "ansi" else (DEFAULT,) * len(ON_ANSI)

    @cached_property
    def named(self) -> dict[str, int]:
        roles = ("text", "muted", "faint", "cursor", "good", "warning", "problem")
        if self.depth == "none":
            return dict.fromkeys(roles, DEFAULT)
        if self.depth == "ansi":
            return dict(zip(roles, (DEFAULT, ANSI + 8, ANSI + 8, DEFAULT, ANSI + 2, ANSI + 3, ANSI + 1), strict=True))
        fg, bg = self.foreground, self.background
        strong = (GREEN, ORANGE, 0xFF6B5B) if self.dark else (0x007A58, 0x9A6000, 0xB3261E)
        return dict(zip(roles, (fg, mix(fg, bg, 0.42), mix(fg, bg, 0.8), fg, *strong), strict=True))

    @cached_property
    def words(self) -> dict[str, str]:
        """What texts call the ends of the scales: `above` and `below` zero, and `much` of what has no sign."""
        above, below = {"full": ("blue", "orange"), "ansi": ("blue", "yellow"), "none": ("#", "≡")}[self.depth]
        much = "dense" if self.depth == "none" else "bright" if self.dark else "dark"
        return {"above": above, "below": below, "much": much}

    def color(self, role: Role) -> int:
        """The colour of a role: "train", "validation", "test", "text", "muted", "faint", "cursor", "good", "warning",
        "problem", or a number for the n-th series."""
        if isinstance(role, str) and role in self.named:
            return self.named[role]
        place = ORDER[role] if isinstance(role, str) else role
        return self.series[place % len(self.series)]

    def faded(self, color: int, share: float = 0.62) -> int:
        """A colour moved towards the background; of 16 colours, much of it is grey, little of it the colour itself."""
        if color == DEFAULT or color >= ANSI:
            return self.color("muted") if share > 0.5 else color
        return mix(color, self.background, share)

    def signed(self, values: ArrayLike) -> NDArray[np.int32]:
        """Colours of values in [-1, 1]: orange (of 16 colours, yellow), neutral, blue. Values beyond are clipped; NaN
        is `unknown`."""
        return self._look_up((np.asarray(values, float) + 1) / 2, self._signed)

    def sequential(self, values: ArrayLike) -> NDArray[np.int32]:
        """Colours of values in [0, 1]: from the background to the foreground, in grey."""
        return self._look_up(np.asarray(values, float), self._grey)

    def heat(self, values: ArrayLike) -> NDArray[np.int32]:
        """Colours of values in [0, 1], dark blue over green to bright yellow, or of 16 colours from black
        over blue and cyan to white; reversed on light themes."""
        return self._look_up(np.asarray(values, float), self._heat)

    def field(self, classes: ArrayLike, shares: ArrayLike) -> NDArray[np.int32]:
        """Background colours of class regions: the class's colour, the paler the less sure (`shares` in [0, 1])."""
        ramps = self._fields
        kind = np.asarray(classes) % len(ramps)
        level = np.clip(np.nan_to_num(np.asarray(shares, float)), 0, 1) * (ramps.shape[1] - 1)
        colors: NDArray[np.int32] = ramps[kind, np.rint(level).astype(int)]
        return colors

    @cached_property
    def _signed(self) -> NDArray[np.int32]:
        if self.depth == "ansi":
            most, some, none = ((11, 12), (3, 4), 0) if self.dark else ((3, 4), (11, 12), 15)
            ends = (most[0], most[0], some[0], some[0], none, some[1], some[1], most[1], most[1])
            return np.array([ANSI + n for n in ends], np.int32)
        if self.dark:
            return ramp((0xE8912A, 0x8A5514, 0x1E1E22, 0x17527F, 0x3FA0E0))
        return ramp((0xD9730D, 0xF2B36B, 0xF4F4F2, 0x86BCE3, 0x1C74B4))

    @cached_property
    def _grey(self) -> NDArray[np.int32]:
        if self.depth == "ansi":
            return np.array([ANSI + n for n in (0, 8, 7, 15)], np.int32)
        return ramp((0x0C0C0E, 0xF5F5F5))

    @cached_property
    def _heat(self) -> NDArray[np.int32]:
        if self.depth == "ansi":
            return np.array([ANSI + n for n in ((0, 4, 6, 14, 15) if self.dark else (15, 14, 6, 4, 0))], np.int32)
        stops = (0x121A2E, 0x1D3F72, 0x0E6E8C, 0x1F9C79, 0x9BC046, 0xF4E04D)
        return ramp(stops if self.dark else (0xF3F1E4, 0xE3D56A, 0x8DBF5A, 0x2F9C86, 0x176B94, 0x1B2F66))

    @cached_property
    def _fields(self) -> NDArray[np.int32]:
        if self.depth != "full":
            ramps = [(0, n, n + 8) if self.dark else (15, n + 8, n) for n in (6, 3, 2, 5, 4, 1, 7)]
            return ANSI + np.array(ramps, np.int32)
        ground = 0x1E1E22 if self.dark else 0xF4F4F2
        return np.array([ramp((ground, mix(color, ground, 0.45))) for color in self.series])

    @property
    def unknown(self) -> int:
        """The colour of what is not a number in a heat map."""
        return {"full": 0xCC2B6B, "ansi": ANSI + 5, "none": DEFAULT}[self.depth]

    def _look_up(self, shares: NDArray[np.float64], table: NDArray[np.int32]) -> NDArray[np.int32]:
        if self.depth == "none":
            return np.full(shares.shape, DEFAULT, np.int32)
        bad = np.isnan(shares)
        level = np.rint(np.clip(np.where(bad, 0, shares), 0, 1) * (len(table) - 1)).astype(int)
        return np.where(bad, np.int32(self.unknown), table[level]).astype(np.int32)


def palette_of(app: App[object]) -> Palette:
    """The palette that fits an app's theme, its terminal and NO_COLOR."""
    if app.no_color or app.console.color_system is None:
        return Palette(app.current_theme.dark, "none")
    if app.native_ansi_color or app.console.color_system == "standard":
        return Palette(app.current_theme.dark, "ansi")
    named = app.theme_variables
    return _full(app.current_theme.dark, named.get("foreground", ""), named.get("background", ""))


@lru_cache(maxsize=64)
def _full(dark: bool, foreground: str, background: str) -> Palette:
    ends = ((foreground, 0xE0E0E0 if dark else 0x202020), (background, 0x121212 if dark else 0xE0E0E0))
    return Palette(dark, "full", *(_number(text, other) for text, other in ends))


def _number(text: str, other: int) -> int:
    try:
        red, green, blue = Color.parse(text).rgb
    except ValueError:
        return other
    return red << 16 | green << 8 | blue


def mix(color: int, other: int, share: float) -> int:
    """`color` with `share` (0 to 1) of `other` in it."""
    parts = [round((color >> s & 255) * (1 - share) + (other >> s & 255) * share) for s in (16, 8, 0)]
    return parts[0] << 16 | parts[1] << 8 | parts[2]


def ramp(stops: tuple[int, ...], levels: int = LEVELS) -> NDArray[np.int32]:
    """`levels` colours evenly spread over the stops."""
    at = np.linspace(0, len(stops) - 1, levels)
    channels = [np.interp(at, range(len(stops)), [stop >> s & 255 for stop in stops]) for s in (16, 8, 0)]
    red, green, blue = (np.rint(channel).astype(np.int32) for channel in channels)
    return red << 16 | green << 8 | blue
