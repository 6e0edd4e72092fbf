"""The space of instructions, which also arrive through processes.

Gymnasium's ``AsyncVectorEnv`` reads its shared memory once, when it is built, and counts on arrays
that show what is written later. A text is no such array: with ``spaces.Text`` every observation has
what the memory held before anything was written. For this space the memory is read again whenever
an observation is handed out.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import read_from_shared_memory

_LATIN = "".join(map(chr, range(0xA1, 0x180)))
CHARSET = string.ascii_letters + string.digits + string.punctuation + " " + _LATIN


class Instruction(spaces.Text):
    """What a policy is told: one line of at most 512 Latin characters, possibly empty."""

    def __init__(self) -> None:
        super().__init__(max_length=512, min_length=0, charset=CHARSET)


class _Shared(Sequence[str]):
    """The present texts of all environments; a copy of it is a tuple that stays as it is."""

    def __init__(self, space: Instruction, numbers: Any) -> None:
        self._space, self._numbers = space, numbers

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        letters = self._space.character_list
        return "".join(letters[n] for n in self._numbers[index] if n < len(letters))

    def __len__(self) -> int:
        return len(self._numbers)

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return repr(tuple(self))


@read_from_shared_memory.register(Instruction)
def _read(space: Instruction, shared_memory: Any, n: int = 1) -> _Shared:
    numbers = np.frombuffer(shared_memory.get_obj(), dtype=np.int32)
    return _Shared(space, numbers.reshape(n, space.max_length))
