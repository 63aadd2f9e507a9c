"""CIFAR-10 in its binary format: records of one label byte and 3 x 32 x 32 pixels (Krizhevsky, 2009)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.data.base import DataSet, FloatArray, LabelArray, Table, ValidationShare
from engine.data.folders import MissingData, own_path, places
from engine.errors import BadInput
from engine.files import unreadable

FOLDER = "cifar-10-batches-bin"
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
CLASSES = 10


class Cifar10(DataSet, name="cifar10"):
    """60,000 color photos of 32x32 pixels in ten classes, 10,000 of them to test (Krizhevsky, 2009)."""

    validation: ValidationShare = 0.0
    path: str = Field("", description="folder with data_batch_1.bin ...; empty: the data folder, then the cache")

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Images (rows, 3, 32, 32) with pixels from 0 to 1, from as many data_batch_N.bin as there are.

        Raises MissingData where the files are nowhere, BadInput where one is damaged.
        """
        home = self._home(folder)
        batches = sorted(home.glob("data_batch_*.bin"))
        if not batches:
            old = "; its files are Python pickles: get the binary version" if (home / "data_batch_1").exists() else ""
            raise BadInput(f"{home}: no data_batch_1.bin in it{old}")
        x, y = _images(np.concatenate([_records(batch) for batch in batches]))
        test = home / "test_batch.bin"
        test_x, test_y = _images(_records(test)) if test.exists() else (None, None)
        return Table(x, y, test_x, test_y, classes=_names(home / "batches.meta.txt"))

    def _home(self, folder: Path | None) -> Path:
        if self.path:
            home = own_path(self.path, folder, f"the folder {FOLDER}")
            return home / FOLDER if (home / FOLDER).is_dir() else home
        for place in places(self.name, folder):
            for home in (place / FOLDER, place):
                if (home / "data_batch_1.bin").exists():
                    return home
        raise MissingData(self.name, FOLDER)


def _records(path: Path) -> NDArray[np.uint8]:
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise unreadable(error, path) from None
    if not len(content) or len(content) % RECORD:
        raise BadInput(f"{path}: has {len(content):,} bytes, not a multiple of {RECORD:,}; get the file again")
    records = content.reshape(-1, RECORD)
    if records[:, 0].max() >= CLASSES:
        row = int(np.argmax(records[:, 0] >= CLASSES))
        raise BadInput(f"{path}: the label of image {row} is {records[row, 0]}: must be from 0 to {CLASSES - 1}")
    return records


def _images(records: NDArray[np.uint8]) -> tuple[FloatArray, LabelArray]:
    pixels = records[:, 1:].reshape(-1, *SHAPE)
    return np.divide(pixels, np.float32(255), dtype=np.float32), records[:, 0].astype(np.int64)


def _names(path: Path) -> tuple[str, ...]:
    try:
        names = tuple(path.read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return tuple(str(number) for number in range(CLASSES))
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path}: cannot be read as text; it must name the {CLASSES} classes, one a line") from None
    if len(names) != CLASSES:
        raise BadInput(f"{path}: names {len(names)} classes, one a line; there must be {CLASSES}")
    return names
