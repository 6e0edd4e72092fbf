"""SimplerEnv's evaluations as suites: the official episodes, scored at their last step.

An episode runs to its step limit, success or not; what counts is the state after the last step.
Every record also has whether and when it succeeded before (``first_success``), so the other
readings of "success" can be had from the same run.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, field_validator

from vla_gym.errors import OptionError
from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, Protocol, SubTask, Suite
from vla_gym_simpler import published
from vla_gym_simpler.assets import resolve_kind
from vla_gym_simpler.engine import ENGINES, describe_solver
from vla_gym_simpler.facts.google_robot import GOOGLE, RECOLORINGS
from vla_gym_simpler.facts.robots import ROBOTS
from vla_gym_simpler.facts.tasks import ADVANCE_AFTER, COKE, MOVE_NEAR, PLACE_APPLE, TASKS
from vla_gym_simpler.facts.variants import DRAWERS, ORIENTATIONS, TABLES
from vla_gym_simpler.facts.widowx import WIDOWX
from vla_gym_simpler.initial import InitialState
from vla_gym_simpler.reset_options import ResetOptions
from vla_gym_simpler.tasks import make_task

Rule = Literal["first", "final", "any"]
_ORIENTATION_ORDER = ("horizontal", "vertical", "standing")  # as the official script runs them


@dataclass(frozen=True)
class Block:
    """A run of official episodes of one environment.

    Attributes:
        task: Which task.
        group: Row of the table.
        kwargs: Keywords of the environment.
        episodes: Official episode numbers.
    """

    task: str
    group: str
    kwargs: Mapping[str, Any]
    episodes: range
    labels: Mapping[str, str] = field(default_factory=dict)


def _widowx_blocks() -> Iterator[Block]:
    for task, facts in TASKS.items():
        if facts.robot == WIDOWX.name:
            yield Block(task, task.removeprefix("widowx_"), {}, range(24))


def _google_blocks() -> Iterator[Block]:
    for version in RECOLORINGS:
        for orientation in _ORIENTATION_ORDER:
            yield _coke(orientation, robot_variant=version)
    for version in RECOLORINGS:
        yield _move_near(robot_variant=version)
    for version in RECOLORINGS:
        yield from _drawers(robot_variant=version)
    for version in RECOLORINGS:
        yield _apple(robot_variant=version)


def _variant_blocks() -> Iterator[Block]:
    tabletop: list[dict[str, Any]] = [
        {},
        *({"table": table} for table in TABLES),
        {"background": "alt_background"},
        {"background": "alt_background_2"},
        {"lighting": "darker"},
        {"lighting": "brighter"},
    ]
    crowded = [{"distractors": "less"}, {"distractors": "more"}]
    rooms: list[dict[str, Any]] = [
        {"background": "frl_apartment_stage_simple"},
        {"background": "modern_bedroom_no_roof"},
        {"background": "modern_office_no_roof"},
        {"background": "frl_apartment_stage_simple", "lighting": "brighter"},
        {"background": "frl_apartment_stage_simple", "lighting": "darker"},
        {"background": "frl_apartment_stage_simple", "station": "mk_station2"},
        {"background": "frl_apartment_stage_simple", "station": "mk_station3"},
    ]
    for kwargs in (*tabletop, *crowded):
        for orientation in _ORIENTATION_ORDER:
            yield _coke(orientation, setting="variant-aggregation", **kwargs)
    for kwargs in (*tabletop, {"distractors": "none"}):
        yield _move_near(setting="variant-aggregation", **kwargs)
    for kwargs in rooms:
        yield from _drawers(setting="variant-aggregation", **kwargs)
    for kwargs in rooms:
        yield _apple(setting="variant-aggregation", **kwargs)


def _coke(orientation: str, **kwargs: Any) -> Block:
    assert orientation in ORIENTATIONS
    return Block(COKE, "pick_coke_can", {"orientation": orientation, **kwargs}, range(25))


def _move_near(**kwargs: Any) -> Block:
    return Block(MOVE_NEAR, "move_near", kwargs, range(60))


def _drawers(**kwargs: Any) -> Iterator[Block]:
    for verb in ("open", "close"):
        for drawer in DRAWERS:
            task, group = f"google_robot_{verb}_drawer", f"{verb}_drawer"
            yield Block(task, group, {"drawer": drawer, **kwargs}, range(9))


def _apple(**kwargs: Any) -> Block:
    return Block(PLACE_APPLE, "place_apple_in_drawer", kwargs, range(27))


class SmokeOptions(Record):
    """What may be set of the smallest suite.

    Attributes:
        assets: ``"official"``, ``"builtin"`` or ``"auto"``.
        engine: ``"sapien3"``.
        shader: ``"default"`` or ``"trivial"``.
        success: ``"final"`` (official), ``"any"`` or ``"first"``.
        seed: Added to the episode number to seed what the episode leaves open.
        max_steps: Steps after which each sub-task ends; another protocol.
    """

    assets: str = "auto"
    engine: str = "sapien3"
    shader: str = "default"
    success: Rule = "final"
    seed: int = 0
    max_steps: int | None = Field(default=None, ge=1)

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value not in ENGINES:
            raise ValueError(f"expected one of {', '.join(ENGINES)}")
        return value


class OfficialOptions(SmokeOptions):
    """What may be set of an official evaluation, as well.

    Attributes:
        tasks: Only these rows of the table.
        every: Only every so many of the episodes: a sample of all tasks and variants.
    """

    tasks: tuple[str, ...] | str | None = None
    every: int = Field(default=1, ge=1)


@dataclass(frozen=True)
class Evaluation:
    """What the options of a suite do not say.

    Attributes:
        blocks: Its episodes.
        robots: Who drives.
        description: What follows the number of episodes.
        published: Whether numbers of others were measured this way.
    """

    blocks: Callable[[], Iterable[Block]]
    robots: tuple[str, ...]
    description: str
    published: bool = True


def _smoke_blocks() -> Iterator[Block]:
    yield Block("widowx_stack_cube", "stack_cube", {}, range(1))


EVALUATIONS: Mapping[str, Evaluation] = {
    "widowx": Evaluation(
        _widowx_blocks, (WIDOWX.name,), "episodes of WidowX on Bridge tasks, visual matching"
    ),
    "google-robot": Evaluation(
        _google_blocks,
        (GOOGLE.name,),
        "episodes of the Google Robot, visual matching, four recolourings",
    ),
    "google-robot-variants": Evaluation(
        _variant_blocks,
        (GOOGLE.name,),
        "episodes of the Google Robot, variant aggregation",
        published=False,
    ),
    "smoke": Evaluation(
        _smoke_blocks, (WIDOWX.name,), "episode: does everything run?", published=False
    ),
}


def official(options: OfficialOptions, *, name: str) -> Suite:
    """Return an official evaluation, or some of it.

    Args:
        options: What may be set.
        name: One of ``EVALUATIONS``.

    Raises:
        OptionError: For rows that the table does not have.
    """
    plan = EVALUATIONS[name]
    suite = _suite(name, _chosen(plan.blocks(), options.tasks), options)
    chosen = suite.episodes[:: options.every]
    changes = {"episodes": chosen, "description": f"{len(chosen)} {plan.description}"}
    return suite.model_copy(update=changes)


def smoke(options: SmokeOptions) -> Suite:
    """Return one episode of the WidowX, perhaps with a lower step limit."""
    return _suite("smoke", list(_smoke_blocks()), options)


def _chosen(blocks: Iterable[Block], tasks: Sequence[str] | str | None) -> list[Block]:
    every = list(blocks)
    if tasks is None:
        return every
    wanted = [tasks] if isinstance(tasks, str) else list(tasks)
    known = {block.group for block in every}
    for group in wanted:
        if group not in known:
            raise OptionError(f"tasks={group!r}: expected some of {', '.join(sorted(known))}.")
    return [block for block in every if block.group in wanted]


def _suite(name: str, blocks: Sequence[Block], options: SmokeOptions) -> Suite:
    plan = EVALUATIONS[name]
    kinds = {robot: resolve_kind(options.assets, robot) for robot in plan.robots}
    common = {"engine": options.engine, "shader": options.shader}
    episodes = tuple(
        spec
        for block in blocks
        for spec in _episodes(block, {**common, "assets": kinds}, options.seed)
    )
    rows = (row for robot in plan.robots for row in published.rows(robot))
    suite = Suite(
        name=f"simpler/{name}",
        episodes=episodes,
        protocol=_protocol(name, kinds, common, options.success, blocks),
        table="tasks",
        published=tuple(rows) if plan.published else (),
        description=f"{len(episodes)} {plan.description}",
    )
    return suite if options.max_steps is None else _shortened(suite, options.max_steps)


def _episodes(block: Block, common: Mapping[str, Any], seed: int) -> Iterator[EpisodeSpec]:
    facts = TASKS[block.task]
    kwargs = {**common, "assets": common["assets"][facts.robot], **block.kwargs}
    for episode, initial in zip(block.episodes, _initial_states(block, seed), strict=True):
        yield EpisodeSpec(
            env_id=facts.env_id,
            env_kwargs=kwargs,
            seed=seed + episode,
            options={"episode_id": episode},
            subtasks=_subtasks(facts.subtasks, initial.instructions, facts.max_steps),
            group=block.group,
        )


def _initial_states(block: Block, seed: int) -> Iterator[InitialState]:
    """Return where the episodes begin, one after the other."""
    task = make_task(block.task, block.kwargs)
    return (task.draw(seed, ResetOptions(episode=episode)) for episode in block.episodes)


def _subtasks(
    names: tuple[str, ...], instructions: tuple[str, ...], max_steps: int
) -> tuple[SubTask, ...]:
    limits = (max_steps,) if len(names) == 1 else (ADVANCE_AFTER, max_steps - ADVANCE_AFTER)
    return tuple(
        SubTask(name=name, instruction=text, max_steps=limit)
        for name, text, limit in zip(names, instructions, limits, strict=True)
    )


def _protocol(
    name: str,
    kinds: Mapping[str, str],
    common: Mapping[str, str],
    success: Rule,
    blocks: Sequence[Block],
) -> Protocol:
    settings = {
        **common,
        "assets": dict(kinds),
        "engine_version": f"sapien {importlib.metadata.version('sapien')}",
        "solver": {robot: describe_solver(ROBOTS[robot]) for robot in kinds},
        "stand_ins": _stand_ins(kinds, blocks),
        "episodes": f"official counts, {name}",
        "apple_first_subtask": f"over after {ADVANCE_AFTER} steps, not judged",
        "raytracing": False,
    }
    chains = any(len(TASKS[block.task].subtasks) > 1 for block in blocks)
    return Protocol(success=success, stop_at_failure=not chains, settings=settings)


def _stand_ins(kinds: Mapping[str, str], blocks: Sequence[Block]) -> list[str]:
    """Return which official files are missing and stood in for."""
    from vla_gym_simpler.assets import asset_set

    found: set[str] = set()
    for robot, kind in kinds.items():
        names = _models_and_arenas([b for b in blocks if TASKS[b.task].robot == robot])
        found.update(asset_set(kind, robot).stand_ins(sorted(names)))
    return sorted(found)


def _models_and_arenas(blocks: Sequence[Block]) -> set[str]:
    names: set[str] = set()
    for block in blocks:
        for initial in _initial_states(block, seed=0):
            names.update((initial.arena, *(placed.model for placed in initial.objects)))
            names.update(model for model, _ in initial.fixed)
    return names


def _shortened(suite: Suite, max_steps: int) -> Suite:
    """Return a suite whose sub-tasks end earlier, under another protocol."""
    episodes = tuple(
        episode.model_copy(
            update={
                "subtasks": tuple(
                    task.model_copy(update={"max_steps": max_steps}) for task in episode.subtasks
                )
            }
        )
        for episode in suite.episodes
    )
    settings = {**suite.protocol.settings, "max_steps": max_steps}
    protocol = suite.protocol.model_copy(update={"settings": settings})
    return suite.model_copy(update={"episodes": episodes, "protocol": protocol})
