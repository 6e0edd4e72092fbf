"""Where the official files and the recordings are; tests that need them are skipped without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vla_gym_calvin.success import BlockState, Contact, TaskState
from vla_gym_calvin.world import World

SHARED = Path(__file__).parents[4] / "shared"
GOLDEN = SHARED / "golden" / "calvin"

LoadCase = Callable[[str], Mapping[str, Any]]


@pytest.fixture(scope="session")
def _official_for_session() -> Iterator[None]:
    if not (SHARED / "assets" / "calvin_env").is_dir():
        pytest.skip(f"the official CALVIN assets are not in {SHARED / 'assets'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLA_GYM_ASSETS", str(SHARED / "assets"))
        yield


@pytest.fixture
def official(_official_for_session: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the official assets visible and return their root."""
    monkeypatch.setenv("VLA_GYM_ASSETS", str(SHARED / "assets"))
    return SHARED / "assets"


@pytest.fixture
def load_case(official: Path) -> LoadCase:
    """Return a function that loads a recording such as ``"D/case_00_open_drawer"``."""
    if not GOLDEN.is_dir():
        pytest.skip(f"the recordings are not in {GOLDEN}")

    def load(name: str) -> Mapping[str, Any]:
        return dict(np.load(GOLDEN / f"scene_{name}.npz"))

    return load


@pytest.fixture(scope="session")
def golden_task_names() -> list[str]:
    """Return the tasks in the order of the recorded flags."""
    if not GOLDEN.is_dir():
        pytest.skip(f"the recordings are not in {GOLDEN}")
    names: list[str] = json.loads((GOLDEN / "manifest.json").read_text())["task_names"]
    return names


@pytest.fixture
def replay() -> Callable[..., np.ndarray]:
    """Return a function that replays a case and returns observations ``(T + 1, 39)``."""

    def run(world: World, case: Mapping[str, Any], *, steps: int | None = None) -> np.ndarray:
        world.reset(case["init_robot_obs"], case["init_scene_obs"])
        rows = [np.concatenate([world.robot_obs(), world.scene_obs()])]
        for action in case["actions"][:steps]:
            world.step(action)
            rows.append(np.concatenate([world.robot_obs(), world.scene_obs()]))
        return np.array(rows)

    return run


@pytest.fixture
def make_state() -> Callable[..., TaskState]:
    """Return a function that makes states: everything closed, off, and blocks on the table."""

    def make(**changes: Any) -> TaskState:
        lying = frozenset({Contact("table", "base_link")})
        colors = ("red", "blue", "pink")
        fields: dict[str, Any] = {
            "slide": 0.0,
            "drawer": 0.0,
            "lightbulb": False,
            "led": False,
            "blocks": {
                c: BlockState((0.3 * i, 0, 0.46), (0, 0, 0, 1)) for i, c in enumerate(colors)
            },
            "contacts": {**dict.fromkeys(colors, lying), "robot": frozenset()},
            "velocity": dict.fromkeys(colors, ((0, 0, 0), (0, 0, 0))),
        }
        for key in ("blocks", "contacts", "velocity"):
            fields[key] = {**fields[key], **changes.pop(key, {})}
        return TaskState(**{**fields, **changes})

    return make
