"""Policies: making one by name, and the few that need no model (``random``, ``replay``)."""

from vla_gym.policies.ref import PolicyRef, make_policy

__all__ = ["PolicyRef", "make_policy"]
