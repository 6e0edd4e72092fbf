"""What a LeRobot folder holds, and a spec of it to complete: for whoever looks into it first.

Files say how many numbers there are and sometimes what they are called, never what they mean. So
the proposal has ``SAY`` wherever a guess could be wrong, and cannot be used before it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from vla_gym.datasets.lerobot_columns import ACTION, STATE, listed, role_of, shown_shape
from vla_gym.datasets.lerobot_files import first_row
from vla_gym.datasets.lerobot_meta import Meta

SAY: Final = "SAY"
_SHOWN = 5  # tasks
_MOVE = {"mode": SAY, "frame": SAY, "reference": SAY}
_POSE = 7  # numbers of the commonest action: translation, three angles, gripper


@dataclass(frozen=True)
class _Column:
    """A column of numbers: its size as it is stored, and what ``info.json`` calls its numbers."""

    name: str
    size: int
    labels: Sequence[str] = ()


def describe(path: Path) -> Iterator[str]:
    """Yield what is in a folder, in lines, then a spec to complete.

    Raises:
        DatasetError: When it is damaged.
    """
    meta = Meta(path)
    info, lengths = meta.info, [episode.length for episode in meta.episodes]
    between = f" ({min(lengths)} to {max(lengths)} an episode)" if lengths else ""
    yield f"format       LeRobot {info.codebase_version}"
    yield f"episodes     {len(lengths)}"
    yield f"frames       {sum(lengths)}{between}, {info.fps:g} Hz"
    yield f"splits       {', '.join(f'{k} {v}' for k, v in info.splits.items()) or 'none'}"
    if info.unread:
        yield f"not read     {', '.join(info.unread)} (in info.json)"
    for name, feature in meta.cameras.items():
        yield f"camera       {name} ({shown_shape(feature.shape)}, {feature.dtype})"
    columns = _columns(meta)
    for column in columns:
        labels = f": {', '.join(column.labels)}" if column.labels else ""
        yield f"column       {column.name} ({column.size}{labels})"
    texts = list(meta.tasks.values())
    more = [f"... ({len(texts)} in all)"] if len(texts) > _SHOWN else []
    yield "\n  ".join(["tasks", *texts[:_SHOWN], *more])
    yield from _proposal(meta, columns)


def proposed(meta: Meta, state: _Column | None, action: _Column | None) -> dict[str, Any]:
    """Return a ``DatasetSpec`` of a folder as YAML holds it, with ``SAY`` for what is not known."""
    cameras = {
        role_of(name): dict(zip(("height", "width"), feature.picture or (SAY, SAY), strict=True))
        for name, feature in meta.cameras.items()
    }
    fps = meta.info.fps
    rate = int(fps) if fps == int(fps) else fps
    return {
        "cameras": cameras,
        "proprioception": _state(state),
        "action": {"parts": _parts(action), "control_hz": rate},
        "fps": rate,
        "base_aligned_with_world": SAY,
    }


def _proposal(meta: Meta, columns: Sequence[_Column]) -> Iterator[str]:
    state, action = (_likely(name, columns) for name in (STATE, ACTION))
    yield f"\nA spec of it; put what no file tells in place of {SAY}:\n"
    found = proposed(meta, state, action)
    yield yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=96)
    asked = {"state": (state, STATE), "action": (action, ACTION)}
    said = [
        f"--set {option}={column.name}"
        for option, (column, default) in asked.items()
        if column is not None and column.name != default
    ]
    if said:
        yield f"Its columns have other names than LeRobot's own: {' '.join(said)}\n"


def _columns(meta: Meta) -> list[_Column]:
    """Return the columns of numbers; those that hold one and another length count as of one."""
    row = first_row(meta.episodes[0].data) if meta.episodes else {}
    numbers, _ = listed(meta, frozenset(row))
    features = meta.info.features
    return [
        _Column(name, len(value), features[name].labels if name in features else ())
        for name in numbers
        for value in [row[name] if isinstance(row[name], list) else [row[name]]]
        if value and all(isinstance(one, (int, float)) for one in value)
    ]


def _likely(name: str, columns: Sequence[_Column]) -> _Column | None:
    """Return the column of a name, or else the first whose name has its last word."""
    word = name.split(".")[-1]
    near = [column for column in columns if word in column.name.lower()]
    return next((column for column in columns if column.name == name), next(iter(near), None))


def _state(column: _Column | None) -> list[dict[str, Any]]:
    if column is None:
        return []
    one = {"name": SAY, "size": column.size, "unit": SAY}
    return [{**one, "names": list(column.labels)} if column.labels else one]


def _parts(column: _Column | None) -> list[dict[str, Any]]:
    """Return the parts that an action seems to have."""
    size, labels = (column.size, column.labels) if column else (_POSE, ())
    gripper = {"kind": "gripper", "open": SAY, "closed": SAY, "mode": SAY, "binary": SAY}
    if size == _POSE and not _joints(labels):
        return [
            {"kind": "translation", **_MOVE, "meters_per_unit": SAY},
            {"kind": "rotation", "representation": SAY, **_MOVE, "radians_per_unit": SAY},
            gripper,
        ]
    names = labels if len(labels) == size else [f"joint_{number}" for number in range(size)]
    joints = [name for name in names if "grip" not in name.lower()]
    found: list[dict[str, Any]] = [{"kind": "joints", "names": joints, "mode": SAY, "unit": SAY}]
    return [*found, *([gripper] if len(joints) < len(names) else [])]


def _joints(labels: Sequence[str]) -> bool:
    """Whether names are those of joints; a pose has an x."""
    return bool(labels) and not any(label.lower().split(".")[0] == "x" for label in labels)
