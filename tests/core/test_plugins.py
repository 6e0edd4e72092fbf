"""Discovery: a plugin's entries appear, a broken plugin is a warning, a name can be blocked."""

import sys
import textwrap

import pytest

from vla_gym.errors import MissingDependencyError, PluginError, UnknownNameError
from vla_gym.plugins import DISABLE_VARIABLE, PolicyEntry
from vla_gym.registry import Registry, load_target

GROUP = "vla_gym_test_plugins"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that lays a distribution with one plugin module on ``sys.path``."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def lay(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return lay


GOOD = """
from vla_gym.plugins import PolicyEntry, hookimpl

@hookimpl
def vla_gym_register_policies():
    return [PolicyEntry("{policy}", "{name}:Policy", requires={requires}, install="pip install x")]

class Policy: pass
"""


def good(name: str, policy: str = "nice", requires: tuple[str, ...] = ()) -> str:
    return GOOD.format(name=name, policy=policy, requires=requires)


def test_entries_of_a_plugin_appear_and_load(install):
    install("vg_good", good("vg_good"))
    found = Registry(GROUP)
    assert found.names("policies") == ["nice"]
    assert found.get("policies", "nice").plugin.distribution == "vg_good 1.0"
    assert found.load("policies", "nice").__name__ == "Policy"
    assert isinstance(found.entry("policies", "nice", PolicyEntry), PolicyEntry)
    with pytest.raises(UnknownNameError, match=r"'nic'.*nice"):
        found.get("policies", "nic")


def test_a_plugin_that_raises_on_import_is_a_warning_that_names_it(install):
    install("vg_broken", "raise RuntimeError('boom')")
    install("vg_fine", good("vg_fine"))
    with pytest.warns(UserWarning, match=r"'vg_broken' \(vg_broken 1.0\).*RuntimeError: boom"):
        found = Registry(GROUP)
    assert found.names("policies") == ["nice"]
    errors = {p.name: p.error for p in found.plugins}
    assert errors == {"vg_broken": "RuntimeError: boom", "vg_fine": ""}


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("def vla_gym_register_policies(): raise ValueError('no')", "ValueError: no"),
        ("def vla_gym_register_policies(): return ['text']", "expected PolicyEntry, got 'text'"),
        ("def vla_gym_register_polices(): return []", "unknown hook"),
        ("def vla_gym_register_policies(config): return []", "config"),
    ],
)
def test_a_plugin_whose_hook_is_wrong_is_a_warning(install, hook, message):
    install("vg_odd", f"from vla_gym.plugins import hookimpl\n@hookimpl\n{hook}\n")
    with pytest.warns(UserWarning, match=message):
        found = Registry(GROUP)
    assert found.names("policies") == []


def test_plugins_are_disabled_by_name(install, monkeypatch):
    install("vg_off", good("vg_off"))
    monkeypatch.setenv(DISABLE_VARIABLE, "other, vg_off")
    found = Registry(GROUP)
    assert found.names("policies") == []
    assert "disabled" in found.plugins[0].error


def test_the_first_of_two_equal_names_stays(install):
    install("vg_a", good("vg_a"))
    install("vg_b", good("vg_b"))
    with pytest.warns(UserWarning, match="'nice' of plugin 'vg_b' is ignored, 'vg_a'"):
        found = Registry(GROUP)
    assert found.get("policies", "nice").plugin.name == "vg_a"


def test_a_missing_dependency_is_one_line_with_the_command(install):
    install("vg_needs", good("vg_needs", requires=("surely_absent",)))
    found = Registry(GROUP)
    assert "surely_absent" in found.get("policies", "nice").problem
    with pytest.raises(MissingDependencyError, match=r"nice needs surely_absent; .* pip install x"):
        found.load("policies", "nice")


@pytest.mark.parametrize("target", ["nothing", "vla_gym:", "vla_gym.errors:Absent"])
def test_a_malformed_import_string_is_named(target):
    with pytest.raises(PluginError, match=target):
        load_target(target)
