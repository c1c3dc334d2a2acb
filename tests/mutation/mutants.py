"""Makes the mutants of a source text: the syntax tree with one small change, for each there is."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

__all__ = ["Mutant", "mutants"]

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
REVERSED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "all": "any"}
NAMES |= {"any": "all", "sqrt": "abs", "zeros_like": "ones_like", "zeros": "ones", "sin": "cos"}
NAMES |= {"cos": "sin", "exp": "abs", "log": "abs"}
ORDERED = {"subtract", "divide", "power"}  # calls whose first two arguments may be swapped


@dataclass
class Mutant:
    """One change of one file."""

    line: int
    before: str
    after: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the changed forms of one node (not of what is below it)."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        changed = copy.deepcopy(node)
        changed.op = ARITHMETIC[type(node.op)]()
        yield changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        changed = copy.deepcopy(node)
        changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield changed
    elif isinstance(node, ast.Compare):
        for table in (COMPARISONS, REVERSED):
            for i, op in enumerate(node.ops):
                if type(op) in table:
                    changed = copy.deepcopy(node)
                    changed.ops[i] = table[type(op)]()
                    yield changed
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        changed = copy.deepcopy(node)
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in other_values(node.value))
    elif isinstance(node, ast.Call):
        yield from call_variants(node)
    if isinstance(node, ast.Expr | ast.AugAssign) or (
        isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    ):
        yield ast.Pass()


def other_values(value: object) -> list[object]:
    """Return what to put in the place of a constant."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value * 2 if value else 1.0]
    return []


def call_variants(node: ast.Call) -> Iterator[ast.AST]:
    """Yield calls of another function, or with the first two arguments swapped."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in NAMES:
        changed = copy.deepcopy(node)
        if isinstance(changed.func, ast.Attribute):
            changed.func.attr = NAMES[name]
        else:
            changed.func.id = NAMES[name]
        yield changed
    if name in ORDERED and len(node.args) >= 2:
        changed = copy.deepcopy(node)
        changed.args[:2] = changed.args[1], changed.args[0]
        yield changed


class Places(ast.NodeVisitor):
    """Collects the nodes worth changing: code, but no docstrings, annotations or messages."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.AST, str, int | None]] = []

    def generic_visit(self, node: ast.AST) -> None:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                if isinstance(child, ast.AST):
                    self.found.append((node, field, i if isinstance(value, list) else None))
                    self.visit(child)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave the text of errors alone."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave text alone."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Leave out what is there for type checkers alone."""
        if not any(getattr(decorator, "id", "") == "overload" for decorator in node.decorator_list):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {getattr(target, "id", "") for target in node.targets}
        if not names & {"__all__", "__version__"}:
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if getattr(node.test, "id", "") != "TYPE_CHECKING":
            self.generic_visit(node)


def mutants(source: str, path: str) -> Iterator[Mutant]:
    """Yield every mutant of a source text, compiled as if it stood in the file at a path."""
    tree = ast.parse(source)
    lines = source.splitlines()
    places = Places()
    places.visit(tree)
    for parent, field, i in places.found:
        held = getattr(parent, field)
        node = held if i is None else held[i]
        if is_text(node):
            continue
        for changed in variants(node):
            ast.copy_location(changed, node)
            ast.fix_missing_locations(changed)
            # The tree itself is changed and mended again: copies of it would take most of the time.
            put(parent, field, i, changed)
            try:
                code = compile(tree, path, "exec")
            except SyntaxError:  # a name that `nonlocal` asks for is assigned no more
                continue
            finally:
                put(parent, field, i, node)
            line = getattr(node, "lineno", 0)
            before, after = ast.unparse(node), ast.unparse(changed)
            where = lines[line - 1].strip() if line else ""
            yield Mutant(line, f"{where}   [{brief(before)}", f"{brief(after)}]", code)


def is_text(node: ast.AST) -> bool:
    """Tell whether a node is a docstring or another string, whose removal changes nothing."""
    if isinstance(node, ast.Expr):
        node = node.value
        # A call of super().__init__ or of a method may be left out; a bare constant may not.
        return isinstance(node, ast.Constant)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def put(parent: ast.AST, field: str, i: int | None, node: ast.AST) -> None:
    """Put a node into its parent."""
    if i is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[i] = node


def brief(code: str) -> str:
    """Return the first line, shortened."""
    first = code.splitlines()[0]
    return first if len(first) <= 60 else first[:57] + "..."
