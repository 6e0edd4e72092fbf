"""Every quantity of the twin that moves a number, with where it comes from.

The benchmark exists as a real robot and a data set; its sources name the devices and the settings
and hardly any number. What they give is marked "source"; everything else is our choice, with its
reason. World axes are the robot's base axes: x away from the robot, y to its left, z up; the table
top is at z = 0, where the base stands. Metres, radians, newtons, kilograms.
"""

from __future__ import annotations

from math import pi, radians, tan

# --- Time -------------------------------------------------------------------------------------

CONTROL_HZ = 10
"""Actions per second: what data sets of this kind are recorded at."""
STEP_HZ = 200
"""Simulation steps per second: grasps hold, and an action is a whole number of steps."""
STEPS = STEP_HZ // CONTROL_HZ
MAX_STEPS = 400
"""Step limit of a task that says nothing else: 40 s."""

# --- Actions ----------------------------------------------------------------------------------

METERS_PER_UNIT = 0.05
"""Gripper travel of an action of 1: Kinova's Cartesian speed limit of 0.5 m/s at 10 Hz."""
RADIANS_PER_UNIT = 0.12
"""Turn of an action of 1: the wrist joints' limit of 1.22 rad/s at 10 Hz."""
WORKSPACE_LOW = (0.18, -0.45, 0.018)
WORKSPACE_HIGH = (0.72, 0.45, 0.60)
"""Commanded gripper positions are kept in here: what the arm reaches, and never into the table."""
LEASH = 0.06
"""How far the commanded position may be ahead of the measured one, so that pushing against
something does not wind up."""
JOINT_STEP = 0.1396
"""Furthest that a joint goes in one action: the actuators' 1.396 rad/s. A command that needs more
is followed part of the way."""

# --- Arm: Kinova Gen3, 7 joints (source) ------------------------------------------------------

ARM = tuple(f"joint_{i}" for i in range(1, 8))
HAND = "tool"
"""The link that actions move: between the finger pads."""
TOOL_OFFSET = 0.145
"""From the gripper's flange to the tool link: among the pads, which reach from 0.103 to 0.149 m
when open and from 0.117 to 0.163 m when closed."""
HOME = (0.0, 0.2091, pi, -1.4697, 0.0, -1.4626, pi / 2)
"""Joint positions at reset: gripper down, see ``robot.home``."""
HOME_POSITION = (0.40, 0.0, 0.35)
"""Where the tool is at reset: above the objects, out of the static camera's way."""
ARM_STIFFNESS, ARM_DAMPING = 4000.0, 400.0
"""Stiff and critically damped: the real arm follows its Cartesian commands to millimetres."""
ARM_FORCE = (105.0, 105.0, 105.0, 105.0, 52.0, 52.0, 52.0)
"""Peak torques of the large and the small actuators."""

# --- Gripper: Robotiq 2F-85 (source) ----------------------------------------------------------

STROKE = 0.085
"""Opening between the pads (data sheet)."""
KNUCKLE_CLOSED = 0.8
"""Knuckle angle of the closed gripper (the description's joint limit)."""
GRIPPER_SPEED = 1.4
"""Knuckle speed, rad/s: 85 mm at the data sheet's 150 mm/s."""
GRIP_STIFFNESS, GRIP_DAMPING, GRIP_LEAD = 30.0, 1.0, 0.10
"""Knuckle drives (N m/rad, N m s/rad) and how far their targets are ahead (rad): 3 N m at a lever
of 0.1 m press with 30 N, a tenth of the data sheet's greatest force."""
LINK_STIFFNESS, LINK_DAMPING = 60.0, 1.0
"""The linkage that keeps the pads parallel, as drives that follow the knuckles."""
PAD_FRICTION = 1.5
"""Rubber."""
PAD_PATCH = 0.02
"""Radius of the pads' torsional friction: half a pad."""

# --- Cameras ----------------------------------------------------------------------------------

PICTURE = (224, 224)
"""Height and width: what the paper's backbones see."""
STATIC_FOV = radians(43.0)
"""Azure Kinect (source), its colour picture cut to a square around the work space."""
STATIC_EYE = (0.02, 0.64, 0.60)
STATIC_TARGET = (0.50, -0.03, 0.06)
"""At the robot's left shoulder, 1 m away, looking down 35 degrees: sees the fronts of oven and
drawer, which face the robot."""
WRIST_FOV = radians(58.0)
"""RealSense D435i (source): between the width (69) and the height (42 degrees) of its picture."""
WRIST_EYE = (0.0, -0.075, 0.045)
WRIST_TARGET = (0.0, 0.005, 0.17)
"""In the frame of the gripper's base: beside the gripper, the pads at the picture's edge."""

# --- Table and light --------------------------------------------------------------------------

AREA_X, AREA_Y = (0.37, 0.61), (-0.275, 0.275)
"""Where objects are laid out: 24 cm by 55 cm (the source's size of the table)."""
TABLE_X, TABLE_Y = (-0.25, 1.05), (-0.75, 0.75)
"""The table top around it: large enough that nothing that is dropped is lost."""
TABLE_FRICTION = 0.8
OBJECT_FRICTION = 0.7
OBJECT_DAMPING = 0.4
"""Linear and angular damping, 1/s: stands in for rolling friction, which engines do not have."""
DENSITY = 350.0
"""Of objects, kg/m^3: hulls are fuller than things are."""

# --- Layouts ----------------------------------------------------------------------------------

CLEARANCE = 0.03
"""Least distance between two things on the table: a finger and some."""
DRAWS = 400
"""Attempts to lay out a scene before it counts as impossible."""
SETTLE_STEPS = 100
"""Simulation steps for everything to come to rest before the robot is there."""

# --- Success (the real benchmark is judged by people) -----------------------------------------

LIFT = 0.05
"""Picked: held this far above where it was ..."""
HOLD_STEPS = 10
"""... for so many actions in a row (1 s); placed: released and still as long."""
STILL = 0.02
"""m/s below which something lies still."""
OPENED, CLOSED = 0.80, 0.10
"""Shares of a joint's range from which something is open, and up to which it is closed."""
PRESSED = 0.80
"""Share of the lever's way."""
POUR_TILT = radians(90.0)
"""Poured: tilted further than this, held, with its mouth above the target ..."""
POUR_STEPS = 10
"""... for so many actions."""
POUR_REACH = 0.08
"""Largest horizontal distance from the mouth to the middle of the target."""

# --- Failures ---------------------------------------------------------------------------------

NEAR = 0.06
"""Closing the fingers further than this from what is to be taken is premature."""
EMPTY = 0.10
"""Share of the stroke below which closed fingers hold nothing."""


def focal(fov: float, pixels: int) -> float:
    """Return the focal length (pixels) of a field of view (rad)."""
    return pixels / 2.0 / tan(fov / 2.0)
