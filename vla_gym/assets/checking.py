"""Are the files there, and are they the right ones?

``check_files`` is the quick form for every construction of an environment (unchanged files are not
read again), ``verify`` reads everything. Errors name the file, both hashes and the command that
repairs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vla_gym.assets.hashing import HashMemory, sha256
from vla_gym.assets.manifest import AssetFile, AssetManifest
from vla_gym.assets.roots import ASSETS_VARIABLE, asset_root
from vla_gym.errors import AssetError, PluginError

_SHOWN = 5


@dataclass(frozen=True)
class AssetProblem:
    """A file that is not as the manifest says.

    Attributes:
        path: Relative to the asset root.
        kind: What is wrong with it.
        message: Names the file, what was expected and what is there.
    """

    path: str
    kind: Literal["missing", "size", "hash", "unreadable"]
    message: str


@dataclass(frozen=True)
class AssetStatus:
    """How complete a collection is.

    Attributes:
        root: Directory that was looked at.
        present: Number of files that are as they should be.
        total: Number of files of the manifest.
    """

    name: str
    root: Path
    present: int
    total: int
    problems: tuple[AssetProblem, ...]

    @property
    def state(self) -> Literal["complete", "absent", "incomplete", "corrupt"]:
        """In one word; ``corrupt`` when a file is there and is another one."""
        if not self.problems:
            return "complete"
        if any(problem.kind != "missing" for problem in self.problems):
            return "corrupt"
        return "incomplete" if self.present else "absent"


def asset_manifest(name: str) -> AssetManifest:
    """Return the manifest that a plugin registered under ``name``.

    Raises:
        UnknownNameError: With near matches, when there is none.
    """
    from vla_gym.plugins import AssetEntry
    from vla_gym.registry import registry

    manifest = registry().load(AssetEntry, name)()
    if not isinstance(manifest, AssetManifest):
        raise PluginError(f"Asset collection {name!r} returns {manifest!r}, not an AssetManifest.")
    return manifest


def check_files(manifest: AssetManifest, root: Path | None = None) -> list[AssetProblem]:
    """Return what is wrong, hashing only files that changed since they were last hashed."""
    root = root or asset_root()
    with HashMemory() as memory:
        found = [_check(file, root, memory) for file in manifest.files]
    return [problem for problem in found if problem is not None]


def status(manifest: AssetManifest, root: Path | None = None, *, deep: bool = False) -> AssetStatus:
    """Return how complete a collection is.

    Args:
        manifest: The collection.
        root: Asset root (default: that of this machine).
        deep: Read every file instead of trusting sizes and modification times.
    """
    root = root or asset_root()
    if deep:
        found = [_check(file, root, None) for file in manifest.files]
        problems = [problem for problem in found if problem is not None]
    else:
        problems = check_files(manifest, root)
    total = len(manifest.files)
    return AssetStatus(manifest.name, root, total - len(problems), total, tuple(problems))


def verify(manifest: AssetManifest, root: Path | None = None) -> None:
    """Read every file and compare it with the manifest.

    Raises:
        AssetError: Naming the files that differ, their hashes and the fix.
    """
    _raise_if_incomplete(status(manifest, root, deep=True))


def require(manifest: AssetManifest, root: Path | None = None) -> None:
    """Do what ``verify`` does with the quick check.

    Raises:
        AssetError: Likewise.
    """
    _raise_if_incomplete(status(manifest, root))


def _raise_if_incomplete(found: AssetStatus) -> None:
    if not found.problems:
        return
    lines = [f"Assets {found.name!r} in {found.root} are {found.state}:"]
    lines += [f"  {problem.message}" for problem in found.problems[:_SHOWN]]
    if len(found.problems) > _SHOWN:
        lines.append(f"  ... and {len(found.problems) - _SHOWN} more")
    lines.append(
        f"Fix: `vla-gym assets fetch {found.name}` (or with `--from DIR`), "
        f"or set {ASSETS_VARIABLE} to a directory that holds them."
    )
    raise AssetError("\n".join(lines))


def _check(file: AssetFile, root: Path, memory: HashMemory | None) -> AssetProblem | None:
    path = root / file.path
    try:
        size = path.stat().st_size
        if size != file.size:
            message = f"{path}: expected {file.size} bytes, found {size}"
            return AssetProblem(file.path, "size", f"{message} (expected sha256 {file.sha256})")
        actual = memory.sha256(path) if memory else sha256(path)
    except FileNotFoundError:
        expected = f"expected {file.size} bytes, sha256 {file.sha256}"
        return AssetProblem(file.path, "missing", f"{path}: missing ({expected})")
    except OSError as error:
        return AssetProblem(file.path, "unreadable", f"{path}: cannot be read ({error})")
    if actual != file.sha256:
        message = f"{path}: expected sha256 {file.sha256}, found {actual}"
        return AssetProblem(file.path, "hash", message)
    return None
