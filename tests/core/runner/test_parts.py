"""Batching, frames, diagnosis, seeds, provenance: the small parts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from vla_gym.contract.policy import Chunk
from vla_gym.contract.spec import CameraSpec
from vla_gym.runner import provenance
from vla_gym.runner.batching import Batcher
from vla_gym.runner.diagnosis import Trace
from vla_gym.runner.frames import FrameBlock
from vla_gym.runner.policy_calls import slot_seed
from vla_gym.runner.pool import how_it_ended, worker_environment
from vla_gym.testing import mock_contract

# --- batching


def batcher(*, size: int = 3, wait: float = 0.1, policy: float = 10.0) -> Batcher:
    made = Batcher(size=size, wait=wait)
    for _ in range(30):
        made.took(policy)
    return made


def test_nobody_asked_means_no_hurry() -> None:
    assert batcher().seconds_left(0.0, others=2) is None


def test_a_full_batch_goes_at_once_and_the_rest_waits_again() -> None:
    made = batcher(size=2)
    for worker in (4, 1, 3):
        made.add(worker, 0.0)
    assert made.seconds_left(0.0, others=5) == 0.0
    assert made.take(0.05) == [4, 1]
    assert made.seconds_left(0.05, others=5) == pytest.approx(0.1)
    assert made.take(0.05) == [3]


def test_a_slow_worker_is_waited_for_until_the_time_is_up() -> None:
    made = batcher()
    made.add(0, 1.0)
    assert made.seconds_left(1.03, others=1) == pytest.approx(0.07)
    made.add(1, 1.05)
    assert made.seconds_left(1.2, others=1) == 0.0


def test_nobody_is_waited_for_who_will_not_come() -> None:
    made = batcher()
    made.add(0, 1.0)
    assert made.seconds_left(1.0, others=0) == 0.0


def test_a_fast_policy_is_never_waited_for_longer_than_it_takes() -> None:
    made = batcher(policy=0.001)
    made.add(0, 1.0)
    left = made.seconds_left(1.0, others=1)
    assert left is not None
    assert left < 0.0011


def test_a_dead_worker_is_dropped() -> None:
    made = batcher()
    made.add(0, 0.0)
    made.drop(0)
    made.drop(7)
    assert made.seconds_left(0.0, others=1) is None


# --- frames


def test_a_frame_block_is_shared_and_has_no_name() -> None:
    cameras = {"b": CameraSpec(height=4, width=6), "a": CameraSpec(height=2, width=2)}
    ours = FrameBlock([cameras])
    theirs = FrameBlock([cameras], os.dup(ours.fd))
    pictures = {
        name: np.random.default_rng(0).integers(0, 255, (c.height, c.width, 3), np.uint8)
        for name, c in cameras.items()
    }
    theirs.write(pictures)
    for name, picture in pictures.items():
        np.testing.assert_array_equal(ours.images[0][name], picture)
    # Nothing that could be left behind: the kernel frees it with the last descriptor.
    assert os.readlink(f"/proc/self/fd/{ours.fd}").endswith("(deleted)")  # noqa: PTH115
    ours.close()
    theirs.close()


def test_a_picture_of_another_size_is_refused() -> None:
    block = FrameBlock([{"a": CameraSpec(height=2, width=2)}])
    with pytest.raises(ValueError, match=r"camera 'a': expected uint8 \(2, 2, 3\)"):
        block.write({"a": np.zeros((2, 3, 3), np.uint8)})
    block.close()


def test_no_cameras_need_no_pictures() -> None:
    block = FrameBlock([{}])
    block.write({})
    block.close()


# --- diagnosis


def trace(actions: np.ndarray, *, moved: float = 0.5, picture: int | None = None) -> Trace:
    made = Trace(mock_contract())
    for end in (0.0, moved):
        made.moved_to(np.array([end, 0, 0, 0.08 * end], np.float32))
    if picture is not None:
        made.pictured({"static": np.full((4, 4, 3), picture, np.uint8)})
    made.acted(Chunk(actions))
    return made


def good_actions(n: int = 40) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (n, 7))


def test_a_normal_rollout_has_no_codes() -> None:
    assert trace(good_actions()).codes() == ()


def test_codes_say_what_looks_wrong() -> None:
    one_sided, extreme = good_actions(), good_actions()
    one_sided[:, -1] = np.abs(one_sided[:, -1]) + 0.01
    extreme[:, :6] = np.sign(extreme[:, :6])
    constant = np.full((40, 7), 0.3)
    assert trace(one_sided).codes() == ("gripper_never_moved",)
    assert trace(extreme).codes() == ("action_saturated",)
    assert trace(constant).codes() == ("gripper_never_moved", "action_constant")
    assert trace(good_actions(), moved=0.001).codes() == ("robot_did_not_move",)
    assert trace(good_actions(), picture=90).codes() == ("image_constant",)
    assert trace(good_actions(), picture=0).codes() == ("image_constant", "image_dark")


def test_few_actions_say_nothing() -> None:
    assert trace(np.full((3, 7), 0.3)).codes() == ()
    assert Trace(mock_contract()).codes() == ()


# --- the rest


def test_slot_seeds_differ_and_stay() -> None:
    seeds = {slot_seed(s, e, t) for s in range(3) for e in range(20) for t in range(5)}
    assert len(seeds) == 300
    assert slot_seed(1, 2, 3) == 2940004765


def test_provenance_keeps_earlier_sessions() -> None:
    first = {"started": "a", "environments": {"e": {}}, "warnings": ["w"]}
    second = provenance.merged(first, {"started": "b", "environments": {}, "warnings": []})
    third = provenance.merged(second, {"started": "c", "environments": {}, "warnings": []})
    assert third["environments"] == {"e": {}}
    assert third["warnings"] == ["w"]
    assert [session["started"] for session in third["earlier"]] == ["a", "b"]


def test_a_foreign_repository_is_not_ours(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) is None


def test_workers_have_one_thread_and_our_import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.syspath_prepend("/somewhere")
    found = worker_environment()
    assert found["OMP_NUM_THREADS"] == "1"
    assert found["PYTHONPATH"].startswith("/somewhere")


def test_ends_are_told_in_words() -> None:
    assert how_it_ended(-9) == "killed by SIGKILL"
    assert how_it_ended(3) == "exited with status 3"
    assert how_it_ended(None) == "closed its pipe"
