"""Every reader answers a file that is a little wrong with our own errors: no traceback, no hang.

``VLA_GYM_FUZZ`` says how many inputs each gets (``tox -e fuzz``: many); they are functions of their
numbers, so a failure is tried again with ``python tests/fuzz/attempt.py READER SEED 1 FOLDER``.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from mutations import TRIES
from readers import READERS

ROOT = Path(__file__).resolve().parents[2]
SEEN = (
    "tests/fuzz",
    "tests/core/datasets",
    "tests/core/training",
    "policies/robovlms/tests",
    "envs/calvin/tests",
    "plugins/template",
    "plugins/template-env",
)
LONGEST = 120.0
"""Seconds that an input may take on a busy machine."""
START = 900.0
"""Likewise until a process has imported everything and read the whole file."""


def outcomes(reader: str, folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Yield how each input ended; a process that hangs or dies is replaced."""
    done = 0
    while done < count:
        for found in _process(reader, folder, done, count - done):
            yield found
            done = found["seed"] + 1


def _process(reader: str, folder: Path, first: int, count: int) -> Iterator[dict[str, Any]]:
    paths = [str(ROOT / part) for part in SEEN]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "tests/fuzz/attempt.py"), reader, str(first), str(count)]
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(
            [*command, str(folder)], stdout=subprocess.PIPE, stderr=log, env=env, text=True
        )
    said: queue.Queue[str] = queue.Queue()
    assert child.stdout
    stream = child.stdout
    reading = threading.Thread(target=lambda: [said.put(line) for line in chain(stream, ("",))])
    reading.start()
    begun, patience = None, START
    try:
        while True:
            line = said.get(timeout=patience)
            if not line:
                break
            found = json.loads(line)
            begun, patience = found.get("begin"), LONGEST
            if begun is None:
                yield found
        code = child.wait()
        if begun is not None:
            yield {"seed": begun, "end": "died", "kind": f"status {code}"}
        elif code:
            raise AssertionError(f"the whole file of {reader} is not read: {folder / 'log'}")
    except queue.Empty:
        if begun is None:
            raise
        yield {"seed": begun, "end": "hung", "kind": f"more than {LONGEST} s"}
    finally:
        child.kill()
        child.wait()
        reading.join()


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_in_a_file_it_is_read_or_refused(reader: str, tmp_path: Path) -> None:
    found = list(outcomes(reader, tmp_path, TRIES))
    bad = [one for one in found if one["end"] not in ("read", "refused") or one.get("long")]
    kinds = Counter(f"{one['end']}: {one.get('kind', 'a message of a book')}" for one in bad)
    examples = {f"{one['end']}: {one.get('kind')}": one for one in bad}
    lines = [f"{count} x {kind}  {examples.get(kind)}" for kind, count in kinds.most_common()]
    assert not bad, f"{len(bad)} of {len(found)} inputs of {reader}:\n" + "\n".join(lines)
    assert len(found) == TRIES
