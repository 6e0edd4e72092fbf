"""The probe for a Vulkan device is asked once for a process and its children."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vla_gym_sapien import rendering
from vla_gym_sapien.rendering import Device, probe

from vla_gym.errors import MissingDependencyError


@pytest.fixture
def answers(monkeypatch) -> Iterator[list[Device]]:
    """What the child process would say, in turn; nothing is known at the beginning."""
    left = [Device(name="llvmpipe"), Device(problem="no driver")]
    monkeypatch.setenv("VLA_GYM_VULKAN_FOUND", "")
    monkeypatch.setattr(rendering, "_ask", lambda: left.pop(0))
    probe.cache_clear()
    yield left
    probe.cache_clear()


def test_children_know_what_their_parent_found(answers) -> None:
    assert probe().name == "llvmpipe"
    probe.cache_clear()  # as in a child process, which has the environment alone
    assert probe().name == "llvmpipe"
    assert len(answers) == 1


def test_other_drivers_are_asked_anew(answers, monkeypatch) -> None:
    probe()
    probe.cache_clear()
    monkeypatch.setenv("VK_DRIVER_FILES", "/nonexistent/icd.json")
    assert not probe().ok
    probe.cache_clear()
    answers.append(Device(problem="no driver"))
    with pytest.raises(MissingDependencyError, match=r"no driver.*Fix: apt-get install"):
        rendering.require_device()
