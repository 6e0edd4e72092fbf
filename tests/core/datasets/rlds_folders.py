"""RLDS folders written byte by byte, without TensorFlow."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from vla_gym.datasets import Demonstration
from vla_gym.datasets.tfrecord import masked_checksum


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def block(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def example(features: dict[str, list[Any]]) -> bytes:
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


def png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def episode(demonstration: Demonstration, words: list[bytes] | None = None) -> bytes:
    """Return an episode in the fields of test_rlds; ``words`` are the sentences of its steps."""
    said = [demonstration.instruction.encode()] * len(demonstration)
    return example(
        {
            "steps/observation/image": [png(p) for p in demonstration.images["static"]],
            "steps/observation/wrist": [png(p) for p in demonstration.images["wrist"]],
            "steps/observation/place": demonstration.proprioception.ravel().tolist(),
            "steps/action/move": demonstration.actions[:, :6].ravel().tolist(),
            "steps/action/gripper": [int(a > 0) for a in demonstration.actions[:, 6]],
            "steps/language_instruction": words or said,
        }
    )


def write_folder(root: Path, shards: list[list[bytes]], *, split: str = "train") -> Path:
    """Write a split with a list of episodes in each shard."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "features.json").write_text("{}")
    for number, episodes in enumerate(shards):
        name = f"robot-{split}.tfrecord-{number:05d}-of-{len(shards):05d}"
        (root / name).write_bytes(b"".join(map(record, episodes)))
    return root
