"""Why two specs do not fit together, in a form that a program can read and a person can act on.

Every incompatibility is collected before anything moves, so that one run of ``adapt`` shows all of
them; each has a stable code (documented in ``docs/contract.md``) and says what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vla_gym.errors import VlaGymError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Issue:
    """One thing that does not fit.

    Attributes:
        code: Stable identifier such as ``"missing_camera"``.
        severity: ``"error"`` stops, ``"warning"`` is recorded with the run.
        message: What does not fit, with the values.
        hint: What to do about it.
    """

    code: str
    severity: Severity
    message: str
    hint: str

    def __str__(self) -> str:
        """Return the issue in one line."""
        return f"[{self.code}] {self.message} Fix: {self.hint}"


class IncompatibleError(VlaGymError, ValueError):
    """A policy and an environment that cannot work together.

    Attributes:
        issues: All issues found, errors first.
    """

    def __init__(self, issues: Sequence[Issue], *, subject: str = "") -> None:
        self.issues = tuple(sorted(issues, key=lambda issue: issue.severity))
        self.subject = subject
        errors = [issue for issue in self.issues if issue.severity == "error"]
        where = f" {subject}" if subject else ""
        lines = [f"The policy does not fit the environment{where}: {len(errors)} problem(s)."]
        super().__init__("\n".join([*lines, *(f"  {issue}" for issue in self.issues)]))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the issues when the error crosses a process boundary."""
        return _rebuild, (self.issues, self.subject)


def _rebuild(issues: Sequence[Issue], subject: str) -> IncompatibleError:
    return IncompatibleError(issues, subject=subject)


class IssueList(list[Issue]):
    """Issues as they are found."""

    def error(self, code: str, message: str, hint: str) -> None:
        """Add an issue that stops."""
        self.append(Issue(code, "error", message, hint))

    def warning(self, code: str, message: str, hint: str) -> None:
        """Add an issue that is recorded only."""
        self.append(Issue(code, "warning", message, hint))
