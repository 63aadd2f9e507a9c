"""The rows of the gradients panel: what is known of each layer, in words and numbers that fit a column."""

from dataclasses import dataclass

from engine import NodeStats, Probe
from tui.drawing.axes import number
from tui.sentence import FAR, HEALTHY, WILD


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

    @property
    def name(self) -> str:
        return self.stats.node


def layer_rows(probe: Probe, everything: bool) -> list[LayerRow]:
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
        )
        for group in groups
    ]


def judged(update_ratio: float | None) -> tuple[str, str, str]:
    """(glyph, word, colour) of an update ratio against its healthy band."""
    if update_ratio is None:
        return "", "", "muted"
    if HEALTHY[0] <= update_ratio <= HEALTHY[1]:
        return "●", "ok", "good"
    role = "warning" if FAR * HEALTHY[0] <= update_ratio <= WILD else "problem"
    return ("▼", "low", role) if update_ratio < HEALTHY[0] else ("▲", "high", role)


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
