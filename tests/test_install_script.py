"""A Python for which there are no wheels is refused before anything is made."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/install.py"


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 12, 1), (3, 13, 0)])
def test_a_python_without_wheels_is_refused_with_the_command_that_works(
    version: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "argv", ["install.py", "--venv", str(tmp_path / "venv")])
    with pytest.raises(SystemExit, match=r"3\.10 or 3\.11 is needed .*PYTHON=python3\.11"):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 11, 7)])
def test_a_python_with_wheels_will_do(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "argv", ["install.py", "--check"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
