"""What the guides show is run: every Python and shell block of ``docs/``, page by page, in order.

The blocks of a page share one folder and one Python process, so that a block may use what the page
made before it. Comments in the Markdown, on the line before a block, say how it is run:

- ``<!-- not run: REASON -->``: never; those are printed, and they are few.
- ``<!-- full: REASON -->``: with ``--full`` only.
- ``<!-- file: NAME -->``: the block is what that file holds.

Commands that take long get small options at their end (``SHORTER``). ``README.md`` has a test of
its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/**/*.md"))
MOST_NOT_RUN = 15
SHORTER = {
    "vla-gym eval": "--limit 1 --workers 1",
    "vla-gym collect": "--limit 1 --workers 1",
}
"""By how a command begins: what is added to it; the last of two equal options counts."""
_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>not run|full|file): (?P<said>.*?) -->\n)?"
    r"```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page, and what its mark says."""

    kind: str
    text: str
    mark: str
    said: str

    @property
    def runs(self) -> bool:
        return self.kind in ("bash", "python", "console") and self.mark != "not run"


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text())
    return [Block(m["kind"], m["text"], m["mark"] or "", m["said"] or "") for m in found]


def python_of(block: Block) -> str:
    """Return the Python that does what a block does."""
    if block.mark == "file":
        return f"open({block.said!r}, 'w').write({block.text!r})"
    if block.kind == "python":
        return block.text
    return "\n".join(f"shell({command!r})" for command in commands(block))


def commands(block: Block) -> list[str]:
    """Return the commands of a shell block, long ones with small options."""
    lines = re.sub(r"\\\n\s*", "", block.text).splitlines()
    plain = [re.sub(r"\s+# .*", "", line).removeprefix("$ ") for line in lines]
    return [f"{line} {_shorter(line)}" for line in plain if line.strip()]


def _shorter(command: str) -> str:
    return next((more for start, more in SHORTER.items() if command.startswith(start)), "")


DRIVER = """
import subprocess
def shell(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\\n{done.stdout}\\n{done.stderr}"
"""


def run_page(page: Path, folder: Path, *, full: bool) -> None:
    """Run the blocks of a page in a folder."""
    chosen = [
        b for b in blocks(page) if b.mark == "file" or (b.runs and (full or b.mark != "full"))
    ]
    script = folder / "page.py"
    script.write_text("\n\n".join([DRIVER, *map(python_of, chosen)]))
    for name in ("configs", "benchmarks", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"


def ids(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT / "docs").with_suffix("")) for page in pages]


QUICK = [page for page in PAGES if any(b.runs and b.mark != "full" for b in blocks(page))]
LONG = [page for page in PAGES if any(b.runs and b.mark == "full" for b in blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", QUICK, ids=ids(QUICK))
def test_what_a_page_shows_works(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, full=False)


@pytest.mark.full
@pytest.mark.parametrize("page", LONG, ids=ids(LONG))
def test_all_that_a_page_shows_works(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path, full=True)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    left = [(page.name, b.said) for page in PAGES for b in blocks(page) if b.mark == "not run"]
    print("not run:", *(f"{page}: {why}" for page, why in left), sep="\n  ")
    assert len(left) <= MOST_NOT_RUN


def test_every_mark_belongs_to_a_block() -> None:
    for page in PAGES:
        marks = re.findall(r"<!-- (?:not run|full|file): ", page.read_text())
        assert len(marks) == sum(bool(b.mark) for b in blocks(page)), page.name


def test_a_long_command_is_shortened() -> None:
    block = Block("bash", "vla-gym eval --policy x \\\n  --limit 9  # long\n", "", "")
    assert commands(block) == ["vla-gym eval --policy x --limit 9 --limit 1 --workers 1"]
