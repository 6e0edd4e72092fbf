"""Where assets and derived files lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

ASSETS_VARIABLE = "VLA_GYM_ASSETS"
CACHE_VARIABLE = "VLA_GYM_CACHE"


def cache_root() -> Path:
    """Return the directory of everything that can be made again (``VLA_GYM_CACHE`` overrides)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return _absolute(chosen) if chosen else Path(platformdirs.user_cache_dir("vla_gym"))


def asset_root() -> Path:
    """Return the directory of the official files (``VLA_GYM_ASSETS`` overrides)."""
    chosen = os.environ.get(ASSETS_VARIABLE)
    return _absolute(chosen) if chosen else cache_root() / "assets"


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()
