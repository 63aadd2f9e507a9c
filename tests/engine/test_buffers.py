"""Buffers that are used again and again: no batch sees another one's numbers, nothing of the caller's is written to."""

import gc
import tracemalloc

import numpy as np
import pytest

from engine import BadInput, Layer, Loss, Network, NodeSpec, Trainer, parse_experiment
from engine.data import Split, Splits
from engine.data.scale import fit_scaler

LAYERS = [
    {"type": "dense", "units": 7},
    "batch_norm",
    "gelu",
    {"type": "dropout", "rate": 0.3},
    {"type": "dense", "units": 6},
    "layer_norm",
    "elu",
]


def network(seed=0, loss="cross_entropy"):
    nodes = [NodeSpec(f"n{i}", Layer.parse(table)) for i, table in enumerate(LAYERS)]
    nodes += [NodeSpec("skip", Layer.parse("concat"), ("n6", "n2", "input"))]
    nodes += [NodeSpec("out", Layer.parse({"type": "dense", "units": 3}))]
    return Network(nodes, (4,), Loss.parse(loss), 3, seed)


def batch(rows, seed):
    draw = np.random.default_rng(seed)
    t = np.zeros((3, rows))
    t[draw.integers(0, 3, rows), np.arange(rows)] = 1
    return draw.normal(0, 1, (rows, 4)), t


def gradient(made, rows, seed):
    at = made.run(rows, training=True)
    at.inputs[...], at.targets[...] = batch(rows, seed)
    at.forward.run()
    at.backward.run()
    return float(at.vitals[0]), made.grads.tobytes(), at.y.tobytes()


def test_batches_of_5_then_3_then_7_give_what_fresh_networks_give():
    used = network()
    for seed, rows in enumerate([5, 3, 7, 5, 3, 2, 7]):
        assert gradient(used, rows, seed) == gradient(network(), rows, seed)


def test_more_batch_sizes_than_are_kept_give_the_same_as_fresh_networks():
    used = network()
    for rows in [*range(2, 30), *range(2, 30)]:
        assert gradient(used, rows, rows) == gradient(network(), rows, rows)


def test_predicting_in_between_changes_no_gradient():
    one, other = network(), network()
    x = np.random.default_rng(0).normal(0, 1, (5, 4)).astype(np.float32)
    for rows in (5, 3, 5):
        first = gradient(one, rows, rows)
        for size in (5, 3, 1):
            other.predict(x[:size])
        assert gradient(other, rows, rows) == first


def test_predictions_do_not_depend_on_how_rows_are_grouped():
    made, x = network(), np.random.default_rng(0).normal(0, 1, (1203, 4)).astype(np.float32)
    whole = made.predict(x)
    assert whole.shape == (1203, 3)
    parts = np.concatenate([made.predict(x[i : i + 7]) for i in range(0, 1203, 7)])
    np.testing.assert_allclose(whole, parts, rtol=1e-5, atol=1e-6)
    assert made.predict(x[:0]).shape == (0, 3)
    kept = made.predict(x[:3])
    made.predict(x[3:6])
    assert kept.tobytes() == made.predict(x[:3]).tobytes()


def splits(rows, shape=(4,), dtype=np.float32):
    draw = np.random.default_rng(1)
    x, labels = draw.normal(0, 1, (rows, *shape)).astype(dtype), np.arange(rows) % 3
    for array in (x, labels):
        array.flags.writeable = False
    valid = Split(x[: rows // 2], labels[: rows // 2])
    names = tuple(str(i) for i in range(int(np.prod(shape))))
    return Splits(Split(x, labels), valid, None, shape, ("a", "b", "c"), names, (), fit_scaler("none", x))


def trainer(rows=20, **table):
    base = {"layers": LAYERS, "epochs": 5, "batch_size": 6}
    return Trainer(parse_experiment({**base, **table}), splits=splits(rows))


def test_the_data_are_not_written_to():
    made = trainer()
    x, y = made.splits.train.x.tobytes(), made.splits.train.y.tobytes()
    for _ in made:
        made.predict(made.splits.train.x)
        made.evaluate(made.splits.train)
    assert made.splits.train.x.tobytes() == x
    assert made.splits.train.y.tobytes() == y


SIZES = {18: (0, 2, 6, 7, 20, 1000), 20: (0, 2, 6, 7, 20, 1000), 21: (0, 6, 7, 1000)}  # none leaves a row alone


@pytest.mark.parametrize(("rows", "size"), [(rows, size) for rows, sizes in SIZES.items() for size in sizes])
def test_every_row_is_used_once_an_epoch_at_any_batch_size(rows, size):
    made = trainer(rows, batch_size=size)
    effective = min(size, rows) or rows
    assert made.batch_size == effective
    assert made.steps_per_epoch == -(-rows // effective)
    seen, step = [], made.feed.batches(0, 0, effective, 1)[0].shape[1]
    assert step == effective
    for row in range(0, rows, effective):
        (inputs,), (targets,) = made.feed.batches(1, row, effective, 1)
        seen += [tuple(sample) for sample in inputs]
        for sample, label in zip(inputs, targets.argmax(axis=0), strict=True):
            index = int(np.flatnonzero((made.splits.train.x == sample).all(axis=1))[0])
            assert made.splits.train.y[index] == label
    assert sorted(seen) == sorted(tuple(row) for row in made.splits.train.x)
    report = made.advance(epochs=2)
    assert (report.step, report.epoch) == (2 * made.steps_per_epoch, 2)


def test_many_batches_at_once_are_the_batches_one_by_one():
    feed = trainer(200).feed
    inputs, targets = (part.copy() for part in feed.batches(3, 12, 6, 20))
    assert len(inputs) == len(targets) == 20
    for k in range(20):
        one = feed.batches(3, 12 + 6 * k, 6, 1)
        assert (one[0].tobytes(), one[1].tobytes()) == (inputs[k].tobytes(), targets[k].tobytes())


def test_epochs_are_shuffled_each_in_its_own_way():
    feed = trainer(200).feed
    orders = [feed.order(epoch).copy() for epoch in range(4)]
    for order in orders:
        assert sorted(order) == list(range(200))
    assert len({order.tobytes() for order in orders}) == 4
    assert feed.order(1).tobytes() == orders[1].tobytes()


@pytest.mark.parametrize(("rows", "size"), [(19, 6), (21, 20), (1, 0), (20, 1)])
def test_a_batch_of_one_row_is_refused_where_batch_norm_would_divide_by_zero(rows, size):
    with pytest.raises(BadInput, match=r"^layers\.batch_norm1 .*batch_size") as refused:
        trainer(rows, batch_size=size)
    assert "\n" not in str(refused.value)


def test_without_batch_norm_one_row_is_a_batch():
    made = trainer(19, batch_size=6, layers=[{"type": "dense", "units": 3}, "layer_norm", "tanh"])
    assert made.advance(epochs=1).step == 4


@pytest.mark.parametrize("layers", [LAYERS, [{"type": "dense", "units": 4}, "relu"]], ids=["all", "small"])
def test_thousands_of_steps_allocate_nothing_that_grows(layers):
    made = trainer(60, layers=layers, epochs=100_000, optimizer={"name": "adam", "lr": 1e-4})
    made.timeline.budget = 4 * made.state.nbytes
    steps = 10_000 if layers is not LAYERS else 3_000
    made.advance(steps=steps // 5)
    gc.collect()
    tracemalloc.start()
    made.advance(steps=steps // 10)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    made.advance(steps=steps)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    per_step = (after - before) / steps
    assert per_step < 16 * 3 + 400 / made.steps_per_epoch * 2


def test_a_warmed_up_step_allocates_next_to_nothing_at_its_peak():
    draw = {"type": "dense", "units": 200}
    made = trainer(600, layers=[draw, "tanh", draw, "relu"], batch_size=50, epochs=1000)
    made.advance(epochs=2)
    tracemalloc.start()
    made.advance(steps=8, measure=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < made.network.values.nbytes / 2
