"""What the SimplerEnv environments promise about fidelity and speed, measured in one run.

    python benchmarks/simpler.py [--parts golden frames physics observation workers] [--robot R]
                                 [--episodes N] [--assets official|builtin] [--out FILE]

``golden`` replays recordings of the official implementation (``../shared/golden/simpler``) and
prints tool and object errors and the agreement of every flag; ``frames`` compares reset pictures;
``physics`` is a step without pictures against bare engine steps; ``observation`` is a picture at
640 x 480 (with labels and overlay) against one at a policy's size, in CPU time; ``workers`` is the
throughput of two workers against one, by the clock: it wants two idle cores; ``pictures`` writes a
sheet with the reset picture of every task to ``--out``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measuring import cheapest, engine_share
from PIL import Image
from vla_gym_sapien.overlay import label_mask
from vla_gym_simpler.env import SimplerEnv
from vla_gym_simpler.facts.tasks import TASKS

import vla_gym

SHARED = Path(os.environ.get("VLA_GYM_SHARED", Path(__file__).resolve().parents[2] / "shared"))
GOLDEN = SHARED / "golden" / "simpler"
IGNORED = {"elapsed_steps", "qpos", "has_contact"}
OFFICIAL = {"widowx": (22.0, 5.6), "google_robot": (9.7, 3.5)}
"""Steps per second of the official stack on a quiet core, without and with pictures."""
SAMPLES = {"widowx": "widowx_carrot_on_plate", "google_robot": "google_robot_pick_coke_can"}
"""The task whose speed is measured."""
PARTS = ("golden", "frames", "physics", "observation", "workers", "pictures")
CELL = (240, 300)  # height and width of a picture of the sheet


def keywords(folder: str) -> dict[str, Any]:
    """Return the environment of a folder of recordings."""
    if "coke" in folder:
        orientation = folder.split("_pick_")[1].split("_")[0]
        return {"task": "google_robot_pick_coke_can", "orientation": orientation}
    if folder.endswith("_drawer") and "place" not in folder:
        verb, drawer = folder.removeprefix("google_robot_").split("_")[:2]
        return {"task": f"google_robot_{verb}_drawer", "drawer": drawer}
    return {"task": folder}


def recordings(robot: str) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """Yield every recorded episode of a robot."""
    for folder in sorted(path for path in GOLDEN.iterdir() if path.name.startswith(robot)):
        for file in sorted(folder.glob("ep?.json")):
            yield folder.name, json.loads(file.read_text()), file


def object_error(state: dict[str, Any], step: dict[str, Any]) -> float:
    """Return the largest position error of objects and drawers, mm."""
    errors = [0.0]
    for key, value in step.items():
        if key.startswith("actor:"):
            errors.append(float(np.linalg.norm(state[key][:3] - np.array(value[:3]))))
        elif key == "art_qpos:cabinet":
            errors.append(float(np.abs(state[key] - np.array(value)).max()))
    return 1000 * max(errors)


def free_steps(data: dict[str, Any]) -> int:
    """Return how many steps pass before the gripper is told to close: nothing is touched."""
    closing = -1.0 if data["episode"]["robot_uid"].startswith("widowx") else 1.0
    grips = [closing * step["action"][6] > 0 for step in data["steps"]]
    return grips.index(True) if True in grips else len(grips)


def replay(folder: str, data: dict[str, Any], name: str) -> None:
    """Replay one recording and print how far it is from the truth."""
    env = SimplerEnv(**keywords(folder), assets="official", cameras=())
    episode = data["episode"]
    env.reset(seed=episode["seed"], options=episode["options"])
    tool, objects, flags = [], [], Counter[str]()
    success = []
    for step in data["steps"]:
        *_, info = env.step(np.array(step["action"]))
        state = env.state()
        tool.append(1000 * np.linalg.norm(state["tcp"][:3] - np.array(step["tcp"][:3])))
        objects.append(object_error(state, step))
        wanted = {k: v for k, v in step["info"].items() if k not in IGNORED | {"episode_stats"}}
        flags.update(key for key, value in wanted.items() if info[key] != value)
        success.append((info["success"], step["info"]["success"]))
    env.close()
    same = f"{sum(a == b for a, b in success)}/{len(success)}"
    free = tool[: free_steps(data)]
    before = f"median {np.median(free):.3f} max {max(free):.2f} mm" if free else "none"
    print(
        f"{folder}/{name}: tcp median {np.median(tool):.3f} max {max(tool):.2f} mm (in the "
        f"{len(free)} steps before the gripper closes: {before}), objects max "
        f"{max(objects):.2f} last {objects[-1]:.2f} mm, success equal {same} (last "
        f"{success[-1][0]}, recorded {success[-1][1]}), other flags that differ: {dict(flags)}",
        flush=True,
    )


def golden(robot: str) -> None:
    """Replay all recordings of a robot."""
    for folder, data, file in recordings(robot):
        replay(folder, data, file.stem)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio, dB (99 for equal pictures)."""
    error = float(np.mean((one.astype(float) - other.astype(float)) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def frames(robot: str) -> None:
    """Compare reset pictures."""
    for folder, data, file in recordings(robot):
        env = SimplerEnv(**keywords(folder), assets="official")
        episode = data["episode"]
        observation, _ = env.reset(seed=episode["seed"], options=episode["options"])
        ours = observation["images"]["static"]
        truth = np.array(Image.open(file.with_name(f"{file.stem}_frame0.png")).convert("RGB"))
        front = np.array(Image.open(file.with_name(f"{file.stem}_labels0.png"))) > 0
        picture = env.simulation.picture(ours.shape[:2])
        assert picture.labels is not None
        drawn = [i for i, n in picture.names.items() if env.simulation.in_front(n)]
        differs = int((label_mask(picture.labels, drawn) != front).sum())
        print(
            f"{folder}/{file.stem}: PSNR whole {psnr(ours, truth):.1f} dB, foreground "
            f"{psnr(ours[front], truth[front]):.1f} dB, {differs} pixels of another label",
            flush=True,
        )
        env.close()


def make(robot: str, assets: str, **kwargs: Any) -> SimplerEnv:
    """Return an environment of a robot that has begun an episode."""
    task = SAMPLES[robot]
    env = SimplerEnv(task=task, assets=assets, **kwargs)
    env.reset(seed=0, options={"episode_id": 5})
    return env


def physics(robot: str, assets: str) -> None:
    """A step without pictures against its engine steps."""
    env, twin = (make(robot, assets, cameras=()) for _ in range(2))
    action = np.zeros(7)
    steps = twin.simulation.initial.robot.steps
    env.step(action), twin.step(action)  # the drives have their targets
    whole, engine = engine_share(lambda: env.step(action), twin.simulation, steps=steps, rounds=20)
    print(
        f"physics, {robot}: step {1000 * whole:.1f} ms, engine steps {1000 * engine:.1f} ms "
        f"(least of 20), ratio {whole / engine:.2f} (<= 1.1); {1 / whole:.1f} steps a CPU "
        f"second without pictures (official stack: {OFFICIAL[robot][0]})"
    )
    env.close()
    twin.close()


def observation(robot: str, assets: str) -> None:
    """A picture at the official size against one at a policy's size; share of rendering."""
    env = make(robot, assets)
    height, width = env.contract.cameras["static"].height, env.contract.cameras["static"].width
    whole = cheapest(lambda: env.render_cameras(("static",)))
    step = cheapest(lambda: env.step(np.zeros(7)))
    small_env = make(robot, assets, camera_sizes={"static": (224, 224)})
    small = cheapest(lambda: small_env.render_cameras(("static",)))
    small_step = cheapest(lambda: small_env.step(np.zeros(7)))
    print(
        f"observation, {robot}: {width}x{height} {1000 * whole:.0f} ms, 224x224 "
        f"{1000 * small:.0f} ms, ratio {whole / small:.2f}; rendering is {whole / step:.0%} of a "
        f"step; {1 / step:.1f} steps a CPU second with pictures at the official size, "
        f"{1 / small_step:.1f} at 224x224 (official stack: {OFFICIAL[robot][1]})"
    )
    env.close()
    small_env.close()


def throughput(workers: int, limit: int, assets: str) -> float:
    """Return episodes per second of warm workers (their first episode does not count)."""
    with tempfile.TemporaryDirectory() as folder:
        results = vla_gym.evaluate(
            "simpler-oracle",
            "simpler/widowx",
            suite_options={"assets": assets, "tasks": "stack_cube"},
            out=folder,
            workers=workers,
            limit=limit,
            video="none",
            progress=False,
        )
    seconds: dict[int, list[float]] = {}
    for record in results.records:
        seconds.setdefault(record.timing["worker"], []).append(record.timing["seconds"])
    warm = [sorted(times)[:-1] for times in seconds.values()]
    return sum(len(times) / sum(times) for times in warm if times)


def pictures(assets: str, out: Path) -> None:
    """Write a sheet with a reset picture of every task."""
    height, width = CELL
    sheet = Image.new("RGB", (3 * width, -(-len(TASKS) // 3) * height))
    for index, task in enumerate(TASKS):
        env = SimplerEnv(task=task, assets=assets, camera_sizes={"static": CELL})
        observation, _ = env.reset(seed=3, options={"episode_id": 3})
        picture = Image.fromarray(observation["images"]["static"])
        sheet.paste(picture, (index % 3 * width, index // 3 * height))
        env.close()
    sheet.save(out, quality=85)
    print(f"pictures: {out}, {out.stat().st_size // 1000} kB")


def main() -> None:
    """Parse the command line and run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS[:-1]), choices=PARTS)
    parser.add_argument("--out", type=Path, default=Path("simpler.jpg"))
    parser.add_argument("--robot", nargs="+", default=["widowx", "google_robot"])
    parser.add_argument("--assets", default="official")
    parser.add_argument("--episodes", type=int, default=8)
    options = parser.parse_args()
    os.environ.setdefault("VLA_GYM_ASSETS", str(SHARED / "assets"))
    for robot in options.robot:
        if "golden" in options.parts:
            golden(robot)
        if "frames" in options.parts:
            frames(robot)
        if "physics" in options.parts:
            physics(robot, options.assets)
        if "observation" in options.parts:
            observation(robot, options.assets)
    if "pictures" in options.parts:
        pictures(options.assets, options.out)
    if "workers" in options.parts:
        one, two = (throughput(n, options.episodes, options.assets) for n in (1, 2))
        print(f"workers: two / one {two / one:.2f} (>= 1.7)")


if __name__ == "__main__":
    main()
