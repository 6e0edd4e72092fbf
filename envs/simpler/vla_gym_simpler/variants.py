"""Keywords of an environment that vary a task, checked and turned into a ``Variant``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.schema import Record
from vla_gym_simpler.engine import ENGINES
from vla_gym_simpler.facts.robots import GOOGLE_HEAD_TILTS, GOOGLE_RECOLORINGS
from vla_gym_simpler.facts.scenes import DRAWER_LIGHTING, TABLETOP_LIGHTING
from vla_gym_simpler.tasks.base import Options, Variant
from vla_gym_simpler.tasks.coke import DISTRACTORS, OFFICIAL_ORIENTATIONS

SETTINGS = ("visual-matching", "variant-aggregation")
BACKGROUNDS = (
    "alt_background",
    "alt_background_2",
    "modern_bedroom_no_roof",
    "modern_office_no_roof",
    "frl_apartment_stage_simple",
)
TABLES = ("Baked_sc1_staging_objaverse_cabinet1_h870", "Baked_sc1_staging_objaverse_cabinet2_h870")
STATIONS = ("mk_station", "mk_station2", "mk_station3", "mk_station4", "mk_station_recolor")
_STAGES = {
    "alt_background": "google_pick_coke_can_1_v4_alt_background",
    "alt_background_2": "google_pick_coke_can_1_v4_alt_background_2",
}
_TABLETOP_TASKS = ("google_robot_pick_coke_can", "google_robot_move_near")


def check_one_of(keyword: str, value: str, known: Any) -> None:
    """Refuse a value that is not known; the empty string is always allowed."""
    if value and value not in known:
        raise UnknownNameError(keyword, value, known)


class SimplerOptions(Record):
    """Keywords of ``SimplerEnv`` besides those of every environment; see there for the values."""

    assets: str = "auto"
    engine: str = "sapien3"
    shader: str = "default"
    orientation: str | None = None
    drawer: str | None = None
    objects: str | None = None
    setting: str = "visual-matching"
    lighting: str = "default"
    background: str = ""
    table: str = ""
    distractors: str = ""
    camera: str = ""
    station: str = ""
    robot_variant: str | None = None

    def of_the_task(self) -> dict[str, Any]:
        """Return the keywords of ``tasks.make_task``."""
        names = {"orientation": self.orientation, "drawer": self.drawer, "form": self.objects}
        return {**names, "third": self.distractors != "none"}


def make_variant(task: str, robot: str, options: SimplerOptions) -> Variant:
    """Return the variant that the keywords of an environment name.

    Raises:
        UnknownNameError: For a value that is not there, with near matches.
        OptionError: For a keyword that the task does not have.
    """
    check_one_of("engine", options.engine, ENGINES)
    check_one_of("setting", options.setting, SETTINGS)
    tabletop = robot == "widowx" or task in _TABLETOP_TASKS
    check_one_of("lighting", options.lighting, TABLETOP_LIGHTING if tabletop else DRAWER_LIGHTING)
    check_one_of("background", options.background, BACKGROUNDS)
    check_one_of("table", options.table, TABLES)
    check_one_of("distractors", options.distractors, (*DISTRACTORS, "none"))
    check_one_of("camera", options.camera, (*GOOGLE_HEAD_TILTS, "variant"))
    check_one_of("station", options.station, STATIONS)
    _check_task(task, robot, options, tabletop=tabletop)
    return Variant(
        robot=options.robot_variant,
        overlay=options.setting == "visual-matching",
        lighting=options.lighting,
        background=options.table or _STAGES.get(options.background, options.background),
        distractors=DISTRACTORS.get(options.distractors, ()),
        camera=options.camera,
        station=options.station,
    )


def _check_task(task: str, robot: str, options: SimplerOptions, *, tabletop: bool) -> None:
    """Refuse what this task does not have."""
    repainted, crowd = options.robot_variant, options.distractors
    if repainted and robot == "widowx":
        raise OptionError(f"robot_variant={repainted!r}: the WidowX has none. Leave it out.")
    check_one_of("robot_variant", repainted or "", GOOGLE_RECOLORINGS)
    if options.station and tabletop:
        raise OptionError(f"station={options.station!r}: {task} has no cabinet. Leave it out.")
    if crowd in DISTRACTORS and task != "google_robot_pick_coke_can":
        raise OptionError(f"distractors={crowd!r}: only google_robot_pick_coke_can has them.")
    if crowd == "none" and task != "google_robot_move_near":
        raise OptionError(f"distractors='none': only google_robot_move_near has it, not {task}.")


_OPTIONS = ("episode_id", "obj_init_options", "robot_init_options", "subtasks")
_OBJECT_OPTIONS = ("episode_id", "init_xy", "orientation")
_ROBOT_OPTIONS = ("init_xy", "init_yaw")


def make_options(given: Mapping[str, Any]) -> Options:
    """Return checked reset options, ours (``episode_id``) and the official ones.

    Raises:
        UnknownNameError: For an option that is not there.
        OptionError: For a value that cannot be used.
    """
    _check_keys("reset option", given, _OPTIONS)
    objects = dict(given.get("obj_init_options") or {})
    robot = dict(given.get("robot_init_options") or {})
    _check_keys("obj_init_options", objects, _OBJECT_OPTIONS)
    _check_keys("robot_init_options", robot, _ROBOT_OPTIONS)
    episode = given.get("episode_id", objects.get("episode_id"))
    if episode is not None and (isinstance(episode, bool) or not isinstance(episode, int)):
        raise OptionError(f"episode_id={episode!r}: expected a whole number.")
    names = {official: ours for ours, official in OFFICIAL_ORIENTATIONS.items()}
    orientation = objects.get("orientation")
    yaw = robot.get("init_yaw")
    return Options(
        episode=episode,
        xy=_pair("init_xy", objects.get("init_xy")),
        orientation=names.get(str(orientation), orientation),
        robot_xy=_pair("robot init_xy", robot.get("init_xy")),
        robot_yaw=None if yaw is None else float(yaw),
    )


def _check_keys(kind: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise UnknownNameError(kind, key, known)


def _pair(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    try:
        x, y = (float(number) for number in value)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{name}={value!r}: expected two numbers (x, y in m).") from error
    return x, y
