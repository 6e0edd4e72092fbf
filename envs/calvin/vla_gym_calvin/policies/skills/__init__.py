"""One skill a task: what the scripted expert does, from any state of the scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from vla_gym_calvin.facts import COLORS
from vla_gym_calvin.policies.arm import Arm, Motion
from vla_gym_calvin.policies.skills.doors import close_drawer, move_slider, open_drawer
from vla_gym_calvin.policies.skills.lifting import lift, unstack
from vla_gym_calvin.policies.skills.lights import press_button, switch_bulb
from vla_gym_calvin.policies.skills.placing import place_in_drawer, place_in_slider, stack
from vla_gym_calvin.policies.skills.shifting import push, push_into_drawer, rotate

Skill = Callable[[Arm], Motion]

HOLDING = ("place_in_slider", "place_in_drawer", "stack_block")  # they begin with a block in hand


def _skills() -> Mapping[str, Skill]:
    skills: dict[str, Skill] = {
        "move_slider_left": partial(move_slider, side="left"),
        "move_slider_right": partial(move_slider, side="right"),
        "open_drawer": open_drawer,
        "close_drawer": close_drawer,
        "place_in_slider": place_in_slider,
        "place_in_drawer": place_in_drawer,
        "stack_block": stack,
        "unstack_block": unstack,
        "turn_on_lightbulb": partial(switch_bulb, on=True),
        "turn_off_lightbulb": partial(switch_bulb, on=False),
        "turn_on_led": partial(press_button, on=True),
        "turn_off_led": partial(press_button, on=False),
        "push_into_drawer": push_into_drawer,
    }
    for color in COLORS:
        for side, sign in (("right", 1), ("left", -1)):
            skills[f"rotate_{color}_block_{side}"] = partial(rotate, color=color, sign=-sign)
            skills[f"push_{color}_block_{side}"] = partial(push, color=color, sign=sign)
        for place in ("table", "slider", "drawer"):
            skills[f"lift_{color}_block_{place}"] = partial(lift, color=color)
    return skills


SKILLS = _skills()
