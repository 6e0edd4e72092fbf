"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from vla_gym import files


@pytest.mark.parametrize("sync", [False, True])
def test_a_file_is_replaced_and_readable_by_all(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "new" / "file"
    for content in (b"first", b"second" * 1000):
        files.write_atomically(path, content, sync=sync)
        assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o644
    assert [child.name for child in path.parent.iterdir()] == ["file"]


def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_atomically(path, b"old")

    def full(fd: int, data: bytes) -> None:
        del fd, data
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with pytest.raises(OSError, match="No space"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [child.name for child in tmp_path.iterdir()] == ["file"]
