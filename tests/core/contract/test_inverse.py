"""Labels are the actions that an evaluation converts back into what was recorded."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_actions import (
    BASE_POSE,
    EXACT,
    LAG,
    Arm,
    random_action,
    rotation_specs,
    translation_specs,
)

from vla_gym.contract import (
    ActionSpec,
    Execution,
    GripperSpec,
    IncompatibleError,
    Mode,
    Reference,
    adapt,
)
from vla_gym.contract.inverse import invert
from vla_gym.contract.spec import BaseSpec, JointsSpec, ProprioceptionField, TorsoSpec
from vla_gym.errors import ActionError

LENGTH = 6


def recorded_world(world: Any, action: ActionSpec) -> Any:
    contract = world.env_contract(action=action, proprioception=EXACT, base_pose=BASE_POSE)
    return contract.model_copy(update={"base_aligned_with_world": False})


def record(spec: ActionSpec, seed: int, *, length: int = LENGTH) -> tuple[np.ndarray, np.ndarray]:
    """Return actions and states of an episode in which the arm lags behind."""
    arm, draw = Arm(spec, seed, follows=LAG), np.random.default_rng(seed)
    states, actions = [], []
    for _ in range(length):
        states.append(arm.obs["proprioception"])
        actions.append(random_action(spec, draw))
        arm.step(actions[-1])
    return np.array(actions), np.array(states)


def check(world: Any, policy: ActionSpec, env: ActionSpec, seed: int = 3) -> None:
    """Learn from an episode, and let the adapter do what was learned."""
    contract, spec = recorded_world(world, env), world.policy_spec(action=policy)
    actions, states = record(env, seed)
    labels = invert(spec, contract)(actions, states)
    episode = adapt(spec, contract).start()
    again = [
        episode.actions(row[None], {"proprioception": state})[0]
        for row, state in zip(labels.actions, states, strict=True)
    ]
    np.testing.assert_allclose(again, actions, atol=1e-8)
    assert labels.exact.all()


def test_every_translation_comes_back(world) -> None:
    for policy, env in itertools.product(translation_specs(), repeat=2):
        check(world, world.action(translation=policy), world.action(translation=env))


def test_every_rotation_comes_back(world) -> None:
    for policy, env in itertools.product(rotation_specs(), repeat=2):
        check(world, world.action(rotation=policy), world.action(rotation=env))


@settings(max_examples=40, deadline=None)
@given(
    moves=st.tuples(*[st.sampled_from(translation_specs())] * 2),
    turns=st.tuples(*[st.sampled_from(rotation_specs())] * 2),
    units=st.tuples(*[st.floats(0.01, 10)] * 2),
    seed=st.integers(0, 10**6),
)
def test_any_pair_of_meanings_comes_back(world, moves, turns, units, seed: int) -> None:
    policy, env = (
        world.action(translation=move.model_copy(update={"meters_per_unit": unit}), rotation=turn)
        for move, turn, unit in zip(moves, turns, units, strict=True)
    )
    check(world, policy, env, seed)


def joints_specs(arm: str) -> list[JointsSpec]:
    """Return all ways to command two joints, in other units and orders."""
    names, units = (("lift", "turn"), ("turn", "lift")), itertools.cycle(("rad", "deg"))
    ways = [(Mode.ABSOLUTE, None), *itertools.product((Mode.DELTA, Mode.VELOCITY), Reference)]
    return [
        JointsSpec(
            arm=arm, names=names[i % 2], mode=mode, unit=next(units), per_unit=0.3, reference=ref
        )
        for i, (mode, ref) in enumerate(ways)
    ]


ODD = BaseSpec(axes=("yaw", "x"), meters_per_second=0.5, radians_per_second=2.0)


def robot(left: JointsSpec, right: JointsSpec, *, base: BaseSpec, metres: float) -> ActionSpec:
    torso = TorsoSpec(mode=Mode.DELTA, meters_per_unit=metres)
    return ActionSpec(parts=(left, torso, right, base), control_hz=10.0)


def test_every_way_of_joints_base_and_torso_comes_back(world) -> None:
    fields = tuple(
        ProprioceptionField(
            name="joint_positions", arm=arm, size=3, unit="rad", names=("turn", "other", "lift")
        )
        for arm in ("left", "right")
    )
    draw = np.random.default_rng(5)
    actions, states = draw.normal(size=(5, 7)), draw.normal(size=(5, 6))
    for mine, theirs in itertools.product(joints_specs("left"), repeat=2):
        others = (part.model_copy(update={"arm": "right"}) for part in (theirs, mine))
        policy = robot(mine, next(others), base=ODD, metres=0.01)
        env = robot(theirs, next(others), base=BaseSpec(axes=("x", "yaw")), metres=1.0)
        env = env.model_copy(update={"parts": env.parts[::-1]})
        contract = world.env_contract(action=env, proprioception=fields)
        spec = world.policy_spec(action=policy, proprioception=())
        labels = invert(spec, contract)(actions, states)
        episode = adapt(spec, contract).start()
        again = [
            episode.actions(row[None], {"proprioception": state})[0]
            for row, state in zip(labels.actions, states, strict=True)
        ]
        np.testing.assert_allclose(again, actions, atol=1e-8)
        assert labels.exact.all()


def test_equal_meanings_are_the_same_bits(world) -> None:
    actions, states = record(world.action(), 0)
    actions = actions.astype(np.float32)
    labels = invert(world.policy_spec(), world.env_contract())(actions, states[:, :7])
    assert labels.actions.astype(np.float32).tobytes() == actions.tobytes()


def test_the_commanded_pose_follows_what_was_executed_not_what_was_meant(world) -> None:
    """A disturbed expert: the label of a frame is what it meant from where it then was."""
    absolute, relative = translation_specs()[-2], translation_specs()[0]
    assert relative.reference is Reference.COMMANDED
    policy, env = world.action(translation=absolute), world.action(translation=relative)
    executed, states = record(env, 1)
    meant = executed.copy()
    meant[2, :3] = 0.0
    convert = invert(world.policy_spec(action=policy), recorded_world(world, env))
    plain = convert(executed, states).actions
    labels = convert(meant, states, executed=executed).actions
    same = np.isclose(labels, plain).all(axis=1)
    assert same.tolist() == [True, True, False, True, True, True]
    np.testing.assert_allclose(labels[2, :3], plain[1, :3])  # it meant to stay


def codes(policy: Any, env: Any) -> set[str]:
    with pytest.raises(IncompatibleError) as caught:
        invert(policy, env)
    return {issue.code for issue in caught.value.issues if issue.severity == "error"}


def test_what_cannot_be_learned_is_refused_with_a_code(world) -> None:
    moving = world.action(translation=translation_specs()[-2])
    blind = recorded_world(world, world.action()).model_copy(update={"proprioception": ()})
    policy = world.policy_spec(action=moving, proprioception=())
    assert codes(policy, blind) == {"pose_unavailable"}
    measured = next(s for s in translation_specs() if s.reference is Reference.MEASURED)
    whole = world.policy_spec(
        action=world.action(translation=measured), chunk=4, execution=Execution.CHUNK
    )
    contract = recorded_world(world, world.action())
    assert codes(whole, contract) == {"chunk_measured"}
    relative = GripperSpec(open=1, closed=-1, mode=Mode.DELTA, binary=True)
    still = relative.model_copy(update={"binary": False})
    policy = world.policy_spec(action=world.action(gripper=relative))
    env = world.env_contract(action=world.action(gripper=still))
    assert codes(policy, env) == {"inverse_gripper"}


def test_what_becomes_the_nearer_end_is_a_warning(world) -> None:
    continuous = GripperSpec(open=1, closed=-1, mode=Mode.ABSOLUTE, binary=False)
    env = world.env_contract(action=world.action(gripper=continuous))
    ends = continuous.model_copy(update={"threshold": 0.0})
    converter = invert(world.policy_spec(action=world.action(gripper=ends)), env)
    assert [issue.code for issue in converter.warnings] == ["inverse_gripper"]


def test_beyond_the_policys_limits_no_label_is_exact(world) -> None:
    small = world.action(low=(-0.5,) * 7, high=(0.5, 0.5, 0.5, 9.0, 9.0, 9.0, 9.0))
    actions, states = np.zeros((3, 7)), np.zeros((3, 7))
    actions[:, :2] = [[0.2, 0.5], [0.2, 0.6], [-0.7, 0.0]]
    actions[:, 6] = 1.0
    labels = invert(world.policy_spec(action=small), world.env_contract())(actions, states)
    assert labels.exact.tolist() == [True, False, False]


def test_numbers_that_are_no_pose_name_their_frame(world) -> None:
    policy = world.action(translation=translation_specs()[2], rotation=rotation_specs()[-1])
    contract = recorded_world(world, world.action())
    actions, states = record(world.action(), 2)
    states[3, 3:] = 0.0
    with pytest.raises(ActionError, match="frame 3: a quaternion of zeros"):
        invert(world.policy_spec(action=policy), contract)(actions, states)
