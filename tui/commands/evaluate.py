"""nn-tui evaluate RUN: how good a trained network is, by class and over all."""

import argparse
import json
import os
from math import floor, isclose, isfinite, log10
from pathlib import Path
from typing import Any

import numpy as np

from engine import BadInput, DataSet, Split, Trainer, prepare
from engine.checkpoint import load_checkpoint
from engine.evaluation import decide
from engine.files import expanded
from engine.memory import Array
from engine.metrics import calibration, class_report, confusions, hardest_first, mae, r2, rmse, top_k_accuracy
from engine.run import checkpoint_of
from tui.cli import complain
from tui.commands import options
from tui.commands.downloading import with_data
from tui.panels.reading import Subject

WIDEST = 30
TOP = (3, 5)
SAME_LOSS = 0.001  # far more than what rounding on another machine makes of a loss
PAIRS, SAMPLES = 5, 5  # printed; JSON has all pairs and more samples
SAMPLES_AS_JSON = 20
_LIKE = "choose data like the run's own"


def run(args: argparse.Namespace) -> int:
    """Prints the measures of one split. Raises BadInput where the split or the other data does not fit."""
    path, folder = expanded(args.run), options.folder(args)
    changes = options.changes(args)
    if not args.data and changes:
        raise BadInput(f"--set {next(iter(changes))} goes with --data NAME, as a setting of that data set")
    checkpoint = path if os.path.isfile(path) else checkpoint_of(path)
    trainer = with_data(lambda: load_checkpoint(checkpoint, folder))
    splits = {"train": trainer.splits.train, "validation": trainer.splits.validation, "test": trainer.splits.test}
    if args.data:
        splits = _other(trainer, args.data, changes, folder)
    present = {name: split for name, split in splits.items() if split is not None}
    name = args.split or next(name for name in ("test", "validation", "train") if name in present)
    if name not in present:
        raise BadInput(f"--split is '{name}': the data has none; choose {' or '.join(present)}")
    data = args.data or trainer.experiment.data.name
    found = {"run": args.run, "data": data, "split": name, "rows": len(present[name]), "step": trainer.state.step}
    found |= measures(trainer, present[name])
    print(json.dumps(_strict(found)) if args.json else _text(trainer, found))
    before = None if args.data else _recorded(trainer, name)
    same = (
        before is None or not isfinite(before) or isclose(found["loss"], before, rel_tol=SAME_LOSS, abs_tol=SAME_LOSS)
    )
    if not same:
        complain(
            f"the {name} loss is {found['loss']:.4g} here and was {before:.4g} when these weights were saved: the data "
            "has changed since, so this split may hold rows that the network was trained on",
            0,
        )
    return 0


def _recorded(trainer: Trainer, name: str) -> float | None:
    """The loss of the split that the record has for the present weights; None where it has none."""
    step, last = trainer.state.step, trainer.history.rows[-1:]
    other = trainer.state.stopped or any(edit.step >= step for edit in trainer.edits)
    if other or not last or last[0].step != step:
        return None
    return {"validation": last[0].valid_loss, "test": last[0].test_loss}.get(name)


def measures(trainer: Trainer, split: Split) -> dict[str, Any]:
    """Loss and, for classes, what `ClassReport` and `Calibration` tell, top-k, what is confused, the hardest samples;
    for regression R2, MAE, RMSE and the rows with the largest errors.
    """
    loss, _ = trainer.evaluate(split)
    outputs, classes, link = trainer.predict(split.x), trainer.splits.classes, trainer.experiment.loss.link
    outputs = outputs.reshape(len(outputs), -1)
    if not classes:
        errors = {"r2": r2(split.y, outputs), "mae": mae(split.y, outputs), "rmse": rmse(split.y, outputs)}
        return {"loss": loss, **errors, "most_wrong": _far_off(split, outputs)}
    threshold = 0.5 if link == "sigmoid" else trainer.experiment.threshold
    predicted = decide(outputs.T, threshold).astype(np.int64)
    report = class_report(split.y, predicted, len(classes))
    found = {"loss": loss, **report.table(classes), **_confused(report.matrix, classes)}
    if outputs.shape[1] > 1:
        found["top_k"] = {str(k): top_k_accuracy(split.y, outputs, k) for k in TOP if k < len(classes)}
    if link == "softmax" or (link == "sigmoid" and outputs.shape[1] == 1):
        found["calibration"] = calibration(split.y, outputs).table()
    scores = Subject.of(trainer).scores(outputs)
    return found | _hardest(split, scores, predicted, classes)


def _confused(matrix: Array, classes: tuple[str, ...]) -> dict[str, Any]:
    """The matrix as shares of its rows, and each confusion with its share of the class, the most frequent first."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    pairs = [
        {"target": classes[row], "prediction": classes[column], "count": count, "share": float(shares[row, column])}
        for row, column, count in confusions(matrix)
    ]
    return {"confusion_shares": shares.tolist(), "confusions": pairs}


def _hardest(split: Split, scores: Array, predicted: Array, classes: tuple[str, ...]) -> dict[str, Any]:
    """Rows (counted from 0) of the lowest scores of their true class, and of the lowest highest score."""
    right, confidence = scores[np.arange(len(scores)), split.y], scores.max(axis=1, initial=0)

    def entry(row: int) -> dict[str, Any]:
        said = {"target": classes[int(split.y[row])], "prediction": classes[int(predicted[row])]}
        return {
            "row": row,
            **_file(split, row),
            **said,
            "confidence": float(confidence[row]),
            "target_score": float(right[row]),
        }

    wrong = [row for row in hardest_first(right).tolist() if predicted[row] != split.y[row]]
    unsure = hardest_first(confidence).tolist()
    names = (("most_wrong", wrong), ("least_sure", unsure))
    return {name: [entry(row) for row in rows[:SAMPLES_AS_JSON]] for name, rows in names}


def _far_off(split: Split, outputs: Array) -> list[dict[str, Any]]:
    """The rows (counted from 0) whose largest error over the targets is largest."""
    errors = np.abs(outputs - split.y).max(axis=1, initial=0)

    def entry(row: int) -> dict[str, Any]:
        said = {"target": split.y[row].tolist(), "prediction": outputs[row].tolist()}
        return {"row": row, **_file(split, row), **said, "error": float(errors[row])}

    return [entry(row) for row in hardest_first(-errors)[:SAMPLES_AS_JSON].tolist()]


def _file(split: Split, row: int) -> dict[str, str]:
    """Which file the row is, where there is one."""
    return {"file": split.files[row]} if split.files else {}


def _other(trainer: Trainer, name: str, changes: dict[str, Any], folder: Path | None) -> dict[str, Split | None]:
    """The splits of another data set, put through the scaling that was fitted on the run's own training split."""
    wrong = [key for key in changes if not key.startswith("data.")]
    if wrong:
        raise BadInput(f"--set is {wrong[0]}: evaluate takes settings of the data alone, data.KEY=VALUE")
    settings = {key.removeprefix("data."): value for key, value in changes.items()}
    chosen = DataSet.parse({"name": name, **settings}, "data")
    raw = chosen.model_copy(update={"standardize": "none"})
    theirs, ours = with_data(lambda: prepare(raw, trainer.experiment.seed, folder)), trainer.splits
    if len(theirs.classes) != len(ours.classes) or theirs.train.y.shape[1:] != ours.train.y.shape[1:]:
        raise BadInput(
            f"--data is '{name}': it has {_targets(theirs.classes)}, the network {_targets(ours.classes)}; {_LIKE}"
        )

    _refuse_mixed(name, "class", theirs.classes, ours.classes)
    if not ours.crosses:
        _refuse_mixed(name, "feature", theirs.feature_names, ours.feature_names)

    def adapted(split: Split | None) -> Split | None:
        if split is None:
            return None
        points = split.points if ours.crosses and split.points is not None else split.x
        width = (2,) if ours.crosses else ours.shape
        if points.shape[1:] != width:
            raise BadInput(
                f"--data is '{name}': its samples have shape {points.shape[1:]}, the network's {width}; {_LIKE}"
            )
        return Split(ours.inputs(points), split.y, split.points, split.files)

    return {"train": adapted(theirs.train), "validation": adapted(theirs.validation), "test": adapted(theirs.test)}


def _refuse_mixed(name: str, what: str, theirs: tuple[str, ...], ours: tuple[str, ...]) -> None:
    """Raises BadInput where some names are the network's own, but not all or in another order: those of other data may
    all be different.
    """
    if set(theirs).isdisjoint(ours):
        return
    for place, (other, own) in enumerate(zip(theirs, ours, strict=False)):
        if other != own:
            raise BadInput(f"--data is '{name}': its {what} {place} is '{other}', the network's '{own}'; {_LIKE}")


def _targets(classes: tuple[str, ...]) -> str:
    return f"{len(classes)} classes" if classes else "numbers as targets"


def _strict(value: Any) -> Any:
    """The value with null for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _text(trainer: Trainer, found: dict[str, Any]) -> str:
    lines = [f"{found['data']}, {found['split']} split, {found['rows']} rows, step {found['step']}", ""]
    if "r2" in found:
        lines += [f"{key:<10} {_plain(found[key], 6)}" for key in ("loss", "r2", "mae", "rmse")]
        return "\n".join([*lines, *_off_by(found["most_wrong"])])
    lines += [f"loss      {found['loss']:.4f}", f"accuracy  {found['accuracy']:.4f}"]
    lines += [f"top {k:<5} {share:.4f}" for k, share in found.get("top_k", {}).items()]
    if "calibration" in found:
        lines.append(f"expected calibration error  {found['calibration']['error']:.4f}")
    rows = [(entry["class"], entry) for entry in found["classes"]]
    rows += [(name, found[name]) for name in ("macro", "weighted")]
    width = min(WIDEST, max(8, *(len(name) for name, _ in rows)))
    lines += ["", f"{'class':<{width}}  precision  recall      f1    rows"]
    for name, scores in rows:
        numbers = f"{scores['precision']:9.4f}  {scores['recall']:6.4f}  {scores['f1']:6.4f}"
        lines.append(f"{name[:width]:<{width}}  {numbers}  {scores.get('support', found['rows']):6d}")
    lines += ["", *_matrix(found, trainer.splits.classes, width)]
    lines += _pairs(found["confusions"]) + _samples("the most wrong", found["most_wrong"])
    return "\n".join(lines + _samples("the least sure", found["least_sure"]))


def _matrix(found: dict[str, Any], classes: tuple[str, ...], width: int) -> list[str]:
    """The matrix twice: as counts, and as shares of the row in per cent."""
    if len(classes) > WIDEST:
        return [f"confusion matrix: {len(classes)} classes are too many to print; take --json"]
    counts = found["confusion_matrix"]
    cents = [[round(100 * share) for share in row] for row in found["confusion_shares"]]
    cell = max(6, *(len(str(count)) + 1 for row in counts for count in row))
    lines = []
    heads = ("confusion matrix: a row a true class, a column a predicted one", "the same in per cent of the row")
    for head, matrix in zip(heads, (counts, cents), strict=True):
        lines += [head, " " * width + "".join(f"{name[: cell - 1]:>{cell}}" for name in classes)]
        for name, row in zip(classes, matrix, strict=True):
            lines.append(f"{name[:width]:<{width}}" + "".join(f"{count:>{cell}}" for count in row))
        lines.append("")
    return lines[:-1]


def _pairs(pairs: list[dict[str, Any]]) -> list[str]:
    """What is confused most often, in words."""
    if not pairs:
        return ["", "nothing is confused"]
    shown = [(f"{each['target']} taken for {each['prediction']}", each) for each in pairs[:PAIRS]]
    width = max(len(text) for text, _ in shown)
    lines = [f"{text:<{width}}  {each['count']:5d}  {each['share']:6.1%} of the class" for text, each in shown]
    return ["", "most confused", *lines]


def _samples(title: str, samples: list[dict[str, Any]]) -> list[str]:
    """Samples by row, with target, prediction and scores."""
    if not samples:
        return []
    shown = samples[:SAMPLES]
    width = max(6, *(len(each["target"]) for each in shown))
    wide = max(10, *(len(each["prediction"]) for each in shown))
    lines = ["", title, f"{'row':>6}  {'target':<{width}}  {'prediction':<{wide}}  confidence  target's score"]
    for each in shown:
        texts = f"{each['target']:<{width}}  {each['prediction']:<{wide}}"
        scores = f"{each['confidence']:10.4f}  {each['target_score']:14.4f}"
        lines.append(f"{each['row']:>6}  {texts}  {scores}  {each.get('file', '')}".rstrip())
    return lines


def _plain(value: float, digits: int) -> str:
    """A number with at least so many digits and all of those before the point: 212162, 0.03127; 1.2e-9, 3e+20."""
    size = floor(log10(abs(value))) if value and isfinite(value) else 0
    return f"{value:.{max(0, digits - 1 - size)}f}" if -5 < size < 15 else f"{value:.{digits}g}"


def _off_by(rows: list[dict[str, Any]]) -> list[str]:
    """The rows that are furthest off, by the target of the largest error."""
    lines = ["", "the most wrong", f"{'row':>6}  {'target':>10}  {'prediction':>10}  largest error"]
    for each in rows[:SAMPLES]:
        place = int(np.argmax(np.abs(np.subtract(each["prediction"], each["target"]))))
        values = (each["target"][place], each["prediction"][place], each["error"])
        target, said, error = (_plain(value, 4) for value in values)
        numbers = f"{target:>10}  {said:>10}  {error:>13}"
        lines.append(f"{each['row']:>6}  {numbers}  {each.get('file', '')}".rstrip())
    return lines
