"""What a policy remembers of a running episode, and how rows of equal shape are run together.

A network's kernels depend on the shape of what they are given: the same row may come out different
in its last bits in a batch of three and of four. So every forward pass has exactly ``micro_batch``
rows, and only rows whose own shape (text length, frames so far) is equal share one; missing rows
repeat the first. What a slot gets then depends on that slot alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vla_gym_robovlms.backbones.base import Prompt


@dataclass
class Frame:
    """A frame of the window.

    Attributes:
        pixels: By camera, uint8 ``(H, W, 3)``; kept only where vision is not cached.
        seen: Image tokens ``(N, D)``.
        prompt: The instruction as it was then.
        state: ``(n,)``.
        feature: ``(F,)`` of the policy-head formulation.
        action_ids: ``(k,)`` that were decoded.
    """

    pixels: dict[str, Tensor]
    seen: Tensor
    prompt: Prompt
    state: Tensor
    feature: Tensor | None = None
    action_ids: Tensor | None = None


@dataclass
class Memory:
    """One slot.

    Attributes:
        frames: The window, oldest first.
        noise: Random numbers of a generative head.
    """

    frames: deque[Frame]
    noise: torch.Generator = field(default_factory=torch.Generator)


def in_micro_batches(
    keys: Sequence[Hashable], size: int, run: Callable[[list[int]], Tensor]
) -> list[Tensor]:
    """Return one row of results for each key.

    Args:
        keys: The shape of each row.
        size: Rows of one call, always exactly so many.
        run: Given ``size`` row numbers of one shape, returns ``(size, ...)``.
    """
    groups: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    results: dict[int, Tensor] = {}
    for rows in groups.values():
        for start in range(0, len(rows), size):
            chosen = rows[start : start + size]
            filled = [*chosen, *[chosen[0]] * (size - len(chosen))]
            results.update(zip(chosen, run(filled), strict=False))
    return [results[row] for row in range(len(keys))]
