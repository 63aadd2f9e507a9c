"""The tables that ship with the program; sources and licences stand in data/README.md."""

import gzip
from pathlib import Path

import numpy as np

from engine.data.base import DataSet, Standardize, Table
from engine.data.folders import shipped


class Digits(DataSet, name="digits"):
    """1,797 handwritten digits of 8x8 pixels in 17 shades (UCI; Alpaydin and Kaynak, 1998)."""

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Images (1797, 1, 8, 8) with pixels from 0 to 1."""
        table = _read("digits.csv.gz", tuple("0123456789"))
        images = (table.x / 16).astype(np.float32).reshape(-1, 1, 8, 8)
        return Table(images, table.y, classes=table.classes, feature_names=table.feature_names)


class Iris(DataSet, name="iris"):
    """150 iris flowers of three species by four measures (Fisher, 1936)."""

    standardize: Standardize = "zscore"

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Rows (150, 4) in centimeters."""
        return _read("iris.csv", ("setosa", "versicolor", "virginica"))


class Wine(DataSet, name="wine"):
    """178 wines of three cultivars by thirteen chemical measures (UCI; Aeberhard and Forina, 1992)."""

    standardize: Standardize = "zscore"

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Rows (178, 13)."""
        return _read("wine.csv", ("1", "2", "3"))


class BreastCancer(DataSet, name="breast_cancer"):
    """569 tumors, malignant or benign, by thirty measures of cell nuclei (UCI; Wolberg et al., 1995)."""

    standardize: Standardize = "zscore"

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Rows (569, 30)."""
        return _read("breast_cancer.csv", ("malignant", "benign"))


def _read(name: str, classes: tuple[str, ...]) -> Table:
    content = shipped(name).read_bytes()
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    header, *lines = content.decode().splitlines()
    rows = [line.rpartition(",") for line in lines]
    x = np.loadtxt([row[0] for row in rows], delimiter=",", dtype=np.float64, ndmin=2)
    labels = np.array([classes.index(row[2]) for row in rows], np.int64)
    return Table(x.astype(np.float32), labels, classes=classes, feature_names=tuple(header.split(",")[:-1]))
