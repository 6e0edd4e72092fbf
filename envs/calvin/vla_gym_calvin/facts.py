"""Every number of the CALVIN benchmark that more than one module needs, with units and source.

Sources: mees/calvin_env at 797142c (``conf/`` and the classes that read it) and mees/calvin at
fa03f01; numbers only. Lengths are metres, angles radians, unless said otherwise. The world frame
has z up, x to the right and y away from the static camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

Vector = tuple[float, ...]

# --- Upstreams ---------------------------------------------------------------------------

CALVIN_ENV_COMMIT: Final = "797142c588c21e76717268b7b430958dbd13bf48"
CALVIN_COMMIT: Final = "fa03f01f19c65920e18cf37398a9ce859274af76"

# --- Simulation --------------------------------------------------------------------------

PHYSICS_HZ: Final = 240
CONTROL_HZ: Final = 30
PHYSICS_STEPS: Final = PHYSICS_HZ // CONTROL_HZ  # physics steps in one action
GRAVITY: Final = -9.8
SCALING: Final = 0.8  # of table and blocks

# --- Robot: Franka Panda with longer fingers ---------------------------------------------

ROBOT_BASE: Final[Vector] = (-0.34, -0.46, 0.24)
ARM_JOINTS: Final = tuple(range(7))
FINGER_JOINTS: Final = (9, 11)
WRIST_CAMERA_LINK: Final = 14
TCP_LINK: Final = 15
INITIAL_ARM: Final[Vector] = (
    *(-1.21779206, 1.03987646, 2.11978261, -2.34205014),
    *(-0.87015947, 1.64119353, 0.55344866),
)
FINGER_OPEN: Final = 0.04  # each finger; the opening is twice that
FINGER_CLOSED: Final = 0.0
ARM_LOWER: Final[Vector] = (-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973)
ARM_UPPER: Final[Vector] = (2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973)
ARM_FORCE: Final = 200.0  # N m
ARM_MAX_VELOCITY: Final = 2.0
FINGER_CLOSING_FORCE: Final = 200.0  # N
FINGER_OPENING_FORCE: Final = FINGER_CLOSING_FORCE / 100
FINGER_MAX_VELOCITY: Final = 1.0
FINGER_GEAR_ERP: Final = 0.1
FINGER_GEAR_FORCE: Final = 50.0
IK_LIMIT: Final = 7.0  # the null-space IK is given +-7 as limits and 7 as range, for all joints
CYLINDER_RADIUS: Final = 0.13  # of the pedestal under the robot, which nothing can touch
CYLINDER_HEIGHT: Final = 0.24
CYLINDER_CENTER: Final[Vector] = (-0.39, -0.46, 0.12)

METERS_PER_UNIT: Final = 0.02  # action value 1
RADIANS_PER_UNIT: Final = 0.05

ROBOT_OBS_SIZE: Final = 15
SCENE_OBS_SIZE: Final = 24
ACTION_SIZE: Final = 7

# --- Cameras: role -> (height, width) ----------------------------------------------------

CAMERA_SIZES: Final[dict[str, tuple[int, int]]] = {"static": (200, 200), "wrist": (84, 84)}

# --- Table -------------------------------------------------------------------------------

TABLE_JOINTS: Final = {"button": 0, "switch": 1, "slide": 2, "drawer": 3}
TABLE_LINKS: Final = {
    **{"base_link": -1, "button_link": 0, "switch_link": 1, "slide_link": 2},
    **{"drawer_link": 3, "led_link": 4, "light_link": 5, "plank_link": 6},
}
TABLE_JOINT_FORCE: Final = 4.0  # friction of doors and switch, spring of the button
BUTTON_LIMIT: Final = 0.02
SWITCH_LIMIT: Final = 0.088
DRAWER_LIMIT: Final = 0.22
TABLE_TOP: Final = 0.44
BLOCK_HEIGHT: Final = 0.46  # of a block's centre when it lies on the table

# --- Blocks ------------------------------------------------------------------------------

COLORS: Final = ("red", "blue", "pink")
BLOCK_LENGTHS: Final = {"small": 0.04, "middle": 0.056, "big": 0.08}  # along the block's x
BLOCK_WIDTH: Final = 0.04  # along its y and z
LIGHTBULB_ON: Final[Vector] = (1.0, 1.0, 0.0, 1.0)
LED_ON: Final[Vector] = (0.0, 1.0, 0.0, 1.0)
LIGHT_OFF: Final[Vector] = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class SceneFacts:
    """What differs between the scenes.

    Attributes:
        blocks: Colour and size of the blocks, in the order of ``scene_obs``.
        table_x: Range of block centres on the free part of the table.
        slider_left_x: Range of block centres on the shelf, left.
        slider_right_x: Range of block centres on the shelf, right.
        button: Position (x, y) of the button.
        switch_x: Position of the switch, and of the lightbulb above it.
        slide_x: Origin of the sliding door's joint, which moves it towards -x.
        slide_limit: How far it goes.
        drawer_x: Centre of the drawer.
        plank_x: Range of the shelf.
    """

    blocks: tuple[tuple[str, str], ...]
    table_x: tuple[float, float]
    slider_left_x: tuple[float, float]
    slider_right_x: tuple[float, float]
    button: tuple[float, float]
    switch_x: float
    slide_x: float
    slide_limit: float
    drawer_x: float
    plank_x: tuple[float, float]

    @property
    def surfaces(self) -> dict[str, tuple[Vector, Vector]]:
        """Lowest and highest corner of the boxes in which block centres are drawn."""
        return {
            "table": _box(self.table_x, TABLE_Y),
            "slider_left": _box(self.slider_left_x, SLIDER_Y),
            "slider_right": _box(self.slider_right_x, SLIDER_Y),
        }


TABLE_Y: Final = (-0.15, -0.03)
SLIDER_Y: Final = (0.05, 0.12)


def _box(x: tuple[float, float], y: tuple[float, float]) -> tuple[Vector, Vector]:
    return (x[0], y[0], BLOCK_HEIGHT), (x[1], y[1], BLOCK_HEIGHT)


SCENES: Final[dict[str, SceneFacts]] = {
    "A": SceneFacts(
        blocks=(("pink", "small"), ("blue", "big"), ("red", "middle")),
        table_x=(-0.2, 0.35),
        slider_left_x=(-0.32, -0.16),
        slider_right_x=(-0.05, 0.13),
        button=(-0.28, -0.12),
        switch_x=0.3,
        slide_x=-0.1,
        slide_limit=0.28,
        drawer_x=0.1,
        plank_x=(-0.364, 0.164),
    ),
    "B": SceneFacts(
        blocks=(("red", "small"), ("blue", "big"), ("pink", "middle")),
        table_x=(-0.35, 0.15),
        slider_left_x=(-0.12, 0.06),
        slider_right_x=(0.15, 0.33),
        button=(0.28, -0.12),
        switch_x=-0.32,
        slide_x=0.088,
        slide_limit=0.304,
        drawer_x=0.18,
        plank_x=(-0.184, 0.344),
    ),
    "C": SceneFacts(
        blocks=(("blue", "small"), ("red", "big"), ("pink", "middle")),
        table_x=(0.0, 0.35),
        slider_left_x=(-0.12, 0.06),
        slider_right_x=(0.15, 0.3),
        button=(-0.12, -0.12),
        switch_x=-0.32,
        slide_x=0.06,
        slide_limit=0.24,
        drawer_x=0.1,
        plank_x=(-0.184, 0.344),
    ),
    "D": SceneFacts(
        blocks=(("red", "middle"), ("blue", "small"), ("pink", "big")),
        table_x=(0.0, 0.35),
        slider_left_x=(-0.32, -0.16),
        slider_right_x=(-0.05, 0.13),
        button=(-0.12, -0.12),
        switch_x=0.3,
        slide_x=-0.1,
        slide_limit=0.28,
        drawer_x=0.18,
        plank_x=(-0.364, 0.164),
    ),
}

# --- Tasks: names in the official order --------------------------------------------------

TASKS: Final = (
    *(f"rotate_{color}_block_{side}" for color in COLORS for side in ("right", "left")),
    *(f"push_{color}_block_{side}" for color in COLORS for side in ("right", "left")),
    *("move_slider_left", "move_slider_right", "open_drawer", "close_drawer"),
    *(f"lift_{c}_block_{place}" for c in COLORS for place in ("table", "slider", "drawer")),
    *("place_in_slider", "place_in_drawer", "stack_block", "unstack_block"),
    *("turn_on_lightbulb", "turn_off_lightbulb", "turn_on_led", "turn_off_led"),
    "push_into_drawer",
)
MAX_STEPS: Final = 360  # per sub-task of the long-horizon evaluation

ROTATE_ANGLE: Final = math.radians(60)  # about z, strictly more
ROTATE_TILT: Final = math.radians(30)  # about x and y, strictly less
ROTATE_DRIFT: Final = 0.1  # at most
PUSH_DISTANCE: Final = 0.1  # these and the following: strictly more
SLIDER_DISTANCE: Final = 0.15
DRAWER_DISTANCE: Final = 0.12
LIFT_HEIGHTS: Final = {"table": 0.05, "slider": 0.03, "drawer": 0.05}
LIFT_LINKS: Final = {"table": "base_link", "slider": "plank_link", "drawer": "drawer_link"}
STACK_MAX_VELOCITY: Final = 1.0  # m/s and rad/s, per component, strictly less

# Distances beyond which contacts are impossible, so that nobody has to ask for them. The largest
# block has a circumscribed radius of 4.9 cm, the top of the drawer is at 0.405 m, and bullet keeps
# contact points up to 2 cm apart.
BLOCKS_APART: Final = 0.15
ABOVE_DRAWER: Final = 0.48  # height of a block's centre, however it is turned
FLAT_ABOVE_DRAWER: Final = 0.45  # the same for a block that lies flat
FLAT_TILT: Final = 1e-3  # 1 - cosine of the angle between its z axis and the vertical
# Quaternions with a larger inner product are less than 30 degrees apart, which is too little to
# be 60 degrees about z with a tilt below 30.
HARDLY_ROTATED: Final = math.cos(math.radians(15))
