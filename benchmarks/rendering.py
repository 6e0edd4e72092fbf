"""CALVIN's renderers against each other: time per picture, and distance to the recorded ones.

Ratios are of CPU time in one run, the least over a motion, both cameras: work of
others on the machine only ever adds. Each renderer does all its work in its own process.
``python benchmarks/rendering.py [--recordings ../shared/golden/calvin]`` prints JSON lines;
``--picture FILE`` writes EGL, ours, their difference times 20, and tiny side by side.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pybullet
from calvin_rendering import ROLES, cpu_times, fresh_world, motion, states_of
from vla_gym_calvin.rendering import Frame, Renderer, VisualState, make_renderer
from vla_gym_calvin.rendering.base import pick_sizes
from vla_gym_calvin.rendering.cameras import camera_view
from vla_gym_calvin.rendering.egl import EglRenderer
from vla_gym_calvin.rendering.gl.renderer import GlRenderer
from vla_gym_calvin.scene_assets import SceneAssets, scene_assets
from vla_gym_calvin.world import World

OFFICIAL_NAMES = {"static": "static", "wrist": "gripper"}
CASES = ("00", "06", "09")
COMPARED = (("gl", "exact"), ("gl", "fast"), ("gl", "low"), ("tiny", "exact"))  # with recordings
CONTENDERS = (("official", "exact"), ("egl", "exact"), *COMPARED)  # in time
VISIBLE = 20  # grey levels
DEPTH_TOLERANCE = 1e-3  # m

Recordings = dict[str, list[tuple[VisualState, dict[str, np.ndarray]]]]  # by scene


class OfficialEgl(EglRenderer):
    """EGL as the official code calls it: exact meshes, and a segmentation that nobody reads."""

    def __init__(self, assets: SceneAssets) -> None:
        super().__init__(assets, visuals="exact")

    def render(
        self, state: VisualState, cameras: Sequence[str], *, depth: bool = True
    ) -> dict[str, Frame]:
        """Return the pictures of the named cameras."""
        self._context.make_current()
        return self._mirror.frames(
            state,
            pick_sizes(self._sizes, cameras),
            depth=depth,
            renderer=pybullet.ER_BULLET_HARDWARE_OPENGL,
        )


def _draw_next(renderer: Renderer, states: Iterator[VisualState], cameras: Sequence[str]) -> None:
    renderer.render(next(states), cameras)


def picture_times(name: str, visuals: str, *, scene: str, steps: int) -> dict[str, float]:
    """Return the least CPU ms of both pictures, each camera alone, and a whole step."""
    assets = scene_assets(scene)
    actions = motion(steps=steps)
    renderer: Renderer = (
        OfficialEgl(assets)
        if name == "official"
        else make_renderer(name, assets=assets, visuals=visuals)
    )
    states = states_of(assets, actions, every=1)
    out = {}
    for label, cameras in (("both", ROLES), ("static", ROLES[:1]), ("wrist", ROLES[1:])):
        for state in states[:3]:
            renderer.render(state, cameras)
        remaining = iter(states)
        draw = partial(_draw_next, renderer, remaining, cameras)
        work = cpu_times(draw, len(states))
        out[label] = float(np.min(work) * 1e3)
    world = fresh_world(assets)
    following = iter(actions)

    def step() -> None:
        world.step(next(following))
        renderer.render(world.visual_state(), ROLES)

    out["step"] = float(np.min(cpu_times(step, len(actions))) * 1e3)
    world.close()
    renderer.close()
    return out


def times_apart(name: str, visuals: str, *, scene: str, steps: int) -> dict[str, float]:
    """Return the same from a process of its own: pybullet's EGL and ours share badly."""
    code = (
        "import json, rendering;"
        f"print(json.dumps(rendering.picture_times({name!r}, {visuals!r}, "
        f"scene={scene!r}, steps={steps})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def ratios(times: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the ratios that are promised."""
    return {
        "official egl / gl fast": times["official exact"]["both"] / times["gl fast"]["both"],
        "tiny / gl fast": times["tiny exact"]["both"] / times["gl fast"]["both"],
        "official egl / gl exact": times["official exact"]["both"] / times["gl exact"]["both"],
        "egl without segmentation / gl fast": (
            times["egl exact"]["both"] / times["gl fast"]["both"]
        ),
        "step: official egl / gl fast": times["official exact"]["step"] / times["gl fast"]["step"],
    }


def shares(*, scene: str, steps: int) -> dict[str, float]:
    """Return the parts of ``gl fast``'s picture of both cameras, % of its CPU time.

    The driver works when it is made to wait for it, so each part is drawn alone and waited for.
    """
    assets = scene_assets(scene)
    renderer = GlRenderer(assets, visuals="fast")
    states = states_of(assets, motion(steps=steps), every=1)
    stage, context = renderer._stage, renderer._context
    renderer.render(states[0], ROLES)
    target = stage._target((200, 200))
    view = camera_view("static", states[0], (200, 200))

    def shadow(state: VisualState) -> None:
        models = renderer._frames(state).transpose(0, 2, 1).astype(np.float32)
        with context:
            stage._light.draw(
                (i.mesh, np.ascontiguousarray(models[i.frame])) for i in stage._casters
            )
            context.gl.finish()

    def read(_: VisualState) -> None:
        with context:
            target.read(view, depth=False, ranked=True)

    def least(work: Callable[[VisualState], object]) -> float:
        remaining = iter(states)
        return float(np.min(cpu_times(lambda: work(next(remaining)), len(states))))

    both = least(lambda state: renderer.render(state, ROLES))
    parts = {"shadow": least(shadow), "read one": least(read)}
    for role in ROLES:
        parts[role] = least(partial(renderer.render, cameras=(role,))) - parts["shadow"]
    return {name: 100 * part / both for name, part in parts.items()}


_WORKER = """
import sys, time
import rendering
draw = rendering.prepared({scene!r}, {steps})
print("ready", flush=True)
sys.stdin.readline()
start = time.perf_counter()
draw()
print(time.perf_counter() - start, flush=True)
"""


def prepared(scene: str, steps: int) -> Callable[[], None]:
    """Return what draws ``steps`` pictures of both cameras, warmed up."""
    assets = scene_assets(scene)
    renderer = make_renderer("gl", assets=assets, visuals="fast")
    states = states_of(assets, motion(steps=steps), every=1)

    def draw() -> None:
        for state in states:
            renderer.render(state, ROLES)

    draw()
    return draw


def worker_scaling(*, scene: str, steps: int, rounds: int = 3) -> float:
    """Return pictures per second of two processes over those of one (wall time, medians)."""
    command = [sys.executable, "-c", _WORKER.format(scene=scene, steps=steps)]

    def wall(count: int) -> float:
        children = [
            subprocess.Popen(
                command,
                cwd=Path(__file__).parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        for child in children:
            while child.stdout and "ready" not in child.stdout.readline():
                pass
        for child in children:
            if child.stdin:
                child.stdin.write("go\n")
                child.stdin.flush()
        return max(float(child.communicate()[0].split()[-1]) for child in children)

    pairs = [(wall(1), wall(2)) for _ in range(rounds)]
    return float(np.median([2 * one / two for one, two in pairs]))


def recorded(folder: Path, scene: str) -> Iterator[tuple[VisualState, dict[str, np.ndarray]]]:
    """Yield visual states and the official EGL pictures of a scene."""
    for number in CASES:
        case = np.load(next((folder / f"scene_{scene}").glob(f"case_{number}_*.npz")))
        pictures = np.load(folder / f"scene_{scene}" / f"render_egl_{number}.npz")
        wanted = {int(k.rsplit("step", 1)[1]) for k in pictures.files}
        world = World(scene_assets(scene, "official"), button_reset="main")
        world.reset(case["init_robot_obs"], case["init_scene_obs"])
        for step in range(max(wanted) + 1):
            if step:
                world.step(case["actions"][step - 1])
            if step in wanted:
                suffix = f"_step{step}"
                own = {k: pictures[k] for k in pictures.files if k.endswith(suffix)}
                yield world.visual_state(), {k.removesuffix(suffix): v for k, v in own.items()}
        world.close()


def distance(frames: dict[str, Frame], official: dict[str, np.ndarray]) -> dict[str, float]:
    """Return mean grey-level difference, visible pixels and wrong depths, the latter in %."""
    out = {}
    for role, name in OFFICIAL_NAMES.items():
        error = np.abs(frames[role].rgb.astype(int) - official[f"rgb_{name}"])
        out[f"{role} mean"] = float(error.mean())
        out[f"{role} visible %"] = float((error.max(axis=-1) > VISIBLE).mean() * 100)
        depth = frames[role].depth
        if depth is not None and f"depth_{name}" in official:
            wrong = np.abs(depth - official[f"depth_{name}"]) > DEPTH_TOLERANCE
            out[f"{role} depth %"] = float(wrong.mean() * 100)
    return out


def distances(recordings: Recordings, name: str, visuals: str) -> dict[str, float]:
    """Return the distances of a renderer to the recordings, averaged, and the worst means."""
    rows: list[dict[str, float]] = []
    for scene, pairs in recordings.items():
        renderer = make_renderer(name, assets=scene_assets(scene, "official"), visuals=visuals)
        for state, official in pairs:
            rows.append(distance(renderer.render(state, ROLES, depth=True), official))
        renderer.close()
    keys = sorted({key for row in rows for key in row})
    out = {key: float(np.mean([row[key] for row in rows if key in row])) for key in keys}
    return out | {f"worst {r} mean": max(row[f"{r} mean"] for row in rows) for r in ROLES}


def side_by_side(recordings: Recordings, file: Path, *, scene: str = "D", index: int = 1) -> None:
    """Write EGL, ours, difference times 20, and tiny, for both cameras."""
    from PIL import Image

    state, official = recordings[scene][index]
    drawn = {}
    for name in ("gl", "tiny"):
        renderer = make_renderer(name, assets=scene_assets(scene, "official"), visuals="exact")
        renderer.render(state, ROLES)
        drawn[name] = renderer.render(state, ROLES)
        renderer.close()
    rows = []
    for role, name in OFFICIAL_NAMES.items():
        egl, ours, tiny = official[f"rgb_{name}"], drawn["gl"][role].rgb, drawn["tiny"][role].rgb
        difference = np.clip(np.abs(egl.astype(int) - ours) * 20, 0, 255).astype(np.uint8)
        row = [Image.fromarray(part).resize((300, 300)) for part in (egl, ours, difference, tiny)]
        rows.append(np.concatenate([np.asarray(part) for part in row], axis=1))
    Image.fromarray(np.concatenate(rows)).save(file)


def main() -> None:
    """Print times and ratios, then distances where recordings are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", default="D")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--recordings", type=Path, help="folder with scene_A, scene_D")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--skip-times", action="store_true")
    options = parser.parse_args()
    if not options.skip_times:
        times = {}
        for name, visuals in CONTENDERS:
            label = f"{name} {visuals}"
            times[label] = times_apart(name, visuals, scene=options.scene, steps=options.steps)
            print(json.dumps({"renderer": label, "cpu_ms": times[label]}), flush=True)
        print(json.dumps({"ratios": ratios(times)}), flush=True)
        found = shares(scene=options.scene, steps=options.steps)
        print(json.dumps({"gl fast, % of both cameras": found}), flush=True)
        scaling = worker_scaling(scene=options.scene, steps=options.steps)
        print(json.dumps({"two workers / one": scaling}), flush=True)
    if options.recordings:
        recordings = {scene: list(recorded(options.recordings, scene)) for scene in ("A", "D")}
        for name, visuals in COMPARED:
            found = distances(recordings, name, visuals)
            print(json.dumps({"renderer": f"{name} {visuals}", "to EGL": found}), flush=True)
        if options.picture:
            side_by_side(recordings, options.picture)


if __name__ == "__main__":
    main()
