"""Where derived files live, and how several processes can make the same ones at once.

Everything derived from assets (generated scenes, simplified meshes, URDFs without visuals) is a
folder named after a hash of what it is made from. A folder is filled under a temporary name and
renamed into place, so that a reader never sees half of one and the slower of two writers simply
throws its copy away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "VLA_GYM_CACHE"


def cache_root() -> Path:
    """Return the per-user folder of derived CALVIN files (``VLA_GYM_CACHE`` overrides its base)."""
    base = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("vla_gym")
    return Path(base) / "calvin"


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


def cached_folder(target: Path, fill: Callable[[Path], None]) -> Path:
    """Return ``target``, first made by ``fill(temporary_folder)`` if it does not exist."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # a real failure; otherwise another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target
