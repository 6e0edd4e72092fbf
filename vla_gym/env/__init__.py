"""Environments: how they are registered and found, and what they have in common."""

from vla_gym.env.task_env import TaskEnv, Verdict

__all__ = ["TaskEnv", "Verdict"]
