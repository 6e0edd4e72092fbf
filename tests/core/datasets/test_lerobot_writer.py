"""What is written is LeRobot's own: few large files, statistics, and nothing lost on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from lerobot_folders import change_table

from vla_gym.datasets import lerobot_joining, lerobot_writer, load_dataset
from vla_gym.datasets.lerobot_statistics import Total, of_numbers, of_pictures
from vla_gym.datasets.lerobot_writer import LeRobotWriter
from vla_gym.errors import DatasetError

pyarrow = pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")
parquet = pytest.importorskip("pyarrow.parquet")

LENGTHS = (9, 4, 6)


def write(root: Path, make, spec, lengths=LENGTHS, *, close: bool = True) -> Path:
    writer = LeRobotWriter(root, spec, robot="panda")
    for number in range(len(writer), len(lengths)):
        writer.add(make(number, lengths[number]))
    if close:
        writer.close()
    return root


def files(root: Path, pattern: str = "**/*") -> list[str]:
    return sorted(str(f.relative_to(root)) for f in root.glob(pattern) if f.is_file())


def test_many_episodes_share_a_file(tmp_path: Path, make, spec) -> None:
    assert files(write(tmp_path / "set", make, spec)) == [
        "data/chunk-000/file-000.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
        "videos/observation.images.static/chunk-000/file-000.mp4",
        "videos/observation.images.wrist/chunk-000/file-000.mp4",
    ]


def test_rows_and_frames_count_as_lerobot_counts(tmp_path: Path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    info = json.loads((root / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 19, 2)
    assert type(info["fps"]) is int
    frames = parquet.read_table(root / "data/chunk-000/file-000.parquet")
    assert set(frames.column_names) | {f"observation.images.{c}" for c in spec.cameras} == set(
        info["features"]
    )
    assert frames["index"].to_pylist() == list(range(19))
    assert frames["timestamp"][8].as_py() == pytest.approx(8 / 30)
    assert frames["task_index"].to_pylist() == [0] * 9 + [1] * 4 + [0] * 6
    rows = parquet.read_table(root / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    place = "videos/observation.images.wrist/"
    times = [(row[f"{place}from_timestamp"], row[f"{place}to_timestamp"]) for row in rows]
    assert np.allclose(np.array(times) * 30, [(0, 9), (9, 13), (13, 19)])


def test_pandas_finds_the_sentences_as_the_index_of_the_tasks(tmp_path: Path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    table = parquet.read_table(root / "meta/tasks.parquet")
    said = json.loads(table.schema.metadata[b"pandas"])
    assert said["index_columns"] == ["task"]
    assert [column["name"] for column in said["columns"]] == table.column_names
    assert table.to_pydict() == {"task_index": [0, 1], "task": ["do thing 0", "do thing 1"]}


def test_statistics_are_those_of_all_frames(tmp_path: Path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    stats = json.loads((root / "meta/stats.json").read_text())
    episodes = [make(number, length) for number, length in enumerate(LENGTHS)]
    actions = np.concatenate([episode.actions for episode in episodes]).astype(float)
    for name, value in {
        "min": actions.min(axis=0),
        "max": actions.max(axis=0),
        "mean": actions.mean(axis=0),
        "std": actions.std(axis=0),
        "count": [19],
    }.items():
        assert np.allclose(stats["action"][name], value, atol=1e-6), name
    pictures = np.concatenate([episode.images["static"] for episode in episodes]) / 255
    shown = stats["observation.images.static"]
    assert np.shape(shown["mean"]) == (3, 1, 1)
    assert np.allclose(np.ravel(shown["mean"]), pictures.mean(axis=(0, 1, 2)))
    assert np.allclose(np.ravel(shown["std"]), pictures.std(axis=(0, 1, 2)))
    rows = parquet.read_table(root / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert np.allclose(rows[1]["stats/action/q99"], episodes[1].actions.max(axis=0))
    assert rows[1]["stats/action/count"] == [4]


def test_statistics_of_pictures_are_those_of_their_numbers(make) -> None:
    pictures = make(0, 30).images["wrist"]
    found, plain = of_pictures(pictures), of_numbers(pictures.reshape(-1, 3) / 255)
    for name in ("min", "max", "mean", "std"):
        assert np.allclose(found[name].ravel(), plain[name]), name
    for name in ("q01", "q10", "q50", "q90", "q99"):
        assert np.allclose(found[name].ravel(), plain[name], atol=1 / 255), name


def test_statistics_do_not_depend_on_how_episodes_are_put_together() -> None:
    values = np.random.default_rng(0).normal(3, 2, (60, 4))
    total = Total()
    for part in np.split(values, [1, 7, 30]):
        total.add({"action": of_numbers(part)})
    found = total.as_json()["action"]
    for name in ("min", "max", "mean", "std"):
        assert np.allclose(found[name], of_numbers(values)[name]), name


def test_what_was_not_joined_is_read_and_joined_later(tmp_path: Path, make, spec) -> None:
    whole = write(tmp_path / "whole", make, spec)
    root = write(tmp_path / "set", make, spec, (9, 4), close=False)  # as when it is killed
    assert len(files(root, "recording/*/row.json")) == 2
    dataset = load_dataset(root)
    assert dataset.lengths == [9, 4]
    assert dataset.episode(1).instruction == "do thing 1"
    assert np.array_equal(dataset.episode(1).actions, make(1, 4).actions)
    assert len(dataset.episode(1).images["static"]) == 4
    write(root, make, spec)
    assert files(root) == files(whole)
    for name in files(whole):
        assert (root / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("step", ["join_videos", "write_rows", "tidy"])
def test_a_join_that_was_broken_off_is_done_again(step, tmp_path, make, spec, monkeypatch) -> None:
    whole = write(tmp_path / "whole", make, spec)
    root = write(tmp_path / "set", make, spec, close=False)

    def killed(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lerobot_writer if step == "tidy" else lerobot_joining, step, killed)
        with pytest.raises(KeyboardInterrupt):
            write(root, make, spec)
    write(root, make, spec)
    assert load_dataset(root).lengths == list(LENGTHS)
    for name in files(whole):
        assert (root / name).read_bytes() == (whole / name).read_bytes(), name


def test_what_a_kill_left_of_joined_episodes_is_passed_over(tmp_path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    left = root / "recording/000001"  # its row.json was the first to go
    left.mkdir(parents=True)
    (left / "data.parquet").write_bytes(b"")
    assert load_dataset(root).lengths == list(LENGTHS)
    write(root, make, spec)
    assert not (root / "recording").exists()


def test_an_episode_that_is_missing_between_is_named(tmp_path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec, close=False)
    shutil.rmtree(root / "recording/000001")
    for use in (load_dataset, lambda root: LeRobotWriter(root, spec)):
        with pytest.raises(DatasetError, match=r"000002 stands where episode 1 was expected"):
            print(use(root).lengths)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stats", 1.0),
        ("stats", {"action": 3}),
        ("stats", {"action": {"min": "x"}}),
        ("length", 2**63),
        ("length", "4"),
        ("tasks", [7]),
        ("vla_gym/source", None),
        ("vla_gym/success", []),
    ],
)
def test_a_recorded_row_that_was_changed_is_refused(name, value, tmp_path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec, close=False)
    file = root / "recording/000001/row.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    with pytest.raises(DatasetError, match=r"recording/00000[01]"):
        write(root, make, spec)


@pytest.mark.parametrize(("name", "value"), [("success", "no"), ("task", 3), ("source", "[]")])
def test_what_we_say_of_an_episode_is_of_its_kind(name, value, tmp_path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    file = root / "meta/episodes/chunk-000/file-000.parquet"
    change_table(file, **{f"vla_gym/{name}": [value] * 3})
    with pytest.raises(DatasetError, match=rf"episode 0: .*(?s:.*)vla_gym/{name}"):
        load_dataset(root).episode(0)


def test_going_on_adds_files_and_touches_none(tmp_path: Path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec, (9, 4))
    before = {name: (root / name).read_bytes() for name in files(root, "[dv]*/**/*")}
    write(root, make, spec)
    assert {name: (root / name).read_bytes() for name in before} == before
    assert len(files(root, "data/**/*")) == 2
    dataset = load_dataset(root)
    assert dataset.lengths == list(LENGTHS)
    assert np.array_equal(dataset.episode(2).actions, make(2, 6).actions)
    stats = json.loads((root / "meta/stats.json").read_text())
    assert stats["action"]["count"] == [19]


def test_a_full_file_is_closed_and_the_next_begun(tmp_path, make, spec, monkeypatch) -> None:
    monkeypatch.setattr(lerobot_joining, "_LONGEST", 0.4)  # twelve frames
    root = write(tmp_path / "set", make, spec, (9, 4, 6, 3))
    frames = [len(parquet.read_table(root / name)) for name in files(root, "data/**/*")]
    assert frames == [9, 10, 3]
    dataset = load_dataset(root)
    for number, length in enumerate((9, 4, 6, 3)):
        read = dataset.episode(number)
        assert np.array_equal(read.actions, make(number, length).actions)
        assert len(read.images["wrist"]) == length


def test_an_episode_costs_the_same_however_many_there_are(tmp_path, make, spec, monkeypatch):
    """Counted in files that are opened, not in seconds."""
    opened: list[str] = []
    for name in ("read_table", "write_rows"):
        original = getattr(lerobot_joining, name)
        monkeypatch.setattr(
            lerobot_joining,
            name,
            lambda *a, _f=original, **k: (opened.append(str(a[0])), _f(*a, **k))[1],
        )
    counts = []
    for many in (4, 8):
        opened.clear()
        write(tmp_path / str(many), make, spec, (3,) * many)
        counts.append(len(opened))
    assert counts == [6, 10]  # one an episode, and two


def test_what_should_have_been_done_is_the_action_that_lerobot_learns(tmp_path, make, spec) -> None:
    writer = LeRobotWriter(tmp_path / "set", spec)
    labels = np.ones((5, 7), np.float32)
    writer.add(make(0, 5, labels=labels))
    writer.close()
    table = parquet.read_table(tmp_path / "set/data/chunk-000/file-000.parquet")
    assert np.array_equal(table["action"].to_pylist(), labels)
    read = load_dataset(tmp_path / "set").episode(0)
    assert np.array_equal(read.labels, labels)
    assert np.array_equal(read.actions, make(0, 5).actions)


def test_a_folder_of_an_older_version_is_read_and_not_continued(tmp_path, make, spec) -> None:
    root = write(tmp_path / "set", make, spec)
    file = root / "data/chunk-000/file-000.parquet"
    table = parquet.read_table(file)
    names = ["vla_gym.labels" if n == "action" else n for n in table.column_names]
    names = ["action" if n == "vla_gym.executed" else n for n in names]
    parquet.write_table(table.rename_columns(names), file)
    info = json.loads((root / "meta/info.json").read_text())
    del info["features"]["vla_gym.executed"]
    (root / "meta/info.json").write_text(json.dumps(info))
    assert np.array_equal(load_dataset(root).episode(2).actions, make(2, 6).actions)
    with pytest.raises(DatasetError, match=r"older|another version.*dataset convert"):
        LeRobotWriter(root, spec)


def test_a_state_of_one_number_is_a_number(tmp_path: Path, make, spec) -> None:
    from vla_gym.contract.spec import ProprioceptionField

    narrow = spec.model_copy(
        update={"proprioception": (ProprioceptionField(name="gripper_width", size=1, unit="m"),)}
    )
    state = np.arange(4, dtype=np.float32)[:, None]
    writer = LeRobotWriter(tmp_path / "set", narrow)
    writer.add(make(0, 4, proprioception=state))
    writer.close()
    table = parquet.read_table(tmp_path / "set/data/chunk-000/file-000.parquet")
    assert table.schema.field("observation.state").type == pyarrow.float32()
    assert np.array_equal(load_dataset(tmp_path / "set").episode(0).proprioception, state)
