"""Run the checks of the core here, and those of the plugins each in a process of its own.

Rendering drivers abort or hang the process that asks them, so no plugin is asked in ours: what a
check does to its process is one line of the table.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from vla_gym.doctor.core import CORE_CHECKS
from vla_gym.doctor.result import CheckResult
from vla_gym.plugins import CheckEntry
from vla_gym.registry import registry

TIME_LIMIT = 300.0
"""Seconds that a check may take: rendering drivers compile, and the machine may be busy."""

MARK = "vla_gym check: "
"""What the child writes before its answer: drivers write to standard output as well."""

_AT_ONCE = 2


def run_checks(*, time_limit: float = TIME_LIMIT) -> list[CheckResult]:
    """Return the answers of all checks, those of the core first.

    Args:
        time_limit: Seconds after which a check is ended and counted as failed.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(
            lambda item: run_check(*item, time_limit=time_limit), list(_plugin_targets().items())
        )
        return [*(_guarded(name, check) for name, check in CORE_CHECKS.items()), *answers]


def _guarded(name: str, check: Callable[[], CheckResult]) -> CheckResult:
    try:
        return check()
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return CheckResult(name=name, status="fail", detail=detail, fix="report this as a bug")


def _plugin_targets() -> Mapping[str, str]:
    return {item.entry.name: item.entry.target for item in registry().items(CheckEntry)}


def run_check(name: str, target: str, *, time_limit: float = TIME_LIMIT) -> CheckResult:
    """Return the answer of one check, or what became of its process."""
    command = [sys.executable, "-m", "vla_gym.doctor", target]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=time_limit, check=False
        )
    except subprocess.TimeoutExpired:
        return CheckResult(
            name=name,
            status="fail",
            detail=f"no answer in {time_limit:.0f} s",
            fix=f"try --time-limit {2 * time_limit:.0f}, or see where it hangs: {_again(target)}",
        )
    return _answer(done.stdout) or CheckResult(
        name=name,
        status="fail",
        detail=_what_happened(done),
        fix=f"see the whole message: {_again(target)}",
    )


def _answer(output: str) -> CheckResult | None:
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                return CheckResult.model_validate_json(line.removeprefix(MARK))
            except ValidationError:
                return None
    return None


def _what_happened(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"its process was ended by signal {-done.returncode}"
    return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def _again(target: str) -> str:
    return f"{sys.executable} -m vla_gym.doctor {target}"
