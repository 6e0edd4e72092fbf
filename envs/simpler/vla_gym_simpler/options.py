"""The keywords of the environments: each family of tasks has those that it understands.

Whatever reads keywords (the environment, its contract, a suite) reads them here, so that one that
a task does not have is refused before a simulator is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator
from vla_gym_sapien.rendering import SHADERS

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.options import validated
from vla_gym.schema import Record
from vla_gym_simpler.assets.choice import KINDS
from vla_gym_simpler.engine import ENGINES
from vla_gym_simpler.facts import variants
from vla_gym_simpler.facts.google_robot import HEAD_TILTS, RECOLORINGS
from vla_gym_simpler.facts.scenes import DRAWER_LIGHTING, TABLETOP_LIGHTING
from vla_gym_simpler.facts.tasks import TASKS, TaskFacts

ALWAYS = ("cameras", "camera_sizes", "max_steps", "subtasks", "render_mode")
"""Keywords of every environment, which are none of a task's."""


def _one_of(known: Iterable[str], *, unset: bool = False) -> AfterValidator:
    """Return what refuses other names; with ``unset`` the empty one is allowed besides.

    ``None`` passes where the field may have it.
    """
    names = tuple(known)

    def check(value: str | None) -> str | None:
        if value is None or value in names or (unset and not value):
            return value
        near = get_close_matches(value, names, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"expected one of {', '.join(filter(None, names))}{hint}")

    return AfterValidator(check)


class TaskOptions(Record):
    """What every task understands.

    Attributes:
        assets: ``"official"``, ``"builtin"`` or ``"auto"`` (official where the files are there).
        engine: ``"sapien3"``; part of the protocol.
        shader: ``"default"``, or ``"trivial"`` (unlit) for fast tests.
        setting: ``"visual-matching"`` (a photograph behind) or ``"variant-aggregation"``.
        background: Another room: ``"alt_background"``, ``"alt_background_2"``,
            ``"modern_bedroom_no_roof"``, ``"modern_office_no_roof"`` or
            ``"frl_apartment_stage_simple"``.
    """

    assets: Annotated[str, _one_of(KINDS)] = "auto"
    engine: Annotated[str, _one_of(ENGINES)] = "sapien3"
    shader: Annotated[str, _one_of(SHADERS)] = "default"
    setting: Annotated[str, _one_of(variants.SETTINGS)] = "visual-matching"
    background: Annotated[str, _one_of(variants.BACKGROUNDS, unset=True)] = ""

    @property
    def overlay(self) -> bool:
        """Whether a photograph is the background."""
        return self.setting == "visual-matching"

    @property
    def room(self) -> str:
        """Official name of the room or table in place of the usual one, or ``""``."""
        return variants.ROOM_FILES.get(self.background, self.background)


class TabletopOptions(TaskOptions):
    """What tasks at a table understand as well.

    Attributes:
        lighting: ``"default"``, ``"darker"`` or ``"brighter"``.
        table: Another table, by its official name (``facts.variants.TABLES``).
    """

    lighting: Annotated[str, _one_of(TABLETOP_LIGHTING)] = "default"
    table: Annotated[str, _one_of(variants.TABLES, unset=True)] = ""

    @property
    def room(self) -> str:
        """Official name of the room or table in place of the usual one, or ``""``."""
        return self.table or super().room


class PutOnOptions(TabletopOptions):
    """Keywords of the WidowX' tasks."""


class CokeOptions(TabletopOptions):
    """Keywords of picking the coke can.

    Attributes:
        orientation: ``"horizontal"``, ``"vertical"`` or ``"standing"``; default: drawn.
        distractors: ``"less"`` or ``"more"`` things beside the can.
        camera: ``"alt_camera_1"`` or ``"alt_camera_2"``.
        robot_variant: Recolouring of the robot (``facts.google_robot.RECOLORINGS``); default:
            drawn (visual matching) or plain.
    """

    orientation: Annotated[str | None, _one_of(variants.ORIENTATIONS)] = None
    distractors: Annotated[str, _one_of(variants.DISTRACTORS, unset=True)] = ""
    camera: Annotated[str, _one_of(HEAD_TILTS, unset=True)] = ""
    robot_variant: Annotated[str | None, _one_of(RECOLORINGS)] = None


class MoveNearOptions(TabletopOptions):
    """Keywords of move near.

    Attributes:
        objects: ``"v1"``, ``"v0"`` (baked models) or ``"unbaked"``; default: what the official
            evaluation takes in this setting.
        distractors: ``"none"`` for no third object.
        camera: ``"alt_camera_1"`` or ``"alt_camera_2"``.
        robot_variant: Recolouring of the robot (``facts.google_robot.RECOLORINGS``); default:
            drawn (visual matching) or plain.
    """

    objects: Annotated[str | None, _one_of(variants.OBJECT_FORMS)] = None
    distractors: Annotated[str, _one_of(("none",), unset=True)] = ""
    camera: Annotated[str, _one_of(HEAD_TILTS, unset=True)] = ""
    robot_variant: Annotated[str | None, _one_of(RECOLORINGS)] = None


class CabinetOptions(TaskOptions):
    """Keywords of tasks at the cabinet.

    Attributes:
        lighting: ``"default"``, ``"darker"``, ``"brighter"``, ``"vertical"`` or ``"simple"``.
        station: Another cabinet: ``"mk_station"``, ``"mk_station2"``, ``"mk_station3"``,
            ``"mk_station4"`` or ``"mk_station_recolor"``.
        camera: ``"variant"``: the head of variant aggregation in visual matching, too.
        robot_variant: Recolouring of the robot (``facts.google_robot.RECOLORINGS``); default:
            drawn (visual matching) or plain.
    """

    lighting: Annotated[str, _one_of(DRAWER_LIGHTING)] = "default"
    station: Annotated[str, _one_of(variants.STATIONS, unset=True)] = ""
    camera: Annotated[str, _one_of(("variant",), unset=True)] = ""
    robot_variant: Annotated[str | None, _one_of(RECOLORINGS)] = None


class DrawerOptions(CabinetOptions):
    """Keywords of opening and closing a drawer.

    Attributes:
        drawer: ``"top"``, ``"middle"`` or ``"bottom"``; default: drawn.
    """

    drawer: Annotated[str | None, _one_of(variants.DRAWERS)] = None


_MODELS: Mapping[str, type[TaskOptions]] = {
    model.__name__: model
    for model in (PutOnOptions, CokeOptions, MoveNearOptions, CabinetOptions, DrawerOptions)
}


def task_facts(task: str) -> TaskFacts:
    """Return the facts of a task.

    Raises:
        UnknownNameError: With near matches.
    """
    if task not in TASKS:
        raise UnknownNameError("SimplerEnv task", task, TASKS)
    return TASKS[task]


def read_options(task: str, given: Mapping[str, Any]) -> TaskOptions:
    """Return the keywords of a task, checked.

    Args:
        task: One of ``facts.tasks.TASKS``.
        given: Without those in ``ALWAYS``.

    Raises:
        UnknownNameError: For another task.
        OptionError: For a keyword or value that the task does not understand; says which it does.
    """
    model = _MODELS[task_facts(task).options]
    for name in given:
        if name not in model.model_fields:
            raise OptionError(_not_understood(task, name, (*model.model_fields, *ALWAYS)))
    return validated(model, given, where=task)


def _not_understood(task: str, name: str, known: tuple[str, ...]) -> str:
    others = [
        other for other, facts in TASKS.items() if name in _MODELS[facts.options].model_fields
    ]
    near = get_close_matches(name, known, n=1)
    hint = f" It belongs to {', '.join(others)}." if others else ""
    hint = f" Did you mean {near[0]}?" if near and not others else hint
    return f"{task} has no option {name!r}.{hint} It understands {', '.join(sorted(known))}."
