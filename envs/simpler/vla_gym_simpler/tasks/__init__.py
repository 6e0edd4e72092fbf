"""The task families, by the short name that environments use."""

from __future__ import annotations

from vla_gym.errors import OptionError
from vla_gym_simpler.tasks.base import Task
from vla_gym_simpler.tasks.coke import PickCoke
from vla_gym_simpler.tasks.drawers import Drawer, PlaceApple
from vla_gym_simpler.tasks.move_near import MoveNear
from vla_gym_simpler.tasks.put_on import CARROT, EGGPLANT, SPOON, STACK

PUT_ON = {task.name: task for task in (SPOON, CARROT, STACK, EGGPLANT)}


def make_task(
    name: str,
    *,
    orientation: str | None = None,
    drawer: str | None = None,
    form: str | None = None,
    third: bool = True,
) -> Task:
    """Return a task.

    Args:
        name: As in ``info["task"]``; see ``facts.TASKS``.
        orientation: Of the coke can.
        drawer: Which drawer.
        form: Models of move near.
        third: Whether move near has its third object.
    """
    if name != "google_robot_pick_coke_can":
        _only_for("orientation", orientation, "google_robot_pick_coke_can", name)
    if name not in ("google_robot_open_drawer", "google_robot_close_drawer"):
        _only_for("drawer", drawer, "the drawer tasks", name)
    if name != "google_robot_move_near":
        _only_for("objects", form, "google_robot_move_near", name)
    if name in PUT_ON:
        return PUT_ON[name]
    if name == "google_robot_pick_coke_can":
        return PickCoke(orientation)
    if name == "google_robot_move_near":
        return MoveNear(form, third)
    if name == "google_robot_place_apple_in_drawer":
        return PlaceApple()
    return Drawer(name == "google_robot_open_drawer", drawer)


def _only_for(keyword: str, value: object, where: str, task: str) -> None:
    """Refuse a keyword that a task does not have."""
    if value is not None:
        raise OptionError(
            f"{keyword}={value!r}: only {where} has it, this is {task}. Leave it out."
        )


__all__ = ["PUT_ON", "Task", "make_task"]
