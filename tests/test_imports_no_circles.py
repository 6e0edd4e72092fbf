"""No package of ours imports in a circle, nor do the files of one package.

In every folder the files and sub-folders are looked at as siblings: what imports what, and whether
a way leads back. A folder stands for all that lies in it, so a circle between packages is found as
well as one between two files. Imports inside functions count too, they only hide a circle from the
interpreter; those under ``TYPE_CHECKING`` do not, they never run. A package's own ``__init__`` is
a sibling of its files like any other: it may import them, they may not import it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [ROOT / "vla_gym", *sorted(ROOT.glob("*/*/vla_gym_*"))]

Graph = dict[str, set[str]]


def modules(package: Path) -> dict[str, Path]:
    """Return every file of a package by its dotted name; ``a.b.__init__`` keeps its last part."""
    return {
        ".".join((package.name, *path.relative_to(package).with_suffix("").parts)): path
        for path in sorted(package.rglob("*.py"))
    }


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, with what it takes out of each."""
    todo: list[ast.AST] = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports of ours are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            todo += ast.iter_child_nodes(node)


def file_of(name: str, known: dict[str, Path]) -> str | None:
    """Return the module that holds a dotted name: itself, its package, or what it is taken from."""
    while name:
        for candidate in (name, f"{name}.__init__"):
            if candidate in known:
                return candidate
        name = name.rpartition(".")[0]
    return None


def siblings(package: Path) -> dict[str, Graph]:
    """Return, for every folder, which of its files and folders import which others."""
    known = modules(package)
    folders: dict[str, Graph] = defaultdict(lambda: defaultdict(set))
    for importer, path in known.items():
        for name in imported(path):
            target = file_of(name, known)
            if target is None or target == importer:
                continue
            one, other = importer.split("."), target.split(".")
            depth = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
            folders[".".join(one[:depth])][one[depth]].add(other[depth])
    return folders


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_nothing_is_imported_in_a_circle(package: Path) -> None:
    circles = []
    for folder, graph in siblings(package).items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circles.append(f"{folder}: {' <- '.join(error.args[1])}")
    assert circles == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    package = tmp_path / "ours"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sub/__init__.py").write_text("")
    (package / "one.py").write_text("from ours.sub.two import x\n")
    (package / "sub/two.py").write_text("def f():\n    from ours import one\n")
    assert siblings(package)["ours"] == {"one": {"sub"}, "sub": {"one"}}


def test_imports_for_type_checkers_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text("if TYPE_CHECKING:\n    import a\nelse:\n    import b\n")
    assert list(imported(file)) == ["b"]
