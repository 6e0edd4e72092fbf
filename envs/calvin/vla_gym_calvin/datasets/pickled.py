"""The pickles in CALVIN's ``.npy`` files, read without trusting them.

Annotations and scenes are dictionaries that NumPy has pickled. No class of NumPy gets into a file's
hands here: whatever it names is an object of ours that can hold numbers, texts or a list and
nothing else, so it can neither run code nor choose what memory is taken for an object.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from vla_gym.arrays import reading
from vla_gym.errors import DatasetError

_HEADERS: Final[Mapping[int, Callable[..., Any]]] = {
    1: np.lib.format.read_array_header_1_0,
    2: np.lib.format.read_array_header_2_0,
}
_CODE: Final = re.compile(r"[<>=|]?([OUSifub])\d{0,9}")
_INSTRUCTIONS: Final = re.compile(
    "PROTO|FRAME|STOP|MARK|POP|POP_MARK|DUP|NONE|NEWTRUE|NEWFALSE|INT|BININT[12]?|LONG[14]?|FLOAT|"
    "BINFLOAT|UNICODE|(SHORT_)?BINUNICODE8?|(SHORT_)?BINBYTES8?|BYTEARRAY8|(EMPTY_)?TUPLE[123]?|"
    "(EMPTY_)?LIST|APPENDS?|(EMPTY_)?DICT|SETITEMS?|(LONG_)?(BIN)?(PUT|GET)|MEMOIZE|"
    "(STACK_)?GLOBAL|REDUCE|BUILD"
)
"""Of pickle's machine: those that a dictionary of numbers, texts and arrays is made with."""


def read_dictionary(path: Path, problem: str) -> dict[Any, Any]:
    """Return the dictionary that a ``.npy`` file holds; arrays in it are ``Stored``.

    Args:
        path: The file.
        problem: Said of one that is something else.

    Raises:
        DatasetError: When it cannot be read or is something else.
    """
    with reading(path, DatasetError, problem):
        file = io.BytesIO(path.read_bytes())
        version = np.lib.format.read_magic(file)[0]
        if version not in _HEADERS:
            raise ValueError(f"version {version} of .npy is unknown")
        shape, _, dtype = _HEADERS[version](file)
        if shape != () or dtype.kind != "O":
            raise ValueError(f"expected one pickled dictionary, got {dtype} {shape}")
        found = _unpickled(file.read())
        found = found.rows if isinstance(found, Stored) else found
        if not isinstance(found, dict):
            raise ValueError(f"expected a dictionary, got {type(found).__name__}")
        return found


def items(value: Any) -> list[Any]:
    """Return a list, a tuple or an array of rows as a list.

    Raises:
        ValueError: When it is none of them.
    """
    rows = value.rows if isinstance(value, Stored) else value
    if not isinstance(rows, (list, tuple)):
        raise ValueError(f"expected a list, got {type(rows).__name__}")
    return list(rows)


def whole_number(value: Any) -> int:
    """Return a whole number, also one that is an array of one.

    Raises:
        ValueError: When it is something else.
    """
    value = value.rows if isinstance(value, Stored) else value
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"expected a whole number, got {type(value).__name__}")
    return value


def _unpickled(data: bytes) -> Any:
    for instruction, argument, _ in pickletools.genops(data):
        if not _INSTRUCTIONS.fullmatch(instruction.name):
            raise pickle.UnpicklingError(f"it uses {instruction.name}, which it should not need")
        if "PUT" in instruction.name and int(argument or 0) > len(data):  # a table of that length
            raise pickle.UnpicklingError(f"it stores something under number {argument}")
    return _Unpickler(io.BytesIO(data)).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name; never the thing of that name itself."""
        maker = _MAKERS.get((module.replace("numpy.core.", "numpy._core."), name))
        if maker is None:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which it should not need")
        return _Maker(maker)


class _Maker:
    """What a file may call."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        """Return the thing."""
        return self._make(*arguments)

    def __setstate__(self, _: Any) -> None:
        """Refuse: a file changes nothing of ours."""
        raise pickle.UnpicklingError("it tries to change a class")


class _Kind:
    """Stands for a dtype: what kind of numbers or texts, and in which order their bytes are."""

    __slots__ = ("dtype",)

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or _CODE.fullmatch(code) is None:
            raise pickle.UnpicklingError(f"it holds an array of {str(code)[:40]!r}")
        self.dtype: np.dtype[Any] = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        """Take the order of the bytes; fields and the rest are no numbers or texts."""
        _, order, subarray, names, fields, *_ = state
        if (subarray, names, fields) != (None, None, None) or order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("it holds an array of records")
        if order in ("<", ">") and self.dtype.kind != "O":
            self.dtype = self.dtype.newbyteorder(order)


class Stored:
    """An array in such a file.

    Attributes:
        rows: Its content as nested lists; one value of an array without axes.
    """

    __slots__ = ("_array", "_shape")

    def __init__(self) -> None:
        self._array: Any = []
        self._shape: tuple[int, ...] = (0,)

    def __setstate__(self, state: Any) -> None:
        """Take the content: bytes of numbers and texts, a list of everything else."""
        _, shape, kind, fortran, data = state
        self.take(data, kind, shape, "F" if fortran else "C")

    def take(self, data: Any, kind: Any, shape: Any, order: str) -> Stored:
        """Take the content; see ``numpy.ndarray.__setstate__``.

        Raises:
            ValueError: When there is less or more than the shape says.
        """
        if not isinstance(kind, _Kind) or not isinstance(shape, tuple):
            raise ValueError("an array without a dtype or a shape")
        if kind.dtype.kind == "O":
            if not isinstance(data, list) or len(data) != math.prod(shape) or order != "C":
                raise ValueError("an array of objects that is no list of them")
            self._array, self._shape = data, shape
        else:
            flat = np.frombuffer(bytes(memoryview(data)), kind.dtype)
            self._array = flat.reshape(shape, order="F" if order == "F" else "C")
        return self

    @property
    def rows(self) -> Any:
        """Its content."""
        if isinstance(self._array, np.ndarray):
            return self._array.tolist()
        return _nested(self._array, self._shape)


def _nested(flat: list[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return flat
    step = math.prod(shape[1:])
    return [_nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def _scalar(kind: Any, data: Any) -> Any:
    """Return one number or text."""
    return np.frombuffer(bytes(memoryview(data)), kind.dtype, 1)[0].item()


_MAKERS: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("numpy", "dtype"): _Kind,
    ("numpy", "ndarray"): Stored,
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: Stored(),
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): lambda data, kind, shape, order, *_: Stored().take(
        data, kind, shape, order
    ),
    ("collections", "OrderedDict"): lambda: {},
}
