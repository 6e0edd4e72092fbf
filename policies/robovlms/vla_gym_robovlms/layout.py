"""Which numbers of an action a head regresses, and which are the probabilities of grippers."""

from __future__ import annotations

from typing import NamedTuple

from vla_gym.contract.spec import ActionSpec, GripperSpec


class Layout(NamedTuple):
    """Where things lie in an action.

    Attributes:
        numbers: Places of what is regressed: of arms, joints, base and torso.
        grippers: Places of the grippers, each a probability of being open.
    """

    numbers: tuple[int, ...]
    grippers: tuple[int, ...]

    @property
    def size(self) -> int:
        """Numbers of an action."""
        return len(self.numbers) + len(self.grippers)

    @property
    def places(self) -> list[int]:
        """Where in ``[numbers, grippers]`` each number of an action is."""
        order = [*self.numbers, *self.grippers]
        return [order.index(place) for place in range(self.size)]


def layout(action: ActionSpec) -> Layout:
    """Return where things lie in an action."""
    slices = action.slices
    grippers = tuple(slices[part.name].start for part in action.of(GripperSpec))
    numbers = tuple(place for place in range(action.size) if place not in grippers)
    return Layout(numbers, grippers)
