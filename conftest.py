"""For the tests of every package: the official files and recordings that may lie beside the clone.

They are never part of the repository. Where ``../shared`` is absent, what needs them is skipped
with that reason, and the rest runs with built-in assets.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parent.parent / "shared"

# How long an example takes says something about the machine, not about the code.
settings.register_profile("vla_gym", deadline=None)
settings.load_profile("vla_gym")

if (SHARED / "assets").is_dir():
    os.environ.setdefault("VLA_GYM_ASSETS", str(SHARED / "assets"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--full``."""
    parser.addoption("--full", action="store_true", help="every cell of the large tables")


def pytest_report_header(config: pytest.Config) -> str:
    """Say which cells of tables are left out."""
    cells = "all" if config.getoption("--full") else "a sample (all: tox -e full)"
    return f"cells of large tables: {cells}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only ``--full`` runs."""
    if config.getoption("--full"):
        return
    left = [item for item in items if item.get_closest_marker("full")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def _shared(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"{SHARED / name} is not there (official files are not part of the repository)")
    return SHARED / name


@pytest.fixture(scope="session")
def official_assets() -> Path:
    """The root of the official asset files, as in ``VLA_GYM_ASSETS``."""
    return _shared("assets")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Recordings of the official implementations."""
    return _shared("golden")
