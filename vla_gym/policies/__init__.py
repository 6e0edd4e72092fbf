"""Policies: making one by name, and the few that need no model (``random``, ``replay``)."""

from vla_gym.policies.factory import accepts_option, make_policy

__all__ = ["accepts_option", "make_policy"]
