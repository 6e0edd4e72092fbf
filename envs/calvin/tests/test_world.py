"""Worlds are pure, apart from each other, and cheap to rebuild."""

from __future__ import annotations

import gc

import numpy as np
import psutil
import pytest
from vla_gym_calvin import facts
from vla_gym_calvin.initial import ROBOT_OBS
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.scene_assets.collision import collision_urdf
from vla_gym_calvin.world import World
from vla_gym_calvin.world.placement import random_scene_obs

from vla_gym.errors import AssetError, OptionError, UnknownNameError

CASE = "D/case_10_random2"


@pytest.fixture
def world(official):
    made = World(scene_assets("D", "official"), button_reset="main")
    yield made
    made.close()


def test_an_episode_is_the_same_after_any_other(world, load_case, replay):
    case, busy = load_case(CASE), load_case("D/case_06_lift_place")
    first = replay(world, case, steps=60)
    replay(world, busy, steps=80)
    np.testing.assert_array_equal(replay(world, case, steps=60), first)


def test_worlds_in_one_process_do_not_disturb_each_other(world, load_case, replay):
    case = load_case(CASE)
    alone = replay(world, case, steps=20)
    other = World(scene_assets("A", "official"))
    world.reset(case["init_robot_obs"], case["init_scene_obs"])
    rows = []
    for step, action in enumerate(case["actions"][:20]):
        if step == 5:
            other.reset(rng=np.random.default_rng(1))
        if 5 < step < 15:
            other.step(-action)
        if step == 15:
            other.close()
        world.step(action)
        rows.append(np.concatenate([world.robot_obs(), world.scene_obs()]))
    np.testing.assert_array_equal(np.array(rows), alone[1:])


def test_closing_twice_spares_the_world_that_got_the_same_client(world):
    first = World(scene_assets("D", "official"))
    first.close()
    second = World(scene_assets("D", "official"))
    first.close()
    second.reset(rng=np.random.default_rng(0))
    assert second.robot_obs().shape == (15,)
    second.close()


def test_what_is_reset_is_what_was_asked_for(world):
    robot_obs = np.array(ROBOT_OBS)
    robot_obs[6], robot_obs[14] = 0.0, -1.0
    world.reset(robot_obs, np.zeros(24))
    assert world.robot_obs()[14] == -1
    assert world.robot_obs()[6] == pytest.approx(0, abs=1e-4)
    world.reset(None, np.zeros(24))
    assert world.robot_obs()[14] == 1


@pytest.mark.parametrize(("version", "leds"), [("main", [1, 0, 1]), ("pinned", [1, 1, 0])])
def test_the_first_press_on_a_lit_button(official, version, leds):
    """Main LED 1-0-1, pinned submodule 1-1-0 on the same two presses (calvin.md, 0.1)."""
    world = World(scene_assets("D", "official"), button_reset=version)
    scene_obs = random_scene_obs(facts.SCENES["D"], np.random.default_rng(0))
    scene_obs[5] = 1
    world.reset(None, scene_obs)
    seen = [world.scene.led]
    for _ in range(2):
        for position in (0.018, 0.0):
            world.scene._reset_joint("button", position)
            world.scene.forget()
            world.scene.update()
        seen.append(world.scene.led)
    assert seen == leds
    world.close()


@pytest.mark.full
def test_memory_does_not_grow_with_resets(world):
    rng = np.random.default_rng(0)

    def reset_many(count):
        for _ in range(count):
            world.reset(rng=rng)
        gc.collect()
        return psutil.Process().memory_info().rss

    before = reset_many(20)
    assert reset_many(60) - before < 3e6  # a world is more than 1 MB


def test_random_placement_is_seeded_and_lies_on_the_surfaces(world):
    scene = facts.SCENES["D"]
    first = random_scene_obs(scene, np.random.default_rng(3))
    np.testing.assert_array_equal(first, random_scene_obs(scene, np.random.default_rng(3)))
    for seed in range(10):
        world.reset(rng=np.random.default_rng(seed))
        state = world.task_state()
        assert not any(state.touched(color) & set(facts.COLORS) for color in facts.COLORS)


@pytest.mark.parametrize("scene", ["A", "B", "C", "D"])
def test_facts_agree_with_the_official_tables(official, scene):
    world = World(scene_assets(scene, "official"))
    world.reset(rng=np.random.default_rng(0))
    wanted = facts.SCENES[scene]
    assert [color for color, _ in wanted.blocks] == list(world.scene.blocks)
    limits = {"slide": wanted.slide_limit, "drawer": facts.DRAWER_LIMIT}
    limits |= {"button": facts.BUTTON_LIMIT, "switch": facts.SWITCH_LIMIT}
    assert world.scene._limits == pytest.approx(limits)
    world.close()


def test_collision_copies_have_no_visuals_and_are_made_once(official):
    path = scene_assets("D", "official").robot_urdf
    copy = collision_urdf(path)
    assert "<visual" not in copy.read_text()
    stamp = copy.stat().st_mtime_ns
    assert collision_urdf(path) == copy
    assert copy.stat().st_mtime_ns == stamp
    assert sum(f.stat().st_size for f in copy.parent.iterdir()) < 200_000


@pytest.fixture
def damaged(official, tmp_path, monkeypatch):
    """Return a root whose files are links to the official ones, to be spoilt."""
    for entry in (official / "calvin_env" / "data").rglob("*"):
        link = tmp_path / entry.relative_to(official)
        if entry.is_dir():
            link.mkdir(parents=True)
        else:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(entry)
    monkeypatch.setenv("VLA_GYM_ASSETS", str(tmp_path))
    return tmp_path / "calvin_env" / "data"


def test_a_missing_official_file_is_named(damaged):
    (damaged / "blocks" / "block_red_middle.urdf").unlink()
    with pytest.raises(AssetError, match=r"block_red_middle\.urdf.*missing.*sha256"):
        scene_assets("D", "official")


def test_a_corrupt_official_file_is_named_with_both_hashes(damaged):
    file = damaged / "blocks" / "block_red_middle.urdf"
    text = file.read_text()
    file.unlink()
    file.write_text(text.replace("red", "tan"))
    with pytest.raises(AssetError, match=r"block_red_middle.*sha256 [0-9a-f]{64}, found [0-9a-f]"):
        scene_assets("D", "official")
    with pytest.warns(UserWarning, match="block_red_middle"):
        assert scene_assets("D").kind == "builtin"


def test_the_manifest_describes_the_files(official):
    from vla_gym_calvin.scene_assets.official import make_manifest, official_manifest

    assert make_manifest(official) == official_manifest()


def test_unknown_names(official):
    with pytest.raises(UnknownNameError, match="CALVIN scene 'E'"):
        scene_assets("E")
    with pytest.raises(OptionError, match="assets='offical'"):
        scene_assets("D", "offical")
    with pytest.raises(OptionError, match="button_reset='newest'"):
        World(scene_assets("D", "official"), button_reset="newest")
