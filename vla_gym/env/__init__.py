"""Environments: how they are registered and found, and what they have in common."""
