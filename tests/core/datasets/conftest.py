"""Small data sets made up for tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_demonstrations import SPEC, InMemory, demonstration

from vla_gym.datasets import DatasetSpec, Demonstration


@pytest.fixture(scope="session")
def make() -> Callable[..., Demonstration]:
    """Makes an episode."""
    return demonstration


@pytest.fixture(scope="session")
def spec() -> DatasetSpec:
    """Of the episodes."""
    return SPEC


@pytest.fixture(scope="session")
def in_memory() -> type[InMemory]:
    """A data set in a list."""
    return InMemory
