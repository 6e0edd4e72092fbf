"""Every pair of action meanings leads to the pose that the policy meant.

The reference here is a small world of its own, ``Arm``, that executes an action by the words of its
spec; a converted action must take it where the original action would have taken it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as ScipyRotation

from vla_gym.contract import (
    ActionSpec,
    Execution,
    Frame,
    Mode,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
    adapt,
    rotations,
)

BASE_POSE = (0.3, -0.2, 0.1, 0.0, 0.0, np.sin(0.6), np.cos(0.6))
BASE_ROTATION = ScipyRotation.from_quat(BASE_POSE[3:]).as_matrix()
EXACT = tuple(
    ProprioceptionField(name=name, size=size, unit=unit, frame=Frame.WORLD, rotation=rotation)
    for name, size, unit, rotation in (
        ("ee_position", 3, "m", None),
        ("ee_rotation", 4, "1", Rotation.QUAT_XYZW),
    )
)
LAG = 0.6
"""Share of the way that the arm goes in a step, so that commanded and measured poses differ."""


class Arm:
    """An arm that moves a share of the way to its commanded pose at each step."""

    def __init__(self, spec: ActionSpec, seed: int, *, follows: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        self.spec, self.follows = spec, follows
        self.position = rng.normal(size=3)
        self.euler = rng.uniform(-1, 1, size=3)
        self.goal_position, self.goal_euler = self.position.copy(), self.euler.copy()

    @property
    def obs(self) -> dict[str, Any]:
        quaternion = ScipyRotation.from_euler("xyz", self.euler).as_quat()
        return {"proprioception": np.r_[self.position, quaternion]}

    def step(self, action: np.ndarray) -> None:
        goal = self._move(action[:3]), self._turn(action[3:-1])
        self.goal_position, self.goal_euler = goal
        self.position = self.position + self.follows * (self.goal_position - self.position)
        turn = rotations.nearest_euler(matrix(self.goal_euler), self.euler) - self.euler
        self.euler = self.euler + self.follows * turn

    def _reference(self, reference: Reference | None) -> tuple[np.ndarray, np.ndarray]:
        if reference is Reference.MEASURED:
            return self.position, self.euler
        return self.goal_position, self.goal_euler

    def _move(self, values: np.ndarray) -> np.ndarray:
        spec = self.spec.find(TranslationSpec)
        meters = values * spec.meters_per_unit
        if spec.mode is Mode.ABSOLUTE:
            base = spec.frame is Frame.BASE
            return BASE_ROTATION @ meters + np.array(BASE_POSE[:3]) if base else meters
        position, euler = self._reference(spec.reference)
        axes = {
            Frame.WORLD: np.eye(3),
            Frame.BASE: BASE_ROTATION,
            Frame.END_EFFECTOR: matrix(euler),
        }
        return position + axes[spec.frame] @ meters

    def _turn(self, values: np.ndarray) -> np.ndarray:
        spec = self.spec.find(RotationSpec)
        scaled = values * spec.radians_per_unit
        _, euler = self._reference(spec.reference)
        if spec.additive:
            return euler + scaled
        turn = rotations.to_matrix(scaled, spec.representation)
        if spec.mode is Mode.ABSOLUTE:
            goal = BASE_ROTATION @ turn if spec.frame is Frame.BASE else turn
        elif spec.frame is Frame.END_EFFECTOR:
            goal = matrix(euler) @ turn
        elif spec.frame is Frame.BASE:
            goal = BASE_ROTATION @ turn @ BASE_ROTATION.T @ matrix(euler)
        else:
            goal = turn @ matrix(euler)
        return rotations.nearest_euler(goal, euler)


def matrix(euler: np.ndarray) -> np.ndarray:
    return rotations.to_matrix(euler, Rotation.EULER_XYZ)


def translation_specs() -> list[TranslationSpec]:
    deltas = itertools.product(Frame, Reference)
    specs = [
        TranslationSpec(mode=Mode.DELTA, frame=frame, meters_per_unit=0.02, reference=reference)
        for frame, reference in deltas
    ]
    return specs + [
        TranslationSpec(mode=Mode.ABSOLUTE, frame=frame, meters_per_unit=0.5)
        for frame in (Frame.WORLD, Frame.BASE)
    ]


def rotation_specs() -> list[RotationSpec]:
    specs = [
        RotationSpec(
            representation=Rotation.EULER_XYZ,
            mode=Mode.DELTA,
            frame=Frame.WORLD,
            radians_per_unit=0.05,
            additive=True,
            reference=reference,
        )
        for reference in Reference
    ]
    ways = (Rotation.AXIS_ANGLE, Rotation.EULER_XYZ, Rotation.QUAT_WXYZ, Rotation.ROT6D_ROWS)
    for number, (frame, reference) in enumerate(itertools.product(Frame, Reference)):
        specs.append(_composed(ways[number % 4], Mode.DELTA, frame, reference))
    for number, frame in enumerate((Frame.WORLD, Frame.BASE)):
        specs.append(_composed(ways[number + 1], Mode.ABSOLUTE, frame, None))
    return specs


def _composed(way: Rotation, mode: Mode, frame: Frame, reference: Reference | None) -> RotationSpec:
    unit = 0.1 if way in (Rotation.AXIS_ANGLE, Rotation.EULER_XYZ) else 1.0
    return RotationSpec(
        representation=way, mode=mode, frame=frame, radians_per_unit=unit, reference=reference
    )


def random_action(spec: ActionSpec, rng: np.random.Generator) -> np.ndarray:
    turn = ScipyRotation.from_rotvec(rng.uniform(-0.2, 0.2, size=3)).as_matrix()
    written = rotations.from_matrix(turn, spec.find(RotationSpec).representation)
    return np.r_[rng.normal(size=3), written / spec.find(RotationSpec).radians_per_unit, 1.0]


def drive(world: Any, source: ActionSpec, target: ActionSpec) -> None:
    """Drive one arm as the policy means it and one through the adapter; they go the same way."""
    env = world.env_contract(action=target, proprioception=EXACT, base_pose=BASE_POSE)
    env = env.model_copy(update={"base_aligned_with_world": False})
    episode = adapt(world.policy_spec(action=source), env).start()
    meant, driven = Arm(source, 5, follows=LAG), Arm(target, 5, follows=LAG)
    rng = np.random.default_rng(3)
    for _ in range(3):
        action = random_action(source, rng)
        meant.step(action)
        driven.step(episode.actions(action[None], driven.obs)[0])
        np.testing.assert_allclose(driven.goal_position, meant.goal_position, atol=1e-9)
        np.testing.assert_allclose(matrix(driven.goal_euler), matrix(meant.goal_euler), atol=1e-9)


def test_every_translation_reaches_the_position_meant(world) -> None:
    for source, target in itertools.product(translation_specs(), repeat=2):
        drive(world, world.action(translation=source), world.action(translation=target))


def test_every_rotation_reaches_the_orientation_meant(world) -> None:
    for source, target in itertools.product(rotation_specs(), repeat=2):
        drive(world, world.action(rotation=source), world.action(rotation=target))


@given(
    values=st.lists(st.floats(-10, 10), min_size=7, max_size=7),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_equal_meanings_return_the_same_bits(world, values: list[float], dtype: type) -> None:
    chunk = np.array([values], dtype=dtype)
    chunk[0, -1] = -1
    episode = adapt(world.policy_spec(), world.env_contract()).start()
    assert episode.actions(chunk).tobytes() == chunk.tobytes()
    assert episode.actions(chunk).dtype == dtype


def test_every_meaning_is_the_identity_to_itself(world) -> None:
    for translation, rotation in itertools.product(translation_specs(), rotation_specs()):
        action = world.action(translation=translation, rotation=rotation)
        env = world.env_contract(action=action, proprioception=(), base_aligned_with_world=False)
        assert adapt(world.policy_spec(action=action), env).identity


def test_a_scale_changes_the_numbers_only(world) -> None:
    translation = (
        world.action().find(TranslationSpec).model_copy(update={"meters_per_unit": 0.05 / 1.75})
    )
    adapter = adapt(
        world.policy_spec(action=world.action(translation=translation)), world.env_contract()
    )
    assert adapter.describe()["translation"] == "scale"
    chunk = np.array([[1.75, -1.75, 0, 0.1, 0.2, 0.3, 1.0]])
    converted = adapter.start().actions(chunk)[0]
    np.testing.assert_allclose(converted[:3], [2.5, -2.5, 0])
    assert converted[3:].tobytes() == chunk[0, 3:].tobytes()


def test_aligned_axes_need_no_pose(world) -> None:
    parts = (world.action().find(TranslationSpec), world.action().find(RotationSpec))
    translation, rotation = (part.model_copy(update={"frame": Frame.BASE}) for part in parts)
    action = world.action(translation=translation, rotation=rotation)
    assert adapt(world.policy_spec(action=action), world.env_contract(proprioception=())).identity


def test_a_chunk_follows_the_commanded_pose(world) -> None:
    source = world.action(translation=translation_specs()[-2])
    env = world.env_contract(proprioception=EXACT)
    spec = world.policy_spec(action=source, chunk=3, execution=Execution.CHUNK)
    episode = adapt(spec, env).start()
    goals = np.array([[0.1, 0, 0], [0.3, 0, 0], [0.3, 0.2, 0]]) / 0.5
    chunk = np.c_[goals, np.zeros((3, 3)), np.ones(3)]
    arm = Arm(env.action, 1)
    start = arm.position.copy()
    for action in episode.actions(chunk, arm.obs):
        arm.step(action)
    assert not np.allclose(start, arm.goal_position)
    np.testing.assert_allclose(arm.goal_position, goals[-1] * 0.5, atol=1e-12)


def test_a_chunk_cut_short_goes_on_from_where_it_was_cut(world) -> None:
    source = world.action(translation=translation_specs()[-2])
    env = world.env_contract(proprioception=EXACT)
    spec = world.policy_spec(action=source, chunk=3, execution=Execution.CHUNK)
    episode = adapt(spec, env).start()
    chunk = np.c_[np.random.default_rng(0).normal(size=(3, 3)), np.zeros((3, 3)), np.ones(3)]
    arm = Arm(env.action, 1, follows=LAG)
    arm.step(episode.actions(chunk, arm.obs)[0])
    episode.executed(1)
    episode.reset()
    for action in episode.actions(chunk, arm.obs):
        arm.step(action)
    np.testing.assert_allclose(arm.goal_position, chunk[-1, :3] * 0.5, atol=1e-12)
