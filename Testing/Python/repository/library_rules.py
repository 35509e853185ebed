"""The house rules that a syntax tree can show. Each finder returns sentences; none means that the rule is kept."""

import ast
import sys
from pathlib import PurePosixPath

ALWAYS_ALLOWED = {"numpy", "OsteoScreenLib", "__future__"}
ALLOWED_IN_ROOM = {
    "cli": {"typer", "rich", "click"},
    "mrml": {"slicer", "vtk", "qt", "ctk"},
    "training": {"torch", "sklearn"},
}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def room_of(name):
    """First folder below the library: cli for cli/app.py, empty for errors.py."""
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else ""


def imported(node):
    """Top-level names of the packages that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {"OsteoScreenLib"} if node.level else {node.module.split(".")[0]}
    return set()


def run_at_import(tree):
    """Every node that runs, or may run, when the file is imported: all but function bodies and type-checking blocks."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
            continue
        waiting.extend(ast.iter_child_nodes(node))


def heavy_imports(name, source):
    """Packages other than numpy that a file imports before a function asks for them."""
    allowed = ALWAYS_ALLOWED | set(sys.stdlib_module_names) | ALLOWED_IN_ROOM.get(room_of(name), set())
    names = set().union(*(imported(node) for node in run_at_import(ast.parse(source))), set())
    return [f"{name} imports {package} at its top" for package in sorted(names - allowed)]


def prints(name, source):
    """Calls of print outside the command line."""
    if room_of(name) == "cli":
        return []
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [f"{name}:{c.lineno} prints" for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


def pickles(name, source):
    """Imports of pickle and its relatives, and numpy files that may hold one."""
    nodes = list(ast.walk(ast.parse(source)))
    found = [f"{name}:{node.lineno} imports {p}" for node in nodes for p in sorted(imported(node) & PICKLES)]
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            found.append(f"{name}:{node.value.lineno} allows a pickle")
    return found


def docstring_lines(function):
    """Lines of a function's docstring: explaining more must not count as doing more."""
    if ast.get_docstring(function) is None:
        return 0
    return function.body[0].end_lineno - function.body[0].lineno + 1


def too_long(name, source):
    """A file, or a function without its docstring, that is longer than one idea."""
    lines = source.count("\n")
    found = [f"{name} has {lines} lines"] if lines > LONGEST_FILE else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1 - docstring_lines(node)
            if length > LONGEST_FUNCTION:
                found.append(f"{name}:{node.lineno} {node.name} has {length} lines")
    return found
