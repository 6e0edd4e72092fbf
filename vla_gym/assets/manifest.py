"""What a collection of third-party files consists of, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pydantic import Field, field_validator

from vla_gym.assets.hashing import sha256
from vla_gym.schema import Record


class AssetFile(Record):
    """One file.

    Attributes:
        path: Relative to the asset root, with ``/``; its first part is the upstream's folder.
        size: In bytes.
        sha256: 64 hex digits.
    """

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
            raise ValueError(f"{value!r} is not of the form 'upstream-folder/path/in/it'")
        return value


class Upstream(Record):
    """The repository that a folder of the asset root mirrors.

    Attributes:
        folder: First part of the paths of its files.
        url: What ``git fetch`` takes.
        commit: Full hash of the pinned commit.
        licence: Name of the licence its files come under.
    """

    folder: str
    url: str
    commit: str
    licence: str


class AssetManifest(Record):
    """A named collection of files.

    Attributes:
        name: As registered (``vla-gym assets fetch NAME``).
        files: All files that make it complete.
        upstreams: Where they come from, one a folder.
        summary: What they are for.
    """

    name: str
    files: tuple[AssetFile, ...] = Field(min_length=1)
    upstreams: tuple[Upstream, ...] = ()
    summary: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def upstream(self, path: str) -> Upstream | None:
        """Return the upstream of a file, if it is known."""
        folder = PurePosixPath(path).parts[0]
        return next((up for up in self.upstreams if up.folder == folder), None)


def scan(root: Path, paths: Iterable[str]) -> tuple[AssetFile, ...]:
    """Describe files that lie under ``root``: how a manifest is made."""
    return tuple(
        AssetFile(path=path, size=(root / path).stat().st_size, sha256=sha256(root / path))
        for path in sorted(paths)
    )
