"""What PyTorch and JAX call differently, so that an error can say the name used here.

The names here are NumPy's. Somebody who comes with other habits gets them back in the message of
the AttributeError or TypeError that Python raises anyway; the tables cost nothing until then.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NoReturn

from neural_net_core.foreign_names import ARRAYS, CLASSES, MODULES

__all__ = [
    "ARGUMENTS",
    "ATTRIBUTES",
    "FUNCTIONS",
    "WORDS",
    "explain_arguments",
    "explain_attributes",
    "explain_modules",
    "explain_words",
    "explained",
    "unknown_name",
]

# Keywords.
WORDS: Mapping[str, str] = {
    "dim": "axis",
    "dims": "axis",
    "axes": "axis",
    "keepdim": "keepdims",
    "keep_dims": "keepdims",
    "correction": "ddof",
    "unbiased": "ddof (0 divides by n, 1 by n - 1)",
    "dim0": "axis1",
    "dim1": "axis2",
    "index": "indices",
    "other": "the second argument, by position",
    "input": "x",
    "min": "low",
    "max": "high",
    "a_min": "low",
    "a_max": "high",
    "min_val": "low",
    "max_val": "high",
    "split_size_or_sections": "sections (numbers of pieces, or positions of cuts)",
    "indices_or_sections": "sections",
    "equation": "subscripts",
    "pad_width": "width",
    "constant_values": "value",
    "size": "shape",
    "newshape": "shape",
    "repeats": "reps",
    "diagonal": "k",
    "shifts": "shift",
    "src": "source",
    "stable": "not needed: equal elements always keep their order",
    "sorted": "not needed: the elements come in order",
}

# Arguments of constructors and calls of modules, where they differ from the words above.
ARGUMENTS: Mapping[str, str] = {
    "d_model": "features",
    "embed_dim": "features",
    "nhead": "num_heads",
    "dim_feedforward": "hidden_features",
    "kdim": "key_features",
    "vdim": "value_features",
    "key_dim": "head_features",
    "value_dim": "value_head_features",
    "pre_norm": "norm_first",
    "layer_norm_eps": "eps",
    "epsilon": "eps",
    "encoder_layer": "the layer's options themselves",
    "decoder_layer": "the layer's options themselves",
    "attn_mask": "keep (booleans, True = may be attended to) or bias (numbers)",
    "mask": "keep (booleans, True = may be attended to) or bias (numbers)",
    "src_mask": "keep, in Transformer src_keep (booleans, True = may be attended to), or bias",
    "tgt_mask": "keep, in Transformer tgt_keep (booleans, True = may be attended to), or causal",
    "memory_mask": "memory_keep (booleans, True = may be attended to)",
    "key_padding_mask": "key_keep (booleans, True = a token)",
    "src_key_padding_mask": "key_keep, in Transformer src_key_keep (booleans, True = a token)",
    "tgt_key_padding_mask": "key_keep, in Transformer tgt_key_keep (booleans, True = a token)",
    "memory_key_padding_mask": "memory_key_keep (booleans, True = a token)",
    "is_causal": "causal",
    "tgt_is_causal": "causal, in Transformer tgt_causal; True unless given",
    "src_is_causal": "src_causal",
    "memory_is_causal": "memory_keep (booleans, True = may be attended to)",
    "average_attn_weights": "average_weights",
    "batch_first": "not needed: the batch comes first",
    "max_len": "max_length",
    "units": "out_features, or hidden_size in recurrent layers",
    "filters": "out_channels",
    "strides": "stride",
    "use_bias": "bias",
    "rate": "p",
    "dropout_p": "p",
    "kernel_initializer": "init",
    "recurrent_initializer": "recurrent_init",
    "return_sequences": "not needed: all states are the first result, the last one the second",
    "hx": "state",
    "start_dim": "start_axis",
    "end_dim": "end_axis",
    "unflattened_size": "shape",
    "add_bias_kv": "not there: keys and values are those of the input alone",
    "add_zero_attn": "not there: a query that may attend to nothing gets zeros anyway",
    "enable_nested_tensor": "not needed: padding is said by key_keep",
    "mask_check": "not needed: padding is said by key_keep",
    "recompute_scale_factor": "not there: the size of the output, or the factor, is what is given",
    "last_epoch": "not needed: load_state_dict goes on from a saved step",
    "min_value": "low",
    "max_value": "high",
    "size_average": "reduction",
    "reduce": "reduction",
    "inplace": "not needed: results are new arrays",
    "device": "not needed: arrays are in main memory",
    "sparse": "not needed: gradients are dense",
    "learning_rate": "lr",
    "beta_1": "betas, a pair",
    "beta_2": "betas, a pair",
    "beta1": "betas, a pair",
    "beta2": "betas, a pair",
    "rho": "alpha in RMSprop, rho in Adadelta",
    "decay": "weight_decay, or a schedule",
    "clipnorm": "clip_grad_norm, called before step",
    "clipvalue": "clip_grad_value, called before step",
    "foreach": "not needed: all parameters are updated together",
    "fused": "not needed: all parameters are updated together",
    "capturable": "not needed: there is one device, the processor",
    "differentiable": "not there: an update has no gradient",
    "num_workers": "prefetch=2, the number of batches that a thread makes ahead",
    "persistent_workers": "not needed: batches are made in this process",
    "prefetch_factor": "prefetch, the number of batches that a thread makes ahead",
    "worker_init_fn": "not needed: batches are made in this process",
    "multiprocessing_context": "not needed: batches are made in this process",
    "timeout": "not needed: batches are made in this process",
    "pin_memory": "not needed: there is one device, the processor",
    "generator": "rng",
    "tau": "temperature",
    "collate_fn": "collate",
    "batch_sampler": "sampler, from whose order the batches are cut",
}

# Functions: what to call instead, as a function of `ops` or otherwise.
FUNCTIONS: Mapping[str, str] = {
    "cat": "concatenate",
    "concat": "concatenate",
    "hstack": "concatenate(..., axis=1)",
    "vstack": "concatenate(..., axis=0)",
    "chunk": "split",
    "tensor_split": "split",
    "split_with_sizes": "split (which takes the positions of the cuts)",
    "unbind": "unstack",
    "view": "reshape",
    "view_as": "reshape",
    "reshape_as": "reshape",
    "ravel": "reshape(x, (-1,))",
    "unflatten": "reshape",
    "unsqueeze": "expand_dims",
    "permute": "transpose (the same order of arguments)",
    "movedim": "moveaxis",
    "t": "transpose",
    "swapdims": "swapaxes",
    "expand": "broadcast_to",
    "expand_as": "broadcast_to",
    "repeat": "tile (PyTorch's repeat, copies of the whole) or repeat_interleave (NumPy's)",
    "gather": "take_along_axis (positions of as many axes as x)",
    "take": "getitem, x[indices]",
    "take_along_dim": "take_along_axis",
    "index_select": "getitem, x[..., indices]",
    "select": "getitem, x[..., i]",
    "narrow": "getitem, x[start:stop]",
    "masked_select": "getitem, x[mask]",
    "masked_fill": "where(mask, value, x)",
    "scatter": "put_along_axis",
    "index_copy": "put_along_axis",
    "segment_sum": "index_add",
    "fliplr": "flip(x, axis=1)",
    "flipud": "flip(x, axis=0)",
    "clamp": "clip",
    "clamp_min": "maximum, or clip(x, low=...)",
    "clamp_max": "minimum, or clip(x, high=...)",
    "abs": "absolute",
    "neg": "negative",
    "sgn": "sign",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "true_divide": "divide",
    "pow": "power",
    "square": "power(x, 2)",
    "rsqrt": "power(x, -0.5)",
    "reciprocal": "power(x, -1)",
    "atan2": "arctan2",
    "atan": "arctan2(x, 1)",
    "arctan": "arctan2(x, 1)",
    "rint": "round",
    "cumulative_sum": "cumsum",
    "cumulative_prod": "cumprod",
    "amax": "max",
    "amin": "min",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "ger": "outer",
    "tensordot": "einsum",
    "addmm": "linear, or matmul and add",
    "linalg_norm": "norm",
    "inverse": "neural_net_core.linalg.inv",
    "inv": "neural_net_core.linalg.inv",
    "det": "neural_net_core.linalg.det",
    "logdet": "neural_net_core.linalg.slogdet(x).logabsdet",
    "slogdet": "neural_net_core.linalg.slogdet",
    "cholesky": "neural_net_core.linalg.cholesky",
    "solve": "neural_net_core.linalg.solve",
    "tensor": "Tensor",
    "as_tensor": "neural_net_core.as_tensor",
    "to": "cast",
    "astype": "cast",
    "relu": "neural_net_core.relu",
    "sigmoid": "neural_net_core.sigmoid",
    "tanh": "neural_net_core.tanh",
    "gelu": "neural_net_core.gelu",
    "silu": "neural_net_core.silu",
    "softplus": "neural_net_core.softplus",
}

# Attributes and methods of a tensor that are no functions of `ops` either.
ATTRIBUTES: Mapping[str, str] = {
    "type": "astype(dtype)",
    "to": "astype(dtype); there is one device, the processor",
    "float": "astype('float32')",
    "double": "astype('float64')",
    "half": "nothing: float16 is for files and not for computing",
    "bfloat16": "nothing: bfloat16 is for files and not for computing",
    "type_as": "astype(other.dtype)",
    "element_size": "x.data.itemsize",
    "storage": "x.data",
    "data_ptr": "x.data.ctypes.data",
    "new_zeros": "Tensor(np.zeros(shape, x.dtype))",
    "new_ones": "Tensor(np.ones(shape, x.dtype))",
    "new_tensor": "Tensor(values, x.dtype)",
    "is_cuda": "nothing: there is one device, the processor",
    "int": "astype('int32')",
    "long": "astype('int64')",
    "bool": "astype('bool')",
    "cpu": "nothing: all tensors are in main memory",
    "cuda": "nothing: there is one device, the processor",
    "device": "nothing: there is one device, the processor",
    "clone": "x + 0 with its history, or Tensor(x.numpy().copy()) without",
    "copy": "x + 0 with its history, or Tensor(x.numpy().copy()) without",
    "contiguous": "nothing: every operation takes arrays of any layout",
    "dim": "ndim",
    "numel": "size",
    "nelement": "size",
    "nbytes": "x.data.nbytes",
    "mT": "swapaxes(-1, -2)",
    "H": "T",
    "view": "reshape",
    "permute": "transpose (the same order of arguments)",
    "expand": "broadcast_to",
    "zero_": "x.data[...] = 0 outside the graph",
    "fill_": "x.data[...] = value outside the graph",
    "copy_": "x.data[...] = values outside the graph",
    "add_": "+= (in place for parameters, under no_grad)",
    "sub_": "-= (in place for parameters, under no_grad)",
    "mul_": "*= (in place for parameters, under no_grad)",
    "div_": "/= (in place for parameters, under no_grad)",
    "detach_": "detach()",
    "register_hook": "retain_grad(), or an Op of your own",
    "values": "numpy()",
    "at": "where, or write to x.data outside the graph",
}


class _Elsewhere:
    """An attribute that is not there, and says what to use instead.

    `__getattr__` would do the same in fewer lines, but a class that has one loses the interpreter's
    fast access to all its attributes: 20 % of a small network's training step.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        kind = owner.__name__
        raise AttributeError(f"{kind} has no attribute {self.name!r}: {self.text}", name=self.name)


def explain_attributes(owner: type, functions: list[str]) -> None:
    """Let a class say of attributes that it has not what they are called here.

    Args:
        owner: The class, `Tensor`.
        functions: The names of `neural_net_core.ops`, many of which are no methods.
    """
    texts = {name: f"it is a function, neural_net_core.ops.{name}(x)" for name in functions}
    for name, ours in FUNCTIONS.items():
        method = hasattr(owner, ours.partition("(")[0].split(" ")[0])
        dotted = ours.startswith("neural_net_core.")
        texts[name] = f"here it is {ours if method or dotted else f'neural_net_core.ops.{ours}'}"
    texts |= {name: f"here it is {ours}" for name, ours in {**ARRAYS, **ATTRIBUTES}.items()}
    _explain(owner, texts)


def explain_modules(owner: type) -> None:
    """Let the base class of modules say what methods of theirs are called here.

    Args:
        owner: The class, `Module`.
    """
    _explain(owner, {name: f"here it is {ours}" for name, ours in MODULES.items()})


def _explain(owner: type, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if not hasattr(owner, name):
            attribute = _Elsewhere(text)
            attribute.__set_name__(owner, name)
            setattr(owner, name, attribute)


def unknown_name(module: str, name: str) -> NoReturn:
    """Raise the error for a name that a module has not; its `__getattr__` calls this.

    Args:
        module: The module's name.
        name: The name asked for.
    """
    text = f"module {module!r} has no attribute {name!r}"
    core = sys.modules["neural_net_core"]
    ours = None
    if not module.endswith(".ops"):
        ours = CLASSES.get(name)
        if ours is None and name in core.__all__:
            ours = f"neural_net_core.{name}"
        elif ours is None and name in core.ops.__all__:
            ours = f"neural_net_core.ops.{name}"
        elif ours is None and name in core.linalg.__all__:
            ours = f"neural_net_core.linalg.{name}"
    if ours is None:
        ours = FUNCTIONS.get(name, ARRAYS.get(name))
    raise AttributeError(f"{text}: here it is {ours}" if ours else text, name=name)


def explain_words(owner: ModuleType | type, *arguments: str) -> None:
    """Let functions say, when they are called with a foreign keyword, what it is called here.

    Args:
        owner: A module or a class; functions are wrapped in its namespace.
        *arguments: Those that have one of these arguments are, or one of these names.
    """
    for name, fn in list(vars(owner).items()):
        if not inspect.isfunction(fn) or name.startswith("_"):
            continue
        if not {name, *inspect.signature(fn).parameters}.isdisjoint(arguments):
            setattr(owner, name, _explaining(fn))


def explain_arguments(owner: ModuleType) -> None:
    """Let the modules of a package say what an argument of another name is called here.

    Constructors are wrapped; the calls of modules say it by themselves.

    Args:
        owner: The package, which has the classes in its namespace.
    """
    for cls in list(vars(owner).values()):
        if inspect.isclass(cls) and hasattr(cls, "state_dict"):  # a module, not an Op
            maker = next(base for base in cls.__mro__ if "__init__" in vars(base))
            init = vars(maker)["__init__"]
            if inspect.isfunction(init) and not hasattr(init, "__wrapped__"):
                setattr(maker, "__init__", _explaining(init))  # noqa: B010 (mypy minds the dot)


def explained(where: str, fn: Callable[..., Any], words: Iterable[str]) -> str | None:
    """Return what to say of the first argument that is called otherwise here, or None.

    Args:
        where: How the message calls what was called.
        fn: What was called.
        words: The names of the arguments that came.
    """
    known = inspect.signature(fn).parameters
    for word in words:
        here = ARGUMENTS.get(word, WORDS.get(word))
        if word not in known and here is not None:
            if here.isidentifier() and here not in known:
                own = ", ".join(name for name in known if name != "self")
                return f"{where}: unknown argument {word!r}: it takes {own or 'none'}"
            return f"{where}: unknown argument {word!r}: here it is {here}"
    return None


def _explaining(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except TypeError:
            where = type(args[0]).__name__ if fn.__name__ == "__init__" else fn.__qualname__
            text = explained(where, fn, kwargs)
            if text is None:
                raise
            raise TypeError(text) from None

    return call
