"""The page of names beside PyTorch's: what it names of ours exists, and none of ours is missing.

Whether it names all of PyTorch's is asked in tests/parity, where PyTorch is.
"""

import ast
import builtins
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import neural_net_core
import neural_net_layers
from neural_net_core import ops
from neural_net_core.called_differently import FUNCTIONS

ROOT = Path(__file__).parents[1]
HOOK = runpy.run_path(str(ROOT / "docs/hooks/pytorch_names.py"))
FILE = "docs/pytorch-names.toml"
rows, resolve = HOOK["rows"], HOOK["resolve"]
MODULES = HOOK["modules"]()
EVERY = [(module, row) for module in MODULES for row in rows(module)]
NAMED = [(module, row) for module, row in EVERY if row.kind in ("same", "other")]
TARGETS = {spelling for _, row in NAMED for spelling in HOOK["standing"](row.here)}


def test_what_stands_beside_a_name_of_pytorchs_exists() -> None:
    gone = [f"{module}.{row.name}: {row.here}" for module, row in NAMED if not resolve(row.here)]
    assert gone == [], f"{FILE} names what the packages do not have"


def test_every_name_of_ours_stands_beside_one_of_pytorchs_or_alone() -> None:
    missing = [name for name in HOOK["ours"]() if name not in TARGETS | set(HOOK["alone"]())]
    assert missing == [], (
        f"these names of ours stand nowhere in {FILE}. If PyTorch has it: add its name there to "
        '`same` of its module, or to `other` as `TheirName = "OurName"`, and take it out of '
        '`left_out`. If PyTorch lacks it: add ours to `names` under ["ours alone"]'
    )


def test_what_stands_alone_exists_and_stands_beside_nothing() -> None:
    alone = HOOK["alone"]()
    assert [name for name in alone if not resolve(name)] == []
    assert set(alone) <= set(HOOK["ours"]()), "not among the names that have to stand here"
    assert set(alone) & TARGETS == set()


def likely(name: str) -> set[str]:
    """Return the names that ours would have for one of PyTorch's."""
    plain = name.removesuffix("_") if name != "_" else name
    return {plain, plain.replace("1d", "1D").replace("2d", "2D")}


def test_nothing_is_left_out_that_we_have() -> None:
    had = []
    for module in MODULES:
        initial = module == "torch.nn.init"  # zeros there fill a parameter, elsewhere make a tensor
        names = {n.split(".")[-1] for n in HOOK["ours"]() if n.startswith("init.") == initial}
        had += [
            f"{module}.{row.name}"
            for row in rows(module)
            if row.kind in ("left_out", "written") and likely(row.name) & names
        ]
    assert set(had) == OTHERS, (
        f"{FILE} has no name of ours for these, and the packages have one: move them to `same` "
        "(or `other`) of their module"
    )


# Those of ours that have the name for something else.
OTHERS = {"torch.Tensor.unfold"}


def test_each_name_has_one_row() -> None:
    for module in MODULES:
        names = Counter(row.name for row in rows(module))
        assert [name for name, times in names.items() if times > 1] == [], module


def test_notes_and_reasons_are_used() -> None:
    table = HOOK["table"]()
    used = set()
    for module in MODULES:
        names = {row.name for row in rows(module) if row.kind != "left_out"}
        assert set(table[module].get("notes", {})) <= names, module
        used |= set(table[module].get("left_out", {}))
    reasons = set(table["reasons"])
    assert {reason for reason in used if " " not in reason} == reasons


def test_networks_are_told_of_names_that_stand_here() -> None:
    published = HOOK["table"]()["published"]
    assert [name for name in published if not resolve(name)] == []
    assert set(published) <= TARGETS | set(HOOK["alone"]())


@pytest.mark.parametrize("module", MODULES)
def test_expressions_name_only_what_a_reader_can_import(module: str) -> None:
    known = {*"xyz", "np", "math", "ops", *vars(builtins), *neural_net_core.__all__}
    for row in rows(module):
        if row.kind == "written":
            tree = ast.parse(row.here)
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            free = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            assert free - bound - known <= PLACEHOLDERS.get(row.name, set()), row


PLACEHOLDERS = {
    "ParameterDict": {"values"},
    "ParameterList": {"values"},
    "ReflectionPad1d": {"left", "right"},
    "clip_grads_with_norm_": {"parameters", "max_norm", "grad_norm"},
}


def answer(owner: Any, name: str) -> str:
    """Return what a package says of a name that it has not."""
    with pytest.raises(AttributeError) as error:
        getattr(owner, name)
    return str(error.value)


def test_errors_answer_a_class_of_pytorchs_with_the_same_name_as_the_page() -> None:
    silent = []
    for row in rows("torch.nn"):
        owners = [
            package
            for package in (neural_net_core, neural_net_layers)
            if row.name not in package.__all__
        ]
        if row.kind == "other":
            silent += [
                f"{owner.__name__}.{row.name}: {row.here}"
                for owner in owners
                if row.here not in answer(owner, row.name)
            ]
    assert silent == [], "neural_net_core/foreign_names.py, CLASSES, should say it"


def test_errors_answer_a_function_of_pytorchs_with_the_same_name_as_the_page() -> None:
    silent = [
        row.name
        for row in rows("torch")
        if row.kind == "other" and row.here.startswith("ops.") and not hasattr(ops, row.name)
        if row.here.removeprefix("ops.") not in answer(ops, row.name)
    ]
    assert silent == [], "neural_net_core/called_differently.py, FUNCTIONS, should say it"


def test_the_page_has_a_row_for_each_function_that_errors_explain() -> None:
    there = ("torch", "torch.Tensor", "torch.nn.functional", "torch.linalg")
    names = {row.name for module in there for row in rows(module)}
    others = {"astype", "rint", "linalg_norm", "segment_sum", "cumulative_prod", "cumulative_sum"}
    assert set(FUNCTIONS) - others - names == set()  # others are NumPy's and JAX's


def test_the_page_shows_every_row() -> None:
    text = (ROOT / "docs/coming-from-pytorch.md").read_text(encoding="utf-8")
    page = HOOK["on_page_markdown"](text)
    assert "<!--" not in page
    for module, row in EVERY:
        assert f"`{row.name}`" in HOOK["tables"](module)
        assert row.here in page
    assert all(f"`{name}`" in page for name in HOOK["alone"]())


def test_where_a_name_is_used_is_found_in_code_and_text() -> None:
    used = HOOK["used_in"]
    assert "[text diffusion](roadmap.md#text-diffusion)" in used("RotaryEmbedding")
    assert "#llama)" in used("RotaryEmbedding")
    assert used("RotaryEmbedding").endswith(", GPT-NeoX")
    assert "#gpt-2)" in used("Embedding")  # imported in the block before
    assert used("Conv2D").startswith("[8](tutorials/8-cnns.md)")
    assert "MTCNN" in used("PReLU")
    assert used("NoSuchName") == ""
    assert HOOK["names_of_code"]("from neural_net_core import ops, relu\nops.where(a, b, c)") == {
        *("ops", "relu", "ops.where")
    }
    page = "the `Dense` layer, Tanh\n```python\nfrom neural_net_core.init import zeros\n```"
    assert HOOK["names_of_page"](page) >= {"Dense", "init.zeros"}
    assert "Tanh" not in HOOK["names_of_page"](page)
