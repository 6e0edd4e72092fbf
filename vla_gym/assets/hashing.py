"""SHA-256 of files, remembered by size and modification time.

A simulator is built thousands of times in a run; hashing its files each time would cost more than
loading them. The memory lies in the cache directory, because the assets may be read-only, and is
only ever a shortcut: without it everything is hashed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from vla_gym.assets.roots import cache_root
from vla_gym.files import write_atomically

_BLOCK = 1 << 20


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()


class HashMemory:
    """Hashes of files that have not changed since they were last hashed; use as a context."""

    def __init__(self, path: Path | None = None) -> None:
        """Load what was remembered (default: in the cache directory)."""
        self._path = path or cache_root() / "asset_hashes.json"
        self._known: dict[str, list[int | str]] = _load(self._path)
        self._changed = False

    def __enter__(self) -> HashMemory:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write down what was hashed."""
        if self._changed:
            # An unwritable or full cache costs time at the next start, nothing else.
            with contextlib.suppress(OSError):
                write_atomically(self._path, json.dumps(self._known).encode())

    def sha256(self, path: Path) -> str:
        """Return the hash of a file, read only if its size or modification time changed."""
        stat, key = path.stat(), str(path)
        stamp = [stat.st_size, stat.st_mtime_ns]
        known = self._known.get(key)
        if known is not None and known[:2] == stamp:
            return str(known[2])
        value = sha256(path)
        self._known[key] = [*stamp, value]
        self._changed = True
        return value


def _load(path: Path) -> dict[str, list[int | str]]:
    try:
        loaded = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {key: value for key, value in loaded.items() if _is_entry(value)}


def _is_entry(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[2], str)
