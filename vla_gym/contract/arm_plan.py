"""Chooses the ways of ``actions`` for two specs, and says what is missing for them."""

from __future__ import annotations

from vla_gym.contract.actions import ArmConverter, Axes, Way, rotation_way, translation_way
from vla_gym.contract.frames import (
    POSITION,
    ROTATION,
    FrameChange,
    PoseReader,
    frame_change,
    plan_reader,
)
from vla_gym.contract.issues import IssueList
from vla_gym.contract.spec import (
    ActionSpec,
    EnvContract,
    Frame,
    Mode,
    PolicySpec,
    Reference,
    Rotation,
    RotationSpec,
    TranslationSpec,
)

Part = TranslationSpec | RotationSpec
ANGULAR = (Rotation.EULER_XYZ, Rotation.AXIS_ANGLE)


def plan(
    policy: PolicySpec, env: EnvContract, issues: IssueList
) -> tuple[ArmConverter, PoseReader | None]:
    """Return the converter of translation and rotation, and the reader of poses if it needs one."""
    for owner, action in (("policy", policy.action), ("environment", env.action)):
        _check_part_specs(owner, action, issues)
    source, target = policy.action, env.action
    moved = _constant(source.translation, target.translation, env)
    turned = _constant(source.rotation, target.rotation, env)
    ways = (
        translation_way(source.translation, target.translation, moved),
        rotation_way(source.rotation, target.rotation, turned),
    )
    _check_references(source, target, ways, issues)
    _check_chunks(policy, target, ways, issues)
    needed = _needed(source, target, ways)
    reader = plan_reader(env, needed, issues) if needed else None
    home = reader.home if reader else Frame.WORLD
    used = (ways[0] is Way.POSE, ROTATION in needed)
    ignored = IssueList()

    def axes(spec: ActionSpec) -> tuple[Axes, Axes]:
        return (
            _axes(spec.translation, home, env, issues if used[0] else ignored),
            _axes(spec.rotation, home, env, issues if used[1] else ignored),
        )

    converter = ArmConverter(
        policy=source,
        env=target,
        translation=ways[0],
        rotation=ways[1],
        policy_axes=axes(source),
        env_axes=axes(target),
        constant=(moved or FrameChange(), turned or FrameChange()),
    )
    return converter, reader


def _pairs(
    source: ActionSpec, target: ActionSpec, ways: tuple[Way, Way]
) -> tuple[tuple[str, Part, Part, Way], ...]:
    return (
        ("translation", source.translation, target.translation, ways[0]),
        ("rotation", source.rotation, target.rotation, ways[1]),
    )


def _constant(source: Part, target: Part, env: EnvContract) -> FrameChange | None:
    """Return the constant change of axes from policy to environment, if there is one."""
    return frame_change(source.frame, target.frame, env, absolute=_needs_origin(source))


def _needs_origin(part: Part) -> bool:
    return isinstance(part, TranslationSpec) and part.mode is Mode.ABSOLUTE


def _axes(part: Part, home: Frame, env: EnvContract, issues: IssueList) -> Axes:
    if part.frame is Frame.END_EFFECTOR:
        return Axes(None)
    change = frame_change(part.frame, home, env, absolute=_needs_origin(part))
    if change is None:
        issues.error(
            "frame_unknown",
            f"An action is in {part.frame.value} axes and the pose is reported in {home.value} "
            "axes; nothing says how the two lie.",
            "declare base_pose in the environment's spec, or use one frame",
        )
    return Axes(change or FrameChange())


def _needed(source: ActionSpec, target: ActionSpec, ways: tuple[Way, Way]) -> set[str]:
    """Return the pose fields that the conversions read."""
    needed: set[str] = set()
    moves = (source.translation, target.translation)
    by_axes = ways[0] is Way.POSE and any(part.frame is Frame.END_EFFECTOR for part in moves)
    if ways[1] is Way.POSE or by_axes:
        needed.add(ROTATION)
    same_delta = all(part.mode is Mode.DELTA for part in moves) and (
        moves[0].reference is moves[1].reference
    )
    if ways[0] is Way.POSE and not same_delta:
        needed.add(POSITION)
    return needed


def _check_part_specs(owner: str, action: ActionSpec, issues: IssueList) -> None:
    rotation = action.rotation
    for name, part in (("translation", action.translation), ("rotation", rotation)):
        if part.mode is Mode.ABSOLUTE and part.frame is Frame.END_EFFECTOR:
            issues.error(
                "absolute_frame",
                f"The {owner}'s {name} is absolute in end-effector axes, which move with it.",
                "use world or base axes, or a delta",
            )
    if rotation.additive and (
        rotation.representation is not Rotation.EULER_XYZ
        or rotation.mode is not Mode.DELTA
        or rotation.frame is Frame.END_EFFECTOR
    ):
        issues.error(
            "additive_rotation",
            f"The {owner}'s rotation is additive, which exists for deltas of Euler angles in world "
            "or base axes only.",
            "set additive=False, or representation=euler_xyz and mode=delta",
        )
    if rotation.representation not in ANGULAR and rotation.radians_per_unit != 1.0:
        issues.error(
            "rotation_scale",
            f"The {owner}'s {rotation.representation.value} rotation has radians_per_unit="
            f"{rotation.radians_per_unit:g}.",
            "set radians_per_unit=1; only angles have a unit",
        )


def _check_references(
    source: ActionSpec, target: ActionSpec, ways: tuple[Way, Way], issues: IssueList
) -> None:
    for name, wanted, offered, way in _pairs(source, target, ways):
        for owner, part in (("policy", wanted), ("environment", offered)):
            if way is Way.POSE and part.mode is Mode.DELTA and part.reference is None:
                issues.error(
                    "delta_reference",
                    f"The {owner}'s {name} is a delta that does not say what it is added to.",
                    "set reference to commanded or measured",
                )


def _check_chunks(
    policy: PolicySpec, target: ActionSpec, ways: tuple[Way, Way], issues: IssueList
) -> None:
    """Inside a chunk nothing is observed, so nothing can refer to the measured pose there."""
    if policy.actions_per_call == 1:
        return
    for name, wanted, offered, way in _pairs(policy.action, target, ways):
        measured = Reference.MEASURED in (wanted.reference, offered.reference)
        if way is Way.POSE and measured:
            issues.error(
                "chunk_measured",
                f"The {name} of {policy.actions_per_call} actions is executed at once, and "
                "converting it needs the measured pose at each of them.",
                "use execution='first' or 'ensemble', or the commanded pose as reference",
            )
