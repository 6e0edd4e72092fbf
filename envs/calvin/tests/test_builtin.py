"""The generated scenes: the official robot and tables in everything that physics can tell."""

from __future__ import annotations

import multiprocessing
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pybullet
import pytest
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.scene_assets.builtin.layout import LAYOUTS
from vla_gym_calvin.scene_assets.collision import collision_urdf
from vla_gym_calvin.scene_assets.low import low_urdf
from vla_gym_calvin.scene_assets.simplify import count_faces
from vla_gym_calvin.world import World

from vla_gym.files import make_folder

SCENES = tuple(LAYOUTS)
# What the official environment reports for its initial joints (calvin.md, section 2).
HOME_TCP = (0.02586889, -0.2313129, 0.5712808)
ON_TABLE, ON_SHELF, IN_DRAWER = 0.46, 0.461, 0.3624
CLOSE, OPEN = -1.0, 1.0


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(scene_assets("D", "builtin"))
    yield world
    world.close()


def scene_state(*, slide: float = 0.0, drawer: float = 0.0, spots: np.ndarray) -> np.ndarray:
    return np.concatenate([[slide, drawer, 0, 0, 0, 0], spots.ravel()])


def spots(*places: tuple[float, float, float]) -> np.ndarray:
    """Return poses of three blocks, far from the action where none is given."""
    rest = [(0.05, -0.12, ON_TABLE), (0.23, -0.12, ON_TABLE), (-0.24, 0.0924, ON_SHELF)]
    chosen = [*places, *rest[len(places) :]]
    return np.array([(x, y, z, 0.0, 0.0, 0.0) for x, y, z in chosen])


def reach(world: World, target: tuple[float, float, float], grip: float, steps: int = 60) -> None:
    """Move the tool point straight to ``target``."""
    for _ in range(steps):
        error = np.array(target) - world.robot_obs()[:3]
        if np.abs(error).max() < 0.004:
            return
        world.step(np.array([*np.clip(error / 0.02 * 0.7, -1, 1), 0, 0, 0, grip]))


def joints(client: int, urdf: Path, scaling: float) -> list[tuple[object, ...]]:
    body = pybullet.loadURDF(
        str(collision_urdf(urdf)), useFixedBase=True, globalScaling=scaling, physicsClientId=client
    )
    rows = []
    for index in range(pybullet.getNumJoints(body, physicsClientId=client)):
        info = pybullet.getJointInfo(body, index, physicsClientId=client)
        frame = pybullet.getLinkState(body, index, physicsClientId=client)[4:6]
        pose = tuple(np.round([*frame[0], *np.abs(frame[1])], 3))
        limits = tuple(np.round(info[8:10], 4)) if info[2] == pybullet.JOINT_PRISMATIC else None
        rows.append((info[1], info[2], info[12], limits, info[13], pose))
    return rows


@pytest.mark.parametrize("scene", SCENES)
def test_links_and_joints_are_the_official_ones(scene: str, official_assets: Path) -> None:
    ours, theirs = scene_assets(scene, "builtin"), scene_assets(scene, "official")
    client = pybullet.connect(pybullet.DIRECT)
    try:
        for part, scaling in (("robot_urdf", 1.0), ("table_urdf", ours.scaling)):
            mine, official = (joints(client, getattr(a, part), scaling) for a in (ours, theirs))
            assert [row[:5] for row in mine] == [row[:5] for row in official]
            for a, b in zip(mine, official, strict=True):
                # One official lamp stands 4 mm further back than the other three.
                np.testing.assert_allclose(a[5], b[5], atol=5e-3, err_msg=str(a[0]))
    finally:
        pybullet.disconnect(client)
    assert [c for c, _ in ours.block_urdfs] == [c for c, _ in theirs.block_urdfs]


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_official_is_needed_and_every_named_file_is_there(scene: str) -> None:
    assets = scene_assets(scene, "builtin")
    files = [assets.robot_urdf, assets.table_urdf, assets.plane_urdf]
    for urdf in (*files, *(path for _, path in assets.block_urdfs)):
        for mesh in ET.parse(urdf).iterfind(".//mesh"):
            assert (urdf.parent / mesh.attrib["filename"]).is_file()
        for material in urdf.parent.glob("*.mtl"):
            for line in material.read_text().splitlines():
                if line.startswith("map_Kd"):
                    assert (urdf.parent / line.split()[1]).is_file()


def test_the_home_pose_is_calvins(world: World) -> None:
    world.reset()
    np.testing.assert_allclose(world.robot_obs()[:3], HOME_TCP, atol=2e-4)


def test_the_robot_is_cheap_to_draw_and_already_low() -> None:
    urdf = scene_assets("D", "builtin").robot_urdf
    names = {e.attrib["filename"] for e in ET.parse(urdf).iterfind(".//visual/geometry/mesh")}
    assert sum(count_faces(urdf.parent / name) for name in names) < 8000
    assert low_urdf(urdf) == urdf


def test_blocks_rest_where_the_evaluation_puts_them(world: World) -> None:
    placed = spots((0.18, -0.26, IN_DRAWER), (0.05, -0.12, ON_TABLE), (-0.24, 0.0924, ON_SHELF))
    world.reset(None, scene_state(drawer=0.22, spots=placed))
    for _ in range(10):
        world.step(np.array([0, 0, 0, 0, 0, 0, OPEN]))
    np.testing.assert_allclose(world.scene_obs()[6:].reshape(3, 6), placed, atol=1e-3)


def test_the_drawer_is_pulled_open_by_its_handle(world: World) -> None:
    world.reset(None, scene_state(spots=spots()))
    for target in ((0.18, -0.212, 0.50), (0.18, -0.212, 0.365), (0.18, -0.42, 0.365)):
        reach(world, target, CLOSE)
    assert world.scene_obs()[1] > 0.18


def test_the_door_slides_when_its_handle_is_pushed(world: World) -> None:
    world.reset(None, scene_state(spots=spots((0.3, -0.15, ON_TABLE))))
    for target in ((0.125, -0.075, 0.53), (0.125, -0.012, 0.53), (-0.26, -0.012, 0.53)):
        reach(world, target, CLOSE)
    assert world.scene_obs()[0] > 0.18


def test_the_button_lights_the_led_and_springs_back(world: World) -> None:
    world.reset(None, scene_state(spots=spots()))
    reach(world, (-0.12, -0.12, 0.53), CLOSE)
    for _ in range(14):
        world.step(np.array([0, 0, -0.5, 0, 0, 0, CLOSE]))
    assert world.scene_obs()[[2, 5]] == pytest.approx([0.015, 1.0], abs=0.006)
    reach(world, (-0.12, -0.12, 0.56), CLOSE)
    assert world.scene_obs()[[2, 5]] == pytest.approx([0.0, 1.0], abs=0.002)


def test_a_block_can_be_grasped_and_lifted(world: World) -> None:
    world.reset(None, scene_state(spots=spots()))
    reach(world, (0.05, -0.12, 0.54), OPEN)
    reach(world, (0.05, -0.12, 0.46), OPEN)
    for _ in range(10):
        world.step(np.array([0, 0, 0, 0, 0, 0, CLOSE]))
    assert world.robot_obs()[6] == pytest.approx(0.04, abs=0.02)
    reach(world, (0.05, -0.12, 0.60), CLOSE)
    assert world.scene_obs()[8] > 0.55


def _fill(folder: Path) -> None:
    (folder / "file").write_text("x" * 100_000)


def test_many_processes_may_make_the_same_folder_at_once(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = pool.starmap(make_folder, [(target, _fill)] * 8)
    assert set(made) == {target}
    assert (target / "file").stat().st_size == 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_failed_generation_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        make_folder(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []
