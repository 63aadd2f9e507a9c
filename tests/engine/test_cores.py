"""A second core changes how fast a network learns and nothing else."""

import os
import select
import signal
import subprocess
import sys

import numpy as np
import pytest

import engine.cores
from engine import RunFailed, Trainer, parse_experiment
from engine.cores import SecondCore
from engine.data import Split, Splits
from engine.data.scale import Scaler

pytestmark = pytest.mark.skipif(not engine.cores.available(), reason="needs Linux, x86-64 and two cores")

IMAGES = [
    {"type": "conv2d", "channels": 16, "kernel": 3, "padding": 1},
    "relu",
    {"type": "max_pool2d", "kernel": 2},
    {"type": "conv2d", "name": "left", "channels": 16, "kernel": 3, "padding": 1},
    {"type": "batch_norm", "name": "norm"},
    {"type": "add", "name": "sum", "inputs": ["norm", "max_pool2d1"]},
    "relu",
    {"type": "conv2d", "channels": 24, "kernel": 3, "stride": 2},
    {"type": "max_pool2d", "kernel": 3, "stride": 1, "padding": 1},
    {"type": "avg_pool2d", "kernel": 3, "stride": 2},
    "flatten",
    {"type": "dense", "units": 20},
]
CHANNELS = [
    {"type": "conv2d", "channels": 32, "kernel": 1},
    {"type": "conv2d", "channels": 40, "padding": 1},
    {"type": "conv2d", "channels": 32, "padding": 1},
    "relu",
    {"type": "max_pool2d", "kernel": 2},
    "flatten",
]
NETWORKS = {
    "dense": ((784,), [{"type": "dense", "units": 128}, "relu", {"type": "dense", "units": 64}]),
    "images": ((3, 28, 28), IMAGES),
    "channels": ((2, 9, 13), CHANNELS),
}


def trainer(name, cores=1, **changes):
    shape, layers = NETWORKS[name]
    draw = np.random.default_rng(0)
    split = Split(draw.normal(0, 1, (300, *shape)).astype(np.float32), draw.integers(0, 10, 300))
    splits = Splits(split, None, None, shape, tuple("0123456789"), (), (), Scaler())
    experiment = parse_experiment({"layers": layers, "batch_size": 64, "optimizer": {"name": "adam"}, **changes})
    return Trainer(experiment, splits, cores=cores)


@pytest.fixture(autouse=True)
def free(monkeypatch):
    """A machine that is never found crowded."""
    monkeypatch.setattr(SecondCore, "_in_queue", lambda self: 0.0)


def plans(made):
    at = made.network.run(made.batch_size, training=True)
    return at.forward, at.backward, made.stepper.update.plan, at.commit


def arrays(calls):
    """Every array that calls work on, those bound to a method too."""
    for function, args in calls:
        keywords = getattr(function, "keywords", {})
        for value in (getattr(function, "__self__", None), *args, *keywords.values()):
            if isinstance(value, np.ndarray):
                yield value


@pytest.mark.parametrize("name", NETWORKS)
def test_two_cores_give_the_bits_of_one(name):
    one, two = trainer(name), trainer(name, 2)
    for made in (one, two):
        made.advance(epochs=3)
    assert two.network.core._process
    assert one.state.same(two.state)
    assert one.history.losses.tobytes() == two.history.losses.tobytes()
    assert one.history.rows[-1].train_loss == two.history.rows[-1].train_loss


def test_going_back_and_editing_give_the_bits_of_one_core():
    one, two = trainer("dense"), trainer("dense", 2)
    for made in (one, two):
        made.advance(steps=7)
        made.back(3)
        made.edit("optimizer.lr", 0.01)
        made.advance(steps=9)
        made.edit("regularization.l2", 0.001)
        made.seek(6)
        made.advance(epochs=2)
    assert one.state.same(two.state)


@pytest.mark.parametrize("name", NETWORKS)
def test_there_are_halves_and_neither_writes_where_the_other_works(name):
    made = trainer(name)
    groups = [pair for plan in plans(made) for pair in engine.cores._halves(plan) if pair[1]]
    assert len(groups) >= 3
    for first, second in groups:
        for calls, others in ((first, second), (second, first)):
            seen = [(array, array.tobytes()) for array in arrays(others)]
            for function, args in calls:
                function(*args)
            assert all(array.tobytes() == before for array, before in seen)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_the_second_process_reads_is_shared_or_never_changes(name):
    made = trainer(name, 2)
    own = []
    for plan in plans(made):
        for _, second in engine.cores._halves(plan):
            for array in arrays(second):
                root = array
                while isinstance(root.base, np.ndarray):
                    root = root.base
                if root.base is None:
                    own.append((array, array.tobytes()))
    made.advance(steps=3)
    assert all(array.tobytes() == before for array, before in own)


def test_small_networks_start_no_process():
    small = [{"type": "dense", "units": 8}, "tanh"]
    made = trainer("dense", 2, layers=small, batch_size=16)
    made.advance(epochs=1)
    assert not made.network.core._process


def test_a_crowded_machine_trains_on_one_core(monkeypatch):
    made = trainer("dense", 2)
    made.advance(steps=2)
    assert made.network.calls(*plans(made))[0] is not plans(made)[0].calls
    waited = iter(range(1, 1_000_000))
    monkeypatch.setattr(engine.cores, "LOOK", 0.0)
    monkeypatch.setattr(SecondCore, "_in_queue", lambda self: float(next(waited)))
    assert all(calls is plan.calls for calls, plan in zip(made.network.calls(*plans(made)), plans(made), strict=True))
    assert made.advance(epochs=1).status == "running"


def test_a_second_process_that_is_killed_ends_the_run_with_a_sentence():
    made = trainer("dense", 2)
    made.advance(steps=2)
    os.kill(made.network.core._process, signal.SIGKILL)
    with pytest.raises(RunFailed, match="ended from outside"):
        made.advance(epochs=1)
    assert made.advance(epochs=1).status == "running"


@pytest.mark.parametrize("how", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_the_second_process_ends_with_the_first(how):
    program = (
        "import os, sys; import numpy as np\n"
        "from engine.cores import SecondCore; from engine.plan import Plan\n"
        "core = SecondCore(); x = core.memory((4,), np.float32); do = Plan(np.float32)\n"
        "first, second = do.halves(); first(x[:2].fill, 1); second(x[2:].fill, 2)\n"
        "for function, args in core.calls(do)[0]: function(*args)\n"
        "assert x.tolist() == [1, 1, 2, 2]\n"
        "print(core._process, flush=True); sys.stdin.readline()\n" + how
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        second = os.pidfd_open(int(first.stdout.readline()))
        first.stdin.close()
        ended, _, _ = select.select([second], [], [], 30)
        os.close(second)
    assert ended


def test_shared_arrays_are_zeros_of_any_shape_side_by_side():
    memory = engine.cores.SharedMemory()
    made = [memory(shape, kind) for shape in ((), 3, (2, 5), (700, 700)) for kind in (np.float32, np.bool_, np.int64)]
    for number, array in enumerate(made):
        assert not array.any()
        array[...] = number % 2
    assert all((array == number % 2).all() for number, array in enumerate(made))


@pytest.mark.parametrize(("text", "enough"), [("max 100000", True), ("200000 100000", True), ("150000 100000", False)])
def test_a_container_with_less_than_two_cores_gets_one(text, enough, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_text", lambda path: text)
    assert engine.cores.available() == enough
