"""A process that tries one reader on many inputs, and says of each how it ended.

``python attempt.py READER FIRST COUNT FOLDER``: a line of JSON for each seed. It has a limit of
memory; the parent watches the time.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from mutations import mutate_file
from readers import READERS, copy_of

from vla_gym.errors import VlaGymError

MEMORY = 12 * 2**30
"""Bytes of address space; torch alone maps several."""


def outcome(reader: str, whole: Path, root: Path, seed: int) -> dict[str, object]:
    """Return how one input was taken."""
    rng = np.random.default_rng(seed)
    copy_of(whole, root)
    names = sorted(p.relative_to(whole) for p in whole.glob(READERS[reader].only) if p.is_file())
    name = names[rng.integers(len(names))]
    for _ in range(int(rng.integers(1, 3))):
        mutate_file(root / name, rng)
    said: dict[str, object] = {"seed": seed, "file": str(name)}
    try:
        READERS[reader].use(root)
    except VlaGymError as error:
        text = str(error)
        return said | {"end": "refused", "long": len(text) > 20_000}
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if "/vla_gym" in f.filename]
        kind = f"{type(error).__name__} at {ours[-1] if ours else '?'}"
        return said | {"end": "raw", "kind": kind, "text": str(error)[:200]}
    return said | {"end": "read"}


def main() -> None:
    """Try a reader on a range of seeds."""
    reader, first, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    warnings.simplefilter("ignore")
    whole, root = Path(folder, "whole"), Path(folder, "changed")
    if not whole.exists():
        whole.mkdir()
        READERS[reader].write(whole)
    out = sys.stdout
    sys.stdout = sys.stderr
    copy_of(whole, root)
    READERS[reader].use(root)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for seed in range(first, first + count):
        print(json.dumps({"begin": seed}), file=out, flush=True)
        print(json.dumps(outcome(reader, whole, root, seed)), file=out, flush=True)


if __name__ == "__main__":
    main()
