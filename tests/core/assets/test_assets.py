"""The right files, or an error that names the file, both hashes and the fix."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from vla_gym.assets import (
    AssetFile,
    AssetManifest,
    Upstream,
    asset_root,
    cache_root,
    check_files,
    fetch,
    require,
    scan,
    status,
    verify,
)
from vla_gym.errors import AssetError

FILES = {"boxes/data/a.txt": b"aaa", "boxes/data/deep/b.bin": b"\0\1" * 2000}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLA_GYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VLA_GYM_ASSETS", str(tmp_path / "assets"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "source"


@pytest.fixture
def manifest(source: Path) -> AssetManifest:
    return AssetManifest(name="boxes", files=scan(source, FILES))


def test_the_root_is_the_variable_else_a_cache_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asset_root() == tmp_path / "assets"
    monkeypatch.delenv("VLA_GYM_ASSETS")
    assert asset_root() == tmp_path / "cache" / "assets"
    monkeypatch.delenv("VLA_GYM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "vla_gym"


def test_fetch_copies_what_is_missing_and_only_that(source: Path, manifest: AssetManifest) -> None:
    assert status(manifest).state == "absent"
    assert fetch(manifest, source=source) == 2
    assert status(manifest).state == "complete"
    verify(manifest)
    (asset_root() / "boxes/data/a.txt").unlink()
    assert status(manifest).state == "incomplete"
    assert fetch(manifest, source=source) == 1
    assert fetch(manifest, source=source) == 0


def test_a_checkout_of_the_upstream_is_a_source_too(source: Path, manifest: AssetManifest) -> None:
    assert fetch(manifest, source=source / "boxes") == 2


def test_a_missing_file_is_named_with_its_hash_and_the_fix(manifest: AssetManifest) -> None:
    with pytest.raises(AssetError) as caught:
        require(manifest)
    message = str(caught.value)
    assert f"{asset_root() / 'boxes/data/a.txt'}: missing" in message
    assert manifest.files[0].sha256 in message
    assert "vla-gym assets fetch boxes" in message


def test_a_corrupt_file_is_named_with_both_hashes(source: Path, manifest: AssetManifest) -> None:
    fetch(manifest, source=source)
    path = asset_root() / "boxes/data/a.txt"
    path.write_bytes(b"bbb")
    with pytest.raises(AssetError, match=r"expected sha256 9834876.* found 3e744b9"):
        verify(manifest)
    assert [problem.kind for problem in check_files(manifest)] == ["hash"]
    path.write_bytes(b"bb")
    assert status(manifest).state == "corrupt"
    assert [problem.kind for problem in check_files(manifest)] == ["size"]


def test_unchanged_files_are_not_read_again(
    source: Path, manifest: AssetManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(manifest, source=source)
    check_files(manifest)
    monkeypatch.setattr("vla_gym.assets.hashing.sha256", pytest.fail)
    assert check_files(manifest) == []


def test_the_deep_check_sees_what_sizes_and_times_hide(
    source: Path, manifest: AssetManifest
) -> None:
    fetch(manifest, source=source)
    check_files(manifest)
    path = asset_root() / "boxes/data/a.txt"
    stat = path.stat()
    path.write_bytes(b"bbb")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert check_files(manifest) == []
    assert status(manifest, deep=True).state == "corrupt"


@pytest.mark.parametrize("garbage", ["", "[]", '{"x": 3}', "not json"])
def test_a_broken_memory_of_hashes_is_forgotten(
    source: Path, manifest: AssetManifest, garbage: str
) -> None:
    fetch(manifest, source=source)
    check_files(manifest)
    (cache_root() / "asset_hashes.json").write_text(garbage)
    assert check_files(manifest) == []


def test_a_wrong_file_is_never_copied(source: Path, manifest: AssetManifest) -> None:
    (source / "boxes/data/a.txt").write_bytes(b"other")
    with pytest.raises(AssetError, match=r"a\.txt: expected sha256 .* found .* \(5 bytes\)"):
        fetch(manifest, source=source)
    assert not (asset_root() / "boxes/data/a.txt").exists()


def test_a_source_without_the_file_is_named(tmp_path: Path, manifest: AssetManifest) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetError, match=r"has neither boxes/data/a\.txt nor data/a\.txt"):
        fetch(manifest, source=tmp_path / "empty")
    with pytest.raises(AssetError, match="is not a directory"):
        fetch(manifest, source=tmp_path / "nowhere")


def test_a_target_that_cannot_be_written_is_named(source: Path, manifest: AssetManifest) -> None:
    asset_root().write_text("a file where the directory should be")
    with pytest.raises(AssetError, match="Cannot copy"):
        fetch(manifest, source=source)


def test_without_an_upstream_the_fix_is_a_directory(manifest: AssetManifest) -> None:
    with pytest.raises(AssetError, match=r"no upstream is known for boxes/data/a\.txt.*--from DIR"):
        fetch(manifest)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_pinned_commit_is_cloned(source: Path, manifest: AssetManifest) -> None:
    repository = source / "boxes"
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    head = ["git", "rev-parse", "HEAD"]
    commit = subprocess.check_output(head, cwd=repository, text=True).strip()
    upstream = Upstream(folder="boxes", url=str(repository), commit=commit, licence="MIT")
    pinned = manifest.model_copy(update={"upstreams": (upstream,)})
    lines: list[str] = []
    assert fetch(pinned, report=lines.append) == 2
    assert lines == [f"cloning {repository} at {commit[:12]} (MIT)"]

    shutil.rmtree(asset_root())
    gone = upstream.model_copy(update={"commit": "0" * 40})
    with pytest.raises(AssetError, match=r"Cannot get commit 0000.*(?s:.*)--from DIR"):
        fetch(manifest.model_copy(update={"upstreams": (gone,)}))


@pytest.mark.parametrize("path", ["/etc/passwd", "boxes/../../x", "alone"])
def test_paths_stay_inside_their_upstream(path: str) -> None:
    with pytest.raises(ValidationError, match="upstream-folder"):
        AssetFile(path=path, size=1, sha256="0" * 64)
