"""``check_env`` passes an honest environment and names each broken promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

from vla_gym.conformance import CheckFailed, check_env
from vla_gym.conformance.check_env import CHECKS


def failures(env: gymnasium.Env[Any, Any]) -> dict[str, str]:
    with pytest.raises(CheckFailed) as caught:
        check_env(env)
    assert all(item.message in str(caught.value) for item in caught.value.report.failures)
    return {item.check: item.message for item in caught.value.report.failures}


def broken(world: Any, **methods: Callable[..., Any]) -> gymnasium.Env[Any, Any]:
    env: gymnasium.Env[Any, Any] = type("Broken", (world.Env,), methods)()
    return env


def test_an_honest_environment_passes_all_checks(world) -> None:
    report = check_env(world.Env())
    assert report.ok
    assert report.passed == tuple(name for name, _ in CHECKS)


def test_an_id_is_made_checked_in_a_fresh_copy_and_closed(world) -> None:
    closed = []

    class Closing(world.Env):
        def close(self) -> None:
            closed.append(self)

    gymnasium.register("CheckedPoint-v0", entry_point=Closing)
    try:
        assert check_env("CheckedPoint-v0").ok
    finally:
        del gymnasium.registry["CheckedPoint-v0"]
    assert len(closed) == 2


def test_state_that_leaks_from_one_episode_into_the_next_is_found(world) -> None:
    def reset(self, **kwargs: Any) -> Any:
        leaked = getattr(self, "width", 0.0)
        outcome = world.Env.reset(self, **kwargs)
        self.point[0] += 0.01 * leaked
        outcome[1]["point"] = self.point.copy()
        return outcome

    assert "differs after another one" in failures(broken(world, reset=reset))["determinism"]


def test_chunks_that_differ_from_steps_are_found(world) -> None:
    def step_chunk(self, actions: Any, *, observe: bool = True) -> Any:
        rounded = np.asarray(actions, dtype=np.float32)
        return world.Env.step_chunk(self, rounded, observe=observe)

    found = failures(broken(world, step_chunk=step_chunk))
    assert "step_chunk and step differ" in found["step_chunk"]


def test_actions_that_are_changed_are_found(world) -> None:
    def step(self, action: Any) -> Any:
        outcome = world.Env.step(self, action)
        action[6] = 0
        return outcome

    assert "read-only" in failures(broken(world, step=step))["actions"]


def test_bad_actions_that_are_swallowed_are_found(world) -> None:
    def checked(self, action: Any) -> Any:
        return np.nan_to_num(np.asarray(action))

    assert "nan was accepted" in failures(broken(world, _checked=checked))["bad_actions"]


def test_an_observation_that_differs_from_the_contract_is_found(world) -> None:
    def observe(self) -> Any:
        seen = world.Env._observe(self)
        seen["proprioception"] = seen["proprioception"].astype(np.float64)
        return seen

    found = failures(broken(world, _observe=observe))
    assert "float64 (7,), the contract says float32 (7,)" in found["observation"]


def test_an_info_without_its_keys_is_found(world) -> None:
    def info(self, *, success: bool) -> Any:
        return {"success": success, "task": "", "point": self.point.copy()}

    assert "subtask_index" in failures(broken(world, _info=info))["info"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"success": 1}, "info['success'] of reset is a int, expected bool"),
        ({"metrics": {"far": np.nan}}, "expected a finite number"),
        ({"metrics": {"far": "away"}}, "expected a finite number"),
    ],
)
def test_an_info_of_the_wrong_type_is_found(world, changed: dict[str, Any], words: str) -> None:
    def info(self, *, success: bool) -> Any:
        return {**world.Env._info(self, success=success), **changed}

    assert words in failures(broken(world, _info=info))["info"]


def test_pictures_that_move_the_world_are_found(world) -> None:
    def render_cameras(self, names: Any) -> Any:
        if len(names) == 2 and hasattr(self, "point"):
            self.point = self.point + 1e-9
        return world.Env.render_cameras(self, names)

    assert "render_cameras" in failures(broken(world, render_cameras=render_cameras))


def test_unknown_options_that_are_ignored_are_found(world) -> None:
    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        known = {key: value for key, value in (options or {}).items() if key == "subtasks"}
        return world.Env.reset(self, seed=seed, options=known)

    assert "unknown option was accepted" in failures(broken(world, reset=reset))["options"]


def test_a_description_that_is_not_plain_is_found(world) -> None:
    found = failures(broken(world, describe=lambda self: {"engine": np.float32}))
    assert "plain JSON" in found["describe"]


def test_an_environment_without_the_interface_is_named() -> None:
    class Bare(gymnasium.Env[Any, Any]):
        action_space = gymnasium.spaces.Box(-1, 1, (7,))

    assert "contract, tasks, begin_subtask, step_chunk" in failures(Bare())["interface"]
