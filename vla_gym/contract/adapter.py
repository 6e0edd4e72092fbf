"""Compares what a policy wants with what an environment offers, and builds the conversion.

``adapt`` decides everything from the two specs, before anything moves. The ``Adapter`` is immutable
and shared; ``Adapter.start`` gives the ``EpisodeAdapter`` that holds what one episode remembers
(sticky gripper, overlapping predictions, commanded pose). Whatever equals on both sides is passed
through bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.contract import ensemble, gripper, images, motion, normalization, proprioception
from vla_gym.contract.ensemble import TemporalEnsemble
from vla_gym.contract.env import INFO_KEYS
from vla_gym.contract.gripper import GripperConverter, GripperState
from vla_gym.contract.images import ImageConverter
from vla_gym.contract.issues import IncompatibleError, Issue, IssueList
from vla_gym.contract.motion import NOWHERE, Motion, Stance, Stances
from vla_gym.contract.policy import Chunk, PolicyInput
from vla_gym.contract.proprioception import ProprioceptionConverter
from vla_gym.contract.spec import ActionSpec, EnvContract, Execution, GripperSpec, PolicySpec
from vla_gym.errors import ActionError, ObservationError

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Adapter:
    """The conversion between one policy and one environment; made by ``adapt``.

    Attributes:
        policy: Its spec.
        env: Its spec.
        warnings: What does not fit exactly and is worth recording.
    """

    policy: PolicySpec
    env: EnvContract
    warnings: tuple[Issue, ...]
    images: Mapping[str, ImageConverter]
    proprioception: ProprioceptionConverter
    motion: Motion
    grippers: Mapping[str, GripperConverter]

    def start(self) -> EpisodeAdapter:
        """Return a fresh adapter for one episode."""
        return EpisodeAdapter(self)

    @property
    def identity(self) -> bool:
        """Whether actions pass untouched (apart from which of a chunk are executed)."""
        plain = self.motion.identity and self.policy.normalization is None
        held = all(converter.identity for converter in self.grippers.values())
        return plain and held and not self.env.action.clip

    def describe(self) -> dict[str, Any]:
        """Return the conversions chosen, in plain types for the run record."""
        spec, action = self.policy, self.env.action
        normalized = spec.normalization
        return {
            "images": {role: converter.describe() for role, converter in self.images.items()},
            "proprioception": self.proprioception.describe(),
            "normalization": normalized.model_dump(mode="json") if normalized else None,
            **self.motion.describe(),
            **{converter.env.name: converter.describe() for converter in self.grippers.values()},
            "limits": "clip" if action.clip else "reject" if action.limited else "none",
            "execution": {
                "mode": spec.execution.value,
                "chunk": spec.chunk,
                "actions_per_call": spec.actions_per_call,
                "ensemble_decay": spec.ensemble_decay,
            },
            "privileged": list(spec.privileged),
            "warnings": [issue.code for issue in self.warnings],
        }


@dataclass(frozen=True)
class _State:
    """What the conversion of the next action depends on."""

    grippers: Mapping[str, GripperState] = field(default_factory=dict)
    commanded: Stance | None = None


class EpisodeAdapter:
    """Converts the observations and actions of one episode."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._policy, self._env = adapter.policy, adapter.env
        self._grippers = [_Gripper(adapter, arm) for arm in adapter.grippers]
        self._ends = _limits(adapter.env.action)
        self._fresh = {arm: GripperState() for arm in adapter.grippers}
        self._trail = [_State(self._fresh)]
        self._step = 0
        self._ensemble = _make_ensemble(adapter.policy)
        self._meant = _make_ensemble(adapter.policy)

    def observation(self, obs: Mapping[str, Any], info: Mapping[str, Any]) -> PolicyInput:
        """Return what the policy sees of an observation.

        Raises:
            ObservationError: When the environment does not keep to its spec.
        """
        pictures = {role: self._picture(role, obs) for role in self._adapter.images}
        try:
            state = self._adapter.proprioception(np.asarray(obs["proprioception"]))
        except (KeyError, ValueError) as error:
            raise ObservationError(f"proprioception does not match the contract: {error}") from None
        named = {name: _named(info, name) for name in self._policy.privileged}
        return PolicyInput(pictures, state, str(obs.get("instruction", "")), named)

    def actions(self, chunk: Array, obs: Mapping[str, Any] | None = None) -> Array:
        """Return the environment's actions ``(k, n)`` to execute now.

        Args:
            chunk: The policy's ``(chunk, action size)``, float; the type is kept.
            obs: The observation it was made for; needed where ``Adapter.motion.needs_stance``.

        Raises:
            ActionError: With step and index, for a wrong shape, NaN or infinity, a value beyond
                limits that are not declared as clipping, or numbers that are no rotation.
        """
        rows = self._select(
            normalization.unnormalize(self._checked(chunk), self._policy.normalization)
        )
        measured = self._measured(obs)
        state = self._trail[-1]
        if state.commanded is None:
            state = _State(state.grippers, measured)
        self._trail = [state]
        result = np.empty((len(rows), self._env.action.size), dtype=rows.dtype)
        for index, row in enumerate(rows):
            result[index], state = self._convert(row, state, measured, index)
            self._trail.append(state)
        self._step += len(rows)
        return result

    def convert(self, chunk: Chunk, obs: Mapping[str, Any] | None = None) -> Chunk:
        """Return the environment's actions to execute now, and what was intended instead.

        Each intended action is converted with what was remembered before the executed one, so that
        both mean what they would have meant at that step.

        Args:
            chunk: Of one slot, in the policy's terms.
            obs: As for ``actions``.

        Raises:
            ActionError: As ``actions``, for either.
        """
        actions = self.actions(chunk.actions, obs)
        shown = chunk.demonstrates
        return Chunk(
            actions,
            self._intended(chunk, self._measured(obs)),
            None if shown is None else np.array(shown[: len(actions)]),
        )

    def _intended(self, chunk: Chunk, measured: Stance | None) -> Array | None:
        if self._meant is None and chunk.intended is None:
            return None
        given = chunk.actions if chunk.intended is None else chunk.intended
        rows = normalization.unnormalize(self._checked(given), self._policy.normalization)
        states = self._trail[:-1]
        # Overlapping predictions are averaged with those that were intended before.
        chosen = rows[: len(states)] if self._meant is None else self._meant.add(rows)[np.newaxis]
        back = -len(states)
        pairs = enumerate(zip(chosen, states, strict=True))
        converted = [self._convert(row, s, measured, back + i)[0] for i, (row, s) in pairs]
        return None if chunk.intended is None else np.stack(converted)

    def executed(self, count: int) -> None:
        """Say that only the first ``count`` of the actions returned last were executed.

        Not needed when all of them were. Gripper and commanded pose go back to that action.
        """
        if not 0 <= count < len(self._trail):
            raise ValueError(f"{count} of {len(self._trail) - 1} actions cannot have been executed")
        self._step -= len(self._trail) - 1 - count
        self._trail = self._trail[: count + 1]

    def reset(self) -> None:
        """Forget predictions and gripper history: a sub-task begins.

        The commanded pose stays, for the robot has not moved.
        """
        self._trail = [_State(self._fresh, self._trail[-1].commanded)]
        for predictions in (self._ensemble, self._meant):
            if predictions is not None:
                predictions.reset()

    def _picture(self, role: str, obs: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
        pictures = obs.get("images", {})
        if role not in pictures:
            raise ObservationError(
                f"The observation has no picture of camera {role!r} (it has {sorted(pictures)}); "
                f"make the environment with cameras={tuple(self._policy.cameras)!r}."
            )
        try:
            return self._adapter.images[role](np.asarray(pictures[role]))
        except ValueError as error:
            raise ObservationError(f"camera {role!r}: {error}") from None

    def _checked(self, chunk: Array) -> Array:
        expected = (self._policy.chunk, self._policy.action.size)
        kind = getattr(getattr(chunk, "dtype", None), "kind", None)
        if kind != "f":
            raise ActionError(
                f"step {self._step}: actions must be a numpy array of floats, got "
                f"{getattr(chunk, 'dtype', type(chunk).__name__)}."
            )
        if chunk.shape != expected:
            raise ActionError(
                f"step {self._step}: expected actions of shape {expected} (chunk, action size), "
                f"got {chunk.shape}."
            )
        self._check_finite(chunk, "policy")
        return chunk.astype(np.float32) if chunk.dtype.itemsize < 4 else chunk

    def _check_finite(self, values: Array, owner: str) -> None:
        if np.isfinite(values).all():
            return
        index, number = (int(i) for i in np.argwhere(~np.isfinite(values))[0])
        spec = (self._policy if owner == "policy" else self._env).action
        raise ActionError(
            f"step {self._step}: action {index} of the chunk has {values[index, number]} at index "
            f"{number} ({spec.number(number)}); all numbers must be finite."
        )

    def _select(self, rows: Array) -> Array:
        if self._ensemble is not None:
            return self._ensemble.add(rows)[np.newaxis]
        return rows[: self._policy.actions_per_call]

    def _measured(self, obs: Mapping[str, Any] | None) -> Stance | None:
        if not self._adapter.motion.needs_stance:
            return None
        if obs is None:
            raise ObservationError("Converting these actions needs the observation; pass obs.")
        try:
            return self._adapter.motion.measured(obs["proprioception"])
        except ValueError as error:
            raise ObservationError(f"pose of the end effector: {error}") from None

    def _convert(
        self, row: Array, state: _State, measured: Stance | None, index: int
    ) -> tuple[Array, _State]:
        """Return one action of the environment, and what follows from it."""
        stances = NOWHERE
        if measured is not None and state.commanded is not None:
            stances = Stances(commanded=state.commanded, measured=measured)
        result = np.empty(self._env.action.size, dtype=row.dtype)
        grips = {}
        try:
            self._adapter.motion.convert(row, stances, result)
            for grip in self._grippers:
                grips[grip.arm] = grip.step(row, state.grippers[grip.arm], result)
        except (ValueError, ActionError) as error:
            raise ActionError(f"step {self._step + index}: {error}") from None
        self._check_finite(result[np.newaxis], "environment")
        result = self._limit(result, index)
        advanced = None if measured is None else self._adapter.motion.advance(result, stances)
        return result, _State(grips, advanced)

    def _limit(self, row: Array, index: int) -> Array:
        spec = self._env.action
        if self._ends is None:
            return row
        low, high = (end.astype(row.dtype) for end in self._ends)
        if spec.clip:
            return np.clip(row, low, high)
        beyond = np.flatnonzero((row < low) | (row > high))
        if len(beyond):
            number = int(beyond[0])
            raise ActionError(
                f"step {self._step + index}: {row[number]} at index {number} "
                f"({spec.number(number)}) is outside the environment's [{low[number]}, "
                f"{high[number]}], and it declares no clipping."
            )
        return row


class _Gripper:
    """One gripper of an adapter, and where its numbers lie."""

    def __init__(self, adapter: Adapter, arm: str) -> None:
        self.arm = arm
        self._converter = adapter.grippers[arm]
        self._from = adapter.policy.action.place(GripperSpec, arm).start
        self._to = adapter.env.action.place(GripperSpec, arm).start

    def step(self, row: Array, state: GripperState, out: Array) -> GripperState:
        """Write the environment's number for that of a policy's action; return what follows."""
        out[self._to], after = self._converter.step(row[self._from], state)
        return after


def adapt(policy_spec: PolicySpec, env_contract: EnvContract, *, env_id: str = "") -> Adapter:
    """Return the conversion between a policy and an environment.

    Args:
        policy_spec: What the policy wants and gives.
        env_contract: What the environment offers.
        env_id: Gymnasium id; without it, whether the policy is bound to other environments is not
            checked.

    Raises:
        IncompatibleError: With all issues, when there is no conversion.
    """
    issues = IssueList()
    pictures = images.plan(policy_spec.cameras, env_contract.cameras, issues)
    state = proprioception.plan(policy_spec.proprioception, env_contract, issues)
    moves = motion.plan(policy_spec, env_contract, issues)
    grips = gripper.plan(policy_spec, env_contract, issues)
    normalization.check(policy_spec, issues)
    ensemble.check(policy_spec, issues)
    _check_rest(policy_spec, env_contract, env_id, issues)
    if any(issue.severity == "error" for issue in issues):
        raise IncompatibleError(issues, subject=env_id)
    return Adapter(
        policy=policy_spec,
        env=env_contract,
        warnings=tuple(issues),
        images=pictures,
        proprioception=state,
        motion=moves,
        grippers=grips,
    )


def _check_rest(policy: PolicySpec, env: EnvContract, env_id: str, issues: IssueList) -> None:
    wanted, offered = policy.action.control_hz, env.action.control_hz
    if wanted != offered:
        issues.warning(
            "control_frequency",
            f"The policy was made for {wanted:g} actions per second, the environment takes "
            f"{offered:g}.",
            "expect motions of another speed; compare only with results that say the same",
        )
    if absent := sorted(set(policy.privileged) - set(env.privileged) - set(INFO_KEYS)):
        issues.error(
            "missing_privileged",
            f"The policy reads {absent} of the simulator's state, the environment offers "
            f"{sorted(env.privileged)}.",
            "this policy works with the environments it was written for only",
        )
    if policy.environments and env_id and env_id not in policy.environments:
        issues.error(
            "bound_to_environment",
            f"The policy is bound to {', '.join(policy.environments)}, not to {env_id!r}.",
            "evaluate it on one of these",
        )
    _check_limits(policy.action, env.action, issues)


def _check_limits(policy: ActionSpec, env: ActionSpec, issues: IssueList) -> None:
    for name, spec in (("environment", env), ("policy", policy)):
        if any(least > most for least, most in zip(spec.low, spec.high, strict=True)):
            issues.error(
                "limits",
                f"The {name}'s lower limits exceed its upper ones.",
                "swap low and high of the part",
            )
    if env.clip and not env.limited:
        issues.error(
            "limits",
            "The environment declares clip=True and no limits.",
            "declare low and high of its parts, or clip=False",
        )
    if env.limited and not env.clip and not policy.limited:
        issues.warning(
            "limits",
            "The environment rejects actions beyond its limits and the policy declares none.",
            "declare the policy's limits; an action beyond ends the episode with an error",
        )


def _limits(action: ActionSpec) -> tuple[Array, Array] | None:
    return (np.array(action.low), np.array(action.high)) if action.limited else None


def _make_ensemble(spec: PolicySpec) -> TemporalEnsemble | None:
    if spec.execution is not Execution.ENSEMBLE or spec.ensemble_decay is None:
        return None
    return TemporalEnsemble(spec.chunk, decay=spec.ensemble_decay, action=spec.action)


def _named(info: Mapping[str, Any], name: str) -> Any:
    if name not in info:
        raise ObservationError(f"info has no {name!r}, which the policy declared as privileged.")
    return info[name]
