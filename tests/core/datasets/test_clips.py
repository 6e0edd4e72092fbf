"""Clips as the card of a published set describes them, with fields under several names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.contract.spec import CameraSpec
from vla_gym.datasets import load_dataset
from vla_gym.datasets.clips import ClipFields
from vla_gym.datasets.pictures import write_pictures
from vla_gym.errors import DatasetError, OptionError


@pytest.fixture
def one_camera(spec: Any) -> Any:
    cameras = {"static": CameraSpec(height=32, width=48)}
    return spec.model_copy(update={"cameras": cameras, "proprioception": ()})


def write(root: Path, name: str, **annotation: Any) -> None:
    folder = root / "anns/train"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(annotation))


def test_pick_and_place_share_a_video(tmp_path: Path, make: Any, one_camera: Any) -> None:
    whole = make(0, 12)
    write_pictures(tmp_path / "media/r1.mp4", whole.images["static"], fps=30)
    actions = whole.actions.tolist()
    shared = {"video": "media/r1.mp4"}
    write(tmp_path, "0", text="pick up the cucumber", actions=actions[:5], **shared)
    place = "place the picked object in the vegetable basket"
    write(tmp_path, "1", texts=[place], action=actions[5:], start_frame=5, **shared)
    dataset = load_dataset(tmp_path, {"spec": one_camera})
    assert list(dataset.lengths) == [5, 7]
    pick, put = dataset.episode(0), dataset.episode(1)
    assert (pick.instruction, put.instruction) == ("pick up the cucumber", place)
    assert np.allclose(put.actions, whole.actions[5:])
    for got, wanted in ((pick, whole.images["static"][:5]), (put, whole.images["static"][5:])):
        assert abs(got.images["static"].astype(int) - wanted).mean() < 3
    assert dataset.episode(0, images=False).images == {}


def test_videos_by_camera_and_states(tmp_path: Path, make: Any, spec: Any) -> None:
    whole = make(0, 4)
    videos = {}
    for role, pictures in whole.images.items():
        videos[role] = f"media/{role}.mp4"
        write_pictures(tmp_path / videos[role], pictures, fps=30)
    numbers = {"a": whole.actions.tolist(), "state": whole.proprioception.tolist()}
    write(tmp_path, "0", text="x", videos=videos, **numbers)
    fields = ClipFields(actions=("a",))
    episode = load_dataset(tmp_path, {"spec": spec, "fields": fields}).episode(0)
    assert set(episode.images) == {"static", "wrist"}
    assert np.allclose(episode.proprioception, whole.proprioception)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ({"video": "v.mp4", "actions": [[0.0] * 7]}, "none of the fields text, .*it has video"),
        ({"text": "x", "video": "v.mp4", "actions": [[0.0] * 7]}, "v.mp4 cannot be read: no such"),
        ({"text": "x", "video": "../v.mp4", "actions": [[0.0] * 7]}, "path inside the data set"),
        ({"text": "x", "video": "/v.mp4", "actions": [[0.0] * 7]}, "path inside the data set"),
        ({"text": "x", "video": "v" * 9999, "actions": [[0.0] * 7]}, "no such file"),
        ({"text": [], "video": "v.mp4", "actions": [[0.0] * 7]}, "expected a sentence"),
        ({"text": "x", "video": "v.mp4", "actions": [[10**400] * 7]}, "no rows of numbers"),
        ({"text": "x", "video": "v.mp4", "actions": [[0.0] * 7], "start_frame": "a"}, "it begins"),
        ({"text": "x", "video": 3, "actions": [[0.0] * 7]}, "its video is 3"),
        ({"text": "x", "video": "v.mp4", "actions": [0.0]}, r"shape \(1,\)"),
        ({"text": "x", "video": "v.mp4", "actions": [[0.0], []]}, "no rows of numbers"),
        ({"text": "x", "video": "v.mp4", "actions": [[float("nan")] * 7]}, "no such file|finite"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, one_camera: Any, annotation: dict[str, Any], said: str
) -> None:
    write(tmp_path, "0", **annotation)
    with pytest.raises(DatasetError, match=said):
        load_dataset(tmp_path, {"spec": one_camera}).episode(0)


def test_meaning_and_split_must_be_said(tmp_path: Path, spec: Any) -> None:
    write(tmp_path, "0", text="x")
    with pytest.raises(DatasetError, match=r"DatasetSpec"):
        load_dataset(tmp_path)
    with pytest.raises(OptionError, match="split='tst'"):
        load_dataset(tmp_path, {"spec": spec, "split": "tst"})
    (tmp_path / "anns/train/0.json").write_text("[")
    with pytest.raises(DatasetError, match=r"0\.json cannot be read"):
        load_dataset(tmp_path, {"spec": spec}).episode(0)


def test_an_annotation_of_brackets_is_refused(tmp_path: Path, one_camera: Any) -> None:
    write(tmp_path, "0")
    (tmp_path / "anns/train/0.json").write_text("[" * 100_000)
    with pytest.raises(DatasetError, match=r"0\.json cannot be read"):
        load_dataset(tmp_path, {"spec": one_camera}).episode(0)
