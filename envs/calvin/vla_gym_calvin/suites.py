"""CALVIN's long-horizon evaluation as suites: 1000 chains of five sub-tasks, scored as published.

The three official settings differ in what a policy was trained on, not in how it is tested: all
are evaluated in scene D. Another scene can be chosen; its chains start from the same symbolic
states, placed where that scene has room for them.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import partial
from typing import Any

from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, Protocol, SubTask, Suite
from vla_gym_calvin.facts import MAX_STEPS
from vla_gym_calvin.initial import EVALUATION_SCENE, initial_state
from vla_gym_calvin.language import instruction_set
from vla_gym_calvin.published import PUBLISHED
from vla_gym_calvin.rendering import choose
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.sequences import CHAIN_LENGTH, SEQUENCE_COUNT, EvalSequence, eval_sequences


class ChainOptions(Record):
    """What may be set of a suite of chains; ``"auto"`` is resolved for this machine and recorded.

    Attributes:
        scene: ``"A"`` to ``"D"``; the benchmark is scene D.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        renderer: ``"gl"``, ``"tiny"``, ``"egl"`` or ``"auto"``.
        visuals: ``"exact"``, ``"fast"``, ``"low"`` or ``"auto"``; see ``docs/rendering.md``.
        button_reset: ``"pinned"`` (the version published numbers use) or ``"main"``.
        language: ``"official"`` sentences, our ``"own"``, or ``"auto"``.
        chains: How many of the 1000 chains.
        length: How many sub-tasks of each.
        max_steps: Step limit of a sub-task.
    """

    scene: str = EVALUATION_SCENE
    assets: str = "auto"
    renderer: str = "auto"
    visuals: str = "auto"
    button_reset: str = "pinned"
    language: str = "auto"
    chains: int = SEQUENCE_COUNT
    length: int = CHAIN_LENGTH
    max_steps: int = MAX_STEPS


def long_horizon(
    options: ChainOptions, *, name: str, env_id: str = "CALVIN-D-D-v0", published: str = ""
) -> Suite:
    """Return a suite of chains.

    Args:
        options: What may be set.
        name: The suite is ``calvin/NAME``.
        env_id: Gymnasium id of the environment.
        published: Name of the numbers of others that were measured this way, if any.
    """
    env_kwargs = _env_kwargs(options)
    instructions = instruction_set(options.language)
    subtasks = {
        task: SubTask(name=task, instruction=sentence, max_steps=options.max_steps)
        for task, sentence in instructions.sentences.items()
    }
    build = partial(
        _episode, env_id=env_id, env_kwargs=env_kwargs, subtasks=subtasks, length=options.length
    )
    chosen = eval_sequences()[: options.chains]
    episodes = tuple(build(index, sequence) for index, sequence in enumerate(chosen))
    chains = f"{len(episodes)} chains of {options.length} sub-tasks"
    return Suite(
        name=f"calvin/{name}",
        episodes=episodes,
        protocol=_protocol(env_kwargs, instructions.name),
        table="chain",
        published=PUBLISHED[published] if published else (),
        description=f"{chains} in CALVIN's scene {options.scene}",
    )


def _env_kwargs(options: ChainOptions) -> dict[str, Any]:
    renderer, visuals = choose(options.renderer, options.visuals)
    return {
        "scene": options.scene,
        "assets": scene_assets(options.scene, options.assets).kind,
        "renderer": renderer,
        "visuals": visuals,
        "button_reset": options.button_reset,
        "language": options.language,
        "max_steps": options.max_steps,
    }


def _episode(
    index: int,
    sequence: EvalSequence,
    *,
    env_id: str,
    env_kwargs: Mapping[str, Any],
    subtasks: Mapping[str, SubTask],
    length: int,
) -> EpisodeSpec:
    start = initial_state(sequence.initial, scene=env_kwargs["scene"])
    return EpisodeSpec(
        env_id=env_id,
        env_kwargs=env_kwargs,
        seed=index,
        options={"robot_obs": start.robot_obs, "scene_obs": start.scene_obs},
        subtasks=tuple(subtasks[task] for task in sequence.tasks[:length]),
    )


def _protocol(env_kwargs: Mapping[str, Any], instructions: str) -> Protocol:
    settings = {
        **env_kwargs,
        "language": instructions,
        "sequences": "calvin-1000",
        "initial_states": "fnv1_32 from 0 over utf-16-le",
        "engine": f"pybullet {importlib.metadata.version('pybullet')}",
    }
    return Protocol(success="first", settings=settings)
