"""What is published can be published: complete metadata, a licence, links that work on an index."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [
    path.parent
    for pattern in ("pyproject.toml", "envs/*/pyproject.toml", "policies/*/pyproject.toml")
    for path in sorted(ROOT.glob(pattern))
]
LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module", params=PACKAGES, ids=lambda path: path.name)
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of one package."""
    out = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    result = subprocess.run(command, cwd=request.param, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (path,) = out.glob("*.whl")
    return path


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(file.read(name).decode())


@pytest.mark.slow
def test_a_wheel_says_who_made_it_and_where_it_comes_from(wheel: Path) -> None:
    metadata = _metadata(wheel)
    for field in ("Summary", "Author", "License-Expression", "Requires-Python", "Keywords"):
        assert metadata[field], field
    assert len(metadata.get_all("Classifier", [])) >= 5
    labels = {url.partition(",")[0] for url in metadata.get_all("Project-URL", [])}
    assert {"Repository", "Documentation", "Changelog"} <= labels
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert any(name.endswith("/py.typed") for name in names)


@pytest.mark.slow
def test_its_readme_has_no_link_that_breaks_on_an_index(wheel: Path) -> None:
    readme = _metadata(wheel).get_payload()
    assert isinstance(readme, str)
    assert len(readme) > 300
    assert [link for link in LINK.findall(readme) if not link.startswith("https://")] == []
