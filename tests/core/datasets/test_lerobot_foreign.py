"""LeRobot folders of others: every version, any names, several tasks; no field is passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")

import pyarrow
from lerobot_folders import Folder, change_info, change_table, lines, numbers
from pyarrow import parquet

from vla_gym.datasets import Demonstration, load_dataset
from vla_gym.datasets.lerobot import LeRobotDataset
from vla_gym.errors import DatasetError, OptionError

VERSIONS = ("v2.0", "v2.1", "v3.0")


def episodes(root: Path, spec, **options: object) -> list[Demonstration]:
    dataset = load_dataset(root, {"spec": spec, **options})
    read = [dataset.episode(number) for number in range(len(dataset.lengths))]
    assert [len(one) for one in read] == dataset.lengths
    return read


def level(one: Demonstration, camera: str = "static") -> list[int]:
    """How bright each picture is."""
    return [round(float(picture.mean())) for picture in one.images[camera]]


@pytest.mark.parametrize("stored", ["video", "image"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(version: str, stored: str, tmp_path: Path, spec) -> None:
    root = Folder(version=version, stored=stored).write(tmp_path / "set")
    first, second = episodes(root, spec)
    assert [first.instruction, second.instruction] == ["open it", "close it"]
    assert np.array_equal(first.actions, numbers("action", 0, 6, 7))
    assert np.array_equal(second.actions, numbers("action", 1, 5, 7))
    assert np.array_equal(second.proprioception, numbers("observation.state", 1, 5, 3))
    assert np.allclose(level(first), 40 + 12 * np.arange(6), atol=2)
    assert np.allclose(level(second, "wrist"), 120 + 12 * np.arange(5), atol=2)


def test_cameras_states_and_actions_of_any_name_are_read(tmp_path: Path, spec) -> None:
    folder = Folder(
        cameras={"observation.images.front": (32, 48), "hand": (24, 24)},
        state={"pose": 2, "width": 1},
        action={"delta": 6, "gripper": 1},
    )
    root = folder.write(tmp_path / "set")
    first, _ = episodes(
        root,
        spec,
        cameras={"static": "observation.images.front", "wrist": "hand"},
        state=["pose", "width"],
        action=["delta", "gripper"],
    )
    parts = [numbers(name, 0, 6, size) for name, size in folder.action.items()]
    assert np.array_equal(first.actions, np.hstack(parts))
    assert np.array_equal(first.proprioception[:, 2:], numbers("width", 0, 6, 1))
    assert np.allclose(level(first, "wrist"), 40 + 12 * np.arange(6), atol=2)


def test_options_of_another_kind_are_refused(tmp_path: Path, spec) -> None:
    root = Folder().write(tmp_path / "set")
    with pytest.raises(OptionError, match="no option 'camera'"):
        LeRobotDataset(root, spec=spec, camera="x")
    with pytest.raises(OptionError, match=r"state\.str=3, expected a valid string"):
        load_dataset(root, {"spec": spec, "state": 3})


def test_columns_that_are_not_found_are_listed_and_one_is_proposed(tmp_path: Path, spec) -> None:
    cameras = {"observation.images.image": (32, 48), "observation.images.wrist_image": (24, 24)}
    root = Folder(cameras=cameras, state={"pose": 3}, action={"actions": 7}).write(tmp_path / "set")
    chosen: dict[str, object] = {}
    asked = [
        (r"no camera 'static'.*image \(32 x 48 x 3\).*cameras\.static=obs", "static"),
        (r"no camera 'wrist'.*cameras\.wrist=observation\.images\.wrist_image", "wrist"),
        (r"no column 'observation\.state'.*actions, pose.*--set state=", "state"),
        (r"no column 'action'.*actions, pose.*--set action=actions", "action"),
    ]
    answers = {
        "static": {"cameras": {"static": "observation.images.image"}},
        "wrist": {"cameras": dict(zip(("static", "wrist"), cameras, strict=True))},
        "state": {"state": "pose"},
        "action": {"action": "actions"},
    }
    for message, name in asked:
        with pytest.raises(DatasetError, match=message):
            episodes(root, spec, **chosen)
        chosen |= answers[name]
    assert len(episodes(root, spec, **chosen)) == 2
    with pytest.raises(OptionError, match=r"cameras\.statik.*Did you mean static"):
        episodes(root, spec, cameras={"statik": "observation.images.image"})


@pytest.mark.parametrize("version", VERSIONS)
def test_every_task_of_an_episode_is_a_demonstration(version: str, tmp_path: Path, spec) -> None:
    folder = Folder(version=version, tasks_of=((0, 0, 1, 1, 1, 0), (1, 1)))
    root = folder.write(tmp_path / "set")
    read = episodes(root, spec)
    texts = ["open it", "close it", "open it", "close it"]
    assert [(one.instruction, len(one)) for one in read] == list(
        zip(texts, (2, 3, 1, 2), strict=True)
    )
    assert np.array_equal(read[1].actions, numbers("action", 0, 6, 7)[2:5])
    assert np.allclose(level(read[1]), 40 + 12 * np.arange(2, 5), atol=2)
    assert read[1].source == {"dataset": str(root), "episode": 0, "frame": 2}


def test_rows_may_lie_in_any_order(tmp_path: Path, spec) -> None:
    root = Folder().write(tmp_path / "set")
    file = root / "data/chunk-000/file-000.parquet"
    parquet.write_table(parquet.read_table(file).take([3, 9, 0, 5, 1, 2, 4, 10, 6, 8, 7]), file)
    first, second = episodes(root, spec)
    assert np.array_equal(first.actions, numbers("action", 0, 6, 7))
    assert np.array_equal(second.actions, numbers("action", 1, 5, 7))


def test_only_a_split_is_read(tmp_path: Path, spec) -> None:
    root = Folder(info={"splits": {"train": "0:1", "val": "1:2"}}).write(tmp_path / "set")
    assert [one.instruction for one in episodes(root, spec)] == ["open it"]
    assert [one.instruction for one in episodes(root, spec, split="val")] == ["close it"]
    assert len(episodes(root, spec, split="all")) == 2
    with pytest.raises(OptionError, match=r"no split 'test'.*all, train, val"):
        episodes(root, spec, split="test")


def test_episodes_that_were_left_out_keep_their_numbers(tmp_path: Path, spec) -> None:
    root = Folder(version="v2.1").write(tmp_path / "set")
    rows = [json.loads(line) for line in (root / "meta/episodes.jsonl").read_text().splitlines()]
    lines(root / "meta/episodes.jsonl", rows[1:])
    change_info(root, total_episodes=1, total_frames=5)
    (only,) = episodes(root, spec)
    assert only.instruction == "close it"
    assert only.source["episode"] == 1


Change = Callable[[Path], object]


def info(**changes: object) -> Change:
    return lambda root: change_info(root, **changes)


def feature(name: str, **changes: object) -> Change:
    def change(root: Path) -> None:
        features = json.loads((root / "meta/info.json").read_text())["features"]
        change_info(root, features={**features, name: {**features.get(name, {}), **changes}})

    return change


def data(**columns: object) -> Change:
    return lambda root: change_table(root / "data/chunk-000/file-000.parquet", **columns)


def row(name: str, values: object) -> Change:
    file = "meta/episodes/chunk-000/file-000.parquet"
    return lambda root: change_table(root / file, **{name: values})


def tasks(numbers: list[int], texts: list[object]) -> Change:
    def change(root: Path) -> None:
        table = pyarrow.table({"task_index": numbers, "task": texts})
        parquet.write_table(table, root / "meta/tasks.parquet")

    return change


VIDEO = "videos/observation.images.static/"
FRAMES = [*range(6), *range(5)]
TIMES = [frame / 30 for frame in FRAMES]

REFUSED: dict[str, tuple[Change, str]] = {
    "version": (info(codebase_version="v1.6"), "codebase_version"),
    "version-absent": (info(codebase_version=None), "codebase_version"),
    "fps": (info(fps=10), r"fps is 10.*30 Hz"),
    "fps-infinite": (info(fps=1e300), "fps"),
    "fps-text": (info(fps="30"), "fps"),
    "total-episodes": (info(total_episodes=3), "total_episodes is 3.*lists 2"),
    "total-frames": (info(total_frames=12), "total_frames is 12.*lists 11"),
    "split": (info(splits={"train": "0:9"}), r"splits\.train is '0:9'"),
    "split-odd": (info(splits={"train": "80%"}), r"splits\.train is '80%'"),
    "split-none": (info(splits={"val": "0:2"}), "no split 'train'"),
    "data-path": (info(data_path="data/{episode_index}.parquet"), "data_path.*chunk_index"),
    "data-path-code": (info(data_path="{chunk_index.__class__}"), "data_path.*expected a pattern"),
    "data-path-wide": (info(data_path="{chunk_index:999999999d}"), "data_path.*expected a pattern"),
    "data-path-braces": (info(data_path="data/{"), "data_path.*no pattern"),
    "data-path-absolute": (info(data_path="/etc/passwd"), "data_path.*inside the data set"),
    "data-path-up": (info(data_path="data/../../x.parquet"), "data_path.*inside the data set"),
    "data-path-windows": (info(data_path="C:\\x.parquet"), "data_path.*inside the data set"),
    "video-path-absolute": (info(video_path="/x/{video_key}.mp4"), "video_path.*inside the data"),
    "video-path-up": (info(video_path="../{video_key}.mp4"), "video_path.*inside the data set"),
    "video-path-absent": (info(video_path=None), "video_path is absent"),
    "depth": (
        feature("observation.images.static", info={"video.is_depth_map": True}),
        "is a depth map",
    ),
    "camera-kind": (feature("observation.images.static", dtype="float32"), "no camera 'static'"),
    "video-fps": (feature("observation.images.static", info={"video.fps": 15}), "says 15 frames"),
    "feature-fps": (feature("action", fps=15), "says 15.* frames per second"),
    "action-shape": (feature("action", shape=[8]), r"action hold 8 numbers.*has 7"),
    "state-shape": (feature("observation.state", shape=[4]), r"state hold 4 numbers.*has 3"),
    "gripper-first": (feature("action", names=["gripper", *"xyzrpq"]), r"grippers at \[0\].*\[6\]"),
    "frame-lost": (
        data(frame_index=[0, 1, 2, 3, 4, 6, *range(5)]),
        "frame_index 6.*5 was expected",
    ),
    "frame-doubled": (data(frame_index=[0, 1, 2, 2, 4, 5, *range(5)]), "frame_index 2.*3 was"),
    "frame-text": (data(frame_index=["x"] * 11), "frame_index is string"),
    "frame-absent": (data(frame_index=None), "no column 'frame_index'"),
    "time-gap": (data(timestamp=[*TIMES[:3], *(t + 1 for t in TIMES[3:6]), *TIMES[6:]]), "gap"),
    "time-rate": (data(timestamp=[t * 3 for t in TIMES]), "timestamp.*fps"),
    "index": (data(index=[0, 1, 2, 3, 4, 7, *range(6, 11)]), "index of frame 5 is 7, expected 5"),
    "episode": (data(episode_index=[0] * 5 + [1] * 6), "holds 5 of 6 frames of episode 0"),
    "task": (data(task_index=[1] * 11), r"task_index 1 is 'close it'.*open it"),
    "task-unknown": (data(task_index=[7] * 11), "task_index 7 is none of the 2 tasks"),
    "task-absent": (data(task_index=None), "no column 'task_index'"),
    "action-text": (data(action=["x"] * 11), "action is string"),
    "action-ragged": (data(action=[[0.0] * 7] * 10 + [[0.0] * 6]), "lists of 6, 7 numbers"),
    "action-gap": (data(action=[None, *[[0.0] * 7] * 10]), "1 gaps"),
    "action-nan": (data(action=[[float("nan")] * 7] * 11), "finite"),
    "action-wide": (data(action=[[0.0] * 8] * 11), r"actions are \(6, 8\), expected \(6, 7\)"),
    "length": (row("length", [7, 4]), "dataset_from_index and"),
    "from-index": (row("dataset_from_index", [1, 6]), "dataset_from_index"),
    "file": (row("data/file_index", [3, 3]), r"file-003\.parquet.*no such file"),
    "file-odd": (row("data/file_index", [-1, 0]), "data/file_index=-1"),
    "video-file": (row(f"{VIDEO}file_index", [4, 4]), r"file-004\.mp4.*no such file"),
    "video-start-absent": (row(f"{VIDEO}from_timestamp", None), "from_timestamp=None"),
    "video-end": (row(f"{VIDEO}to_timestamp", [0.4, 0.8]), "from_timestamp and to_timestamp"),
    "episode-twice": (row("episode_index", [0, 0]), "episode 0 more than once"),
    "task-twice": (tasks([0, 0], ["open it", "close it"]), "a task_index of its own"),
    "task-no-text": (tasks([0, 1], [1, 2]), "expected a task_index of its own and a task"),
}
"""One field changed, and what the error says."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_field_that_contradicts_is_refused_by_name(name: str, tmp_path: Path, spec) -> None:
    change, message = REFUSED[name]
    root = Folder().write(tmp_path / "set")
    change(root)
    with pytest.raises((DatasetError, OptionError), match=message):
        episodes(root, spec)


CHANGED: dict[str, tuple[Change, str]] = {
    "task-texts": (tasks([0, 1], ["open it", "shut it"]), "meta's list of episodes says"),
    "task-order": (tasks([1, 0], ["open it", "close it"]), "meta's list of episodes says"),
    "video-start": (
        lambda root: [
            row(f"{VIDEO}from_timestamp", [0.1, 0.2])(root),
            row(f"{VIDEO}to_timestamp", [0.3, 11 / 30])(root),
        ],
        "",
    ),
    "time-offset": (data(timestamp=[t + 3 / 30 for t in TIMES[:6]] + TIMES[6:]), ""),
    "action": (data(action=[[0.5] * 7] * 11), ""),
    "state": (data(**{"observation.state": [[0.5] * 3] * 11}), ""),
    "split": (info(splits={"train": "1:2"}), ""),
    "discarded": (info(discarded_episode_indices=[1]), ""),
}
"""One field changed, so that something else is read (or refused, where a message is given)."""


@pytest.mark.parametrize("name", CHANGED)
def test_a_field_that_changes_a_meaning_changes_what_is_read(name, tmp_path: Path, spec) -> None:
    change, message = CHANGED[name]
    root = Folder().write(tmp_path / "set")
    before = episodes(root, spec)
    change(root)
    if message:
        with pytest.raises(DatasetError, match=message):
            episodes(root, spec)
        return
    after = episodes(root, spec)
    assert len(before) != len(after) or any(
        not np.array_equal(one.actions, other.actions)
        or not np.array_equal(one.proprioception, other.proprioception)
        or not np.array_equal(one.images["static"], other.images["static"])
        for one, other in zip(before, after, strict=True)
    )


def test_a_video_of_another_rate_is_refused(tmp_path: Path, spec) -> None:
    from vla_gym.datasets.pictures import write_pictures

    folder = Folder(version="v2.1")
    root = folder.write(tmp_path / "set")
    shown = np.repeat(folder.pictures("observation.images.static", 0), 2, axis=0)
    file = root / "videos/chunk-000/observation.images.static/episode_000000.mp4"
    write_pictures(file, shown, fps=60)
    with pytest.raises(DatasetError, match=r"episode_000000\.mp4.*frame 1 .*expected.*30 Hz"):
        episodes(root, spec)


@pytest.mark.parametrize("path", ["/etc/hostname", "../../outside.png", "images/absent.png"])
def test_pictures_lie_in_the_folder(path: str, tmp_path: Path, spec) -> None:
    folder = Folder(stored="image")
    root = folder.write(tmp_path / "set")
    cell = {"bytes": None, "path": path}
    change_table(
        root / "data/chunk-000/file-000.parquet", **{"observation.images.static": [cell] * 11}
    )
    (tmp_path / "outside.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"observation\.images\.static"):
        episodes(root, spec)


def test_pictures_beside_the_numbers_are_read_from_their_files(tmp_path: Path, spec) -> None:
    folder = Folder(stored="image")
    root = folder.write(tmp_path / "set")
    column = "observation.images.static"
    cells = []
    for number in range(2):
        for frame, cell in enumerate(parquet_cells(root, column, number)):
            path = f"images/{column}/episode_{number:06d}/frame_{frame:06d}.png"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(cell["bytes"])
            cells.append({"bytes": None, "path": path})
    change_table(root / "data/chunk-000/file-000.parquet", **{column: cells})
    first, _ = episodes(root, spec)
    assert level(first) == [40 + 12 * frame for frame in range(6)]


def parquet_cells(root: Path, column: str, episode: int) -> list[dict]:
    table = parquet.read_table(
        root / "data/chunk-000/file-000.parquet", filters=[("episode_index", "=", episode)]
    )
    return table.column(column).to_pylist()


def test_pictures_of_another_size_are_refused(tmp_path: Path, spec) -> None:
    cameras = {"observation.images.static": (32, 32), "observation.images.wrist": (24, 24)}
    for stored in ("image", "video"):
        root = Folder(cameras=cameras, stored=stored).write(tmp_path / stored)
        with pytest.raises(DatasetError, match=r"static.*32"):
            episodes(root, spec)


def test_a_table_of_tasks_may_have_its_sentences_as_the_index_of_pandas(tmp_path, spec) -> None:
    root = Folder().write(tmp_path / "set")
    table = pyarrow.table({"task_index": [0, 1], "__index_level_0__": ["open it", "close it"]})
    said = json.dumps({"index_columns": ["__index_level_0__"], "columns": []})
    parquet.write_table(
        table.replace_schema_metadata({"pandas": said}), root / "meta/tasks.parquet"
    )
    assert [one.instruction for one in episodes(root, spec)] == ["open it", "close it"]


def test_the_rate_of_the_spec_and_of_its_action_are_both_compared(tmp_path: Path, spec) -> None:
    root = Folder().write(tmp_path / "set")
    action = spec.action.model_copy(update={"control_hz": 15.0})
    with pytest.raises(DatasetError, match=r"action\.control_hz of the spec is 15 Hz"):
        episodes(root, spec.model_copy(update={"action": action}))
