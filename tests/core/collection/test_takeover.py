"""One policy begins a chain and another goes on, each in its own terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.collection.collect import collect
from vla_gym.collection.takeover import TakeoverPolicy
from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import PolicySpec
from vla_gym.datasets.lerobot import LeRobotDataset
from vla_gym.errors import OptionError
from vla_gym.runner.evaluation import evaluate
from vla_gym.runner.journal import Journal
from vla_gym.testing.mock_env import mock_contract
from vla_gym.testing.policy import MockPolicy
from vla_gym.testing.suite import mock_suite

SUITE = mock_suite(6, chain=3)


class Constant:
    """Says one number, in chunks of three, and remembers what it was told."""

    def __init__(self, value: float) -> None:
        self.value, self.resets, self.calls = value, list[tuple[int, int]](), 0
        self.spec = PolicySpec(
            cameras={}, proprioception=(), action=mock_contract().action, chunk=3, execution="chunk"
        )

    def reset(self, slots: Any) -> None:
        self.resets += [(slot.id, slot.subtask) for slot in slots]

    def act(self, batch: Batch) -> np.ndarray[Any, Any]:
        self.calls += 1
        return np.full((len(batch), 3, 7), self.value) * [[[1.0], [0.5], [0.25]]]


class Single(Constant):
    """Says it in 32 bits, as networks do."""

    def act(self, batch: Batch) -> np.ndarray[Any, Any]:
        return super().act(batch).astype(np.float32)


def batch(*slots: Slot) -> Batch:
    none = {"images": {}, "proprioception": np.zeros((len(slots), 4), np.float32)}
    return Batch(slots=slots, instructions=("x",) * len(slots), infos=({},) * len(slots), **none)


def test_each_has_its_sub_tasks_and_its_chunks() -> None:
    first, then = Constant(1.0), Constant(-1.0)
    policy = TakeoverPolicy(first, then, env_contract=mock_contract(), after=2)
    said = []
    for subtask in range(3):
        slot = Slot(4, subtask=subtask)
        policy.reset([slot])
        said.append([float(policy.act(batch(slot)).actions[0, 0, 0]) for _ in range(4)])
    assert said == [[1.0, 0.5, 0.25, 1.0]] * 2 + [[-1.0, -0.5, -0.25, -1.0]]
    assert (first.resets, then.resets) == ([(4, 0), (4, 1)], [(4, 0)])
    assert (first.calls, then.calls) == (4, 2)


def test_slots_at_different_places_do_not_mix() -> None:
    policy = TakeoverPolicy(Constant(1.0), Constant(-1.0), env_contract=mock_contract())
    early, late = Slot(0, subtask=0), Slot(1, subtask=1)
    policy.reset([early, late])
    assert policy.act(batch(late, early)).actions[:, 0, 0].tolist() == [-1.0, 1.0]
    assert policy.act(batch(early)).actions[:, 0, 0].tolist() == [0.5]
    both = policy.act(batch(late, early))
    assert both.actions[:, 0, 0].tolist() == [-0.5, 0.25]
    assert both.intended is not None
    assert both.intended[:, 0, 0].tolist() == [-0.5, 0.25]
    assert both.demonstrates is not None
    assert both.demonstrates.tolist() == [[True], [False]]


def test_the_second_takes_over_a_sub_task_that_lasts() -> None:
    first, then = Constant(1.0), Constant(-1.0)
    policy = TakeoverPolicy(first, then, env_contract=mock_contract(), after=1, steps=2)
    said = []
    for subtask in range(3):
        slot = Slot(4, seed=subtask, subtask=subtask)
        policy.reset([slot])
        said.append([float(policy.act(batch(slot)).actions[0, 0, 0]) for _ in range(4)])
    assert said == [[1.0, 0.5, 0.25, 1.0]] + [[1.0, 0.5, -1.0, -0.5]] * 2
    assert (first.resets, then.resets) == ([(4, 0), (4, 1), (4, 0)], [(4, 0), (4, 0)])


def made(competence: float = 1.0, **options: Any) -> TakeoverPolicy:
    return TakeoverPolicy(
        MockPolicy(competence=competence),
        MockPolicy(competence=1.0),
        env_contract=mock_contract(),
        **options,
    )


def test_a_chain_goes_on(tmp_path: Path) -> None:
    results = [
        evaluate(made(), SUITE, out=tmp_path / str(n), workers=n, video="none", progress=False)
        for n in (1, 2)
    ]
    assert results[0].chain.average.value == 3.0
    actions = [[record.actions for record in result.records] for result in results]
    assert actions[0] == actions[1], "the number of workers changes nothing"


def test_only_what_the_second_did_is_recorded(tmp_path: Path) -> None:
    writer = collect(made(), SUITE, out=tmp_path, workers=1, limit=2, progress=False)
    assert [(s["episode"], s["subtask"]) for s in writer.sources] == [
        (episode, subtask) for episode in (0, 1) for subtask in (1, 2)
    ]


def test_only_the_steps_of_the_second_are_recorded(tmp_path: Path) -> None:
    rescue = made(competence=0.0, after=0, steps=3)
    writer = collect(rescue, SUITE, out=tmp_path, workers=1, limit=2, progress=False)
    with Journal(tmp_path / "run") as journal:
        lasted = {
            (record.episode, number): done.steps - 3
            for record in journal.records.values()
            for number, done in enumerate(record.subtasks)
            if done.success and done.steps > 3
        }
    assert lasted
    sources = [(source["episode"], source["subtask"]) for source in writer.sources]
    assert dict(zip(sources, LeRobotDataset(tmp_path).lengths, strict=True)) == lasted


def test_all_act_in_one_type_or_the_same_actions_would_lead_elsewhere() -> None:
    policy = TakeoverPolicy(Single(1.0), Constant(-1.0), env_contract=mock_contract())
    slots = [Slot(0, subtask=0), Slot(1, subtask=1)]
    policy.reset(slots)
    assert policy.act(batch(*slots)).actions.dtype == np.float64
    assert policy.act(batch(slots[0])).actions.dtype == np.float64


def test_nothing_for_the_first_is_refused() -> None:
    with pytest.raises(OptionError, match="after=0"):
        TakeoverPolicy(Constant(1), Constant(1), env_contract=mock_contract(), after=0)
