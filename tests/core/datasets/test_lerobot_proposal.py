"""Whoever opens a LeRobot folder for the first time is told what is in it and what to say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vla_gym.cli import main
from vla_gym.datasets import DatasetSpec, describe_folder
from vla_gym.errors import DatasetError

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

from lerobot_folders import Folder

ANSWERS = {
    "base_aligned_with_world": True,
    "binary": True,
    "closed": -1,
    "frame": "base",
    "meters_per_unit": 1.0,
    "mode": "delta",
    "name": "ee_position",
    "open": 1,
    "radians_per_unit": 1.0,
    "reference": "measured",
    "representation": "euler_xyz",
    "unit": "rad",
}


def proposal(root: Path) -> Any:
    text = "\n".join(describe_folder(root)).split("SAY:\n", 1)[1]
    return yaml.safe_load(text.split("\nIts columns")[0])


def completed(value: Any) -> Any:
    """What a person makes of a proposal."""
    if isinstance(value, dict):
        return {k: ANSWERS[k] if v == "SAY" else completed(v) for k, v in value.items()}
    return [completed(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_columns_cameras_and_tasks_are_listed(version: str, tmp_path: Path) -> None:
    folder = Folder(version=version, state={"pose": 3, "done": 1}, action={"delta_action": 7})
    text = "\n".join(describe_folder(folder.write(tmp_path / "set")))
    for line in (
        f"format       LeRobot {version}",
        "episodes     2",
        "frames       11 (5 to 6 an episode), 30 Hz",
        "camera       observation.images.wrist (24 x 24 x 3, video)",
        "column       delta_action (7)",
        "column       done (1)",
        "tasks\n  open it\n  close it",
    ):
        assert line in text
    assert "--set action=delta_action" in text
    assert "frame_index" not in text


def test_a_proposal_that_is_completed_is_a_spec(tmp_path: Path) -> None:
    found = proposal(Folder().write(tmp_path / "set"))
    with pytest.raises(ValueError, match="validation errors"):
        DatasetSpec.model_validate(found)
    spec = DatasetSpec.model_validate(completed(found))
    assert (spec.fps, spec.action.size, spec.proprioception_size) == (30, 7, 3)
    assert spec.cameras["static"].width == 48


@pytest.mark.parametrize("names", [["channel", "height", "width"], None])
def test_the_channels_of_a_picture_may_stand_in_front(names, tmp_path: Path) -> None:
    folder = Folder(version="v2.0")
    features = folder.described()["features"]
    features["observation.images.static"] |= {"shape": [3, 32, 48], "names": names}
    folder.info = {"features": features}
    found = proposal(folder.write(tmp_path / "set"))
    assert found["cameras"]["static"] == {"height": 32, "width": 48}


def test_fields_that_nobody_reads_are_named(tmp_path: Path) -> None:
    root = Folder(info={"script_config": {}, "total_videos": 4}).write(tmp_path / "set")
    (line,) = [one for one in describe_folder(root) if one.startswith("not read")]
    assert line == "not read     script_config (in info.json)"


def test_joints_keep_their_names(tmp_path: Path) -> None:
    names = ["shoulder.pos", "elbow.pos", "gripper.pos"]
    folder = Folder(action={"action": 3})
    features = folder.described()["features"]
    features["action"]["names"] = names
    folder.info = {"features": features}
    found = proposal(folder.write(tmp_path / "set"))
    joints, gripper = found["action"]["parts"]
    assert (joints["names"], gripper["kind"]) == (names[:2], "gripper")
    assert DatasetSpec.model_validate(completed(found)).action.size == 3


def test_info_tells_it_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Folder().write(tmp_path / "set")
    with pytest.raises(SystemExit) as ended:
        main(["dataset", "info", str(root)])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "column       observation.state (3)" in shown
    assert re.search(r"does not say what an action means", shown)


def test_a_damaged_folder_is_an_error(tmp_path: Path) -> None:
    root = Folder().write(tmp_path / "set")
    (root / "meta/tasks.parquet").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"tasks\.parquet"):
        list(describe_folder(root))
