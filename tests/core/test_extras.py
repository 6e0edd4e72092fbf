"""A name of a package that is not installed is answered with the command that brings it."""

from __future__ import annotations

import pytest

from vla_gym import extras
from vla_gym.errors import UnknownNameError
from vla_gym.plugins import PolicyEntry, SuiteEntry
from vla_gym.registry import registry


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_installed", lambda package: False)


def test_the_packages_are_those_of_our_metadata() -> None:
    assert {"calvin", "simpler", "bdr", "robovlms"} <= extras.packages().keys()


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("name", "extra"),
    [("robovlms-tiny-2", "robovlms"), ("CALVIN-X-v0", "calvin"), ("SimplerEnv-X-v0", "simpler")],
)
def test_the_command_is_shown(name: str, extra: str) -> None:
    assert f"pip install 'vla-gym[{extra}]'" in extras.install_hint(name)
    with pytest.raises(UnknownNameError, match=rf"Unknown policy.*vla-gym\[{extra}\]"):
        registry().get(PolicyEntry, name)


def test_of_what_is_installed_near_names_are_shown() -> None:
    assert extras.install_hint("calvin-orakle") == ""
    with pytest.raises(UnknownNameError, match="Did you mean calvin/"):
        registry().get(SuiteEntry, "calvin/ABC-E")


def test_nothing_is_said_of_what_nobody_knows() -> None:
    assert extras.install_hint("") == extras.install_hint("my-own-thing") == ""
