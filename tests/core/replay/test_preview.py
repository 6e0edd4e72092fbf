"""A sheet shows how each task begins, for any suite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.records import EpisodeRecord, SubTaskRecord
from vla_gym.replay.film import caption_of
from vla_gym.replay.preview import _rows, first_picture, preview, save_preview
from vla_gym.testing import mock_suite


def test_a_single_suite_fills_a_grid_with_its_tasks(tmp_path: Path) -> None:
    suite = mock_suite(6)
    tasks = len({episode.subtasks[0].name for episode in suite.episodes})
    one, grid = (preview([suite], width=64, columns=columns) for columns in (1, tasks))
    assert grid.width == tasks * one.width
    assert one.height > grid.height
    file = save_preview(grid, tmp_path / "new" / "sheet.jpg")
    assert Image.open(file).size == grid.size


def test_several_suites_are_columns_and_a_missing_task_is_an_empty_place() -> None:
    few, many = mock_suite(1), mock_suite(6)
    sheet = np.asarray(preview([few, many], width=64))
    half = sheet.shape[1] // 2
    last_row = slice(sheet.shape[0] * 3 // 4, None)
    assert (sheet[last_row, :half] == 255).all()
    assert not (sheet[last_row, half:] == 255).all()


def test_pictures_come_from_the_camera_asked_for() -> None:
    spec = mock_suite(1).episodes[0]
    static, wrist = (first_picture(spec, camera) for camera in ("static", "wrist"))
    assert static.shape != wrist.shape
    np.testing.assert_array_equal(first_picture(spec), static)
    with pytest.raises(UnknownNameError, match=r"Unknown camera of .* 'top'"):
        first_picture(spec, "top")


def test_sizes_must_make_sense() -> None:
    with pytest.raises(OptionError, match="expected at least 16 and 1"):
        preview([mock_suite(1)], width=2)


def test_only_the_end_of_a_short_suite_is_empty() -> None:
    suite = mock_suite(40, chain=1)
    others = suite.episodes[1:]
    kinds = list({e.subtasks[0].name: e for e in others}.values())
    one = suite.model_copy(update={"episodes": tuple(kinds[:4])})
    other = suite.model_copy(update={"episodes": tuple(kinds[2:5])})
    rows = _rows([one, other])
    assert [row[0].subtasks[0].name == row[1].subtasks[0].name for row in rows[:2]] == [True, True]
    assert [[spec is None for spec in row] for row in rows] == [[False] * 2] * 3 + [[False, True]]


@pytest.mark.parametrize(("count", "says"), [(1, "go on"), (5, "2/5 go on")])
def test_a_caption_says_which_sub_task_of_how_many(count: int, says: str) -> None:
    done = SubTaskRecord(name="go", instruction="go on", success=True, steps=1)
    record = EpisodeRecord(episode=0, subtasks=(done, done))
    assert caption_of(record, 1 if count > 1 else 0, count) == says
