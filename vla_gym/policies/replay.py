"""Recorded actions as a policy: what was done once is done again, number by number.

It reads what a run keeps (``DIR/actions/<episode>.npz``) or any ``.npz`` with an ``actions`` array,
and is used to prove determinism, to film episodes afterwards and to compare with recordings of
other implementations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vla_gym.arrays import read_npz
from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import EnvContract, PolicySpec
from vla_gym.errors import OptionError, PolicyError
from vla_gym.schema import Record


class ReplayOptions(Record):
    """What may be set.

    Attributes:
        path: A run directory, a folder of ``<episode>.npz`` files, or one ``.npz`` file that is
            then used for every episode.
    """

    path: str


class ReplayPolicy:
    """Plays back environment actions; after the last one it stands still by repeating it.

    Args:
        options: Which recordings.
        env_contract: The environment whose actions they are.
    """

    def __init__(self, options: ReplayOptions, *, env_contract: EnvContract) -> None:
        """Find the recordings; each is read when its episode begins."""
        self._root = Path(options.path).expanduser()
        if not self._root.exists():
            raise OptionError(
                f"replay: path={options.path!r} does not exist; give a run directory or .npz."
            )
        self._action = env_contract.action
        self._recordings: dict[int, npt.NDArray[np.floating[Any]]] = {}
        self._next: dict[int, int] = {}

    @property
    def spec(self) -> PolicySpec:
        """No cameras; the action of the environment itself."""
        return PolicySpec(cameras={}, proprioception=(), action=self._action)

    @property
    def fingerprint(self) -> str:
        """Digest of the recordings."""
        found = [self._root] if self._root.is_file() else sorted(self._file(0).parent.glob("*.npz"))
        digest = hashlib.sha256()
        for path in found:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def reset(self, slots: Sequence[Slot]) -> None:
        """Rewind the slots where an episode begins; a new sub-task plays on."""
        for slot in slots:
            if slot.subtask == 0 or slot.id not in self._recordings:
                self._recordings[slot.id] = self._load(slot.episode)
                self._next[slot.id] = 0

    def act(self, batch: Batch) -> npt.NDArray[np.floating[Any]]:
        """Return the next recorded action a slot, ``(B, 1, action_size)``."""
        return np.stack([self._play(slot) for slot in batch.slots])[:, None]

    def _play(self, slot: Slot) -> npt.NDArray[np.floating[Any]]:
        recording, step = self._recordings[slot.id], self._next[slot.id]
        self._next[slot.id] = step + 1
        action: npt.NDArray[np.floating[Any]] = recording[min(step, len(recording) - 1)]
        return action

    def _load(self, episode: int) -> npt.NDArray[np.floating[Any]]:
        path = self._file(episode)
        if not path.is_file():
            raise PolicyError(f"replay: no recording of episode {episode} at {path}.")
        actions: npt.NDArray[np.floating[Any]]
        actions = read_npz(path, ["actions"], error_type=PolicyError)["actions"]
        if actions.ndim != 2 or actions.shape[1] != self._action.size or not len(actions):
            raise PolicyError(
                f"replay: actions of {path} have shape {actions.shape}, "
                f"expected (steps, {self._action.size})."
            )
        return actions

    def _file(self, episode: int) -> Path:
        if self._root.is_file():
            return self._root
        folder = self._root / "actions"
        return (folder if folder.is_dir() else self._root) / f"{episode:06d}.npz"
