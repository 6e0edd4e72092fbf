"""What happens in one episode, by each success rule; no process, no policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vla_gym.contract import Execution, PolicyInput, adapt
from vla_gym.contract.policy import Chunk
from vla_gym.env.task_env import TaskEnv
from vla_gym.errors import RunnerError
from vla_gym.records import action_hash
from vla_gym.runner.episode import Episode, Rollout
from vla_gym.suites import Protocol
from vla_gym.testing import MockPolicy, MockWorld, mock_suite
from vla_gym.testing.mock_env import SIZES

RIGHT = np.array([1.0, 0, 0, 0, 0, 0, 1.0])
STILL = np.array([0.0, 0, 0, 0, 0, 0, 1.0])


class Script:
    """Answers with given actions and remembers what it was asked."""

    def __init__(self, *actions: Any, chunk: int = 1) -> None:
        self._actions, self._chunk = list(actions), chunk
        self.seen: list[tuple[int, bool, str]] = []
        self.images: list[Any] = []

    def __call__(self, seen: PolicyInput, *, subtask: int, reset: bool) -> Any:
        self.seen.append((subtask, reset, seen.instruction))
        self.images.append(seen.images["static"].copy())
        taken = [self._actions.pop(0) if self._actions else STILL for _ in range(self._chunk)]
        return Chunk(np.stack(taken))


def play(
    script: Script, *names: str, chunk: int = 1, advance: bool = True, steps: int = 20, **rules: Any
) -> tuple[Rollout, MockWorld]:
    protocol = Protocol(**{"success": "first", **rules})
    suite = mock_suite(1, chain=len(names), max_steps=steps, protocol=protocol)
    spec = suite.episodes[0]
    subtasks = tuple(
        subtask.model_copy(update={"name": name, "instruction": f"now {name}"})
        for subtask, name in zip(spec.subtasks, names, strict=True)
    )
    env = MockWorld(cameras=tuple(SIZES), advance=advance)
    policy = MockPolicy(chunk=chunk).spec.model_copy(update={"execution": Execution.CHUNK})
    episode = Episode(
        index=5,
        spec=spec.model_copy(update={"subtasks": subtasks}),
        rules=suite.protocol,
        env=env,
        adapter=adapt(policy, env.contract).start(),
        ask=script,
    )
    return episode.run(), env


def test_a_chain_goes_on_at_each_success_and_ends_at_the_first_failure() -> None:
    script = Script(*[RIGHT] * 8, *[-RIGHT] * 14)
    rollout, _ = play(script, "go_right", "go_left", "go_up", "go_down", steps=18)
    record = rollout.record
    assert [s.success for s in record.subtasks] == [True, True, False]
    assert record.subtasks[2].steps == 18
    assert record.subtasks[2].first_success is None
    assert record.solved == 2
    assert len(rollout.executed.actions) == sum(s.steps for s in record.subtasks)
    assert record.actions == action_hash(rollout.executed.actions)
    first = record.subtasks[0]
    assert first.first_success == first.steps
    assert first.final_success
    assert "distance" in first.metrics


def test_the_policy_is_told_the_instruction_of_the_sub_task_and_when_it_begins() -> None:
    script = Script(*[RIGHT] * 8)
    rollout, _ = play(script, "go_right", "go_left", steps=8)
    steps = rollout.record.subtasks[0].steps
    assert script.seen[0] == (0, True, "now go_right")
    assert script.seen[1] == (0, False, "now go_right")
    assert script.seen[steps] == (1, True, "now go_left")
    assert [begins for _, begins, _ in script.seen].count(True) == 2


def test_the_first_rule_ends_at_success_where_the_environment_does_not() -> None:
    rollout, _ = play(Script(*[RIGHT] * 8), "go_right", "go_right", advance=False)
    first, second = rollout.record.subtasks
    assert first.success
    assert first.steps == first.first_success
    # The hand is there already: the second one is fulfilled by its first step.
    assert (second.success, second.steps) == (True, 1)


@pytest.mark.parametrize(("rule", "success"), [("final", False), ("any", True)])
def test_final_and_any_look_at_all_steps(rule: Any, success: bool) -> None:
    script = Script(*[RIGHT] * 8, *[-RIGHT] * 12)
    rollout, _ = play(script, "go_right", advance=False, success=rule)
    (record,) = rollout.record.subtasks
    assert record.steps == 20
    assert record.first_success is not None
    assert record.first_success < 10
    assert not record.final_success
    assert record.success is success


def test_a_chain_may_go_on_after_a_failure() -> None:
    rollout, _ = play(Script(), "go_right", "open_gripper", steps=5, stop_at_failure=False)
    assert [s.success for s in rollout.record.subtasks] == [False, True]


class Impatient(MockWorld):
    """Moves on to the next sub-task after each chunk, achieved or not."""

    def step_chunk(self, actions: Any, *, observe: bool = True) -> Any:
        observation, reward, terminated, truncated, info = super().step_chunk(
            actions, observe=observe
        )
        return observation, reward, terminated, truncated, {**info, "subtask_index": 1}


@pytest.mark.parametrize(("stop", "outcomes"), [(True, [False]), (False, [False, False])])
def test_a_sub_task_that_the_environment_leaves_unachieved_has_failed(
    stop: bool, outcomes: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(play.__globals__, "MockWorld", Impatient)
    rollout, _ = play(Script(), "go_right", "go_left", steps=5, stop_at_failure=stop)
    assert [s.success for s in rollout.record.subtasks] == outcomes
    assert rollout.record.subtasks[0].steps == 1


def test_going_on_needs_begin_subtask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TaskEnv, "begin_subtask")
    with pytest.raises(RunnerError, match=r"MockWorld has no begin_subtask"):
        play(Script(), "go_right", "open_gripper", steps=5, stop_at_failure=False)


def test_a_chunk_is_cut_at_success_and_at_the_step_limit() -> None:
    script = Script(*[RIGHT] * 40, chunk=8)
    rollout, env = play(script, "go_right", "go_left", chunk=8, steps=10)
    first, second = rollout.record.subtasks
    assert first.steps == first.first_success != 8
    assert second.steps == 10
    # Two observations for the first or one, two for the second: nothing in between is rendered.
    assert env.rendered <= 1 + 1 + 2


def test_nothing_is_rendered_for_nobody() -> None:
    script = Script(chunk=5)
    _, env = play(script, "go_right", chunk=5, steps=20)
    # After reset and after three of four chunks; the last step is not looked at.
    assert env.rendered == 4
    assert len(script.images) == 4


def test_nan_is_an_error_and_the_sub_task_failed() -> None:
    rollout, _ = play(Script(*[RIGHT] * 2, np.full(7, np.nan)), "go_right")
    assert rollout.record.error is not None
    assert rollout.record.error.startswith("ActionError: step 2")
    assert [s.success for s in rollout.record.subtasks] == [False]
    assert len(rollout.executed.actions) == 2


def test_actions_keep_their_precision() -> None:
    tiny = STILL + 1e-12
    rollout, _ = play(Script(tiny), "go_right", steps=1)
    np.testing.assert_array_equal(rollout.executed.actions[0], tiny.clip(-1, 1))
    assert rollout.executed.actions.dtype == np.float64


def test_an_episode_does_not_depend_on_the_one_before() -> None:
    alone, _ = play(Script(*[RIGHT] * 9), "go_right", "go_left")
    suite = mock_suite(1, chain=1)
    env = MockWorld()
    adapter = adapt(MockPolicy().spec, env.contract)
    records = []
    for _ in range(2):
        episode = Episode(
            index=0,
            spec=suite.episodes[0],
            rules=suite.protocol,
            env=env,
            adapter=adapter.start(),
            ask=Script(*[RIGHT] * 9),
        )
        records.append(episode.run().record.model_copy(update={"timing": {}}))
    assert records[0] == records[1]
    assert alone.record.episode == 5
