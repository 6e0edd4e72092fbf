"""CALVIN's folders: what was written in their layout is read, and damage is named."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from vla_gym_calvin.datasets import Annotation, PlayDataset, PlayWriter

from vla_gym.datasets import load_dataset
from vla_gym.errors import DatasetError
from vla_gym.suites import load_suite


def recording(length: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "rel_actions": rng.uniform(-1, 1, (length, 7)),
        "actions": rng.uniform(-1, 1, (length, 7)),
        "robot_obs": rng.normal(size=(length, 15)),
        "scene_obs": rng.normal(size=(length, 24)),
        "rgb_static": rng.integers(0, 256, (length, 200, 200, 3), dtype=np.uint8),
        "rgb_gripper": rng.integers(0, 256, (length, 84, 84, 3), dtype=np.uint8),
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    writer = PlayWriter(tmp_path / "set" / "training")
    writer.add(recording(6, 0), [Annotation(1, 4, "open_drawer", "pull the drawer")])
    writer.add(
        recording(5, 1),
        [Annotation(0, 2, "close_drawer", "shut it"), Annotation(2, 4, "lift_red", "grab red")],
    )
    writer.close()
    return tmp_path / "set"


def test_annotated_stretches_are_episodes(root: Path) -> None:
    dataset = load_dataset(root, {"split": "training"})
    assert isinstance(dataset, PlayDataset)
    assert dataset.lengths == [4, 3, 3]
    third, source = dataset.episode(2), recording(5, 1)
    assert (third.task, third.instruction) == ("lift_red", "grab red")
    assert np.array_equal(third.actions, source["rel_actions"][2:5].astype(np.float32))
    assert np.array_equal(third.proprioception, source["robot_obs"][2:5].astype(np.float32))
    assert np.array_equal(third.images["static"], source["rgb_static"][2:5])
    assert np.array_equal(third.images["wrist"], source["rgb_gripper"][2:5])
    assert dataset.episode(2, images=False).images == {}
    assert load_dataset(root / "training").lengths == [4, 3, 3]


def test_damage_is_named(root: Path) -> None:
    frame = root / "training" / "episode_0000002.npz"
    whole = frame.read_bytes()
    for content in (whole[:200], b""):
        frame.write_bytes(content)
        with pytest.raises(DatasetError, match=r"episode_0000002\.npz"):
            load_dataset(root).episode(0)
    frame.unlink()
    with pytest.raises(DatasetError, match=r"episode_0000002\.npz"):
        load_dataset(root).episode(0)
    np.save(root / "training" / "ep_start_end_ids.npy", np.array([[0, 5], [6, 9]]))
    with pytest.raises(DatasetError, match=r"annotation 2 \(lift_red\) covers frames 8 to 10"):
        load_dataset(root)


def test_nothing_in_annotations_can_run(root: Path, tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    file = root / "training" / "lang_annotations" / "auto_lang_ann.npy"
    np.save(file, np.array({"info": Bad()}, dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match="it wants"):
        load_dataset(root)
    assert not (tmp_path / "ran").exists()
    file.write_bytes(pickle.dumps({}))
    with pytest.raises(DatasetError, match="not a file of annotations"):
        load_dataset(root)


def test_a_split_is_not_written_over(root: Path) -> None:
    with pytest.raises(DatasetError, match="holds a split already"):
        PlayWriter(root / "training")
    writer = PlayWriter(root / "validation")
    incomplete = recording(3, 0)
    del incomplete["scene_obs"]
    with pytest.raises(DatasetError, match="scene_obs"):
        writer.add(incomplete, [])


def test_the_audit_finds_the_label_that_is_not_true(tmp_path: Path) -> None:
    from vla_gym_calvin.env import CalvinEnv
    from vla_gym_calvin.policies.oracle import CalvinOracle

    from vla_gym.contract.policy import Batch, Slot
    from vla_gym.datasets import audit_dataset

    env, expert = CalvinEnv(assets="builtin", cameras=()), CalvinOracle()
    _, info = env.reset(seed=3, options={"subtasks": ["turn_on_led"]})
    expert.reset([Slot(0, env_kwargs={"scene": "D"})])
    rows: list[dict[str, np.ndarray]] = []
    while not info["success"]:
        batch = Batch((Slot(0),), {}, np.zeros((1, 0), np.float32), ("",), (info,))
        action = expert.act(batch)[0, 0]
        rows.append({k: info[k] for k in ("robot_obs", "scene_obs")} | {"rel_actions": action})
        info = env.step(action)[-1]
    env.close()
    frames = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    black = np.zeros((len(rows), 4, 4, 3), np.uint8)
    last = len(rows) - 1
    labels = [Annotation(0, last, "turn_on_led", "a"), Annotation(0, last, "open_drawer", "b")]
    writer = PlayWriter(tmp_path / "training")
    writer.add({**frames, "rgb_static": black, "rgb_gripper": black}, labels)
    writer.close()
    wrong = list(audit_dataset(tmp_path, {"split": "training", "assets": "builtin"}))
    assert len(wrong) == 1
    assert "annotation 1" in wrong[0]
    assert "open_drawer is not fulfilled; fulfilled: turn_on_led" in wrong[0]


@pytest.mark.slow
def test_play_of_a_policy_is_recorded_with_sentences(tmp_path: Path) -> None:

    from vla_gym.collection.whole import record
    from vla_gym.datasets import audit_dataset
    from vla_gym.runner.options import RunOptions

    options = {"assets": "builtin", "renderer": "tiny", "language": "own", "chains": 1}
    tasks = ["turn_on_led", "turn_off_led"]
    suite = load_suite("calvin/demonstrations", {**options, "length": 2, "tasks": tasks})
    out = tmp_path / "play"
    count = record("calvin-oracle", suite, out, "calvin", RunOptions(workers=1, progress=False))
    dataset = load_dataset(out)
    assert isinstance(dataset, PlayDataset)
    assert count == len(dataset.lengths) == 2
    first, second = dataset.annotations
    assert [first.task, second.task] == [task.name for task in suite.episodes[0].subtasks]
    assert (first.first, second.first) == (0, first.last + 1)
    assert np.load(out / "training" / "ep_start_end_ids.npy").tolist() == [[0, second.last]]
    assert dataset.episode(1).images["static"].std() > 10
    assert not list(audit_dataset(out, {"assets": "builtin"}))
    with pytest.raises(DatasetError, match="holds a split already"):
        record("calvin-oracle", suite, out, "calvin", RunOptions(workers=1, progress=False))


@pytest.mark.slow
def test_play_of_another_scene_is_done_again_there(tmp_path: Path) -> None:
    from vla_gym.collection.whole import record
    from vla_gym.datasets import audit_dataset
    from vla_gym.runner.options import RunOptions

    options = {
        "assets": "builtin",
        "renderer": "tiny",
        "language": "own",
        "chains": 1,
        "scene": "A",
    }
    suite = load_suite("calvin/demonstrations", {**options, "length": 1, "tasks": ["turn_on_led"]})
    out = tmp_path / "play"
    record("calvin-oracle", suite, out, "calvin", RunOptions(workers=1, progress=False))
    dataset = load_dataset(out)
    assert isinstance(dataset, PlayDataset)
    last = dataset.annotations[0].last
    assert dict(dataset.scenes.ranges) == {"A": (0, last)}
    assert not list(audit_dataset(out, {"assets": "builtin"}))
    (out / "training" / "scene_info.npy").unlink()
    with pytest.warns(UserWarning, match="taken to be recorded in scene D"):
        assert len(list(audit_dataset(out, {"assets": "builtin"}))) == 1
