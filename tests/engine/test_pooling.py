"""Pooling, upsampling and spatial dropout against PyTorch and plain loops, with ties and odd sizes."""

import numpy as np
import pytest

from engine import BadInput, Layer
from engine.layers import Scratch, Site
from engine.layers.dropout import Dropout2d
from engine.layers.pooling import AvgPool2d, GlobalAvgPool, MaxPool2d
from engine.layers.upsample import PadChannels, Upsample
from engine.plan import Plan

SHAPES = [(1, 6, 6, 1), (3, 7, 8, 2), (2, 28, 28, 3), (5, 9, 12, 300), (2, 12, 12, 2000)]
WINDOWS = [(2, 0, 0), (3, 2, 1), (3, 1, 1), (2, 1, 0), (3, 3, 0), (2, 3, 0), (1, 1, 0), (1, 2, 0), (4, 2, 2), (5, 4, 2)]


def run(layer, x, dy, training=True, clock=0):
    """y and dx, batch first."""
    inner = np.ascontiguousarray(np.moveaxis(x, 0, -1))
    slopes = np.ascontiguousarray(np.moveaxis(dy, 0, -1))
    y, dx = np.full_like(slopes, np.nan), np.full_like(inner, np.nan)
    at = Site(
        node="n", dtype=x.dtype, training=training, xs=(inner,), ones=(inner,), y=y, dxs=(dx,), dy=slopes, weights={},
        grads={}, buffers={}, block=y, dblock=y, clock=np.asarray(clock), seed=3, pool=Scratch(),
    )  # fmt: skip
    forward, backward = Plan(x.dtype), Plan(x.dtype)
    layer.forward(forward, at)
    if training:
        at.pool.release()
        layer.backward(backward, at)
    for _ in range(2):
        forward.run()
        backward.run()
    np.testing.assert_array_equal(slopes, np.moveaxis(dy, 0, -1))
    return np.moveaxis(y, -1, 0), np.moveaxis(dx, -1, 0)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_max_pooling_is_pytorchs_to_the_bit_with_its_choice_among_equals(shape, window, ties):
    torch = pytest.importorskip("torch")
    channels, height, width, batch = shape
    kernel, stride, padding = window
    random = np.random.default_rng(1)
    size = (batch, channels, height, width)
    x = random.integers(0, 3, size).astype(float) if ties else random.standard_normal(size)
    tensor = torch.tensor(x, requires_grad=True)
    wanted = torch.nn.functional.max_pool2d(tensor, kernel, stride or kernel, padding)
    dy = random.standard_normal(wanted.shape)
    wanted.backward(torch.tensor(dy))
    y, dx = run(MaxPool2d(kernel=kernel, stride=stride, padding=padding), x, dy)
    np.testing.assert_array_equal(y, wanted.detach().numpy())
    np.testing.assert_allclose(dx, tensor.grad.numpy(), atol=1e-12)


def test_the_first_of_equal_pixels_wins_row_by_row():
    x = np.array([[[[1.0, 2, 2, 5], [2, 2, 5, 5]]]])
    _, dx = run(MaxPool2d(), x, np.array([[[[7.0, 9]]]]))
    np.testing.assert_array_equal(dx, [[[[0, 7, 0, 9], [0, 0, 0, 0]]]])


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shape", SHAPES[:4])
def test_average_pooling_is_pytorchs(shape, window):
    torch = pytest.importorskip("torch")
    channels, height, width, batch = shape
    kernel, stride, padding = window
    random = np.random.default_rng(2)
    x = random.standard_normal((batch, channels, height, width))
    tensor = torch.tensor(x, requires_grad=True)
    wanted = torch.nn.functional.avg_pool2d(tensor, kernel, stride or kernel, padding)
    dy = random.standard_normal(wanted.shape)
    wanted.backward(torch.tensor(dy))
    y, dx = run(AvgPool2d(kernel=kernel, stride=stride, padding=padding), x, dy)
    np.testing.assert_allclose(y, wanted.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(dx, tensor.grad.numpy(), atol=1e-12)


def test_global_average_pooling_upsampling_and_empty_channels():
    random = np.random.default_rng(3)
    x = random.standard_normal((4, 3, 5, 2))
    dy = random.standard_normal((4, 3))
    y, dx = run(GlobalAvgPool(), x, dy)
    np.testing.assert_allclose(y, x.mean(axis=(2, 3)))
    np.testing.assert_allclose(dx, np.broadcast_to(dy[:, :, None, None] / 10, x.shape))
    dy = random.standard_normal((4, 3, 15, 6))
    y, dx = run(Upsample(factor=3), x, dy)
    np.testing.assert_array_equal(y, x.repeat(3, axis=2).repeat(3, axis=3))
    np.testing.assert_allclose(dx[2, 1, 4, 1], dy[2, 1, 12:15, 3:6].sum())
    dy = random.standard_normal((4, 7, 5, 2))
    y, dx = run(PadChannels(channels=7), x, dy)
    np.testing.assert_array_equal(y[:, :3], x)
    assert not y[:, 3:].any()
    np.testing.assert_array_equal(dx, dy[:, :3])


def test_spatial_dropout_leaves_out_whole_channels_of_a_sample():
    x = np.ones((50, 40, 3, 3))
    y, dx = run(Dropout2d(rate=0.25), x, x, clock=5)
    kept = y[:, :, 0, 0] > 0
    np.testing.assert_array_equal(y, np.broadcast_to(kept[:, :, None, None] / 0.75, y.shape))
    np.testing.assert_array_equal(dx, y)
    assert abs(kept.mean() - 0.75) < 0.05
    assert 0 < kept[0].sum() < 40
    y, _ = run(Dropout2d(rate=0.25), x, x, training=False)
    np.testing.assert_array_equal(y, x)


def test_padding_beyond_half_the_kernel_is_refused():
    with pytest.raises(BadInput, match="padding is 2: must be at most 1, half the kernel of 3"):
        Layer.parse({"type": "max_pool2d", "kernel": 3, "padding": 2})
