"""Task names, robots and step limits: what specs and suites need without a simulator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskFacts:
    """A task of the benchmark.

    Attributes:
        env_id: Gymnasium id.
        robot: ``"widowx"`` or ``"google_robot"``.
        max_steps: Steps of an episode.
        subtasks: Official sub-tasks.
        summary: One line.
    """

    env_id: str
    robot: str
    max_steps: int
    subtasks: tuple[str, ...]
    summary: str


def _widowx(name: str, env: str, steps: int, summary: str) -> tuple[str, TaskFacts]:
    return name, TaskFacts(f"SimplerEnv-WidowX-{env}-v0", "widowx", steps, (name,), summary)


def _google(name: str, env: str, steps: int, summary: str, *before: str) -> tuple[str, TaskFacts]:
    env_id = f"SimplerEnv-Google-{env}-v0"
    return name, TaskFacts(env_id, "google_robot", steps, (*before, name), summary)


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
        _google("google_robot_pick_coke_can", "PickCokeCan", 80, "pick coke can"),
        _google("google_robot_move_near", "MoveNear", 80, "move X near Y"),
        _google("google_robot_open_drawer", "OpenDrawer", 113, "open a drawer"),
        _google("google_robot_close_drawer", "CloseDrawer", 113, "close a drawer"),
        _google(
            "google_robot_place_apple_in_drawer",
            "PlaceAppleInDrawer",
            200,
            "open the top drawer, then put the apple into it",
            "google_robot_open_top_drawer",
        ),
    )
)
CAMERA = "static"
"""Role of the one camera that policies see."""
CAMERA_SIZES = {"widowx": (480, 640), "google_robot": (512, 640)}
"""Official picture sizes (height, width) by robot."""
CONTROL_HZ = {"widowx": 5, "google_robot": 3}
JOINTS = {"widowx": 8, "google_robot": 11}
