"""TFRecord files and the ``tf.train.Example`` messages in them, read without TensorFlow.

A record is its length (uint64), a checksum of that, the bytes, and a checksum of those; see
https://www.tensorflow.org/tutorials/load_data/tfrecord. The checksum of the length is verified, so
a file that is none is noticed at once; that of the bytes is not, which Python is too slow for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vla_gym.errors import DatasetError

Feature = list[bytes] | npt.NDArray[Any]
_HEADER: Final = struct.Struct("<QI")
_FOOTER: Final = 4
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # protobuf's wire types
_BYTES_LIST, _FLOAT_LIST, _INT_LIST = 1, 2, 3  # fields of tf.train.Feature
_CASTAGNOLI: Final = 0x82F63B78
_MASK: Final = 0xA282EAD8


def record_places(path: Path) -> list[tuple[int, int]]:
    """Return where the records of a file lie: first byte and length.

    Raises:
        DatasetError: When the file cannot be read, is none, or ends within a record.
    """
    places = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while (start := file.tell()) < size:
                header = file.read(_HEADER.size)
                length = _length(header, path, start)
                end = start + _HEADER.size + length + _FOOTER
                if end > size:
                    raise DatasetError(
                        f"{path} ends within the record at byte {start}: it was cut off."
                    )
                places.append((start + _HEADER.size, length))
                file.seek(end)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return places


def read_record(path: Path, place: tuple[int, int]) -> bytes:
    """Return the bytes of a record."""
    try:
        with path.open("rb") as file:
            file.seek(place[0])
            return file.read(place[1])
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error


def parse_example(data: bytes) -> dict[str, Feature]:
    """Return the features of a ``tf.train.Example``: bytes, float32 or int64 by name.

    Raises:
        ValueError: When the bytes are no such message.
    """
    out: dict[str, Feature] = {}
    for _, features in _fields(memoryview(data)):
        for _, entry in _fields(features):
            parts = dict(_fields(entry))
            out[bytes(parts[1]).decode()] = _feature(parts.get(2, memoryview(b"")))
    return out


def masked_checksum(data: bytes) -> int:
    """Return the CRC-32C of bytes in TensorFlow's masked form."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + _MASK) & 0xFFFFFFFF


def _length(header: bytes, path: Path, start: int) -> int:
    if len(header) < _HEADER.size:
        raise DatasetError(f"{path} ends within the record at byte {start}: it was cut off.")
    length, checksum = _HEADER.unpack(header)
    if masked_checksum(header[:8]) != checksum:
        raise DatasetError(
            f"{path} is no TFRecord file, or damaged at byte {start} (checksum of a length)."
        )
    return int(length)


@lru_cache(maxsize=1)
def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return table


def _feature(data: memoryview) -> Feature:
    for kind, content in _fields(data):
        if kind == _BYTES_LIST:
            return [bytes(value) for _, value in _fields(content)]
        if kind == _FLOAT_LIST:
            packed = b"".join(bytes(value) for _, value in _fields(content))
            return np.frombuffer(packed, "<f4")
        if kind == _INT_LIST:
            return np.array(list(_integers(content)), np.int64)
    return []


def _integers(data: memoryview) -> Iterator[int]:
    for _, value in _fields(data):
        place = 0
        while place < len(value):
            number, place = _varint(value, place)
            yield number - (1 << 64) if number >> 63 else number


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and bytes of each field of a message."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        start = place
        if tag & 7 == _VARINT:
            _, place = _varint(data, place)
        elif tag & 7 == _BYTES:
            length, start = _varint(data, place)
            place = start + length
        elif tag & 7 in (_EIGHT, _FOUR):
            place += 8 if tag & 7 == _EIGHT else 4
        else:
            raise ValueError(f"wire type {tag & 7} at byte {start}")
        if place > len(data):
            raise ValueError(f"a field at byte {start} is longer than its message")
        yield tag >> 3, data[start:place]


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(data):
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
    raise ValueError("a number at the end of a message is cut off")
