"""Converting goes on where it stopped, and never into a folder of something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vla_gym.datasets import load_dataset
from vla_gym.datasets.conversion import convert
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.errors import DatasetError

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

SOURCE = Path("data/first")


def test_a_conversion_goes_on_where_it_was_stopped(tmp_path: Path, make, in_memory) -> None:
    whole = in_memory([make(number) for number in range(4)])
    assert convert(in_memory(whole.episodes[:2]), SOURCE, tmp_path / "out") == 2
    assert convert(whole, SOURCE.resolve(), tmp_path / "out") == 4
    assert convert(whole, SOURCE, tmp_path / "out") == 4
    read = load_dataset(tmp_path / "out")
    for number, episode in enumerate(whole.episodes):
        assert np.array_equal(read.episode(number).actions, episode.actions)
        assert read.episode(number).source["seed"] == number


@pytest.mark.parametrize("other", ["episodes", "folder", "fewer", "sentence"])
def test_a_folder_begun_with_another_source_is_refused(
    other: str, tmp_path: Path, make, in_memory
) -> None:
    episodes = [make(number) for number in range(3)]
    convert(in_memory(episodes[:2]), SOURCE, tmp_path / "out")
    data, source = {
        "episodes": (in_memory(episodes[1:]), SOURCE),
        "folder": (in_memory(episodes), Path("data/second")),
        "fewer": (in_memory(episodes[:1]), SOURCE),
        "sentence": (in_memory([make(0), make(1, instruction="do it")]), SOURCE),
    }[other]
    with pytest.raises(DatasetError, match=r"begun with another source.*Give another --out"):
        convert(data, source, tmp_path / "out")
    assert len(load_dataset(tmp_path / "out").lengths) == 2


def test_a_folder_that_was_collected_is_not_converted_into(tmp_path: Path, make, in_memory) -> None:
    writer = LeRobotWriter(tmp_path / "out", in_memory([]).spec)
    writer.add(make(0))
    writer.close()
    with pytest.raises(DatasetError, match="is not a converted one"):
        convert(in_memory([make(0), make(1)]), SOURCE, tmp_path / "out")
