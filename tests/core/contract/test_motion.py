"""Actions of any robot: parts in any order, several arms, joints, a base, a torso."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_gym.contract import (
    ActionSpec,
    BaseSpec,
    EnvContract,
    GripperSpec,
    IncompatibleError,
    JointsSpec,
    Mode,
    PolicySpec,
    ProprioceptionField,
    Reference,
    RotationSpec,
    TorsoSpec,
    TranslationSpec,
    adapt,
)

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("shoulder", "elbow", "wrist")
HERTZ = 20.0
FIELD = ProprioceptionField(name="joint_positions", size=3, unit="deg", names=NAMES[::-1])
NUMBERS = st.lists(st.floats(-2, 2), min_size=3, max_size=3)


def env(*parts: Any, fields: tuple[ProprioceptionField, ...] = (FIELD,)) -> EnvContract:
    action = ActionSpec(parts=parts, control_hz=HERTZ)
    return EnvContract(
        cameras={}, proprioception=fields, action=action, base_aligned_with_world=True
    )


def policy(*parts: Any, **more: Any) -> PolicySpec:
    action = ActionSpec(parts=parts, control_hz=HERTZ)
    return PolicySpec(cameras={}, proprioception=(), action=action, **more)


def joints(mode: Mode = Mode.ABSOLUTE, **more: Any) -> JointsSpec:
    return JointsSpec(**{"names": NAMES, "mode": mode, "unit": "rad", **more})


def codes(policy_spec: PolicySpec, contract: EnvContract) -> set[str]:
    with pytest.raises(IncompatibleError) as caught:
        adapt(policy_spec, contract)
    return {issue.code for issue in caught.value.issues if issue.severity == "error"}


def on_arm(world: Any, arm: str) -> list[Any]:
    """Return the parts of the point world's arm under another name."""
    return [part.model_copy(update={"arm": arm}) for part in world.action().parts]


def test_slices_and_names_come_from_the_parts() -> None:
    spec = ActionSpec(
        parts=(BaseSpec(axes=("x", "yaw")), joints(arm="left"), joints(arm="right")),
        control_hz=HERTZ,
    )
    assert spec.slices == {
        "base": slice(0, 2),
        "left/joints": slice(2, 5),
        "right/joints": slice(5, 8),
    }
    assert [spec.number(i) for i in (1, 4)] == ["base yaw", "left/joints wrist"]
    assert spec.low == (-np.inf,) * 8
    assert not spec.limited
    with pytest.raises(ValueError, match="parts repeat"):
        ActionSpec(parts=(joints(), joints()), control_hz=HERTZ)
    with pytest.raises(ValueError, match="low has 2 numbers, the part has 3"):
        joints(low=(0.0, 0.0))


@given(values=st.lists(st.floats(-1, 1), min_size=6, max_size=6), order=st.permutations(range(3)))
def test_the_order_of_the_parts_changes_places_only(
    world: Any, values: list[float], order: list[int]
) -> None:
    plain = world.action()
    turned = plain.model_copy(update={"parts": tuple(plain.parts[i] for i in order)})
    action = np.array([*values, 1.0])
    moved = np.concatenate([action[plain.slices[part.name]] for part in turned.parts])
    episode = adapt(world.policy_spec(action=turned), world.env_contract()).start()
    np.testing.assert_array_equal(episode.actions(moved[None])[0], action)


@given(values=st.lists(st.floats(-1, 1), min_size=14, max_size=14))
def test_two_arms_are_converted_as_each_alone(world: Any, values: list[float]) -> None:
    scaled = world.action().replaced(translation={"meters_per_unit": 0.01})
    chunk = np.array([values])
    chunk[0, [6, 13]] = 1, -1
    alone = adapt(world.policy_spec(), world.env_contract(action=scaled)).start()
    expected = [alone.actions(chunk[:, half])[0] for half in (slice(0, 7), slice(7, 14))]
    both = [
        tuple(part.model_copy(update={"arm": arm}) for arm in "LR" for part in spec.parts)
        for spec in (world.action(), scaled)
    ]
    adapter = adapt(policy(*both[0]), env(*both[1], fields=()))
    np.testing.assert_array_equal(adapter.start().actions(chunk)[0], np.concatenate(expected))


@given(values=NUMBERS)
def test_joints_are_matched_by_name_and_scaled(values: list[float]) -> None:
    target = joints(names=NAMES[::-1], unit="deg", per_unit=2.0)
    adapter = adapt(policy(joints()), env(target))
    converted = adapter.start().actions(np.array([values]))[0]
    np.testing.assert_allclose(converted, np.rad2deg(values)[::-1] / 2.0)
    assert adapter.describe()["joints"] == "scale, reordered by name, rad to deg"


RELATIVE = [
    joints(mode, reference=reference)
    for mode in (Mode.DELTA, Mode.VELOCITY)
    for reference in Reference
]


@given(values=NUMBERS, state=NUMBERS)
@pytest.mark.parametrize("target", [joints(), *RELATIVE], ids=lambda t: f"{t.mode}-{t.reference}")
@pytest.mark.parametrize("source", [joints(), *RELATIVE], ids=lambda t: f"{t.mode}-{t.reference}")
def test_every_mode_reaches_the_positions_meant(
    source: JointsSpec, target: JointsSpec, values: list[float], state: list[float]
) -> None:
    measured = np.array(state)  # what was commanded before the first action, too
    wide = np.array(values)
    observation = {"proprioception": np.rad2deg(measured)[::-1]}
    (action,) = adapt(policy(source), env(target)).start().actions(wide[None], observation)

    def goal(spec: JointsSpec, numbers: Any) -> Any:
        if spec.mode is Mode.ABSOLUTE:
            return numbers
        return measured + (numbers / HERTZ if spec.mode is Mode.VELOCITY else numbers)

    np.testing.assert_allclose(goal(target, action), goal(source, wide), atol=1e-9)


def test_the_commanded_joints_follow_the_actions() -> None:
    source, target = joints(Mode.DELTA, reference=Reference.COMMANDED), joints()
    episode = adapt(policy(source, chunk=3, execution="chunk"), env(target)).start()
    still = {"proprioception": np.zeros(3)}
    steps = np.tile([0.1, 0.0, -0.2], (3, 1))
    np.testing.assert_allclose(episode.actions(steps, still), np.cumsum(steps, axis=0))
    episode.executed(1)  # the two others were not
    np.testing.assert_allclose(episode.actions(steps, still)[0], 2 * steps[0])


def test_a_base_and_a_torso_are_scaled() -> None:
    mine = (BaseSpec(axes=("yaw", "x")), TorsoSpec(mode=Mode.DELTA, meters_per_unit=0.1))
    theirs = (
        TorsoSpec(mode=Mode.DELTA, meters_per_unit=0.2),
        BaseSpec(axes=("x", "yaw"), meters_per_second=0.5, radians_per_second=2.0),
    )
    converted = adapt(policy(*mine), env(*theirs)).start().actions(np.array([[1.0, 0.3, 0.4]]))
    np.testing.assert_allclose(converted[0], [0.2, 0.6, 0.5])


def refused(world: Any) -> dict[str, tuple[PolicySpec, EnvContract]]:
    """Return one pair for every code that actions of other robots have."""
    arm = world.action().parts
    delta = joints(Mode.DELTA, reference=Reference.MEASURED)
    torso = TorsoSpec(mode=Mode.ABSOLUTE, meters_per_unit=1.0)
    return {
        "missing_part": (policy(*arm[:2]), env(*arm, fields=())),
        "extra_part": (policy(*arm), env(*arm[:2], fields=())),
        "joint_names": (policy(joints(names=("a", "b", "c"))), env(joints())),
        "unit_mismatch": (policy(joints(unit="m")), env(joints())),
        "joints_unavailable": (policy(delta), env(joints(), fields=())),
        "delta_reference": (policy(joints(Mode.DELTA)), env(joints())),
        "chunk_measured": (policy(delta, chunk=2, execution="chunk"), env(joints())),
        "base_axes": (policy(BaseSpec(axes=("x", "yaw"))), env(BaseSpec())),
        "torso_mode": (policy(torso), env(torso.model_copy(update={"mode": Mode.DELTA}))),
    }


def test_what_cannot_be_converted_has_a_code(world: Any) -> None:
    for code, (wanted, offered) in refused(world).items():
        assert code in codes(wanted, offered), code


def test_another_arm_is_not_this_arm(world: Any) -> None:
    left, right = on_arm(world, "left"), on_arm(world, "right")
    assert codes(policy(*left), env(*right, fields=())) == {"missing_part", "extra_part"}


def test_the_pose_of_a_named_arm_is_that_arms(world: Any) -> None:
    fields = tuple(
        ProprioceptionField(name="ee_position", size=3, unit="m", frame="world", arm=arm)
        for arm in ("left", "right")
    )
    parts = world.action().parts[:1]
    absolute = [
        TranslationSpec(mode=Mode.ABSOLUTE, frame="world", meters_per_unit=1.0, arm=arm)
        for arm in ("left", "right")
    ]
    delta = [part.model_copy(update={"arm": arm}) for arm in ("left", "right") for part in parts]
    episode = adapt(policy(*absolute), env(*delta, fields=fields)).start()
    state = np.array([1.0, 0, 0, 0, 2.0, 0])
    (action,) = episode.actions(state[None] + 0.02, {"proprioception": state})
    np.testing.assert_allclose(action, np.ones(6))


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "contract.md").read_text()
    source = "".join(path.read_text() for path in (ROOT / "vla_gym/contract").glob("*.py"))
    used = set(re.findall(r'issues\.(?:error|warning)\(\s*"(\w+)"', source))
    assert len(used) > 20
    assert not [code for code in sorted(used) if f"| `{code}` |" not in page]


def test_no_robot_is_needed_to_have_a_gripper_or_an_arm(world: Any) -> None:
    turn = world.action().find(RotationSpec)
    for parts in ([turn], [GripperSpec(open=1, closed=0, mode=Mode.ABSOLUTE, binary=True)]):
        adapter = adapt(policy(*parts), env(*parts, fields=()))
        assert adapter.identity
        action = np.ones((1, adapter.policy.action.size))
        np.testing.assert_array_equal(adapter.start().actions(action), action)
