"""Policies that misbehave before and after a run: each is named, a matrix goes on without it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vla_gym.cli import main
from vla_gym.discovery import PluginInfo
from vla_gym.plugins import PolicyEntry, SuiteEntry
from vla_gym.registry import Registered, registry
from vla_gym.runner import evaluation
from vla_gym.schema import Record
from vla_gym.suites import Suite
from vla_gym.testing import MockPolicy, ThreadWorkers, mock_suite

HERE = __name__
Invoke = Callable[..., tuple[int, str, str]]


class OddError(Exception):
    """Cannot even be printed."""

    def __str__(self) -> str:
        raise ValueError("no text")


class FatalError(BaseException):
    """Is no ``Exception``."""


def raising(error: BaseException) -> Callable[..., Any]:
    def make(*_: Any, **__: Any) -> Any:
        raise error

    return make


def with_spec(found: Any) -> Callable[..., Any]:
    class Odd(MockPolicy):
        @property
        def spec(self) -> Any:
            if isinstance(found, BaseException):
                raise found
            return found

    return Odd


def with_close(error: BaseException) -> Callable[..., Any]:
    class Stubborn(MockPolicy):
        def close(self) -> None:
            raise error

    return Stubborn


def leaves() -> Any:
    import os

    os._exit(0)


class Strict(Record):
    """Options that its own entry does not meet."""

    layers: int


class Loud(MockPolicy):
    """Greets."""

    def __init__(self) -> None:
        super().__init__()
        print("hello from the policy")


FAILS: dict[str, tuple[Any, str]] = {
    "raises": (
        raising(ValueError("no weights")),
        "raised while it was made: ValueError: no weights",
    ),
    "fatal": (raising(FatalError("odd")), "FatalError"),
    "exits": (raising(SystemExit(0)), "SystemExit"),
    "textless": (raising(OddError()), "OddError"),
    "endless_text": (raising(ValueError("x" * 3_000_000)), "while it was made: ValueError: xxx"),
    "leaves": (leaves, "os._exit(0)"),
    "none": (lambda: None, "is None, which lacks reset and act"),
    "number": (lambda: 5, "is 5, which lacks"),
    "a_class": (lambda: MockPolicy, "has the spec <property"),
    "arguments": (lambda a, b: None, "TypeError"),
    "constant": (7, "'int' object is not callable"),
    "spec_raises": (with_spec(RuntimeError("not loaded")), "when asked for its spec: RuntimeError"),
    "spec_exits": (with_spec(SystemExit(0)), "when asked for its spec: SystemExit"),
    "spec_fatal": (with_spec(FatalError("odd")), "when asked for its spec: FatalError"),
    "spec_none": (with_spec(None), "has the spec None, expected a PolicySpec"),
    "spec_text": (with_spec("7 numbers"), "has the spec '7 numbers'"),
    "spec_absent": (with_spec(AttributeError("_model")), "_model"),
}
"""Targets of entries, and what is said of them."""
CLOSES = {
    "close_raises": (with_close(RuntimeError("socket is gone")), "socket is gone"),
    "close_exits": (with_close(SystemExit(0)), "SystemExit"),
    "close_fatal": (with_close(FatalError("odd")), "FatalError"),
    "close_textless": (with_close(OddError()), "OddError"),
}
ENTRIES = (
    PolicyEntry("nowhere", "no_such_module:Policy"),
    PolicyEntry("no_attribute", f"{HERE}:Absent"),
    PolicyEntry("no_model", f"{HERE}:Loud", options=f"{HERE}:Loud"),
    PolicyEntry("unmet", f"{HERE}:Loud", options=f"{HERE}:Strict", defaults={"layers": "many"}),
    PolicyEntry("needy", f"{HERE}:Loud", requires=("no_such_module",), install="pip install it"),
)
ENTRY_MESSAGES = {
    "nowhere": "'no_such_module:Policy' cannot be imported",
    "no_attribute": "has no attribute 'Absent'",
    "no_model": "expected a class of options",
    "unmet": "layers='many'",
    "needy": "install with: pip install it",
}


def make_suite() -> Suite:
    return mock_suite(2, chain=1)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Register all of them."""
    plugin, kinds = PluginInfo("odd", "odd 1.0"), registry()._found
    entries = list(ENTRIES)
    for name, (target, _) in {**FAILS, **CLOSES}.items():
        monkeypatch.setattr(sys.modules[HERE], f"target_{name}", target, raising=False)
        entries.append(PolicyEntry(name, f"{HERE}:target_{name}"))
    entries += [PolicyEntry("loud", f"{HERE}:Loud"), PolicyEntry("good", f"{HERE}:MockPolicy")]
    policies = {entry.name: Registered(entry, plugin) for entry in entries}
    monkeypatch.setitem(kinds, "policies", policies)
    suite = SuiteEntry("two", f"{HERE}:make_suite")
    monkeypatch.setitem(kinds, "suites", {"two": Registered(suite, plugin)})
    monkeypatch.setattr(evaluation, "LocalWorkers", ThreadWorkers)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def vla_gym(capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command line; return exit status, standard output and standard error."""

    def invoke(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capfd.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return invoke


def evaluate(vla_gym: Invoke, name: str) -> tuple[int, str, str]:
    return vla_gym("eval", "--policy", name, "--suite", "two", "--workers", "1", "--video", "none")


@pytest.mark.parametrize("name", FAILS)
def test_one_that_cannot_be_made_is_an_error_that_names_it(vla_gym: Invoke, name: str) -> None:
    status, out, err = evaluate(vla_gym, name)
    assert (status, out) == (1, "")
    assert f"'{name}'" in err
    assert FAILS[name][1] in err
    assert "Traceback" not in err
    assert len(err) < 11_000


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_one_whose_entry_is_wrong_is_refused(vla_gym: Invoke, entry: PolicyEntry) -> None:
    status, out, err = evaluate(vla_gym, entry.name)
    assert (status, out) == (2, "")
    assert ENTRY_MESSAGES[entry.name] in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", CLOSES)
def test_one_that_fails_to_close_costs_no_result(vla_gym: Invoke, name: str) -> None:
    status, out, err = evaluate(vla_gym, name)
    assert status == 0
    assert "results: " in out
    assert f"Closing policy '{name}' failed: " in err
    assert CLOSES[name][1] in err
    assert "Traceback" not in err


def test_what_a_policy_prints_is_no_result(vla_gym: Invoke) -> None:
    status, out, err = evaluate(vla_gym, "loud")
    assert status == 0
    assert "hello" not in out
    assert "hello from the policy" in err


def test_a_matrix_says_why_each_of_them_was_not_run_and_runs_the_others(vla_gym: Invoke) -> None:
    names = [*FAILS, *ENTRY_MESSAGES, *CLOSES, "absent", "good"]
    plan = {"policies": names, "suites": ["two"], "workers": 1, "video": "none"}
    Path("m.yaml").write_text(json.dumps(plan))
    status, out, err = vla_gym("matrix", "m.yaml", "--json")
    assert status == 1
    rows = {row["policy"]: row for row in json.loads(out)}
    assert list(rows) == names
    for name, message in [*((n, m) for n, (_, m) in FAILS.items()), *ENTRY_MESSAGES.items()]:
        assert message in rows[name]["error"], name
    for name in (*CLOSES, "good"):
        assert rows[name]["results"]["episodes"]["finished"] == 2, name
    assert "Unknown policy 'absent'" in rows["absent"]["error"]
    assert "Traceback" not in err
    assert len(rows["endless_text"]["error"]) < 500


FILES = {
    "policy: 5": "needs a line 'policy: NAME'",
    "policy: [good]": "needs a line 'policy: NAME'",
    "good": "is str, expected a mapping",
    "{policy: good, layers: 3}": "no option 'layers'",
    "{policy: good, 5: 3}": "5",
    "{policy: random, scale: much}": "scale='much'",
    "{policy: random, scale: [1]}": "scale=[1]",
    "{policy: random, scale: {a: 1}}": "scale={'a': 1}",
    "{policy: replay, path: 5}": "path=5",
    "{policy: replay, path: [a, b]}": "path=['a', 'b']",
    "{policy: unmet}": "layers='many'",
    "{policy: nobody}": "Unknown policy 'nobody'",
    "{policy: odd.yaml}": "Unknown policy 'odd.yaml'",
}


@pytest.mark.parametrize("text", FILES)
def test_wrong_types_in_a_policy_file_are_named(
    vla_gym: Invoke, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = {n: Registered(e, PluginInfo("core", "core 1")) for n, e in _core().items()}
    monkeypatch.setitem(registry()._found, "policies", {**registry()._found["policies"], **core})
    Path("odd.yaml").write_text(text)
    status, out, err = evaluate(vla_gym, "odd.yaml")
    assert (status, out) == (2, "")
    assert FILES[text] in err
    assert "Traceback" not in err


def _core() -> dict[str, PolicyEntry]:
    from vla_gym.builtin import vla_gym_register

    return {e.name: e for e in vla_gym_register() if isinstance(e, PolicyEntry)}
