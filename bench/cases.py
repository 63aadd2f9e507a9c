"""What is measured: networks as plain data, from which every rival builds its own, and the goals beside them."""

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Layers = tuple[tuple[str, int], ...]

PLAYGROUND = (("dense", 4), ("tanh", 0), ("dense", 2), ("tanh", 0), ("dense", 1), ("tanh", 0))
DEEP = (("dense", 8), ("sigmoid", 0)) * 8 + (("dense", 1), ("tanh", 0))
DIGITS = (("dense", 32), ("relu", 0), ("dense", 10))
MNIST = (("dense", 128), ("relu", 0), ("dense", 64), ("relu", 0), ("dense", 10))
CNN = (
    ("conv", 16), ("relu", 0), ("pool", 2), ("conv", 32), ("relu", 0), ("pool", 2),
    ("flatten", 0), ("dense", 128), ("relu", 0), ("dense", 10),
)  # fmt: skip
CONVOLUTIONS = {"conv": (3, 1, 1), "conv5": (5, 1, 2), "conv/2": (3, 2, 1)}  # kernel, stride, padding
LENET_SIZED = tuple(("conv5" if name == "conv" else name, size) for name, size in CNN)
STRIDED = (
    ("conv/2", 16), ("relu", 0), ("conv/2", 32), ("relu", 0),
    ("flatten", 0), ("dense", 128), ("relu", 0), ("dense", 10),
)  # fmt: skip
WIDE = (("conv", 64), ("relu", 0), ("conv", 64), ("relu", 0), ("pool", 2), ("flatten", 0), ("dense", 10))
CNN_NORM = tuple(x for layer in CNN for x in ((layer, ("batch_norm", 0)) if layer[0] == "conv" else (layer,)))


@dataclass(frozen=True)
class Goal:
    """At least `goal` (stretch: `stretch`) times as fast as `rival`."""

    rival: str
    goal: float
    stretch: float | None = None


@dataclass(frozen=True)
class Case:
    """One network on one machine load. `kind` says what a round measures:

    train: microseconds a step; page: the same, with the loss of all rows taken after every epoch, as ours always does;
    evaluate: microseconds for loss and accuracy over all rows; boundary: microseconds for 10,000 outputs on a grid;
    epoch: seconds for one pass over the rows; memory: MiB resident after 5,000 more steps.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    layers: Layers
    batch: int
    optimizer: str = "adam"
    lr: float = 0.001
    kind: str = "train"
    rows: int = 0
    goals: tuple[Goal, ...] = ()

    @property
    def classes(self) -> int:
        """Number of classes; 1 means one output in -1..1 with half the squared error as loss."""
        return self.layers[-1][1] or 1

    @property
    def unit(self) -> str:
        return {"epoch": "s", "memory": "MiB"}.get(self.kind, "us")

    def has(self, layer: str) -> bool:
        return any(name == layer for name, _ in self.layers)

    @property
    def sees(self) -> bool:
        """Whether there are convolutions."""
        return any(self.has(name) for name in CONVOLUTIONS)


EAGER, BEST, SHIPPED = "PyTorch eager", "PyTorch best", "PyTorch as shipped"
SKLEARN, BOOK, JAX = "scikit-learn", "book-style NumPy", "JAX"
OURS, TF, KARPATHY, NUMPY_ML = "nn-tui", "TensorFlow Playground", "ConvNetJS", "numpy-ml"


def _small(name: str, title: str, layers: Layers, *goals: Goal, kind: str = "train", rows: int = 5_000) -> Case:
    return Case(name, title, (2,), layers, 10, "sgd", 0.03, kind, rows, goals)


def _mnist(name: str, batch: int, optimizer: str, *goals: Goal, kind: str = "train") -> Case:
    title = f"784-128-64-10 relu, batch {batch}, {optimizer}"
    lr = 0.001 if optimizer == "adam" else 0.1
    return Case(name, title, (784,), MNIST, batch, optimizer, lr, kind, 60_000, goals)


def _cnn(name: str, batch: int, *goals: Goal, norm: bool = False) -> Case:
    title = f"two 3x3 convolutions (16, 32){' with batch norm' if norm else ''}, dense 128, 10, batch {batch}, adam"
    return Case(name, title, (1, 28, 28), CNN_NORM if norm else CNN, batch, rows=60_000, goals=goals)


CASES = (
    _small("W1", "2-4-2-1 tanh, half squared error, batch 10, SGD", PLAYGROUND,
           Goal(EAGER, 18, 28), Goal(TF, 1 / 1.8, 1)),
    _small("W1d", "2-(8 x 8)-1 sigmoid, batch 10, SGD", DEEP, Goal(EAGER, 12, 17), Goal(TF, 2)),
    _small("W1 boundary", "decision boundary, 2-4-2-1, 10,000 points", PLAYGROUND, Goal(TF, 20), kind="boundary"),
    _small("W1 page", "W1 as the Playground's page runs it, 250 rows", PLAYGROUND, kind="page", rows=250),
    _small("W1 memory", "W1 for 40,000 steps", PLAYGROUND, kind="memory"),
    Case("W5", "64-32-10 relu, batch 32, adam", (64,), DIGITS, 32, rows=1_437,
         goals=(Goal(EAGER, 10, 14), Goal(SKLEARN, 7))),
    _mnist("W2 32 sgd", 32, "sgd"),
    _mnist("W2 32 momentum", 32, "momentum"),
    _mnist("W2 32 adam", 32, "adam", Goal(EAGER, 2.4, 2.8), Goal(SKLEARN, 3), Goal(BOOK, 20)),
    _mnist("W2 64 adam", 64, "adam", Goal(EAGER, 1.9, 2.2)),
    _mnist("W2 128 adam", 128, "adam", Goal(EAGER, 1.45, 1.7)),
    _mnist("W2 epochs", 32, "adam", kind="epoch"),
    _mnist("W2 memory", 32, "adam", kind="memory"),
    Case("W3", "loss and accuracy of 784-128-64-10 over 10,000 rows", (784,), MNIST, 32, kind="evaluate", rows=10_000,
         goals=(Goal("PyTorch eager, 1 thread", 1 / 1.1, 1),)),
    _cnn("W4 32", 32, Goal(EAGER, 1.5, 2), Goal(KARPATHY, 50), Goal(NUMPY_ML, 300)),
    _cnn("W4 64", 64, Goal(EAGER, 1.4, 1.9)),
    _cnn("W4 128", 128, Goal(EAGER, 1.1, 1.4)),
    _cnn("W4 32 norm", 32, Goal(EAGER, 1.3), norm=True),
    _cnn("W4 128 norm", 128, Goal(EAGER, 1.3), norm=True),
    Case("W4 5x5", "W4 with kernels of 5x5, batch 32, adam", (1, 28, 28), LENET_SIZED, 32, rows=60_000,
         goals=(Goal(EAGER, 1.3),)),
    Case("W4 stride", "two 3x3 convolutions of stride 2 (16, 32), dense 128, 10, batch 32, adam", (1, 28, 28), STRIDED,
         32, rows=60_000, goals=(Goal(EAGER, 1.3),)),
    Case("W4 wide", "two 3x3 convolutions of 64 channels on 3x32x32, dense 10, batch 32, adam", (3, 32, 32), WIDE, 32,
         rows=2_000, goals=(Goal(EAGER, 1.3),)),
)  # fmt: skip


def mnist_folder() -> Path | None:
    """Folder of MNIST's IDX files: `NN_TUI_DATA`, or shared/datasets beside the project; None when there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "datasets"
    for folder in (Path(os.environ.get("NN_TUI_DATA") or beside), beside):
        for place in (folder, folder / "mnist"):
            if list(place.glob("train-images-idx3-ubyte*")):
                return place
    return None


def _idx(name: str, folder: Path, header: int) -> np.ndarray:
    path = next(folder.glob(name + "*"))
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return np.frombuffer(raw, np.uint8, offset=header)


def rows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Inputs float32 (rows, *shape) and labels int64 (rows,), or targets float32 (rows, 1) in -1..1.

    MNIST where its files are at hand; else random rows of that shape, half of them zero as in MNIST.
    """
    random = np.random.default_rng(0)
    if case.classes == 1:
        x = random.uniform(-5, 5, (case.rows, *case.shape)).astype(np.float32)
        return x, np.where(x[:, :1] * x[:, 1:] > 0, 1, -1).astype(np.float32)
    if np.prod(case.shape) == 784 and (folder := mnist_folder()):
        part = "t10k" if case.kind == "evaluate" else "train"
        images = _idx(f"{part}-images-idx3-ubyte", folder, 16).reshape(-1, *case.shape)
        return np.float32(1 / 255) * images, _idx(f"{part}-labels-idx1-ubyte", folder, 8).astype(np.int64)
    noise = random.uniform(-1, 1, (case.rows, *case.shape))
    return noise.clip(0, 1).astype(np.float32), random.integers(0, case.classes, case.rows)


def batches(case: Case, count: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches of row numbers: every epoch in a new order; whole batches only."""
    while True:
        order = random.permutation(count)
        for start in range(0, count - case.batch + 1, case.batch):
            yield order[start : start + case.batch]
