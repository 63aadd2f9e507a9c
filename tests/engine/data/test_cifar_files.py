"""CIFAR-10 from files written here, whole and damaged, and from the real ones where they are."""

import pickle

import numpy as np
import pytest

from engine.data import DataSet, MissingData, prepare
from engine.errors import BadInput


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NN_TUI_DATA", raising=False)


def records(*labels):
    """Images whose red is the label, whose green counts columns and whose blue counts rows."""
    pixels = [
        bytes([label] * 1024) + bytes(range(32)) * 32 + b"".join(bytes([i] * 32) for i in range(32)) for label in labels
    ]
    return b"".join(bytes([label]) + image for label, image in zip(labels, pixels, strict=True))


def write_set(folder, names=True):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data_batch_2.bin").write_bytes(records(7))
    (folder / "data_batch_1.bin").write_bytes(records(3, 9))
    (folder / "test_batch.bin").write_bytes(records(1))
    if names:
        (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    return folder


def test_records_become_images_in_channels_rows_and_columns(tmp_path):
    table = DataSet.parse({"name": "cifar10", "path": str(write_set(tmp_path))}).load(0)
    assert table.x.shape == (3, 3, 32, 32)
    assert table.y.tolist() == [3, 9, 7]
    assert table.test_y.tolist() == [1]
    assert table.classes == tuple("abcdefghij")
    shades = np.rint(table.x * 255)
    assert (shades[1, 0] == 9).all()
    assert shades[0, 1, 5, 17] == 17
    assert shades[0, 2, 5, 17] == 5


@pytest.mark.parametrize(
    "inside", ["own/cifar-10-batches-bin", "own", "own/cifar10", "cache/nn-tui/data/cifar10/cifar-10-batches-bin"]
)
def test_the_folder_is_found(tmp_path, inside):
    (tmp_path / "own").mkdir()
    write_set(tmp_path / inside, names=False)
    assert len(prepare(DataSet.parse("cifar10"), 0, tmp_path / "own").train) == 3


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(MissingData, match="nn-tui data fetch cifar10"):
        DataSet.parse("cifar10").load(0)
    dataset = DataSet.parse({"name": "cifar10", "path": str(tmp_path)})
    with pytest.raises(BadInput, match=r"no data_batch_1\.bin in it$"):
        dataset.load(0)
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": 1}))
    with pytest.raises(BadInput, match="Python pickles: get the binary version"):
        dataset.load(0)
    batch = tmp_path / "data_batch_1.bin"
    batch.write_bytes(records(1)[:-1])
    with pytest.raises(BadInput, match="has 3,072 bytes, not a multiple of 3,073"):
        dataset.load(0)
    batch.write_bytes(records(1, 10))
    with pytest.raises(BadInput, match="the label of image 1 is 10"):
        dataset.load(0)
    batch.write_bytes(records(1))
    (tmp_path / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(BadInput, match="names 2 classes"):
        dataset.load(0)
    (tmp_path / "batches.meta.txt").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(BadInput, match="cannot be read as text"):
        dataset.load(0)
    with pytest.raises(BadInput, match=r"data\.path is 'nowhere'"):
        DataSet.parse({"name": "cifar10", "path": "nowhere"}).load(0)


def test_the_real_sample(cifar_sample):
    splits = prepare(DataSet.parse({"name": "cifar10", "path": str(cifar_sample), "standardize": "zscore"}), 0)
    assert np.bincount(splits.train.y).tolist() == [500] * 10
    assert len(splits.test) == 1000
    assert splits.classes[:3] == ("airplane", "automobile", "bird")
    assert np.allclose(splits.train.x.mean(axis=(0, 2, 3)), 0, atol=1e-4)
    assert np.allclose(splits.train.x.std(axis=(0, 2, 3)), 1, atol=1e-4)
