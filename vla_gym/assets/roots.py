"""Where assets and derived files lie on this machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

from vla_gym.files import write_atomically

ASSETS_VARIABLE = "VLA_GYM_ASSETS"
CACHE_VARIABLE = "VLA_GYM_CACHE"


def cache_root() -> Path:
    """Return the directory of everything that can be made again (``VLA_GYM_CACHE`` overrides)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return _absolute(chosen) if chosen else Path(platformdirs.user_cache_dir("vla_gym"))


def cached_file(name: str, content: bytes) -> Path:
    """Return a file of this content in the cache, written once.

    Its name gets a digest of the content, so that something changed is a new file.

    Args:
        name: Below the cache's directory, such as ``my-env/robot.urdf``.
        content: All of it.
    """
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = cache_root() / name
    file = path.with_name(f"{path.stem}-{digest}{path.suffix}")
    if not file.is_file():
        write_atomically(file, content)
    return file


def asset_root() -> Path:
    """Return the directory of the official files (``VLA_GYM_ASSETS`` overrides)."""
    chosen = os.environ.get(ASSETS_VARIABLE)
    return _absolute(chosen) if chosen else cache_root() / "assets"


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()
