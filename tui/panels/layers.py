"""The rows of the gradients panel: what is known of each layer, in words and numbers that fit a column."""

from dataclasses import dataclass

from engine import NodeStats, Probe, Snapshot
from tui.drawing.axes import number
from tui.drawing.palette import Role
from tui.findings import FADED, FAR, HEALTHY, WILD


@dataclass(frozen=True)
class LayerRow:
    """A node, with the nodes that it speaks for: an activation's dead and saturated shares are told by its layer."""

    stats: NodeStats
    members: tuple[str, ...]
    weighted: bool
    dead: float | None
    saturated: float | None
    dy_rms: float | None
    passed: float | None  # dy rms over that of the next layer with weights
    slowed: bool  # by the schedule: small steps are meant

    @property
    def name(self) -> str:
        return self.stats.node

    @property
    def verdict(self) -> tuple[str, Role]:
        """What is to be said of the layer's update, and in which colour."""
        glyph, word, role = judged(self.stats.update_ratio, self.slowed)
        return f"{glyph} {word}".strip(), role


def layer_rows(probe: Probe, everything: bool, slowed: bool = False) -> list[LayerRow]:
    """Every node, or only the layers with weights, each speaking for what comes after it."""
    weighted = {stats.node for stats in probe.weighted}
    passed = dict(probe.attenuation)
    groups: list[list[NodeStats]] = []
    for stats in probe.nodes:
        if everything or stats.node in weighted or not groups:
            groups.append([])
        groups[-1].append(stats)
    if not everything and len(groups) > 1 and groups[0][0].node not in weighted:
        del groups[0]
    return [
        LayerRow(
            stats=group[0],
            members=tuple(stats.node for stats in group),
            weighted=group[0].node in weighted,
            dead=max((stats.dead for stats in group if stats.dead is not None), default=None),
            saturated=max((stats.saturated for stats in group if stats.saturated is not None), default=None),
            dy_rms=group[0].dy_rms,
            passed=passed.get(group[0].node),
            slowed=slowed,
        )
        for group in groups
    ]


def slowed(snapshot: Snapshot) -> bool:
    """Whether the schedule has the rate of the probe's step at its start or end, where steps are meant to be small."""
    probe, history = snapshot.probe, snapshot.history
    if probe is None or history is None or not 0 < probe.step <= history.steps:
        return False
    return bool(history.lrs[probe.step - 1] < FADED * snapshot.experiment.optimizer.lr)


def judged(update_ratio: float | None, slowed: bool = False) -> tuple[str, str, Role]:
    """(glyph, word, colour) of an update ratio against its healthy band; a low one is no alarm where it is `slowed`."""
    if update_ratio is None:
        return "", "", "muted"
    if HEALTHY[0] <= update_ratio <= HEALTHY[1]:
        return "●", "ok", "good"
    role = "warning" if FAR * HEALTHY[0] <= update_ratio <= WILD else "problem"
    return ("▼", "low", "muted" if slowed else role) if update_ratio < HEALTHY[0] else ("▲", "high", role)


def short(value: float | None) -> str:
    """Two digits in at most seven columns: 1.2e-7, 0.031, 12."""
    if value is None:
        return ""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return number(value, 2)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def percent(share: float | None) -> str:
    """17%."""
    return "" if share is None else f"{100 * share:.0f}%"
