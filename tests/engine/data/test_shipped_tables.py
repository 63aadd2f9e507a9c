"""The tables that ship with the program: their numbers, sources and licences, and where they are found."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import engine.data.folders as folders
from engine.data import DataSet, prepare, shipped
from engine.errors import BadInput

SHIPPED = {
    "digits": ("digits.csv.gz", "a20b59d34242e6c5f0f65b63bc7de6401bc702a91575e42f865f586e8b8bb1c8"),
    "iris": ("iris.csv", "f7fac79ad999fd2d001fd012dd70c0f42c738a7e7cfb7069e71371b55c29341e"),
    "wine": ("wine.csv", "7535a7ecdfc201685a474f3de7561cc87fe325a3f38f79db023bbafb0f797bc5"),
    "breast_cancer": ("breast_cancer.csv", "af399a019264f7999e6b395ee90576e46564867aa4c8a40797c96be87dc1be55"),
}
COUNTS = {
    "digits": [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
    "iris": [50, 50, 50],
    "wine": [59, 71, 48],
    "breast_cancer": [212, 357],
}
SHAPES = {"digits": (1, 8, 8), "iris": (4,), "wine": (13,), "breast_cancer": (30,)}


@pytest.mark.parametrize("name", SHIPPED)
def test_files_are_the_ones_that_were_checked(name):
    file, sha256 = SHIPPED[name]
    assert hashlib.sha256(shipped(file).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("name", SHIPPED)
def test_counts_and_shapes(name):
    table = DataSet.parse(name).load(0)
    assert np.bincount(table.y).tolist() == COUNTS[name]
    assert table.x.shape[1:] == SHAPES[name]
    assert len(table.classes) == len(COUNTS[name])
    assert len(table.feature_names) == np.prod(SHAPES[name])
    assert table.x.dtype == np.float32


@pytest.mark.parametrize("name", SHIPPED)
def test_values_are_scikit_learns(name):
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = getattr(datasets, f"load_{name}")()
    table = DataSet.parse(name).load(0)
    scale = 16 if name == "digits" else 1
    assert np.allclose(table.x.reshape(len(table.x), -1) * scale, theirs.data, rtol=1e-7)
    assert np.array_equal(table.y, theirs.target)
    if name in ("iris", "breast_cancer"):
        assert table.classes == tuple(theirs.target_names)
        assert table.feature_names == tuple(theirs.feature_names)


@pytest.mark.parametrize(
    ("name", "scaled"), [("digits", False), ("iris", True), ("wine", True), ("breast_cancer", True)]
)
def test_measures_are_standardized_and_pixels_are_not(name, scaled):
    splits = prepare(DataSet.parse(name), 0)
    if scaled:
        assert np.allclose(splits.train.x.mean(axis=0), 0, atol=1e-5)
        assert np.allclose(splits.train.x.std(axis=0), 1, atol=1e-4)
    else:
        assert splits.train.x.min() == 0
        assert splits.train.x.max() == 1


def test_an_installed_package_finds_its_own_copy(tmp_path, monkeypatch):
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "iris.csv").write_text("installed")
    monkeypatch.setattr(folders.resources, "files", lambda package: tmp_path)
    assert shipped("iris.csv").read_text() == "installed"
    with pytest.raises(BadInput, match=r"wine\.csv: a file of the program is missing"):
        shipped("wine.csv")


def test_every_shipped_file_has_its_source_and_licence():
    readme = Path(str(shipped("README.md"))).read_text()
    for file, _ in SHIPPED.values():
        section = readme.split(f"## {file}")[1].split("\n## ")[0]
        assert "UCI Machine Learning Repository" in " ".join(section.split())
        assert "CC BY 4.0" in section
