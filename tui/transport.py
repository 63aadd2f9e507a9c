"""The head of the screen: what is trained, whether it runs, and how far it is."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

if TYPE_CHECKING:
    from engine import Snapshot

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
        self._shown: tuple[object, ...] = ()
        self._snapshot: Snapshot | None = None
        self._pace: float | None = None

    def show(self, snapshot: "Snapshot", pace: float | None) -> None:
        """Draws the snapshot if anything that is read here changed."""
        wanted = (
            snapshot.activity, snapshot.experiment.title, snapshot.experiment.epochs, snapshot.epoch, snapshot.step,
            speed(snapshot.samples_per_second), clock(snapshot.seconds), pace,
        )  # fmt: skip
        self._snapshot, self._pace = snapshot, pace
        if wanted != self._shown:
            self._shown = wanted
            self.refresh()

    def render(self) -> Content:
        width, snapshot = self.content_size.width, self._snapshot
        if snapshot is None:
            return Content.assemble(("◌ loading", "$muted"), ("   nn-tui", "bold $accent"))
        activity = _activity(snapshot.activity)
        far = f"epoch {snapshot.epoch}/{snapshot.experiment.epochs}"
        step = f"step {snapshot.step}"
        details = self._details(snapshot)
        if self.size.height < 2:
            return _fitted([activity, Content(far), Content(step), *details], width)
        title = snapshot.experiment.title or "untitled"
        first = _spread(
            _fitted([activity, Content.styled(title, "bold")], width - 8), Content.styled("nn-tui", "$muted"), width
        )
        line = [Content.styled(far, "bold"), Content.styled(step, "bold"), *details]
        total = max(1, snapshot.experiment.epochs * snapshot.steps_per_epoch)
        spare = width - sum(part.cell_length + 3 for part in line)
        if spare >= 12:
            line.insert(1, _bar(min(1.0, snapshot.step / total), min(spare, 32)))
        return Content("\n").join([first, _fitted(line, width)])

    def _details(self, snapshot: "Snapshot") -> list[Content]:
        details = [Content.styled(f"{speed(snapshot.samples_per_second)} samples/s", "$muted")]
        details.append(Content.styled(clock(snapshot.seconds), "$muted"))
        history = snapshot.history
        lr = float(history.lrs[snapshot.step - 1]) if history and 0 < snapshot.step <= history.steps else None
        details.append(Content.styled(f"lr {snapshot.experiment.optimizer.lr if lr is None else lr:.3g}", "$muted"))
        if self._pace is not None:
            details.append(Content.styled(f"slowed to {self._pace:g} steps/s", "$warning"))
        return details


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


def _fitted(parts: list[Content], width: int) -> Content:
    """As many of the parts as fit, three spaces apart, the first always."""
    gap = "   " if width >= 60 else "  "
    line = parts[0]
    for part in parts[1:]:
        if line.cell_length + len(gap) + part.cell_length > width:
            break
        line = Content.assemble(line, gap, part)
    return line


def _spread(left: Content, right: Content, width: int) -> Content:
    gap = width - left.cell_length - right.cell_length
    return Content.assemble(left, " " * gap, right) if gap > 1 else left
