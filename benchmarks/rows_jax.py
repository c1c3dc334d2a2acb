"""The steps of `rows.py` in JAX, each one function compiled as a whole, with optax's optimizers.

Written as a user of JAX would: images channels last, recurrences as a scan, and data handed over
as arguments, because the compiler would compute in advance what depends on constants alone.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

OPTIMIZERS = {"SGD": optax.sgd, "Adam": optax.adam, "AdamW": optax.adamw}
RNG = np.random.default_rng(0)


def train(loss: Callable, params, optimizer: tuple[str, dict], *data) -> Callable:
    """Return a step that updates the parameters and waits until that is done."""
    name, settings = optimizer
    rule = OPTIMIZERS[name](settings["lr"])
    held = [params, rule.init(params)]
    data = [jnp.asarray(x) for x in data]

    @partial(jax.jit, donate_argnums=(0, 1))  # the new ones take the old ones' place
    def update(params, state, *data):
        value, gradients = jax.value_and_grad(loss)(params, *data)
        updates, state = rule.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, value

    def step():
        held[0], held[1], _ = update(*held, *data)
        return jax.block_until_ready(held)

    return step


def normal(*shape):
    """Draw weights; their values do not matter here, only that nothing overflows."""
    return jnp.asarray(RNG.normal(size=shape, scale=shape[0] ** -0.5).astype(np.float32))


def linear(inputs, outputs, bias=True):
    return {"w": normal(inputs, outputs)} | ({"b": jnp.zeros(outputs)} if bias else {})


def norm(features):
    return {"scale": jnp.ones(features), "shift": jnp.zeros(features)}


def apply(layer, x):
    y = x @ layer["w"]
    return y + layer["b"] if "b" in layer else y


def cross_entropy(scores, targets):
    return optax.softmax_cross_entropy_with_integer_labels(scores, targets).mean()


def squared_error(y, targets):
    return jnp.square(y - targets).mean()


# ---- dense layers


def dense(sizes, data, optimizer, loss, activation):
    activation = {"ReLU": jax.nn.relu, "Sigmoid": jax.nn.sigmoid}[activation]
    measure = {"CrossEntropyLoss": cross_entropy, "MSELoss": squared_error}[loss]

    def value(layers, x, y):
        for layer in layers[:-1]:
            x = activation(apply(layer, x))
        return measure(apply(layers[-1], x), y)

    return train(value, [linear(m, n) for m, n in pairwise(sizes)], optimizer, *data)


# ---- convolution


def conv(image, kernel):
    return lax.conv_general_dilated(
        image, kernel["w"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def convolution(taps, inputs, outputs):
    w = normal(taps * taps * inputs, outputs).reshape(taps, taps, inputs, outputs)
    return {"w": w, "b": jnp.zeros(outputs)}


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cnn(size, taps, images, labels):
    def value(params, x, y):
        first, second, last = params
        x = max_pool(jax.nn.relu(conv(x, first) + first["b"]))
        x = max_pool(jax.nn.relu(conv(x, second) + second["b"]))
        return cross_entropy(apply(last, x.reshape(len(x), -1)), y)

    params = [
        convolution(taps, 1, 16),
        convolution(taps, 16, 32),
        linear(32 * (size // 4) ** 2, 10),
    ]
    return train(value, params, ("SGD", {"lr": 0.01}), images.transpose(0, 2, 3, 1), labels)


def wide_cnn(images, labels):
    """With batch normalization, whose running averages are updated as well."""
    rule = optax.sgd(0.01)
    params = {
        "convolutions": [convolution(3, 32, 64), convolution(3, 64, 64)],
        "norms": [norm(64), norm(64)],
        "last": linear(64, 10),
    }
    averages = [{"mean": jnp.zeros(64), "variance": jnp.ones(64)} for _ in range(2)]
    held = [params, rule.init(params), averages]
    data = jnp.asarray(images.transpose(0, 2, 3, 1)), jnp.asarray(labels)

    def normalize(layer, average, x):
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        seen = {"mean": mean, "variance": variance}
        new = jax.tree.map(lambda old, now: 0.9 * old + 0.1 * now, average, seen)
        return (x - mean) * lax.rsqrt(variance + 1e-5) * layer["scale"] + layer["shift"], new

    def value(params, averages, x, y):
        new = []
        parts = zip(params["convolutions"], params["norms"], averages, strict=True)
        for layer, scaling, average in parts:
            x, updated = normalize(scaling, average, conv(x, layer) + layer["b"])
            x = jax.nn.relu(x)
            new.append(updated)
        return cross_entropy(apply(params["last"], x.mean((1, 2))), y), new

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(params, state, averages, x, y):
        gradients, averages = jax.grad(value, has_aux=True)(params, averages, x, y)
        updates, state = rule.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, averages

    def step():
        held[:] = update(*held, *data)
        return jax.block_until_ready(held)

    return step


# ---- attention


def layer_norm(layer, x):
    centred = x - x.mean(-1, keepdims=True)
    variance = jnp.square(centred).mean(-1, keepdims=True)
    return centred * lax.rsqrt(variance + 1e-5) * layer["scale"] + layer["shift"]


def transformer(features, heads, depth, vocabulary, ids, targets):
    batch, time = ids.shape

    def block():
        return {
            "norm1": norm(features), "packed": linear(features, 3 * features),
            "out": linear(features, features), "norm2": norm(features),
            "up": linear(features, 4 * features), "down": linear(4 * features, features),
        }  # fmt: skip

    params = {
        "tokens": normal(vocabulary, features),
        "positions": jnp.zeros((time, features)),
        "blocks": [block() for _ in range(depth)],
        "norm": norm(features),
        "head": linear(features, vocabulary, bias=False),
    }

    def value(params, ids, targets):
        x = params["tokens"][ids] + params["positions"]
        for layer in params["blocks"]:
            packed = apply(layer["packed"], layer_norm(layer["norm1"], x))
            q, k, v = (
                part.reshape(batch, time, heads, features // heads)
                for part in jnp.split(packed, 3, -1)
            )
            y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
            x = x + apply(layer["out"], y.reshape(x.shape))
            hidden = apply(layer["up"], layer_norm(layer["norm2"], x))
            x = x + apply(layer["down"], jax.nn.gelu(hidden, approximate=False))
        return cross_entropy(apply(params["head"], layer_norm(params["norm"], x)), targets)

    return train(value, params, ("AdamW", {"lr": 3e-4}), ids, targets)


def attention(*arrays):
    """Take arrays (B, heads, T, D), forward and backward."""
    q, k, v, dy = (jnp.asarray(x.transpose(0, 2, 1, 3)) for x in arrays)

    @jax.jit
    def both(q, k, v, dy):
        def forward(q, k, v):
            return jax.nn.dot_product_attention(q, k, v, is_causal=True)

        y, back = jax.vjp(forward, q, k, v)
        return y, back(dy)

    return lambda: jax.block_until_ready(both(q, k, v, dy))


# ---- embeddings, recurrence, an optimizer alone


def skip_gram(vocabulary, features, optimizer, centers, others, labels):
    def value(params, centers, others, labels):
        scores = jnp.einsum("bnd,bd->bn", params["contexts"][others], params["words"][centers])
        return optax.sigmoid_binary_cross_entropy(scores, labels).mean()

    params = {"words": normal(vocabulary, features), "contexts": normal(vocabulary, features)}
    return train(value, params, optimizer, centers, others, labels)


def recurrent(kind, width, x, y):
    gates = {"VanillaRNN": 1, "LSTM": 4, "GRU": 3}[kind]

    def rnn(state, of_x, params):
        h = jnp.tanh(of_x + apply(params["recurrent"], state))
        return h, h

    def lstm(state, of_x, params):
        h, c = state
        i, f, g, o = jnp.split(of_x + apply(params["recurrent"], h), 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def gru(state, of_x, params):
        xr, xz, xn = jnp.split(of_x, 3, -1)
        hr, hz, hn = jnp.split(apply(params["recurrent"], state), 3, -1)
        z = jax.nn.sigmoid(xz + hz)
        n = jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * hn)
        h = (1 - z) * n + z * state
        return h, h

    cell = {"VanillaRNN": rnn, "LSTM": lstm, "GRU": gru}[kind]

    def value(params, x, y):
        of_x = apply(params["inputs"], x).swapaxes(0, 1)  # all steps at once
        zeros = jnp.zeros((len(x), width))
        start = (zeros, zeros) if kind == "LSTM" else zeros
        _, states = lax.scan(lambda state, z: cell(state, z, params), start, of_x)
        return squared_error(apply(params["last"], states[-1]), y)

    params = {
        "inputs": linear(width, gates * width),
        "recurrent": linear(width, gates * width),
        "last": linear(width, 1),
    }
    return train(value, params, ("Adam", {"lr": 1e-3}), x, y)


def adam(tensors, size):
    rule = optax.adam(1e-3)
    params = [jnp.ones(size) for _ in range(tensors)]
    gradients = [jnp.full(size, 0.1) for _ in range(tensors)]
    held = [params, rule.init(params)]

    @partial(jax.jit, donate_argnums=(0, 1))
    def update(params, state, gradients):
        updates, state = rule.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    def step():
        held[:] = update(*held, gradients)
        return jax.block_until_ready(held)

    return step
