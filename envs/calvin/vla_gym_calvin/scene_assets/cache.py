"""Where derived files live, and how several processes can make the same ones at once.

Everything derived from assets (generated scenes, simplified meshes, URDFs without visuals) is a
folder named after a hash of what it is made from. A folder is filled under a temporary name and
renamed into place, so that a reader never sees half of one and the slower of two writers simply
throws its copy away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from vla_gym import assets


def cache_root() -> Path:
    """Return the per-user folder of derived CALVIN files (``VLA_GYM_CACHE`` overrides its base)."""
    return assets.cache_root() / "calvin"


def content_key(*parts: str | bytes | Path) -> str:
    """Return a short hash of the parts; a ``Path`` counts with the bytes of its file."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part
        digest.update(hashlib.sha256(data.encode() if isinstance(data, str) else data).digest())
    return digest.hexdigest()[:20]


def source_key(folder: Path, patterns: Iterable[str] = ("*.py",)) -> str:
    """Return a hash of the code in ``folder``, so that changed code never meets old files."""
    files = sorted(file for pattern in patterns for file in folder.glob(pattern))
    return content_key(*files)
