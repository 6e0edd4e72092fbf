"""The task families, by the names that environments use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_gym_simpler.facts.tasks import CLOSE_DRAWER, COKE, MOVE_NEAR, OPEN_DRAWER, PLACE_APPLE
from vla_gym_simpler.options import read_options
from vla_gym_simpler.tasks.base import Task
from vla_gym_simpler.tasks.coke import PickCoke
from vla_gym_simpler.tasks.drawers import Drawer, PlaceApple
from vla_gym_simpler.tasks.move_near import MoveNear
from vla_gym_simpler.tasks.put_on import PUT_ON, PutOn

_FAMILIES: Mapping[str, type[Task[Any]]] = {
    **dict.fromkeys(PUT_ON, PutOn),
    COKE: PickCoke,
    MOVE_NEAR: MoveNear,
    OPEN_DRAWER: Drawer,
    CLOSE_DRAWER: Drawer,
    PLACE_APPLE: PlaceApple,
}


def make_task(name: str, options: Mapping[str, Any] | None = None) -> Task[Any]:
    """Return a task.

    Args:
        name: One of ``facts.tasks.TASKS``.
        options: Keywords of its family, see ``options``.

    Raises:
        UnknownNameError: For another name.
        OptionError: For a keyword that the task does not understand.
    """
    chosen = read_options(name, options or {})
    return _FAMILIES[name](name, chosen)


__all__ = ["PUT_ON", "Task", "make_task"]
