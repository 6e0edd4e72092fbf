"""Options of ``reset``: ours (``episode_id``) and the official ones, checked for their task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_simpler.facts.variants import ORIENTATIONS

OFFICIAL_ORIENTATIONS = {
    "standing": "upright",
    "vertical": "laid_vertically",
    "horizontal": "lr_switch",
}
RESET_OPTIONS = ("episode_id", "obj_init_options", "robot_init_options")
"""What ``reset`` takes besides ``subtasks``."""
_ROBOT = ("init_xy", "init_yaw")

XY = tuple[float, float]


@dataclass(frozen=True)
class ResetOptions:
    """Where an episode shall begin; what is ``None`` is drawn or usual.

    Attributes:
        episode: Official episode number, ``None`` to draw everything from the seed.
        xy: Position of the (single) object, m.
        orientation: Of the coke can.
        robot_xy: Position of the robot's base, m.
        robot_yaw: Turn of the base from facing the table, rad.
    """

    episode: int | None = None
    xy: XY | None = None
    orientation: str | None = None
    robot_xy: XY | None = None
    robot_yaw: float | None = None


def read_reset_options(
    task: str, given: Mapping[str, Any], *, understood: tuple[str, ...]
) -> ResetOptions:
    """Return checked reset options.

    Args:
        task: Whose they are, for messages.
        given: As ``reset`` got them.
        understood: Names in ``obj_init_options`` that the task has, besides ``episode_id``.

    Raises:
        UnknownNameError: For an option that is not there.
        OptionError: For a value that cannot be used, or two that contradict each other.
    """
    _check_names("reset option", given, (*RESET_OPTIONS, "subtasks"))
    objects = _mapping(given, "obj_init_options")
    robot = _mapping(given, "robot_init_options")
    _check_names(f"obj_init_options of {task}:", objects, ("episode_id", *understood))
    _check_names("robot_init_options", robot, _ROBOT)
    options = ResetOptions(
        episode=_episode(given, objects),
        xy=_pair("init_xy", objects.get("init_xy")),
        orientation=_orientation(objects.get("orientation")),
        robot_xy=_pair("robot init_xy", robot.get("init_xy")),
        robot_yaw=_number("robot init_yaw", robot.get("init_yaw")),
    )
    if options.episode is not None and options.xy is not None:
        raise OptionError(
            f"episode_id={options.episode} and init_xy={options.xy} both say where the object is: "
            "give one of them."
        )
    return options


def _check_names(kind: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise UnknownNameError(kind, str(name), known)


def _mapping(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise OptionError(f"{name}={value!r}: expected a mapping.")
    return value or {}


def _episode(given: Mapping[str, Any], objects: Mapping[str, Any]) -> int | None:
    """Return the episode number: ours and the official option mean the same."""
    values = [one["episode_id"] for one in (given, objects) if one.get("episode_id") is not None]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int):
            raise OptionError(f"episode_id={value!r}: expected a whole number.")
    if len(set(values)) > 1:
        raise OptionError(f"episode_id={values[0]}, but obj_init_options say {values[1]}.")
    return values[0] if values else None


def _orientation(value: Any) -> str | None:
    if value is None:
        return None
    official = {theirs: ours for ours, theirs in OFFICIAL_ORIENTATIONS.items()}
    ours = official.get(str(value), str(value))
    if ours not in ORIENTATIONS:
        raise UnknownNameError("orientation", str(value), (*ORIENTATIONS, *official))
    return ours


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{name}={value!r}: expected a number.") from error
    if not math.isfinite(number):
        raise OptionError(f"{name}={value!r}: expected a finite number.")
    return number


def _pair(name: str, value: Any) -> XY | None:
    if value is None:
        return None
    try:
        x, y = (float(number) for number in value)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{name}={value!r}: expected two numbers (x, y in m).") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise OptionError(f"{name}={value!r}: expected finite numbers (x, y in m).")
    return x, y
