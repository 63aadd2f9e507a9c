"""Augmentation: what each change does, and that a sample's change does not depend on where one resumes."""

import numpy as np
import pytest

from engine import BadInput, Trainer, parse_experiment
from engine.augment import Augmentation
from engine.feed import Feed

ALL = Augmentation(crop=1, shift=1, flip=True, rotation=20, brightness=0.2, noise=0.05, cutout=3, mixup=0.4)


def images(rows=600, shape=(2, 8, 7)):
    return np.random.default_rng(0).random((rows, *shape), dtype=np.float32)


def changed(rows=40, **settings):
    x = images(rows)
    return x, Augmentation(**settings).images(x, np.random.default_rng(1))


def test_shift_and_crop_move_each_image_and_fill_with_zeros():
    for settings in ({"shift": 2}, {"crop": 2}):
        x, y = changed(**settings)
        moves = set()
        for before, after in zip(x, y, strict=True):
            padded = np.pad(before, ((0, 0), (2, 2), (2, 2)))
            found = [(i, j) for i in range(5) for j in range(5) if (padded[:, i : i + 8, j : j + 7] == after).all()]
            assert len(found) == 1
            moves.add(found[0])
        assert len(moves) > 10


def test_flip_mirrors_about_half_of_the_images():
    x, y = changed(200, flip=True)
    mirrored = (y == x[..., ::-1]).all(axis=(1, 2, 3))
    assert ((y == x).all(axis=(1, 2, 3)) | mirrored).all()
    assert 60 < mirrored.sum() < 140


def test_rotation_by_quarter_turns_moves_pixels_exactly():
    from engine.augment import _turned

    x = images(3, (2, 5, 5))
    turned = _turned(x, np.radians([90.0, 180.0, 0.0]))
    np.testing.assert_allclose(turned[0], np.rot90(x[0], -1, (1, 2)), atol=1e-6)
    np.testing.assert_allclose(turned[1], np.rot90(x[1], 2, (1, 2)), atol=1e-6)
    np.testing.assert_allclose(turned[2], x[2], atol=1e-6)


def test_brightness_noise_and_cutout():
    x, y = changed(brightness=0.5)
    difference = (y - x).reshape(len(x), -1)
    assert np.ptp(difference, axis=1).max() < 1e-6
    assert 0.3 < np.abs(difference).max() <= 0.5
    x, y = changed(400, noise=0.1)
    assert abs((y - x).std() - 0.1) < 0.002
    x, y = changed(cutout=3)
    holes = (y != x).any(axis=1).sum(axis=(1, 2))
    assert holes.max() == 9
    assert (y[y != x] == 0).all()


def test_mixup_mixes_targets_as_it_mixes_images():
    x, targets = images(100), np.eye(5)[np.arange(100) % 5]
    mixed, answers = Augmentation(mixup=0.5).mixed(x, targets, np.random.default_rng(0))
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert mixed.dtype == np.float32
    row = int(np.argmin(np.abs(answers.max(axis=1) - 0.7)))
    share = answers[row].max()
    other = [(share * x[row] + (1 - share) * candidate) for candidate in x]
    assert min(float(np.abs(mixed[row] - guess).max()) for guess in other) < 1e-5


@pytest.mark.parametrize("size", [32, 50, 600])
def test_rows_are_changed_alike_wherever_one_starts_and_whatever_the_batch(size):
    x, targets = images(), np.eye(3)[np.arange(600) % 3]

    def epoch(sizes, number=2):
        feed, parts, row = Feed(x, targets, 7, True, ALL), [], 0
        while row < 600:
            inputs, answers = feed.batches(number, row, sizes, 3)
            parts += [np.concatenate([a, b.T], axis=1) for a, b in zip(inputs, answers, strict=True)]
            row += len(inputs) * inputs.shape[1]
        return np.concatenate(parts)

    whole = epoch(size)
    assert whole.tobytes() == epoch(1).tobytes()
    assert whole.tobytes() != epoch(size, 3).tobytes()
    fresh = Feed(x, targets, 7, True, ALL).batches(2, 333, 32, 1)[0][0]
    np.testing.assert_array_equal(fresh, whole[333:365, :-3])
    np.testing.assert_array_equal(x, images())


@pytest.mark.parametrize("settings", [ALL, ALL.model_copy(update={"mixup": 0.0})])
def test_the_preview_of_an_epoch_is_what_its_batches_hold(settings):
    x, targets = images(), np.eye(3)[np.arange(600) % 3]
    feed = Feed(x, targets, 7, True, settings)
    feed.batches(2, 300, 50, 2)
    preview = feed.preview(2, 64)
    inputs, answers = Feed(x, targets, 7, True, settings).batches(2, 0, 64, 1)
    np.testing.assert_array_equal(preview.after, inputs[0].reshape(64, 2, 8, 7))
    np.testing.assert_array_equal(preview.before, x[preview.rows])
    np.testing.assert_array_equal(preview.rows, feed.order(2)[:64])
    share = preview.shares[:, None]
    mixed = share * targets[preview.rows] + (1 - share) * targets[preview.partners]
    np.testing.assert_allclose(mixed, answers[0].T, atol=1e-6)
    assert (preview.shares.min() < 1) == bool(settings.mixup)
    assert preview.after.tobytes() != feed.preview(3, 64).after.tobytes()


def test_the_preview_changes_nothing_and_ends_where_the_data_does():
    x, targets = images(), np.eye(3)[np.arange(600) % 3]
    quiet, watched = Feed(x, targets, 7, True, ALL), Feed(x, targets, 7, True, ALL)
    watched.preview(0, 10).after[...] = 0
    for row in range(0, 600, 50):
        watched.preview(0, 10)
        for one, other in zip(quiet.batches(0, row, 50, 1), watched.batches(0, row, 50, 1), strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(Feed(x[:5], targets[:5], 7, True, ALL).preview(0, 64).rows) == 5
    assert Feed(x, targets, 7).preview(0, 64) is None


def test_going_back_replays_augmented_training_bit_for_bit():
    experiment = parse_experiment(
        {
            "data": {"name": "digits", "limit": 300},
            "model": {"name": "cnn", "channels": [4], "hidden": [8]},
            "augmentation": {"shift": 1, "noise": 0.1, "mixup": 0.2},
        }
    )
    trainer = Trainer(experiment)
    trainer.advance(steps=11)
    wanted = trainer.state.copy()
    trainer.advance(steps=9)
    trainer.back(9)
    assert trainer.state.same(wanted)
    again = Trainer(experiment)
    again.advance(steps=11)
    assert again.state.same(wanted)


def test_augmentation_needs_images_and_is_off_by_default():
    assert not Augmentation().active
    with pytest.raises(BadInput, match="augmentation changes images"):
        Trainer(parse_experiment({"data": "iris", "augmentation": {"noise": 0.1}}))
    feed = Feed(images(), np.zeros((600, 1)), 0, True, Augmentation())
    assert feed._augmented is None
