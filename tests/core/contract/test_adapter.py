"""``adapt`` says all that does not fit, and what it builds is exact and remembers rightly."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from vla_gym.contract import (
    CameraSpec,
    Execution,
    Frame,
    GripperSpec,
    IncompatibleError,
    Mode,
    NormalizationKind,
    NormalizationSpec,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
    adapt,
)
from vla_gym.errors import ActionError, ObservationError

CONTINUOUS = GripperSpec(open=1, closed=0, mode=Mode.ABSOLUTE, binary=False)
STATISTICS = {"kind": NormalizationKind.QUANTILE, "low": (-1.0,) * 7, "high": (2.0,) * 7}


def codes(policy: Any, env: Any, **kwargs: str) -> set[str]:
    with pytest.raises(IncompatibleError) as caught:
        adapt(policy, env, **kwargs)
    for issue in caught.value.issues:
        assert issue.code in str(caught.value)
        assert issue.hint in str(caught.value)
    return {issue.code for issue in caught.value.issues if issue.severity == "error"}


def changed(part: Any, **changes: Any) -> Any:
    return part.model_copy(update=changes)


def rotation(world: Any, **changes: Any) -> Any:
    return world.action(rotation=changed(world.action().find(RotationSpec), **changes))


def translation(world: Any, **changes: Any) -> Any:
    return world.action(translation=changed(world.action().find(TranslationSpec), **changes))


def observation(world: Any, **changes: Any) -> dict[str, Any]:
    pictures = {
        role: np.full((spec.height, spec.width, 3), 7, np.uint8)
        for role, spec in world.cameras.items()
    }
    state = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.07], np.float32)
    return {"images": pictures, "proprioception": state, "instruction": "go", **changes}


def field(name: str, size: int, unit: str, **rest: Any) -> ProprioceptionField:
    return ProprioceptionField(name=name, size=size, unit=unit, **rest)


WRONG_POLICIES = {
    "missing_camera": {"cameras": {"chest": CameraSpec(height=8, width=8)}},
    "resize_filter": {"cameras": {"static": CameraSpec(height=4, width=4)}},
    "missing_proprioception": {"proprioception": (field("joint_positions", 7, "rad"),)},
    "proprioception_size": {"proprioception": (field("gripper_width", 2, "m"),)},
    "unit_mismatch": {"proprioception": (field("gripper_width", 1, "1"),)},
    "frame_unknown": {"proprioception": (field("ee_position", 3, "m", frame=Frame.BASE),)},
    "normalization_size": {
        "normalization": NormalizationSpec(kind=NormalizationKind.QUANTILE, low=(0.0,), high=(1.0,))
    },
    "normalization_clip": {
        "normalization": NormalizationSpec(
            **{**STATISTICS, "kind": NormalizationKind.MEAN_STD, "clip": True}
        )
    },
    "ensemble_decay": {"execution": Execution.ENSEMBLE, "chunk": 4},
    "chunk_execution": {"execution": Execution.FIRST, "chunk": 4, "execute": 2},
    "missing_privileged": {"privileged": ("secrets",)},
    "bound_to_environment": {"environments": ("Other-v0",)},
}


@pytest.mark.parametrize("code", sorted(WRONG_POLICIES))
def test_each_incompatibility_has_its_code(world, code: str) -> None:
    found = codes(
        world.policy_spec(**WRONG_POLICIES[code]), world.env_contract(), env_id="Point-v0"
    )
    assert code in found


def test_each_incompatible_action_has_its_code(world) -> None:
    env = world.env_contract()
    blind = world.env_contract(proprioception=())
    composed = rotation(world, additive=False)
    measured = rotation(world, additive=False, reference=Reference.MEASURED)
    vague = translation(world, reference=None)
    moving = translation(world, mode=Mode.ABSOLUTE, frame=Frame.END_EFFECTOR, reference=None)
    chunky = {"chunk": 4, "execution": Execution.CHUNK}
    quaternion = {"representation": Rotation.QUAT_XYZW, "additive": False}
    policy = world.policy_spec
    assert codes(policy(action=composed), blind) == {"pose_unavailable"}
    assert codes(policy(action=vague), env) == {"delta_reference"}
    assert "absolute_frame" in codes(policy(action=moving), env)
    assert codes(policy(action=measured, **chunky), env) == {"chunk_measured"}
    assert codes(policy(action=rotation(world, **quaternion)), env) == {"rotation_scale"}
    unsuited = rotation(world, representation=Rotation.AXIS_ANGLE)
    assert "additive_rotation" in codes(policy(action=unsuited), env)
    assert codes(policy(action=world.action(gripper=CONTINUOUS)), env) == {"gripper_threshold"}
    outside = changed(CONTINUOUS, threshold=3.0)
    assert codes(policy(action=world.action(gripper=outside)), env) == {"gripper_threshold"}
    patient = changed(CONTINUOUS, open_after=2)
    assert "gripper_threshold" in codes(policy(action=world.action(gripper=patient)), env)
    averaged = {"execution": Execution.ENSEMBLE, "ensemble_decay": 0.0, "chunk": 2}
    assert codes(policy(**averaged), env) == {"gripper_threshold"}
    base = world.action(translation=changed(world.action().find(TranslationSpec), frame=Frame.BASE))
    turned = changed(env, base_aligned_with_world=False)
    assert codes(policy(action=base), turned) == {"frame_unknown"}
    assert codes(policy(), changed(env, action=world.action(clip=True))) == {"limits"}
    upside_down = world.action(low=(1.0,) * 7, high=(0.0,) * 7)
    assert codes(policy(action=upside_down), env) == {"limits"}


def test_all_incompatibilities_are_reported_at_once(world) -> None:
    wrong = {**WRONG_POLICIES["missing_privileged"], **WRONG_POLICIES["missing_camera"]}
    spec = world.policy_spec(**wrong, action=world.action(gripper=CONTINUOUS))
    wanted = {"missing_privileged", "missing_camera", "gripper_threshold"}
    assert codes(spec, world.env_contract()) == wanted


def test_the_error_survives_a_process_boundary(world) -> None:
    with pytest.raises(IncompatibleError) as caught:
        adapt(world.policy_spec(privileged=("secrets",)), world.env_contract())
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.issues == caught.value.issues
    assert str(again) == str(caught.value)


def test_what_fits_badly_is_a_warning(world) -> None:
    def warned(policy: Any, env: Any) -> list[str]:
        return [issue.code for issue in adapt(policy, env).warnings]

    assert warned(world.policy_spec(), world.env_contract()) == []
    slow = world.policy_spec(action=world.action(control_hz=5))
    assert warned(slow, world.env_contract()) == ["control_frequency"]
    limited = world.env_contract(action=world.action(low=(-1.0,) * 7, high=(1.0,) * 7))
    assert warned(world.policy_spec(), limited) == ["limits"]
    relative = GripperSpec(open=-1, closed=1, mode=Mode.DELTA, binary=False)
    env = world.env_contract(action=world.action(gripper=relative))
    assert warned(world.policy_spec(), env) == ["gripper_sticky"]
    policy = world.policy_spec(action=world.action(gripper=relative))
    assert warned(policy, world.env_contract()) == ["gripper_start"]


def test_a_bound_policy_fits_its_own_environment(world) -> None:
    spec = world.policy_spec(environments=("Point-v0",), privileged=("point", "task"))
    adapt(spec, world.env_contract(), env_id="Point-v0")
    adapt(spec, world.env_contract())


def test_observations_come_in_the_policys_terms(world) -> None:
    spec = world.policy_spec(
        cameras={
            "static": CameraSpec(height=4, width=4, resize="area"),
            "wrist": CameraSpec(height=6, width=6),
        },
        proprioception=(
            field("gripper_width", 1, "mm"),
            field("ee_rotation", 4, "1", frame=Frame.WORLD, rotation=Rotation.QUAT_XYZW),
            field("ee_position", 3, "m", frame=Frame.WORLD),
        ),
        privileged=("point", "task"),
    )
    obs = observation(world)
    info = {"point": np.arange(6.0), "task": "go_up", "other": 1}
    seen = adapt(spec, world.env_contract()).start().observation(obs, info)
    assert seen.images["static"].shape == (4, 4, 3)
    assert seen.images["wrist"] is obs["images"]["wrist"]
    assert seen.proprioception.dtype == np.float32
    assert seen.proprioception[0] == pytest.approx(70)
    assert np.linalg.norm(seen.proprioception[1:5]) == pytest.approx(1)
    np.testing.assert_array_equal(seen.proprioception[5:], obs["proprioception"][:3])
    assert seen.instruction == "go"
    assert set(seen.info) == {"point", "task"}


def test_a_position_changes_axes_with_the_pose_of_the_base(world) -> None:
    pose = (1.0, 2.0, 0.0, 0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5))
    env = world.env_contract(base_pose=pose, base_aligned_with_world=False)
    spec = world.policy_spec(proprioception=(field("ee_position", 3, "cm", frame=Frame.BASE),))
    seen = adapt(spec, env).start().observation(observation(world), {})
    np.testing.assert_allclose(seen.proprioception, [-180, 90, 30], rtol=1e-5)


def test_an_observation_that_breaks_the_contract_is_named(world) -> None:
    spec = world.policy_spec(cameras=world.cameras, privileged=("point",))
    episode = adapt(spec, world.env_contract()).start()
    info = {"point": 0}
    with pytest.raises(ObservationError, match="camera 'static'"):
        episode.observation(observation(world, images={}), info)
    small = dict.fromkeys(world.cameras, np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ObservationError, match=r"\(8, 8, 3\)"):
        episode.observation(observation(world, images=small), info)
    with pytest.raises(ObservationError, match="proprioception"):
        episode.observation(observation(world, proprioception=np.zeros(3, np.float32)), info)
    with pytest.raises(ObservationError, match="'point'"):
        episode.observation(observation(world), {})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named_with_step_and_index(world, value: float) -> None:
    spec = world.policy_spec(chunk=2, execution=Execution.CHUNK)
    episode = adapt(spec, world.env_contract()).start()
    chunk = np.ones((2, 7))
    episode.actions(chunk)
    chunk[1, 4] = value
    with pytest.raises(ActionError, match=r"step 2: action 1 .* index 4 \(rotation euler_xyz\[1\]"):
        episode.actions(chunk)


@pytest.mark.parametrize(
    "chunk", [np.ones(7), np.ones((2, 7)), np.ones((1, 6)), np.ones((1, 7), int), [[1.0] * 7]]
)
def test_a_wrong_shape_or_type_is_an_action_error(world, chunk: Any) -> None:
    with pytest.raises(ActionError, match=r"step 0: .*(shape|floats)"):
        adapt(world.policy_spec(), world.env_contract()).start().actions(chunk)


def test_limits_reject_or_clip_only_as_declared(world) -> None:
    chunk = np.array([[3.0, 0, 0, 0, 0, 0, 1]])
    free = adapt(world.policy_spec(), world.env_contract()).start()
    assert free.actions(chunk)[0, 0] == 3.0
    limits = {"low": (-1.0,) * 7, "high": (1.0,) * 7}
    strict = world.env_contract(action=world.action(**limits))
    with pytest.raises(ActionError, match=r"3\.0 at index 0 \(translation x\).*\[-1\.0, 1\.0\]"):
        adapt(world.policy_spec(), strict).start().actions(chunk)
    lenient = world.env_contract(action=world.action(**limits, clip=True))
    assert adapt(world.policy_spec(), lenient).start().actions(chunk)[0, 0] == 1.0


def test_numbers_that_are_no_rotation_are_an_action_error(world) -> None:
    columns = rotation(
        world, representation=Rotation.ROT6D_COLUMNS, additive=False, radians_per_unit=1
    )
    env = world.env_contract(action=rotation(world, additive=False))
    episode = adapt(world.policy_spec(action=columns), env).start()
    with pytest.raises(ActionError, match=r"step 0: .*no rotation"):
        episode.actions(np.array([[0.0] * 9 + [1.0]]))


def test_normalised_actions_are_scaled_before_anything_else(world) -> None:
    statistics = NormalizationSpec(**STATISTICS, mask=(True,) * 6 + (False,))
    episode = adapt(world.policy_spec(normalization=statistics), world.env_contract()).start()
    chunk = np.array([[-1, 0, 1, 0, 0, 0, -1]], dtype=np.float32)
    result = episode.actions(chunk)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[0], [-1, 0.5, 2, 0.5, 0.5, 0.5, -1])


def test_chunks_are_executed_as_declared(world) -> None:
    chunk = np.random.default_rng(0).normal(size=(4, 7))
    chunk[:, -1] = 1

    def executed(**changes: Any) -> np.ndarray:
        return (
            adapt(world.policy_spec(chunk=4, **changes), world.env_contract())
            .start()
            .actions(chunk)
        )

    np.testing.assert_array_equal(executed(), chunk[:1])
    np.testing.assert_array_equal(executed(execution=Execution.CHUNK), chunk)
    np.testing.assert_array_equal(executed(execution=Execution.CHUNK, execute=3), chunk[:3])
    gripper = changed(world.action().find(GripperSpec), threshold=0.0)
    averaged = executed(
        execution=Execution.ENSEMBLE, ensemble_decay=0.1, action=world.action(gripper=gripper)
    )
    np.testing.assert_array_equal(averaged, chunk[:1])


def test_actions_do_not_share_memory_with_the_policys(world) -> None:
    chunk = np.ones((1, 7))
    result = adapt(world.policy_spec(), world.env_contract()).start().actions(chunk)
    result[:] = 0
    assert (chunk == 1).all()


def test_episodes_share_nothing(world) -> None:
    relative = GripperSpec(open=-1, closed=1, mode=Mode.DELTA, binary=False)
    sticky = changed(CONTINUOUS, threshold=0.5, sticky_repeat=5)
    env = world.env_contract(action=world.action(gripper=relative))
    adapter = adapt(world.policy_spec(action=world.action(gripper=sticky)), env)
    opened, closed = np.ones((1, 7)), np.array([[1, 1, 1, 1, 1, 1, 0.0]])
    first, second = adapter.start(), adapter.start()
    assert first.actions(opened)[0, -1] == 0
    assert first.actions(closed)[0, -1] == 1
    assert second.actions(closed)[0, -1] == 0
    first.reset()
    assert first.actions(closed)[0, -1] == 0


def test_actions_that_were_not_executed_are_forgotten(world) -> None:
    relative = GripperSpec(open=-1, closed=1, mode=Mode.DELTA, binary=False)
    sticky = changed(CONTINUOUS, threshold=0.5, sticky_repeat=2)
    env = world.env_contract(action=world.action(gripper=relative))
    spec = world.policy_spec(
        action=world.action(gripper=sticky), chunk=3, execution=Execution.CHUNK
    )
    chunk = np.ones((3, 7))
    chunk[1:, -1] = 0
    episode = adapt(spec, env).start()
    assert episode.actions(chunk)[:, -1].tolist() == [0, 1, 1]
    episode.executed(2)
    closed = np.tile(chunk[-1], (3, 1))
    assert episode.actions(closed)[:, -1].tolist() == [1, 0, 0]
    with pytest.raises(ValueError, match="4 of 3"):
        episode.executed(4)


def test_a_pose_conversion_asks_for_the_observation(world) -> None:
    spec = world.policy_spec(action=rotation(world, additive=False))
    episode = adapt(spec, world.env_contract()).start()
    with pytest.raises(ObservationError, match="pass obs"):
        episode.actions(np.ones((1, 7)))
    assert np.isfinite(episode.actions(np.ones((1, 7)), observation(world))).all()


def test_an_adapter_crosses_process_boundaries_and_describes_itself(world) -> None:
    spec = world.policy_spec(
        cameras={"static": CameraSpec(height=4, width=4, resize="bicubic", center_crop=0.9)},
        proprioception=(field("gripper_width", 1, "mm"),),
        action=rotation(world, additive=False),
    )
    adapter = pickle.loads(pickle.dumps(adapt(spec, world.env_contract())))
    described = json.loads(json.dumps(adapter.describe()))
    assert described["images"] == {"static": "8x8: centre crop 0.9, bicubic to 4x4"}
    assert described["proprioception"] == {"gripper_width": "m -> mm"}
    assert described["translation"] == "identity"
    assert described["rotation"] == "pose"
    assert described["gripper"] == "identity"
    assert described["limits"] == "none"
    assert described["execution"]["mode"] == "first"
