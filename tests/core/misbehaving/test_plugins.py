"""Thirty plugins that misbehave, all installed at once: each is named, nothing else is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from vla_gym import discovery

HOOK = "from vla_gym.plugins import *\nfrom vla_gym.plugins import hookimpl\n"


def register(body: str, before: str = "") -> str:
    """Return a plugin whose hook has this body."""
    hook = f"@hookimpl\ndef vla_gym_register():\n{textwrap.indent(body, '    ')}\n"
    return f"{HOOK}{before}\n{hook}"


def brings(entry: str, before: str = "") -> str:
    """Return a plugin that brings this entry."""
    return register(f"return [{entry}]", before)


OWN = """
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Own(Entry):
    kind: ClassVar[str] = {kind!r}
    word: ClassVar[str] = "own"
    def __post_init__(self): pass
"""

SKIPPED = {
    "raises": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "no_syntax": ("def", "SyntaxError"),
    "needs": ("import no_such_package", "No module named 'no_such_package'"),
    "raises_base": ("class E(BaseException): pass\nraise E('odd')", "E: odd"),
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "exits_3": ("raise SystemExit(3)", "SystemExit: 3"),
    "leaves": ("import os; os._exit(0)", "os._exit(0)"),
    "hook_exits": (register("raise SystemExit(0)"), "SystemExit: 0"),
    "hook_leaves": (register("import os; os._exit(0)"), "os._exit(0)"),
    "hook_raises": (register("raise GeneratorExit"), "GeneratorExit"),
    "hook_none": (register("return None"), "got None"),
    "hook_number": (register("return 5"), "got 5"),
    "hook_text": (register("return 'entries'"), "got 'entries'"),
    "hook_class": (register("return [PolicyEntry]"), "expected entries"),
    "hook_endless": (
        register("while True: yield PolicyEntry('a', 'b:c')"),
        "more than 10000 entries",
    ),
    "hook_half": (register("yield PolicyEntry('half', 'b:c')\nraise KeyError('b')"), "KeyError"),
    "hook_async": (f"{HOOK}@hookimpl\nasync def vla_gym_register(): return []", "coroutine"),
    "own_bad_name": (brings("Own(5, 'a:b')", OWN.format(kind="odds")), "name=5, expected str"),
    "own_plugins": (brings("Own('x', 'a:b')", OWN.format(kind="plugins")), "kind 'plugins'"),
    "own_policies": (brings("Own('x', 'a:b')", OWN.format(kind="policies")), "kind 'policies'"),
    "own_number": (brings("Own('x', 'a:b')", OWN.format(kind=5)), "kind 5"),
    "plain": (brings("Entry('x', 'a:b')"), "kind 'entries'"),
    "env_id": (brings("EnvEntry('not a valid id', 'a:b', contract='a:c')"), "'not a valid id'"),
    "env_tasks": (brings("EnvEntry('A-v0', 'a:b', contract='a:c', tasks=5)"), "tasks=5"),
    "env_keys": (brings("EnvEntry('A-v0', 'a:b', contract='a:c', kwargs={5: 1})"), "kwargs={5: 1}"),
    "keys": (brings("PolicyEntry('x', 'a:b', defaults={5: 1})"), "defaults={5: 1}"),
    "trainer": (brings("PolicyEntry('x', 'a:b', trainer=5)"), "trainer=5"),
    "flag": (brings("PolicyEntry('x', 'a:b', needs_contract='no')"), "needs_contract='no'"),
    "options": (brings("DatasetEntry('x', 'a:b', options='nowhere')"), "options='nowhere'"),
    "suffix": (brings("ReportFormatEntry('x', 'a:b', suffix=5)"), "suffix=5"),
    "requires": (brings("PolicyEntry('x', 'a:b', requires=(5,))"), "requires=(5,)"),
}
"""Code of a plugin, and what the warning about it says."""

WARNED = {
    "cartpole": (
        brings("EnvEntry('CartPole-v1', 'a:b', contract='a:c')"),
        "'CartPole-v1' of plugin 'cartpole' is ignored",
    ),
    "random_again": (
        brings("PolicyEntry('random', 'a:b')"),
        "'random' of plugin 'random_again' is ignored",
    ),
}
QUIET = {
    "prints": "print('noise of prints')\n" + brings("PolicyEntry('nice', 'prints:P')"),
    "prints_below": "import os; os.system('echo noise below')\n"
    + register("import os; os.write(1, b'noise of the hook'); return []"),
    "closes": "import sys; sys.stdout.close()\n" + register("return []"),
    "closes_below": "import os; os.close(1)\n" + register("return []"),
    "swaps": "import io, sys; sys.stdout = io.StringIO()\n" + register("return []"),
    "absent_needs": brings("PolicyEntry('needy', 'a:b', requires=('no.such',))"),
    "nowhere": brings("DatasetEntry('nowhere', 'no.such:thing')"),
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(300,)).start()\n"
    + register("return []"),
}

VlaGym = Callable[..., subprocess.CompletedProcess[str]]


def lay(folder: Path, name: str, code: str, points: str = "") -> None:
    """Write a distribution with one plugin module."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points or f"[vla_gym]\n{name} = {name}\n")


@pytest.fixture(scope="module")
def vla_gym(tmp_path_factory: pytest.TempPathFactory) -> VlaGym:
    """Run a command line where all of them are installed."""
    folder = tmp_path_factory.mktemp("plugins")
    for name, (code, _) in {**SKIPPED, **WARNED}.items():
        lay(folder, name, code)
    for name, code in QUIET.items():
        lay(folder, name, code)
    lay(folder, "value", "", "[vla_gym]\nvalue = no module!!\n")
    lay(folder, "anonymous", register("return []"))
    (folder / "anonymous-1.0.dist-info/METADATA").unlink()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vla_gym.cli", *arguments],
            env={**os.environ, "PYTHONPATH": str(folder)},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


def test_all_of_them_together_are_warnings_that_name_them(vla_gym: VlaGym) -> None:
    done = vla_gym("list", "plugins", "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    problems = {row["name"]: row["problem"] for row in json.loads(done.stdout)}
    for name, (_, message) in SKIPPED.items():
        assert message in problems[name], name
        assert f"vla_gym plugin '{name}' ({name} 1.0) is skipped: " in done.stderr
    for _, message in WARNED.values():
        assert message in done.stderr
    assert all(problems[name] == "" for name in (*WARNED, *QUIET, "anonymous"))
    assert "'no module!!', expected a module" in problems["value"]


def test_none_of_them_touches_another_command(vla_gym: VlaGym) -> None:
    policies = json.loads(vla_gym("list", "policies", "--json").stdout)
    names = {row["name"]: row["problem"] for row in policies}
    assert {"random", "replay", "nice"} <= set(names)
    assert names["needy"] == "needs no.such"
    assert "half" not in names
    done = vla_gym("dataset", "info", ".")
    assert done.returncode == 2
    assert "data set format 'nowhere' is left out" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_that_is_waited_for_is_named_while_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path, "vg_late", "import time; time.sleep(1)\n" + register("return []"))
    points = tmp_path / "vg_late-1.0.dist-info/entry_points.txt"
    points.write_text("[vla_gym_late]\nvg_late = vg_late\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(discovery, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(discovery, "SLOW_SECONDS", 60.0)
    (found,) = discovery.discover("vla_gym_late")
    assert found.error == ""
    said = capfd.readouterr().err
    assert "Waiting for vla_gym plugin 'vg_late' (vg_late 1.0)" in said
    assert "VLA_GYM_DISABLE_PLUGINS=vg_late" in said
