"""TFRecord files written here byte by byte are read, and damage is named."""

from __future__ import annotations

import contextlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vla_gym.datasets import load_dataset
from vla_gym.datasets.rlds import RldsFields
from vla_gym.datasets.tfrecord import masked_checksum, parse_example
from vla_gym.errors import DatasetError

FIELDS = RldsFields(
    images={"static": "observation/image", "wrist": "observation/wrist"},
    action=("action/move", "action/gripper"),
    proprioception=("observation/place",),
)


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def block(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def example(features: dict[str, list]) -> bytes:
    entries = b""
    for name, values in features.items():
        if values and isinstance(values[0], bytes):
            feature = block(1, b"".join(block(1, value) for value in values))
        elif values and isinstance(values[0], float):
            feature = block(2, block(1, struct.pack(f"<{len(values)}f", *values)))
        else:
            feature = block(3, block(1, b"".join(varint(value) for value in values)))
        entries += block(1, block(1, name.encode()) + block(2, feature))
    return block(1, entries)


def record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    checksums = [struct.pack("<I", masked_checksum(part)) for part in (length, content)]
    return length + checksums[0] + content + checksums[1]


def png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def episode(demonstration) -> bytes:
    return example(
        {
            "steps/observation/image": [png(p) for p in demonstration.images["static"]],
            "steps/observation/wrist": [png(p) for p in demonstration.images["wrist"]],
            "steps/observation/place": demonstration.proprioception.ravel().tolist(),
            "steps/action/move": demonstration.actions[:, :6].ravel().tolist(),
            "steps/action/gripper": [int(a > 0) for a in demonstration.actions[:, 6]],
            "steps/language_instruction": [demonstration.instruction.encode()] * len(demonstration),
        }
    )


@pytest.fixture
def folder(tmp_path: Path, make) -> Path:
    shards = [[make(0, 3), make(1, 5)], [make(2, 2)]]
    for number, shard in enumerate(shards):
        file = tmp_path / f"robot-train.tfrecord-{number:05d}-of-00002"
        file.write_bytes(b"".join(record(episode(one)) for one in shard))
    (tmp_path / "features.json").write_text("{}")
    return tmp_path


def test_episodes_are_read(folder: Path, make, spec) -> None:
    dataset = load_dataset(folder, {"spec": spec, "fields": FIELDS})
    assert dataset.lengths == [3, 5, 2]
    for number, length in enumerate((3, 5, 2)):
        read, written = dataset.episode(number), make(number, length)
        assert np.array_equal(read.actions[:, :6], written.actions[:, :6])
        assert np.array_equal(read.actions[:, 6], written.actions[:, 6] > 0)
        assert np.array_equal(read.proprioception, written.proprioception)
        assert all(np.array_equal(read.images[r], written.images[r]) for r in spec.cameras)
        assert read.instruction == written.instruction
    assert dataset.episode(0, images=False).images == {}


def test_the_checksum_is_the_one_of_the_standard() -> None:
    """CRC-32C of "123456789" is 0xE3069283 (RFC 3720, B.4 uses the same polynomial)."""
    crc = 0xE3069283
    assert masked_checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@given(
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
    floats=st.lists(st.floats(width=32, allow_nan=False), min_size=1),
    words=st.lists(st.binary(max_size=300), min_size=1),
)
def test_what_an_example_holds_is_read(numbers, floats, words) -> None:
    found = parse_example(example({"n": numbers, "f": floats, "w": words}))
    assert list(found["n"]) == numbers
    assert list(found["f"]) == floats
    assert found["w"] == words


@given(st.binary(max_size=60))
def test_other_bytes_are_an_error_and_nothing_worse(data: bytes) -> None:
    with contextlib.suppress(ValueError, KeyError):
        parse_example(data)


def test_damage_is_named(folder: Path, make, spec) -> None:
    options = {"spec": spec, "fields": FIELDS}
    file = folder / "robot-train.tfrecord-00001-of-00002"
    whole = file.read_bytes()
    for content, message in (
        (whole[:-20], "cut off"),
        (whole + b"abc", "cut off"),
        (b"x" * 64, "no TFRecord"),
        (record(b"\xff\xff"), "no tf.train.Example"),
        (record(example({"steps/else": [1]})), "no field 'language_instruction'"),
        (whole.replace(b"PNG", b"GNP"), "observation/image"),
    ):
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=message):
            load_dataset(folder, options).episode(2)
    with pytest.raises(DatasetError, match="RldsFields"):
        load_dataset(folder)
