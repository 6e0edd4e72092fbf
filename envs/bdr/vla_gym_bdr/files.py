"""Files that are made from code (meshes, descriptions, pictures), written once into the cache.

Their names carry a digest of what is in them, so that a changed object is a new file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from vla_gym.assets import cache_root
from vla_gym.files import write_atomically


def written(name: str, suffix: str, content: bytes) -> Path:
    """Return a file of this content in the cache."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    file = cache_root() / "bdr" / f"{name}-{digest}.{suffix}"
    if not file.is_file():
        write_atomically(file, content)
    return file
