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

from vla_gym.suites import EpisodeSpec, Protocol, PublishedRow, SubTask, Suite
from vla_gym_calvin import published
from vla_gym_calvin.facts import MAX_STEPS
from vla_gym_calvin.initial_states import EVALUATION_SCENE, initial_state
from vla_gym_calvin.language import instruction_set
from vla_gym_calvin.rendering import choose
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.sequences import CHAIN_LENGTH, SEQUENCE_COUNT, EvalSequence, eval_sequences


def long_horizon(
    name: str,
    *,
    env_id: str = "CALVIN-D-D-v0",
    scene: str = EVALUATION_SCENE,
    assets: str = "auto",
    renderer: str = "auto",
    visuals: str = "auto",
    button_reset: str = "pinned",
    language: str = "auto",
    chains: int = SEQUENCE_COUNT,
    length: int = CHAIN_LENGTH,
    max_steps: int = MAX_STEPS,
    published_rows: tuple[PublishedRow, ...] = (),
) -> Suite:
    """Return a suite of chains; whatever is ``"auto"`` is resolved for this machine and recorded.

    Args:
        name: The suite is ``calvin/NAME``.
        env_id: Gymnasium id of the environment.
        scene: ``"A"`` to ``"D"``; the benchmark is scene D.
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        renderer: ``"gl"``, ``"tiny"``, ``"egl"`` or ``"auto"``.
        visuals: ``"exact"``, ``"fast"``, ``"low"`` or ``"auto"``; see ``docs/rendering.md``.
        button_reset: ``"pinned"`` (the version published numbers use) or ``"main"``.
        language: ``"official"`` sentences, our ``"own"``, or ``"auto"``.
        chains: How many of the 1000 chains.
        length: How many sub-tasks of each.
        max_steps: Step limit of a sub-task.
        published_rows: Numbers of others that were measured this way.
    """
    renderer, visuals = choose(renderer, visuals)
    env_kwargs = {
        "scene": scene,
        "assets": scene_assets(scene, assets).kind,
        "renderer": renderer,
        "visuals": visuals,
        "button_reset": button_reset,
        "language": language,
        "max_steps": max_steps,
    }
    instructions = instruction_set(language)
    subtasks = {
        task: SubTask(name=task, instruction=sentence, max_steps=max_steps)
        for task, sentence in instructions.sentences.items()
    }
    build = partial(
        _episode, env_id=env_id, env_kwargs=env_kwargs, subtasks=subtasks, length=length
    )
    episodes = tuple(build(i, sequence) for i, sequence in enumerate(eval_sequences()[:chains]))
    return Suite(
        name=f"calvin/{name}",
        episodes=episodes,
        protocol=_protocol(env_kwargs, instructions.name),
        table="chain",
        published=published_rows,
        description=f"{len(episodes)} chains of {length} sub-tasks in CALVIN's scene {scene}",
    )


d_d = partial(long_horizon, "D-D", env_id="CALVIN-D-D-v0")
abc_d = partial(long_horizon, "ABC-D", env_id="CALVIN-ABC-D-v0", published_rows=published.ABC)
abcd_d = partial(long_horizon, "ABCD-D", env_id="CALVIN-ABCD-D-v0", published_rows=published.ABCD)
smoke = partial(long_horizon, "smoke", chains=4, length=2, max_steps=150)


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
