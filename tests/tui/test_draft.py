"""Drafts: the operations against what the engine builds, undo, and the way between panels and session."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine import (
    INPUT,
    BadInput,
    Experiment,
    Layer,
    Session,
    Trainer,
    is_live,
    load_experiment,
    parse_experiment,
    presets,
)
from tui import draft
from tui.draft import Draft, Facts, preview
from tui.editing import Editing, live_changes

DIGITS = Facts((1, 8, 8), classes=10, targets=0, train=1438)
PLANE = Facts((2,), classes=2, targets=0)


def names(experiment: Experiment, facts: Facts = DIGITS) -> list[str]:
    return [entry.name for entry in draft.entries(experiment, facts.shape)]


def chain(*types: str) -> Experiment:
    return load_experiment("xor-mlp").edited({"layers": list(types)})


# ------------------------------------------------------------------------------------------------ preview


@pytest.mark.parametrize("name", [name for name in presets() if not name.startswith(("mnist", "cifar"))])
def test_preview_is_what_the_trainer_builds(name: str) -> None:
    experiment = load_experiment(name, {"data.limit": 100} if "data" not in name else {})
    trainer = Trainer(experiment)
    shown = preview(experiment, Facts.of(trainer.splits))
    assert shown.problem is None
    assert [(row.name, row.shape, row.parameters) for row in shown.rows] == [
        (node.name, node.shape, node.parameter_count) for node in trainer.network.nodes
    ]
    assert shown.parameters == trainer.network.values.size
    assert sum(row.share for row in shown.rows) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "changes", [{"loss": "cross_entropy"}, {"loss": "hinge"}, {"early_stopping.monitor": "valid_accuracy"}]
)
def test_what_numbers_cannot_have_is_refused_in_the_trainer_s_words(changes: dict[str, str]) -> None:
    experiment = load_experiment("playground").edited({"data": "sine", "loss": "mse", "output.activation": "auto"})
    facts = Facts.of(Trainer(experiment).splits)
    refused = experiment.edited(changes)
    with pytest.raises(BadInput) as caught:
        Trainer(refused)
    assert preview(refused, facts).problem == str(caught.value)
    assert str(caught.value).startswith((f"loss.name is '{refused.loss.name}', which needs classes", "early_stopping"))


def test_counts_of_784_128_10_by_hand() -> None:
    experiment = parse_experiment({"data": "mnist", "model": {"name": "mlp", "hidden": [128]}})
    shown = preview(experiment, Facts((1, 28, 28), 10, 0))
    counts = {row.name: row.parameters for row in shown.rows}
    assert counts == {"flatten1": 0, "dense1": 784 * 128 + 128, "relu1": 0, "output": 128 * 10 + 10}


def test_a_network_that_does_not_fit_is_shown_as_far_as_it_does() -> None:
    experiment = chain("relu", "add", "tanh")
    shown = preview(experiment, PLANE)
    assert shown.problem is not None
    assert "add1" in shown.problem
    assert "name them in inputs" in shown.problem
    assert [(row.name, row.shape, row.wrong) for row in shown.rows] == [
        ("relu1", (2,), False), ("add1", None, True), ("tanh1", None, False), ("output", None, False),
    ]  # fmt: skip


def test_a_loss_for_classes_refuses_numbers_in_the_trainers_words() -> None:
    experiment = load_experiment("digits").edited({"data": "sine"})
    with pytest.raises(BadInput) as refused:
        Trainer(experiment)
    assert preview(experiment, Facts((1,), 0, 1)).problem == str(refused.value)


@pytest.mark.parametrize("hidden", [[0], [32, -1], [100_000_000]])
def test_units_of_a_recipe_beyond_their_range_are_refused(hidden: list[int]) -> None:
    with pytest.raises(BadInput, match=f"is {hidden[-1]}: must be at "):
        draft.edited(load_experiment("digits"), "model.hidden", hidden, DIGITS.shape)


def test_effect_names_the_layers_that_are_drawn_anew() -> None:
    before = load_experiment("digits")
    after = draft.edited(before, "layers.3.units", 16, DIGITS.shape)
    effect = preview(after, DIGITS).effect_from(preview(before, DIGITS))
    assert effect == "6,570 → 5,370 parameters; new weights in dense2, output"
    relu = draft.retyped(before, DIGITS.shape, 4, "leaky_relu")
    assert "same first weights" in preview(relu, DIGITS).effect_from(preview(before, DIGITS))


# ------------------------------------------------------------------------------------------------ operations


def test_editing_a_layer_turns_the_recipe_into_layers() -> None:
    before = load_experiment("digits")
    after = draft.edited(before, "layers.1.units", 48, DIGITS.shape)
    assert before.model is not None
    assert after.model is None
    assert names(after) == names(before)
    assert all(entry.name == "" for entry in after.layers), "names that numbering gives are left out of the file"
    assert after.layers[1].layer.table()["units"] == 48
    assert parse_experiment(after.table()) == after


def test_what_is_not_touched_keeps_its_first_weights() -> None:
    before = load_experiment("digits", {"data.limit": 60})
    after = draft.inserted(before, DIGITS.shape, 1, "dense")
    after = draft.edited(after, "layers.1.units", 64, DIGITS.shape)
    old, new = Trainer(before), Trainer(after, splits=None)
    assert names(after) == ["flatten1", "dense3", "dense1", "relu1", "dense2", "relu2"]
    for slot in old.network.parameters:
        same = next(other for other in new.network.parameters if other.name == slot.name)
        np.testing.assert_array_equal(old.network.values[slot.flat], new.network.values[same.flat])


def test_insert_duplicate_move_delete() -> None:
    start = chain("dense", "tanh")
    twice = draft.duplicated(start, (2,), 0)
    assert names(twice, PLANE) == ["dense1", "dense2", "tanh1"]
    swapped = draft.moved(twice, (2,), 2, 0)
    assert names(swapped, PLANE) == ["tanh1", "dense1", "dense2"]
    assert names(draft.deleted(swapped, (2,), 1), PLANE) == ["tanh1", "dense2"]
    assert parse_experiment(draft.deleted(swapped, (2,), 1).table()) == draft.deleted(swapped, (2,), 1)


def test_deleting_the_last_layer_leaves_a_perceptron() -> None:
    bare = draft.deleted(chain("dense"), (2,), 0)
    assert bare.layers == ()
    assert bare.model is not None
    assert bare.model.name == "perceptron"
    assert parse_experiment(bare.table()) == bare


def test_a_layer_that_joins_finds_its_second_input() -> None:
    joined = draft.inserted(chain("dense", "dense", "tanh"), (2,), 3, "add")
    assert joined.layers[3].inputs == ("tanh1", "dense2")
    assert preview(joined, PLANE).problem is None
    renamed = draft.edited(joined, "layers.1.name", "middle", (2,))
    assert renamed.layers[3].inputs == ("tanh1", "middle")
    gone = draft.deleted(renamed, (2,), 1)
    assert gone.layers[2].inputs == ("tanh1", "dense1"), "who read the deleted layer reads what it read"


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(BadInput, match="another node has that name"):
        draft.edited(chain("dense", "tanh"), "layers.0.name", "tanh1", (2,))
    with pytest.raises(BadInput, match="another node"):
        draft.edited(chain("dense", "tanh"), "layers.0.name", INPUT, (2,))


@pytest.mark.parametrize("kind", sorted(Layer.choices()))
def test_every_type_of_layer_can_be_put_in_and_taken_out(kind: str) -> None:
    start = chain("dense", "tanh")
    added = draft.inserted(start, (2,), 1, kind)
    assert added.layers[1].layer.name == kind
    assert draft.deleted(added, (2,), 1) == start
    assert draft.retyped(start, (2,), 1, kind).layers[1].layer.name == kind
    shown = preview(added, PLANE)
    assert len(shown.rows) == 4
    assert shown.problem is None or "layers." in shown.problem


def test_another_component_keeps_what_was_changed_in_common_settings() -> None:
    circle = load_experiment("playground").edited({"data.noise": 30.0, "data.features": ["x1", "x1^2"]})
    spiral = draft.edited(circle, "data", "spiral").data.table()
    assert (spiral["noise"], spiral["features"]) == (30.0, ["x1", "x1^2"])
    digits = draft.edited(load_experiment("digits").edited({"data.validation": 0.3}), "data", "circle").data.table()
    assert digits["validation"] == 0.3
    assert draft.edited(load_experiment("digits"), "data", "circle").data.table()["validation"] == 0.5, (
        "its own default"
    )
    warm = load_experiment("digits").edited({"schedule.warmup": 50})
    assert draft.edited(warm, "schedule", "cosine").schedule.warmup == 50


def test_a_bad_value_is_refused_in_the_engines_words() -> None:
    with pytest.raises(BadInput, match=r"optimizer.lr is -1.0: must be greater than 0"):
        draft.edited(load_experiment("digits"), "optimizer.lr", -1.0)
    with pytest.raises(BadInput, match=r"layers.1.*units.* is 0"):
        draft.edited(load_experiment("digits"), "layers.1.units", 0, DIGITS.shape)


# ------------------------------------------------------------------------------------------------ history


def test_undo_and_redo_walk_the_same_path() -> None:
    first, second, third = (load_experiment("digits").edited({"seed": seed}) for seed in (1, 2, 3))
    history = Draft(first)
    assert not history.undo()
    assert not history.redo()
    assert history.apply(second)
    assert history.apply(third)
    assert not history.apply(third)
    assert history.undo()
    assert history.experiment == second
    assert history.undo()
    assert history.experiment == first
    assert not history.undo()
    assert history.redo()
    assert history.redo()
    assert history.experiment == third
    history.undo()
    history.apply(first)
    assert not history.redo(), "a new change forgets what was undone"


# ------------------------------------------------------------------------------------------------ the session


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session(load_experiment("xor-mlp"))
    made.start()
    made.ask(lambda trainer: None).result(10)
    yield made
    made.close()


def wait(session: Session, editing: Editing, done: Callable[[], bool]) -> None:
    """Asks the worker, which answers in order, until what was sent has been followed."""
    limit = time.monotonic() + 10
    while not (done() and editing.settled):
        session.ask(lambda trainer: None).result(10)
        editing.follow(session.snapshot)
        assert time.monotonic() < limit


def test_live_settings_are_told_from_those_that_start_over() -> None:
    old = load_experiment("digits")
    assert is_live("optimizer.lr")
    assert is_live("batch_size")
    assert is_live("schedule")
    assert is_live("regularization.l2")
    assert not is_live("optimizer.name")
    assert not is_live("optimizer")
    assert not is_live("seed")
    assert not is_live("loss")
    assert live_changes(old, old.edited({"optimizer.lr": 0.1, "batch_size": 8})) == {
        "batch_size": 8, "optimizer.lr": 0.1,
    }  # fmt: skip
    assert live_changes(old, old.edited({"optimizer": "sgd"})) is None
    assert live_changes(old, old.edited({"optimizer.lr": 0.1, "seed": 4})) is None
    schedule = live_changes(old, old.edited({"schedule": "cosine"}))
    assert schedule is not None
    assert schedule["schedule"]["name"] == "cosine"


def test_a_live_change_is_an_edit_and_another_one_a_new_run(session: Session) -> None:
    editing = Editing.of(session)
    assert Editing.of(session) is editing
    run = session.snapshot.run
    editing.change(editing.experiment.edited({"optimizer.lr": 0.125}))
    wait(session, editing, lambda: session.snapshot.experiment == editing.experiment)
    assert session.snapshot.run == run
    assert [(edit.key, edit.value) for edit in session.snapshot.edits] == [("optimizer.lr", 0.125)]
    editing.change(editing.experiment.edited({"seed": 5}))
    wait(session, editing, lambda: session.snapshot.experiment == editing.experiment)
    assert session.snapshot.run == run + 1
    assert session.snapshot.edits == ()
    assert editing.undo()
    wait(session, editing, lambda: session.snapshot.experiment == editing.experiment)
    assert editing.experiment.seed == 0
    assert editing.experiment.optimizer.lr == 0.125
    assert editing.undo()
    wait(session, editing, lambda: session.snapshot.experiment == editing.experiment)
    assert session.snapshot.experiment == load_experiment("xor-mlp")


def test_what_does_not_hold_together_is_not_sent(session: Session) -> None:
    editing = Editing.of(session)
    wait(session, editing, lambda: editing.facts(editing.experiment) is not None)
    run, runs = session.snapshot.run, session.snapshot.experiment
    editing.change(editing.experiment.edited({"layers": ["dense", "add"]}))
    wait(session, editing, lambda: True)
    assert editing.problem is not None
    assert "add1" in editing.problem
    assert (session.snapshot.run, session.snapshot.experiment) == (run, runs)
    assert editing.undo()
    assert editing.problem is None
    assert editing.experiment == runs
    editing.change(editing.experiment.edited({"layers": ["dense", "tanh"]}))
    wait(session, editing, lambda: session.snapshot.experiment == editing.experiment)
    assert session.snapshot.run == run + 1


def test_a_change_made_elsewhere_can_be_undone_and_time_travel_is_no_change(session: Session) -> None:
    editing = Editing.of(session)
    first = session.snapshot.experiment
    session.rebuild(first.edited({"seed": 9}))
    wait(session, editing, lambda: editing.experiment.seed == 9)
    assert editing.undo()
    wait(session, editing, lambda: session.snapshot.experiment == first)
    assert editing.redo()
    wait(session, editing, lambda: session.snapshot.experiment.seed == 9)
    session.step(3)
    wait(session, editing, lambda: session.snapshot.step == 3)
    editing.change(editing.experiment.edited({"optimizer.lr": 0.5}))
    wait(session, editing, lambda: session.snapshot.experiment.optimizer.lr == 0.5)
    session.step(2)
    wait(session, editing, lambda: session.snapshot.step == 5)
    session.back(4)
    wait(session, editing, lambda: editing.experiment.optimizer.lr == first.optimizer.lr)
    assert not editing.redo()
    session.rebuild(first)
    wait(session, editing, lambda: editing.experiment == first)


def test_a_refused_change_says_why(session: Session) -> None:
    editing = Editing.of(session)
    wait(session, editing, lambda: editing.facts(editing.experiment) is not None)
    editing.change(editing.experiment.edited({"loss": "cross_entropy", "loss.class_weights": [1.0, 1.0, 1.0]}))
    wait(session, editing, lambda: editing.problem is not None)
    assert "class_weights has 3 weights for 2 classes" in (editing.problem or "")


def test_data_that_cannot_be_had_is_a_problem(session: Session) -> None:
    editing = Editing.of(session)
    candidate = editing.experiment.edited({"data": {"name": "csv", "path": "nowhere.csv"}})
    assert editing.facts(candidate) is None
    wait(session, editing, lambda: isinstance(editing.facts(candidate), str))
    shown = editing.preview(candidate)
    assert shown is not None
    assert "nowhere.csv" in (shown.problem or "")


@pytest.mark.parametrize(
    ("layers", "key", "value", "sentence"),
    [
        ([{"type": "conv2d"}], "layers.0.kernel", 9,
         "layers.conv2d1 (conv2d) has a kernel that spans 9 pixels and an input of height 8, shape (1, 8, 8); make the "
         "kernel at most 8, or the padding at least 1"),
        ([{"type": "conv2d", "kernel": 4}], "layers.0.dilation", 4,
         "layers.conv2d1 (conv2d) has a kernel that spans 13 pixels and an input of height 8, shape (1, 8, 8); make "
         "the dilation at most 2, the kernel at most 2, or the padding at least 3"),
        ([{"type": "conv2d", "channels": 6}, {"type": "conv2d", "channels": 12}], "layers.1.groups", 4,
         "layers.conv2d2 (conv2d) has groups = 4, which does not divide its 6 input channels (input shape (6, 6, 6)); "
         "make groups 3, or the channels a multiple of 4"),
        ([{"type": "conv2d", "channels": 8}, {"type": "max_pool2d"}, {"type": "max_pool2d"}], "layers.2.kernel", 4,
         "layers.max_pool2d2 (max_pool2d) has a kernel that spans 4 pixels and an input of height 3, shape (8, 3, 3); "
         "make the kernel at most 3, or the padding at least 1"),
    ],
)  # fmt: skip
def test_geometry_that_cannot_be_is_refused_while_it_is_edited(
    layers: list[dict[str, Any]], key: str, value: int, sentence: str
) -> None:
    facts = Facts((1, 8, 8), 10, 0)
    experiment = parse_experiment({"data": {"name": "digits"}, "layers": [*layers, {"type": "flatten"}]})
    assert preview(experiment, facts).problem is None
    wrong = preview(draft.edited(experiment, key, value, facts.shape), facts)
    assert wrong.problem == sentence
    assert [row.name for row in wrong.rows if row.wrong] == [sentence.split()[0].removeprefix("layers.")]
    fixed = re.search(r"(?:kernel at most|make groups) (\d+)", sentence)
    assert fixed is not None
    better = draft.edited(experiment, key, value, facts.shape)
    name = "groups" if "groups" in key else "kernel"
    better = draft.edited(better, f"{key.rpartition('.')[0]}.{name}", int(fixed[1]), facts.shape)
    assert preview(better, facts).problem is None
