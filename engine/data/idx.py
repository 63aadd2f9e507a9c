"""IDX, the file format of MNIST (LeCun, Cortes, Burges): a header and unsigned bytes, gzip-compressed or not.

Header: two zero bytes, the type of the elements (8: unsigned byte), the number of dimensions, then each dimension as a
big-endian 32-bit number. The elements follow, last dimension fastest, and nothing follows them.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadInput
from engine.files import unreadable

UNSIGNED_BYTE = 8
LARGEST = 1 << 33
PIECE = 1 << 22


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes with so many dimensions (1: labels, 3: images).

    Raises BadInput where the file cannot be read, is no IDX file, is cut short or too long, or has other dimensions.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if packed:
                with gzip.open(plain) as unpacked:
                    return _read(unpacked, path, dimensions)
            return _read(plain, path, dimensions)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BadInput(f"{path}: damaged or cut short inside its gzip compression; get the file again") from None
    except OSError as error:
        raise unreadable(error, path) from None


def read_labeled_images(images: Path, labels: Path, classes: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (rows, height, width) and their labels (rows,), checked to belong together.

    Raises BadInput as `read_idx`, and where the counts differ or a label is not below `classes`.
    """
    label = read_idx(labels, 1)
    image = read_idx(images, 3)
    if len(image) != len(label):
        raise BadInput(f"{labels}: has {len(label)} labels, but {images.name} has {len(image)} images")
    if label.max() >= classes:
        row = int(np.argmax(label >= classes))
        raise BadInput(f"{labels}: label {row} is {label[row]}: must be from 0 to {classes - 1}")
    return image, label


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _read(file: _Bytes, path: Path, dimensions: int) -> NDArray[np.uint8]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        found = magic.hex(" ") or "nothing"
        raise BadInput(f"{path}: not an IDX file: it must start with the bytes 00 00 08 0{dimensions}, found {found}")
    if magic[2] != UNSIGNED_BYTE:
        raise BadInput(f"{path}: elements of type 0x{magic[2]:02x}; only unsigned bytes (0x08) can be read")
    if magic[3] != dimensions:
        wanted = "labels have 1" if dimensions == 1 else "images have 3"
        raise BadInput(f"{path}: has {magic[3]} dimensions; {wanted}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise BadInput(f"{path}: cut short inside its header; get the file again")
    shape = struct.unpack(f">{dimensions}I", header)
    size = math.prod(shape)
    if not 0 < size <= LARGEST:
        raise BadInput(f"{path}: its header says {' x '.join(map(str, shape))} bytes; that is empty or too large")
    content = bytearray()
    while len(content) <= size and (piece := file.read(min(PIECE, size + 1 - len(content)))):
        content += piece
    if len(content) != size:
        found = f"only {len(content):,} are there" if len(content) < size else "there are more"
        raise BadInput(f"{path}: its header says {size:,} bytes, but {found}; get the file again")
    return np.frombuffer(content, np.uint8).reshape(shape)
