"""Does an environment or a policy keep the contract? For plugin authors and our own tests."""

from __future__ import annotations

from vla_gym.conformance.check_env import check_env
from vla_gym.conformance.check_policy import check_policy, sample_batch
from vla_gym.conformance.report import CheckFailed, Failure, Report

__all__ = ["CheckFailed", "Failure", "Report", "check_env", "check_policy", "sample_batch"]
