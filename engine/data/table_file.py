"""A person's own table: delimited text, whose columns become features and one target.

A column is numeric where more than half of its values are numbers; any other is a category, one input a
value (one-hot). The empty text, "?", "na", "n/a", "nan" and "null" in any case stand for a missing value.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from engine.component import nearest
from engine.data.base import DataSet, FloatArray, LabelArray, Scaling, Standardize, Table
from engine.data.folders import own_path
from engine.errors import BadInput
from engine.files import unreadable

Doubles = NDArray[np.float64]

DELIMITERS = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "space": " "}
MISSING = {"", "?", "na", "n/a", "nan", "null"}
LARGEST = float(np.finfo(np.float32).max)
MOST_CATEGORIES = 100
MOST_LONELY = 20  # values in a column of text where none comes twice: beyond, they are names, dates or amounts
MOST_WHOLE_CLASSES = 20
SNIFFED = 50


class TableFile(DataSet, name="csv"):
    """A table of your own: delimited text with a target column."""

    standardize: Standardize = "zscore"
    standardize_target: Scaling = Field(
        "zscore", description="scaling of a regression's target; the loss is that of scaled ones, predictions are not"
    )
    path: str = Field("", description="the file, as UTF-8 text")
    target: str = Field("", description="name of the target column, or its index (0 first, -1 last); empty: the last")
    task: Literal["auto", "classification", "regression"] = Field(
        "auto", description="auto: classes where the target is text or a few whole numbers"
    )
    delimiter: Literal["auto", "tab", "semicolon", "bar", "comma", "space"] = Field(
        "auto", description="what stands between two values"
    )
    header: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="whether the first line names the columns; auto: it does where none of its values is a number",
    )
    missing: Literal["error", "drop", "mean"] = Field(
        "error", description="a missing value: refuse the file, drop its row, or put the training rows' mean"
    )

    @field_validator("target", mode="before")
    @classmethod
    def _index_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Rows (rows, features) in the file's order; categories are one column a value, named "color=red".

        With `missing` = "mean", NaN stands for a missing value until the training rows are known.

        Raises BadInput with the file, line, column and value of the first thing that cannot be used.
        """
        path = own_path(self.path, folder, "a table")
        lines = _read(path, DELIMITERS.get(self.delimiter))
        names = self._header(path, lines)
        columns = [
            Column(f"{path}", name, [(line, cells[index].strip()) for line, cells in lines])
            for index, name in enumerate(names)
        ]
        target = columns.pop(self._target(path, names))
        if not columns:
            raise BadInput(f"{path}: has only the column '{target.name}'; a table needs a feature beside the target")
        keep = self._keep(target, columns)
        features = [column.features() for column in columns]
        x = np.concatenate([values for values, _ in features], axis=1)[keep]
        y, classes = self._targets(target, keep)
        return Table(
            x=x.astype(np.float32),
            y=y,
            classes=classes,
            feature_names=tuple(name for _, names in features for name in names),
            target_names=() if classes else (target.name,),
            scaling=self.standardize_target,
        )

    def _header(self, path: Path, lines: "list[Line]") -> list[str]:
        first = [cell.strip() for cell in lines[0][1]]
        named = self.header == "yes" or (self.header == "auto" and all(_number(cell) is None for cell in first))
        names = [f"column {index}" for index in range(len(first))]
        if named:
            lines.pop(0)
            names = [cell or name for cell, name in zip(first, names, strict=True)]
        if not lines:
            raise BadInput(f"{path}: has no rows{' below its header' if named else ''}")
        for name, count in Counter(names).items():
            if count > 1:
                raise BadInput(f"{path}: {count} columns are named '{name}'; give each its own name")
        return names

    def _target(self, path: Path, names: list[str]) -> int:
        if self.target in names:
            return names.index(self.target)
        wanted = self.target or "-1"
        try:
            index = int(wanted)
        except ValueError:
            raise BadInput(f"data.target is '{wanted}': {path} has no such column{nearest(wanted, names)}") from None
        if not -len(names) <= index < len(names):
            raise BadInput(f"data.target is {wanted}: {path} has {len(names)} columns; the last is {len(names) - 1}")
        return index % len(names)

    def _keep(self, target: "Column", columns: "list[Column]") -> NDArray[np.bool_]:
        keep = np.ones(len(target.cells), np.bool_)
        for column in [target, *columns]:
            missing = np.array([cell.lower() in MISSING for _, cell in column.cells], np.bool_)
            if missing.all():
                raise BadInput(f"{column.path}: column '{column.name}' has no values; remove it")
            if not missing.any() or (self.missing == "mean" and column is not target):
                continue
            if self.missing != "drop":
                line = column.cells[int(missing.argmax())][0]
                ways = '"drop"' if column is target else '"drop" or "mean"'
                raise BadInput(f"{column.place(line)} is missing: fill it in, or set data.missing to {ways}")
            keep &= ~missing
        if not keep.any():
            raise BadInput(f'{target.path}: every row has a missing value; set data.missing to "mean"')
        return keep

    def _targets(self, target: "Column", keep: NDArray[np.bool_]) -> tuple[FloatArray | LabelArray, tuple[str, ...]]:
        cells = [cell for cell, kept in zip(target.cells, keep, strict=True) if kept]
        if self.task == "regression" or (self.task == "auto" and target.numeric and not _few_whole(cells)):
            values = np.array([target.number(line, cell) for line, cell in cells], np.float32)
            return values[:, None], ()
        if all(_number(cell) is not None for _, cell in cells):
            numbers = [target.number(line, cell) for line, cell in cells]
            cells = [(line, f"{number:.15g}") for (line, _), number in zip(cells, numbers, strict=True)]
            classes = tuple(dict.fromkeys(f"{number:.15g}" for number in sorted(numbers)))
        else:
            classes = tuple(sorted({cell for _, cell in cells}))
        place = f"{target.path}: column '{target.name}'"
        if len(classes) == 1:
            raise BadInput(f"{place} is '{classes[0]}' in every row; classes need at least two values")
        if len(classes) == len(cells) > 2:
            raise BadInput(f"{place} has another value in each of {len(cells)} rows; choose a target with classes")
        label = {name: number for number, name in enumerate(classes)}
        return np.array([label[cell] for _, cell in cells], np.int64), classes


Line = tuple[int, list[str]]


@dataclass(frozen=True)
class Column:
    """One column: its cells as (line in the file, text)."""

    path: str
    name: str
    cells: list[tuple[int, str]]

    @cached_property
    def numeric(self) -> bool:
        """Whether more than half of the values that are there are numbers."""
        return self._mostly_numbers([cell for _, cell in self.cells])

    @staticmethod
    def _mostly_numbers(cells: list[str]) -> bool:
        present = [cell for cell in cells if cell.lower() not in MISSING]
        return sum(_number(cell) is not None for cell in present) * 2 > len(present)

    def place(self, line: int) -> str:
        """Where a cell is, as an error says it."""
        return f"{self.path}: line {line}, column '{self.name}'"

    def number(self, line: int, cell: str) -> float:
        """A cell as a number, NaN where it is missing. Raises BadInput for anything else."""
        if cell.lower() in MISSING:
            return float("nan")
        number = _number(cell)
        if number is None:
            raise BadInput(
                f"{self.place(line)} is '{cell}': not a number; correct it, or empty it and set data.missing"
            )
        if not abs(number) <= LARGEST:
            raise BadInput(f"{self.place(line)} is '{cell}': too large; must be within {LARGEST:.1e}")
        return number

    def features(self) -> tuple[Doubles, tuple[str, ...]]:
        """The inputs (rows, width) and their names, NaN where a value is missing."""
        if self.numeric:
            values = np.array([self.number(line, cell) for line, cell in self.cells], np.float64)
            return values[:, None], (self.name,)
        if self._mostly_numbers([cell.replace(",", ".") for _, cell in self.cells]):
            line, cell = next((line, cell) for line, cell in self.cells if "," in cell)
            raise BadInput(f"{self.place(line)} is '{cell}': not a number; write decimals with a point")
        categories = sorted({cell for _, cell in self.cells if cell.lower() not in MISSING})
        present = [(line, cell) for line, cell in self.cells if cell in set(categories)]
        alone = len(categories) == len(present) > MOST_LONELY
        if alone or len(categories) > MOST_CATEGORIES:
            line, cell = present[0]
            limit = "none of them twice" if alone else f"at most {MOST_CATEGORIES}"
            raise BadInput(
                f"{self.place(line)} is '{cell}': not a number, and with {len(categories)} different values "
                f"({limit}) not a category; remove the column or turn it into numbers"
            )
        values = np.full((len(self.cells), len(categories)), np.nan)
        position = {category: index for index, category in enumerate(categories)}
        for row, (_, cell) in enumerate(self.cells):
            if cell in position:
                values[row] = 0
                values[row, position[cell]] = 1
        return values, tuple(f"{self.name}={category}" for category in categories)


def _read(path: Path, delimiter: str | None) -> list[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8 text; save the table as UTF-8") from None
    except OSError as error:
        raise unreadable(error, path) from None
    source = list(io.StringIO(text, newline=""))
    lines = _parse(path, source, delimiter or _sniff(source))
    if not lines:
        raise BadInput(f"{path}: is empty; it must hold a table")
    width = len(lines[0][1])
    for line, cells in lines:
        if len(cells) != width:
            fix = "quote values with the delimiter, or set data.delimiter" if len(cells) > width else "add the rest"
            found = f"{len(cells)} value{'s' * (len(cells) != 1)}"
            raise BadInput(f"{path}: line {line} has {found}, but line {lines[0][0]} has {width}; {fix}")
    return lines


def _parse(path: Path, source: list[str], delimiter: str) -> list[Line]:
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise BadInput(f"{path}: line {reader.line_num}: {error}") from None


def _sniff(source: list[str]) -> str:
    """The first delimiter that cuts the most of the first lines like the very first, into more than one cell."""
    best, most = ",", 0
    for delimiter in DELIMITERS.values():
        try:
            rows = [row for row in csv.reader(source[:SNIFFED], delimiter=delimiter, skipinitialspace=True) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows)
        if width > 1 and alike > most:
            best, most = delimiter, alike
    return best


def _number(cell: str) -> float | None:
    """The number that a cell holds; None for text, "nan" and Python's own 1_000."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return None if "_" in cell or number != number else number


def _few_whole(cells: list[tuple[int, str]]) -> bool:
    """Whether the values are few different whole numbers that come back: classes rather than amounts."""
    numbers = [_number(cell) for _, cell in cells]
    different = set(numbers)
    return (
        all(number is not None and number.is_integer() for number in different)
        and len(different) <= MOST_WHOLE_CLASSES
        and 2 * len(different) <= len(numbers)
    )
