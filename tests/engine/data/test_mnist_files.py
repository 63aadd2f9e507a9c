"""MNIST from files written here and from the real ones: where they are looked for, and what is refused."""

import gzip
import hashlib
import shutil
import struct

import numpy as np
import pytest

from engine.data import DataSet, MissingData, prepare
from engine.errors import BadInput


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NN_TUI_DATA", raising=False)


def write_set(folder, dotted=False, packed=False, first=0):
    """Three training images and two test images of 2x2 pixels; pixel k of image i is 10 i + k."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 3), ("t10k", 2)):
        pixels = bytes(10 * image + pixel for image in range(count) for pixel in range(4))
        files = {
            "images-idx3-ubyte": b"\0\0\x08\x03" + struct.pack(">3I", count, 2, 2) + pixels,
            "labels-idx1-ubyte": b"\0\0\x08\x01" + struct.pack(">I", count) + bytes(range(first, first + count)),
        }
        for name, content in files.items():
            name = f"{part}-{name.replace('-idx', '.idx') if dotted else name}{'.gz' if packed else ''}"
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_files_are_found_under_all_their_names(tmp_path, dotted, packed, inside):
    write_set(tmp_path / "own" / inside, dotted, packed)
    splits = prepare(DataSet.parse("mnist"), 0, tmp_path / "own")
    assert splits.train.x.shape == (3, 1, 2, 2)
    assert splits.train.x[2, 0, 1, 0] == np.float32(22) / np.float32(255)
    assert splits.train.y.tolist() == [0, 1, 2]
    assert splits.test.y.tolist() == [0, 1]
    assert splits.validation is None


def test_the_environment_names_the_folder_and_the_flag_goes_first(tmp_path, monkeypatch):
    write_set(tmp_path / "a", first=0)
    write_set(tmp_path / "b", first=5)
    monkeypatch.setenv("NN_TUI_DATA", str(tmp_path / "a"))
    assert DataSet.parse("mnist").load(0).y.tolist() == [0, 1, 2]
    assert DataSet.parse("mnist").load(0, tmp_path / "b").y.tolist() == [5, 6, 7]


def test_the_cache_comes_last(tmp_path):
    write_set(tmp_path / "cache" / "nn-tui" / "data" / "mnist", packed=True)
    assert len(DataSet.parse("mnist").load(0).x) == 3
    assert len(DataSet.parse("mnist").load(0, tmp_path).x) == 3
    write_set(tmp_path / "mnist", first=4)
    assert DataSet.parse("mnist").load(0, tmp_path).y[0] == 4


def test_a_folder_named_after_the_set_goes_before_loose_files(tmp_path):
    write_set(tmp_path, first=2)
    assert DataSet.parse("mnist").load(0, tmp_path).y[0] == 2
    write_set(tmp_path / "mnist", first=4)
    assert DataSet.parse("mnist").load(0, tmp_path).y[0] == 4


def test_what_is_nowhere_names_the_command_and_the_variable():
    with pytest.raises(MissingData, match=r"run 'nn-tui data fetch mnist', or name its folder .* NN_TUI_DATA") as error:
        DataSet.parse("mnist").load(0)
    assert isinstance(error.value, BadInput)
    assert error.value.dataset == "mnist"


def test_one_missing_file_and_a_folder_that_is_not_there_are_named(tmp_path, monkeypatch):
    (write_set(tmp_path / "own") / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(BadInput, match="t10k-labels-idx1-ubyte is missing"):
        DataSet.parse("mnist").load(0, tmp_path / "own")
    with pytest.raises(BadInput, match=r"--data-dir is .*no such folder"):
        DataSet.parse("mnist").load(0, tmp_path / "none")
    monkeypatch.setenv("NN_TUI_DATA", str(tmp_path / "none"))
    with pytest.raises(BadInput, match=r"NN_TUI_DATA is .*no such folder"):
        DataSet.parse("mnist").load(0)


def test_a_download_that_was_interrupted_is_missing_not_damaged(tmp_path):
    cache = write_set(tmp_path / "cache" / "nn-tui" / "data" / "mnist", packed=True)
    (cache / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(MissingData, match=r"\(t10k-labels-idx1-ubyte not found\): run 'nn-tui data fetch mnist'"):
        DataSet.parse("mnist").load(0)


def test_mnist_does_not_pass_for_fashion(tmp_path):
    folder = write_set(tmp_path / "mnist")
    with pytest.raises(MissingData):
        DataSet.parse("fashion_mnist").load(0, folder)
    assert len(DataSet.parse("mnist").load(0, folder).x) == 3
    write_set(tmp_path / "fashion_mnist", first=7)
    assert DataSet.parse("fashion_mnist").load(0, tmp_path).y.tolist() == [7, 8, 9]
    assert DataSet.parse("fashion_mnist").load(0, tmp_path).classes[9] == "Ankle boot"


def test_a_test_share_beside_the_official_part_is_refused(tmp_path):
    write_set(tmp_path)
    with pytest.raises(BadInput, match=r"data\.test is 0\.1: mnist has a test part of its own"):
        prepare(DataSet.parse({"name": "mnist", "test": 0.1}), 0, tmp_path)


def test_the_real_mnist_byte_for_byte(tmp_path, public_data):
    for file in (public_data / "mnist").iterdir():
        shutil.copy(file, tmp_path) if "t10k" in file.name else (tmp_path / file.name).symlink_to(file)
    splits = prepare(DataSet.parse("mnist"), 0, tmp_path)
    assert splits.train.x.shape == (60_000, 1, 28, 28)
    assert splits.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert splits.test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(splits.train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    pixels = np.rint(splits.test.x * 255).astype(np.uint8)
    header = b"\0\0\x08\x03" + struct.pack(">3I", 10_000, 28, 28)
    assert hashlib.md5(header + pixels.tobytes()).hexdigest() == "2646ac647ad5339dbf082846283269ea"


def test_a_limit_of_the_real_mnist_keeps_no_more_in_memory(public_data):
    splits = prepare(DataSet.parse({"name": "mnist", "limit": 1000}), 0, public_data)
    assert len(splits.train) == 1000
    assert splits.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert splits.train.x.base is None
