"""Arrays of numbers from files (``.npy``, ``.npz``), read so that a file cannot do harm.

NumPy allocates what a header claims before it looks whether the file holds as much, and can be led
to unpickle. Here nothing is unpickled, no array is larger than what the file holds of it, and
whatever is wrong is one error that names the file. Every such file in the project is read here.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.errors import DatasetError, VlaGymError

Array = npt.NDArray[Any]

LARGEST: Final = 2**32
"""Bytes of one array of an ``.npz``, unpacked; what claims more is refused."""
_NUMBERS: Final = "biuf"
_VERSIONS: Final[Mapping[int, Callable[[IO[bytes]], tuple[tuple[int, ...], bool, Any]]]] = {
    1: np.lib.format.read_array_header_1_0,
    2: np.lib.format.read_array_header_2_0,
}


def read_npy(
    path: Path, *, mapped: bool = False, error_type: type[VlaGymError] = DatasetError
) -> Array:
    """Return the array of numbers in a ``.npy`` file.

    Args:
        path: The file.
        mapped: Leave it on the disk; what is used of it is read then.
        error_type: Raised when something is wrong with it.

    Raises:
        VlaGymError: Of ``error_type``: it cannot be read or holds something else.
    """
    with reading(path, error_type), path.open("rb") as file:
        size = path.stat().st_size
        if not mapped:
            return _array(file, size)
        shape, fortran, dtype = _header(file, size)
        order: Any = "F" if fortran else "C"
        if not math.prod(shape):
            return np.zeros(shape, dtype)
        return np.memmap(path, dtype, "r", file.tell(), shape, order)


def read_npz(
    path: Path,
    names: Iterable[str] | None = None,
    *,
    optional: Iterable[str] = (),
    error_type: type[VlaGymError] = DatasetError,
) -> dict[str, Array]:
    """Return arrays of numbers in an ``.npz`` file.

    Args:
        path: The file.
        names: Of the arrays; all if ``None``.
        optional: Others, returned where they are there.
        error_type: Raised when something is wrong with it.

    Raises:
        VlaGymError: Of ``error_type``: it cannot be read, lacks one of them, or one is something
            else than an array of numbers.
    """
    with reading(path, error_type), zipfile.ZipFile(path) as file:
        there = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        wanted = list(there) if names is None else list(names)
        missing = [name for name in wanted if name not in there]
        if missing:
            raise ValueError(f"it has no array {missing[0]!r} (it has {_listed(there)})")
        wanted += [name for name in optional if name in there]
        return {name: _member(file, there[name]) for name in wanted}


@contextmanager
def reading(
    path: Path, error_type: type[VlaGymError], problem: str = "cannot be read"
) -> Iterator[None]:
    """Turn whatever goes wrong while a file from elsewhere is read into an error that names it.

    Libraries promise nothing about what they raise for a file that is damaged or made to harm.

    Args:
        path: The file.
        error_type: Raised instead.
        problem: What is said of the file.

    Raises:
        VlaGymError: Of ``error_type``.
    """
    try:
        yield
    except VlaGymError:
        raise
    except Exception as error:
        raise error_type(f"{path} {problem}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is not there"
    first = (str(error).strip().splitlines() or [""])[0][:300]
    known = isinstance(error, (OSError, ValueError)) and first
    return first if known else f"{type(error).__name__}: {first}".rstrip(": ")


def _member(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    try:
        with file.open(info) as packed:
            return _array(packed, min(info.file_size, LARGEST))
    except ValueError as error:
        raise ValueError(f"{info.filename}: {error}") from error


def _array(file: IO[bytes], size: int) -> Array:
    """Return the array in a file of at most ``size`` bytes."""
    shape, fortran, dtype = _header(file, size)
    count = math.prod(shape) * dtype.itemsize
    data = bytearray(file.read(count + 1))  # one more: the end is where checksums are compared
    if len(data) != count:
        raise ValueError(f"it holds {len(data)} bytes of an array of {count}")
    return np.ndarray(shape, dtype, data, order="F" if fortran else "C")


def _header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)[0]
    if version not in _VERSIONS:
        raise ValueError(f"version {version} of .npy is not for numbers")
    shape, fortran, dtype = _VERSIONS[version](file)
    if dtype.kind not in _NUMBERS or dtype.subdtype is not None:
        raise ValueError(f"expected numbers, got {dtype}")
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape}")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"its header says {dtype} {shape}, which is more than the file holds")
    return shape, fortran, dtype


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:12]) or "none"
