"""An exponential moving average of the weights, which is what is saved and evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Of all parameters that are trained.

    Args:
        module: Whose.
        decay: Share of the old average in the new one; smaller at first, ``(1 + n) / (10 + n)``
            after n steps (as TensorFlow's ``ExponentialMovingAverage``).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module, self._decay = module, decay
        self.values = {name: value.detach().clone() for name, value in trained(module).items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the present weights in, after ``step`` steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, value in trained(self._module).items():
            self.values[name].lerp_(value.detach(), 1.0 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the module have the averaged weights for a while."""
        present = {name: value.detach().clone() for name, value in trained(self._module).items()}
        put(self._module, self.values)
        try:
            yield
        finally:
            put(self._module, present)


def trained(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name."""
    return {name: value for name, value in module.named_parameters() if value.requires_grad}


@torch.no_grad()
def put(module: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Copy values into the parameters of the same names."""
    parameters = trained(module)
    for name, value in values.items():
        parameters[name].copy_(value)
