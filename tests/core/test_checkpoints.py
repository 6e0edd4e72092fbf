"""Model files: the core asks the formats that plugins bring, and says when nobody reads a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from vla_gym.checkpoints import checkpoint_format
from vla_gym.errors import OptionError


def test_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="does not exist"):
        checkpoint_format(tmp_path / "absent.pt")


def test_a_file_that_nobody_reads_names_the_formats(tmp_path: Path) -> None:
    path = tmp_path / "model.unheard-of"
    path.write_bytes(b"x")
    with pytest.raises(OptionError, match="No format reads"):
        checkpoint_format(path)
