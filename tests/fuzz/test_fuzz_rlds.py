"""RLDS folders with something wrong in them are read, or refused: no traceback, no hang."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from mutations import TRIES, mutate_bytes, mutate_file
from rlds_folders import episode, record, write_folder
from small_demonstrations import SPEC, demonstration
from test_rlds import FIELDS

from vla_gym.datasets import describe_folder, load_dataset
from vla_gym.errors import VlaGymError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing wrong."""
    episodes = [[episode(demonstration(0, 3)), episode(demonstration(1, 4))]]
    root = write_folder(tmp_path_factory.mktemp("whole") / "set", episodes)
    split = {"name": "train", "shardLengths": ["2"]}
    (root / "dataset_info.json").write_text(json.dumps({"splits": [split]}))
    return root


def use(root: Path) -> None:
    """Do with a folder what a user does."""
    list(describe_folder(root))
    dataset = load_dataset(root, {"spec": SPEC, "fields": FIELDS})
    for number, length in enumerate(dataset.lengths):
        assert len(dataset.episode(number)) == length


@pytest.mark.timeout(3600)
def test_a_folder_with_a_fault_is_read_or_refused(whole: Path, tmp_path: Path) -> None:
    outcomes = {"read": 0, "refused": 0}
    for seed in range(TRIES):
        rng = np.random.default_rng(seed)
        root = tmp_path / "set"
        shutil.copytree(whole, root)
        shard = next(root.glob("*.tfrecord*"))
        if seed % 2:  # inside of a record whose length is right
            shard.write_bytes(record(mutate_bytes(episode(demonstration(0, 3)), rng)) * 2)
        else:
            mutate_file([shard, root / "dataset_info.json"][rng.integers(2)], rng)
        try:
            use(root)
            outcomes["read"] += 1
        except VlaGymError:
            outcomes["refused"] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        shutil.rmtree(root)
    assert all(outcomes.values())
