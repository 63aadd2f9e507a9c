"""The head of the screen: what is trained, whether it runs, and how far it is."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Region
from textual.style import Style
from textual.widget import Widget

from tui.naming import Titles
from tui.rate import edited_here, learning_rate
from tui.words import shortened

if TYPE_CHECKING:
    from engine import Experiment, Snapshot

Part = tuple[int, Content]
ACTIVITIES = {
    "loading": ("◌", "$muted"),
    "paused": ("‖", "$warning"),
    "playing": ("▶", "$accent"),
    "finished": ("✓", "$success"),
    "stopped early": ("✓", "$success"),
    "diverged": ("✗", "$error"),
    "failed": ("✗", "$error"),
}
SPEEDS: tuple[float | None, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, None)


class Header(Widget):
    """One line or two: activity and title, epoch, step, speed, time, learning rate."""

    DEFAULT_CSS = """
    Header {
        height: 2;
        padding: 0 1;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="header")
        self.auto_links = False
        self._snapshot: Snapshot | None = None
        self._pace: float | None = None
        self._lines: list[list[Part]] = []
        self.titles = Titles()

    def know(self, experiments: "Iterable[Experiment]") -> None:
        """Takes in what the titles of presets stand for."""
        for experiment in experiments:
            self.titles.know(experiment)
        self.on_resize()

    def show(self, snapshot: "Snapshot", pace: float | None) -> None:
        """Draws the parts that changed."""
        self._snapshot, self._pace = snapshot, pace
        old, self._lines = self._lines, self._arranged()
        if len(old) != len(self._lines):
            self.refresh()
            return
        for y, (before, now) in enumerate(zip(old, self._lines, strict=True)):
            for x, cells in changes(before, now):
                self.refresh(Region(x, y, cells, 1))

    def on_resize(self) -> None:
        """Arranges the parts anew for the size there is now."""
        self._lines = self._arranged()
        self.refresh()

    def render(self) -> Content:
        if not self._lines:
            return Content.assemble(("◌ loading", "$muted"), ("   nn-tui", "bold $accent"))
        lines = []
        for parts in self._lines:
            line = Content("")
            for x, part in parts:
                line = Content.assemble(line, " " * (x - line.cell_length), part)
            lines.append(line)
        return Content("\n").join(lines)

    def _arranged(self) -> "list[list[Part]]":
        """The parts of each line and where they begin."""
        width, snapshot = self.content_size.width, self._snapshot
        if snapshot is None:
            return []
        activity = _activity(snapshot.activity)
        total = max(1, snapshot.experiment.epochs * snapshot.steps_per_epoch)
        far = Content.styled(f"epoch {snapshot.epoch}/{snapshot.experiment.epochs}", "bold")
        step = Content.styled(f"step {snapshot.step:<{len(str(total))}}", "bold")
        details = self._details(snapshot)
        if self.size.height < 2:
            return [_placed([activity, far, step, *details], width)]
        title = self.titles.of(snapshot.experiment)
        room = width - 9 - activity.cell_length - 3
        first = _placed([activity, Content.styled(shortened(title, room), "bold")], width - 9)
        if width >= 30:
            first.append((width - 6, Content.styled("nn-tui", "$muted")))
        line = [far, step, *details]
        spare = width - sum(part.cell_length + 3 for part in line)
        for size in (32, 24, 16):
            if spare >= size:
                line.insert(1, _bar(min(1.0, snapshot.step / total), size))
                break
        return [first, _placed(line, width)]

    def _details(self, snapshot: "Snapshot") -> list[Content]:
        now = learning_rate(
            snapshot.experiment, snapshot.history, snapshot.step, snapshot.steps_per_epoch, edited_here(snapshot)
        )
        texts = [
            f"{speed(snapshot.samples_per_second):>4} samples/s",
            f"{clock(snapshot.seconds):>5}",
            f"lr {now:.3g}",
        ]
        details = [Content.styled(text, "$muted") for text in texts]
        if self._pace is not None:
            details.append(Content.styled(f"slowed to {self._pace:g} steps/s", "$warning"))
        return details


def changes(before: list[Part], now: list[Part]) -> Iterator[tuple[int, int]]:
    """Where a line has to be drawn again: (first cell, cells)."""
    for place in range(max(len(before), len(now))):
        pair = [parts[place] if place < len(parts) else None for parts in (before, now)]
        looks = [part and (part[0], part[1].plain, part[1].spans) for part in pair]
        if looks[0] != looks[1]:
            ends = [(part[0], part[0] + part[1].cell_length) for part in pair if part]
            yield min(start for start, _ in ends), max(end for _, end in ends) - min(start for start, _ in ends)


def speed(samples: float) -> str:
    """Samples a second, to three figures, so that the number is not restless."""
    if samples >= 1e6:
        return f"{samples / 1e6:.1f}M"
    if samples >= 1e4:
        return f"{samples / 1e3:.0f}k"
    return f"{samples / 1e3:.1f}k" if samples >= 1e3 else f"{samples:.0f}"


def clock(seconds: float) -> str:
    """Training time as 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _activity(name: str) -> Content:
    glyph, color = ACTIVITIES[name]
    return Content.styled(f"{glyph} {name}", f"bold {color}").stylize(Style.from_meta({"@click": "app.play"}))


def _bar(share: float, width: int) -> Content:
    done = round(share * width)
    return Content.assemble(("━" * done, "$accent"), ("━" * (width - done), "$line"))


def _placed(parts: list[Content], width: int) -> list[Part]:
    """As many of the parts as fit, three cells apart, the first always."""
    gap = 3 if width >= 60 else 2
    placed = [(0, parts[0])]
    x = parts[0].cell_length
    for part in parts[1:]:
        if x + gap + part.cell_length > width:
            break
        placed.append((x + gap, part))
        x += gap + part.cell_length
    return placed
