"""Arrays of numbers from files: what a file claims is not believed, whatever it is."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vla_gym.arrays import read_npy, read_npz
from vla_gym.errors import DatasetError, JournalError

ROOT = Path(__file__).resolve().parents[2]

HEADER = "{{'descr': {!r}, 'fortran_order': False, 'shape': {}, }}"


def forged(descr: object, shape: str, data: bytes = b"") -> bytes:
    header = HEADER.format(descr, shape).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


BAD = {
    "7 TiB": forged("<f8", "(1000000000000,)", bytes(8)),
    "one byte short": forged("<f8", "(2,)", bytes(15)),
    "objects": forged("|O", "(1,)", bytes(8)),
    "records": forged([("a", "<f8")], "(1,)", bytes(8)),
    "texts": forged("<U2", "(1,)", bytes(8)),
    "negative": forged("<f8", "(-1, -1)", bytes(8)),
    "beyond any number": forged("<f8", f"({10**400}, 0)"),
    "no header": b"\x93NUMPY\x01\x00",
    "a header that does not end": b"\x93NUMPY\x01\x00\x76\x00{'descr': (",
    "another version": b"\x93NUMPY\x09\x00\x76\x00{}",
    "nothing": b"",
    "something else": b"PK\x03\x04 no",
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("mapped", [False, True])
def test_a_damaged_npy_is_one_error_that_names_it(tmp_path: Path, kind: str, mapped: bool) -> None:
    file = tmp_path / "file.npy"
    file.write_bytes(BAD[kind])
    with pytest.raises(DatasetError, match=r"file\.npy cannot be read: "):
        read_npy(file, mapped=mapped)


@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_npz_is_one_error_that_names_it(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file.npz"
    with zipfile.ZipFile(file, "w") as whole:
        whole.writestr("a.npy", BAD[kind])
    with pytest.raises(JournalError, match=r"file\.npz cannot be read: "):
        read_npz(file, ["a"], error_type=JournalError)
    file.write_bytes(BAD[kind])
    with pytest.raises(DatasetError, match=r"file\.npz cannot be read: "):
        read_npz(file)


def test_what_is_packed_a_thousandfold_is_not_unpacked_beyond_its_header(tmp_path: Path) -> None:
    file = tmp_path / "bomb.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("a.npy", forged("<f8", "(1,)", bytes(2**25)))
    with pytest.raises(DatasetError, match="it holds 9 bytes of an array of 8"):
        read_npz(file)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4), (2, 3, 4)])
@pytest.mark.parametrize("kind", [">f4", "i8", "u1", "?"])
def test_what_numpy_wrote_is_read(tmp_path: Path, shape, order: str, kind: str) -> None:
    array = np.asarray(np.random.default_rng(0).integers(0, 2, shape), kind, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", a=array, b=array)
    for found in (
        read_npy(tmp_path / "a.npy"),
        read_npy(tmp_path / "a.npy", mapped=True),
        read_npz(tmp_path / "a.npz", ["a"], optional=["c"])["a"],
        read_npz(tmp_path / "a.npz", [], optional=["b"])["b"],
    ):
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert np.array_equal(found, array)
    with pytest.raises(DatasetError, match=r"it has no array 'x' \(it has a, b\)"):
        read_npz(tmp_path / "a.npz", ["x"])


GUARDS = {
    "vla_gym/arrays.py": {"numpy.lib.format"},
    "vla_gym/yaml_file.py": {"yaml"},
    "envs/calvin/vla_gym_calvin/datasets/pickled.py": {"pickle", "numpy.lib.format"},
    "vla_gym/child.py": {"pickle"},  # what our own process sends to its own child, and back
    "vla_gym/env/registration.py": {"pickle"},  # what the same function pickled just before
}
"""Who may use what reads files without being careful."""


def ours() -> Iterator[Path]:
    for part in ("vla_gym", "envs", "policies", "plugins", "scripts"):
        for file in (ROOT / part).rglob("*.py"):
            if "tests" not in file.parts:
                yield file


def unguarded(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that read what a file says without being careful: line, and of which library."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        module, _, function = name.rpartition(".")
        weights_only = any(
            k.arg == "weights_only" and isinstance(k.value, ast.Constant) and k.value.value is True
            for k in node.keywords
        )
        if name in (
            "np.load",
            "numpy.load",
            "np.lib.npyio.NpzFile",
            "np.genfromtxt",
            "np.fromfile",
        ):
            yield node.lineno, "numpy"
        elif module.endswith("lib.format") and function.startswith("read_"):
            yield node.lineno, "numpy.lib.format"
        elif name == "torch.load" and not weights_only:
            yield node.lineno, "torch"
        elif module in ("pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve") and (
            function in ("load", "loads", "open", "Unpickler")
        ):
            yield node.lineno, "pickle"
        elif module == "yaml" and function not in ("safe_dump", "dump"):
            yield node.lineno, "yaml"
        elif name in ("eval", "exec"):
            yield node.lineno, "eval"


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names taken out of such libraries, where a call would not show them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("pickle", "yaml", "numpy", "torch"):
            for alias in node.names:
                if "load" in alias.name or alias.name in ("Unpickler", "compose", "parse"):
                    yield node.lineno, node.module


def test_files_are_read_through_the_guards_alone() -> None:
    found = []
    for file in ours():
        place = file.relative_to(ROOT).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for line, library in (*unguarded(tree), *imported(tree)):
            if library not in GUARDS.get(place, ()):
                found.append(f"{place}:{line}: {library}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "library"),
    [
        ("np.load(path)", "numpy"),
        ("torch.load(path)", "torch"),
        ("torch.load(path, weights_only=False)", "torch"),
        ("torch.load(path, weights_only=chosen)", "torch"),
        ("pickle.loads(data)", "pickle"),
        ("yaml.safe_load(text)", "yaml"),
        ("yaml.compose(text)", "yaml"),
    ],
)
def test_a_new_careless_reader_is_found(line: str, library: str) -> None:
    assert [found for _, found in unguarded(ast.parse(line))] == [library]
    assert not list(unguarded(ast.parse("torch.load(path, weights_only=True)")))
