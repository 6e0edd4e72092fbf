"""Which columns of a LeRobot folder are the cameras, the state and the action of a spec.

LeRobot leaves names to whoever records. What its defaults do not find has to be said; the error
lists what is there and proposes.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vla_gym.contract.spec import GripperSpec
from vla_gym.datasets.demonstration import DatasetSpec
from vla_gym.datasets.lerobot_files import columns_of
from vla_gym.datasets.lerobot_frames import BOOKKEEPING
from vla_gym.datasets.lerobot_info import INFO
from vla_gym.datasets.lerobot_meta import Meta
from vla_gym.errors import DatasetError, OptionError, suggest

STATE: Final = "observation.state"
ACTION: Final = "action"
CAMERA: Final = "observation.images."
_CAMERAS = (CAMERA, "observation.image.", "observation.", "")
"""What may stand in front of a camera's role."""


@dataclass(frozen=True)
class Columns:
    """Where the parts of a spec lie.

    Attributes:
        cameras: Column of each camera, by its role.
        state: Joined in this order; empty where the spec has no proprioception.
        action: Joined in this order.
        stored: The columns of the parquet files; a camera that is not among them is a video.
    """

    cameras: Mapping[str, str]
    state: tuple[str, ...]
    action: tuple[str, ...]
    stored: frozenset[str]


def columns(
    meta: Meta,
    spec: DatasetSpec,
    *,
    cameras: Mapping[str, str],
    state: Sequence[str],
    action: Sequence[str],
) -> Columns:
    """Return where the parts of a spec lie.

    Args:
        meta: Of the folder.
        spec: What is wanted.
        cameras: Columns by role, as far as they were said.
        state: Names of its columns.
        action: Likewise.

    Raises:
        OptionError: A camera that the spec does not have.
        DatasetError: A column that is not there (lists those that are), or that ``info.json``
            describes otherwise than the spec.
    """
    for role in cameras:
        if role not in spec.cameras:
            raise OptionError(
                f"cameras.{role}: no camera of the spec. {suggest(role, spec.cameras)}"
            )
    stored = frozenset(columns_of(meta.episodes[0].data) if meta.episodes else meta.info.features)
    found = Columns(
        cameras={role: _camera(meta, role, cameras.get(role)) for role in spec.cameras},
        state=tuple(state) if spec.proprioception else (),
        action=tuple(action),
        stored=stored,
    )
    _check(meta, found.state, "state", spec.proprioception_size, stored)
    _check(meta, found.action, "action", spec.action.size, stored)
    _check_grippers(meta, found.action, spec)
    return found


def listed(meta: Meta, stored: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the columns that hold numbers, and those that hold pictures."""
    cameras = list(meta.cameras)
    apart = {*cameras, *BOOKKEEPING, "episode_index"}
    return sorted(stored - apart), cameras


def role_of(column: str) -> str:
    """Return the role under which a camera is found without an option."""
    fronts = [front for front in _CAMERAS if front and column.startswith(front)]
    return column.removeprefix(fronts[0]) if fronts else column


def _camera(meta: Meta, role: str, said: str | None) -> str:
    there = meta.cameras
    tried = [front + role for front in _CAMERAS] if said is None else [said]
    for name in tried:
        if name in there and there[name].video.get("video.is_depth_map"):
            raise DatasetError(
                f"{meta.root / INFO}: features.{name} is a depth map, the camera {role!r} of the "
                "spec shows colours."
            )
        if name in there:
            return name
    near = [*difflib.get_close_matches(role, there, n=1, cutoff=0.0), *there, "COLUMN"][0]
    shown = ", ".join(f"{name} ({shown_shape(feature.shape)})" for name, feature in there.items())
    raise DatasetError(
        f"{meta.root} has no camera {said or role!r}. Its cameras: {shown or 'none'}. Say which is "
        f"{role!r} with the option cameras.{role}, for example --set cameras.{role}={near}, or "
        "leave the camera out of the spec."
    )


def shown_shape(shape: Sequence[int] | None) -> str:
    """Return a shape as people read it."""
    return " x ".join(map(str, shape)) if shape else "of unknown size"


def _check(meta: Meta, names: Sequence[str], what: str, size: int, stored: frozenset[str]) -> None:
    for name in names:
        if name not in stored:
            numbers, _ = listed(meta, stored)
            near = [*difflib.get_close_matches(what, numbers, n=1, cutoff=0.0), "COLUMN"][0]
            raise DatasetError(
                f"{meta.root} has no column {name!r}. Its columns of numbers: "
                f"{', '.join(numbers) or 'none'}. Say which hold the {what} with the option "
                f"{what}, for example --set {what}={near}; several as [ONE, OTHER]."
            )
    shapes = [feature.shape for name in names if (feature := meta.info.features.get(name))]
    widths = [shape[0] for shape in shapes if shape is not None and len(shape) == 1]
    if len(widths) == len(names) and sum(widths) != size:
        raise DatasetError(
            f"{meta.root / INFO}: {' and '.join(names)} hold {sum(widths)} numbers (shape), the "
            f"{what} of the spec has {size}."
        )


def _check_grippers(meta: Meta, names: Sequence[str], spec: DatasetSpec) -> None:
    """Refuse an action whose numbers are named in another order than the spec has them."""
    labels: list[str] = []
    for name in names:
        feature = meta.info.features.get(name)
        labels += feature.labels if feature else []
    said = {place for place, label in enumerate(labels) if "grip" in label.lower()}
    slices = spec.action.slices
    wanted = {slices[part.name].start for part in spec.action.of(GripperSpec)}
    if len(labels) == spec.action.size and said and said != wanted:
        raise DatasetError(
            f"{meta.root / INFO}: {' and '.join(names)} have their grippers at "
            f"{sorted(said)} (names: {', '.join(labels)}), the spec at {sorted(wanted)}."
        )
