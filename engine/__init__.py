"""The neural networks of nn-tui: NumPy, and no user interface.

    from engine import Trainer, load_experiment
    trainer = Trainer(load_experiment("digits"))
    for report in trainer:
        print(report.rows[-1])

Where to look, in the order in which data flows:

    experiment   the frozen specification and its TOML; component: how parts are registered, validated and described
    data         data sets, splits, scaling
    recipes      whole networks from a few settings; graph: named nodes; layers: their formulas forward and backward
    memory       flat vectors and named views; plan: the calls of a step; network: nodes, memory and plans together
    cores        a second core, which takes half of every large call
    losses, optimizers, schedules, initializers, monitors, metrics: one concept a file
    feed         batches; augment: images that change from epoch to epoch
    course       rates of many steps at once; update: from a gradient to new weights
    evaluation   loss and accuracy of a split; epochs: that at an epoch's end, reduce on plateau, early stopping
    state        all that changes, as one value; timeline: keyframes; history and instruments: the record
    edits        settings that a person changes during a run
    stepper      the hot loop; trainer: pulls it all: step, advance, back, seek, edit; probe: the instruments
    report       what a request to the trainer gives back, and why a run cannot go on
    session      a trainer on a thread of its own; gradcheck: gradients against finite differences
    run          a run's folder and its tables; checkpoint: the whole state in a file
    look         gradients of every node and of the input; seeing: what decides an answer, what layers make of a sample
    reach        what one unit can see; geometry: receptive fields and costs; drawn: a person's drawing as an input
    errors       what a person is told; files: whole or not at all; rng, threads, machine: what all of it stands on
"""

from engine.threads import limit_blas

limit_blas()

from engine.component import KINDS, Component, Setting  # noqa: E402
from engine.data import DataSet, Split, Splits, prepare  # noqa: E402
from engine.edits import Edit, is_live  # noqa: E402
from engine.errors import BadInput, Failure, RunFailed  # noqa: E402
from engine.experiment import (  # noqa: E402
    Experiment,
    LayerEntry,
    Output,
    Regularization,
    load_experiment,
    parse_experiment,
    parse_value,
    presets,
)  # fmt: skip
from engine.gradcheck import GradientError, gradcheck  # noqa: E402
from engine.graph import INPUT, Node, NodeSpec, connect  # noqa: E402
from engine.history import COLUMNS, EpochRow, History  # noqa: E402
from engine.initializers import Initializer  # noqa: E402
from engine.layers import Layer  # noqa: E402
from engine.losses import Loss  # noqa: E402
from engine.monitors import EarlyStopping  # noqa: E402
from engine.network import Network  # noqa: E402
from engine.optimizers import Optimizer  # noqa: E402
from engine.probe import NodeStats, ParameterStats, Probe  # noqa: E402
from engine.recipes import Recipe  # noqa: E402
from engine.report import Report  # noqa: E402
from engine.schedules import Schedule  # noqa: E402
from engine.session import Session, Snapshot  # noqa: E402
from engine.state import State  # noqa: E402
from engine.trainer import Trainer  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "COLUMNS",
    "INPUT",
    "KINDS",
    "BadInput",
    "Component",
    "DataSet",
    "EarlyStopping",
    "Edit",
    "EpochRow",
    "Experiment",
    "Failure",
    "GradientError",
    "History",
    "Initializer",
    "Layer",
    "LayerEntry",
    "Loss",
    "Network",
    "Node",
    "NodeSpec",
    "NodeStats",
    "Optimizer",
    "Output",
    "ParameterStats",
    "Probe",
    "Recipe",
    "Regularization",
    "Report",
    "RunFailed",
    "Schedule",
    "Session",
    "Setting",
    "Snapshot",
    "Split",
    "Splits",
    "State",
    "Trainer",
    "__version__",
    "connect",
    "gradcheck",
    "is_live",
    "load_experiment",
    "parse_experiment",
    "parse_value",
    "prepare",
    "presets",
]
