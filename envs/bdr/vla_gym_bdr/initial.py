"""The five settings: what each changes of a task, from fixed inventories.

The paper names the settings and shows a few of their objects, cloths and words; the inventories
beyond those are our facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym_bdr.objects.textures import CLOTHS
from vla_gym_bdr.tasks.layout import Placed, lay_out
from vla_gym_bdr.tasks.model import Goal, Put, Task

SETTINGS = (
    "simple",
    "unseen-distractor",
    "unseen-background",
    "unseen-object",
    "novel-skill",
)
UNSEEN = (
    "yellow_bottle",  # seen in the paper's figures, with the next three
    "white_bottle",
    "banana",
    "toy_tiger",
    "yellow_block",
    "white_cup",
    "rubber_duck",
    "toy_car",
    "ketchup",
)
"""Objects that no demonstration has: distractors, and what Unseen Object asks for."""
CLUTTER = (
    "tomato",
    "lemon",
    "carrot",
    "onion",
    "corn",
    "bell_pepper",
    "green_apple",
    "bread",
    "cheese",
    "soup",
    "milk",
    "blue_mug",
    "sponge",
)
"""Objects that lie about in demonstrations too."""
STRANGERS = 3
"""Unseen objects that lie about in Unseen Distractor."""
SYNONYMS = {
    "pick up": ("take", "grab", "lift"),
    "put": ("place", "set down", "lay"),
    "pour": ("sprinkle", "shake", "scatter"),
    "press": ("hit", "push", "tap"),
    "open": ("unlock", "pull open", "unclose"),
    "close": ("shut", "push shut", "seal"),
}
"""Three for each verb, as in the paper (there: take, grab, lift, sprinkle, hit, unlock)."""

_CLOTH = 4  # stream of random numbers


@dataclass(frozen=True)
class InitialState:
    """Where an episode begins.

    Attributes:
        instruction: What the policy is told.
        goal: When it is done.
        placed: Where everything is.
        cloth: Name of the table cloth, ``""`` for the bare table.
    """

    instruction: str
    goal: Goal
    placed: tuple[Placed, ...]
    cloth: str = ""


def check_setting(setting: str, task: Task) -> str:
    """Return a setting that a task can be in.

    Raises:
        UnknownNameError: For another name.
        OptionError: When the task has no such setting.
    """
    if setting not in SETTINGS:
        raise UnknownNameError("setting", setting, SETTINGS)
    if setting == "unseen-object" and task.unseen is None:
        raise OptionError(f"setting='unseen-object': {task.name} has no unseen object.")
    if setting == "novel-skill":
        synonyms(task)
    return setting


def initial_state(task: Task, setting: str, seed: int) -> InitialState:
    """Return where an episode begins, a function of its arguments."""
    shown = _with_unseen(task) if setting == "unseen-object" else task
    strangers = STRANGERS if setting == "unseen-distractor" else 0
    placed = lay_out(shown, seed, clutter=CLUTTER, unseen=strangers, strangers=UNSEEN)
    cloth = ""
    if setting == "unseen-background":
        cloth = CLOTHS[int(np.random.default_rng([seed, _CLOTH]).integers(len(CLOTHS)))]
    return InitialState(instruction(task, setting, seed), shown.goal, placed, cloth)


def instruction(task: Task, setting: str, seed: int) -> str:
    """Return what a policy is told."""
    if setting == "unseen-object" and task.unseen is not None:
        return task.unseen.instruction
    if setting == "novel-skill":
        known = synonyms(task)
        return f"{known[seed % len(known)]}{task.instruction[len(_verb(task)) :]}"
    return task.instruction


def synonyms(task: Task) -> tuple[str, ...]:
    """Return other words for the verb of a task's instruction.

    Raises:
        OptionError: When its verb has none.
    """
    if task.synonyms:
        return task.synonyms
    verb = _verb(task)
    if verb not in SYNONYMS:
        raise OptionError(
            f"setting='novel-skill': the instruction {task.instruction!r} of {task.name} begins "
            f"with none of {', '.join(SYNONYMS)}; give the task 'synonyms'."
        )
    return SYNONYMS[verb]


def _verb(task: Task) -> str:
    """Return the verb an instruction begins with (its first word if it is not a known one)."""
    known = (verb for verb in SYNONYMS if task.instruction.startswith(f"{verb} "))
    return next(known, task.instruction.split(" ", maxsplit=1)[0])


def _with_unseen(task: Task) -> Task:
    """Return the task with the unseen object in place of the goal's."""
    assert task.unseen is not None
    old, new = task.goal.subject, task.unseen.object
    scene = {new if name == old else name: spot for name, spot in task.scene.items()}
    fields: dict[str, Any] = {task.goal.verb: new}
    if task.goal.target is not None:
        fields = {task.goal.verb: Put(object=new, upon=task.goal.target)}
    return task.model_copy(update={"scene": scene, "goal": Goal(**fields)})
