"""What collecting and training cost, as ratios measured in one run.

    python benchmarks/training.py [--parts collect loader] [--chains N] [--steps N] [--batch N]

``collect`` records demonstrations of CALVIN's expert with one worker and with two (demonstrations
a minute by the clock: two want two idle cores). ``loader`` trains ``mini`` on them for some steps:
the time a step waits for its windows against the step, and the first opening of the data (decode,
resize, keep) against the second (map the files).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch

from vla_gym.collection.collect import collect
from vla_gym.suites import load_suite
from vla_gym.training import TrainConfig
from vla_gym.training.build import make_mixture, make_trainable, open_data
from vla_gym.training.config import AugmentConfig
from vla_gym.training.loop import train

PARTS = ("collect", "loader")
POLICY = Path(__file__).resolve().parents[1] / "configs/robovlms/mini-policy-head-continuous.yaml"


def collected(out: Path, chains: int, workers: int) -> float:
    """Collect chains and return demonstrations a minute."""
    suite = load_suite("calvin/demonstrations", {"chains": chains})
    began = time.perf_counter()
    writer = collect(
        "calvin-oracle",
        suite,
        out=out,
        workers=workers,
        policy_options={"noise": 0.6},
        progress=False,
    )
    return 60 * len(writer) / (time.perf_counter() - began)


def opening(config: TrainConfig) -> float:
    """Return the seconds until a training could begin."""
    datasets = open_data(config)
    trainable = make_trainable(config)
    began = time.perf_counter()
    make_mixture(config, datasets, trainable, print)
    return time.perf_counter() - began


def loader(data: Path, out: Path, steps: int, batch: int) -> None:
    """Train and print what the loader took."""
    config = TrainConfig(
        policy=str(POLICY),
        data=({"path": str(data)},),
        steps=steps,
        batch_size=batch,
        augment=AugmentConfig(shift=3, brightness=0.1),
        log_every=1,
    )
    first, second = opening(config), opening(config)
    print(f"opening: first {first:.1f} s, again {second:.2f} s, ratio {first / second:.0f}")
    train(config, out, progress=False)
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    rows = [line for line in lines if "load_s" in line][1:]
    load, whole = (sorted(row[key] for row in rows)[len(rows) // 2] for key in ("load_s", "s"))
    print(
        f"loader: {batch / load:.0f} windows/s, model {batch / (whole - load):.0f} windows/s, "
        f"waiting is {load / whole:.1%} of a step (must not be the bottleneck)"
    )


def main() -> None:
    """Parse the command line and run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        one = collected(data, options.chains, 1)
        if "collect" in options.parts:
            two = collected(Path(folder) / "two", options.chains, 2)
            print(f"collect: two workers / one {two / one:.2f} ({60 / one:.1f} s a demonstration)")
        if "loader" in options.parts:
            loader(data, Path(folder) / "run", options.steps, options.batch)


if __name__ == "__main__":
    main()
