"""Chains to collect demonstrations on: other ones than those of the evaluation.

What decides how well a small policy does in chains is where its demonstrations begin, so most
sub-tasks here begin where another one ended, all tasks are asked for often enough, the blocks lie
a little beside the places of the evaluation, and the arm begins in many poses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from vla_gym.errors import OptionError, UnknownNameError
from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, SubTask, Suite
from vla_gym_calvin.facts import TASKS
from vla_gym_calvin.initial import EVALUATION_SCENE, InitialState, initial_state
from vla_gym_calvin.language import training_sentences
from vla_gym_calvin.sequences import (
    EvalSequence,
    InitialCondition,
    eval_sequences,
    initial_conditions,
    successor,
)
from vla_gym_calvin.suites import ChainOptions, long_horizon

BLOCK_SHIFT = np.array([0.03, 0.02])
"""Largest displacement of a block along x and y, m (training.md: what a trial used)."""
SHELF_SHIFT = np.array([0.02, 0.005])
"""Likewise on the shelf, which is narrow."""
BLOCK_TURN = 0.6
"""Largest turn of a block, rad."""
QUICK = ("open_drawer", "turn_on_led", "move_slider_left")
"""Tasks that a small policy learns from a few demonstrations."""
_DRAWS = 1000
"""Beginnings that are tried for one chain."""
JOINT_SHIFT = 0.12
"""Largest displacement of an arm joint in every second episode, rad: some 10 cm of the hand."""


class QuickOptions(Record):
    """What may be set of single sub-tasks.

    Attributes:
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        renderer: ``"gl"``, ``"tiny"``, ``"egl"`` or ``"auto"``.
        visuals: ``"exact"``, ``"fast"``, ``"low"`` or ``"auto"``.
        chains: How many.
        max_steps: Step limit of a sub-task.
        seed: Other seeds give other beginnings.
    """

    assets: str = "auto"
    renderer: str = "auto"
    visuals: str = "auto"
    chains: int = 60
    max_steps: int = 360
    seed: int = 0


class DemonstrationOptions(QuickOptions):
    """What may be set of chains, as well.

    Attributes:
        scene: ``"A"`` to ``"D"``.
        language: ``"official"`` sentences, our ``"own"``, or ``"auto"``.
        chains: How many.
        length: Sub-tasks of each.
        tasks: Only these.
    """

    scene: str = EVALUATION_SCENE
    language: str = "auto"
    chains: int = 400
    length: int = 5
    tasks: tuple[str, ...] | str | None = None


def demonstrations(options: DemonstrationOptions) -> Suite:
    """Return chains for an expert to demonstrate.

    Raises:
        OptionError: Tasks that are none, or that do not make chains of this length.
    """
    shared = options.model_dump(include={"scene", "assets", "renderer", "visuals", "language"})
    pattern = ChainOptions(**shared, max_steps=options.max_steps, chains=1)
    like = long_horizon(pattern, name="demonstrations")  # environment and protocol
    shares, sentences = _shares_of(options.tasks), training_sentences()
    draw = np.random.default_rng(options.seed)
    count: Counter[str] = Counter()
    episodes = tuple(
        _episode(
            like.episodes[0], _chain(draw, count, shares, options.length), sentences, draw, index
        )
        for index in range(options.chains)
    )
    sequences = f"demonstrations, seed {options.seed}"
    settings = {**like.protocol.settings, "sequences": sequences}
    chains = f"{options.chains} chains of {options.length} sub-tasks"
    return Suite(
        name="calvin/demonstrations",
        episodes=episodes,
        protocol=like.protocol.model_copy(update={"settings": settings}),
        table="chain",
        description=f"{chains} for demonstrations, scene {options.scene}",
    )


def quick(options: QuickOptions) -> Suite:
    """Return single sub-tasks of three kinds, for a training that takes minutes."""
    suite = demonstrations(DemonstrationOptions(**options.model_dump(), length=1, tasks=QUICK))
    description = f"{options.chains} single sub-tasks of three kinds: {', '.join(QUICK)}"
    return suite.model_copy(update={"name": "calvin/quick", "description": description})


def task_shares() -> dict[str, float]:
    """Return how often each task is wanted: half as in the evaluation, half all alike."""
    official = Counter(task for sequence in eval_sequences() for task in sequence.tasks)
    return {task: 0.5 * official[task] / official.total() + 0.5 / len(TASKS) for task in TASKS}


def _shares_of(tasks: Sequence[str] | str | None) -> dict[str, float]:
    shares = task_shares()
    wanted = list(shares) if tasks is None else [tasks] if isinstance(tasks, str) else list(tasks)
    for task in wanted:
        if task not in shares:
            raise UnknownNameError("task", task, list(shares))
    return {task: shares[task] for task in shares if task in wanted}


def _chain(
    draw: np.random.Generator, count: Counter[str], shares: Mapping[str, float], length: int
) -> EvalSequence:
    """Draw a chain whose tasks are those most wanting, and count them."""
    starts = initial_conditions()
    for _ in range(_DRAWS):
        initial = starts[int(draw.integers(len(starts)))]
        tasks = _tasks(initial, draw, count, shares, length)
        if len(tasks) == length:
            count.update(tasks)
            return EvalSequence(initial, tuple(tasks))
    raise OptionError(
        f"No chain of {length} sub-tasks was found with only {', '.join(shares)}: name more tasks "
        "(also those that undo them), or use a smaller length."
    )


def _tasks(
    state: InitialCondition,
    draw: np.random.Generator,
    count: Counter[str],
    shares: Mapping[str, float],
    length: int,
) -> list[str]:
    """Return the tasks of a chain; fewer than ``length`` where it comes to a dead end."""
    tasks, seen = list[str](), Counter(count)
    while len(tasks) < length:
        after = {t: found for t in shares if (found := successor(state, t)) is not None}
        if tasks:
            after = {task: found for task, found in after.items() if task != tasks[-1]}
        if not after:
            break
        wanting = {task: (seen[task] + draw.uniform()) / shares[task] for task in after}
        chosen = min(wanting, key=wanting.__getitem__)
        seen[chosen] += 1
        tasks.append(chosen)
        state = after[chosen]
    return tasks


def _episode(
    like: EpisodeSpec,
    chain: EvalSequence,
    sentences: Mapping[str, Sequence[str]],
    draw: np.random.Generator,
    index: int,
) -> EpisodeSpec:
    start = _disturbed(chain.initial, str(like.env_kwargs["scene"]), draw, arm=index % 2 == 1)
    steps = like.subtasks[0].max_steps
    words = [sentences[task][int(draw.integers(len(sentences[task])))] for task in chain.tasks]
    return EpisodeSpec(
        env_id=like.env_id,
        env_kwargs=like.env_kwargs,
        seed=index,
        options={"robot_obs": start.robot_obs, "scene_obs": start.scene_obs},
        subtasks=tuple(
            SubTask(name=task, instruction=text, max_steps=steps)
            for task, text in zip(chain.tasks, words, strict=True)
        ),
    )


def _disturbed(
    initial: InitialCondition, scene: str, draw: np.random.Generator, *, arm: bool
) -> InitialState:
    """Return the state of a condition with the blocks, and perhaps the arm, somewhere beside."""
    state = initial_state(initial, scene=scene)
    for block in state.scene_obs[6:].reshape(-1, 6):
        on_shelf = block[1] > 0.02
        block[:2] += draw.uniform(-1, 1, 2) * (SHELF_SHIFT if on_shelf else BLOCK_SHIFT)
        block[5] += draw.uniform(-1, 1) * BLOCK_TURN * (0.3 if on_shelf else 1.0)
    if arm:
        state.robot_obs[7:14] += draw.uniform(-1, 1, 7) * JOINT_SHIFT
    return state
