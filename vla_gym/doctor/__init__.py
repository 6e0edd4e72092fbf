"""What ``vla-gym doctor`` asks this machine: each check has a result and, if need be, its fix."""

from vla_gym.doctor.result import CheckResult
from vla_gym.doctor.run import run_checks

__all__ = ["CheckResult", "run_checks"]
