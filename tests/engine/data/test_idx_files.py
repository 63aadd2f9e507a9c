"""IDX files, written here by hand, byte by byte."""

import gzip
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.idx import read_idx, read_labeled_images
from engine.errors import BadInput

PIXELS = bytes(range(24))


def idx(*shape, content=b"", kind=8):
    return bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", size) for size in shape) + content


def write(folder, content, name="file"):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_images_whatever_the_name_says(tmp_path, pack):
    image = read_idx(write(tmp_path, pack(idx(2, 3, 4, content=PIXELS))), 3)
    assert image.shape == (2, 3, 4)
    assert image[1, 2, 0] == 20
    assert image.tobytes() == PIXELS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found nothing"),
        (b"\0\0", "found 00 00"),
        (b"\x01\0\x08\x03" + PIXELS, "not an IDX file"),
        (b"GIF89a", "found 47 49 46 38"),
        (pickle.dumps({"data": [1, 2]}), "not an IDX file"),
        (idx(2, 3, 4, content=PIXELS, kind=13), "type 0x0d; only unsigned bytes"),
        (idx(24, content=PIXELS), "has 1 dimensions; images have 3"),
        (idx(2, 3, 2, 2, content=PIXELS), "has 4 dimensions"),
        (idx(2, 3, 4)[:9], "cut short inside its header"),
        (idx(2, 3, 4, content=PIXELS[:-1]), "says 24 bytes, but only 23"),
        (idx(2, 3, 4, content=PIXELS + b"!"), "says 24 bytes, but there are more"),
        (idx(0, 3, 4), "0 x 3 x 4 bytes; that is empty or too large"),
        (idx(2**31, 2**31, 2**31, content=PIXELS), "too large"),
        (gzip.compress(idx(2, 3, 4, content=PIXELS), mtime=0)[:-12], "damaged or cut short inside its gzip"),
        (gzip.compress(idx(2, 3, 4, content=PIXELS[:5]), mtime=0), "only 5 are there"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, words):
    path = write(tmp_path, content)
    with pytest.raises(BadInput) as error:
        read_idx(path, 3)
    assert words in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_header_that_promises_much_takes_no_memory(tmp_path):
    with pytest.raises(BadInput, match="only 24 are there"):
        read_idx(write(tmp_path, idx(2**11, 2**11, 2**11, content=PIXELS)), 3)


def test_a_folder_and_a_missing_file_are_one_clear_error(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_idx(path, 3)


def test_images_and_labels_must_belong_together(tmp_path):
    images = write(tmp_path, idx(2, 3, 4, content=PIXELS), "images")
    good = write(tmp_path, idx(2, content=b"\1\2"), "good")
    assert read_labeled_images(images, good, 3)[1].tolist() == [1, 2]
    with pytest.raises(BadInput, match="has 3 labels, but images has 2 images"):
        read_labeled_images(images, write(tmp_path, idx(3, content=b"\1\2\1"), "three"), 3)
    with pytest.raises(BadInput, match="has 1 labels, but images has 2 images"):
        read_labeled_images(images, write(tmp_path, idx(1, content=b"\1"), "one"), 3)
    with pytest.raises(BadInput, match="label 1 is 2: must be from 0 to 1"):
        read_labeled_images(images, good, 2)
    with pytest.raises(BadInput, match="has 3 dimensions; labels have 1"):
        read_labeled_images(images, images, 10)


@settings(deadline=None)
@given(st.binary(max_size=40), st.booleans(), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, with_magic, packed):
    content = (b"\0\0\x08\x01" if with_magic else b"") + content
    path = write(tmp_path_factory.mktemp("idx"), gzip.compress(content, mtime=0) if packed else content)
    try:
        labels = read_idx(path, 1)
    except BadInput:
        return
    assert labels.tobytes() == content[8:]
    assert np.frombuffer(content[4:8], ">u4")[0] == len(labels)
