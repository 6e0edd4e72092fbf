"""LeRobot folders: what was written is read, in vla_gym's terms and in LeRobot's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vla_gym.cli import main
from vla_gym.datasets import Demonstration, load_dataset
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.errors import DatasetError

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")


@pytest.fixture
def folder(tmp_path: Path, make, spec) -> Path:
    """Three episodes; written in two goes, as when the first was killed."""
    root = tmp_path / "set"
    first = LeRobotWriter(root, spec, robot="panda")
    first.add(make(0, 9))
    second = LeRobotWriter(root, spec, robot="panda")
    assert second.sources == [{"seed": 0}]
    second.add(make(1, 4, success=None))
    second.add(make(2, 6, labels=np.ones((6, 7), np.float32)))
    second.close()
    return root


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_round_trip(folder: Path, make, spec) -> None:
    dataset = load_dataset(folder)
    assert dataset.spec == spec
    assert dataset.lengths == [9, 4, 6]
    expected = [
        make(0, 9),
        make(1, 4, success=None),
        make(2, 6, labels=np.ones((6, 7), np.float32)),
    ]
    for number, written in enumerate(expected):
        read = dataset.episode(number)
        for name in ("proprioception", "actions"):
            assert np.array_equal(getattr(read, name), getattr(written, name))
        assert np.array_equal(read.targets, written.targets)
        for name in ("instruction", "task", "success", "source"):
            assert getattr(read, name) == getattr(written, name)
        assert all(psnr(read.images[r], written.images[r]) > 35 for r in spec.cameras)
    assert dataset.episode(0, images=False).images == {}


def test_it_says_how_base_and_world_lie(tmp_path: Path, make, spec) -> None:
    pose = (0.1, 0.2, 0.3, 0.0, 0.0, 0.6, 0.8)
    placed = spec.model_copy(update={"base_aligned_with_world": False, "base_pose": pose})
    LeRobotWriter(tmp_path / "set", placed).add(make(0))
    read = load_dataset(tmp_path / "set").spec
    assert (read.base_aligned_with_world, read.base_pose) == (False, pose)
    with pytest.raises(DatasetError, match=r"another spec.*base"):
        LeRobotWriter(tmp_path / "set", spec)


def test_what_an_older_version_did_not_store_is_named(folder: Path) -> None:
    file = folder / "meta/info.json"
    info = json.loads(file.read_text())
    del info["vla_gym_spec"]["base_aligned_with_world"]
    file.write_text(json.dumps(info))
    with pytest.raises(DatasetError, match=r"base_aligned_with_world: Field required\n.*older"):
        load_dataset(folder)


def test_damage_is_named(folder: Path) -> None:
    video = folder / "videos/observation.images.static/chunk-000/file-000.mp4"
    whole = video.read_bytes()
    for content in (whole[: len(whole) // 2], b""):
        video.write_bytes(content)
        with pytest.raises(DatasetError, match=r"file-000\.mp4"):
            load_dataset(folder).episode(1)
    video.unlink()
    with pytest.raises(DatasetError, match="no such file"):
        load_dataset(folder).episode(1)
    data = folder / "data/chunk-000/file-000.parquet"
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"file-000\.parquet"):
        load_dataset(folder).episode(2)


def test_a_video_that_is_too_short_is_named(folder: Path, make) -> None:
    from vla_gym.datasets.pictures import write_pictures

    video = folder / "videos/observation.images.static/chunk-000/file-000.mp4"
    write_pictures(video, make(0, 5).images["static"], fps=30)
    with pytest.raises(DatasetError, match="holds 5 of 9 frames"):
        load_dataset(folder).episode(0)


def test_episodes_that_are_not_what_the_spec_says_are_refused(folder: Path, make, spec) -> None:
    writer = LeRobotWriter(folder, spec)
    bad = make(3, 5)
    bad.actions[2, 1] = np.nan
    with pytest.raises(DatasetError, match=r"episode 3: actions of frame 2 .*finite"):
        writer.add(bad)
    with pytest.raises(DatasetError, match=r"labels are \(4, 7\), expected \(5, 7\)"):
        writer.add(make(3, 5, labels=np.zeros((4, 7), np.float32)))
    with pytest.raises(DatasetError, match=r"no pictures of \['wrist'\]"):
        writer.add(make(3, 5, images={"static": make(3, 5).images["static"]}))
    with pytest.raises(DatasetError, match="no frames"):
        writer.add(make(3, 0))
    assert len(writer) == 3
    with pytest.raises(DatasetError, match="another spec"):
        LeRobotWriter(folder, spec.model_copy(update={"fps": 10.0}))


def test_foreign_folders_need_a_spec(folder: Path, spec, tmp_path: Path) -> None:
    file = folder / "meta/info.json"
    info = json.loads(file.read_text())
    info.pop("vla_gym_spec")
    file.write_text(json.dumps(info))
    with pytest.raises(DatasetError, match="spec=DatasetSpec"):
        load_dataset(folder)
    assert load_dataset(folder, {"spec": spec}).lengths == [9, 4, 6]
    file.write_text(json.dumps({**info, "codebase_version": "v1.6"}))
    with pytest.raises(DatasetError, match=r"codebase_version.*'v2\.1' or 'v3\.0'.*v1\.6"):
        load_dataset(folder)
    with pytest.raises(DatasetError, match="No format reads"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        load_dataset(tmp_path / "absent")


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return int(ended.value.code or 0)


def test_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("dataset", "info", folder) == 0
    shown = capsys.readouterr().out
    assert "episodes     3" in shown
    assert "19 (4 to 9 an episode, 30 Hz)" in shown
    assert _run("dataset", "check", folder) == 0
    assert _run("dataset", "convert", folder, "--out", tmp_path / "copy") == 0
    copy: Demonstration = load_dataset(tmp_path / "copy").episode(2)
    assert np.array_equal(copy.actions, load_dataset(folder).episode(2).actions)
    next(folder.glob("videos/*/*/*")).write_bytes(b"")
    capsys.readouterr()
    assert _run("dataset", "check", folder) == 2
    assert "cannot be read" in capsys.readouterr().err
