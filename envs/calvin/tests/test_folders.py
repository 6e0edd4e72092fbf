"""CALVIN's folders as people own them: what a file says is used, or named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vla_gym_calvin.datasets import Annotation, PlayDataset, PlayWriter
from vla_gym_calvin.datasets.annotations import read_annotations

from vla_gym.datasets import Dataset, load_dataset
from vla_gym.errors import DatasetError, OptionError

FRAMES = 12


class Folder:
    """A small folder, and what of it can be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.split = root / "training"
        self.sub, self.name = "lang_annotations", "auto_lang_ann.npy"
        self.content: dict[str, Any] = {
            "language": {
                "ann": ["open it", "shut it"],
                "task": ["open_drawer", "close_drawer"],
                "emb": np.zeros((2, 1, 384), np.float32),
            },
            "info": {"indx": [(0, 4), (6, 9)], "episodes": []},
        }
        self.scenes: dict[str, Any] | None = {"calvin_scene_A": [0, 5], "calvin_scene_B": [6, 11]}
        self.bounds: np.ndarray | None = np.array([[0, FRAMES - 1]])
        self.size = 6
        self.frames = {n: self.frame(n) for n in range(FRAMES)}

    def frame(self, number: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(number)
        return {
            "rel_actions": rng.uniform(-1, 1, 7),
            "robot_obs": rng.normal(size=15),
            "scene_obs": rng.normal(size=24),
            "rgb_static": rng.integers(0, 256, (self.size, self.size, 3), dtype=np.uint8),
            "rgb_gripper": rng.integers(0, 256, (4, 5, 3), dtype=np.uint8),
        }

    def write(self) -> Path:
        (self.split / self.sub).mkdir(parents=True)
        np.save(self.split / self.sub / self.name, self.content, allow_pickle=True)
        if self.scenes is not None:
            np.save(self.split / "scene_info.npy", self.scenes, allow_pickle=True)
        if self.bounds is not None:
            np.save(self.split / "ep_start_end_ids.npy", self.bounds)
        for number, frame in self.frames.items():
            np.savez(self.split / f"episode_{number:07d}.npz", **frame)
        return self.root


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "set")


def test_the_end_of_a_stretch_is_exclusive(folder: Folder) -> None:
    dataset = load_dataset(folder.write())
    assert dataset.lengths == [4, 3]
    assert len(dataset.episode(1)) == 3


def test_what_is_written_is_read_whole_by_the_official_rule(tmp_path: Path) -> None:
    whole = Folder(tmp_path / "unused")
    frames = {n: np.stack([whole.frame(t)[n] for t in range(9)]) for n in whole.frame(0)}
    writer = PlayWriter(tmp_path / "set" / "training")
    writer.add(frames, [Annotation(0, 8, "open_drawer", "a")], scene="B")
    writer.add(frames, [Annotation(0, 8, "open_drawer", "b")], scene="B")
    writer.close()
    split = tmp_path / "set" / "training"
    content = np.load(split / "lang_annotations/auto_lang_ann.npy", allow_pickle=True).item()
    ranges = [range(first, end) for first, end in content["info"]["indx"]]  # disk_dataset.py
    assert [number for span in ranges for number in span] == list(range(18))
    scenes = np.load(split / "scene_info.npy", allow_pickle=True).item()
    assert scenes == {"calvin_scene_B": [0, 17]}
    assert load_dataset(tmp_path / "set").lengths == [9, 9]


def test_a_scene_that_comes_again_has_no_range(tmp_path: Path) -> None:
    whole = Folder(tmp_path / "unused")
    frames = {n: value[np.newaxis] for n, value in whole.frame(0).items()}
    writer = PlayWriter(tmp_path / "set" / "training")
    writer.add(frames, [], scene="B")
    writer.add(frames, [], scene="A")
    with pytest.raises(DatasetError, match="scene B comes again"):
        writer.add(frames, [], scene="B")


def test_annotations_may_be_in_any_folder(folder: Folder) -> None:
    folder.sub = "lang_clip_resnet50"
    root = folder.write()
    with pytest.raises(DatasetError, match=r"lang_clip_resnet50 \(choose one: "):
        load_dataset(root)
    assert load_dataset(root, {"annotations": "lang_clip_resnet50"}).lengths == [4, 3]
    for bad in ("../training/lang_clip_resnet50", "", "..", "/etc"):
        with pytest.raises((OptionError, DatasetError)):
            load_dataset(root, {"annotations": bad})


def test_recordings_may_be_left_unsaid(folder: Folder) -> None:
    folder.bounds = None
    del folder.frames[5]
    assert load_dataset(folder.write()).lengths == [4, 3]


def test_a_missing_frame_cuts_a_recording_where_nothing_says_them(folder: Folder) -> None:
    folder.bounds = None
    del folder.frames[7]
    with pytest.raises(DatasetError, match=r"1 of 2 annotations lie in no recording: annotation 1"):
        load_dataset(folder.write())


def test_pictures_may_have_any_size(folder: Folder) -> None:
    dataset = load_dataset(folder.write())
    sizes = {role: (camera.height, camera.width) for role, camera in dataset.spec.cameras.items()}
    assert sizes == {"static": (6, 6), "wrist": (4, 5)}
    assert dataset.episode(0).images["wrist"].shape == (4, 4, 5, 3)


def test_a_picture_of_another_size_than_the_others_is_named(folder: Folder) -> None:
    folder.frames[2]["rgb_static"] = np.zeros((7, 6, 3), np.uint8)
    with pytest.raises(DatasetError, match=r"episode_0000002\.npz: rgb_static is \(7, 6, 3\)"):
        load_dataset(folder.write()).episode(0)


def test_a_folder_without_a_camera_has_the_other_one(folder: Folder) -> None:
    for frame in folder.frames.values():
        del frame["rgb_gripper"]
    assert list(load_dataset(folder.write()).episode(0).images) == ["static"]


@pytest.mark.parametrize("span", [(8, 99), (5, 5), (-1, 3), (2**70, 2**71)])
def test_bad_annotations_are_counted_and_left_out_by_choice(folder: Folder, span: Any) -> None:
    folder.content["info"]["indx"][1] = span
    root = folder.write()
    said = r"1 of 2 annotations lie in no recording: annotation 1 \(close_drawer\) covers"
    with pytest.raises(DatasetError, match=said + r".*leave_out=\[bad\]"):
        load_dataset(root)
    with pytest.warns(UserWarning, match=said + ".*left out"):
        assert load_dataset(root, {"leave_out": "bad"}).lengths == [4]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_sentences_are_counted_and_left_out_by_choice(folder: Folder, text: str) -> None:
    folder.content["language"]["ann"][0] = text
    folder.content["info"]["indx"][1] = (0, 99)
    root = folder.write()
    with pytest.raises(DatasetError, match=r"1 of 2 annotations have no words: annotation 0"):
        load_dataset(root, {"leave_out": ["bad"]})
    with pytest.warns(UserWarning, match="left out"):
        assert load_dataset(root, {"leave_out": ["bad", "empty"]}).lengths == []
    with pytest.raises(OptionError, match="leave_out"):
        load_dataset(root, {"leave_out": "all"})


@pytest.mark.parametrize("listed", [["open it"], ("open it",), np.array(["open it"])])
def test_a_sentence_may_be_in_a_list(folder: Folder, listed: Any) -> None:
    folder.content["language"]["ann"] = [listed, "shut it"]
    assert load_dataset(folder.write()).episode(0).instruction == "open it"


def test_several_sentences_of_a_stretch_are_an_episode_each(folder: Folder) -> None:
    folder.content["language"]["ann"][0] = ["open it", "pull"]
    dataset = load_dataset(folder.write())
    texts = [dataset.episode(n).instruction for n in range(3)]
    assert (dataset.lengths, texts) == ([4, 4, 3], ["open it", "pull", "shut it"])


def test_arrays_are_read_as_lists_are(folder: Folder) -> None:
    folder.content["info"]["indx"] = np.array([(0, 4), (6, 9)], np.int32)
    folder.content["language"]["ann"] = np.array(["open it", "shut it"], dtype=object)
    folder.content["language"]["task"] = np.array(["open_drawer", "close_drawer"])
    assert load_dataset(folder.write()).lengths == [4, 3]


def test_each_stretch_is_done_again_in_the_scene_that_the_file_names(folder: Folder) -> None:
    dataset = load_dataset(folder.write())
    assert isinstance(dataset, PlayDataset)
    places = [dataset.scenes.chosen(a.first, a.last, None) for a in dataset.annotations]
    assert places == ["A", "B"]
    with pytest.raises(DatasetError, match="recorded in scene A, but scene=D"):
        dataset.scenes.chosen(0, 3, "D")
    with pytest.raises(DatasetError, match="do not lie in one scene"):
        dataset.scenes.chosen(4, 7, None)
    assert dataset.scenes.chosen(4, 7, "C") == "C"
    with pytest.raises(OptionError, match="scene='E'"):
        dataset.scenes.chosen(0, 3, "E")


def test_the_audit_uses_the_scenes_of_the_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vla_gym_calvin.datasets import audit

    asked: list[Any] = []
    monkeypatch.setattr(audit, "replay_all", lambda episodes, *_, **__: asked.extend(episodes))
    dataset = load_dataset(folder.write())
    assert isinstance(dataset, PlayDataset)
    with pytest.raises(KeyError):  # nothing was done
        list(audit.replayed_differently(dataset, scene=None, assets="builtin"))
    assert [episode.spec.env_kwargs["scene"] for episode in asked] == ["A", "B"]


def test_no_word_of_the_scene_is_said(folder: Folder) -> None:
    folder.scenes = None
    dataset = load_dataset(folder.write())
    assert isinstance(dataset, PlayDataset)
    with pytest.warns(UserWarning, match="taken to be recorded in scene D"):
        dataset.scenes.warn(None)
    assert dataset.scenes.chosen(0, 3, None) == "D"


@pytest.mark.parametrize(
    "scenes", [{}, {"kitchen": [0, 5]}, {"calvin_scene_A": [5, 0]}, {"calvin_scene_A": "x"}]
)
def test_scenes_that_say_nothing_are_refused(folder: Folder, scenes: dict[str, Any]) -> None:
    folder.scenes = scenes
    with pytest.raises(DatasetError, match=r"scene_info\.npy does not say where"):
        load_dataset(folder.write())


def test_an_unknown_field_is_named(folder: Folder) -> None:
    folder.content["language"]["paraphrase"] = ["a", "b"]
    with pytest.warns(UserWarning, match="language has paraphrase: not used"):
        load_dataset(folder.write())


@pytest.mark.parametrize(
    ("ann", "task", "indx"),
    [
        ([1, "x"], ["a", "b"], [(0, 4), (6, 9)]),
        ([[], "x"], ["a", "b"], [(0, 4), (6, 9)]),
        (["x"], ["a", "b"], [(0, 4), (6, 9)]),
        (["x", "y"], ["a", None], [(0, 4), (6, 9)]),
        (["x", "y"], ["a", "b"], [(0, 4), (6, 9, 10)]),
        (["x", "y"], ["a", "b"], [(0, 4), (6.5, 9)]),
        (["x", "y"], ["a", "b"], 5),
        ("xy", "ab", [(0, 4), (6, 9)]),
    ],
)
def test_rows_of_another_kind_are_refused(folder: Folder, ann: Any, task: Any, indx: Any) -> None:
    folder.content["language"].update(ann=ann, task=task)
    folder.content["info"]["indx"] = indx
    with pytest.raises(DatasetError, match="is not a file of annotations"):
        load_dataset(folder.write())


def meaning(dataset: Dataset) -> list[Any]:
    """Everything that a folder is read as."""
    assert isinstance(dataset, PlayDataset)
    found: list[Any] = [dataset.spec.model_dump()]
    for number, a in enumerate(dataset.annotations):
        e = dataset.episode(number)
        words = (e.instruction, e.task, dataset.scenes.chosen(a.first, a.last, None))
        pictures = [p.tobytes() for p in e.images.values()]
        states = dataset.frames(a.first, a.last, ["scene_obs"])["scene_obs"]
        arrays = (e.actions, e.proprioception, states)
        found.append((words, [array.tobytes() for array in arrays], pictures))
    return found


CHANGES: dict[str, Callable[[Folder], Any]] = {
    "indx, first": lambda f: f.content["info"].update(indx=[(1, 4), (6, 9)]),
    "indx, end": lambda f: f.content["info"].update(indx=[(0, 5), (6, 9)]),
    "episodes": lambda f: f.content["info"].update(episodes=[3]),
    "ann": lambda f: f.content["language"].update(ann=["open that", "shut it"]),
    "task": lambda f: f.content["language"].update(task=["close_drawer", "close_drawer"]),
    "scene": lambda f: f.scenes.update(calvin_scene_C=f.scenes.pop("calvin_scene_A")),
    "range of a scene": lambda f: f.scenes.update(calvin_scene_A=[0, 2]),
    "recordings": lambda f: setattr(f, "bounds", np.array([[0, 6]])),
    "rel_actions": lambda f: f.frames[2]["rel_actions"].__setitem__(0, 0.5),
    "robot_obs": lambda f: f.frames[2]["robot_obs"].__setitem__(0, 0.5),
    "scene_obs": lambda f: f.frames[2]["scene_obs"].__setitem__(0, 0.5),
    "rgb_static": lambda f: f.frames[2]["rgb_static"].__setitem__((0, 0, 0), 250),
    "rgb_gripper": lambda f: f.frames[2]["rgb_gripper"].__setitem__((0, 0, 0), 250),
    "no number": lambda f: f.frames[2]["rel_actions"].__setitem__(0, np.nan),
    "no rel_actions": lambda f: f.frames[2].pop("rel_actions"),
}


REFUSED = {
    "episodes": "'episodes' holds 1 entries",
    "range of a scene": "frames 0 to 3 do not lie in one scene",
    "recordings": "covers frames 6 to 8",
    "no number": "actions of frame 2 are",
    "no rel_actions": "no array 'rel_actions'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_field_with_a_meaning_changes_the_result_or_is_refused(
    tmp_path: Path, change: str
) -> None:
    before = meaning(load_dataset(Folder(tmp_path / "before").write()))
    changed = Folder(tmp_path / "after")
    CHANGES[change](changed)
    root = changed.write()
    if change in REFUSED:
        with pytest.raises(DatasetError, match=REFUSED[change]):
            meaning(load_dataset(root))
    else:
        assert meaning(load_dataset(root)) != before


def test_rows_of_a_file_are_numbered(folder: Folder) -> None:
    folder.content["language"]["ann"][0] = ["a", "b"]
    folder.write()
    rows = read_annotations(folder.split / folder.sub / folder.name)
    assert [row.row for row in rows] == [0, 0, 1]
