"""MNIST and Fashion-MNIST: 70,000 gray images of 28x28 pixels in ten classes, from IDX files."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.data.base import DataSet, Table, ValidationShare
from engine.data.folders import MissingData, cache_folder, places
from engine.data.idx import read_labeled_images
from engine.errors import BadInput

Bytes = NDArray[np.uint8]

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FILES = (*TRAIN, *TEST)


class Mnist(DataSet, name="mnist"):
    """70,000 handwritten digits of 28x28 pixels, 10,000 of them to test (LeCun, Cortes, Burges, 1998)."""

    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    validation: ValidationShare = 0.0

    def load(self, seed: int, folder: Path | None = None) -> Table:
        """Images (rows, 1, 28, 28) with pixels from 0 to 1; raises MissingData where the files are nowhere."""
        home = self._home(folder)
        images, labels = self._part(home, *TRAIN)
        test_images, test_labels = self._part(home, *TEST)
        if images.shape[1:] != test_images.shape[1:]:
            raise BadInput(
                f"{home}: training and test images differ in size, {images.shape[1:]} and {test_images.shape[1:]}"
            )
        return Table(
            x=np.divide(images[:, None], np.float32(255), dtype=np.float32),
            y=labels.astype(np.int64),
            test_x=np.divide(test_images[:, None], np.float32(255), dtype=np.float32),
            test_y=test_labels.astype(np.int64),
            classes=self.class_names,
        )

    def _part(self, home: Path, images: str, labels: str) -> tuple[Bytes, Bytes]:
        return read_labeled_images(_find(home, images), _find(home, labels), len(self.class_names))

    def _home(self, folder: Path | None) -> Path:
        missing = TRAIN[0]
        for place in places(self.name, folder):
            gone = [stem for stem in FILES if not any(file.exists() for file in _spellings(place, stem))]
            if not gone:
                return place
            if len(gone) < len(FILES):
                if place != cache_folder(self.name):
                    return place
                missing = gone[0]  # of a download that was interrupted
        raise MissingData(self.name, missing)


class FashionMnist(Mnist, name="fashion_mnist"):
    """70,000 pictures of clothes, made to replace MNIST (Xiao, Rasul, Vollgraf, 2017, arXiv:1708.07747)."""

    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


def _spellings(home: Path, stem: str) -> tuple[Path, ...]:
    other = stem.replace("-idx", ".idx")
    return tuple(home / name for name in (stem, f"{stem}.gz", other, f"{other}.gz"))


def _find(home: Path, stem: str) -> Path:
    for file in _spellings(home, stem):
        if file.exists():
            return file
    raise BadInput(f"{home}: {stem} is missing, with or without .gz; put it beside the other files")
