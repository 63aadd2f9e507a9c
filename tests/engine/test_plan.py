"""Products cut into pieces against a plain matmul, and what a plan does with its arguments."""

import numpy as np
import pytest

from engine.plan import Plan, product

SHAPES = [
    (1, 1, 1), (3, 4, 5), (1, 785, 10), (10, 1, 7), (128, 785, 32), (65, 129, 64), (64, 33, 128),
    (785, 64, 128), (785, 500, 64), (129, 500, 785), (1000, 100, 33), (997, 257, 31), (301, 211, 113), (2049, 17, 65),
    (44, 785, 128), (100, 785, 126), (8, 4000, 200), (392, 2000, 128),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", ["none", "a", "b"])
@pytest.mark.parametrize("spare", [False, True])
def test_product_is_a_matmul(shape, dtype, turned, spare):
    rows, inner, columns = shape
    draw = np.random.default_rng(sum(shape))
    a, b = draw.normal(size=(rows, inner)).astype(dtype), draw.normal(size=(inner, columns)).astype(dtype)
    if turned == "a":
        a = np.ascontiguousarray(a.T).T
    elif turned == "b":
        b = np.ascontiguousarray(b.T).T
    out = np.full((rows, columns), np.nan, dtype)
    before = a.tobytes(), b.tobytes()
    do = Plan(dtype)
    product(do, a, b, out, spare=np.empty((inner, columns), dtype) if spare else None)
    do.run()
    expected = a.astype(np.float64) @ b.astype(np.float64)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(out, expected, rtol=0, atol=tolerance * 5 * np.sqrt(inner))
    assert (a.tobytes(), b.tobytes()) == before
    first = out.tobytes()
    do.run()
    assert out.tobytes() == first


def test_some_of_these_shapes_are_cut():
    cut = 0
    for rows, inner, columns in SHAPES:
        do = Plan(np.float32)
        a, b = np.zeros((rows, inner), np.float32), np.zeros((inner, columns), np.float32)
        product(do, a, b, np.zeros((rows, columns), np.float32))
        cut += any(function is np.matmul for function, _ in do.calls)
    assert 2 <= cut < len(SHAPES)


def test_numbers_take_the_plan_s_type_and_calls_keep_their_order_and_label():
    do = Plan(np.float32)
    x, y = np.array([1, -2, 3], np.float32), np.zeros(3, np.float32)
    do.label = "here"
    do(np.multiply, x, 0.1, y)
    do.label = "there"
    do(np.maximum, y, 0.0, y)
    do.run()
    assert y.tolist() == [np.float32(0.1), 0.0, np.float32(3) * np.float32(0.1)]
    assert do.labels == ["here", "there"]
    x[:] = [-1, 10, 0]
    do.run()
    assert y.tolist() == [0.0, 1.0, 0.0]
