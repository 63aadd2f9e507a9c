"""The panels of the workbench, in the order of their number keys."""

from tui.panel import Panel
from tui.panels.architecture import ArchitecturePanel
from tui.panels.data import DataPanel
from tui.panels.gradients import GradientsPanel
from tui.panels.loss import LossPanel
from tui.panels.optimizer import OptimizerPanel
from tui.panels.timeline import TimelinePanel

PANELS: tuple[type[Panel], ...] = (
    ArchitecturePanel,
    OptimizerPanel,
    LossPanel,
    GradientsPanel,
    DataPanel,
    TimelinePanel,
)
