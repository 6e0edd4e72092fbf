"""``check_env``: does an environment keep the contract? For plugin authors and our own tests.

It checks what has ruined scores before: states that leak from one episode into the next, chunks
that differ from steps, actions that are changed or swallowed, specs that do not say what is there.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils.env_checker import check_env as gymnasium_check_env

from vla_gym.conformance.report import (
    BrokenPromiseError,
    Check,
    Report,
    difference,
    expect,
    expect_error,
    run_checks,
)
from vla_gym.contract.env import INFO_KEYS, VlaEnv
from vla_gym.contract.spec import EnvContract, GripperSpec, Mode
from vla_gym.errors import ActionError, VlaGymError

Actions = npt.NDArray[np.float64]
SEED = 20
OTHER_EPISODES = (21, 22, 23)
"""Several, because one alone may leave behind by chance what was there before."""


@dataclass
class _Context:
    """The environment under test, without wrappers, and how to make another one."""

    env: Any
    make: Callable[[], Any] | None
    steps: int

    @property
    def contract(self) -> EnvContract:
        spec = self.env.contract
        if not isinstance(spec, EnvContract):
            raise BrokenPromiseError(
                f"env.unwrapped.contract is {type(spec).__name__}, expected EnvContract"
            )
        return spec

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.env.tasks)

    def actions(self, count: int, *, seed: int = 0) -> Actions:
        """Return valid float64 actions ``(count, n)``, a function of the seed."""
        space = self.env.action_space
        space.seed(seed)
        actions = np.array([space.sample() for _ in range(count)], dtype=np.float64)
        rng = np.random.default_rng(seed)
        spec = self.contract.action
        for gripper in spec.of(GripperSpec):
            if gripper.binary or gripper.mode is Mode.DELTA:
                ends = (gripper.open, gripper.closed)
                actions[:, spec.slices[gripper.name].start] = rng.choice(ends, size=count)
        return actions

    def trace(self, env: Any, *, seed: int) -> list[Any]:
        """Return everything that one short episode gives."""
        trace: list[Any] = [_copied(env.reset(seed=seed))]
        for action in self.actions(self.steps, seed=seed):
            outcome = env.step(action)
            trace.append(_copied(outcome))
            if outcome[2] or outcome[3]:
                break
        return trace


def check_env(env: str | gymnasium.Env[Any, Any], *, steps: int = 6, **kwargs: Any) -> Report:
    """Check an environment against the contract and Gymnasium's own rules.

    Args:
        env: A Gymnasium id, or an environment (which stays open).
        steps: Length of the trial episodes.
        kwargs: Keyword arguments of ``gymnasium.make``, for an id.

    Returns:
        The report, when everything passed.

    Raises:
        CheckFailed: Listing all checks that failed.
    """
    if not isinstance(env, str):
        name = env.spec.id if env.spec else type(env.unwrapped).__name__
        return run_checks(name, CHECKS, _Context(env.unwrapped, None, steps))

    def make() -> Any:
        return gymnasium.make(env, disable_env_checker=True, **kwargs).unwrapped

    context = _Context(make(), make, steps)
    try:
        return run_checks(env, CHECKS, context)
    finally:
        context.env.close()


def _offers_the_interface(context: _Context) -> None:
    expect(
        isinstance(context.env, VlaEnv),
        "env.unwrapped must have contract, tasks, begin_subtask, step_chunk, render_cameras and "
        "describe (see VlaEnv)",
    )
    size, shape = context.contract.action.size, context.env.action_space.shape
    expect(shape == (size,), f"action_space has shape {shape}, the contract's action ({size},)")


def _passes_gymnasiums_check(context: _Context) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gymnasium_check_env(context.env, skip_render_check=True, skip_close_check=True)


def _observation_matches_the_contract(context: _Context) -> None:
    observation, _ = context.env.reset(seed=SEED)
    _expect_observation(context, observation)
    observation, *_ = context.env.step(context.actions(1)[0])
    _expect_observation(context, observation)


def _expect_observation(context: _Context, observation: Mapping[str, Any]) -> None:
    spec = context.contract
    for role, picture in observation.get("images", {}).items():
        expect(role in spec.cameras, f"camera {role!r} is not in the contract")
        wanted = (spec.cameras[role].height, spec.cameras[role].width, 3)
        _expect_array(f"images[{role!r}]", picture, wanted, np.uint8)
    size = (spec.proprioception_size,)
    _expect_array("proprioception", observation["proprioception"], size, np.float32)
    finite = bool(np.isfinite(observation["proprioception"]).all())
    expect(finite, f"proprioception is not finite: {observation['proprioception']}")
    expect(isinstance(observation["instruction"], str), "instruction must be a str")
    expect(observation in context.env.observation_space, "observation is not in observation_space")


def _expect_array(name: str, value: Any, shape: tuple[int, ...], dtype: type) -> None:
    found = f"{getattr(value, 'dtype', type(value).__name__)} {getattr(value, 'shape', '')}"
    matches = isinstance(value, np.ndarray) and value.shape == shape and value.dtype == dtype
    expect(matches, f"{name} is {found}, the contract says {np.dtype(dtype)} {shape}")


def _info_has_the_promised_keys(context: _Context) -> None:
    _, at_reset = context.env.reset(seed=SEED)
    *_, at_step = context.env.step(context.actions(1)[0])
    for when, info in (("reset", at_reset), ("step", at_step)):
        promised = {*INFO_KEYS, *context.contract.privileged}
        absent = sorted(promised - set(info))
        expect(not absent, f"info of {when} lacks {absent}")
        _expect_info(info, when)
        expect(not info["task"], f"free play has the task {info['task']!r}, expected ''")


_KINDS: Mapping[str, tuple[type, ...]] = {
    "success": (bool, np.bool_),
    "task": (str,),
    "subtask_index": (int,),
    "steps": (int,),
}
"""Types of what the runner reads, see ``vla_gym.contract.env.Info``."""


def _expect_info(info: Mapping[str, Any], when: str) -> None:
    for key, types in _KINDS.items():
        kind, wanted = type(info[key]).__name__, " or ".join(t.__name__ for t in types)
        found = f"info[{key!r}] of {when} is a {kind}, expected {wanted}"
        expect(isinstance(info[key], types), found)
    metrics = info.get("metrics", {})
    expect(isinstance(metrics, Mapping), f"info['metrics'] is a {type(metrics).__name__}")
    for name, value in metrics.items():
        number = isinstance(value, (bool, np.bool_, int, float, np.number))
        number = number and bool(np.isfinite(value))
        what = f"info['metrics'][{name!r}] of {when} is {value!r}, expected a finite number or flag"
        expect(number, what)


def _episode_depends_on_its_seed_alone(context: _Context) -> None:
    first = context.trace(context.env, seed=SEED)
    for other in OTHER_EPISODES:
        context.trace(context.env, seed=other)
        found = difference(first, context.trace(context.env, seed=SEED))
        expect(not found, f"the same episode differs after another one: {found}")
    if context.make is None:
        return
    fresh = context.make()
    try:
        found = difference(first, context.trace(fresh, seed=SEED))
    finally:
        fresh.close()
    expect(not found, f"the same episode differs in a fresh environment: {found}")


def _chunks_equal_steps(context: _Context) -> None:
    actions = context.actions(context.steps, seed=SEED)
    context.env.reset(seed=SEED)
    observation, _, terminated, truncated, info = _copied(context.env.step_chunk(actions))
    expect("steps" in info, "info of step_chunk lacks 'steps'")
    executed = info.pop("steps")
    expect(1 <= executed <= len(actions), f"info['steps'] is {executed} of {len(actions)}")
    context.env.reset(seed=SEED)
    for action in actions[:executed]:
        outcome = context.env.step(action)
    stepped = dict(outcome[4])
    stepped.pop("steps", None)
    found = difference(
        (observation, terminated, truncated, info), (outcome[0], *outcome[2:4], stepped)
    )
    expect(not found, f"step_chunk and step differ: {found}")


def _unobserved_chunks_take_no_pictures(context: _Context) -> None:
    actions = context.actions(2, seed=SEED)
    context.env.reset(seed=SEED)
    seen = _copied(context.env.step_chunk(actions))
    context.env.reset(seed=SEED)
    unseen = context.env.step_chunk(actions, observe=False)
    expect("images" not in unseen[0], "step_chunk(observe=False) returned images")
    found = difference(seen[0]["proprioception"], unseen[0]["proprioception"])
    expect(not found, f"proprioception differs when nothing is observed: {found}")
    found = difference(seen[1:], unseen[1:])
    expect(not found, f"the outcome differs when nothing is observed: {found}")


def _actions_are_left_alone(context: _Context) -> None:
    for dtype in (np.float32, np.float64):
        actions = context.actions(2, seed=SEED).astype(dtype)
        kept = actions.copy()
        actions.flags.writeable = False
        context.env.reset(seed=SEED)
        context.env.step(actions[0])
        context.env.step_chunk(actions)
        expect(np.array_equal(actions, kept), "the caller's actions were changed")


def _bad_actions_are_refused(context: _Context) -> None:
    plain = context.trace(context.env, seed=SEED)
    context.env.reset(seed=SEED)
    good = context.actions(2, seed=SEED)
    for value in (np.nan, np.inf):
        bad = good.copy()
        bad[1, 0] = value
        expect_error(lambda b=bad: context.env.step(b[1]), ActionError, f"action with {value}")  # type: ignore[misc]
        expect_error(lambda b=bad: context.env.step_chunk(b), ActionError, f"chunk with {value}")  # type: ignore[misc]
    expect_error(lambda: context.env.step(good[0, :-1]), ActionError, "too short an action")
    expect_error(lambda: context.env.step_chunk(good[0]), ActionError, "a chunk of one dimension")
    expect_error(lambda: context.env.step_chunk(good[:0]), ActionError, "an empty chunk")
    found = difference(plain[1], _copied(context.env.step(good[0])))
    expect(not found, f"a refused action changed the state: {found}")


def _pictures_come_on_demand(context: _Context) -> None:
    spec = context.contract
    plain = context.trace(context.env, seed=SEED)
    context.env.reset(seed=SEED)
    pictures = context.env.render_cameras(tuple(spec.cameras))
    expect(set(pictures) == set(spec.cameras), f"render_cameras gave {sorted(pictures)}")
    for role, camera in spec.cameras.items():
        _expect_array(
            f"picture {role!r}", pictures[role], (camera.height, camera.width, 3), np.uint8
        )
    found = difference(plain[1], _copied(context.env.step(context.actions(1, seed=SEED)[0])))
    expect(not found, f"render_cameras changed the state: {found}")
    wrong = "no_such_camera"
    expect_error(lambda: context.env.render_cameras((wrong,)), VlaGymError, "an unknown camera")


def _describes_itself(context: _Context) -> None:
    described = context.env.describe()
    expect(isinstance(described, Mapping), f"describe() is a {type(described).__name__}")
    try:
        json.dumps(dict(described))
    except TypeError as error:
        raise BrokenPromiseError(f"describe() must hold plain JSON types: {error}") from error


def _options_are_understood(context: _Context) -> None:
    reset = context.env.reset
    unknown = {"no_such_option": 1}
    expect_error(lambda: reset(seed=SEED, options=unknown), VlaGymError, "an unknown option")
    if not context.tasks:
        return
    chain = list(context.tasks[:2])
    observation, info = reset(seed=SEED, options={"subtasks": chain})
    expect(info["task"] == chain[0], f"info['task'] is {info['task']!r}, expected {chain[0]!r}")
    expect(info["subtask_index"] == 0, f"info['subtask_index'] is {info['subtask_index']} at reset")
    expect(bool(observation["instruction"]), f"task {chain[0]!r} has no instruction")
    bad = {"subtasks": ["no_such_task"]}
    expect_error(lambda: reset(seed=SEED, options=bad), VlaGymError, "an unknown task")
    _, info = reset(seed=SEED)
    expect(not info["task"], f"the task {info['task']!r} leaked into free play")


def _copied(value: Any) -> Any:
    """Return nested values with their arrays copied, so that reused buffers are seen."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_copied(item) for item in value)
    return value.copy() if isinstance(value, np.ndarray) else value


CHECKS: tuple[Check[_Context], ...] = (
    ("interface", _offers_the_interface),
    ("gymnasium", _passes_gymnasiums_check),
    ("observation", _observation_matches_the_contract),
    ("info", _info_has_the_promised_keys),
    ("determinism", _episode_depends_on_its_seed_alone),
    ("step_chunk", _chunks_equal_steps),
    ("observe", _unobserved_chunks_take_no_pictures),
    ("actions", _actions_are_left_alone),
    ("bad_actions", _bad_actions_are_refused),
    ("render_cameras", _pictures_come_on_demand),
    ("describe", _describes_itself),
    ("options", _options_are_understood),
)
