"""What a module adds to an error that passes it: where it happened."""

from collections.abc import Iterable
from typing import Any

from neural_net_core.called_differently import explained
from neural_net_core.errors import StateDictError

__all__ = ["explain"]


def explain(error: Exception, module: Any, words: Iterable[str]) -> None:
    """Say where an error happened, and what an argument of another name is called here."""
    if words and type(error) is TypeError:
        text = explained(type(module).__name__, module.forward, words)
        if text is not None:
            error.args = (text,)
    _note_path(error, module)


def _note_path(error: Exception, module: Any) -> None:
    """Add "in encoder.layers.0 (Dense) of Network" to an error, one level at a time.

    Each module that the error passes knows only the names below itself, so the note is rewritten
    on the way up: the outermost module's note is the one that stays.
    """
    origin: Any = getattr(error, "_module", module)
    if origin is module:
        error._module = module  # type: ignore[attr-defined]
        note = f"in {type(module).__name__}"
    else:
        try:
            paths = [path for path, below in module.named_modules() if below is origin]
        except StateDictError:  # two parts have one path: not what happened here
            return
        if not paths:
            return
        note = f"in {paths[0]} ({type(origin).__name__}) of {type(module).__name__}"
        error.__notes__.remove(error._note)  # type: ignore[attr-defined]
    error._note = note  # type: ignore[attr-defined]
    error.add_note(note)
