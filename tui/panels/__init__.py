"""The panels of the workbench, in the order of their number keys."""

from tui.panel import Panel

PANELS: tuple[type[Panel], ...] = ()
