"""Recorded episodes done again, so that what was not kept can still be seen.

A journal holds actions, not pictures. There is one walk through an episode (``walk``), and visitors
that look at it: a film for people, frames for a data set, an audit of what was claimed. Workers of
the runner's pool walk, with everything that protects an ordinary run.
"""
