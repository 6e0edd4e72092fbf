"""Policies that come with CALVIN."""
