"""A drawing becomes an image in the way the data set's own images were made."""

import numpy as np
import pytest

from engine.data import DataSet, prepare
from engine.data.mnist import Mnist
from engine.drawn import Manner, as_digits, as_image, cut, manner, resized


def stroke(rows=slice(10, 30), columns=slice(5, 9), shape=(40, 40)):
    drawing = np.zeros(shape)
    drawing[rows, columns] = 1
    return drawing


def as_mnist(drawing):
    return as_image(drawing, (1, 28, 28))[0]


def center(image):
    mass = image.sum()
    return tuple(float((image.sum(1 - axis) * np.arange(image.shape[axis])).sum() / mass) for axis in range(image.ndim))


def test_mnist_s_images_are_as_drawings_are_made(public_data):
    images = Mnist(limit=1000).load(0, public_data).x[:1000]
    assert manner(images).share == pytest.approx(20 / 28)
    assert manner(images).ground.tolist() == [0]
    centers = np.array([center(image[0]) for image in images])
    assert np.median(centers, axis=0) == pytest.approx([14, 14], abs=0.05)
    assert np.abs(centers - 14).max() <= 0.55
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawing = np.zeros((40, 40))
        for row, column in rng.integers(3, 37, (6, 2)):
            drawing[row - 3 : row + 3, column - 3 : column + 3] = 1
        made = as_mnist(drawing)
        assert center(made) == pytest.approx((14, 14), abs=0.55)
        assert max(cut(made).shape) in (19, 20)


def test_mnist_s_digits_drawn_again_are_nearly_themselves(public_data):
    images = Mnist(limit=100).load(0, public_data).x[:100, 0]
    alike = []
    for image in images:
        drawing = np.zeros((90, 100))
        drawing[5:89, 9:93] = np.kron(image, np.ones((3, 3)))
        again = as_image(drawing, (1, 28, 28))[0]
        alike.append(np.corrcoef(again.ravel(), image.ravel())[0, 1])
    assert np.median(alike) > 0.97
    assert min(alike) > 0.85


def test_where_it_is_drawn_and_how_large_makes_no_difference():
    small = as_mnist(stroke(slice(2, 12), slice(30, 32)))
    assert as_mnist(stroke(slice(10, 20), slice(5, 7))) == pytest.approx(small)
    assert as_mnist(np.kron(stroke(slice(2, 12), slice(30, 32)), np.ones((4, 4)))) == pytest.approx(small, abs=0.15)


def test_the_aspect_is_kept_in_images_of_any_size():
    for shape in ((1, 28, 28), (1, 60, 33), (1, 17, 90), (1, 3, 3)):
        image = as_image(stroke(), shape)[0]
        rows, columns = cut(image).shape
        assert image.shape == shape[1:]
        assert rows <= round(shape[1] * 20 / 28) + 1
        assert columns <= max(1, round(rows / 5)) + 2


def test_8x8_counts_the_blocks_of_a_bitmap_of_32x32():
    """A bar of 8 x 32 elements is made 10 wide, which is nearer to the usual ink."""
    image = as_digits(stroke(slice(0, 32), slice(8, 16), (50, 50)))
    assert image.tolist() == [[0, 0, 0.25, 1, 1, 0.25, 0, 0]] * 8
    assert (as_digits(np.random.default_rng(0).random((40, 40))) * 16 % 1 == 0).all()
    assert as_image(stroke(), (1, 8, 8))[0] == pytest.approx(as_digits(stroke()))


def test_uci_s_digits_are_as_drawings_are_made(public_data):
    """MNIST's, made in this way, have the ink where the data set's own digits have theirs, by row and by column."""
    own = prepare(DataSet.parse({"name": "digits", "standardize": "none"}), 0).train.x.reshape(-1, 8, 8)
    made = np.stack([as_digits(image) for image in Mnist().load(0, public_data).test_x[:500, 0]])
    assert made.sum((1, 2)).mean() == pytest.approx(own.sum((1, 2)).mean(), rel=0.02)
    assert made.sum((1, 2)).std() == pytest.approx(own.sum((1, 2)).std(), rel=0.3)
    for axes in ((0, 1), (0, 2)):
        assert made.mean(axes) == pytest.approx(own.mean(axes), abs=0.06)
    for digits in (own, made):
        assert digits.any(2)[:, [0, -1]].all()


@pytest.mark.parametrize("lean", [-0.8, -0.3, 0.4, 0.9])
@pytest.mark.parametrize("wide", [1, 2.5])
def test_a_digit_of_8x8_is_upright_however_it_leans_and_however_wide_it_is(lean, wide):
    drawing, leaning = np.zeros((40, 160)), np.zeros((40, 160))
    rows, columns = np.mgrid[:40, :160]
    top, stem = rows < 6, (columns >= 60) & (columns < 60 + 6 * wide)
    drawing[top & (columns >= 60) & (columns < 60 + 20 * wide) | stem] = 1
    for row in range(40):
        leaning[row] = np.roll(drawing[row], round(lean * (row - 20)))
    straight, again = as_digits(drawing), as_digits(leaning)
    assert straight[0].sum() > 2 * straight[4].sum()
    assert np.corrcoef(again.ravel(), straight.ravel())[0, 1] > 0.95
    if wide > 1:
        wider = as_digits(np.kron(drawing, np.ones((1, 2))))
        assert np.corrcoef(wider.ravel(), straight.ravel())[0, 1] > 0.95


def test_thin_and_thick_lines_of_8x8_are_alike():
    ring = np.hypot(*(np.mgrid[:40, :40] - 20)) - 15
    thin, usual, thick = (as_digits(np.abs(ring) < half) for half in (0.8, 2, 3))
    for one in (thin, usual, thick):
        assert one.sum() == pytest.approx(19.5, abs=3.5)
    assert np.corrcoef(thin.ravel(), usual.ravel())[0, 1] > 0.9
    assert np.corrcoef(thick.ravel(), usual.ravel())[0, 1] > 0.9


def test_nothing_of_lopsided_ink_leaves_the_image():
    drawing = stroke(slice(0, 40), slice(0, 3))
    drawing[37:, :] = 1
    image = as_image(drawing, (1, 20, 20), Manner(np.zeros(1), 1.0))[0]
    assert cut(image).shape == (20, 20)
    assert image[0, 0] > 0.5
    assert image[19, 19] > 0.5


def test_an_empty_drawing_is_the_ground():
    empty = np.zeros((40, 40))
    assert not as_image(empty, (1, 28, 28)).any()
    assert not as_image(empty, (1, 8, 8)).any()
    assert as_image(empty, (3, 9, 9), Manner(np.array([0.1, 0.5, 0.9])))[:, 4, 4] == pytest.approx([0.1, 0.5, 0.9])


def test_colours_lie_on_the_ground_of_the_training_images():
    ground, red = np.array([0.2, 0.6, 0.9]), np.broadcast_to([1.0, 0.0, 0.0], (40, 40, 3))
    image = as_image(stroke(columns=slice(5, 25)), (3, 32, 32), Manner(ground), red)
    assert image.dtype == np.float32
    assert image[:, 0, 0] == pytest.approx(ground)
    assert image[:, 16, 16] == pytest.approx([1, 0, 0])
    assert image.min() >= 0
    assert image.max() <= 1


def test_ink_shows_on_every_ground():
    for ground, ink in ((0.0, 1), (0.4, 1), (0.9, 0)):
        for shape in ((1, 8, 8), (1, 28, 28), (2, 16, 16), (4, 9, 9)):
            image = as_image(stroke(columns=slice(5, 25)), shape, Manner(np.full(1, ground)))
            assert image.shape == shape
            assert image[:, shape[1] // 2, shape[2] // 2] == pytest.approx(ink)
            assert image[:, 0, 0] == pytest.approx(ground)


def test_how_images_are_made_is_seen_in_them():
    images = np.full((6, 3, 20, 30), 0.8)
    images[:, :, 5:15, 3:18] = 0.2
    made = manner(images)
    assert made.ground == pytest.approx([0.8] * 3)
    assert made.share == pytest.approx(0.5)
    photos = manner(np.random.default_rng(0).random((20, 3, 16, 16)))
    assert photos.share == 1
    assert manner(np.zeros((3, 1, 9, 9))).share == pytest.approx(20 / 28)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="takes shape"):
        as_image(np.zeros((40, 40)), (4,))


def blob(size=28):
    image = np.zeros((size, size))
    image[6:24, 9:14] = 1
    image[6:10, 9:20] = 0.8
    return image


def test_a_drawing_has_its_mass_in_the_middle_and_fits_twenty_pixels():
    drawing = np.zeros((60, 90))
    drawing[10:50, 60:75] = 1
    image = as_image(drawing, (1, 28, 28))[0]
    rows, columns = (np.flatnonzero((image > 0.01).any(axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 in (7, 8)
    mass = image.sum()
    for axis in (0, 1):
        middle = (image.sum(1 - axis) * np.arange(28)).sum() / mass
        assert middle == pytest.approx(14, abs=0.51)


def test_nothing_drawn_is_an_empty_image():
    assert not as_image(np.zeros((40, 40)), (1, 28, 28)).any()
    assert not as_image(np.zeros((40, 40)), (1, 8, 8)).any()
    assert cut(np.full((4, 4), 0.05)).size == 0


def test_a_point_and_a_line_can_be_drawn():
    for drawing in (np.eye(40), np.pad([[1.0]], 20), np.pad(np.ones((1, 30)), 5)):
        for shape in ((1, 28, 28), (1, 8, 8), (1, 16, 20)):
            image = as_image(drawing, shape)
            assert image.shape == shape
            assert image.dtype == np.float32
            assert 0 < image.max() <= 1
            assert image.min() >= 0


def test_resizing_keeps_a_flat_image_flat_and_a_ramp_a_ramp():
    assert resized(np.full((7, 5), 0.3), 20, 3) == pytest.approx(np.full((20, 3), 0.3))
    ramp = resized(np.tile(np.arange(40.0), (4, 1)), 4, 10)[0]
    assert np.diff(ramp)[1:-1] == pytest.approx(4)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_digit_drawn_again_elsewhere_and_larger_is_nearly_the_same(factor):
    original = as_image(blob(), (1, 28, 28))[0]
    drawing = np.zeros((120, 120))
    large = np.kron(original, np.ones((factor, factor)))
    drawing[3 : 3 + len(large), 30 : 30 + len(large)] = large
    again = as_image(drawing, (1, 28, 28))[0]
    assert np.abs(again - original).mean() < 0.015
    assert np.corrcoef(again.ravel(), original.ravel())[0, 1] > 0.97
