"""Against recordings of the official implementation; a few steps here, all in the benchmark.

python benchmarks/simpler.py --parts golden frames
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sapien")

from vla_gym_sapien import rendering
from vla_gym_simpler.assets.manifest import make_manifest, official_manifest
from vla_gym_simpler.env import SimplerEnv


def recording(golden: Path, folder: str, episode: int) -> dict:
    return json.loads((golden / "simpler" / folder / f"ep{episode}.json").read_text())


@pytest.mark.parametrize(
    ("folder", "kwargs", "episode", "steps", "rest_mm"),
    [
        ("widowx_stack_cube", {"task": "widowx_stack_cube"}, 0, 26, 0.1),
        (
            "google_robot_pick_horizontal_coke_can",
            {"task": "google_robot_pick_coke_can", "orientation": "horizontal"},
            1,
            6,
            0.1,
        ),
        (
            "google_robot_open_top_drawer",
            {"task": "google_robot_open_drawer", "drawer": "top"},
            2,
            3,  # then its fingers touch each other
            0.0,
        ),
    ],
)
@pytest.mark.usefixtures("official_assets")
def test_recorded_actions_lead_to_the_recorded_states(
    golden, folder, kwargs, episode, steps, rest_mm
) -> None:
    data = recording(golden, folder, episode)
    begin = data["episode"]
    env = SimplerEnv(**kwargs, assets="official", cameras=())
    observation, _ = env.reset(seed=begin["seed"], options=begin["options"])
    assert observation["instruction"] == begin["instruction"]
    urdf = begin["urdf"].removesuffix(".urdf")
    assert urdf.endswith(env.simulation.initial.version)
    assert env.simulation.initial.photo == begin["overlay"]
    state = env.state()
    np.testing.assert_allclose(state["tcp"], begin["initial"]["tcp"], atol=2e-6)
    for key, value in begin["initial"].items():
        if key.startswith(("actor:", "link:")):
            assert 1000 * np.abs(state[key][:3] - value[:3]).max() <= rest_mm + 1e-3, key
    for step in data["steps"][:steps]:
        *_, info = env.step(np.array(step["action"]))
        state = env.state()
        assert 1000 * np.linalg.norm(state["tcp"][:3] - step["tcp"][:3]) < 0.55
        wanted = {k: v for k, v in step["info"].items() if k not in ("qpos", "elapsed_steps")}
        assert {key: info[key] for key in wanted} == wanted
    env.close()


@pytest.mark.slow
@pytest.mark.usefixtures("official_assets")
def test_the_reset_picture_is_the_recorded_one(golden) -> None:
    if not rendering.probe().ok:
        pytest.skip(f"no Vulkan device: {rendering.probe().problem}")
    begin = recording(golden, "widowx_spoon_on_towel", 0)["episode"]
    env = SimplerEnv(task="widowx_spoon_on_towel", assets="official")
    observation, _ = env.reset(seed=begin["seed"], options=begin["options"])
    truth = Image.open(golden / "simpler" / "widowx_spoon_on_towel" / "ep0_frame0.png")
    error = observation["images"]["static"].astype(float) - np.array(truth.convert("RGB"))
    assert 10 * np.log10(255**2 / np.mean(error**2)) >= 50, "PSNR in dB"
    env.close()


def test_the_manifest_describes_the_official_files(official_assets) -> None:
    assert make_manifest(official_assets).files == official_manifest().files
