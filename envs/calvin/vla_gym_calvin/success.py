"""The 34 success conditions, as pure predicates over two states.

``start`` is the state when the sub-task began, ``end`` the present one. Every predicate tests what
is cheap first (lights, doors, positions): contacts are looked up only when nothing else rules the
task out, and the mapping that ``World`` passes asks the simulator only then. Distances are
strict: exactly 10 cm is not pushed.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple, TypeVar

from vla_gym.errors import UnknownNameError
from vla_gym_calvin import facts

Value = TypeVar("Value")


class Contact(NamedTuple):
    """What something touches: ``"robot"``, ``"table"``, ``"plane"`` or a colour, and which link."""

    body: str
    link: str


Contacts = frozenset[Contact]
Velocity = tuple[Sequence[float], Sequence[float]]  # linear (m/s), angular (rad/s)


class Lazy(dict[str, Value]):
    """A mapping that computes a value when it is first looked up."""

    def __init__(self, compute: Callable[[str], Value]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: str) -> Value:
        """Compute and keep the value."""
        value = self[key] = self._compute(key)
        return value


class BlockState(NamedTuple):
    """Pose of a block: xyz (m, world) and quaternion xyzw."""

    position: Sequence[float]
    orientation: Sequence[float]


@dataclass(frozen=True)
class TaskState:
    """What the conditions look at.

    Attributes:
        slide: Position of the sliding door, m.
        drawer: Position of the drawer, m.
        lightbulb: Whether it is on.
        led: Whether it is on.
        blocks: Poses by colour, in the order of the scene.
        contacts: What ``"robot"`` and the blocks touch; the robot's own links do not count.
        velocity: Linear and angular velocity of the blocks.
    """

    slide: float
    drawer: float
    lightbulb: bool
    led: bool
    blocks: Mapping[str, BlockState]
    contacts: Mapping[str, Contacts]
    velocity: Mapping[str, Velocity]

    def freeze(self) -> TaskState:
        """Return the state with everything looked up, so that it may outlive the next step."""
        return replace(
            self,
            contacts={name: self.contacts[name] for name in ("robot", *self.blocks)},
            velocity={color: self.velocity[color] for color in self.blocks},
        )

    def touched(self, name: str) -> set[str]:
        """Return the bodies that something touches."""
        return {contact.body for contact in self.contacts[name]}

    # What a start state rules out is worked out once and not at every step.

    @cached_property
    def held(self) -> str | None:
        """The block that is all the robot touches, and that touches nothing else."""
        touched = self.touched("robot")
        if len(touched) != 1:
            return None
        (held,) = touched
        return held if held in self.blocks and self.touched(held) == {"robot"} else None

    @cached_property
    def apart(self) -> tuple[str, ...]:
        """The blocks that touch no other block."""
        return tuple(c for c in self.blocks if not self.touched(c) & self.blocks.keys())

    @cached_property
    def stacked(self) -> tuple[str, ...]:
        """The blocks that touch nothing but blocks, at rest."""
        return tuple(c for c in self.blocks if self.touches_only_blocks(c) and self.is_slow(c))

    @cached_property
    def on_table(self) -> tuple[str, ...]:
        """The blocks that touch nothing but the table's top or walls."""
        base = {Contact("table", "base_link")}
        return tuple(c for c in self.blocks if self.contacts[c] == base)

    def touches_only_blocks(self, color: str) -> bool:
        """Return whether a block touches one or two blocks, and nothing else."""
        touched = self.touched(color)
        return bool(touched) and touched <= self.blocks.keys()

    def is_slow(self, color: str) -> bool:
        """Return whether a block hardly moves or turns."""
        speeds = map(abs, itertools.chain(*self.velocity[color]))
        return max(speeds) < facts.STACK_MAX_VELOCITY


Condition = Callable[[TaskState, TaskState], bool]


def fulfilled(start: TaskState, end: TaskState) -> list[str]:
    """Return the tasks fulfilled between two states, sorted by name."""
    return [task for task, condition in _SORTED_CONDITIONS if condition(start, end)]


def is_fulfilled(task: str, start: TaskState, end: TaskState) -> bool:
    """Return whether a task is fulfilled between two states."""
    return CONDITIONS[task](start, end)


def check_task(task: str) -> str:
    """Return ``task`` if there is such a task, else raise with near matches."""
    if task not in CONDITIONS:
        raise UnknownNameError("CALVIN task", task, CONDITIONS)
    return task


# --- Doors and lights --------------------------------------------------------------------


def _slid(start: TaskState, end: TaskState, *, sign: int) -> bool:
    return (end.slide - start.slide) * sign > facts.SLIDER_DISTANCE


def _drawn(start: TaskState, end: TaskState, *, sign: int) -> bool:
    return (end.drawer - start.drawer) * sign > facts.DRAWER_DISTANCE


def _lightbulb_turned(start: TaskState, end: TaskState, *, on: bool) -> bool:
    return end.lightbulb is on and start.lightbulb is not on


def _led_turned(start: TaskState, end: TaskState, *, on: bool) -> bool:
    return end.led is on and start.led is not on


# --- Moving one block --------------------------------------------------------------------


def _rotated(start: TaskState, end: TaskState, *, color: str, sign: int) -> bool:
    """Turned far enough about the vertical, hardly tilted or moved, and not held in the air."""
    before, after = start.blocks[color], end.blocks[color]
    cosine = sum(map(operator.mul, before.orientation, after.orientation))
    if abs(cosine) > facts.HARDLY_ROTATED:
        return False
    roll, pitch, yaw = _rotation_between(before.orientation, after.orientation)
    return (
        yaw * sign > facts.ROTATE_ANGLE
        and abs(roll) < facts.ROTATE_TILT
        and abs(pitch) < facts.ROTATE_TILT
        and math.dist(before.position, after.position) <= facts.ROTATE_DRIFT
        and bool(end.touched(color) - {"robot"})
    )


def _pushed(start: TaskState, end: TaskState, *, color: str, sign: int) -> bool:
    """Moved sideways while it kept touching what it lay on."""
    distance = end.blocks[color].position[0] - start.blocks[color].position[0]
    if distance * sign <= facts.PUSH_DISTANCE:
        return False
    before, after = _without_robot(start.contacts[color]), _without_robot(end.contacts[color])
    return bool(before) and before <= after


def _lifted(start: TaskState, end: TaskState, *, color: str, place: str) -> bool:
    """Higher than before, touched by the robot alone, and once in contact with the surface."""
    height = end.blocks[color].position[2] - start.blocks[color].position[2]
    return (
        height > facts.LIFT_HEIGHTS[place]
        and Contact("table", facts.LIFT_LINKS[place]) in start.contacts[color]
        and end.touched(color) == {"robot"}
    )


# --- Several blocks or places ------------------------------------------------------------


def _placed(start: TaskState, end: TaskState, *, link: str) -> bool:
    """The block that the robot alone held at the start lies on the surface, released."""
    if start.held is None:
        return False
    contacts = end.contacts[start.held]
    return Contact("table", link) in contacts and "robot" not in end.touched(start.held)


def _stacked(start: TaskState, end: TaskState) -> bool:
    """A block that touched no other block touches nothing but blocks, and is at rest."""
    return any(
        _is_near_another(color, end) and end.touches_only_blocks(color) and end.is_slow(color)
        for color in start.apart
    )


def _unstacked(start: TaskState, end: TaskState) -> bool:
    """A block that touched nothing but blocks, at rest, touches no block."""
    return any(not end.touched(color) & end.blocks.keys() for color in start.stacked)


def _pushed_into_drawer(start: TaskState, end: TaskState) -> bool:
    """A block that lay on the table alone touches the drawer, and the robot does not hold it."""
    return any(
        not _is_above_drawer(end.blocks[color])
        and Contact("table", "drawer_link") in end.contacts[color]
        and "robot" not in end.touched(color)
        for color in start.on_table
    )


# --- Helpers -----------------------------------------------------------------------------


def _rotation_between(
    before: Sequence[float], after: Sequence[float]
) -> tuple[float, float, float]:
    """Return Euler angles xyz (rad, world axes) of the rotation from one quaternion to another."""
    x1, y1, z1, w1 = after
    x2, y2, z2, w2 = before
    w = w1 * w2 + x1 * x2 + y1 * y2 + z1 * z2
    x = x1 * w2 - w1 * x2 - y1 * z2 + z1 * y2
    y = y1 * w2 - w1 * y2 - z1 * x2 + x1 * z2
    z = z1 * w2 - w1 * z2 - x1 * y2 + y1 * x2
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
    yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return roll, pitch, yaw


def _without_robot(contacts: Iterable[Contact]) -> set[Contact]:
    return {contact for contact in contacts if contact.body != "robot"}


def _is_near_another(color: str, state: TaskState) -> bool:
    """Return False only where blocks are so far apart that they cannot touch."""
    here = state.blocks[color].position
    return any(
        math.dist(here, other.position) < facts.BLOCKS_APART
        for name, other in state.blocks.items()
        if name != color
    )


def _is_above_drawer(block: BlockState) -> bool:
    """Return True only where the block is so high that it cannot touch the drawer."""
    x, y, _, _ = block.orientation
    height = block.position[2]
    flat = 2 * (x * x + y * y) < facts.FLAT_TILT
    return height > (facts.FLAT_ABOVE_DRAWER if flat else facts.ABOVE_DRAWER)


CONDITIONS: dict[str, Condition] = {
    "move_slider_left": partial(_slid, sign=1),
    "move_slider_right": partial(_slid, sign=-1),
    "open_drawer": partial(_drawn, sign=1),
    "close_drawer": partial(_drawn, sign=-1),
    "turn_on_lightbulb": partial(_lightbulb_turned, on=True),
    "turn_off_lightbulb": partial(_lightbulb_turned, on=False),
    "turn_on_led": partial(_led_turned, on=True),
    "turn_off_led": partial(_led_turned, on=False),
    "place_in_slider": partial(_placed, link="plank_link"),
    "place_in_drawer": partial(_placed, link="drawer_link"),
    "stack_block": _stacked,
    "unstack_block": _unstacked,
    "push_into_drawer": _pushed_into_drawer,
}
for _color in facts.COLORS:
    for _side, _rotation, _shift in (("right", -1, 1), ("left", 1, -1)):
        CONDITIONS[f"rotate_{_color}_block_{_side}"] = partial(
            _rotated, color=_color, sign=_rotation
        )
        CONDITIONS[f"push_{_color}_block_{_side}"] = partial(_pushed, color=_color, sign=_shift)
    for _place in facts.LIFT_LINKS:
        CONDITIONS[f"lift_{_color}_block_{_place}"] = partial(_lifted, color=_color, place=_place)

_SORTED_CONDITIONS = sorted(CONDITIONS.items())
