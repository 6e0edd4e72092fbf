"""Collecting demonstrations: a policy is run, and what it shows is recorded."""
