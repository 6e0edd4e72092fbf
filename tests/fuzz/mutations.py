"""Files that are a little wrong: mutations of bytes and of structure, a function of their seed."""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

Rng = np.random.Generator

TRIES = int(os.environ.get("VLA_GYM_FUZZ", "40"))
"""Inputs for each test; ``tox -e fuzz`` sets many."""

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    7,
    2**31,
    2**63,
    10**400,
    0.5,
    -1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "0",
    "../../etc/passwd",
    "/etc/passwd",
    "{x",
    "{0}",
    "{chunk_index.__class__}",
    "\x1b[2Jred",
    "\x00",
    "\ud800",
    "a" * 10_000,
    [],
    {},
    [[]],
    [None],
    [1, "x"],
    {"": 1},
)


def mutate_bytes(data: bytes, rng: Rng) -> bytes:
    """Return bytes with a stretch flipped, cut, doubled, zeroed or replaced."""
    if not data:
        return rng.bytes(8)
    start = int(rng.integers(len(data)))
    end = min(len(data), start + int(2 ** rng.integers(0, 10)))
    kind = rng.integers(6)
    if kind == 0:
        flipped = bytes([data[start] ^ (1 << int(rng.integers(8)))])
        return data[:start] + flipped + data[start + 1 :]
    if kind == 1:
        return data[:start]
    middle = [data[start:end] * 2, bytes(end - start), rng.bytes(end - start), b""][kind - 2]
    return data[:start] + middle + data[end:]


def mutate_value(value: Any, rng: Rng) -> Any:
    """Return nested lists and mappings with something in them removed, doubled or made odd."""
    root = [copy.deepcopy(value)]
    parent, key = _somewhere(root, rng)
    kind = rng.integers(4)
    if kind == 0 and parent is not root:
        del parent[key]
    elif kind == 1 and isinstance(parent, list) and parent is not root:
        parent.insert(key, parent[key])
    else:
        parent[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])
    return root[0]


def _somewhere(root: list[Any], rng: Rng) -> tuple[Any, Any]:
    parent, key = root, 0
    while True:
        inner = parent[key]
        keys = (
            list(inner)
            if isinstance(inner, dict)
            else list(range(len(inner)))[:1000]
            if (isinstance(inner, list))
            else []
        )
        if not keys or rng.random() < 0.15:
            return parent, key
        parent, key = inner, keys[rng.integers(len(keys))]


def mutate_file(file: Path, rng: Rng) -> None:
    """Change a file: by its structure, where its kind has one, or byte by byte."""
    data = file.read_bytes()
    structured = STRUCTURED.get(file.suffix)
    try:
        new = structured(data, rng) if structured and rng.random() < 0.8 else None
    except Exception:  # the odd value does not fit there, or it is changed beyond its structure
        new = None
    file.write_bytes(mutate_bytes(data, rng) if new is None else new)


def _json(data: bytes, rng: Rng) -> bytes:
    if rng.random() < 0.03:
        return b"[" * 100_000
    return json.dumps(mutate_value(json.loads(data), rng)).encode(errors="surrogatepass")


def _lines(data: bytes, rng: Rng) -> bytes:
    rows = [json.loads(line) for line in data.splitlines()]
    rows = mutate_value(rows, rng)
    listed = rows if isinstance(rows, list) else [rows]
    return "\n".join(map(json.dumps, listed)).encode(errors="surrogatepass")


def _parquet(data: bytes, rng: Rng) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(pyarrow.BufferReader(data))
    columns = table.to_pydict()
    name = list(columns)[rng.integers(len(columns))]
    kind = rng.integers(5)
    if kind == 0:
        del columns[name]
    elif kind == 1:
        columns[name] = [ODD[rng.integers(len(ODD))]] * len(table)
    elif kind == 2:
        columns[f"{name}x"] = columns.pop(name)
    elif kind == 3:
        order = rng.integers(len(table), size=int(rng.integers(0, 2 * len(table) + 1)))
        columns = table.take(order).to_pydict()
    else:
        columns[name] = mutate_value(columns[name], rng)
    out = pyarrow.BufferOutputStream()
    try:
        parquet.write_table(pyarrow.table(columns), out)
    except pyarrow.ArrowException as error:
        raise ValueError(error) from error
    return out.getvalue().to_pybytes()


YAML_ODD = (
    "2001-13-45",
    "2001-01-01",
    "!!int x",
    "!!float x",
    "!!bool maybe",
    "!!binary =",
    "!!binary aGk=",
    "!!set {a, b}",
    "!!python/object:os.system x",
    "? [a, b]\n: 1",
    "&a [*a]",
    "*none",
    "[" * 20_000,
    "[" * 100 + "]" * 100,
    "{1: 2, null: 3, on: 4}",
    "{<<: 3}",
    "0x_",
    ".nan",
    "1e400",
    "9" * 5000,
    "{a: &a [x, x], "
    + ", ".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefgh"))
    + "}",
)
"""Texts that stand for no value, or for one that nobody expects."""
_MARK = "MARKED_PLACE"


def _yaml(data: bytes, rng: Rng) -> bytes:
    value = yaml.safe_load(data)
    if rng.random() < 0.5:
        return yaml.safe_dump(mutate_value(value, rng), sort_keys=False).encode()
    root = [copy.deepcopy(value)]
    parent, key = _somewhere(root, rng)
    parent[key] = _MARK
    odd = YAML_ODD[rng.integers(len(YAML_ODD))]
    return yaml.safe_dump(root[0], sort_keys=False).replace(_MARK, odd).encode()


def _zip(data: bytes, rng: Rng) -> bytes:
    """Change what an archive holds, with checksums that agree."""
    with zipfile.ZipFile(io.BytesIO(data)) as whole:
        parts = {info.filename: whole.read(info) for info in whole.infolist()}
    name = list(parts)[rng.integers(len(parts))]
    kind = rng.integers(6)
    if kind == 0:
        del parts[name]
    elif kind == 1:
        parts[f"../{name}"] = parts.pop(name)
    elif kind == 2:
        parts[name] = parts[list(parts)[rng.integers(len(parts))]]
    else:
        inner = STRUCTURED.get(Path(name).suffix, mutate_bytes)
        parts[name] = inner(parts[name], rng)
    out = io.BytesIO()
    packing = zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", packing) as changed:
        for part, content in parts.items():
            changed.writestr(part, content)
    return out.getvalue()


SHAPES = (
    "()",
    "(0,)",
    "(-1,)",
    "(1, 7)",
    "(3, 0)",
    "(10**12,)",
    "(1000000000000,)",
    "(9,) * 40",
    "(",
)
KINDS = ("<f8", ">f2", "|O", "<U9", "|V8", "<M8[s]", "<c16", "|b1", "x", "<i8")


def _npy(data: bytes, rng: Rng) -> bytes:
    """Change the header of an array, or what it holds."""
    if rng.random() < 0.3:
        return mutate_bytes(data, rng)
    shape, kind = SHAPES[rng.integers(len(SHAPES))], KINDS[rng.integers(len(KINDS))]
    said = f"{{'descr': {kind!r}, 'fortran_order': {bool(rng.integers(2))}, 'shape': {shape}, }}"
    said = said.ljust(117) + "\n"
    body = data[10 + int.from_bytes(data[8:10], "little") :]
    return b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said.encode() + body


def _safetensors(data: bytes, rng: Rng) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = _json(data[8 : 8 + length], rng)
    size = len(header) if rng.random() < 0.9 else int(ODD[rng.integers(1, 7)]) % 2**64
    return size.to_bytes(8, "little") + header + data[8 + length :]


def _text(data: bytes, rng: Rng) -> bytes:
    """Change a line of ``key=value`` texts."""
    lines = data.decode().splitlines()
    place = rng.integers(len(lines))
    key, _, value = lines[place].partition("=")
    odd = YAML_ODD[rng.integers(len(YAML_ODD))].replace("\n", " ")
    choices = (
        f"{key}={odd}",
        f"{odd}={value}",
        key,
        f"{key}.x={value}",
        f"={value}",
        f"{key}..a=1",
    )
    lines[place] = choices[rng.integers(len(choices))]
    return "\n".join(lines).encode()


STRUCTURED: dict[str, Callable[[bytes, Rng], bytes]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".parquet": _parquet,
    ".yaml": _yaml,
    ".npz": _zip,
    ".pt": _zip,
    ".npy": _npy,
    ".safetensors": _safetensors,
    ".set": _text,
}
"""What changes a kind of file by its structure."""
