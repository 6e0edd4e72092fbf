"""The recipes for Open X-Embodiment run, from RLDS folders to a policy that can be evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rlds_folders import example, png, write_folder
from vla_gym_robovlms.robots import ROBOTS

import vla_gym
from vla_gym.contract.inverse import invert
from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets import load_dataset
from vla_gym.datasets.conversion import convert
from vla_gym.datasets.specs import find_spec
from vla_gym.policies import make_policy

ROOT = Path(__file__).resolve().parents[3]
LENGTH = 4
FOLDERS = {
    "bridge": ((480, 640), "open_gripper", [0, 0, 1, 1]),
    "fractal": ((256, 320), "gripper_closedness_action", [0.0, 1.0, 0.0, -1.0]),
}
TINY: dict[str, Any] = {
    "options": {
        "backbone": {"size": "tiny"},
        "head": {"hidden": 16, "layers": 1},
        "history": 2,
        "chunk": 2,
    },
    "steps": 2,
    "batch_size": 4,
    "accumulate": 1,
    "precision": "float32",
    "checkpointing": False,
    "evaluate": None,
}


def oxe_episode(name: str, seed: int) -> bytes:
    (height, width), gripper, moves = FOLDERS[name]
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (height, width, 3), np.uint8)
    numbers = {key: rng.normal(0, 0.02, 3 * LENGTH).tolist() for key in ("world", "rotation")}
    return example(
        {
            "steps/observation/image": [png(picture)] * LENGTH,
            "steps/observation/natural_language_instruction": [b"pick it"] * LENGTH,
            "steps/action/world_vector": numbers["world"],
            "steps/action/rotation_delta": numbers["rotation"],
            f"steps/action/{gripper}": moves,
            "steps/is_first": [1, 0, 0, 0],
            "steps/is_last": [0, 0, 0, 1],
        }
    )


@pytest.fixture(scope="module")
def oxe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both data sets as TFDS lays them out."""
    root = tmp_path_factory.mktemp("oxe")
    for name in FOLDERS:
        write_folder(root / name, [[oxe_episode(name, 0)], [oxe_episode(name, 1)]])
    return root


def recipe(name: str, oxe: Path, **changes: Any) -> dict[str, Any]:
    """Return a recipe as it ships, in miniature and with the folders of a test."""
    config = yaml.safe_load((ROOT / f"configs/train/recipes/{name}.yaml").read_text())
    for data in config["data"]:
        data["path"] = data["path"].replace("data/oxe", str(oxe)).removesuffix("/0.1.0")
    return {**config, **TINY, "policy": str(ROOT / config["policy"]), **changes}


def test_pre_training_and_what_follows_it_run_on_rlds(oxe: Path, tmp_path: Path) -> None:
    initial = None
    for name in ("pre-train", "post-train", "co-train"):
        config = recipe(name, oxe, **({"initial": initial} if name == "post-train" else {}))
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(config))
        checkpoint = vla_gym.train(file, tmp_path / name, progress=False)
        initial = initial or str(checkpoint)
        first = json.loads((tmp_path / name / "log.jsonl").read_text().splitlines()[0])
        assert first["frames"] == [2 * LENGTH] * len(config["data"])
        make_policy(str(checkpoint / "policy.yaml"), env_contract=None)


def test_a_converted_folder_trains_as_the_original_does(oxe: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow (vla-gym[datasets])")
    said = {"spec": "bridge"}
    convert(load_dataset(oxe / "bridge", said), oxe / "bridge", tmp_path / "oxe/bridge")
    read, made = (load_dataset(root / "bridge", said) for root in (oxe, tmp_path / "oxe"))
    assert np.array_equal(read.episode(1, images=False).actions, made.episode(1).actions)
    file = tmp_path / "train.yaml"
    config = recipe("post-train", tmp_path / "oxe", initial=None)
    file.write_text(yaml.safe_dump(config))
    vla_gym.train(file, tmp_path / "run", progress=False)


@pytest.mark.parametrize(
    ("name", "robot", "labels"),
    [
        ("bridge", "widowx", [0, 1, 1, 1]),  # it opens at the second decision to do so
        ("fractal", "google-robot", [1, 0, 0, 1]),
    ],
)
def test_a_ready_spec_has_the_units_and_the_gripper_of_its_robot(
    name: str, robot: str, labels: list[int]
) -> None:
    policy = PolicySpec(cameras={}, proprioception=(), action=ROBOTS[robot])
    actions = np.full((LENGTH, 7), 0.01, np.float32)
    actions[:, 6] = FOLDERS[name][2]
    found = invert(policy, find_spec(name).spec.contract)(actions, np.zeros((LENGTH, 0)))
    assert np.allclose(found.actions[:, :6], 0.01)
    assert found.actions[:, 6].tolist() == labels
