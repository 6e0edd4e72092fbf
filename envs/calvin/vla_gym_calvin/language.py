"""What the policy is told: one sentence per task.

Published numbers use the official validation sentences, which are not ours to ship; they are read
from the asset store. Without them the sentences below are used: our own wording, one a task, so
that everything runs right after installation. Which set was used is part of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from vla_gym.assets import asset_root
from vla_gym.errors import AssetError, OptionError, UnknownNameError
from vla_gym.yaml_file import read_yaml
from vla_gym_calvin.facts import COLORS, TASKS

MODES = ("auto", "official", "own")
OFFICIAL_FILE = "calvin/calvin_models/conf/annotations/new_playtable_validation.yaml"

_BLOCK_SENTENCES = {
    "rotate_{color}_block_right": "turn the {color} block clockwise, towards the right",
    "rotate_{color}_block_left": "turn the {color} block anticlockwise, towards the left",
    "push_{color}_block_right": "shove the {color} block over to the right",
    "push_{color}_block_left": "shove the {color} block over to the left",
    "lift_{color}_block_table": "pick the {color} block up from the table",
    "lift_{color}_block_slider": "pick the {color} block up from the shelf behind the sliding door",
    "lift_{color}_block_drawer": "pick the {color} block up out of the open drawer",
}
_SCENE_SENTENCES = {
    "move_slider_left": "move the sliding door over to the left",
    "move_slider_right": "move the sliding door over to the right",
    "open_drawer": "pull the drawer open by its handle",
    "close_drawer": "push the drawer shut",
    "place_in_slider": "put the block you are holding on the shelf behind the sliding door",
    "place_in_drawer": "put the block you are holding into the drawer",
    "push_into_drawer": "shove the block off the edge so that it drops into the drawer",
    "stack_block": "set the block you are holding on top of another block",
    "unstack_block": "take the upper block off the lower one",
    "turn_on_lightbulb": "flip the switch so that the bulb lights up",
    "turn_off_lightbulb": "flip the switch so that the bulb goes dark",
    "turn_on_led": "press the button so that the green light comes on",
    "turn_off_led": "press the button so that the green light goes out",
}
_BLOCK_PARAPHRASES = {
    "rotate_{color}_block_right": (
        "rotate the {color} block to the right",
        "spin the {color} block clockwise",
        "take the {color} block and twist it right",
    ),
    "rotate_{color}_block_left": (
        "rotate the {color} block to the left",
        "spin the {color} block counterclockwise",
        "take the {color} block and twist it left",
    ),
    "push_{color}_block_right": (
        "push the {color} block to the right",
        "slide the {color} block rightwards",
        "move the {color} block right by pushing it",
    ),
    "push_{color}_block_left": (
        "push the {color} block to the left",
        "slide the {color} block leftwards",
        "move the {color} block left by pushing it",
    ),
    "lift_{color}_block_table": (
        "lift the {color} block off the table",
        "grasp the {color} block that lies on the table and raise it",
        "take the {color} block from the table",
    ),
    "lift_{color}_block_slider": (
        "lift the {color} block out of the slider",
        "grasp the {color} block on the shelf and raise it",
        "take the {color} block from the sliding cabinet",
    ),
    "lift_{color}_block_drawer": (
        "lift the {color} block from the drawer",
        "grasp the {color} block that lies in the drawer and raise it",
        "take the {color} block out of the drawer",
    ),
}
_SCENE_PARAPHRASES = {
    "move_slider_left": ("slide the door to the left", "push the cabinet door leftwards"),
    "move_slider_right": ("slide the door to the right", "push the cabinet door rightwards"),
    "open_drawer": ("open the drawer", "grab the drawer handle and pull it out"),
    "close_drawer": ("close the drawer", "slide the drawer back in"),
    "place_in_slider": ("place the grasped block in the slider", "store the block in the cabinet"),
    "place_in_drawer": ("place the grasped block in the drawer", "drop the block into the drawer"),
    "push_into_drawer": ("push the block into the drawer", "slide the block until it falls in"),
    "stack_block": ("stack the grasped block on another one", "place the block on the other block"),
    "unstack_block": ("remove the top block from the tower", "take the stacked blocks apart"),
    "turn_on_lightbulb": ("turn on the yellow light bulb", "use the switch to light the bulb"),
    "turn_off_lightbulb": ("turn off the yellow light bulb", "use the switch to darken the bulb"),
    "turn_on_led": ("turn on the green led", "push the button to light the green lamp"),
    "turn_off_led": ("turn off the green led", "push the button to darken the green lamp"),
}
"""Further wordings, ours too, that demonstrations are described with."""


class InstructionSet(NamedTuple):
    """A name that goes into the protocol, and one sentence for each of the 34 tasks."""

    name: str
    sentences: Mapping[str, str]


def _own_sentences() -> dict[str, tuple[str, ...]]:
    """Return all our sentences for each task, that of the evaluation first."""
    colored = {
        name.format(color=color): tuple(
            text.format(color=color) for text in (sentence, *_BLOCK_PARAPHRASES[name])
        )
        for name, sentence in _BLOCK_SENTENCES.items()
        for color in COLORS
    }
    others = {task: (text, *_SCENE_PARAPHRASES[task]) for task, text in _SCENE_SENTENCES.items()}
    return {task: {**colored, **others}[task] for task in TASKS}


OWN = InstructionSet(
    "vla_gym-1", MappingProxyType({task: texts[0] for task, texts in _own_sentences().items()})
)


def instruction_set(mode: str = "auto") -> InstructionSet:
    """Return the sentences of a mode.

    Args:
        mode: ``"official"`` (the validation sentences in the asset store), ``"own"``, or
            ``"auto"``: official where the file is present.

    Raises:
        AssetError: ``"official"``, but the file is absent or does not hold all tasks.
        OptionError: An unknown mode.
    """
    if mode not in MODES:
        raise OptionError(f"language={mode!r}: expected one of {', '.join(MODES)}.")
    path = asset_root() / OFFICIAL_FILE
    if mode == "own" or (mode == "auto" and not path.is_file()):
        return OWN
    return InstructionSet("calvin-validation", _read(path))


def training_sentences() -> Mapping[str, tuple[str, ...]]:
    """Return what demonstrations of each task are described with: all our own sentences.

    The official validation sentences are not among them, so they stay unseen.
    """
    return _own_sentences()


def instruction(task: str, mode: str = "auto") -> str:
    """Return the sentence of a task.

    Raises:
        UnknownNameError: With near matches, when there is no such task.
    """
    if task not in TASKS:
        raise UnknownNameError("CALVIN task", task, TASKS)
    return instruction_set(mode).sentences[task]


def _read(path: Path) -> Mapping[str, str]:
    """Return the first sentence of each task of an official annotation file."""
    if not path.is_file():
        raise AssetError(
            f"The official validation sentences are not at {path}. "
            "Fix: `vla-gym assets fetch calvin`, or use language='own'."
        )
    try:
        content = read_yaml(path).data
        return MappingProxyType({task: str(content[task][0]) for task in TASKS})
    except (OptionError, LookupError, TypeError) as error:
        raise AssetError(
            f"{path} does not hold a sentence for each of the {len(TASKS)} tasks "
            f"({type(error).__name__}: {error}). Fix: `vla-gym assets fetch calvin`."
        ) from error
