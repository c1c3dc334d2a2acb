"""One error for everything in a state dict that does not fit, short enough to be read.

A checkpoint of a language model has hundreds of names. Where none of them fits, it is usually one
prefix that differs, and the report says which:

    Network: the state dict does not fit:
      missing 0.weight (4, 3), 0.bias (4,)
      unexpected model.0.weight (4, 3), model.0.bias (4,)
      all missing keys are there with 'model.' before them: load
      {k.removeprefix('model.'): v for k, v in state.items()}
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neural_net_core.errors import StateDictError

__all__ = ["as_mapping", "shortened", "state_dict_error"]

SHOWN = 5

# So many pairs of prefixes are tried, the most likely first.
CANDIDATES = 20


def as_mapping(owner: str, state: Any) -> dict[Any, Any]:
    """Return a state dict as a dict, read once.

    Args:
        owner: Whose state it shall become, for the error.
        state: What was given.

    Raises:
        StateDictError: If it is no mapping; the message says what to do about it.
    """
    if isinstance(state, Mapping):
        return dict(state.items())
    hint = ""
    if isinstance(state, str | bytes) or hasattr(state, "__fspath__"):
        hint = "; load_tensors(path) and load_checkpoint(path) read files"
    elif hasattr(state, "state_dict"):
        hint = "; give its state_dict()"
    elif isinstance(getattr(state, "model", None), Mapping):
        hint = "; give its model"
    raise StateDictError(
        f"{owner}: expected a state dict, a mapping of names to values, got "
        f"{type(state).__name__} {state!r:.60}{hint}"
    )


def state_dict_error(
    owner: str,
    *,
    missing: Mapping[str, str] | Iterable[str] = (),
    unexpected: Mapping[Any, str] | Iterable[Any] = (),
    unfit: Sequence[str] = (),
    mapping: str = "state",
) -> StateDictError:
    """Return the error that reports what does not fit, grouped and counted.

    Args:
        owner: Whose state it should become, such as the name of the class.
        missing: Keys that the owner has and the state has not; as a mapping, with what to say
            of each, such as its shape.
        unexpected: Keys that the state has and the owner has not, likewise.
        unfit: Sentences on keys that both have, such as "w: expected shape (2,), got (3,)".
        mapping: What the keys are of, in the line that says how to rename them.

    Examples:
        >>> print(state_dict_error("Net", missing=["a.w"], unexpected=["m.a.w"], unfit=["b: bad"]))
        Net: the state dict does not fit:
          missing a.w
          unexpected m.a.w
          b: bad
          all missing keys are there with 'm.' before them: load
          {k.removeprefix('m.'): v for k, v in state.items()}
    """
    lines = [f"{owner}: the state dict does not fit:"]
    for keys, what in ((missing, "missing"), (unexpected, "unexpected")):
        if texts := _texts(keys):
            lines.append(f"{what} {shortened(texts)}{_total(texts)}")
    if unfit:
        lines.append(f"{shortened(unfit, '; ')}{_total(unfit)}")
    lines += _prefix_hint([*missing], [k for k in unexpected if isinstance(k, str)], mapping)
    return StateDictError("\n  ".join(lines))


def shortened(texts: Sequence[str], separator: str = ", ") -> str:
    """Join the first few texts and count the rest.

    Examples:
        >>> shortened([f"w{i}" for i in range(200)])
        'w0, w1, w2, w3, w4, and 195 more'
    """
    # Six are as long as five and a remark.
    shown = texts if len(texts) <= SHOWN + 1 else [*texts[:SHOWN], f"and {len(texts) - SHOWN} more"]
    return separator.join(text if len(text) <= 200 else text[:197] + "..." for text in shown)


def _total(texts: Sequence[str]) -> str:
    return f" ({len(texts)} in all)" if len(texts) > SHOWN + 1 else ""


def _texts(keys: Mapping[Any, str] | Iterable[Any]) -> list[str]:
    said = keys if isinstance(keys, Mapping) else dict.fromkeys(keys, "")
    return [f"{key if isinstance(key, str) else repr(key)} {said[key]}".strip() for key in said]


def _prefix_hint(missing: list[str], unexpected: list[str], mapping: str) -> list[str]:
    """Say how to rename, if all missing keys are among the unexpected ones by another prefix."""
    there = set(unexpected)
    for own, theirs in _prefixes(missing, unexpected):
        renamed = {theirs + key.removeprefix(own) for key in missing if key.startswith(own)}
        if len(renamed) == len(missing) and renamed <= there:
            break
    else:
        return []
    if not own:
        what, how = f"with {theirs!r} before them", f"k.removeprefix({theirs!r})"
    elif not theirs:
        what, how = f"without {own!r}", f"{own!r} + k"
    else:
        what, how = (
            f"with {theirs!r} in place of {own!r}",
            f"{own!r} + k.removeprefix({theirs!r})",
        )
    among = "" if len(unexpected) == len(missing) else f" if k.startswith({theirs!r})"
    rename = f"{{{how}: v for k, v in {mapping}.items(){among if theirs else ''}}}"
    return [f"all missing keys are there {what}: load", rename]


def _prefixes(missing: list[str], unexpected: list[str]) -> Iterable[tuple[str, str]]:
    """Yield pairs of prefixes by which the first missing key becomes an unexpected one."""
    parts = missing[0].split(".") if missing else []
    found = dict.fromkeys(
        (".".join([*parts[:i], ""]), key[: len(key) - len(end)])
        for i in range(len(parts))
        for end in [".".join(parts[i:])]
        for key in unexpected
        if key.endswith(end) and (len(key) == len(end) or key[-len(end) - 1] == ".")
    )
    return list(found)[:CANDIDATES]
