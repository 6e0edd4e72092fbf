"""An expert that finds no way on gives up; a mistake in it is not hidden."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from vla_gym.policies.scripted import as_far_as_possible, then_rest


def program(error: Exception | None) -> Iterator[int]:
    """Yield two actions, then perhaps raise."""
    yield 1
    yield 2
    if error:
        raise error


@pytest.mark.parametrize("error", [None, ValueError("max() of nothing"), ZeroDivisionError()])
def test_it_gives_up_where_there_is_no_way_on(error: Exception | None) -> None:
    assert list(as_far_as_possible(program(error))) == [1, 2]
    assert list(islice(then_rest(program(error), lambda: 0), 5)) == [1, 2, 0, 0, 0]


def test_a_mistake_is_not_hidden() -> None:
    with pytest.raises(TypeError):
        list(as_far_as_possible(program(TypeError("a mistake"))))
