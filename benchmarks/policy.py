"""How fast a VLA acts: batch size, history, where the time goes, and what cached vision saves.

    python benchmarks/policy.py [--config NAME] [--backbone NAME] [--size tiny|base] [--seconds 3]

Prints rates as ratios to one slot at a time, of CPU time on a CPU (what else runs does not count)
and of wall time on a GPU; the share of vision, language and head; and what it saves to encode each
frame once instead of the whole window at every step. Weights are random, but for ``compact``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from vla_gym_robovlms.factory import make_policy
from vla_gym_robovlms.options import vla_options

from vla_gym.contract.policy import Batch, Slot

GPU = torch.cuda.is_available()
clock = time.perf_counter if GPU else time.process_time
if not GPU:
    torch.set_num_threads(1)  # threads that wait for each other burn CPU time


def observations(policy: Any, count: int) -> Batch:
    """Return random pictures for ``count`` slots."""
    rng = np.random.default_rng(0)
    size = policy.model.backbone.image_size
    return Batch(
        slots=[Slot(i) for i in range(count)],
        images={
            role: rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
            for role in policy.config.cameras
        },
        proprioception=np.zeros((count, 0), np.float32),
        instructions=["pull the handle to open the drawer"] * count,
    )


def seconds_per_call(policy: Any, count: int, budget: float) -> float:
    """Return the least time of ``act`` once the window is full: nothing makes a call faster."""
    batch = observations(policy, count)
    policy.reset(batch.slots)
    for _ in range(policy.config.history):
        policy.act(batch)
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < end:
        begin = clock()
        policy.act(batch)  # returns numpy: the device has finished
        times.append(clock() - begin)
    return min(times)


def shares(policy: Any, budget: float) -> dict[str, float]:
    """Return the share of vision, language and head in a call for one slot."""
    spent = dict.fromkeys(("vision", "language", "head"), 0.0)
    model = policy.model

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            begin = clock()
            result = function(*arguments, **options)
            if GPU:
                torch.cuda.synchronize()
            spent[name] += clock() - begin
            return result

        return run

    originals = (model.see, model.backbone.transform, model.act)
    model.see = timed("vision", model.see)
    model.backbone.transform = timed("language", model.backbone.transform)
    model.act = timed("head", model.act)
    seconds_per_call(policy, 1, budget)
    model.see, model.backbone.transform, model.act = originals
    total = sum(spent.values())
    return {name: value / total for name, value in spent.items()}


def batches(make: Callable[..., Any], name: str, seconds: float) -> None:
    """Print actions per second against batch and micro-batch, one slot alone being 1."""
    alone = 0.0
    for micro_batch in (1, 4, 16):
        policy = make(name, micro_batch=micro_batch)
        for count in (1, 4, 16):
            if count < micro_batch:
                continue
            rate = count / seconds_per_call(policy, count, seconds)
            alone = alone or rate
            row = f"batch {count:2}, micro_batch {micro_batch:2}"
            print(f"{row}: {rate / alone:5.2f} ({rate:.1f} actions/s)", flush=True)


def histories(make: Callable[..., Any], names: list[str], seconds: float) -> None:
    """Print the time of a call against the history, one frame of the policy head being 1."""
    unit = 0.0
    for history in (1, 4, 8, 16):
        times = [seconds_per_call(make(name, history=history), 1, seconds) for name in names]
        unit = unit or times[0]
        policy_head, interleaved = (value / unit for value in times)
        row = f"policy head {policy_head:5.2f}, interleaved {interleaved:5.2f}"
        print(f"history {history:2}: {row} ({unit * 1000:.1f} ms is 1)", flush=True)


def vision(make: Callable[..., Any], name: str, seconds: float) -> None:
    """Print where the time goes, and what encoding each frame once saves."""
    found = shares(make(name), seconds)
    print(f"{name}: " + ", ".join(f"{part} {share:.0%}" for part, share in found.items()))
    once, anew = (
        seconds_per_call(make(name, cache_vision=cache), 1, seconds) for cache in (True, False)
    )
    print(f"{name}: encoding each frame once is {anew / once:.2f} times as fast", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="kosmos-policy-head-continuous")
    parser.add_argument("--interleaved", default="kosmos-interleaved-continuous")
    parser.add_argument("--backbone", help="in place of the one that the configurations name")
    parser.add_argument("--size", choices=("tiny", "base"), default="tiny")
    parser.add_argument("--seconds", type=float, default=3.0, help="per measurement")
    given = parser.parse_args()
    backbone = {"size": given.size, **({"weights": "random"} if given.size == "base" else {})}
    backbone |= {"name": given.backbone} if given.backbone else {}

    def make(config: str, **options: Any) -> Any:
        return make_policy(vla_options(config, {"backbone": backbone, **options}))

    model = make(given.config).model
    numbers = sum(p.numel() for p in model.parameters()) / 1e6
    device = f"{model.backbone.reference.device}, {torch.get_num_threads()} threads"
    print(f"{model.config.backbone.name}, {given.size}, {numbers:.1f} M, {device}")
    batches(make, given.config, given.seconds)
    histories(make, [given.config, given.interleaved], given.seconds)
    for name in (given.config, given.interleaved):
        vision(make, name, given.seconds)


if __name__ == "__main__":
    main()
