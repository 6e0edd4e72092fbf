"""What a task file says, as records that check themselves.

A task is a scene (objects and where they may lie), an instruction, a goal from a small vocabulary
and a step limit. Errors name the value and what is allowed; ``reading`` adds the line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from vla_gym.errors import suggest
from vla_gym.schema import Record
from vla_gym_bdr import facts
from vla_gym_bdr.objects import OBJECTS
from vla_gym_bdr.objects.fixtures import FIXTURES

Range = tuple[float, float]
VERBS = ("picked", "placed", "opened", "closed", "pressed", "poured")


class Spot(Record):
    """Where a thing is at the beginning: drawn from ranges, or on another thing.

    Attributes:
        x: Range in the world, m; on another thing, in its frame.
        y: Likewise.
        turn: Range of the turn about the vertical, degrees.
        upon: Name of what it lies on or in; its whole level unless ``x`` and ``y`` say less.
        open: Furniture: range of the share that its joint is open (or pressed).
    """

    x: Range | None = None
    y: Range | None = None
    turn: Range = (0.0, 0.0)
    upon: str | None = None
    open: Range = (0.0, 0.0)

    @field_validator("x", "y", "turn", "open", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        """Let one number stand for a range without width."""
        return (value, value) if isinstance(value, (int, float)) else value

    @field_validator("x", "y", "turn", "open")
    @classmethod
    def _rising(cls, value: Range | None) -> Range | None:
        if value is not None and not (-math.inf < value[0] <= value[1] < math.inf):
            raise ValueError(f"{list(value)}: expected [lowest, highest], both finite")
        return value


class Put(Record):
    """An object and the thing it is put in, on or over."""

    object: str
    upon: str


class Goal(Record):
    """Exactly one predicate."""

    picked: str | None = None
    placed: Put | None = None
    opened: str | None = None
    closed: str | None = None
    pressed: str | None = None
    poured: Put | None = None

    @model_validator(mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for name in value:
                if name not in VERBS:
                    raise ValueError(f"unknown predicate {name!r}. Known: {', '.join(VERBS)}.")
            if sum(item is not None for item in value.values()) != 1:
                raise ValueError(f"expected exactly one predicate of {', '.join(VERBS)}")
        return value

    @property
    def verb(self) -> str:
        """Name of the predicate."""
        return next(name for name in VERBS if getattr(self, name) is not None)

    @property
    def subject(self) -> str:
        """What is picked, put, poured from, opened, closed or pressed."""
        value = getattr(self, self.verb)
        return value.object if isinstance(value, Put) else str(value)

    @property
    def target(self) -> str | None:
        """What it is put on or poured over."""
        value = getattr(self, self.verb)
        return value.upon if isinstance(value, Put) else None


class Unseen(Record):
    """The task with an object that no demonstration has.

    Attributes:
        object: Stands in for the goal's object.
        instruction: What is asked for then.
    """

    object: str
    instruction: Annotated[str, Field(min_length=1)]


class Task(Record):
    """A task.

    Attributes:
        name: In CamelCase.
        instruction: What a policy is told.
        scene: What is there, and where; things that others lie on come first.
        goal: When it is done.
        steps: Step limit.
        clutter: How many other, seen objects lie about.
        unseen: The same with an unseen object; ``None`` where there is no such setting.
        synonyms: Other words for the instruction's verb; default: from a fixed table.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*$")]
    instruction: Annotated[str, Field(min_length=1)]
    scene: Annotated[Mapping[str, Spot], Field(min_length=1)]
    goal: Goal
    steps: Annotated[int, Field(gt=0)] = facts.MAX_STEPS
    clutter: Annotated[int, Field(ge=0, le=6)] = 2
    unseen: Unseen | None = None
    synonyms: tuple[str, ...] = ()


Problem = tuple[tuple[str, ...], str]


def problems(task: Task) -> Iterator[Problem]:
    """Yield what is wrong with a task as a whole: a place in it, and a message."""
    yield from _scene_problems(task)
    yield from _goal_problems(task)
    if task.unseen is not None and task.unseen.object not in OBJECTS:
        message = f"unknown object {task.unseen.object!r}. {suggest(task.unseen.object, OBJECTS)}"
        yield ("unseen", "object"), message


def _scene_problems(task: Task) -> Iterator[Problem]:
    known = [*OBJECTS, *FIXTURES]
    before: list[str] = []
    for name, spot in task.scene.items():
        place = ("scene", name)
        if name not in known:
            yield place, f"unknown object {name!r}. {suggest(name, known)}"
        elif spot.upon is not None and spot.upon not in before:
            yield (
                (*place, "upon"),
                f"{spot.upon!r} is not before {name!r} in the scene ({_listed(before)} is)",
            )
        elif spot.upon is not None and thing(spot.upon).rest is None:
            yield (*place, "upon"), f"nothing can lie on {spot.upon!r}. {suggest('', _rests())}"
        elif spot.open != (0.0, 0.0) and name not in FIXTURES:
            yield (*place, "open"), f"{name!r} has no joint; only {', '.join(FIXTURES)} have one"
        elif not 0 <= spot.open[0] <= spot.open[1] <= 1:
            yield (*place, "open"), f"{list(spot.open)}: expected shares from 0 to 1"
        yield from ((("scene", name, axis), text) for axis, text in _out_of_reach(spot))
        before.append(name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _out_of_reach(spot: Spot) -> Iterator[tuple[str, str]]:
    """Yield the ranges on the table that the arm does not reach: axis and message."""
    if spot.upon is not None:
        return
    limits = zip(facts.WORKSPACE_LOW, facts.WORKSPACE_HIGH, strict=True)
    for axis, given, (low, high) in zip("xy", (spot.x, spot.y), limits, strict=False):
        if given is not None and not low <= given[0] <= given[1] <= high:
            yield axis, f"{list(given)} is out of the arm's reach; allowed: {low:g} to {high:g}"


def _goal_problems(task: Task) -> Iterator[Problem]:
    goal, place = task.goal, ("goal", task.goal.verb)
    inner = (*place, "object") if goal.target else place
    if goal.subject not in task.scene:
        yield inner, f"{goal.subject!r} is not in the scene. {suggest(goal.subject, task.scene)}"
        return
    if goal.target is not None and goal.target not in task.scene:
        yield (
            (*place, "upon"),
            f"{goal.target!r} is not in the scene. {suggest(goal.target, task.scene)}",
        )
        return
    message = _unsatisfiable(task)
    if message:
        yield inner, f"cannot be satisfied: {message}"


def _unsatisfiable(task: Task) -> str:
    """Return why a goal can never come true, or is true at once; empty when it is sound."""
    goal, subject, verb = task.goal, task.goal.subject, task.goal.verb
    if verb in ("opened", "closed", "pressed"):
        return _bad_joint(task.scene[subject], subject, verb)
    if subject not in OBJECTS or OBJECTS[subject].grip is None:
        grips = [name for name in task.scene if name in OBJECTS and OBJECTS[name].grip]
        return f"{subject!r} cannot be taken by the gripper. {suggest(subject, grips)}"
    if verb == "placed" and thing(str(goal.target)).rest is None:
        return f"nothing can be put on {goal.target!r}. {suggest('', _rests())}"
    if verb == "placed" and task.scene[subject].upon == goal.target:
        return f"{subject!r} lies on {goal.target!r} already"
    if verb == "poured" and OBJECTS[subject].mouth is None:
        pours = [name for name, model in OBJECTS.items() if model.mouth is not None]
        return f"{subject!r} cannot be poured from. Known: {', '.join(pours)}."
    return ""


def _bad_joint(spot: Spot, subject: str, verb: str) -> str:
    able = [name for name, fixture in FIXTURES.items() if verb in fixture.verbs]
    if subject not in able:
        return f"{subject!r} cannot be {verb}. Known: {', '.join(able)}."
    low, high = spot.open
    if verb == "opened" and high >= facts.OPENED:
        return f"{subject!r} begins open ({high:g}); expected below {facts.OPENED:g}"
    if verb == "closed" and low <= facts.CLOSED:
        return f"{subject!r} begins closed ({low:g}); expected open: [0.8, 1]"
    if verb == "pressed" and high >= facts.PRESSED:
        return f"{subject!r} begins pressed ({high:g})"
    return ""


def thing(name: str) -> Any:
    """Return the object or the piece of furniture of a name."""
    return FIXTURES[name] if name in FIXTURES else OBJECTS[name]


def _rests() -> list[str]:
    return [name for name in (*OBJECTS, *FIXTURES) if thing(name).rest is not None]
