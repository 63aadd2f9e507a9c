"""nn-tui itself, through its public trainer: many steps a request, with all that is kept and measured on the way."""

import engine.threads  # before NumPy, whose BLAS reads the number of threads once

engine.threads.limit_blas()

from pathlib import Path  # noqa: E402
from time import perf_counter  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from bench.cases import CONVOLUTIONS, Case, rows  # noqa: E402
from bench.child import Round, once, repeat  # noqa: E402
from engine.data import Split, Splits  # noqa: E402
from engine.data.scale import Scaler  # noqa: E402
from engine.evaluation import Evaluation  # noqa: E402
from engine.experiment import Experiment, parse_experiment  # noqa: E402
from engine.trainer import Trainer  # noqa: E402

FRAME = 0.1


def experiment(case: Case) -> Experiment:
    """The case as the tables of an experiment file; its last dense layer is the output that the engine adds."""
    tables: dict[str, tuple[str, dict[str, Any]]] = {"pool": ("max_pool2d", {})}
    sizes = {"dense": "units", "pool": "kernel", **dict.fromkeys(CONVOLUTIONS, "channels")}
    for name, (kernel, stride, padding) in CONVOLUTIONS.items():
        tables[name] = ("conv2d", {"kernel": kernel, "stride": stride, "padding": padding})
    last = max(i for i, (name, _) in enumerate(case.layers) if name == "dense")
    layers = []
    for name, size in case.layers[:last]:
        kind, fixed = tables.get(name, (name, {}))
        layers.append({"type": kind, **fixed, **({sizes[name]: size} if name in sizes else {})})
    optimizer = {"name": "adam", "lr": case.lr}
    if case.optimizer != "adam":
        optimizer = {"name": "sgd", "lr": case.lr, "momentum": 0.9 * (case.optimizer == "momentum")}
    ending = {"loss": {"name": "quadratic"}, "output": {"activation": "tanh"}} if case.classes == 1 else {}
    return parse_experiment(
        {"batch_size": case.batch, "epochs": 1_000_000, "layers": layers, "optimizer": optimizer, **ending}
    )


def splits(case: Case) -> Splits:
    """The case's rows as a training split without anything held out."""
    x, y = rows(case)
    classes = tuple(map(str, range(case.classes))) if case.classes > 1 else ()
    return Splits(Split(x, y), None, None, case.shape, classes, (), () if classes else ("y",), Scaler())


def resident() -> float:
    """MiB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def build(case: Case, variant: str) -> tuple[str, Round]:
    trainer = Trainer(experiment(case), splits(case), cores=int(variant))
    grid = np.stack(np.meshgrid(np.linspace(-6, 6, 100), np.linspace(6, -6, 100)), -1).reshape(-1, 2).astype(np.float32)

    def train(seconds: float) -> float:
        """Advances in frames of a tenth of a second, each with a report and the panels' statistics."""
        first, start = trainer.state.step, perf_counter()
        while (left := seconds - (perf_counter() - start)) > 0:
            trainer.advance(seconds=min(FRAME, left))
        return 1e6 * (perf_counter() - start) / (trainer.state.step - first)

    def memory(_: float) -> float:
        trainer.advance(steps=5_000)
        return resident()

    kinds: dict[str, Round] = {"train": train, "page": train, "memory": memory}
    if case.kind == "epoch":
        kinds["epoch"] = once(lambda count: trainer.advance(steps=count), trainer.steps_per_epoch)
    elif case.kind == "evaluate":
        split = trainer.splits.train
        targets = trainer.experiment.loss.encode(split.y, case.classes, trainer.experiment.low)
        kinds["evaluate"] = repeat(Evaluation(trainer.experiment, trainer.network, split, targets).measure)
    elif case.kind == "boundary":
        kinds["boundary"] = repeat(lambda: trainer.predict(grid))
    return f"NumPy {np.__version__}", kinds[case.kind]
