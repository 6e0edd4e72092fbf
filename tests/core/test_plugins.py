"""Discovery: a plugin's entries appear, a broken plugin is a warning, a name can be blocked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from vla_gym import discovery, plugins
from vla_gym.discovery import DISABLE_VARIABLE
from vla_gym.errors import MissingDependencyError, PluginError, UnknownNameError
from vla_gym.plugins import Entry, EnvEntry, PolicyEntry, SuiteEntry
from vla_gym.registry import Registry, load_target

GROUP = "vla_gym_test_plugins"
Install = Callable[[str, str], None]


def lay(folder: Path, name: str, code: str, group: str = GROUP) -> None:
    """Write a distribution with one plugin module into a folder of ``sys.path``."""
    (folder / f"{name}.py").write_text(textwrap.dedent(code))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a plugin of this process."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(name: str, code: str) -> None:
        lay(tmp_path, name, code)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return installed


GOOD = """
from vla_gym.plugins import PolicyEntry, hookimpl

@hookimpl{how}
def vla_gym_register():
    return [PolicyEntry("{policy}", "{name}:Policy", requires={requires}, install="pip install x")]

class Policy: pass
"""


def good(name: str, policy: str = "nice", requires: tuple[str, ...] = (), how: str = "") -> str:
    return GOOD.format(name=name, policy=policy, requires=requires, how=how)


def test_entries_of_a_plugin_appear_and_load(install: Install) -> None:
    install("vg_good", good("vg_good"))
    found = Registry(GROUP)
    assert found.names(PolicyEntry) == ["nice"]
    assert found.names(SuiteEntry) == []
    assert found.get(PolicyEntry, "nice").plugin.distribution == "vg_good 1.0"
    assert found.load(PolicyEntry, "nice").__name__ == "Policy"
    with pytest.raises(UnknownNameError, match=r"Unknown policy 'nic'.*nice"):
        found.get(PolicyEntry, "nic")


def test_a_plugin_may_bring_a_kind_of_its_own(install: Install) -> None:
    install(
        "vg_kind",
        """
        from dataclasses import dataclass
        from typing import ClassVar
        from vla_gym.plugins import Entry, hookimpl

        @dataclass(frozen=True)
        class GripperEntry(Entry):
            kind: ClassVar[str] = "grippers"
            word: ClassVar[str] = "gripper"

        @hookimpl
        def vla_gym_register():
            return [GripperEntry("soft", "vg_kind:Soft")]
        """,
    )
    found = Registry(GROUP)
    assert found.kinds() == ["grippers"]
    assert [item.entry.name for item in found.listed("grippers")] == ["soft"]


def test_the_options_of_pluggy_are_honoured(install: Install) -> None:
    install("vg_a", good("vg_a"))
    install("vg_b", good("vg_b", how="(tryfirst=True)"))
    install(
        "vg_c",
        """
        from vla_gym.plugins import PolicyEntry, hookimpl

        @hookimpl(specname="vla_gym_register")
        def mine():
            return [PolicyEntry("other", "vg_c:Policy")]
        """,
    )
    with pytest.warns(UserWarning, match="'nice' of plugin 'vg_a' is ignored, 'vg_b'"):
        found = Registry(GROUP)
    assert found.names(PolicyEntry) == ["nice", "other"]


HOOK = "from vla_gym.plugins import *\nfrom vla_gym.plugins import hookimpl\n@hookimpl\n"
BROKEN = {
    "raises on import": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "exits on import": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "exits in the hook": (f"{HOOK}def vla_gym_register(): raise SystemExit(0)", "SystemExit: 0"),
    "raises in the hook": (f"{HOOK}def vla_gym_register(): raise ValueError('no')", "no"),
    "returns text": (f"{HOOK}def vla_gym_register(): return ['text']", "got 'text'"),
    "returns nothing": (f"{HOOK}def vla_gym_register(): return None", "got None"),
    "unknown hook": (f"{HOOK}def vla_gym_registre(): return []", "unknown hook"),
    "takes an argument": (f"{HOOK}def vla_gym_register(config): return []", "config"),
    "error without a text": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
        "E",
    ),
    **{
        f"entry {call}": (f"{HOOK}def vla_gym_register(): return [{call}]", message)
        for call, message in {
            "PolicyEntry(5, 'a:b')": "name=5, expected str",
            "PolicyEntry(None, 'a:b')": "name=None, expected str",
            "PolicyEntry('', 'a:b')": "printable name",
            "PolicyEntry('a\\x1b[2J', 'a:b')": "printable name",
            "PolicyEntry('a', 'nowhere')": "target='nowhere', expected 'package.module",
            "PolicyEntry('a', 'a:b', requires=(5,))": "expected module names",
            "PolicyEntry('a', 'a:b', requires='torch')": "expected module names",
            "PolicyEntry('a', 'a:b', defaults=5)": "defaults=5, expected mapping",
            "PolicyEntry('a', 'a:b', options='Options')": "options='Options', expected",
            "EnvEntry('not a valid id', 'a:b', contract='a:c')": "no id of an environment",
            "EnvEntry('A-v0', 'a:b')": "contract='', expected 'package.module",
            "EnvEntry('A-v0', 'a:b', contract='a:c', kwargs=5)": "kwargs=5, expected mapping",
        }.items()
    },
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_a_broken_plugin_is_a_warning_that_names_it_and_spares_the_others(
    install: Install, kind: str
) -> None:
    code, message = BROKEN[kind]
    install("vg_broken", code)
    install("vg_fine", good("vg_fine"))
    with pytest.warns(UserWarning, match=r"'vg_broken' \(vg_broken 1.0\) is skipped") as said:
        found = Registry(GROUP)
    assert len(said) == 1
    assert found.names(PolicyEntry) == ["nice"]
    errors = {plugin.name: plugin.error for plugin in found.plugins}
    assert errors["vg_fine"] == ""
    assert message in errors["vg_broken"]


def test_two_distributions_with_one_name_are_both_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vg_one", "vg_two"):
        (tmp_path / name).mkdir()
        monkeypatch.syspath_prepend(str(tmp_path / name))
        lay(tmp_path / name, name, good(name, policy=name))
        points = tmp_path / name / f"{name}-1.0.dist-info" / "entry_points.txt"
        points.write_text(f"[{GROUP}]\nsame = {name}\n")
    with pytest.warns(UserWarning, match=r"'same' \(vg_two 1.0\) is skipped: vg_one 1.0 brings"):
        found = Registry(GROUP)
    assert found.names(PolicyEntry) == ["vg_one"]
    assert [plugin.distribution for plugin in found.plugins] == ["vg_one 1.0", "vg_two 1.0"]


def test_a_requirement_whose_package_raises_is_told(install: Install, tmp_path: Path) -> None:
    (tmp_path / "vg_bad").mkdir()
    (tmp_path / "vg_bad" / "__init__.py").write_text("raise RuntimeError('no GPU')")
    install("vg_needs", good("vg_needs", requires=("vg_bad.part",)))
    assert "vg_bad.part" in Registry(GROUP).get(PolicyEntry, "nice").problem


@pytest.mark.parametrize("code", ["raise RuntimeError('boom')", "raise SystemExit(0)", "import no"])
def test_a_module_that_cannot_be_imported_is_a_plugin_error(
    install: Install, tmp_path: Path, code: str
) -> None:
    (tmp_path / "vg_target.py").write_text(code)
    sys.modules.pop("vg_target", None)
    with pytest.raises(PluginError, match=r"'vg_target:x' cannot be imported: \w+"):
        load_target("vg_target:x")


def test_a_slow_plugin_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "SLOW_SECONDS", 0.05)
    install("vg_slow", "import time; time.sleep(0.1)\n" + good("vg_slow"))
    with pytest.warns(UserWarning, match=r"'vg_slow' .* took 0\.\d s to be imported"):
        assert Registry(GROUP).names(PolicyEntry) == ["nice"]


def test_what_a_plugin_prints_spoils_no_output(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("vg_loud", "print('hello')\n" + good("vg_loud"))
    assert Registry(GROUP).names(PolicyEntry) == ["nice"]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_plugins_are_disabled_by_name(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("vg_off", good("vg_off"))
    monkeypatch.setenv(DISABLE_VARIABLE, "other, vg_off")
    found = Registry(GROUP)
    assert found.names(PolicyEntry) == []
    assert "disabled" in found.plugins[0].error


def test_the_first_of_two_equal_names_stays(install: Install) -> None:
    install("vg_a", good("vg_a"))
    install("vg_b", good("vg_b"))
    with pytest.warns(UserWarning, match="'nice' of plugin 'vg_b' is ignored, 'vg_a'"):
        found = Registry(GROUP)
    assert found.get(PolicyEntry, "nice").plugin.name == "vg_a"


@pytest.mark.parametrize("absent", ["surely_absent", "surely.absent.too", "json.absent"])
def test_a_missing_dependency_is_one_line_with_the_command(install: Install, absent: str) -> None:
    install("vg_needs", good("vg_needs", requires=(absent,)))
    found = Registry(GROUP)
    assert absent in found.get(PolicyEntry, "nice").problem
    with pytest.raises(MissingDependencyError, match=rf"nice needs {absent}; .* pip install x"):
        found.load(PolicyEntry, "nice")


@pytest.mark.parametrize("target", ["nothing", "vla_gym:", "vla_gym.errors:Absent", "no_such:x"])
def test_a_malformed_import_string_is_named(target: str) -> None:
    with pytest.raises(PluginError, match=target):
        load_target(target)


def test_entries_are_what_they_say() -> None:
    entry = EnvEntry("My/Env-v0", "a.b:C", contract="a.b:c")
    assert (entry.kind, entry.word) == ("envs", "environment")
    core = [kind for kind in vars(plugins).values() if isinstance(kind, type)]
    kinds = [kind.kind for kind in core if issubclass(kind, Entry) and kind.kind != Entry.kind]
    assert len(kinds) == len(set(kinds))


FORMATS = """
from vla_gym.plugins import CheckpointEntry, DatasetEntry, EnvEntry, hookimpl

@hookimpl
def vla_gym_register():
    return [
        DatasetEntry("gone", "no_such_module:format"),
        DatasetEntry("quits", "vg_quits:format"),
        DatasetEntry("shy", "vg_formats:Shy"),
        CheckpointEntry("gone", "vg_formats:nothing"),
        EnvEntry("CartPole-v1", "vg_formats:Env", contract="vg_formats:contract"),
    ]

class Shy:
    @staticmethod
    def recognises(path):
        raise KeyError("meta")
"""


def test_commands_survive_entries_that_lead_nowhere(tmp_path: Path) -> None:
    lay(tmp_path, "vg_formats", FORMATS, group=plugins.GROUP)
    lay(tmp_path, "vg_exit", "raise SystemExit(0)", group=plugins.GROUP)
    lay(tmp_path, "vg_loud", "print('hello')\n" + good("vg_loud"), group=plugins.GROUP)
    (tmp_path / "data").mkdir()
    (tmp_path / "vg_quits.py").write_text("raise SystemExit(0)")

    def vla_gym(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vla_gym.cli", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    listed = vla_gym("list", "policies", "--json")
    assert listed.returncode == 0, listed.stderr
    assert {"random", "nice"} <= {row["name"] for row in json.loads(listed.stdout)}
    for warning in ("'vg_exit' (vg_exit 1.0) is skipped: SystemExit", "'CartPole-v1' of plugin"):
        assert warning in listed.stderr
    problems = {
        row["name"]: row["problem"]
        for row in json.loads(vla_gym("list", "plugins", "--json").stdout)
    }
    assert problems["vg_exit"] == "SystemExit: 0"
    for command in ("dataset", "checkpoint"):
        verb = "info" if command == "dataset" else "inspect"
        asked = vla_gym(command, verb, str(tmp_path / "data"))
        assert asked.returncode == 2
        assert "No format reads" in asked.stderr
        left = ("gone", "quits", "shy") if command == "dataset" else ("gone",)
        assert all(f"'{name}' is left out" in asked.stderr for name in left)
        assert "Traceback" not in asked.stderr
