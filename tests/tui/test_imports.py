"""Who may import whom, read from the source."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, when_loaded: bool = False) -> set[str]:
    """The dotted names that a file imports when it runs, or already when it is loaded rather than inside a function;
    what is there only for the type checker does not count."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if when_loaded and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def test_the_engine_knows_no_screen() -> None:
    for name, path in modules("engine").items():
        for other in imports(path):
            assert other.partition(".")[0] not in ("tui", "textual", "plotext", "rich"), f"{name} imports {other}"


def test_one_file_knows_plotext() -> None:
    users = {name for name, path in modules("tui").items() if any(each.startswith("plotext") for each in imports(path))}
    assert users == {"tui.drawing.frames"}


def test_no_module_waits_for_itself() -> None:
    known = modules("tui")
    graph = {name: (imports(path, when_loaded=True) & known.keys()) - {name} for name, path in known.items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_engine_loads_no_screen() -> None:
    assert not loaded_by("import engine") & {"textual", "plotext", "rich", "tui"}


def test_the_first_paint_waits_for_no_engine() -> None:
    assert not loaded_by("import tui.app") & {"engine", "numpy", "pydantic", "plotext"}
