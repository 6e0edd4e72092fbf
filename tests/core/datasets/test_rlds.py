"""TFRecord files written here byte by byte are read, and damage is named."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rlds_folders import episode, example, record, write_folder

from vla_gym.datasets import describe_folder, load_dataset
from vla_gym.datasets.rlds import RldsFields
from vla_gym.datasets.tfrecord import masked_checksum, parse_example
from vla_gym.errors import DatasetError, OptionError

FIELDS = RldsFields(
    images={"static": "observation/image", "wrist": "observation/wrist"},
    action=("action/move", "action/gripper"),
    proprioception=("observation/place",),
)


@pytest.fixture
def folder(tmp_path: Path, make) -> Path:
    shards = [[make(0, 3), make(1, 5)], [make(2, 2)]]
    return write_folder(tmp_path, [[episode(one) for one in shard] for shard in shards])


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
        (record(example({"steps/language_instruction": [1, 1]})), "is no text"),
        (record(example({"steps/language_instruction": [b"\xff"]})), "is no text"),
        (record(example({"steps/language_instruction": []})), "has no frames"),
    ):
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=message):
            load_dataset(folder, options).episode(2)
    file.write_bytes(whole)
    with pytest.raises(DatasetError, match="RldsFields"):
        load_dataset(folder)


def renamed(folder: Path, number: int, name: str) -> None:
    """Give the shard of a number another name."""
    (folder / f"robot-train.tfrecord-{number:05d}-of-00002").rename(folder / name)


def test_a_split_is_read_alone_and_train_by_default(folder: Path, make, spec) -> None:
    options = {"spec": spec, "fields": FIELDS}
    held_out = folder / "robot-val.tfrecord-00000-of-00001"
    held_out.write_bytes(record(episode(make(7, 4))))
    lengths = {
        split: load_dataset(folder, {**options, "split": split}).lengths
        for split in ("train", "val", "all")
    }
    assert lengths == {"train": [3, 5, 2], "val": [4], "all": [3, 5, 2, 4]}
    assert load_dataset(folder, options).lengths == lengths["train"]
    assert (
        load_dataset(folder, options).chosen
        != load_dataset(folder, {**options, "split": "val"}).chosen
    )
    with pytest.raises(OptionError, match=r"no split 'test'.*train, val, all"):
        load_dataset(folder, {**options, "split": "test"})


def test_a_shard_that_is_lost_or_not_of_the_split_is_named(folder: Path, spec) -> None:
    options = {"spec": spec, "fields": FIELDS}
    for name, message in (
        ("robot-train.tfrecord-00002-of-00002", "00002-of-00002 is no shard of 2"),
        ("robot-train.tfrecord-00000-of-00003", "are not of one data set"),
        ("other-train.tfrecord-00000-of-00002", "are not of one data set"),
        ("train.tfrecord", "not named as a shard"),
        ("kept-elsewhere", "robot-train.tfrecord-00000-of-00002 not there"),
    ):
        renamed(folder, 0, name)
        with pytest.raises(DatasetError, match=message):
            load_dataset(folder, options)
        (folder / name).rename(folder / "robot-train.tfrecord-00000-of-00002")


def test_the_records_are_as_many_as_the_folder_counts(folder: Path, spec) -> None:
    options = {"spec": spec, "fields": FIELDS}
    info = folder / "dataset_info.json"
    for counted, message in (
        (["2", "1"], None),
        (["2", "2"], "has 1 episodes.*counts"),
        (["2", "1", "4"], "counts"),
        ([None], "cannot be read"),
    ):
        info.write_text(json.dumps({"splits": [{"name": "train", "shardLengths": counted}]}))
        if message is None:
            assert len(load_dataset(folder, options).lengths) == 3
        else:
            with pytest.raises(DatasetError, match=message):
                load_dataset(folder, options)


def test_each_instruction_of_an_episode_has_its_frames(folder: Path, make, spec) -> None:
    content = episode(make(0, 4), [b"open it", b"open it", b"close it", b"open it"])
    file = folder / "robot-train.tfrecord-00001-of-00002"
    file.write_bytes(record(content))
    dataset = load_dataset(folder, {"spec": spec, "fields": FIELDS})
    assert dataset.lengths == [3, 5, 2, 1, 1]
    assert [dataset.episode(n).instruction for n in (2, 3, 4)] == ["open it", "close it", "open it"]
    assert np.array_equal(dataset.episode(3).proprioception, make(0, 4).proprioception[2:3])
    assert np.array_equal(dataset.episode(3).images["static"], make(0, 4).images["static"][2:3])


@pytest.mark.parametrize(
    ("name", "marks"), [("is_first", [1, 0, 1]), ("is_last", [0, 1, 0]), ("is_last", [0, 1, 1])]
)
def test_a_record_of_two_episodes_is_refused(name: str, marks, folder: Path, make, spec) -> None:
    more = example({f"steps/{name}": marks})
    file = folder / "robot-train.tfrecord-00001-of-00002"
    file.write_bytes(record(episode(make(0, 3)) + more))
    with pytest.raises(DatasetError, match=f"{name} marks"):
        _ = load_dataset(folder, {"spec": spec, "fields": FIELDS}).lengths


def test_the_cameras_of_spec_and_fields_are_the_same(folder: Path, spec) -> None:
    fields = FIELDS.model_copy(update={"images": {"static": "observation/image"}})
    with pytest.raises(OptionError, match="wrist"):
        load_dataset(folder, {"spec": spec, "fields": fields})


def test_a_folder_is_described_before_it_is_explained(folder: Path) -> None:
    lines = list(describe_folder(folder))
    assert "field        action/move (18 x float32)" in lines
    assert "field        language_instruction (3 x bytes)" in lines
