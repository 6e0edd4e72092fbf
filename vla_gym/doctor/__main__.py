"""The child process of ``run_check``: ``python -m vla_gym.doctor package.module:function``."""

from __future__ import annotations

import sys

from vla_gym.doctor.result import CheckResult
from vla_gym.doctor.run import MARK
from vla_gym.registry import load_target


def main(target: str) -> None:
    """Run one check and print its answer."""
    result = load_target(target)()
    if not isinstance(result, CheckResult):
        raise TypeError(f"{target} returned {result!r}, expected a CheckResult")
    print(f"\n{MARK}{result.model_dump_json()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
