"""A third party's plugin: really installed with pip, listed, evaluated; a broken one is a warning.

The plugins are installed into folders of their own that a subprocess gets on its path, so that the
environment of the tests stays as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VLA_GYM = Path(sys.executable).parent / "vla-gym"
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")


def vla_gym(
    *arguments: str, path: tuple[Path, ...] = (), cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line with further folders on the path."""
    return subprocess.run(
        [VLA_GYM, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template plugin as pip installs it."""
    target = tmp_path_factory.mktemp("template")
    install = [sys.executable, "-m", "pip", "install", "-q", *OFFLINE, "--target", str(target)]
    result = subprocess.run(
        [*install, str(ROOT / "plugins/template")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return target


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment template as pip installs it."""
    target = tmp_path_factory.mktemp("environment")
    install = [sys.executable, "-m", "pip", "install", "-q", *OFFLINE, "--target", str(target)]
    result = subprocess.run(
        [*install, str(ROOT / "plugins/template-env")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return target


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backbone template as pip installs it."""
    pytest.importorskip("vla_gym_robovlms")
    target = tmp_path_factory.mktemp("backbone")
    install = [sys.executable, "-m", "pip", "install", "-q", *OFFLINE, "--target", str(target)]
    result = subprocess.run(
        [*install, str(ROOT / "plugins/template-backbone")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return target


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An installed plugin whose module raises on import."""
    site = tmp_path / "broken-site"
    info = site / "vla_gym_broken-0.3.dist-info"
    info.mkdir(parents=True)
    (site / "vla_gym_broken.py").write_text("raise RuntimeError('no licence key found')\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vla-gym-broken\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[vla_gym]\nbroken = vla_gym_broken\n")
    return site


def test_an_installed_policy_is_listed_with_its_distribution(template: Path) -> None:
    assert "template-wave" not in vla_gym("list", "policies").stdout
    result = vla_gym("list", "policies", path=(template,), COLUMNS="200")
    assert result.returncode == 0, result.stderr
    assert "template-wave" in result.stdout
    assert "vla-gym-template" in result.stdout


def test_an_installed_policy_evaluates(template: Path, tmp_path: Path) -> None:
    run = ["eval", "--policy", "template-wave", "--suite", "calvin/smoke", "--limit", "1"]
    where = ["--workers", "1", "--video", "none", "--out", str(tmp_path / "run")]
    result = vla_gym(*run, *where, "--set", "amplitude=0.5", path=(template,))
    assert result.returncode == 0, result.stdout + result.stderr
    lines = (tmp_path / "run/episodes.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    assert len(lines) == 1
    assert record["subtasks"][0]["steps"] > 0
    assert not record.get("error")


def test_an_installed_environment_is_listed_evaluated_and_checked(
    environment: Path, tmp_path: Path
) -> None:
    listed = vla_gym("list", "envs", path=(environment,), COLUMNS="200")
    assert "TemplateArm-v0" in listed.stdout, listed.stdout + listed.stderr
    run = ["eval", "--policy", "template-reacher", "--suite", "template/reach", "--limit", "3"]
    where = ["--workers", "1", "--video", "none", "--out", str(tmp_path / "run")]
    result = vla_gym(*run, *where, path=(environment,))
    assert result.returncode == 0, result.stdout + result.stderr
    lines = (tmp_path / "run/episodes.jsonl").read_text().splitlines()
    assert [json.loads(line)["subtasks"][0]["success"] for line in lines] == [True] * 3
    code = "from vla_gym.conformance import check_env; check_env('TemplateArm-v0')"
    checked = subprocess.run(
        [sys.executable, "-c", f"import vla_gym; {code}"],
        env={**os.environ, "PYTHONPATH": str(environment)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_an_installed_backbone_becomes_a_policy(backbone: Path, tmp_path: Path) -> None:
    listed = vla_gym("list", "backbones", path=(backbone,), COLUMNS="200")
    assert "template-vlm" in listed.stdout
    assert "vla-gym-template-backbone" in listed.stdout
    options = ["backbone.name=template-vlm", "backbone.size=tiny", "suite.max_steps=5"]
    settings = [word for option in options for word in ("--set", option)]
    run = ["eval", "--policy", "robovlms/kosmos-policy-head-continuous", "--suite", "calvin/smoke"]
    where = ["--limit", "1", "--workers", "1", "--video", "none", "--out", str(tmp_path / "run")]
    result = vla_gym(*run, *where, *settings, path=(backbone,))
    assert result.returncode == 0, result.stdout + result.stderr
    record = json.loads((tmp_path / "run/episodes.jsonl").read_text().splitlines()[0])
    assert record["subtasks"][0]["steps"] == 5


def test_the_template_is_small() -> None:
    files = (ROOT / "plugins/template/vla_gym_template").glob("*.py")
    assert sum(len(file.read_text().splitlines()) for file in files) < 60


def test_a_plugin_that_raises_on_import_is_a_warning(broken: Path, template: Path) -> None:
    result = vla_gym("list", "policies", path=(broken, template), COLUMNS="200")
    assert result.returncode == 0, result.stderr
    assert "template-wave" in result.stdout
    for word in ("broken", "vla-gym-broken 0.3", "no licence key found"):
        assert word in result.stderr.replace("\n", " ")
    listed = vla_gym("list", "plugins", path=(broken,), COLUMNS="200")
    assert "no licence key found" in listed.stdout


def test_a_plugin_can_be_disabled_by_name(broken: Path, template: Path) -> None:
    paths = {"path": (broken, template), "COLUMNS": "200"}
    result = vla_gym("list", "policies", VLA_GYM_DISABLE_PLUGINS="broken, template", **paths)
    assert result.returncode == 0, result.stderr
    assert "template-wave" not in result.stdout
    assert "no licence key found" not in result.stderr
