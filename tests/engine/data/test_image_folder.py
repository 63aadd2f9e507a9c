"""A folder of a person's own images: what is read, in which order, and what is refused."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.data import DataSet, prepare
from engine.errors import BadInput


def save(path, shade, size=(4, 3), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, shade).save(path)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pets"
    save(root / "dog" / "b.png", (30, 60, 90))
    save(root / "dog" / "a.PNG", (255, 0, 0))
    save(root / "dog" / "c.jpg", (0, 0, 255))
    save(root / "cat" / "x.jpeg", (10, 10, 10))
    save(root / "cat" / "y.png", (20, 20, 20))
    (root / "cat" / "notes.txt").write_text("not an image")
    (root / ".hidden").mkdir()
    return root


def load(root, **settings):
    return DataSet.parse({"name": "image_folder", "path": str(root), **settings}, "data").load(0)


def test_folders_are_classes_and_rows_take_turns(folder):
    table = load(folder)
    assert table.classes == ("cat", "dog")
    assert table.y.tolist() == [0, 1, 0, 1, 1]
    assert table.x.shape == (5, 3, 3, 4)
    assert table.files == ("cat/x.jpeg", "dog/a.PNG", "cat/y.png", "dog/b.png", "dog/c.jpg")
    shades = np.rint(table.x[:, :, 0, 0] * 255).astype(int)
    assert shades[1].tolist() == [255, 0, 0]
    assert shades[3].tolist() == [30, 60, 90]
    assert np.abs(shades[4] - [0, 0, 255]).max() <= 3
    assert table.x.flags.c_contiguous
    assert prepare(DataSet.parse({"name": "image_folder", "path": str(folder), "validation": 0.25}), 0).shape == (
        3,
        3,
        4,
    )


def test_rows_and_columns_are_not_swapped(tmp_path):
    image = Image.new("L", (5, 3), 0)
    image.putpixel((4, 1), 255)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "1.png")
    x = load(tmp_path, grayscale=True).x
    assert x.shape == (2, 1, 3, 5)
    assert np.argwhere(x[0, 0]).tolist() == [[1, 4]]


def test_size_and_grayscale(folder):
    save(folder / "cat" / "large.png", (200, 200, 200), size=(40, 70))
    x = load(folder, size=6, grayscale=True).x
    assert x.shape == (6, 1, 6, 6)
    assert np.allclose(x[0], 200 / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "shade", "expected"), [("LA", (100, 255), 100), ("1", 1, 255), ("RGBA", (50, 50, 50, 255), 50)]
)
def test_other_kinds_of_png_become_color(tmp_path, mode, shade, expected):
    for name in ("a", "b"):
        save(tmp_path / name / "1.png", shade, mode=mode)
    assert (np.rint(load(tmp_path).x * 255) == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("grayscale", [False, True])
def test_what_is_transparent_becomes_white(tmp_path, mode, grayscale):
    """Black ink on nothing, which often is black that is not seen."""
    image = Image.new("LA", (3, 2), (0, 0))
    image.putpixel((1, 0), (0, 255))
    image.putpixel((2, 1), (0, 128))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        kind = image.convert("RGBA").quantize(4) if mode == "P" else image.convert(mode)
        kind.save(tmp_path / name / "1.png")
    x = np.rint(load(tmp_path, grayscale=grayscale).x[0] * 255)
    assert np.abs(x - np.array([[255, 0, 255], [255, 255, 127]])).max() <= 1


def test_sixteen_bit_gray_keeps_its_shades(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((3, 3), 0x80FF, np.uint16)).save(tmp_path / name / "1.png")
    assert (np.rint(load(tmp_path, grayscale=True).x * 255) == 0x80).all()


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
    image = Image.new("L", (4, 2), 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "1.jpg", exif=exif)
    assert load(tmp_path).x.shape == (2, 3, 4, 2)


def test_mixed_sizes_name_both_images_and_the_fix(folder):
    save(folder / "dog" / "d.png", 0, size=(9, 8))
    with pytest.raises(BadInput, match=r"d\.png: is 9x8 pixels, but x\.jpeg is 4x3; set data\.size"):
        load(folder)


def test_an_empty_class_a_lone_class_and_no_class(folder, tmp_path):
    (folder / "fish").mkdir()
    with pytest.raises(BadInput, match="fish: holds no PNG or JPEG file"):
        load(folder)
    with pytest.raises(BadInput, match="has no class folders"):
        load(folder / "cat")
    with pytest.raises(BadInput, match="has one class folder;"):
        load(tmp_path)
    with pytest.raises(BadInput, match=r"notes\.txt: cannot be read"):
        load(folder / "cat" / "notes.txt")
    with pytest.raises(BadInput, match=r"data\.path is empty"):
        load("")


def test_folders_one_deeper_are_shown_the_way(folder, tmp_path):
    (tmp_path / "test").mkdir()
    with pytest.raises(BadInput, match=r"pets: holds no PNG or JPEG file; .* set data\.path to .*pets"):
        load(tmp_path)


def test_names_of_classes_can_be_shown_everywhere(tmp_path):
    for name in ("Ka\u0308tzchen", "two\nlines", b"\xff".decode(errors="surrogateescape")):
        save(tmp_path / name / "1.png", 0)
    assert load(tmp_path).classes == ("K\u00e4tzchen", "two?lines", "?")


def test_what_lies_beside_the_images_is_passed_over(folder):
    (folder / "README.md").write_text("about")
    (folder / "dog" / "._b.png").write_bytes(b"a Mac's")
    (folder / "dog" / "folder.png").mkdir()
    (folder / "dog" / "linked.png").symlink_to(folder / "dog" / "b.png")
    (folder / "wolf").symlink_to(folder / "dog")
    table = load(folder)
    assert table.classes == ("cat", "dog", "wolf")
    assert np.bincount(table.y).tolist() == [2, 4, 4]


def test_a_link_whose_image_is_gone_is_named(folder):
    (folder / "dog" / "gone.png").symlink_to(folder / "elsewhere.png")
    with pytest.raises(BadInput, match=r"gone\.png: cannot be read \(no such file or directory\)"):
        load(folder)


def test_an_image_that_may_not_be_read_is_not_called_damaged(folder, monkeypatch):
    def refuse(*args, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(BadInput, match=r"x\.jpeg: cannot be read \(permission denied\)"):
        load(folder)


@pytest.mark.parametrize("pixels", [9, 5])
def test_a_bomb_is_refused_in_one_line(folder, monkeypatch, recwarn, pixels):
    """Pillow warns above its limit, and raises above twice that."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    with pytest.raises(BadInput, match=rf"x\.jpeg: has more than {pixels} pixels; make it smaller, or remove it"):
        load(folder, size=2)
    assert not len(recwarn)


def test_more_images_than_the_memory_takes_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setattr("engine.data.image_folder.LARGEST", 100)
    with pytest.raises(BadInput, match=r"is 4x3 pixels, and 5 such images are more than .* set data\.size"):
        load(folder)
    assert len(load(folder, size=2).x) == len(load(folder, limit=5, grayscale=True).x) == 5
    assert len(load(folder, limit=2, validation=0).x) == 2


def test_what_is_beyond_the_limit_is_not_read(folder):
    (folder / "dog" / "z.png").write_bytes(b"nothing like an image")
    assert load(folder, limit=4, validation=0).y.tolist() == [0, 1, 0, 1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 12), st.sampled_from([0, 0.1, 0.25, 0.5]), st.sampled_from([0, 0.2, 0.3]))
def test_no_more_images_are_read_than_a_limit_and_its_held_out_shares_take(tmp_path, limit, validation, test):
    for number in range(30):
        for kind in ("cat", "dog"):
            if not (path := tmp_path / kind / f"{number:02}.png").exists():
                save(path, (number, 0, 0), (1, 1))
    shares = {"limit": limit, "validation": validation, "test": test}
    read = len(load(tmp_path, **shares).x)
    splits = prepare(DataSet.parse({"name": "image_folder", "path": str(tmp_path), **shares}), 0)
    assert len(splits.train) == limit
    assert (splits.validation is not None, splits.test is not None) == (validation > 0, test > 0)
    least = max([limit + 1, *(1 / share for share in (validation, test) if share)])
    assert limit <= read <= least / (1 - validation) / (1 - test) + 1


@pytest.mark.parametrize("name", ["z.png", "z.jpg"])
def test_corrupt_images_are_named(folder, name):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (3, 4, 3), np.uint8))
    content = io.BytesIO()
    noise.save(content, format="PNG" if name.endswith("png") else "JPEG")
    for damaged in (b"", b"nothing like an image", content.getvalue()[: -len(content.getvalue()) // 3]):
        (folder / "dog" / name).write_bytes(damaged)
        with pytest.raises(BadInput) as error:
            load(folder)
        assert name in str(error.value)
        assert "replace or remove it" in str(error.value)
        assert "\n" not in str(error.value)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.sampled_from(["PNG", "JPEG"]))
def test_any_damage_is_read_or_refused(tmp_path_factory, place, bytes_, kind):
    root = tmp_path_factory.mktemp("images")
    save(root / "a" / "1.png", 0, size=(8, 8))
    save(root / "b" / "1.png", 0, size=(8, 8))
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)).save(content, format=kind)
    damaged = bytearray(content.getvalue())
    place %= len(damaged)
    damaged[place : place + len(bytes_)] = bytes_
    (root / "b" / "2.png").write_bytes(damaged)
    problem = ""
    try:
        shape = load(root).x.shape
    except BadInput as error:
        problem = str(error)
    assert "2.png" in problem if problem else shape == (3, 3, 8, 8)


def test_rows_know_their_files_after_splitting(folder):
    table = load(folder)
    splits = prepare(
        DataSet.parse({"name": "image_folder", "path": str(folder), "validation": 0.4, "limit": 2}, "data"), 0
    )
    parts = [splits.train, splits.validation]
    assert [len(part.files) for part in parts] == [2, 2]
    for part in parts:
        for pixels, label, file in zip(part.x, part.y, part.files, strict=True):
            row = table.files.index(file)
            np.testing.assert_array_equal(pixels, table.x[row])
            assert label == table.y[row]


def test_images_of_other_formats_are_not_lost_in_silence(folder):
    (folder / "cat" / "b.HEIC").write_bytes(b"")
    with pytest.raises(BadInput, match=r"cat: holds b\.HEIC, neither PNG nor JPEG; convert or remove them"):
        load(folder)
    (folder / "cat" / "a.webp").write_bytes(b"")
    (folder / "cat" / ".c.gif").write_bytes(b"")
    with pytest.raises(BadInput, match=r"cat: holds a\.webp and 1 more, neither"):
        load(folder)
