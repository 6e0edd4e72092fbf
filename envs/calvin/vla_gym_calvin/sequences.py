"""CALVIN's 1000 evaluation chains: the rules that make them, and the list they make.

The official benchmark never stores its sequences; every evaluation draws them again by rejection
sampling, which takes minutes. The list is a constant, so it ships with the package; this module
can also draw it anew (``python -m vla_gym_calvin.sequences``), which the tests do to prove where
the shipped list comes from.

A symbolic state says where the blocks are and how the doors and lights stand. A task is possible
in a state when exactly one of its rules matches, and moves it to the next state. A chain is kept
when all its tasks are possible in turn and no two are of the same category. The random streams
are part of the definition: legacy ``RandomState``, seeded with the number of the initial state.

Source: mees/calvin at fa03f01, ``calvin_agent/evaluation/multistep_sequences.py`` (facts only).
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vla_gym_calvin.facts import COLORS, TASKS

CHAIN_LENGTH = 5
SEQUENCE_COUNT = 1000
DATA_FILE = "sequences.json.gz"
_DRAWS = 8192  # chains drawn at a time; any number gives the same result


class InitialCondition(NamedTuple):
    """A symbolic state of the scene.

    The order of the fields is part of the benchmark: it is hashed to seed the block poses.

    Attributes:
        led: 1 when the LED is on.
        lightbulb: 1 when the bulb is on.
        slider: ``"left"`` or ``"right"``: where the sliding door is.
        drawer: ``"open"`` or ``"closed"``.
        red_block: ``"table"``, ``"slider_left"``, ``"slider_right"``; while a chain is checked also
            ``"drawer"``, ``"grasped"``, ``"stacked_top"``, ``"stacked_bottom"``.
        blue_block: Likewise.
        pink_block: Likewise.
        grasped: 1 while the gripper holds a block.
    """

    led: int
    lightbulb: int
    slider: str
    drawer: str
    red_block: str
    blue_block: str
    pink_block: str
    grasped: int = 0


class EvalSequence(NamedTuple):
    """One chain of the benchmark: where it starts and the names of its five tasks."""

    initial: InitialCondition
    tasks: tuple[str, ...]


class Rule(NamedTuple):
    """What must hold before a task (each key one of several values) and what holds after it."""

    before: dict[str, tuple[Any, ...]]
    after: dict[str, Any]


def _rule(before: dict[str, Any], after: dict[str, Any], *, grasped: int = 0) -> Rule:
    """Return a rule; a condition may be a single value or a tuple of allowed ones."""
    conditions = {**before, "grasped": grasped}
    allowed = {k: v if isinstance(v, tuple) else (v,) for k, v in conditions.items()}
    return Rule(allowed, after)


def _lift(block: str, place: str) -> list[Rule]:
    """Lift from a place; the sliding door hides the side of the slider that it stands on."""
    after = {block: "grasped", "grasped": 1}
    if place == "slider":
        return [
            _rule({"slider": door, block: f"slider_{side}"}, after)
            for side, door in (("left", "right"), ("right", "left"))
        ]
    door = {"drawer": "open"} if place == "drawer" else {}
    return [_rule({block: place, **door}, after)]


def _place_in_slider(block: str) -> list[Rule]:
    """Officially the side is named after the door, although the block goes to the other one."""
    return [
        _rule(
            {"slider": side, block: "grasped"},
            {block: f"slider_{side}", "grasped": 0},
            grasped=1,
        )
        for side in ("right", "left")
    ]


def _place_in_drawer(block: str) -> Rule:
    return _rule({"drawer": "open", block: "grasped"}, {block: "drawer", "grasped": 0}, grasped=1)


def _stack(top: str, bottom: str) -> Rule:
    after = {top: "stacked_top", bottom: "stacked_bottom", "grasped": 0}
    return _rule({top: "grasped", bottom: "table"}, after, grasped=1)


def _unstack(top: str, bottom: str) -> Rule:
    return _rule({top: "stacked_top", bottom: "stacked_bottom"}, {top: "table", bottom: "table"})


def _push_into_drawer(block: str, others: Iterable[str]) -> Rule:
    shelves = dict.fromkeys(others, ("slider_right", "slider_left"))
    return _rule({"drawer": "open", block: "table", **shelves}, {block: "drawer"})


def _task_rules() -> dict[str, list[Rule]]:
    """Return the rules of all 34 tasks."""
    blocks = [f"{color}_block" for color in COLORS]
    pairs = list(itertools.permutations(blocks, 2))
    rules: dict[str, list[Rule]] = {}
    for verb, block, side in itertools.product(("rotate", "push"), blocks, ("right", "left")):
        rules[f"{verb}_{block}_{side}"] = [_rule({block: "table"}, {})]
    rules["move_slider_left"] = [_rule({"slider": "right"}, {"slider": "left"})]
    rules["move_slider_right"] = [_rule({"slider": "left"}, {"slider": "right"})]
    rules["open_drawer"] = [_rule({"drawer": "closed"}, {"drawer": "open"})]
    rules["close_drawer"] = [_rule({"drawer": "open"}, {"drawer": "closed"})]
    for block, place in itertools.product(blocks, ("table", "slider", "drawer")):
        rules[f"lift_{block}_{place}"] = _lift(block, place)
    rules["place_in_slider"] = [rule for block in blocks for rule in _place_in_slider(block)]
    rules["place_in_drawer"] = [_place_in_drawer(block) for block in blocks]
    rules["stack_block"] = [_stack(*pair) for pair in pairs]
    rules["unstack_block"] = [_unstack(*pair) for pair in pairs]
    for light, (switch, state) in itertools.product(("lightbulb", "led"), (("on", 1), ("off", 0))):
        rules[f"turn_{switch}_{light}"] = [_rule({light: 1 - state}, {light: state})]
    rules["push_into_drawer"] = [
        _push_into_drawer(block, [other for other in blocks if other != block]) for block in blocks
    ]
    return rules


RULES = _task_rules()


def _category(task: str) -> str:
    """Return the kind of a task; a chain has no two tasks of one kind."""
    first, last = task.split("_")[0], task.split("_")[-1]
    if task == "push_into_drawer":
        return task
    if first in ("rotate", "push"):
        return "shift"
    if first == "lift":
        return f"lift from {last}"
    if last == "drawer" and first in ("open", "close"):
        return "drawer"
    return {"move": "slider", "turn": "light"}.get(first, first)


def _matches(state: InitialCondition, rule: Rule) -> bool:
    return all(getattr(state, key) in allowed for key, allowed in rule.before.items())


@cache
def successor(state: InitialCondition, task: str) -> InitialCondition | None:
    """Return the state after a task, or ``None`` where the task is not possible (or ambiguous)."""
    matching = [rule for rule in RULES[task] if _matches(state, rule)]
    return state._replace(**matching[0].after) if len(matching) == 1 else None


def is_possible(initial: InitialCondition, tasks: Iterable[str]) -> bool:
    """Say whether the tasks can be done one after the other."""
    state: InitialCondition | None = initial
    for task in tasks:
        state = successor(state, task)
        if state is None:
            return False
    return True


def initial_conditions() -> list[InitialCondition]:
    """Return the 192 states that chains start from, in their official order."""
    places = ("table", "slider_right", "slider_left")
    fixtures = list(itertools.product((0, 1), (0, 1), ("right", "left"), ("closed", "open")))
    blocks = [placed for placed in itertools.product(places, repeat=3) if _is_start(placed)]
    return [
        InitialCondition(*fixture, red_block=red, blue_block=blue, pink_block=pink)
        for fixture in fixtures
        for red, blue, pink in blocks
    ]


def _is_start(places: tuple[str, ...]) -> bool:
    """Say whether blocks may start so: one or two on the table, at most one a slider side."""
    sides = (places.count("slider_right"), places.count("slider_left"))
    return 1 <= places.count("table") <= 2 and max(sides) <= 1


def _draw(stream: np.random.RandomState, count: int) -> npt.NDArray[np.int64]:
    """Return ``count`` ordered draws of five tasks without replacement, ``(count, 5)``.

    Shuffling prepared rows takes the same random numbers as ``choice(34, 5, replace=False)`` in a
    tenth of the time.
    """
    rows = np.tile(np.arange(len(TASKS), dtype=np.int64), (count, 1))
    for row in list(rows):
        stream.shuffle(row)
    return rows[:, :CHAIN_LENGTH]


def chains_from(number: int) -> Iterator[tuple[str, ...]]:
    """Yield the possible chains from initial condition ``number``, endlessly, as drawn."""
    stream, initial = np.random.RandomState(number), initial_conditions()[number]
    labels = [_category(task) for task in TASKS]
    kinds = np.array([labels.index(label) for label in labels])
    while True:
        drawn = _draw(stream, _DRAWS)
        # cheap vector test first: most draws repeat a category
        distinct = np.diff(np.sort(kinds[drawn], axis=1), axis=1).all(axis=1)
        for row in drawn[distinct]:
            tasks = tuple(TASKS[index] for index in row)
            if is_possible(initial, tasks):
                yield tasks


def chains_per_condition(count: int = SEQUENCE_COUNT) -> list[int]:
    """Return how many of ``count`` chains start from each initial condition."""
    states = len(initial_conditions())
    return [len(part) for part in np.array_split(np.arange(count), states)]


def generate(count: int = SEQUENCE_COUNT) -> list[EvalSequence]:
    """Draw the evaluation sequences anew (1000: the official ones, about 15 s)."""
    shares = chains_per_condition(count)
    chains = [
        EvalSequence(initial, tasks)
        for number, initial in enumerate(initial_conditions())
        for tasks in itertools.islice(chains_from(number), shares[number])
    ]
    order = list(range(len(chains)))
    np.random.RandomState(0).shuffle(order)
    return [chains[index] for index in order]


def dumps(sequences: Iterable[EvalSequence]) -> bytes:
    """Return the content of the data file: gzipped JSON, the same bytes for the same sequences."""
    plain = [[sequence.initial._asdict(), sequence.tasks] for sequence in sequences]
    text = json.dumps(plain, separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


@lru_cache(maxsize=1)
def eval_sequences() -> tuple[EvalSequence, ...]:
    """Return the official 1000 evaluation sequences, in order, from the package's data."""
    blob = (resources.files("vla_gym_calvin") / "data" / DATA_FILE).read_bytes()
    return tuple(
        EvalSequence(InitialCondition(**initial), tuple(tasks))
        for initial, tasks in json.loads(gzip.decompress(blob))
    )


if __name__ == "__main__":
    path = Path(__file__).parent / "data" / DATA_FILE
    path.write_bytes(dumps(generate()))
    print(f"wrote {path}")
