"""What ``check_env`` and ``check_policy`` share: run every check, collect what fails, report it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from vla_gym.errors import VlaGymError

ContextT = TypeVar("ContextT")
Check = tuple[str, Callable[[ContextT], None]]


@dataclass(frozen=True)
class Failure:
    """A check that did not pass.

    Attributes:
        check: Its name.
        message: What was found and what was expected.
    """

    check: str
    message: str


@dataclass(frozen=True)
class Report:
    """The outcome of all checks of one subject.

    Attributes:
        subject: What was checked.
        passed: Names of the checks that passed.
        failures: The others.
    """

    subject: str
    passed: tuple[str, ...]
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Whether everything passed."""
        return not self.failures

    def __str__(self) -> str:
        """Return a line for the subject and one for each failure."""
        total = len(self.passed) + len(self.failures)
        lines = [f"{self.subject}: {len(self.passed)} of {total} checks passed"]
        return "\n".join([*lines, *(f"  {item.check}: {item.message}" for item in self.failures)])


class CheckFailed(VlaGymError, AssertionError):  # noqa: N818 (reads like a sentence in tests)
    """Something does not keep the contract.

    Attributes:
        report: All outcomes.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the report when the error crosses a process boundary."""
        return type(self), (self.report,)


class BrokenPromiseError(AssertionError):
    """A promise found broken, inside a check."""


def expect(condition: bool, message: str) -> None:
    """Fail the running check with a message unless the condition holds."""
    if not condition:
        raise BrokenPromiseError(message)


def expect_error(action: Callable[[], object], kind: type[Exception], what: str) -> None:
    """Fail the running check unless ``action`` raises ``kind``."""
    try:
        action()
    except kind:
        return
    except Exception as error:
        raise BrokenPromiseError(
            f"{what} raised {type(error).__name__} ({error}), expected {kind.__name__}"
        ) from error
    raise BrokenPromiseError(f"{what} was accepted, expected {kind.__name__}")


def run_checks(subject: str, checks: Iterable[Check[ContextT]], context: ContextT) -> Report:
    """Run all checks, whatever fails.

    Raises:
        CheckFailed: When any failed.
    """
    passed, failures = [], []
    for name, check in checks:
        try:
            check(context)
        except BrokenPromiseError as broken:
            failures.append(Failure(name, str(broken)))
        except Exception as error:
            failures.append(Failure(name, f"{type(error).__name__}: {error}"))
        else:
            passed.append(name)
    report = Report(subject, tuple(passed), tuple(failures))
    if failures:
        raise CheckFailed(report)
    return report


def difference(one: Any, other: Any, *, at: str = "") -> str:
    """Return where two nested values first differ, bit by bit, or an empty string."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if set(one) != set(other):
            return f"{at or 'value'}: keys {sorted(one)} and {sorted(other)}"
        found = (difference(one[key], other[key], at=f"{at}[{key!r}]") for key in one)
        return next(filter(None, found), "")
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            return f"{at or 'value'}: lengths {len(one)} and {len(other)}"
        pairs = enumerate(zip(one, other, strict=True))
        return next(filter(None, (difference(a, b, at=f"{at}[{i}]") for i, (a, b) in pairs)), "")
    return "" if _equal(one, other) else f"{at or 'value'}: {_short(one)} and {_short(other)}"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        first, second = np.asarray(one), np.asarray(other)
        if first.shape != second.shape or first.dtype != second.dtype:
            return False
        return bool(np.array_equal(first, second, equal_nan=first.dtype.kind == "f"))
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 16:
        return f"{value.dtype} {value.shape} with mean {float(np.mean(value)):.6g}"
    return repr(value)
