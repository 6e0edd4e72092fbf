"""Files that are a little wrong: mutations of bytes, JSON and parquet, a function of their seed."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

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
    structured = {".json": _json, ".jsonl": _lines, ".parquet": _parquet}.get(file.suffix)
    try:
        new = structured(data, rng) if structured and rng.random() < 0.8 else None
    except (ValueError, TypeError, OverflowError):  # the odd value does not fit there
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
