"""A policy that solves the mock world more or less well, and can be told to misbehave."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import CameraSpec, Execution, PolicySpec
from vla_gym.testing.mock_env import SIZES, mock_contract

Fault = Literal["", "raise", "quit", "interrupt", "nan", "shape", "reset"]


@dataclass(frozen=True)
class PolicyFault:
    """How a ``MockPolicy`` misbehaves.

    Attributes:
        kind: It raises, exits, interrupts, returns NaN or a wrong shape, or raises in ``reset``.
        episode: In which episode.
        call: At which call in that episode.
    """

    kind: Fault = ""
    episode: int = 0
    call: int = 3


class MockPolicy:
    """Moves towards the target, with noise from the slot's seed and a trace of every picture.

    Whatever mixes up slots, seeds, pictures or the order of calls changes its actions.

    Args:
        competence: Probability that it goes for the target in a sub-task, else it wanders.
        chunk: Actions per call.
        execution: What is done with them.
        cameras: Whether it looks at pictures at all.
        delay: Seconds that a call takes.
        fault: How it misbehaves, if it does.
    """

    def __init__(
        self,
        *,
        competence: float = 0.7,
        chunk: int = 1,
        execution: str = "first",
        cameras: bool = True,
        delay: float = 0.0,
        fault: PolicyFault = PolicyFault(),
    ) -> None:
        """Remember nothing yet."""
        self.batches: list[int] = []
        self.resets: list[tuple[int, int]] = []
        self.closed = False
        self._competence, self._delay = competence, delay
        self._fault = fault
        contract = mock_contract()
        sizes = SIZES if cameras else {}
        self._spec = PolicySpec(
            cameras={
                n: CameraSpec(height=h // 2, width=w // 2, resize="area")
                for n, (h, w) in sizes.items()
            },
            proprioception=contract.proprioception,
            action=contract.action,
            chunk=chunk,
            execution=Execution(execution),
            ensemble_decay=0.1 if execution == "ensemble" else None,
            privileged=("target",),
        )
        self._streams: dict[int, np.random.Generator] = {}
        self._skilled: dict[int, bool] = {}
        self._calls: dict[int, int] = {}

    @property
    def spec(self) -> PolicySpec:
        """Small pictures, all proprioception, the target, actions of the world itself."""
        return self._spec

    def reset(self, slots: Sequence[Slot]) -> None:
        """Start the random streams of these slots again."""
        for slot in slots:
            if self._fault.kind == "reset" and slot.episode == self._fault.episode:
                raise RuntimeError("the mock policy was told to raise in reset")
            self.resets.append((slot.episode, slot.subtask))
            self._streams[slot.id] = np.random.default_rng(slot.seed)
            self._skilled[slot.id] = self._streams[slot.id].random() < self._competence
            if slot.subtask == 0:
                self._calls[slot.id] = 0

    def act(self, batch: Batch) -> npt.NDArray[np.floating[Any]]:
        """Return float64 ``(B, chunk, 7)``."""
        self.batches.append(len(batch))
        if self._delay:
            time.sleep(self._delay)
        chunks = np.stack([self._decide(batch, row) for row in range(len(batch))])
        return chunks[:, :, :5] if any(map(self._strikes("shape"), batch.slots)) else chunks

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _decide(self, batch: Batch, row: int) -> npt.NDArray[np.float64]:
        slot = batch.slots[row]
        self._calls[slot.id] += 1
        if self._strikes("raise")(slot):
            raise RuntimeError("the mock policy was told to raise")
        if self._strikes("quit")(slot):
            sys.exit(0)
        if self._strikes("interrupt")(slot):
            raise KeyboardInterrupt
        noise = self._streams[slot.id].normal(0.0, 0.3, (self._spec.chunk, 7))
        if self._skilled[slot.id]:
            noise = 0.2 * noise + self._wish(batch, row)
        for name in sorted(batch.images):
            noise[:, 0] += 1e-3 * (float(batch.images[name][row].mean()) % 1.0)
        if self._strikes("nan")(slot):
            noise[0, 1] = np.nan
        return noise

    def _wish(self, batch: Batch, row: int) -> npt.NDArray[np.float64]:
        target = np.asarray(batch.infos[row]["target"], np.float64)
        position = batch.proprioception[row, :3].astype(np.float64)
        wish = np.zeros(7)
        wish[:3] = np.clip((target[:3] - position) * np.abs(np.sign(target[:3])) * 10, -1, 1)
        wish[6] = target[3] if target[3] else 0.5
        return wish

    def _strikes(self, fault: Fault) -> Any:
        def strikes(slot: Slot) -> bool:
            there = (slot.episode, self._calls[slot.id]) == (self._fault.episode, self._fault.call)
            return self._fault.kind == fault and there

        return strikes
