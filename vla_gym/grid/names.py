"""What the directories of runs are called."""

from __future__ import annotations

from pathlib import Path

from vla_gym.policies.file import is_policy_file
from vla_gym.suites.loader import is_path


def run_name(policy: str, suite: str) -> str:
    """Return the directory name of a run, such as ``random__my-suite``."""
    policy = Path(policy).stem if is_policy_file(policy) else policy
    suite = Path(suite).stem if is_path(suite) else suite
    return f"{slug(policy)}__{slug(suite)}"


def slug(text: str) -> str:
    """Return a name as that of a directory."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text).strip(".-") or "run"
