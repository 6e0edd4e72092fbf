"""Task names, robots and step limits: what specs and suites need without a simulator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskFacts:
    """A task of the benchmark.

    Attributes:
        env_id: Gymnasium id.
        options: Model of its family's keywords, in ``options``.
        robot: ``"widowx"`` or ``"google_robot"``.
        max_steps: Steps of an episode.
        subtasks: Official sub-tasks.
        summary: One line.
    """

    env_id: str
    options: str
    robot: str
    max_steps: int
    subtasks: tuple[str, ...]
    summary: str


def _widowx(name: str, env: str, steps: int, summary: str) -> tuple[str, TaskFacts]:
    env_id = f"SimplerEnv-WidowX-{env}-v0"
    return name, TaskFacts(env_id, "PutOnOptions", "widowx", steps, (name,), summary)


def _google(
    name: str, env: str, options: str, steps: int, summary: str, *before: str
) -> tuple[str, TaskFacts]:
    env_id = f"SimplerEnv-Google-{env}-v0"
    return name, TaskFacts(env_id, options, "google_robot", steps, (*before, name), summary)


COKE, MOVE_NEAR = "google_robot_pick_coke_can", "google_robot_move_near"
OPEN_DRAWER, CLOSE_DRAWER = "google_robot_open_drawer", "google_robot_close_drawer"
PLACE_APPLE = "google_robot_place_apple_in_drawer"

TASKS = dict(
    (
        _widowx("widowx_spoon_on_towel", "SpoonOnTowel", 60, "put the spoon on the towel"),
        _widowx("widowx_carrot_on_plate", "CarrotOnPlate", 60, "put carrot on plate"),
        _widowx("widowx_stack_cube", "StackCube", 60, "stack the green block on the yellow block"),
        _widowx(
            "widowx_put_eggplant_in_basket",
            "EggplantInBasket",
            120,
            "put eggplant into yellow basket",
        ),
        _google(COKE, "PickCokeCan", "CokeOptions", 80, "pick coke can"),
        _google(MOVE_NEAR, "MoveNear", "MoveNearOptions", 80, "move X near Y"),
        _google(OPEN_DRAWER, "OpenDrawer", "DrawerOptions", 113, "open a drawer"),
        _google(CLOSE_DRAWER, "CloseDrawer", "DrawerOptions", 113, "close a drawer"),
        _google(
            PLACE_APPLE,
            "PlaceAppleInDrawer",
            "CabinetOptions",
            200,
            "open the top drawer, then put the apple into it",
            "google_robot_open_top_drawer",
        ),
    )
)
"""The benchmark's tasks by name: that of their last (mostly their only) sub-task."""
ADVANCE_AFTER = 100
"""Step at which the apple task goes on to its second sub-task by itself."""
CAMERA = "static"
"""Role of the one camera that policies see."""
