"""nn-tui evaluate RUN: how good a trained network is, by class and over all."""

import argparse
import json
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from engine import BadInput, DataSet, Split, Trainer, prepare
from engine.checkpoint import load_checkpoint
from engine.evaluation import decide
from engine.metrics import calibration, class_report, mae, r2, rmse, top_k_accuracy
from engine.run import checkpoint_of
from tui.commands import options

WIDEST = 30
TOP = (3, 5)
_LIKE = "choose data like the run's own"


def run(args: argparse.Namespace) -> int:
    """Prints the measures of one split. Raises BadInput where the split or the other data does not fit."""
    path, folder = Path(args.run).expanduser(), options.folder(args)
    changes = options.changes(args)
    if not args.data and changes:
        raise BadInput(f"--set {next(iter(changes))} goes with --data NAME, as a setting of that data set")
    trainer = load_checkpoint(path if path.is_file() else checkpoint_of(path), folder)
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
    return 0


def measures(trainer: Trainer, split: Split) -> dict[str, Any]:
    """Loss and, for classes, what `ClassReport` and `Calibration` tell and top-k; for regression R2, MAE and RMSE."""
    loss, _ = trainer.evaluate(split)
    outputs, classes, link = trainer.predict(split.x), trainer.splits.classes, trainer.experiment.loss.link
    outputs = outputs.reshape(len(outputs), -1)
    if not classes:
        errors = {"r2": r2(split.y, outputs), "mae": mae(split.y, outputs), "rmse": rmse(split.y, outputs)}
        return {"loss": loss, **errors}
    threshold = 0.5 if link == "sigmoid" else trainer.experiment.threshold
    predicted = decide(outputs.T, threshold).astype(np.int64)
    found = {"loss": loss, **class_report(split.y, predicted, len(classes)).table(classes)}
    if outputs.shape[1] > 1:
        found["top_k"] = {str(k): top_k_accuracy(split.y, outputs, k) for k in TOP if k < len(classes)}
    if link == "softmax" or (link == "sigmoid" and outputs.shape[1] == 1):
        found["calibration"] = calibration(split.y, outputs).table()
    return found


def _other(trainer: Trainer, name: str, changes: dict[str, Any], folder: Path | None) -> dict[str, Split | None]:
    """The splits of another data set, put through the scaling that was fitted on the run's own training split."""
    wrong = [key for key in changes if not key.startswith("data.")]
    if wrong:
        raise BadInput(f"--set is {wrong[0]}: evaluate takes settings of the data alone, data.KEY=VALUE")
    settings = {key.removeprefix("data."): value for key, value in changes.items()}
    chosen = DataSet.parse({"name": name, **settings}, "data")
    raw = chosen.model_copy(update={"standardize": "none"})
    theirs, ours = prepare(raw, trainer.experiment.seed, folder), trainer.splits
    if len(theirs.classes) != len(ours.classes) or theirs.train.y.shape[1:] != ours.train.y.shape[1:]:
        raise BadInput(
            f"--data is '{name}': it has {_targets(theirs.classes)}, the network {_targets(ours.classes)}; {_LIKE}"
        )

    def adapted(split: Split | None) -> Split | None:
        if split is None:
            return None
        points = split.points if ours.crosses and split.points is not None else split.x
        width = (2,) if ours.crosses else ours.shape
        if points.shape[1:] != width:
            raise BadInput(
                f"--data is '{name}': its samples have shape {points.shape[1:]}, the network's {width}; {_LIKE}"
            )
        return Split(ours.inputs(points), split.y, split.points)

    return {"train": adapted(theirs.train), "validation": adapted(theirs.validation), "test": adapted(theirs.test)}


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
        return "\n".join([*lines, *(f"{key:<10} {found[key]:.6g}" for key in ("loss", "r2", "mae", "rmse"))])
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
    return "\n".join([*lines, "", *_matrix(found["confusion_matrix"], trainer.splits.classes, width)])


def _matrix(matrix: list[list[int]], classes: tuple[str, ...], width: int) -> list[str]:
    if len(classes) > WIDEST:
        return [f"confusion matrix: {len(classes)} classes are too many to print; take --json"]
    cell = max(6, *(len(str(count)) + 1 for row in matrix for count in row))
    lines = ["confusion matrix: a row a true class, a column a predicted one", " " * width]
    lines[1] += "".join(f"{name[: cell - 1]:>{cell}}" for name in classes)
    for name, row in zip(classes, matrix, strict=True):
        lines.append(f"{name[:width]:<{width}}" + "".join(f"{count:>{cell}}" for count in row))
    return lines
