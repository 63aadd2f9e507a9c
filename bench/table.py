"""Results as tables that read well in a terminal and as Markdown."""

from collections.abc import Sequence
from statistics import median

from bench.cases import BEST, EAGER, OURS, Case, Goal
from bench.rivals import Child


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned cells; the first row is the head. First column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append(f"| {' | '.join((row[0].ljust(widths[0]), *cells))} |")
    rule = ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:]))
    lines.insert(1, f"| {' | '.join(rule)} |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits or more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def medians(children: Sequence[Child]) -> dict[str, float]:
    """The median by rival and by family, where the fastest member counts."""
    found: dict[str, float] = {}
    for child in children:
        if child.results:
            found[child.rival.name] = value = median(child.results)
            family = child.rival.family
            found[family] = min(value, found.get(family, value))
    if EAGER in found:
        found[BEST] = min(found[EAGER], found.get(BEST, found[EAGER]))
    return found


def report(case: Case, children: Sequence[Child]) -> str:
    """The table of one case: median, spread and ratio of each rival, who is missing, and the goals."""
    found = medians(children)
    ours = found.get(OURS)
    rows = [("", f"{case.unit}, median", "min..max", "times ours")]
    for child in children:
        if child.results:
            name, results = child.rival.name, child.results
            ratio = f"{found[name] / ours:.2f}" if ours else ""
            rows.append((name, number(found[name]), f"{number(min(results))}..{number(max(results))}", ratio))
    lines = [table(rows)]
    lines += [f"{child.rival.name}: left out, {child.problem}" for child in children if child.problem]
    lines += [f"goal: {verdict(goal, found)}" for goal in case.goals]
    return "\n".join(lines)


def course(case: Case, children: Sequence[Child]) -> str:
    """The table of a case whose rounds are not alike: every round's number, and the last over the first."""
    longest = max(len(child.results) for child in children)
    rows = [("", *(f"{case.unit}, {i + 1}" for i in range(longest)), "last / first")]
    for child in children:
        if len(child.results) == longest > 0:
            values = child.results
            rows.append((child.rival.name, *map(number, values), f"{values[-1] / values[0]:.3f}"))
    return "\n".join([table(rows), *(f"{c.rival.name}: left out, {c.problem}" for c in children if c.problem)])


def verdict(goal: Goal, found: dict[str, float]) -> str:
    """One goal in words, with what was measured."""
    rest = f", stretch {goal.stretch:.3g}" if goal.stretch else ""
    text = f"{goal.rival} / {OURS} at least {goal.goal:.3g}{rest}"
    if goal.rival not in found or OURS not in found:
        return f"{text}: not measured"
    ratio = found[goal.rival] / found[OURS]
    if goal.stretch and ratio >= goal.stretch:
        return f"{text}: {ratio:.2f}, stretch reached"
    return f"{text}: {ratio:.2f}, {'reached' if ratio >= goal.goal else 'missed'}"


def summary(results: Sequence[tuple[Case, dict[str, float]]], families: Sequence[str]) -> str:
    """One row a case: our time, and every family as times ours."""
    rows = [("", OURS, *families)]
    for case, found in results:
        ours = found.get(OURS)
        ratios = [f"{found[f] / ours:.2f}" if ours and f in found else "" for f in families]
        rows.append((f"{case.name}, {case.unit}", number(ours) if ours else "", *ratios))
    return table(rows)
