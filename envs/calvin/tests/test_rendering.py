"""Pictures: equal to the recorded ones, never the end of the process, several at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from vla_gym_calvin import facts
from vla_gym_calvin.rendering import RendererError, VisualState, make_renderer
from vla_gym_calvin.rendering.base import resolve_sizes
from vla_gym_calvin.rendering.probe import probe
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.visual_state import reference_state
from vla_gym_calvin.world import World

from vla_gym.errors import OptionError, UnknownNameError

SHARED = Path(__file__).parents[4] / "shared"
GOLDEN = SHARED / "golden" / "calvin"
CASES = [("A", "09", "random1"), ("D", "00", "open_drawer")]
ROLES = {"static": "static", "wrist": "gripper"}
STEPS = (0, 60, 110, 150)

needs_egl = pytest.mark.skipif(not probe("egl").ok, reason=f"no EGL: {probe('egl').problem}")


@pytest.fixture(autouse=True)
def _assets(monkeypatch: pytest.MonkeyPatch) -> None:
    if (SHARED / "assets").is_dir():
        monkeypatch.setenv("VLA_GYM_ASSETS", str(SHARED / "assets"))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[2]}")
def recording(request: pytest.FixtureRequest) -> tuple[str, str, dict[int, VisualState]]:
    """Scene, number and the visual states at the recorded steps."""
    scene, number, name = request.param
    file = GOLDEN / f"scene_{scene}" / f"case_{number}_{name}.npz"
    if not file.is_file():
        pytest.skip(f"no recordings at {GOLDEN}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLA_GYM_ASSETS", str(SHARED / "assets"))
        return scene, number, _replay(scene, np.load(file))


def _replay(scene: str, case: dict[str, np.ndarray]) -> dict[int, VisualState]:
    world = World(scene_assets(scene, "official"), button_reset="main")
    world.reset(case["init_robot_obs"], case["init_scene_obs"])
    states = {0: world.visual_state()}
    for step, action in enumerate(case["actions"], start=1):
        world.step(action)
        if step in STEPS:
            states[step] = world.visual_state()
    world.close()
    return states


def _differences(
    name: str, recording: tuple[str, str, dict[int, VisualState]], visuals: str
) -> dict[tuple[int, str], float]:
    """Mean absolute grey-level difference to the recorded pictures, and that of depth."""
    scene, number, states = recording
    golden = np.load(GOLDEN / f"scene_{scene}" / f"render_{name}_{number}.npz")
    renderer = make_renderer(name, assets=scene_assets(scene, "official"), visuals=visuals)
    out: dict[tuple[int, str], float] = {}
    for step, state in states.items():
        frames = renderer.render(state, tuple(ROLES), depth=True)
        for role, official in ROLES.items():
            recorded = golden[f"rgb_{official}_step{step}"].astype(int)
            out[step, role] = float(np.abs(frames[role].rgb - recorded).mean())
            if f"depth_{official}_step{step}" in golden:
                depth = golden[f"depth_{official}_step{step}"]
                out[step, f"{role} depth"] = float(np.abs(frames[role].depth - depth).max())
    renderer.close()
    return out


def test_tiny_pictures_are_identical_to_the_recorded_ones(recording) -> None:
    assert set(_differences("tiny", recording, "exact").values()) == {0.0}


@needs_egl
def test_egl_pictures_are_the_recorded_ones(recording) -> None:
    """Identical with Mesa 22.3.6 here; another driver may round differently."""
    assert max(_differences("egl", recording, "exact").values()) < 0.5


def test_simplified_visuals_look_like_the_exact_ones() -> None:
    state = reference_state("D")
    low, exact = (_pictures("tiny", "D", visuals=visuals)(state) for visuals in ("low", "exact"))
    limits = {"static": 2.5, "wrist": 3.5}
    for role, limit in limits.items():
        assert np.abs(low[role].rgb.astype(int) - exact[role].rgb).mean() <= limit


def _pictures(name: str, scene: str, *, visuals: str = "low", kind: str = "auto"):
    def render(state: VisualState):
        renderer = make_renderer(name, assets=scene_assets(scene, kind), visuals=visuals)
        try:
            return renderer.render(state, tuple(facts.CAMERA_SIZES))
        finally:
            renderer.close()

    return render


@pytest.mark.parametrize("name", ["tiny", pytest.param("egl", marks=needs_egl)])
def test_several_renderers_do_not_disturb_each_other(name: str) -> None:
    alone = {scene: _pictures(name, scene)(reference_state(scene)) for scene in "AD"}
    both = {scene: make_renderer(name, assets=scene_assets(scene)) for scene in "AD"}
    for scene in "ADDA":
        frames = both[scene].render(reference_state(scene), ("static", "wrist"))
        for role, frame in frames.items():
            assert np.array_equal(frame.rgb, alone[scene][role].rgb)
    both["A"].close()
    frames = both["D"].render(reference_state("D"), ("static",))
    assert np.array_equal(frames["static"].rgb, alone["D"]["static"].rgb)
    both["D"].close()
    both["D"].close()


@pytest.mark.parametrize("name", ["tiny", pytest.param("egl", marks=needs_egl)])
def test_a_picture_depends_on_its_state_alone(name: str) -> None:
    renderer = make_renderer(name, assets=scene_assets("D"))
    state = reference_state("D")
    first = renderer.render(state, ("static",))["static"].rgb
    dark = VisualState(**{**vars(state), "lightbulb": False, "led": False})
    other = renderer.render(dark, ("static", "wrist"))["static"].rgb
    again = renderer.render(state, ("static",))["static"].rgb
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    description = renderer.describe()
    assert {"name", "driver", "visuals", "fingerprint"} <= set(description)
    assert len(description["fingerprint"]) == 16
    renderer.close()


def test_sizes_and_cameras_can_be_chosen() -> None:
    renderer = make_renderer("tiny", assets=scene_assets("D"), camera_sizes={"wrist": (60, 80)})
    frames = renderer.render(reference_state("D"), ("wrist",), depth=True)
    assert set(frames) == {"wrist"}
    assert frames["wrist"].rgb.shape == (60, 80, 3)
    assert frames["wrist"].depth is not None
    assert frames["wrist"].depth.dtype == np.float32
    with pytest.raises(UnknownNameError, match="static"):
        renderer.render(reference_state("D"), ("statik",))
    renderer.close()


def test_bad_options_are_named() -> None:
    assets = scene_assets("D")
    with pytest.raises(UnknownNameError, match="tiny"):
        make_renderer("tiney", assets=assets)
    with pytest.raises(OptionError, match="low"):
        make_renderer("tiny", assets=assets, visuals="ultra")
    with pytest.raises(UnknownNameError, match="wrist"):
        resolve_sizes({"wirst": (3, 3)})
    with pytest.raises(OptionError, match="height, width"):
        resolve_sizes({"wrist": (0, 3)})


NO_EGL = """
import json, warnings
from vla_gym_calvin.rendering import RendererError, make_renderer
from vla_gym_calvin.visual_state import reference_state
from vla_gym_calvin.scene_assets import scene_assets
assets = scene_assets("D")
try:
    make_renderer("egl", assets=assets)
except RendererError as error:
    message = str(error)
with warnings.catch_warnings(record=True) as caught:
    renderer = make_renderer("auto", assets=assets)
print(json.dumps([message, renderer.name, str(caught[0].message)]))
"""


def test_without_a_driver_auto_is_tiny_and_egl_names_the_package(tmp_path: Path) -> None:
    """No vendor of EGL: the plugin would end the process."""
    environment = {
        **os.environ,
        "__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path),
        "__EGL_VENDOR_LIBRARY_FILENAMES": str(tmp_path / "none.json"),
    }
    done = subprocess.run(
        [sys.executable, "-c", NO_EGL],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    message, name, warning = json.loads(done.stdout.splitlines()[-1])
    assert "apt-get install" in message
    assert name == "tiny"
    assert "apt-get install" in warning


@needs_egl
def test_an_egl_renderer_says_no_in_another_thread_and_in_a_forked_child() -> None:
    renderer = make_renderer("egl", assets=scene_assets("D"))
    caught: list[Exception] = []

    def use() -> None:
        try:
            renderer.render(reference_state("D"), ("static",))
        except RendererError as error:
            caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in str(caught[0])
    child = os.fork()
    if child == 0:
        caught.clear()
        use()
        os._exit(0 if "fork" in str(caught[0]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    renderer.close()
