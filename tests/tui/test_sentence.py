import re
from dataclasses import replace
from functools import lru_cache
from math import prod

import numpy as np
import pytest

from engine import EpochRow, History, NodeStats, ParameterStats, Probe, Trainer, load_experiment
from tui.drawing.palette import Palette
from tui.drawing.picture import Picture
from tui.findings import FINDINGS, HEALTHY, plain
from tui.panels.telling import draw_sentence, lines_for
from tui.sentence import describe

DIGITS = load_experiment("digits")


@lru_cache
def run(name, epochs=0, steps=0, **changes):
    trainer = Trainer(load_experiment(name, {key.replace("__", "."): value for key, value in changes.items()}))
    if epochs:
        trainer.advance(epochs=epochs)
    if steps:
        trainer.advance(steps=steps)
    return trainer


def said(*args, **changes):
    trainer = run(*args, **changes)
    return describe(trainer.probe, trainer.history, trainer.experiment)


def test_an_infinite_step_is_told_in_words():
    sentence = said("xor-mlp", 0, 2, optimizer__lr=1e30)
    assert sentence.kind == "rate too high"
    assert sentence.says == "Each step changes the weights beyond all measure: the learning rate is far too high."
    assert sentence.brief == "Steps change weights beyond all measure."


@pytest.mark.parametrize("epochs", [0, 1, 4])
def test_deep_sigmoid_vanishes_by_so_much(epochs):
    sentence = said("deep-sigmoid", epochs)
    dy = [stats.dy_rms for stats in run("deep-sigmoid", epochs).probe.nodes if stats.node.startswith("dense")]
    assert sentence.kind == "vanishing"
    share = int(sentence.says.split("1/")[1].split()[0].replace(",", ""))
    assert share == pytest.approx(dy[7] / dy[0], rel=0.06)
    assert share > 1000
    each = float(sentence.says.split("shrinks to ")[1].split()[0])
    assert each == pytest.approx((dy[0] / dy[7]) ** (1 / 7), rel=0.03)
    assert sentence.advice == "Try relu or batch norm."
    assert "dense1 gets" in sentence.says
    assert sentence.says.endswith("of dense8's.")


@pytest.mark.parametrize("name", ["deep-relu", "deep-sigmoid-batchnorm", "digits"])
def test_what_does_not_vanish_is_not_said_to(name):
    assert said(name).kind == "healthy"
    assert "Nothing is learned yet." in str(said(name))
    trainer = Trainer(load_experiment(name))
    for _ in range(5):
        trainer.advance(epochs=1)
        kind = describe(trainer.probe, trainer.history, trainer.experiment).kind
        assert kind in ("healthy", "learned", "rate too high")


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_exploding(steps):
    sentence = said("exploding", steps=steps)
    assert sentence.kind == "exploding"
    assert "clip_norm = 1" in sentence.advice
    assert "clip_norm" not in said("exploding", steps=steps, regularization__clip_norm=1.0).advice


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_inputs_that_are_not_scaled_are_told_before_what_they_do(data, activation):
    loss = {"data__name": data, "data__standardize": "none", "model__activation": activation}
    for epochs in (0, 3):
        sentence = said("digits", epochs, **loss)
        assert sentence.kind == "unscaled"
        assert "zscore" in sentence.advice
        assert said("digits", epochs, **loss | {"data__standardize": "zscore"}).kind != "unscaled"


@pytest.mark.parametrize("data", ["digits", "iris", "spiral", "xor", "blobs"])
def test_inputs_of_usual_size_are_not_said_to_be_unscaled(data):
    for epochs in (0, 3):
        assert said("digits", epochs, data__name=data).kind != "unscaled"


def test_large_weights_are_not_taken_for_large_inputs():
    trainer = Trainer(load_experiment("digits", {"model.init": {"name": "normal", "std": 30.0}}))
    assert trainer.probe.weighted[0].output_std > 30
    assert describe(trainer.probe, trainer.history, trainer.experiment).kind != "unscaled"


def test_dead_units():
    sentence = said("dead-relu", 4)
    dead = next(stats.dead for stats in run("dead-relu", 4).probe.nodes if stats.node == "relu1")
    assert sentence.kind == "dead"
    assert sentence.says.startswith(f"{100 * dead:.2g} % of the units of relu1")
    assert "leaky_relu" in sentence.advice


def test_overfitting_names_the_best_epoch():
    sentence = said("overfit", 40)
    rows = run("overfit", 40).history.rows
    best = int(np.argmin([row.valid_loss for row in rows]))
    assert sentence.kind == "overfitting"
    assert f"since epoch {best} " in sentence.says
    assert "early stopping" in sentence.advice
    assert said("overfit", 4).kind != "overfitting"


def test_digits_learn():
    assert said("digits", 12).kind == "learned"
    assert said("digits", 12).role == "good"


def test_learning_rates():
    assert said("digits", 0, 1, optimizer="sgd", optimizer__lr=3.0).kind == "rate too high"
    low = said("digits", 3, optimizer="sgd", optimizer__lr=1e-6)
    assert low.kind == "rate too low"
    assert "above 1e-06" in low.advice


def test_large_numbers_are_written_as_a_person_writes_them():
    wild = said("digits", 0, 1, optimizer="sgd", optimizer__lr=100.0)
    assert wild.advice == "Try a learning rate below 100."
    assert re.search(r"weights by \d+,\d{3} % of their size", wild.says)
    assert [plain(one) for one in (0.00123, 99.7, 100, 12_345, 3e12)] == ["0.0012", "100", "100", "12,000", "3e+12"]
    assert plain(1234.5, 3) == "1,230"


def test_a_rate_that_its_schedule_has_brought_down_is_not_called_too_low():
    changes = {"optimizer": "sgd", "optimizer.lr": 0.002, "schedule": {"name": "exponential", "gamma": 0.01}}
    trainer = Trainer(load_experiment("digits", changes))
    trainer.advance(epochs=4)
    faded = describe(trainer.probe, trainer.history, trainer.experiment)
    assert faded.kind == "rate faded"
    assert f"from 0.002 to {trainer.history.rows[-1].lr:.2g}" in faded.says


def test_advice_names_the_rate_that_is_set_not_where_its_schedule_has_come_to():
    trainer = Trainer(load_experiment("dead-relu", {"schedule": {"name": "cosine"}}))
    trainer.advance(epochs=20)
    assert trainer.history.rows[-1].lr < 1e-4
    sentence = describe(trainer.probe, trainer.history, trainer.experiment)
    assert sentence.kind == "dead"
    assert "a learning rate below 0.3" in sentence.advice


def test_saturation():
    wide = {"name": "normal", "std": 3.0}
    trainer = Trainer(load_experiment("digits", {"model.activation": "tanh", "model.init": wide}))
    trainer.advance(steps=3)
    assert describe(trainer.probe, trainer.history, trainer.experiment).kind == "saturated"


@pytest.mark.parametrize("epochs", [1, 20])
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_what_only_training_has_saturated_is_put_down_to_the_rate(rate, epochs):
    trainer = run("spiral", epochs, optimizer__lr=rate)
    sentence = describe(trainer.probe, trainer.history, trainer.experiment)
    assert sentence.kind == "saturated"
    assert sentence.says.endswith(" of the outputs of tanh2 are in its flat parts, untrained 0 %.")
    assert sentence.advice == f"Try a learning rate below {rate:g}, batch norm or relu."


@pytest.mark.parametrize(("first", "ratio", "advice"), [
    (0.0, 0.02, "Try a learning rate below 0.005, batch norm or relu."), (0.0, 0.005, "Try batch norm or relu."),
    (0.3, 0.02, "Try smaller first weights, batch norm or relu."),
])  # fmt: skip
def test_what_has_saturated_a_layer(first, ratio, advice):
    history = record([2.0, 1.8])
    history.instruments.note(0, probe(saturated=first, step=0))
    assert describe(probe(saturated=0.6, ratio=ratio), history, DIGITS).advice == advice


@pytest.mark.parametrize(("name", "glyph"), [("digits-plain", "!"), ("digits-residual", "✓")])
def test_a_gradient_of_which_next_to_nothing_comes_through_is_no_good_sign(name, glyph):
    sentence = said(name)
    assert sentence.glyph == glyph
    if glyph == "!":
        assert sentence.says == "The gradient shrinks to 0.83 per layer: conv1 gets 1/280 of layer3.4.conv2's."
        assert sentence.advice == "Try shortcuts or batch norm."


def test_a_run_that_has_learned_has_also_where_no_update_is_measured():
    trainer = run("digits", 12)
    again = describe(trainer.probe, trainer.history, trainer.experiment)
    nodes = tuple(replace(stats, update_ratio=None) for stats in trainer.probe.nodes)
    bare = describe(replace(trainer.probe, nodes=nodes), trainer.history, trainer.experiment)
    assert (bare.kind, bare.says) == ("learned", again.says)


def test_a_perceptron_on_xor_stands_still_for_want_of_a_hidden_layer():
    trainer = Trainer(load_experiment("xor-perceptron"))
    found = set()
    for _ in trainer:
        found.add(str(describe(trainer.probe, trainer.history, trainer.experiment).kind))
        if "plateau" in found:
            break
    assert "plateau" in found
    sentence = describe(trainer.probe, trainer.history, trainer.experiment)
    assert "straight line" in sentence.advice
    assert "a hidden layer" in sentence.advice
    assert not found & {"dead", "rate too high", "rate too low"}


def test_a_loss_that_goes_up_and_down_is_not_said_to_stand():
    trainer = Trainer(load_experiment("xor-perceptron"))
    told = set()
    for _ in trainer:
        sentence = describe(trainer.probe, trainer.history, trainer.experiment)
        losses = [row.train_loss for row in trainer.history.rows[-5:]]
        if sentence.kind == "plateau":
            told |= {sentence.says.rsplit(maxsplit=1)[0]} if len(set(losses)) > 1 else set()
            low, high = f"{min(losses):.3g}", f"{max(losses):.3g}"
            assert sentence.says in (
                f"The training loss has stood at {low} for 5 epochs." if low == high else
                f"Training loss finds no rest: {low} to {high} in 5 epochs."
            )  # fmt: skip
            assert "straight line" in sentence.advice
        assert (sentence.kind == "plateau") == (trainer.state.epoch >= 10)
    assert len(told) > 2
    solved = Trainer(load_experiment("xor-perceptron", {"data.gate": "and"}))
    solved.advance(epochs=60)
    assert solved.history.rows[-1].train_accuracy == 1
    assert describe(solved.probe, solved.history, solved.experiment).kind == "healthy"
    rising = describe(probe(), record([2.0, *[1.0] * 6, 1.1, 1.2, 1.3, 1.4]), DIGITS)
    assert rising.says == "Training loss gets no better: 1 to 1.4 in 5 epochs."
    still = describe(probe(), record([2.0, *[1.0, 1.001] * 5]), DIGITS)
    assert still.says == "The training loss has stood at 1 for 5 epochs."


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        ((1.1, 0.9, 0.8), "The gradient keeps its size: dense1 gets 79 % of dense4's"),
        ((0.61, 0.61, 0.61), "The gradient gets through: dense1 gets 23 % of dense4's"),
        ((0.47, 0.47, 0.47), "The gradient shrinks, but gets through: dense1 gets 10 % of dense4's"),
        ((1.3, 1.3, 1.3), "The gradient gets through: dense1 gets 2.2 times dense4's"),
        ((0.1,), "The gradient reaches every layer"),
        ((0.0,), "No gradient reaches dense1"),
    ],
)
def test_what_is_said_of_the_gradient_holds_for_the_whole_depth(passed, words):
    assert describe(probe(passed), record([2.0, 1.8]), DIGITS).says.startswith(words)


def test_what_does_not_hold_in_validation_is_not_called_learned():
    trainer = run("exploding", 20, optimizer__lr=0.002)
    last = trainer.history.rows[-1]
    assert last.train_loss < 0.1 * trainer.history.rows[0].train_loss
    assert last.valid_accuracy < 0.7
    sentence = said("exploding", 20, optimizer__lr=0.002)
    assert sentence.role == "warning"
    assert "learned" not in sentence.says
    assert "by chance it is 2.3" in said("digits", 12).says


def test_the_perceptron_s_steps_are_explained_and_not_judged():
    trainer = Trainer(load_experiment("xor-perceptron"))
    trainer.advance(epochs=1)
    assert trainer.probe.weighted[0].update_ratio > HEALTHY[1]
    sentence = describe(trainer.probe, trainer.history, trainer.experiment)
    assert sentence.kind == "healthy"
    assert "each mistake adds or takes away its whole input" in sentence.says


def test_going_back_says_what_was_said_then():
    trainer = Trainer(load_experiment("overfit"))
    trainer.advance(epochs=4)
    then = describe(trainer.probe, trainer.history, trainer.experiment)
    step = trainer.state.step
    trainer.advance(epochs=36)
    assert describe(trainer.probe, trainer.history, trainer.experiment).kind == "overfitting"
    trainer.seek(step)
    assert describe(trainer.probe, trainer.history, trainer.experiment) == then


# ---------------------------------------------------------------------------------------------- made-up instruments


def probe(passed=(1.0, 1.0, 1.0), ratio: float | None = 1e-3, dead=0.0, saturated=None, step=100):
    """Layers dense1 ... and output; the gradient changes by `passed` from each to the one before."""
    nodes, parameters = [], []
    for place in range(len(passed) + 1):
        dy = prod(passed[place:])
        name = f"dense{place + 1}"
        nodes.append(NodeStats(name, "dense", 0.0, 1.0, None, None, dy, 1.0, dy, dy, ratio))
        parameters.append(ParameterStats(f"{name}.weight", name, 1.0, dy, dy, dy, ratio, (0,) * 32))
        nodes.append(NodeStats(f"act{place + 1}", "relu", 0.0, 1.0, dead, saturated, dy, None, None, None, None))
    nodes.append(NodeStats("output", "dense", 0.0, 1.0, None, None, 1.0, 1.0, 1.0, 1.0, ratio))
    parameters.append(ParameterStats("output.weight", "output", 1.0, 1.0, 1.0, 1.0, ratio, (0,) * 32))
    return Probe(step, 1.0, tuple(nodes), tuple(parameters))


def record(train, valid=None):
    history = History()
    history.chance = 2.0
    for epoch, loss in enumerate(train):
        other = None if valid is None else valid[epoch]
        history.rows.append(EpochRow(epoch, epoch * 10, 0.1, loss, None, other, None, None, None, 1.0, 1e-3, 0.0))
    return history


FALLING = [2.0 * 0.8**n for n in range(11)]


@pytest.mark.parametrize(
    ("kind", "instruments", "train", "valid"),
    [
        ("vanishing", {"passed": (0.2, 0.2, 0.2)}, FALLING, None),
        ("healthy", {"passed": (0.51, 0.51, 0.51)}, [2.0, 1.8], None),
        ("healthy", {"passed": (0.2, 0.2)}, [2.0, 1.8], None),  # a 25th in all: no more than it starts with
        ("exploding", {"passed": (5.0, 5.0, 5.0)}, FALLING, None),
        ("healthy", {"passed": (1.4,) * 20}, [2.0, 1.8], None),
        ("shrinking", {"passed": (0.8,) * 21}, [2.0, 1.8], None),
        ("healthy", {"passed": (0.8,) * 20}, [2.0, 1.8], None),
        ("learned", {"passed": (0.8,) * 21}, [2.0, 0.19], None),
        ("dead", {"dead": 0.51}, FALLING, None),
        ("healthy", {"dead": 0.5}, [2.0, 1.8], None),
        ("saturated", {"saturated": 0.5}, [2.0, 1.8], None),
        ("healthy", {"saturated": 0.49}, [2.0, 1.8], None),
        ("learned", {"saturated": 0.9}, [2.0, 0.1], None),  # sure of what it knows
        ("rate too high", {"ratio": 0.11}, FALLING, None),
        ("rate too high", {"ratio": 0.02}, [2.0, 1.0, 1.1], None),
        ("healthy", {"ratio": 0.02}, [2.0, 1.0, 0.9], None),
        ("rate too low", {"ratio": 5e-5}, [2.0, 1.99, 1.98, 1.97], None),
        ("healthy", {"ratio": 5e-5}, [2.0, 1.5, 1.0, 0.5], None),
        ("plateau", {}, [2.0, *[1.0] * 10], None),
        ("healthy", {}, FALLING, None),
        ("learned", {}, [2.0, 0.19], None),
        ("learned", {}, [2.0, 0.19], [2.0, 1.09]),
        ("generalizes badly", {}, [2.0, 0.19], [2.0, 1.11]),  # less than half of what training gained
        ("healthy", {}, [300.0, 0.21], None),  # a small part of a loss that was large for its weights
        ("generalizes badly", {}, [300.0, 0.7], [300.0, 1.6]),
        ("healthy", {}, [300.0, 1.2], [300.0, 1.9]),  # training itself is nearer to chance than to what can be
        ("plateau", {}, [2.0, *[1.0] * 5, 1.4, 1.2, 1.0, 1.0, 1.0], None),
        ("healthy", {}, [2.0, *[1.0] * 5, 1.4, 1.2, 1.0, 0.8, 0.6], None),  # no lower on average, but on its way
        ("overfitting", {}, FALLING, [2, 1.5, 1, 0.9, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4]),
        (
            "generalizes badly",
            {},
            FALLING,
            [2, 1.5, 1, 0.9, 0.8, 0.9, 1, 1.1, 1.2, 0.85, 1.4],
        ),  # 0.85 is near the best
        ("plateau", {}, [2.0, *[1.0] * 10], [2, 1.5, 1, 0.9, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4]),
    ],
)
def test_thresholds(kind, instruments, train, valid):
    assert describe(probe(**instruments), record(train, valid), DIGITS).kind == kind


def test_before_anything_is_measured():
    assert describe(None, None, DIGITS).kind == "nothing"
    assert describe(probe(step=0), record([]), DIGITS).kind == "healthy"  # read while the run starts over


def test_nothing_reaches_the_first_layer():
    sentence = describe(probe((0.0, 1.0, 1.0)), record([2.0]), DIGITS)
    assert sentence.kind == "vanishing"
    assert "none reaches dense1" in sentence.says


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.0, 1e300])
def test_odd_numbers_are_no_trouble(odd):
    for instruments in ({"passed": (odd, 1.0, 1.0)}, {"passed": (1.0, 1.0, odd)}, {"ratio": odd}):
        text = str(describe(probe(**instruments), record([odd, 1.0, odd], [odd, odd, 1.0]), DIGITS))
        assert text
        assert len(text) < 260


def test_a_long_record_costs_what_a_short_one_does():
    rows = 20_000
    long = record([2.0])
    long.rows += [replace(long.rows[0], epoch=n, step=n, train_loss=1.0) for n in range(1, rows)]

    class Counted(list):
        read = 0

        def __getitem__(self, place):
            found = super().__getitem__(place)
            Counted.read += len(found) if isinstance(place, slice) else 1
            return found

    long.rows = Counted(long.rows)
    assert describe(probe(step=rows), long, DIGITS).kind == "plateau"
    assert Counted.read < 2000


def test_every_sentence_says_what_and_most_say_what_to_do():
    assert len(FINDINGS) == len(set(FINDINGS))
    for name in ("deep-sigmoid", "exploding", "digits", "dead-relu", "overfit"):
        sentence = said(name, {"dead-relu": 4, "overfit": 40}.get(name, 0))
        assert len(str(sentence)) < 130  # three lines of the narrowest panel
        assert sentence.says.endswith(".")
        assert sentence.glyph in "✓!✗"


def test_a_growing_gradient_is_not_said_to_keep_its_size():
    probe, history = run("exploding", steps=1).probe, run("exploding", steps=1).history
    weighted = [stats.node for stats in probe.weighted]
    nodes = tuple(
        replace(stats, dy_rms=2.0 ** -weighted.index(stats.node), update_ratio=1e-3)
        if stats.node in weighted
        else stats
        for stats in probe.nodes
    )
    sentence = describe(replace(probe, nodes=nodes), history, load_experiment("digits"))
    assert sentence.kind == "growing"
    assert "32 times" in sentence.says


def test_early_stopping_names_the_best_epoch_and_whose_weights_are_in_use():
    trainer = run("overfit", 4, early_stopping__patience=5)
    best = trainer.history.rows[2]
    sentence = describe(trainer.probe, trainer.history, trainer.experiment, best.step)
    assert "best at epoch 2 " in sentence.says
    assert sentence.advice == "The weights of epoch 2 are in use now."


def test_he_init_is_no_cure_for_sigmoids_and_is_proposed_where_another_was_chosen():
    small, large = {"name": "normal", "std": 0.01}, {"name": "normal", "std": 1.0}
    for changes in ({}, {"model.init": "he_normal"}, {"model.init": small}):
        trainer = Trainer(load_experiment("deep-sigmoid", changes))
        sentence = describe(trainer.probe, trainer.history, trainer.experiment)
        assert sentence.kind == "vanishing"
        assert sentence.advice == ("Try relu, batch norm or glorot init." if changes else "Try relu or batch norm.")
    for init, kind, advice in ((small, "vanishing", "batch norm or he init"), (large, "exploding", ", he init or a")):
        trainer = Trainer(load_experiment("deep-relu", {"model.init": init}))
        sentence = describe(trainer.probe, trainer.history, trainer.experiment)
        assert sentence.kind == kind
        assert advice in sentence.advice


@pytest.mark.parametrize(("name", "activation"), [("digits", "relu"), ("spiral", "tanh"), ("spiral", "sigmoid")])
@pytest.mark.parametrize("init", ["zeros", "constant"])
def test_weights_that_start_alike_are_named_and_not_the_rate(name, activation, init):
    for epochs in (0, 4):
        sentence = said(name, epochs, model__activation=activation, model__init=init)
        assert sentence.kind == "alike"
        assert "another init" in sentence.advice


def test_a_perceptron_may_start_at_zero():
    assert said("spiral", 2, model__hidden=(), model__init="zeros").kind == "healthy"


@pytest.mark.parametrize(("rule", "strength"), [("l2", 0.1), ("l2", 10.0), ("l1", 0.1)])
def test_a_penalty_that_is_too_strong_is_named(rule, strength):
    sentence = said("digits", 6, **{f"regularization__{rule}": strength})
    assert f"An {rule.upper()} penalty of {strength:g} is strong" in sentence.says
    assert said("digits", 6, **{f"regularization__{rule}": strength / 1000}).kind == "learned"


def test_small_steps_of_a_warm_up_are_not_put_down_to_the_rate():
    sentence = said("digits", 3, schedule__warmup=100_000)
    assert sentence.kind == "warming up"
    assert "of 0.005" in sentence.says
    assert "learning rate above" not in sentence.advice


def test_small_steps_of_a_clipped_gradient_are_not_put_down_to_the_rate():
    trainer = run("digits", 3, optimizer="sgd", optimizer__lr=0.1, regularization__clip_norm=1e-4)
    sentence = describe(trainer.probe, trainer.history, trainer.experiment)
    assert sentence.advice == "Try a larger clip_norm."
    assert said("digits", 3, optimizer="sgd", optimizer__lr=1e-6, regularization__clip_norm=1.0).kind == "rate too low"


@pytest.mark.parametrize(("activation", "kind"), [("relu", "dead"), ("leaky_relu", "plateau")])
def test_much_dropout_is_a_thing_to_change(activation, kind):
    sentence = said("digits", 10, model__dropout=0.9, model__activation=activation)
    assert sentence.kind == kind
    assert "less dropout" in sentence.advice


def test_a_layer_that_is_dead_as_a_whole_needs_a_new_start():
    assert said("digits", 1, optimizer__lr=1.0).advice.startswith("Start over with leaky_relu")


def test_what_a_run_has_is_to_be_more_of():
    sentence = said("overfit", 40, model__dropout=0.1, regularization__l2=0.001)
    assert sentence.kind == "overfitting"
    assert sentence.advice == "Try more dropout, more L2 or early stopping."


def test_a_run_that_diverged_is_not_called_healthy():
    trainer = run("digits", 1, optimizer="sgd", optimizer__lr=10.0)
    assert trainer.status == "diverged"
    sentence = describe(trainer.probe, trainer.history, trainer.experiment, diverged=True)
    assert (sentence.kind, sentence.role) == ("rate too high", "problem")
    assert sentence.advice == "Try a learning rate below 10."
    sentence = describe(probe(), record(FALLING), DIGITS, diverged=True)
    assert (sentence.kind, sentence.role) == ("diverged", "problem")
    assert sentence.advice == "Try a learning rate below 0.005 or clip_norm = 1."
    trainer = run("exploding", 1)
    assert describe(trainer.probe, trainer.history, trainer.experiment, diverged=True).kind == "exploding"


@pytest.mark.parametrize("epochs", [1000, 3000, 9000])
def test_the_best_epoch_of_a_long_run_is_the_one_that_the_chart_marks(epochs):
    falling = [0.3 + 2.0 * 0.999**epoch for epoch in range(epochs)]
    valid = [1.0 - 0.001 * epoch if epoch <= 200 else 0.8 + 0.0002 * epoch for epoch in range(epochs)]
    valid[1] = np.nan  # of which nothing is less
    history = record(falling, valid)
    sentence = describe(probe(step=10 * epochs), history, DIGITS)
    assert sentence.kind == "overfitting"
    assert "since epoch 200 " in sentence.says


@pytest.mark.parametrize(
    ("name", "epochs", "changes"),
    [
        ("deep-sigmoid", 0, {}),
        ("exploding", 0, {}),
        ("digits", 4, {"model__init": "zeros"}),
        ("digits", 6, {"regularization__l2": 1000.0}),
        ("digits", 3, {"schedule__warmup": 100_000}),
        ("digits", 3, {"optimizer": "sgd", "optimizer__lr": 0.1, "regularization__clip_norm": 1e-4}),
        ("digits", 10, {"model__dropout": 0.9}),
        ("digits", 1, {"optimizer__lr": 1.0}),
        ("digits", 1, {"optimizer": "sgd", "optimizer__lr": 10.0}),
        ("overfit", 40, {"model__dropout": 0.1, "regularization__l2": 0.001}),
        ("xor-perceptron", 1, {}),
        ("xor-perceptron", 20, {}),
        ("digits-cnn", 0, {}),
        ("digits-plain", 0, {}),
        ("spiral", 1, {"optimizer__lr": 0.1}),
        ("exploding", 20, {"optimizer__lr": 0.002}),
    ],
)
def test_a_sentence_is_whole_in_a_terminal_of_120_columns_and_its_advice_in_one_of_40(name, epochs, changes):
    trainer = run(name, epochs, **changes)
    diverged = trainer.status == "diverged"
    sentence = describe(trainer.probe, trainer.history, trainer.experiment, diverged=diverged)
    for width, lines, wanted in ((46, 3, str(sentence)), (36, lines_for(36, 8), sentence.advice or sentence.brief)):
        picture = Picture(width, lines)
        draw_sentence(picture, sentence, lines, Palette())
        shown = " ".join(picture.to_text().split())
        assert shown.startswith(sentence.glyph)
        assert shown.endswith(wanted)


@pytest.mark.parametrize("hidden", [(32, 16), (16, 16, 16, 16)])
def test_a_step_lets_no_gradient_through(hidden):
    for epochs in (0, 4):
        sentence = said("digits", epochs, model__activation="step", model__hidden=hidden)
        assert sentence.kind == "no slope"
        assert sentence.says.startswith("step1 has no slope")


def test_a_rate_that_a_schedule_has_brought_down_is_not_called_too_low():
    sentence = said("digits", 3, schedule="step", schedule__every=1)
    assert sentence.kind == "rate faded"
    assert "from 0.005 to 5e-05" in sentence.says
