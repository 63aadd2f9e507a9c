"""From raw rows to what a network trains on: held-out parts, limit, missing values, feature crosses, scaling."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.data.base import DataSet, FloatArray, LabelArray, Table
from engine.data.crosses import PlaneSet, cross
from engine.data.scale import CHUNK, Scaler, fill_missing, fit_scaler
from engine.errors import BadInput
from engine.rng import rng


@dataclass(frozen=True, eq=False)
class Split:
    """One part of the rows, read-only and C-contiguous.

    x: float32 inputs (rows, *shape). y: int64 labels (rows,) or float32 targets (rows, T). points: the raw (x1, x2) of
    data in the plane, float32 (rows, 2), for drawing; None for all other data. files: the file of each row, where every
    row has one of its own.
    """

    x: FloatArray
    y: LabelArray | FloatArray
    points: FloatArray | None = None
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Splits:
    """The parts of a data set and how raw rows become inputs; `shape` and `feature_names` are the inputs'.

    A regression's targets stay in their own units; `target_scaler` makes of them what a network is trained on.
    """

    train: Split
    validation: Split | None
    test: Split | None
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    scaler: Scaler
    crosses: tuple[str, ...] = ()
    target_scaler: Scaler = field(default_factory=Scaler)

    def inputs(self, raw: FloatArray) -> FloatArray:
        """Maps raw rows, such as a grid of (x1, x2), to inputs: crosses first, then the scaler."""
        return np.ascontiguousarray(self.scaler.transform(cross(self.crosses, raw)), dtype=np.float32)


def prepare(dataset: DataSet, seed: int, folder: Path | None = None) -> Splits:
    """Loads a data set and splits it; the same settings and seed give the same rows on every machine.

    Where the inputs are to be predicted, they are the targets too, (rows, features), and there are no classes.

    `test` is held out of all rows where there is no official test part; of what is left, `validation`; of the rest, the
    training rows, `limit` keeps the first. Rows are drawn by a permutation and keep their order within a split.

    Raises BadInput where files are missing or wrong, or a split would have no row; of a public data set, MissingData,
    which `engine.data.downloads.fetch` cures.
    """
    table = dataset.load(seed, folder)
    rows, validation_rows, test_rows = _rows(dataset, table, seed)
    if table.x.ndim == 2:
        fill_missing(table.x, rows)
    parts = (rows, validation_rows, test_rows)
    train, validation, test = zip(_parts(table.x, *parts), (table.y[part] for part in parts), strict=True)
    if table.test_x is not None and table.test_y is not None:
        test = table.test_x, table.test_y
    plane = isinstance(dataset, PlaneSet)
    crosses: tuple[str, ...] = dataset.features if isinstance(dataset, PlaneSet) else ()
    scaler = fit_scaler(dataset.standardize, cross(crosses, train[0]))
    numbers = not table.classes and dataset.predict == "targets"

    def split(x: FloatArray, y: LabelArray | FloatArray, held: LabelArray) -> Split:
        inputs = np.ascontiguousarray(scaler.transform(cross(crosses, x)), dtype=np.float32)
        if dataset.predict == "inputs":
            y = inputs.reshape(len(inputs), -1)
        for array in (inputs, y, x):
            array.flags.writeable = False
        return Split(inputs, y, x if plane else None, tuple(table.files[row] for row in held) if table.files else ())

    names = crosses or table.feature_names
    return Splits(
        train=(train_split := split(*train, rows)),
        validation=split(*validation, validation_rows) if len(validation[0]) else None,
        test=split(*test, test_rows) if len(test[0]) else None,
        shape=train_split.x.shape[1:],
        classes=() if dataset.predict == "inputs" else table.classes,
        feature_names=names,
        target_names=names if dataset.predict == "inputs" else table.target_names,
        scaler=scaler,
        crosses=crosses,
        target_scaler=fit_scaler(table.scaling, np.asarray(train[1])) if numbers else Scaler(),
    )


def _rows(dataset: DataSet, table: Table, seed: int) -> tuple[LabelArray, LabelArray, LabelArray]:
    """Row numbers of the training, validation and test split, each in rising order."""
    count = len(table.x)
    if dataset.test and table.test_x is not None:
        raise BadInput(f"data.test is {dataset.test:g}: {dataset.name} has a test part of its own; leave it at 0")
    test = _held_out("test", dataset.test, count)
    validation = _held_out("validation", dataset.validation, count - test)
    order = rng(seed, "split").permutation(count)
    parts = order[test + validation :], order[test : test + validation], order[:test]
    train, valid, tested = (np.sort(part) for part in parts)
    return train[: dataset.limit], valid, tested


def _held_out(name: str, share: float, count: int) -> int:
    held = round(share * count)
    rows = f"{count} row" if count == 1 else f"{count} rows"
    if share and not held:
        raise BadInput(f"data.{name} is {share:g}: of {rows} that is none; set it to 0, or use more rows")
    if held >= count:
        raise BadInput(
            f"data.{name} is {share:g}: of {rows} none is left to train on; make it smaller or use more rows"
        )
    return held


def _parts(x: FloatArray, train: LabelArray, *held: LabelArray) -> list[FloatArray]:
    """The rows of each split, which rise. Few training rows are copied, so that what no split holds can be forgotten;
    else all rows are moved to their places within x, since two copies of an image set would not fit everywhere.
    """
    parts = [x[rows] for rows in held]
    if 2 * len(train) < len(x):
        return [x[train], *parts]
    for first in range(0, len(train) if len(train) < len(x) else 0, CHUNK):
        some = train[first : first + CHUNK]
        x[first : first + len(some)] = x[some]
    places, start = [x[: len(train)]], len(train)
    for part in parts:
        places.append(x[start : start + len(part)])
        places[-1][...] = part
        start += len(part)
    return places
