"""Scripted experts are programs that yield actions. They give up a sub-task, they never raise.

What a plan runs into (an object on its edge that nobody can grip, a goal out of reach) is a matter
of the scene, not a mistake of the policy: the next attempt looks again, or time runs out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Action = TypeVar("Action")
_NO_WAY_ON = (ArithmeticError, LookupError, ValueError)
"""What planning raises where there is nothing to choose from; everything else is a mistake."""


def as_far_as_possible(program: Iterator[Action]) -> Iterator[Action]:
    """Yield a program's actions up to its end, or to where it finds no way on."""
    try:
        yield from program
    except _NO_WAY_ON:
        return


def then_rest(program: Iterator[Action], rest: Callable[[], Action]) -> Iterator[Action]:
    """Yield a program's actions as far as possible, and then ``rest()`` without end."""
    yield from as_far_as_possible(program)
    while True:
        yield rest()
