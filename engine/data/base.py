"""What a data set is: a component whose settings say which rows to make or read, and the table that it gives."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.component import Component

FloatArray = NDArray[np.float32]
LabelArray = NDArray[np.int64]

ValidationShare = Annotated[float, Field(ge=0, lt=1, description="share of the training rows held out to validate")]
Scaling = Literal["none", "unit", "zscore"]
Standardize = Annotated[
    Scaling,
    Field(description="scaling of every feature or channel, fitted on the training split alone"),
]


@dataclass(frozen=True, eq=False)
class Table:
    """Raw rows as they were made or read.

    x: float32 (rows, *shape), shape (features,) or (C, H, W); NaN is a missing feature.
    y: int64 labels (rows,), or float32 targets (rows, T).
    test_x and test_y: the official test part, where there is one. classes: the label names, () for regression.
    scaling: how the targets of a regression are scaled for training.
    files: the file of each row, where every row has one of its own.
    """

    x: FloatArray
    y: LabelArray | FloatArray
    test_x: FloatArray | None = None
    test_y: LabelArray | FloatArray | None = None
    classes: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    scaling: Scaling = "none"
    files: tuple[str, ...] = ()


class DataSet(Component, kind="data set"):
    """Where the rows come from, which of them are held out, and how their features are scaled."""

    validation: ValidationShare = 0.2
    test: float = Field(0.0, ge=0, lt=1, description="share of the rows held out to test, where there is no test part")
    limit: int | None = Field(None, ge=1, description="only the first N training rows; what is held out stays whole")
    standardize: Standardize = "none"
    predict: Literal["targets", "inputs"] = Field(
        "targets", description="what is learned: the data's own targets, or the inputs, as by an autoencoder"
    )

    @abstractmethod
    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Makes or reads the raw rows; `folder` is where the person keeps data files (--data-dir).

        Raises BadInput where a file is missing, damaged or not what it should be.
        """
