"""How fast a VLA acts: batch size, history, where the time goes, and what cached vision saves.

    python benchmarks/policy.py [--config NAME] [--size tiny|base] [--seconds 3]

Prints actions per second against the batch and the history, the share of vision, language and head,
and the ratio between encoding each frame once and encoding the window at every step. Weights are
random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from vla_gym_robovlms.factory import make_policy

from vla_gym.contract.policy import Batch, Slot


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
    """Return the median time of ``act`` once the window is full."""
    batch = observations(policy, count)
    policy.reset(batch.slots)
    for _ in range(policy.config.history):
        policy.act(batch)
    times: list[float] = []
    end = time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        policy.act(batch)  # returns numpy: the device has finished
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def shares(policy: Any, budget: float) -> dict[str, float]:
    """Return the share of vision, language and head in a call for one slot."""
    spent = dict.fromkeys(("vision", "language", "head"), 0.0)
    model = policy.model
    device = model.backbone.reference.device

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            result = function(*arguments, **options)
            if device.type == "cuda":
                torch.cuda.synchronize()
            spent[name] += time.perf_counter() - begin
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


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="kosmos-policy-head-continuous")
    parser.add_argument("--interleaved", default="kosmos-interleaved-continuous")
    parser.add_argument("--size", choices=("tiny", "base"), default="tiny")
    parser.add_argument("--seconds", type=float, default=3.0, help="per measurement")
    given = parser.parse_args()
    backbone = {"size": given.size, **({"weights": "random"} if given.size == "base" else {})}

    def make(config: str, **options: Any) -> Any:
        return make_policy(config=config, backbone=backbone, **options)

    device = make(given.config).model.backbone.reference.device
    print(f"{given.config}, size {given.size}, {device}, {torch.get_num_threads()} threads")
    for micro_batch in (1, 4, 16):
        policy = make(given.config, micro_batch=micro_batch)
        for count in (1, 4, 16):
            if count >= micro_batch:
                rate = count / seconds_per_call(policy, count, given.seconds)
                print(f"batch {count:2}, micro_batch {micro_batch:2}: {rate:8.1f} actions/s")
    for history in (1, 4, 8, 16):
        rates = [
            1 / seconds_per_call(make(name, history=history), 1, given.seconds)
            for name in (given.config, given.interleaved)
        ]
        print(f"history {history:2}: policy head {rates[0]:8.1f}, interleaved {rates[1]:8.1f} /s")
    for name in (given.config, given.interleaved):
        found = shares(make(name), given.seconds)
        print(f"{name}: " + ", ".join(f"{k} {v:.0%}" for k, v in found.items()))
        cached, anew = (
            seconds_per_call(make(name, cache_vision=cache), 1, given.seconds)
            for cache in (True, False)
        )
        print(f"{name}: encoding each frame once is {anew / cached:.2f} times as fast")


if __name__ == "__main__":
    main()
