"""LeRobot itself: it reads and trains on what we write, and we read what it writes.

``tox -e interop`` runs this with the version that is pinned there; elsewhere it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lerobot", reason="needs LeRobot (tox -e interop)")

import torch
from lerobot.configs.types import FeatureType
from lerobot.datasets.compute_stats import aggregate_stats, compute_episode_stats
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.utils import dataset_to_policy_features
from lerobot.datasets.v30.convert_dataset_v21_to_v30 import convert_dataset
from lerobot.policies.factory import (
    get_policy_class,
    make_policy_config,
    make_pre_post_processors,
)
from lerobot_folders import Folder, lines, numbers
from small_demonstrations import SPEC, demonstration, pictures

from vla_gym.contract.spec import CameraSpec
from vla_gym.datasets import DatasetSpec, Demonstration, load_dataset
from vla_gym.datasets.lerobot_statistics import as_lists, of_numbers, of_pictures
from vla_gym.datasets.lerobot_writer import LeRobotWriter

LENGTHS = (9, 40, 6, 25)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four episodes, written in two goes, the last one disturbed."""
    root = tmp_path_factory.mktemp("ours") / "set"
    for part in (range(3), range(3, 4)):
        writer = LeRobotWriter(root, SPEC, robot="panda")
        for number in part:
            writer.add(made(number))
        writer.close()
    return root


def made(number: int) -> Demonstration:
    labels = {"labels": np.full((LENGTHS[3], 7), 0.5, np.float32)} if number == 3 else {}
    return demonstration(number, LENGTHS[number], **labels)


def opened(root: Path, **options: Any) -> Any:
    return LeRobotDataset("local/data", root=root, video_backend="pyav", **options)


def test_it_reads_every_frame_that_we_write(ours: Path) -> None:
    data, own, index = opened(ours), load_dataset(ours), 0
    assert (len(data), data.num_episodes) == (sum(LENGTHS), len(LENGTHS))
    for number, length in enumerate(LENGTHS):
        written, read = made(number), own.episode(number)
        for frame in range(length):
            item = data[index]
            assert item["task"] == written.instruction
            assert int(item["episode_index"]) == number
            assert np.array_equal(item["observation.state"], written.proprioception[frame])
            assert np.array_equal(item["action"], written.targets[frame])
            assert np.array_equal(item["vla_gym.executed"], written.actions[frame])
            for role, shown in read.images.items():
                picture = item[f"observation.images.{role}"].permute(1, 2, 0).numpy() * 255
                assert np.abs(picture - shown[frame]).max() <= 1
            index += 1


def test_windows_end_with_their_episode(ours: Path) -> None:
    times = {"action": [step / 30 for step in range(4)], "observation.images.wrist": [0.0, 1 / 30]}
    data = opened(ours, delta_timestamps=times)
    item = data[LENGTHS[0] - 2]
    assert item["action_is_pad"].tolist() == [False, False, True, True]
    assert np.array_equal(item["action"][1], made(0).actions[-1])


def test_it_finds_the_statistics_that_it_would_compute(ours: Path) -> None:
    stats = opened(ours).meta.stats
    features = {name: {"dtype": "float32"} for name in ("action", "observation.state")}
    expected = aggregate_stats(
        [
            compute_episode_stats(
                {"action": one.targets, "observation.state": one.proprioception}, features
            )
            for one in map(made, range(len(LENGTHS)))
        ]
    )
    for feature, summary in expected.items():
        for name, value in summary.items():
            near = 2e-3 if name.startswith("q") else 1e-5  # it counts them in 5000 bins
            assert np.allclose(stats[feature][name], value, atol=near), (feature, name)
    for role in SPEC.cameras:
        shown = stats[f"observation.images.{role}"]
        assert shown["mean"].shape == (3, 1, 1)
        assert (shown["min"] > 0).all()
        assert (shown["max"] <= 1).all()


def policy_of(kind: str, data: Any) -> tuple[Any, Any]:
    """Return a small policy of LeRobot for a data set, and what prepares a batch for it."""
    features = dataset_to_policy_features(data.meta.features)
    outputs = {n: f for n, f in features.items() if f.type is FeatureType.ACTION}
    inputs = {n: f for n, f in features.items() if n not in outputs and "wrist" not in n}
    config = make_policy_config(
        kind,
        input_features=inputs,
        output_features=outputs,
        device="cpu",
        push_to_hub=False,
        pretrained_backbone_weights=None,
        **SMALL[kind],
    )
    policy = get_policy_class(kind)(config)
    prepare, _ = make_pre_post_processors(config, dataset_stats=data.meta.stats)
    return policy, prepare


SMALL: dict[str, dict[str, Any]] = {
    "act": {
        "chunk_size": 4,
        "n_action_steps": 4,
        "dim_model": 32,
        "n_heads": 2,
        "dim_feedforward": 64,
        "n_encoder_layers": 1,
        "n_vae_encoder_layers": 1,
    },
    "diffusion": {
        "horizon": 8,
        "n_action_steps": 4,
        "down_dims": (16, 32),
        "crop_shape": None,
        "num_train_timesteps": 10,
    },
}


@pytest.mark.parametrize("kind", SMALL)
def test_its_policies_train_on_what_we_write(kind: str, ours: Path) -> None:
    torch.manual_seed(0)
    policy, prepare = policy_of(kind, opened(ours))
    config, times = policy.config, {}
    for name in config.input_features:
        places = config.observation_delta_indices or [0]
        times[name] = [place / 30 for place in places]
    times["action"] = [place / 30 for place in config.action_delta_indices]
    if kind == "act":
        times = {"action": times["action"]}
    data = opened(ours, delta_timestamps=times)
    batches = torch.utils.data.DataLoader(
        data, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    optimizer = torch.optim.Adam(policy.parameters(), 1e-3)
    policy.train()
    losses = []
    for _, batch in zip(range(8), forever(batches), strict=False):
        loss, _ = policy.forward(prepare(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def forever(batches: Any) -> Iterator[Any]:
    while True:
        yield from batches


def large() -> tuple[DatasetSpec, dict[str, np.ndarray]]:
    """Return a spec and pictures of a size that its AV1 encoder takes."""
    cameras = {"static": CameraSpec(height=64, width=96), "wrist": CameraSpec(height=64, width=64)}
    shown = {role: pictures(10, camera.height, camera.width, 0) for role, camera in cameras.items()}
    return SPEC.model_copy(update={"cameras": cameras}), shown


@pytest.mark.parametrize("stored", ["video", "image"])
def test_we_read_what_it_writes(stored: str, tmp_path: Path) -> None:
    features: dict[str, Any] = {
        "observation.state": {"dtype": "float32", "shape": (3,), "names": list("xyz")},
        "action": {"dtype": "float32", "shape": (7,), "names": None},
    }
    spec, shown = large()
    for role, camera in spec.cameras.items():
        size = (camera.height, camera.width, 3)
        names = ["height", "width", "channels"]
        features[f"observation.images.{role}"] = {"dtype": stored, "shape": size, "names": names}
    data = LeRobotDataset.create(
        "local/data", fps=30, features=features, root=tmp_path / "set", use_videos=stored == "video"
    )
    for number in range(3):
        one = demonstration(number, 6 + number)
        for frame in range(len(one)):
            data.add_frame(
                {
                    "observation.state": one.proprioception[frame],
                    "action": one.actions[frame],
                    **{f"observation.images.{r}": shown[r][frame] for r in shown},
                    "task": "open it" if frame < 4 else "close it",
                }
            )
        data.save_episode()
    data.finalize()
    read = load_dataset(tmp_path / "set", {"spec": spec})
    assert read.lengths == [4, 2, 4, 3, 4, 4]
    for index in range(6):
        number, part = divmod(index, 2)
        one, found = demonstration(number, 6 + number), read.episode(index)
        span = slice(0, 4) if part == 0 else slice(4, None)
        assert found.instruction == ("open it", "close it")[part]
        assert np.array_equal(found.actions, one.actions[span])
        assert np.array_equal(found.proprioception, one.proprioception[span])
        for role, seen in found.images.items():
            error = np.abs(seen.astype(int) - shown[role][: len(one)][span]).mean()
            assert error < (8 if stored == "video" else 0.01)


@pytest.mark.parametrize("stored", ["video", "image"])
def test_what_its_converter_makes_of_version_2_1_is_the_same_to_us(stored, tmp_path: Path) -> None:
    folder = Folder(version="v2.1", stored=stored, tasks_of=((0,) * 6, (1,) * 5, (0, 0, 1, 1)))
    folder = Folder(**{**vars(folder), "info": {"total_chunks": 1, "total_videos": 6}})
    root = folder.write(tmp_path / "local" / "data")
    stats = []
    for number, tasks in enumerate(folder.tasks_of):
        length = len(tasks)
        summary = {
            name: of_numbers(numbers(name, number, length, size))
            for name, size in {**folder.state, **folder.action}.items()
        }
        summary |= {c: of_pictures(folder.pictures(c, number)) for c in folder.cameras}
        stats.append(
            {"episode_index": number, "stats": {n: as_lists(s) for n, s in summary.items()}}
        )
    lines(root / "meta/episodes_stats.jsonl", stats)
    before = load_dataset(root, {"spec": SPEC})
    kept = [before.episode(number) for number in range(len(before.lengths))]
    convert_dataset("local/data", root=tmp_path, push_to_hub=False)
    after = load_dataset(root, {"spec": SPEC})
    assert after.lengths == before.lengths == [6, 5, 2, 2]
    for number, one in enumerate(kept):
        other = after.episode(number)
        assert one.instruction == other.instruction
        assert np.array_equal(one.actions, other.actions)
        assert all(np.array_equal(one.images[role], other.images[role]) for role in one.images)
