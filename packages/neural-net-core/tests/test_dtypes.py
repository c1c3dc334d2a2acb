"""The dtype policy: float32 by default, and never a silent float64."""

import numpy as np
import pytest

import neural_net_core
from neural_net_core import DTypeError, Tensor, default_dtype, get_default_dtype, ops
from neural_net_core.dtypes import as_array


def test_floating_data_become_float32():
    for data in (1.5, [1.5], np.array([1.5]), np.float64(1.5), np.array([1.5], np.float16)):
        assert Tensor(data).dtype == np.float32


def test_integers_and_booleans_pass_as_they_are():
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor(np.array([1], np.uint8)).dtype == np.uint8
    assert Tensor([True]).dtype == np.bool_


def test_the_default_is_set_inside_a_block_and_put_back_after_an_error():
    def fail():
        with default_dtype(np.float64):
            assert Tensor([1.5]).dtype == np.float64 == get_default_dtype()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert get_default_dtype() == np.float32


def test_a_default_that_is_not_floating_is_refused():
    with pytest.raises(DTypeError, match="int64"), default_dtype(np.int64):
        pass


@pytest.mark.parametrize("data", ["text", [object()], [None], np.array([1 + 2j])])
def test_what_is_not_a_number_is_refused(data):
    with pytest.raises(DTypeError, match="expected numbers"):
        Tensor(data)


def test_no_copy_where_none_is_needed():
    array = np.zeros(3, np.float32)
    assert as_array(array) is array


@pytest.mark.parametrize(
    "other",
    [2, 2.0, True, np.float64(2), np.sqrt(2), np.int64(2), np.ones(3), np.arange(3), [1.0, 2, 3]],
    ids=repr,
)
def test_float32_stays_float32_whatever_stands_beside_it(other):
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    for y in (x + other, other + x, x * other, other * x, x - other, other - x, x / 2, 2 / x):
        assert y.dtype == np.float32
        assert y.requires_grad
    assert (x**2).dtype == (x**0.5).dtype == (x ** np.float64(2)).dtype == np.float32


def test_an_integer_tensor_takes_the_dtype_of_the_floating_one():
    y = Tensor([1, 2]) * Tensor([0.5, 0.5])
    assert y.dtype == np.float32
    assert (Tensor([1, 2]) * 0.5).dtype == np.float32
    assert (Tensor([1, 2]) * 2).dtype == np.int64


# Functions that make no Tensor of numbers.
OTHERS = {
    "as_tensor", "convert_state", "default_dtype", "default_rng", "detach", "enable_grad",
    "fast_form_of", "functional_call", "get_default_dtype", "grad", "init", "is_grad_enabled",
    "keep_freed_memory", "linalg", "load_checkpoint", "load_tensor_metadata", "load_tensor_shapes",
    "load_tensors", "no_grad", "no_init", "ops", "recompute", "save_checkpoint", "save_tensors",
    "seed", "textbook", "trace", "vector_to_parameters",
}  # fmt: skip
# What they are called with where numbers will not do.
ARGUMENTS = {
    "cosine_embedding_loss": lambda x: [(x.reshape(1, -1), x.reshape(1, -1), [1])],
    "einsum": lambda x: [("...->", x), ("...,...->...", x, x)],
    "cast": lambda x: [(x, np.float32)],
    "take_along_axis": lambda x: [(x, np.zeros((1,) * x.ndim, int), 0)],
    **{
        name: lambda x: [
            (x, np.zeros((1,) * x.ndim, int), 1.0, 0),
            (x, np.zeros((1,) * x.ndim, int), np.ones((1,) * x.ndim), -1),
            (np.ones((3, *x.shape)), np.zeros((1,) * (1 + x.ndim), int), x, 0),
        ]
        for name in ("put_along_axis", "scatter_add")
    },
    "index_add": lambda x: (
        [
            (x, range(len(x.data)), np.ones(x.shape)),
            (np.ones(x.shape), np.zeros(len(x.data), int), x, 0),
        ]
        if x.ndim
        else []
    ),
    "ctc_loss": lambda x: [
        (ops.reshape(x, (-1, 1)), np.zeros(0, int), x.size, 0),
        (ops.stack([ops.reshape(x, (-1,))] * 2, -1), [1], x.size, 1),
    ],
    "reshape": lambda x: [(x, (-1,))],
    "linear": lambda x: [(x, np.ones((2, *x.shape[-1:]))), (x, np.ones((1, *x.shape[-1:])), [1.0])],
    "concatenate": lambda x: [([x, x], 0), ([x, np.ones(x.shape)], 0)],
    "stack": lambda x: [([x, x], 0), ([x, np.ones(x.shape)], 0)],
    "where": lambda x: [
        (x.data > 0, x, 0.0),
        (x.data > 0, 1, x),
        (x.data > 0, x, np.ones(x.shape)),
    ],
}
EDGES = [
    np.array(values, np.float32)
    for values in (
        *([[v] for v in (np.inf, -np.inf, np.nan, 0.0)]),
        *(np.inf, np.nan, 0.5, [], np.ones((0, 3))),
        [np.inf, -np.inf, np.nan, 0.0, 1.0, -1.0, 1e38, -1e38, 1e-45],
        *(np.full((2, 3), v) for v in (np.inf, -np.inf, np.nan, 0.0)),
    )
]
FUNCTIONS = {
    name: getattr(module, name)
    for module in (neural_net_core, ops)
    for name in module.__all__
    if name.islower() and name not in OTHERS
}


def calls_of(name, x):
    """Yield arguments of a function of one, two or three; not all of them will do."""
    if name in ARGUMENTS:
        yield from ARGUMENTS[name](x)
        return
    ones = np.ones(x.shape)
    beside = (x, 1.0, 1, 0, np.float64(1), ones, ones * 0, ones.astype(int), Tensor(ones))
    yield (x,)
    yield from ((x, other) for other in beside)
    yield from ((x, other, other) for other in beside)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_float32_gives_float32_whatever_the_numbers_are(name):
    """Infinity, NaN, nothing and no axes lead to branches of their own."""
    came = 0
    for edge in EDGES:
        for reduction in ({}, {"reduction": "sum"}, {"reduction": "none"}):
            x = Tensor(edge.copy(), requires_grad=True)
            for args in calls_of(name, x):
                try:
                    results = FUNCTIONS[name](*args, **reduction)
                except (TypeError, ValueError):
                    continue
                for y in results if isinstance(results, tuple) else (results,):
                    assert y.dtype == np.float32 or y.dtype.kind in "iub", (edge, args)
                    if y.requires_grad:
                        y.backward(np.ones(y.shape, np.float32), retain_graph=True)
                    assert x.grad is None or x.grad.dtype == np.float32, (edge, args)
                    came += 1
    assert came
