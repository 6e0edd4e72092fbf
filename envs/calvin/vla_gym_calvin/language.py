"""What the policy is told: one sentence a task.

Published numbers use the official validation sentences, which are not ours to ship; they are read
from the asset store. Without them the sentences below are used: our own wording, one a task, so
that everything runs right after installation. Which set was used is part of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import yaml

from vla_gym.assets import asset_root
from vla_gym.errors import AssetError, OptionError, UnknownNameError
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


class InstructionSet(NamedTuple):
    """A name that goes into the protocol, and one sentence for each of the 34 tasks."""

    name: str
    sentences: Mapping[str, str]


def _own_sentences() -> dict[str, str]:
    colored = {
        name.format(color=color): sentence.format(color=color)
        for name, sentence in _BLOCK_SENTENCES.items()
        for color in COLORS
    }
    return {task: {**colored, **_SCENE_SENTENCES}[task] for task in TASKS}


OWN = InstructionSet("vla_gym-1", MappingProxyType(_own_sentences()))


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
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return MappingProxyType({task: str(content[task][0]) for task in TASKS})
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError) as error:
        raise AssetError(
            f"{path} does not hold a sentence for each of the {len(TASKS)} tasks "
            f"({type(error).__name__}: {error}). Fix: `vla-gym assets fetch calvin`."
        ) from error
