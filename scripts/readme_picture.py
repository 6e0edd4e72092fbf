"""Make docs/images/rollout.png: one chain of the scripted expert as a strip of pictures.

``.venv/bin/python scripts/readme_picture.py [SUITE]`` evaluates one episode (calvin/smoke unless
said otherwise) with its video and keeps eight frames of it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import vla_gym
from vla_gym.report import save_strip

PICTURE = Path(__file__).resolve().parent.parent / "docs/images/rollout.png"
WIDTH = 1200


def main(suite: str = "calvin/smoke") -> None:
    """Evaluate one episode and write the picture."""
    with tempfile.TemporaryDirectory() as out:
        vla_gym.evaluate("calvin-oracle", suite, out=out, limit=1, workers=1, video="all")
        video = min(Path(out).rglob("*.mp4"))
        save_strip(video, PICTURE, frames=8, columns=4, width=WIDTH)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
