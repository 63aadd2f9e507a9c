"""JAX: one jitted function a step, the gather in it, called from a Python loop."""

import jax
import numpy as np
from jax import numpy as jnp

from bench.cases import CONVOLUTIONS, Case, batches, rows
from bench.child import Round, repeat

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def start(case: Case, random: np.random.Generator) -> list[dict[str, jax.Array]]:
    """Parameters of every layer; an empty dictionary for a layer without any."""
    params = []
    shape = case.shape
    for name, size in case.layers:
        own = {}
        if name == "dense" or name in CONVOLUTIONS:
            kernel, stride, _ = CONVOLUTIONS.get(name, (1, 1, 0))
            fan = (shape[0],) if name == "dense" else (shape[0], kernel, kernel)
            weight = random.standard_normal((size, *fan)) / np.sqrt(np.prod(fan))
            own = {"weight": jnp.asarray(weight, jnp.float32), "bias": jnp.zeros((size,) + (1,) * (len(fan) - 1))}
            shape = (size, *(-(-length // stride) for length in shape[1:]))
        elif name == "batch_norm":
            own = {"weight": jnp.ones((shape[0], 1, 1)), "bias": jnp.zeros((shape[0], 1, 1))}
        elif name == "pool":
            shape = (shape[0], shape[1] // size, shape[2] // size)
        elif name == "flatten":
            shape = (int(np.prod(shape)),)
        params.append(own)
    return params


def forward(case: Case, params: list[dict[str, jax.Array]], x: jax.Array) -> jax.Array:
    for (name, size), own in zip(case.layers, params, strict=True):
        if name == "dense":
            x = x @ own["weight"].T + own["bias"]
        elif name in CONVOLUTIONS:
            _, stride, padding = CONVOLUTIONS[name]
            x = jax.lax.conv_general_dilated(x, own["weight"], (stride, stride), [(padding, padding)] * 2) + own["bias"]
        elif name == "batch_norm":
            mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
            x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * own["weight"] + own["bias"]
        elif name == "pool":
            window = (1, 1, size, size)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
        else:
            x = x.reshape(len(x), -1) if name == "flatten" else ACTIVATIONS[name](x)
    return x


def build(case: Case, variant: str) -> tuple[str, Round]:
    random = np.random.default_rng(0)
    x, y = map(jnp.asarray, rows(case))
    params = start(case, random)
    zeros = jax.tree.map(jnp.zeros_like, params)
    order = batches(case, len(x), random)

    def loss_of(params, x, y):  # type: ignore[no-untyped-def]
        out = forward(case, params, x)
        if case.classes == 1:
            return 0.5 * ((out - y) ** 2).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1).mean()

    @jax.jit
    def update(params, m, v, t, x, y, index):  # type: ignore[no-untyped-def]
        loss, g = jax.value_and_grad(loss_of)(params, x[index], y[index])
        if case.optimizer == "adam":
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            a, b = 1 - 0.9**t, 1 - 0.999**t
            g = jax.tree.map(lambda m, v: m / a / (jnp.sqrt(v / b) + 1e-8), m, v)
        elif case.optimizer == "momentum":
            g = m = jax.tree.map(lambda m, g: 0.9 * m + g, m, g)
        return jax.tree.map(lambda p, g: p - case.lr * g, params, g), m, v, t + 1, loss

    @jax.jit
    def measure(params, x, y):  # type: ignore[no-untyped-def]
        return loss_of(params, x, y), (forward(case, params, x).argmax(1) == y).mean()

    state = (params, zeros, zeros, jnp.float32(1))
    losses = []

    def step() -> None:
        nonlocal state
        *state, loss = update(*state, x, y, next(order))
        losses.append(loss.block_until_ready())

    def evaluate() -> tuple[float, float]:
        loss, accuracy = measure(params, x, y)
        return float(loss), float(accuracy)

    return f"JAX {jax.__version__}", repeat(evaluate if case.kind == "evaluate" else step)
