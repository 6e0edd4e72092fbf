"""The 34 conditions on hand-made states: strict thresholds, contacts, and no needless look-ups."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from vla_gym_calvin.facts import TASKS
from vla_gym_calvin.success import (
    CONDITIONS,
    BlockState,
    Contact,
    Lazy,
    check_task,
    fulfilled,
)

from vla_gym.errors import UnknownNameError

ROBOT = Contact("robot", "9")
TABLE = Contact("table", "base_link")
PLANK = Contact("table", "plank_link")
DRAWER = Contact("table", "drawer_link")
RED, BLUE = Contact("red", "-1"), Contact("blue", "-1")


def at(x=0.0, y=0.0, z=0.46, *, yaw=0.0, roll=0.0):
    """A block at a place; ``yaw`` or ``roll`` in degrees."""
    angle = math.radians(yaw or roll) / 2
    axis = (0, 0, 1) if yaw else (1, 0, 0)
    return BlockState((x, y, z), (*(math.sin(angle) * a for a in axis), math.cos(angle)))


def touching(**contacts):
    return {name: frozenset(found) for name, found in contacts.items()}


def test_there_are_34_conditions_with_the_official_names():
    assert sorted(CONDITIONS) == sorted(TASKS)
    assert len(TASKS) == 34


def test_nothing_is_fulfilled_when_nothing_happened(make_state):
    assert fulfilled(make_state(), make_state()) == []


@pytest.mark.parametrize(
    ("task", "change", "enough", "too_little"),
    [
        ("move_slider_left", "slide", 0.1501, 0.15),
        ("open_drawer", "drawer", 0.1201, 0.12),
    ],
)
def test_doors_must_move_strictly_further(make_state, task, change, enough, too_little):
    opposite = {"move_slider_left": "move_slider_right", "open_drawer": "close_drawer"}[task]
    still = make_state()
    assert fulfilled(still, make_state(**{change: enough})) == [task]
    assert fulfilled(make_state(**{change: enough}), still) == [opposite]
    assert fulfilled(still, make_state(**{change: too_little})) == []


@pytest.mark.parametrize("light", ["lightbulb", "led"])
def test_lights(make_state, light):
    off, on = make_state(), make_state(**{light: True})
    assert fulfilled(off, on) == [f"turn_on_{light}"]
    assert fulfilled(on, off) == [f"turn_off_{light}"]
    assert fulfilled(on, on) == []


@pytest.mark.parametrize(("yaw", "side"), [(-61, "right"), (61, "left"), (179, "left")])
def test_rotating(make_state, yaw, side):
    turned = make_state(blocks={"blue": at(0.3, yaw=yaw)})
    assert fulfilled(make_state(), turned) == [f"rotate_blue_block_{side}"]


@pytest.mark.parametrize(
    "changes",
    [
        {"blocks": {"red": at(yaw=59.9)}},
        {"blocks": {"red": at(roll=70)}},
        {"blocks": {"red": at(y=0.11, yaw=70)}},
        {"blocks": {"red": at(yaw=70)}, "contacts": touching(red=[ROBOT])},
    ],
    ids=["too little", "tilted", "moved away", "held in the air"],
)
def test_not_a_rotation(make_state, changes):
    assert fulfilled(make_state(), make_state(**changes)) == []


def test_pushing(make_state):
    start = make_state()
    assert fulfilled(start, make_state(blocks={"red": at(0.101)})) == ["push_red_block_right"]
    assert fulfilled(start, make_state(blocks={"red": at(-0.101)})) == ["push_red_block_left"]
    assert fulfilled(start, make_state(blocks={"red": at(0.0999)})) == []


def test_a_push_keeps_touching_the_surface_and_may_touch_more(make_state):
    moved = {"red": at(0.2)}
    more = make_state(blocks=moved, contacts=touching(red=[TABLE, BLUE, ROBOT]))
    assert "push_red_block_right" in fulfilled(make_state(), more)
    lost = make_state(blocks=moved, contacts=touching(red=[PLANK, ROBOT]))
    assert "push_red_block_right" not in fulfilled(make_state(), lost)
    airborne = make_state(contacts=touching(red=[]))
    assert "push_red_block_right" not in fulfilled(airborne, more)


@pytest.mark.parametrize(
    ("place", "surface", "height"),
    [("table", TABLE, 0.051), ("slider", PLANK, 0.031), ("drawer", DRAWER, 0.051)],
)
def test_lifting(make_state, place, surface, height):
    start = make_state(contacts=touching(pink=[surface]))
    up = {"pink": at(0.6, z=0.46 + height)}
    held = make_state(blocks=up, contacts=touching(pink=[ROBOT], robot=[Contact("pink", "-1")]))
    assert fulfilled(start, held) == [f"lift_pink_block_{place}"]
    dragged = make_state(blocks=up, contacts=touching(pink=[ROBOT, surface]))
    assert fulfilled(start, dragged) == []


@pytest.mark.parametrize(
    ("link", "task"), [(PLANK, "place_in_slider"), (DRAWER, "place_in_drawer")]
)
def test_placing_what_was_held(make_state, link, task):
    held = make_state(contacts=touching(red=[ROBOT], robot=[RED]))
    placed = make_state(contacts=touching(red=[link]))
    assert fulfilled(held, placed) == [task]
    assert fulfilled(held, make_state(contacts=touching(red=[link, ROBOT], robot=[RED]))) == []
    pinched = make_state(contacts=touching(red=[ROBOT, TABLE], robot=[RED]))
    assert fulfilled(pinched, placed) == []


def test_stacking_and_unstacking(make_state):
    on_top = {"red": at(0.3, z=0.5), "blue": at(0.3)}
    stacked = make_state(blocks=on_top, contacts=touching(red=[BLUE], blue=[TABLE, RED]))
    assert "stack_block" in fulfilled(make_state(), stacked)
    assert "unstack_block" in fulfilled(stacked, make_state())
    falling = make_state(
        blocks=on_top,
        contacts=touching(red=[BLUE], blue=[TABLE, RED]),
        velocity={"red": ((0, 0, -1.0), (0, 0, 0))},
    )
    assert "stack_block" not in fulfilled(make_state(), falling)


def test_pushing_into_the_drawer(make_state):
    dropped = make_state(blocks={"red": at(z=0.36)}, contacts=touching(red=[DRAWER]))
    assert fulfilled(make_state(), dropped) == ["push_into_drawer"]
    from_shelf = make_state(contacts=touching(red=[PLANK]))
    assert fulfilled(from_shelf, dropped) == []


def test_contacts_are_not_looked_up_when_positions_rule_tasks_out(make_state):
    asked = []

    def ask(name):
        asked.append(name)
        return frozenset({TABLE})

    moved = {"red": at(0.05, z=0.465), "blue": at(0.3, 0.09, yaw=20)}
    fulfilled(make_state(), replace(make_state(blocks=moved), contacts=Lazy(ask)))
    assert asked == []


def test_a_frozen_state_outlives_the_simulator(make_state):
    lazy = replace(make_state(), contacts=Lazy(lambda name: frozenset({TABLE})))
    frozen = lazy.freeze()
    assert set(frozen.contacts) == {"robot", "red", "blue", "pink"}
    assert set(frozen.contacts.values()) == {frozenset({TABLE})}


def test_unknown_tasks_get_near_matches():
    with pytest.raises(UnknownNameError, match="open_drawer"):
        check_task("open_drawers")
