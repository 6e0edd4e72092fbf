"""CALVIN's pickles: what NumPy writes is read, and no file chooses what is made or where."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vla_gym_calvin.datasets.pickled import items, read_dictionary

from vla_gym.errors import DatasetError


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def dtype(code: str, flags: bytes = b"K\x00") -> bytes:
    state = b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + flags + b"tb"
    return b"cnumpy\ndtype\n(" + text(code) + b"\x89\x88tR" + state


def file_of(folder: Path, body: bytes, header: str = "") -> Path:
    file = folder / "file.npy"
    said = (header or "{'descr': '|O', 'fortran_order': False, 'shape': (), }").ljust(117) + "\n"
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said.encode() + body)
    return file


def read(file: Path) -> dict[Any, Any]:
    return read_dictionary(file, "is refused")


@pytest.mark.parametrize("protocol", [3, 4])
def test_what_numpy_writes_is_read(tmp_path: Path, protocol: int) -> None:
    content = {
        "floats": np.arange(6, dtype=">f4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "words": np.array(["a", "öß"]),
        "objects": np.array([["a", 1], [None, 2]], dtype=object),
        "scalar": np.int64(7),
        "plain": [("x", 1.5, True)],
    }
    body = pickle.dumps(np.array(content, dtype=object), protocol)
    found = read(file_of(tmp_path, body))
    for name in ("floats", "fortran", "words", "objects"):
        assert items(found[name]) == content[name].tolist(), name
    assert (found["scalar"], found["plain"]) == (7, [("x", 1.5, True)])


FROMBUFFER = b"\x80\x04cnumpy._core.numeric\n_frombuffer\n(C\x08AAAAAAAA"
RECONSTRUCT = b"\x80\x04cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
POINTER = b"(K\x01(K\x01t" + dtype("O8") + b"\x89C\x08AAAAAAAAtb."
HOSTILE = {
    "an address, by _frombuffer": FROMBUFFER + dtype("O8") + b")" + text("C") + b"tR.",
    "an address, by the state of an array": RECONSTRUCT + POINTER,
    "an address, by scalar": b"\x80\x04cnumpy._core.multiarray\nscalar\n("
    + dtype("O8")
    + b"C\x08AAAAAAAAtR.",
    "a dtype of records": FROMBUFFER + dtype("V8") + b")" + text("C") + b"tR.",
    "a class": b"\x80\x04cos\nsystem\n(" + text("true") + b"tR.",
    "a class inside numpy": b"\x80\x04cnumpy.lib.format\nopen_memmap\n(tR.",
    "a change of a class": b"\x80\x04cnumpy\ndtype\n}" + text("_make") + b"Nsb.",
    "a slot of a class": b"\x80\x04cnumpy\ndtype\nN}" + text("_make") + b"Ns\x86b.",
    "a table of 64 GiB": b"\x80\x04}r\xff\xff\xff\xff.",
    "bytes of 7 TiB": b"\x80\x04\x8e" + (7 * 2**40).to_bytes(8, "little") + b"AA.",
    "an extension": b"\x80\x04\x82\x01.",
    "nothing": b"",
    "no dictionary": b"\x80\x04].",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_file_cannot_choose_what_is_made(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(DatasetError, match=r"file\.npy is refused: "):
        read(file_of(tmp_path, body))


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|O', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (, }",
        "{'descr': '|O'",
        "(" * 100,
        "\x00",
    ],
)
def test_a_forged_header_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(DatasetError, match=r"file\.npy is refused: "):
        read(file_of(tmp_path, pickle.dumps({}), header))
