"""Users' type checkers see our annotations, and mypy checks every package of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.11")

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [ROOT / "vla_gym", *sorted(ROOT.glob("*/*/vla_gym_*"))]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_says_that_it_is_typed(package: Path) -> None:
    assert (package / "py.typed").is_file()


def test_mypy_is_strict_on_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"] is True
    assert {str(package.relative_to(ROOT)) for package in PACKAGES} <= set(settings["files"])
