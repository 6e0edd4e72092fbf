"""Counts of the code that say whether it stays readable: lengths, parameters, docstrings, types.

``python scripts/count.py`` prints those of the working tree, ``--compare REV`` those of a commit
beside them. Tests are left out, and so are benchmarks and scripts. How things are counted:

- The length of a function is its lines from ``def`` (decorators left out) to its last one, with its
  docstring. Functions inside functions count for themselves and for the one around them.
- Parameters are all that a caller may give, keyword-only ones too; ``*args`` and ``**kwargs`` are
  one each. ``self`` and ``cls`` are nobody's to give and do not count.
- Public is what has no name with a leading underscore in its way, functions inside functions left
  out. Methods with ``@overload`` and setters need no docstring (the getter has one); ``__init__``
  and other special methods are described by their class.
- A function is annotated if everything that counts as a parameter and what it returns has a type.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG, MANY, BIG, HUGE = 40, 6, 300, 500
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Counts:
    """What is counted; lists name what is beyond a limit, for example ``file.py:12 run (45)``."""

    files: int = 0
    lines: int = 0
    lengths: list[int] = field(default_factory=list)
    long_functions: list[str] = field(default_factory=list)
    many_parameters: list[str] = field(default_factory=list)
    big_files: list[str] = field(default_factory=list)
    huge_files: list[str] = field(default_factory=list)
    module_docstrings: int = 0
    public: int = 0
    documented: int = 0
    undocumented: list[str] = field(default_factory=list)
    annotated: int = 0

    def rows(self) -> dict[str, str]:
        """Return what is printed."""
        lengths = sorted(self.lengths) or [0]
        return {
            "files": str(self.files),
            "lines": str(self.lines),
            "functions": str(len(self.lengths)),
            f"functions over {LONG} lines": str(len(self.long_functions)),
            "function length, median": str(lengths[len(lengths) // 2]),
            "function length, 95 %": str(lengths[int(len(lengths) * 0.95)]),
            f"functions over {MANY} parameters": str(len(self.many_parameters)),
            f"files over {BIG} lines": str(len(self.big_files)),
            f"files over {HUGE} lines": str(len(self.huge_files)),
            "module docstrings": _percent(self.module_docstrings, self.files),
            "public docstrings": _percent(self.documented, self.public),
            "annotated functions": _percent(self.annotated, len(self.lengths)),
        }


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def count(sources: Mapping[str, str]) -> Counts:
    """Return the counts of Python sources by path."""
    counts = Counts()
    for path, text in sorted(sources.items()):
        tree = ast.parse(text)
        lines = text.count("\n")
        counts.files += 1
        counts.lines += lines
        counts.module_docstrings += ast.get_docstring(tree) is not None
        if lines > BIG:
            counts.big_files.append(f"{path} ({lines})")
        if lines > HUGE:
            counts.huge_files.append(f"{path} ({lines})")
        for node in ast.walk(tree):
            if isinstance(node, Function):
                _count_function(counts, path, node)
        for node in _public(tree.body):
            _count_docstring(counts, path, node)
    return counts


def _count_function(counts: Counts, path: str, node: Function) -> None:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    arguments = _parameters(node)
    name = f"{path}:{node.lineno} {node.name}"
    counts.lengths.append(length)
    if length > LONG:
        counts.long_functions.append(f"{name} ({length})")
    if len(arguments) > MANY:
        counts.many_parameters.append(f"{name} ({len(arguments)})")
    typed = all(argument.annotation is not None for argument in arguments)
    counts.annotated += typed and node.returns is not None


def _parameters(node: Function) -> list[ast.arg]:
    given = node.args
    several = [given.vararg, given.kwarg]
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *(a for a in several if a)]
    return [argument for argument in every if argument.arg not in ("self", "cls")]


def _public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | Function]:
    """Yield public classes, functions and methods."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body)


def _count_docstring(counts: Counts, path: str, node: ast.ClassDef | Function) -> None:
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if any(name.endswith(("overload", ".setter")) for name in decorators):
        return
    counts.public += 1
    if ast.get_docstring(node) is not None:
        counts.documented += 1
    else:
        counts.undocumented.append(f"{path}:{node.lineno} {node.name}")


def is_ours(path: str) -> bool:
    """Whether a path of the repository is code of a package."""
    parts = Path(path).parts
    inside = parts[:1] == ("vla_gym",) or (len(parts) > 3 and parts[2].startswith("vla_gym_"))
    return path.endswith(".py") and inside and "tests" not in parts


def working_tree() -> dict[str, str]:
    """Return the sources of the working tree by path."""
    packages = [ROOT / "vla_gym", *ROOT.glob("*/*/vla_gym_*")]
    files = (file for package in packages for file in package.rglob("*.py"))
    return {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in files}


def of_commit(revision: str) -> dict[str, str]:
    """Return the sources of a commit by path."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {m.name: tar.extractfile(m) for m in tar.getmembers() if is_ours(m.name)}
    return {name: file.read().decode("utf-8") for name, file in members.items() if file}


def main() -> None:
    """Print the table, and what is beyond the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", metavar="REV", help="commit whose counts stand beside")
    revision: str | None = parser.parse_args().compare
    now = count(working_tree())
    before = count(of_commit(revision)).rows() if revision else {}
    print(f"{'':<28}{'now':>10}" + (f"{revision:>12}" if revision else ""))
    for name, value in now.rows().items():
        print(f"{name:<28}{value:>10}" + (f"{before[name]:>12}" if revision else ""))
    for title in ("long_functions", "many_parameters", "big_files", "undocumented"):
        print(f"\n{title.replace('_', ' ')}:", *getattr(now, title), sep="\n  ")


if __name__ == "__main__":
    main()
