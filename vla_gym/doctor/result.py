"""The answer of one check."""

from __future__ import annotations

from typing import Literal

from vla_gym.schema import Record


class CheckResult(Record):
    """What a check found.

    Attributes:
        name: What was looked at.
        status: ``warn`` where everything works, but slower or with less than there could be.
        detail: What was found.
        fix: The command or step that repairs it; empty when nothing has to be.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""
