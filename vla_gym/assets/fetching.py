"""Bring the files of a manifest into the asset root, from a directory or the pinned commit.

Every file is verified before it appears under its name, so an interrupted fetch leaves only right
files and can simply be repeated.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from vla_gym.assets.checking import check_files, verify
from vla_gym.assets.manifest import AssetFile, AssetManifest, Upstream
from vla_gym.assets.roots import asset_root
from vla_gym.errors import AssetError
from vla_gym.files import write_atomically

_GIT_TIMEOUT = 1800.0

Report = Callable[[str], None]


def fetch(
    manifest: AssetManifest,
    *,
    source: Path | None = None,
    root: Path | None = None,
    report: Report = lambda _: None,
) -> int:
    """Copy what is missing or wrong and verify it.

    Args:
        manifest: The collection.
        source: A directory laid out like an asset root, or a checkout of an upstream; ``None``
            clones the pinned commits.
        root: Where the files go (default: the asset root of this machine).
        report: Called with a line for every step that takes time.

    Returns:
        The number of files that were copied.

    Raises:
        AssetError: When a file cannot be got or is another one than the manifest says.
    """
    root = root or asset_root()
    wanted = {problem.path for problem in check_files(manifest, root)}
    files = [file for file in manifest.files if file.path in wanted]
    if not files:
        return 0
    if source is not None:
        report(f"copying {len(files)} files from {source}")
        _copy_all(files, source, root)
    else:
        _fetch_upstreams(manifest, files, root, report)
    verify(manifest, root)
    return len(files)


def _fetch_upstreams(
    manifest: AssetManifest, files: list[AssetFile], root: Path, report: Report
) -> None:
    orphans = [file.path for file in files if manifest.upstream(file.path) is None]
    if orphans:
        raise AssetError(
            f"Assets {manifest.name!r}: no upstream is known for {orphans[0]}; "
            f"use `vla-gym assets fetch {manifest.name} --from DIR`."
        )
    for upstream in manifest.upstreams:
        mine = [file for file in files if manifest.upstream(file.path) == upstream]
        if mine:
            report(f"cloning {upstream.url} at {upstream.commit[:12]} ({upstream.licence})")
            with tempfile.TemporaryDirectory(prefix="vla-gym-fetch-") as folder:
                _clone(upstream, Path(folder), manifest.name)
                _copy_all(mine, Path(folder), root)


def _clone(upstream: Upstream, folder: Path, name: str) -> None:
    """Check out one commit without its history."""
    if shutil.which("git") is None:
        raise AssetError(
            "git is not installed; install it (apt-get install git) or use "
            f"`vla-gym assets fetch {name} --from DIR`."
        )
    for command in (
        ["init", "--quiet"],
        ["fetch", "--quiet", "--depth", "1", upstream.url, upstream.commit],
        ["checkout", "--quiet", "FETCH_HEAD"],
    ):
        _git(command, folder, upstream, name)


def _git(command: list[str], folder: Path, upstream: Upstream, name: str) -> None:
    try:
        done = subprocess.run(
            ["git", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT,
            # Without it git would wait for a password that nobody types.
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
        problem = done.stderr.strip() if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = f"no answer in {_GIT_TIMEOUT:.0f} s"
    if problem:
        raise AssetError(
            f"Cannot get commit {upstream.commit} of {upstream.url}: {problem}\n"
            f"Fix: with a network try again; without one copy the files here and use "
            f"`vla-gym assets fetch {name} --from DIR`."
        )


def _copy_all(files: Iterable[AssetFile], source: Path, root: Path) -> None:
    if not source.is_dir():
        raise AssetError(f"{source} is not a directory.")
    for file in files:
        _copy(file, _find(file, source), root / file.path)


def _find(file: AssetFile, source: Path) -> Path:
    """Return where a file lies: under its full path, or its path inside the upstream."""
    inside = PurePosixPath(*PurePosixPath(file.path).parts[1:])
    for candidate in (source / file.path, source / inside):
        if candidate.is_file():
            return candidate
    raise AssetError(
        f"{source} has neither {file.path} nor {inside} (expected {file.size} bytes, sha256 "
        f"{file.sha256}). Expected: a directory with the upstream folders, or a checkout of one."
    )


def _copy(file: AssetFile, source: Path, target: Path) -> None:
    try:
        content = source.read_bytes()
        actual = hashlib.sha256(content).hexdigest()
        if actual != file.sha256:
            raise AssetError(
                f"{source}: expected sha256 {file.sha256} ({file.size} bytes), found {actual} "
                f"({len(content)} bytes). Fix: take the file from the pinned commit."
            )
        write_atomically(target, content)
    except OSError as error:
        if isinstance(error, AssetError):
            raise
        raise AssetError(f"Cannot copy {source} to {target}: {error}") from error
