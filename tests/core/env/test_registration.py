"""What an environment offers is asked safely, and its sub-tasks are known before it is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from vla_gym.contract.spec import EnvContract
from vla_gym.discovery import PluginInfo
from vla_gym.env import registration
from vla_gym.env.registration import contract_of, tasks_of
from vla_gym.errors import (
    OptionError,
    PluginError,
    RunnerError,
    SuiteError,
    UnknownNameError,
    VlaGymError,
)
from vla_gym.plugins import EnvEntry
from vla_gym.registry import Registered, registry
from vla_gym.suites import load_suite
from vla_gym.testing import ENV_ID, mock_contract

STRANGER = """
import ctypes, os, sys, time
import gymnasium
from vla_gym.testing import MockWorld

class Stranger(MockWorld):
    def __init__(self, does="", **kwargs):
        super().__init__(**kwargs)
        print("the stranger speaks")
        if does == "raise": raise ValueError("no mesh")
        if does == "exit": sys.exit(0)
        if does == "gone": os._exit(0)
        if does == "crash": ctypes.string_at(0)
        if does == "hang": time.sleep(600)
        if does == "odd": type(self).contract = "a contract"
        if does == "late": type(self).unwrapped = property(lambda self: 1 / 0)

    def close(self):
        raise RuntimeError("never closes")

gymnasium.register("Stranger-v0", entry_point=Stranger)
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an environment that no plugin speaks for."""
    (tmp_path / "vg_stranger.py").write_text(STRANGER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "vg_stranger:Stranger-v0"


def test_an_environment_of_nobody_is_asked_in_another_process(stranger: str) -> None:
    assert contract_of(stranger) == mock_contract()
    assert "vg_stranger" not in sys.modules


CASES = {
    "raise": (RunnerError, "ValueError: no mesh"),
    "exit": (RunnerError, "SystemExit: 0"),
    "gone": (RunnerError, "exited with status 0\n  the stranger speaks"),
    "crash": (RunnerError, "killed by SIGSEGV"),
    "hang": (RunnerError, "no answer in 5 s"),
    "odd": (PluginError, "'a contract', expected an EnvContract"),
    "late": (RunnerError, "ZeroDivisionError"),
}


@pytest.mark.parametrize("does", CASES)
def test_whatever_it_does_to_its_process_is_a_message(stranger: str, does: str) -> None:
    kind, message = CASES[does]
    with pytest.raises(kind, match=message) as caught:
        contract_of(stranger, {"does": does}, 5.0)
    assert "Stranger-v0" in str(caught.value)


@pytest.mark.parametrize(
    ("env_id", "kind", "message"),
    [
        ("CartPole-v1", OptionError, "CartPole-v1 is no environment of vla_gym"),
        ("a b!!", OptionError, "'a b!!'.*[Mm]alformed"),
        (
            "no_such.module:My-v0",
            OptionError,
            "'no_such.module:My-v0': there is no module 'no_such'",
        ),
        ("vla_gym.testing.mock_env:Absent-v0", UnknownNameError, "Unknown environment"),
        ("", OptionError, "''"),
    ],
)
def test_what_is_no_environment_is_told(env_id: str, kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        contract_of(env_id)


def test_an_unknown_keyword_is_told() -> None:
    with pytest.raises(RunnerError, match=r"MockWorld-v0 cannot be built.*'colour'"):
        contract_of(ENV_ID, {"colour": 3})


def offers(**kwargs: Any) -> Any:
    """Stands in for the function that an entry names."""
    if "raises" in kwargs:
        raise KeyError(kwargs["raises"])
    if "exits" in kwargs:
        raise SystemExit(0)
    return kwargs or mock_contract()


def tasks(**kwargs: Any) -> Any:
    """Stands in likewise."""
    return kwargs.get("tasks", ["push", "pull"])


@pytest.fixture
def spoken_for(monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an environment that a plugin speaks for."""
    entry = EnvEntry("VgSpoken-v0", "a:b", contract=f"{__name__}:offers", tasks=f"{__name__}:tasks")
    found = registry()._found.setdefault("envs", {})
    monkeypatch.setitem(found, entry.name, Registered(entry, PluginInfo("mine", "mine 1")))
    return entry.name


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"raises": "mesh"}, r"VgSpoken-v0 cannot be built .*KeyError: 'mesh'"),
        ({"exits": 1}, r"VgSpoken-v0 .*SystemExit: 0"),
        ({"x": 1}, "VgSpoken-v0 .*expected an EnvContract"),
    ],
)
def test_what_a_plugin_says_of_its_environment_is_believed_only_if_it_can_be(
    spoken_for: str, kwargs: dict[str, Any], message: str
) -> None:
    assert isinstance(contract_of(spoken_for), EnvContract)
    with pytest.raises(VlaGymError, match=message):
        contract_of(spoken_for, kwargs)


def test_names_of_sub_tasks_are_known_where_the_plugin_says_them(spoken_for: str) -> None:
    assert tasks_of(spoken_for) == ("push", "pull")
    assert tasks_of(ENV_ID) is None
    with pytest.raises(RunnerError, match=r"VgSpoken-v0 names its sub-tasks 5"):
        tasks_of(spoken_for, {"tasks": 5})


def test_a_suite_that_names_another_sub_task_is_refused_with_its_line(
    spoken_for: str, tmp_path: Path
) -> None:
    text = (
        "name: mine\nprotocol: {success: first}\nepisodes:\n"
        f"  - env_id: {spoken_for}\n    subtasks:\n"
        "      - {name: push, instruction: push, max_steps: 3}\n"
        "      - {name: pul, instruction: pull, max_steps: 3}\n"
    )
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(SuiteError, match=r"mine.yaml, line 7: .*no sub-task 'pul'.*mean pull"):
        load_suite(str(tmp_path / "mine.yaml"))
    (tmp_path / "mine.yaml").write_text(text.replace("name: pul,", "name: pull,"))
    assert len(load_suite(str(tmp_path / "mine.yaml"))) == 1


def test_a_suite_of_code_that_names_another_sub_task_is_refused(
    spoken_for: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from vla_gym.suites import *\n"
        "def suite():\n"
        "    task = SubTask(name='pul', instruction='x', max_steps=3)\n"
        f"    episode = EpisodeSpec(env_id='{spoken_for}', subtasks=(task,))\n"
        "    return Suite(name='x', episodes=(episode,), protocol=Protocol(success='first'))\n"
    )
    with pytest.raises(SuiteError, match=r"mine.py: episode 0: .*no sub-task 'pul'"):
        load_suite(str(tmp_path / "mine.py"))


def test_environments_are_asked_only_once(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(registration, "ask", lambda *a, **k: asked.append(a) or mock_contract())
    for _ in range(2):
        contract_of(stranger, {"does": "nothing"})
    assert len(asked) == 1
