"""What crosses the boundary between policies and environments; see ``docs/contract.md``.

The names below are what authors of environments and policies need; the converters themselves are
in the modules ``rotations``, ``actions``, ``gripper``, ``normalization``, ``images``, ``ensemble``.
"""

from __future__ import annotations

from vla_gym.contract.adapter import Adapter, EpisodeAdapter, adapt
from vla_gym.contract.env import INFO_KEYS, Observation, StepResult, VlaEnv
from vla_gym.contract.issues import IncompatibleError, Issue
from vla_gym.contract.policy import Batch, Policy, PolicyInput, Slot
from vla_gym.contract.spec import (
    ActionSpec,
    BaseSpec,
    CameraSpec,
    EnvContract,
    Execution,
    Frame,
    GripperSpec,
    JointsSpec,
    Mode,
    NormalizationKind,
    NormalizationSpec,
    PartSpec,
    PolicySpec,
    ProprioceptionField,
    Reference,
    Rotation,
    RotationSpec,
    TorsoSpec,
    TranslationSpec,
)

__all__ = [
    "INFO_KEYS",
    "ActionSpec",
    "Adapter",
    "BaseSpec",
    "Batch",
    "CameraSpec",
    "EnvContract",
    "EpisodeAdapter",
    "Execution",
    "Frame",
    "GripperSpec",
    "IncompatibleError",
    "Issue",
    "JointsSpec",
    "Mode",
    "NormalizationKind",
    "NormalizationSpec",
    "Observation",
    "PartSpec",
    "Policy",
    "PolicyInput",
    "PolicySpec",
    "ProprioceptionField",
    "Reference",
    "Rotation",
    "RotationSpec",
    "Slot",
    "StepResult",
    "TorsoSpec",
    "TranslationSpec",
    "VlaEnv",
    "adapt",
]
