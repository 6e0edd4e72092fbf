"""Our own renderer: near the recorded pictures, and loud where OpenGL is silent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pybullet
import pybullet_data
import pytest
from pybullet_utils import bullet_client
from vla_gym_calvin import facts
from vla_gym_calvin.rendering import RendererError, make_renderer
from vla_gym_calvin.rendering.base import Frame
from vla_gym_calvin.rendering.gl import devices, hulls, shaders
from vla_gym_calvin.rendering.gl.client import ClientRenderer
from vla_gym_calvin.rendering.gl.devices import list_devices
from vla_gym_calvin.rendering.gl.kinematics import client_frames, link_frames, pose_matrix
from vla_gym_calvin.rendering.gl.light import WINDOW, light_lens, light_view, window_corner
from vla_gym_calvin.rendering.gl.meshes import Mesh, load_mesh, welded
from vla_gym_calvin.rendering.gl.renderer import GlRenderer
from vla_gym_calvin.rendering.gl.urdf import load_body
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.visual_state import VisualState, reference_state
from vla_gym_calvin.world import World

from vla_gym.errors import OptionError

SHARED = Path(__file__).parents[4] / "shared"
GOLDEN = SHARED / "golden" / "calvin"
ROLES = {"static": "static", "wrist": "gripper"}


def _has_gl() -> bool:
    try:
        return bool(list_devices())
    except RendererError:
        return False


needs_gl = pytest.mark.skipif(not _has_gl(), reason="EGL finds no device here")


@pytest.fixture(autouse=True, scope="module")
def _official() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if (SHARED / "assets").is_dir():
            patch.setenv("VLA_GYM_ASSETS", str(SHARED / "assets"))
        yield


@pytest.fixture(scope="module")
def renderer() -> Iterator[GlRenderer]:
    made = GlRenderer(scene_assets("D"), visuals="low")
    yield made
    made.close()


def _distance(frames: dict[str, Frame], official: dict[str, np.ndarray], step: int) -> np.ndarray:
    """Rows static and wrist: mean grey-level difference, % of pixels off by more than 20."""
    rows = []
    for role, name in ROLES.items():
        error = np.abs(frames[role].rgb.astype(int) - official[f"rgb_{name}_step{step}"])
        rows.append((error.mean(), (error.max(axis=-1) > 20).mean() * 100))
    return np.array(rows)


LIMITS = {"exact": (0.15, 0.15), "fast": (0.25, 0.25), "low": (1.5, 1.0)}


@needs_gl
@pytest.mark.parametrize("scene", ["A", "D"])
def test_pictures_are_near_the_recorded_ones(scene: str) -> None:
    """And the physics is the recorded one, to the bit, while pictures are taken."""
    folder = GOLDEN / f"scene_{scene}"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {GOLDEN}")
    assets = scene_assets(scene, "official")
    case = np.load(folder / "case_09_random1.npz")
    official = dict(np.load(folder / "render_egl_09.npz"))
    renderers = {visuals: GlRenderer(assets, visuals=visuals) for visuals in LIMITS}
    world = World(assets, button_reset="main")
    world.reset(case["init_robot_obs"], case["init_scene_obs"])
    for step in range(61):
        if step:
            world.step(case["actions"][step - 1])
            np.testing.assert_array_equal(world.robot_obs(), case["robot_obs"][step - 1])
            np.testing.assert_array_equal(world.scene_obs(), case["scene_obs"][step - 1])
        if step in (0, 60):
            for visuals, limits in LIMITS.items():
                frames = renderers[visuals].render(world.visual_state(), tuple(ROLES), depth=True)
                found = _distance(frames, official, step)
                assert (found[:, 0] <= limits).all(), visuals
                if visuals == "exact":
                    assert (found[:, 1] <= 0.1).all()
            if step == 0:
                depth = renderers["exact"].render(world.visual_state(), ("static",), depth=True)
                error = np.abs(depth["static"].depth - official["depth_static_step0"])
                assert (error <= 1e-3).mean() >= 0.995
    world.close()
    for made in renderers.values():
        made.close()


def _variants(state: VisualState) -> list[VisualState]:
    """The state, then with another arm pose, drawer and lights."""
    joints = state.robot_joints.copy()
    joints[3] += 0.4
    table = state.table_joints + 0.02
    moved = {"robot_joints": joints, "table_joints": table, "led": False}
    return [state, VisualState(**{**vars(state), **moved}), state]


@needs_gl
def test_what_is_kept_between_pictures_changes_next_to_nothing(renderer: GlRenderer) -> None:
    plain = GlRenderer(scene_assets("D"), visuals="low", keep=False)
    for state in _variants(reference_state("D")) * 2:
        kept = renderer.render(state, ("static",))["static"].rgb.astype(int)
        direct = plain.render(state, ("static",))["static"].rgb
        assert np.abs(kept - direct).mean() < 0.01
    plain.close()


@needs_gl
def test_a_picture_depends_on_its_state_alone(renderer: GlRenderer) -> None:
    """The first picture of a renderer too: an episode must not depend on the ones before it."""
    fresh = GlRenderer(scene_assets("D"), visuals="low")
    first, other, again = (
        fresh.render(state, ("static", "wrist")) for state in _variants(reference_state("D"))
    )
    elsewhere = renderer.render(reference_state("D"), ("static", "wrist"))
    for role in ROLES:
        assert np.array_equal(first[role].rgb, again[role].rgb)
        assert np.array_equal(first[role].rgb, elsewhere[role].rgb)
    fresh.close()
    assert not np.array_equal(first["static"].rgb, other["static"].rgb)


@needs_gl
def test_segmentation_names_what_is_seen(renderer: GlRenderer) -> None:
    frames = renderer.render(reference_state("D"), ("static", "wrist"), segmentation=True)
    seen = {role: np.unique(frames[role].segmentation) for role in ROLES}
    floor, table = 6, 5
    assert {number & ((1 << 24) - 1) for number in seen["static"] if number >= 0} >= {0, 1, table}
    assert floor in seen["static"]
    assert frames["wrist"].segmentation.shape == frames["wrist"].rgb.shape[:2]
    led = table + ((facts.TABLE_LINKS["led_link"] + 1) << 24)
    pixels = frames["static"].rgb[frames["static"].segmentation == led].astype(int)
    assert len(pixels)
    assert (pixels[:, 1] > pixels[:, 0] + 50).all()  # it is on: green


@needs_gl
def test_any_pybullet_client_can_be_drawn() -> None:
    """Against pybullet's own segmentation and depth, which need no light."""
    bullet = bullet_client.BulletClient(pybullet.DIRECT)
    bullet.setAdditionalSearchPath(pybullet_data.getDataPath())
    data = Path(pybullet_data.getDataPath())
    urdfs = {bullet.loadURDF("plane.urdf"): data / "plane.urdf"}
    arm = bullet.loadURDF("kuka_iiwa/model.urdf", useFixedBase=True)
    urdfs[arm] = data / "kuka_iiwa" / "model.urdf"
    bullet.resetJointState(arm, 1, 0.9)
    view = pybullet.computeViewMatrix((1.5, 1.5, 1.2), (0, 0, 0.4), (0, 0, 1))
    lens = pybullet.computeProjectionMatrixFOV(50, 1, 0.1, 8)
    flags = pybullet.ER_SEGMENTATION_MASK_OBJECT_AND_LINKINDEX
    _, _, _, buffer, segments = bullet.getCameraImage(
        96, 96, view, lens, flags=flags, renderer=pybullet.ER_TINY_RENDERER
    )
    drawing = ClientRenderer(bullet._client, urdfs)
    frame = drawing.render(view, lens, (96, 96), clip=(0.1, 8.0), depth=True, segmentation=True)
    theirs = 8 * 0.1 / (8 - (8 - 0.1) * np.reshape(buffer, (96, 96)))
    same = frame.segmentation == np.reshape(segments, (96, 96))
    assert same.mean() > 0.97  # edges
    assert np.median(np.abs(frame.depth - theirs)[same]) < 0.03
    drawing.close()
    with pytest.raises(OptionError, match="links"):
        ClientRenderer(bullet._client, {arm: data / "plane.urdf"})
    bullet.disconnect()


@needs_gl
def test_several_worlds_share_a_context(renderer: GlRenderer) -> None:
    state = reference_state("D")
    before = renderer.render(state, ("static", "wrist"))
    other = GlRenderer(scene_assets("A"), visuals="low")
    other.render(reference_state("A"), ("static",))
    assert other._context is renderer._context
    other.close()
    other.close()
    after = renderer.render(state, ("static", "wrist"))
    for role in ROLES:
        assert np.array_equal(before[role].rgb, after[role].rgb)
    with pytest.raises(RendererError, match="closed"):
        other.render(state, ("static",))


def test_links_are_where_pybullet_has_them() -> None:
    world = World(scene_assets("D"))
    world.reset(rng=np.random.default_rng(0))
    action = np.array([0.5, -0.3, 0.2, 0.1, 0, 0.4, -1])
    for _ in range(5):
        world.step(action)
    body = load_body(scene_assets("D").robot_urdf)
    base = pose_matrix(facts.ROBOT_BASE, (0, 0, 0, 1))
    ours = link_frames(body, base, world.robot.joint_positions())
    assert ours == pytest.approx(client_frames(world.client.id, world.robot.body), abs=1e-6)
    world.close()


def test_the_shadow_window_holds_every_caster_at_full_reach() -> None:
    """The arm in many poses within its joint limits, and the table, in texels of the window."""
    assets = scene_assets("D")
    robot, table = load_body(assets.robot_urdf), load_body(assets.table_urdf, assets.scaling)
    rng = np.random.default_rng(0)
    base = pose_matrix(facts.ROBOT_BASE, (0, 0, 0, 1))
    spheres: list[tuple[float, ...]] = []
    for body, place, poses in ((robot, base, 300), (table, np.eye(4), 1)):
        links = [body.base, *body.links]
        parts = [(i, *v.mesh.sphere()) for i, link in enumerate(links) for v in link.visuals]
        for _ in range(poses):
            joints = np.zeros(len(body.links))
            if body is robot:
                joints[:7] = rng.uniform(facts.ARM_LOWER, facts.ARM_UPPER)
            frames = link_frames(body, place, joints)
            for index, center, radius in parts:
                spheres.append((*(frames[index] @ [*center, 1])[:3], radius))
    found = np.array(spheres)
    clip = np.c_[found[:, :3], np.ones(len(found))] @ (light_lens() @ light_view()).T
    texels = (0.5 * clip[:, :2] + 0.5) * shaders.SHADOW_MAP_SIZE - window_corner(WINDOW)
    reach = found[:, 3:] / (2 * shaders.SHADOW_EXTENT) * shaders.SHADOW_MAP_SIZE
    assert (texels - reach).min() > 0
    assert (texels + reach).max() < WINDOW


def test_hulls_have_their_size_and_face_outwards() -> None:
    for mesh, extent in (
        (hulls.box((0.2, 0.4, 0.6)), (0.2, 0.4, 0.6)),
        (hulls.cylinder(0.1, 0.3), (0.2, 0.2, 0.3)),
        (hulls.sphere(0.5), (1, 1, 1)),
        (hulls.capsule(0.1, 0.2), (0.2, 0.2, 0.4)),
    ):
        positions = mesh.vertices[:, :3]
        assert np.ptp(positions, axis=0) == pytest.approx(extent, rel=0.12)
        corners = positions[mesh.triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((normals * corners.mean(axis=1)).sum(axis=1) > 0).all()


OBJ = """
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0.25 0.75
vn 0 0 -1
f 1/1/1 2/1/1 3/1/1
f -4// -3// -2// -1//
"""


def test_meshes_follow_the_rules_of_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLA_GYM_CACHE", str(tmp_path))
    file = tmp_path / "mesh.obj"
    file.write_text(OBJ)
    mesh = load_mesh(file)
    assert mesh.triangles.shape == (3, 3)  # a triangle and a fan of two
    corners = mesh.vertices[mesh.triangles]
    assert corners[0, :, 3:].tolist() == [[0, 0, -1, 0.25, 0.75]] * 3
    assert corners[1, :, 3:].tolist() == [[0, 0, 1, 0.5, 0.5]] * 3
    again = load_mesh(file)
    assert np.array_equal(again.vertices, mesh.vertices)


def _rough_ground(file: Path, cells: int = 34) -> None:
    """Write a square of 1 m with small hills, as flat triangles."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-0.5, 0.5, cells + 1)
    lines = [f"v {x} {y} {rng.normal(0, 0.005)}" for x in axis for y in axis]
    for x in range(cells):
        for y in range(cells):
            a = x * (cells + 1) + y + 1
            b = a + cells + 1
            lines += [f"f {a} {b} {b + 1}", f"f {a} {b + 1} {a + 1}"]
    file.write_text("\n".join(lines))


def test_flat_faces_share_their_corners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLA_GYM_CACHE", str(tmp_path / "cache"))
    _rough_ground(tmp_path / "ground.obj")
    mesh = load_mesh(tmp_path / "ground.obj")
    light = welded(mesh)
    assert mesh.flat
    assert len(mesh.vertices) == 3 * len(mesh.triangles)
    assert len(light.vertices) == 35 * 35
    corners, shared = mesh.vertices[mesh.triangles], light.vertices[light.triangles]
    assert np.array_equal(corners[:, :, :3], shared[:, :, :3])
    smooth = Mesh(light.vertices, light.triangles)
    assert welded(smooth) is smooth


@needs_gl
def test_flat_faces_look_the_same_without_normals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLA_GYM_CACHE", str(tmp_path / "cache"))
    _rough_ground(tmp_path / "ground.obj")
    file = tmp_path / "ground.urdf"
    file.write_text(
        '<robot name="ground"><link name="base"><visual><geometry><mesh filename="ground.obj"/>'
        "</geometry></visual></link></robot>"
    )
    bullet = bullet_client.BulletClient(pybullet.DIRECT)
    ground = bullet.loadURDF(str(file))
    view = pybullet.computeViewMatrix((0.6, 0.5, 0.7), (0, 0, 0), (0, 0, 1))
    lens = pybullet.computeProjectionMatrixFOV(60, 1, 0.1, 8)
    pictures = []
    for fast in (False, True):
        drawing = ClientRenderer(bullet._client, {ground: file}, fast=fast)
        pictures.append(drawing.render(view, lens, (96, 96), clip=(0.1, 8.0)).rgb.astype(int))
        drawing.close()
    bullet.disconnect()
    difference = np.abs(pictures[0] - pictures[1])
    assert pictures[0].std() > 10  # hills are seen
    assert difference.mean() < 0.5


def _child(code: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


FAILURES = """
import json
from vla_gym_calvin.rendering import RendererError
from vla_gym_calvin.rendering.gl.context import acquire
def message(device):
    try:
        acquire(device)
        return "works"
    except RendererError as error:
        return str(error)
print(json.dumps([message(None), message(77)]))
"""


def test_without_a_driver_there_is_an_exception_with_the_fix(tmp_path: Path) -> None:
    nothing = {
        "__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path),
        "__EGL_VENDOR_LIBRARY_FILENAMES": str(tmp_path / "none.json"),
    }
    assert all("apt-get install" in message for message in _child(FAILURES, **nothing))


@needs_gl
def test_a_bad_device_index_is_named() -> None:
    works, message = _child(FAILURES)
    assert works == "works"
    assert "77" in message


@needs_gl
def test_other_threads_and_forked_children_are_told(renderer: GlRenderer) -> None:
    caught: list[str] = []

    def use() -> None:
        try:
            renderer.render(reference_state("D"), ("static",))
        except RendererError as error:
            caught.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in caught.pop()
    child = os.fork()
    if child == 0:
        use()
        os._exit(0 if caught and "fork" in caught[0] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


MANY = """
import json, threading, zlib
import gymnasium, vla_gym
from vla_gym_calvin.rendering import RendererError, make_renderer
from vla_gym_calvin.visual_state import reference_state
from vla_gym_calvin.scene_assets import scene_assets
seen = set()
def look():
    env = gymnasium.make("CALVIN-D-D-v0", renderer="gl", visuals="low", disable_env_checker=True)
    images = env.reset(seed=0)[0]["images"]
    seen.add(tuple(zlib.crc32(image.tobytes()) for image in images.values()))
    env.close()
for _ in range(50):
    look()
thread = threading.Thread(target=look)
thread.start()
thread.join()
lost = make_renderer("gl", assets=scene_assets("D"), visuals="low")
lost._context.close()
try:
    lost.render(reference_state("D"), ("static",))
except RendererError as error:
    message = str(error)
print(json.dumps([str(len(seen)), message]))
"""


@needs_gl
@pytest.mark.full
def test_fifty_environments_one_after_another_and_a_lost_context() -> None:
    count, message = _child(MANY)
    assert count == "1"
    assert "context is gone" in message


def test_without_the_library_there_is_an_exception_with_the_fix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(devices.ctypes, "CDLL", missing)
    with pytest.raises(RendererError, match=r"libEGL.*apt-get install"):
        devices.pick_device(None)


@pytest.mark.parametrize(("text", "index"), [("1", 1), (" 0 ", 0)])
def test_the_device_can_be_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, text: str, index: int
) -> None:
    known = [devices.Device(0), devices.Device(1, software=True)]
    monkeypatch.setattr(devices, "list_devices", lambda: known)
    monkeypatch.setenv("VLA_GYM_RENDER_DEVICE", text)
    assert devices.pick_device(None).index == index


def test_cards_are_counted_as_cuda_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [devices.Device(0, cuda=1), devices.Device(1, cuda=0), devices.Device(2, software=True)]
    monkeypatch.setattr(devices, "list_devices", lambda: known)
    monkeypatch.delenv("VLA_GYM_RENDER_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.pick_device(1).index == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert devices.pick_device(None).index == 0
    monkeypatch.setenv("VLA_GYM_RENDER_DEVICE", "first")
    with pytest.raises(RendererError, match="first"):
        devices.pick_device(None)


@needs_gl
def test_it_is_offered_by_name() -> None:
    made = make_renderer("gl", assets=scene_assets("D"), visuals="low")
    assert made.describe()["name"] == "gl"
    assert made.describe()["driver"].strip(" /")
    made.close()
