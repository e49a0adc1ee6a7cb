"""Size budgets: a file or function over its limit fails the build, unless an ADR in docs/adr names it.

Limits: Python file 400 lines, function 50 lines without its docstring, 6 parameters, 12 public methods a class;
Vue component 300 lines, its script 150.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES, FUNCTION_LINES, PARAMETERS, PUBLIC_METHODS = 400, 50, 6, 12
VUE_LINES, VUE_SCRIPT_LINES = 300, 150
Function = ast.FunctionDef | ast.AsyncFunctionDef


def tracked(pattern: str) -> list[Path]:
    """Files under version control that match, and new ones that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", pattern]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted({Path(name) for name in listing.split("\0") if name and Path(name).is_file()})


def function_lines(function: Function) -> int:
    """Lines of the body without the docstring."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or first.lineno) - first.lineno + 1


def check_python(path: Path) -> Iterator[str]:
    """Every breach of a budget in one Python file."""
    source = path.read_text(encoding="utf-8")
    if (lines := source.count("\n")) > FILE_LINES:
        yield f"{path}:1: {lines} lines, the budget is {FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            if (lines := function_lines(node)) > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, the budget is {FUNCTION_LINES}"
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > PARAMETERS and "tests" not in path.parts and not _is_command(node):
                yield f"{path}:{node.lineno}: {node.name} has {count} parameters, the budget is {PARAMETERS}"
        elif isinstance(node, ast.ClassDef) and "tests" not in path.parts:
            public = [item for item in node.body if isinstance(item, Function) and not item.name.startswith("_")]
            methods = [item for item in public if not item.decorator_list]
            if len(methods) > PUBLIC_METHODS:
                yield f"{path}:{node.lineno}: {node.name} has {len(methods)} public methods, the budget is {PUBLIC_METHODS}"


def _is_command(function: Function) -> bool:
    """Parameters of a command are its options: the decorators above it are the list."""
    return any("command" in ast.dump(decorator) for decorator in function.decorator_list)


def check_vue(path: Path) -> Iterator[str]:
    """Every breach of a budget in one component."""
    source = path.read_text(encoding="utf-8")
    if (lines := source.count("\n")) > VUE_LINES:
        yield f"{path}:1: {lines} lines, the budget is {VUE_LINES}"
    script = re.search(r"<script[^>]*>(.*?)</script>", source, re.DOTALL)
    if script and (lines := script.group(1).count("\n")) > VUE_SCRIPT_LINES:
        yield f"{path}:1: a script of {lines} lines, the budget is {VUE_SCRIPT_LINES}"


def main() -> int:
    """Print every breach; 1 when there is one."""
    decisions = "\n".join(path.read_text(encoding="utf-8") for path in Path("docs/adr").glob("*.md"))
    breaches = [text for path in tracked("*.py") for text in check_python(path)]
    breaches += [text for path in tracked("*.vue") for text in check_vue(path)]
    open_breaches = [text for text in breaches if text.split(":")[0] not in decisions]
    for text in open_breaches:
        print(text)
    return 1 if open_breaches else 0


if __name__ == "__main__":
    sys.exit(main())
