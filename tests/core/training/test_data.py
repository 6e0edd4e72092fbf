"""What training reads: windows of every frame, in the policy's terms, drawn fairly."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_training import SPEC, Episodes, Toy, action, demonstration

from vla_gym.contract.issues import IncompatibleError
from vla_gym.contract.spec import Frame, Mode, ProprioceptionField, Rotation
from vla_gym.errors import DatasetError, OptionError
from vla_gym.training import Samples, TrainConfig, load_train_config
from vla_gym.training.augment import augment, shift
from vla_gym.training.config import AugmentConfig, DataConfig
from vla_gym.training.frame_cache import Store, open_store
from vla_gym.training.mixture import Mixture, Source, chosen_episodes


def stored(tmp_path: Path, episodes: list[Any]) -> Store:
    return open_store(Episodes(episodes), Toy.spec, path=tmp_path)


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    history=st.integers(1, 5),
    chunk=st.integers(1, 6),
    data=st.data(),
)
def test_a_window_is_the_stretch_from_its_frame_on(
    lengths: list[int], history: int, chunk: int, data: st.DataObject
) -> None:
    episodes = [demonstration(number, length) for number, length in enumerate(lengths)]
    with TemporaryDirectory() as folder:
        store = stored(Path(folder), episodes)
    places = [(e, t) for e, length in enumerate(lengths) for t in range(length)]
    number = data.draw(st.integers(0, len(places) - 1))
    window = store.windows(np.array([number]), history=history, chunk=chunk)
    (episode, start), whole = places[number], episodes[places[number][0]]
    assert window.instructions == [whole.instruction]
    assert window.actions.shape == (1, history, chunk, 7)
    for t in range(history):
        for n in range(chunk):
            inside = start + t + n < len(whole)
            assert bool(window.mask[0, t, n]) == inside
            if inside:
                done = whole.actions[start + t + n, :6]
                assert np.array_equal(window.actions[0, t, n, :6], done)
        seen = min(start + t, len(whole) - 1)
        assert np.array_equal(window.proprioception[0, t], whole.proprioception[seen])
        first = sum(lengths[:episode])
        assert np.array_equal(window.images["static"][0, t], store.images["static"][first + seen])


def test_after_a_disturbance_labels_do_not_count(tmp_path: Path) -> None:
    labels = demonstration(3).actions.copy()
    labels[4] += 0.25
    store = stored(tmp_path, [demonstration(3, labels=labels)])
    mask = store.windows(np.array([2, 3, 4, 5]), history=1, chunk=4).mask[:, 0]
    assert mask.tolist() == [
        [True, True, True, False],  # frame 4 itself has the label of what was meant
        [True, True, False, False],
        [True, False, False, False],
        [True, True, True, True],
    ]


def test_the_gripper_is_said_in_the_policys_words(tmp_path: Path) -> None:
    episode = demonstration(0)
    assert set(episode.actions[:, 6]) == {-1.0, 1.0}
    store = stored(tmp_path, [episode])
    assert np.array_equal(store.actions[:, 6], (episode.actions[:, 6] > 0).astype(np.float32))


def test_pictures_are_decoded_once(tmp_path: Path) -> None:
    episodes = [demonstration(0)]
    first = stored(tmp_path, episodes)
    damaged = Episodes([demonstration(0, images={"static": np.zeros((9, 16, 24, 3), np.uint8)})])
    again = open_store(damaged, Toy.spec, path=tmp_path)
    assert np.array_equal(first.images["static"], again.images["static"])
    longer = stored(tmp_path, [*episodes, demonstration(1)])
    assert len(longer.images["static"]) == 18


def test_frames_are_kept_for_what_was_chosen_of_a_folder(tmp_path: Path) -> None:
    one, other = Episodes([demonstration(0)]), Episodes([demonstration(1)])
    one.chosen, other.chosen = {"action": "action"}, {"action": "other_action"}  # type: ignore[attr-defined]
    first, second = (open_store(data, Toy.spec, path=tmp_path) for data in (one, other))
    assert not np.array_equal(first.actions, second.actions)


def test_of_several_processes_one_decodes(tmp_path: Path) -> None:
    class Slow(Episodes):
        def episode(self, index: int, *, images: bool = True) -> Any:
            decoded.append(index)
            time.sleep(0.05)
            return super().episode(index, images=images)

    decoded = list[int]()
    dataset = Slow([demonstration(seed) for seed in range(3)])
    with ThreadPoolExecutor(4) as pool:
        ask = partial(open_store, dataset, Toy.spec, path=tmp_path)
        stores = [task.result() for task in [pool.submit(ask) for _ in range(4)]]
    assert decoded == [0, 1, 2]
    assert {len(store.images["static"]) for store in stores} == {27}


def test_units_are_those_of_the_policy(tmp_path: Path) -> None:
    other = SPEC.model_copy(update={"action": action(meters=0.05)})
    episode = demonstration(0)
    store = open_store(Episodes([episode], other), Toy.spec, path=tmp_path)
    assert np.allclose(store.actions[:, :3], 2.5 * episode.actions[:, :3])
    assert np.array_equal(store.actions[:, 3:6], episode.actions[:, 3:6])


def test_what_the_policy_cannot_say_exactly_is_counted(tmp_path: Path) -> None:
    half = demonstration(0).actions.copy()
    half[:, 6] = [1, 1, 0.4, -0.1, -1, -1, -1, 1, 1]
    spec = SPEC.model_copy(update={"action": SPEC.action.replaced(gripper={"binary": False})})
    acts = Toy.spec.action.replaced(gripper={"threshold": 0.5, "binary": False})
    policy = Toy.spec.model_copy(update={"action": acts})
    store = open_store(Episodes([demonstration(0, actions=half)], spec), policy, path=tmp_path)
    assert store.actions[:, 6].tolist() == [1, 1, 1, 0, 0, 0, 0, 1, 1]
    assert store.inexact == 2
    mixture = Mixture([Source(store, np.arange(9), 1.0)], history=2, chunk=3, seed=0)
    assert mixture.describe()["inexact"] == [2]
    assert mixture.describe()["warnings"] == ["inverse_gripper"]


def test_a_frame_that_is_no_pose_is_named(tmp_path: Path) -> None:
    turned = ProprioceptionField(
        name="ee_rotation", size=4, unit="1", frame=Frame.WORLD, rotation=Rotation.QUAT_XYZW
    )
    spec = SPEC.model_copy(update={"proprioception": (*SPEC.proprioception, turned)})
    goal = {"mode": Mode.ABSOLUTE, "reference": None, "radians_per_unit": 1.0, "additive": False}
    acts = Toy.spec.action.replaced(rotation=goal)
    policy = Toy.spec.model_copy(update={"action": acts})
    episodes = []
    for number in range(2):
        made = demonstration(number)
        states = np.concatenate([made.proprioception, np.ones((9, 4), np.float32)], 1)
        states[5, 3:] = 1 - number
        episodes.append(demonstration(number, proprioception=states))
    with pytest.raises(DatasetError, match="episode 1, frame 5: a quaternion of zeros"):
        open_store(Episodes(episodes, spec), policy, path=tmp_path)


def test_incompatible_data_have_coded_issues(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"proprioception": ()})
    goal = {"mode": Mode.ABSOLUTE, "reference": None}
    acts = Toy.spec.action.replaced(translation=goal)
    policy = Toy.spec.model_copy(update={"action": acts, "proprioception": ()})
    with pytest.raises(IncompatibleError, match="pose_unavailable"):
        open_store(Episodes([demonstration(0)], spec), policy, path=tmp_path)
    blind = SPEC.model_copy(update={"cameras": {}})
    with pytest.raises(IncompatibleError, match="camera"):
        open_store(Episodes([demonstration(0)], blind), Toy.spec, path=tmp_path)


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no episodes"):
        stored(tmp_path, [])


def test_damaged_kept_frames_are_said(tmp_path: Path) -> None:
    stored(tmp_path, [demonstration(0)])
    next(tmp_path.glob("cache/*/actions.npy")).write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="Remove the folder"):
        stored(tmp_path, [demonstration(0)])


def test_data_scale_keeps_every_task() -> None:
    tasks = ["a"] * 10 + ["b"] * 3
    assert chosen_episodes(tasks, DataConfig(path="x", share=0.1)) == [0, 10]
    assert chosen_episodes(tasks, DataConfig(path="x", per_task=2)) == [0, 1, 10, 11]
    assert len(chosen_episodes(tasks, DataConfig(path="x"))) == 13
    with pytest.raises(DatasetError, match="x has no episodes left"):
        chosen_episodes([], DataConfig(path="x"))


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    folders = [tmp_path_factory.mktemp(name) for name in "ab"]
    stores = [stored(folder, [demonstration(i, 20)]) for i, folder in enumerate(folders)]
    sources = [
        Source(store, np.arange(20), weight)
        for store, weight in zip(stores, (3.0, 1.0), strict=True)
    ]
    return Mixture(sources, history=2, chunk=3, seed=5)


def test_weights_are_shares(mixture: Mixture) -> None:
    drawn = [owner for step in range(50) for owner, _ in mixture.draw(step, 40)]
    assert abs(np.mean(drawn) - 0.25) < 0.04


@settings(max_examples=20)
@given(step=st.integers(0, 10**6), count=st.integers(1, 64))
def test_a_draw_is_a_function_of_its_step(mixture: Mixture, step: int, count: int) -> None:
    assert mixture.draw(step, count) == mixture.draw(step, count)
    assert all(0 <= frame < 20 for _, frame in mixture.draw(step, count))


def test_a_batch_is_in_the_order_drawn(mixture: Mixture) -> None:
    drawn = mixture.draw(3, 12)
    whole = mixture.load(drawn)
    assert len({owner for owner, _ in drawn}) == 2
    for row, one in enumerate(drawn):
        alone = mixture.load([one])
        assert np.array_equal(alone.actions[0], whole.actions[row])
        assert np.array_equal(alone.images["static"][0], whole.images["static"][row])
        assert alone.instructions[0] == whole.instructions[row]


def test_shifts_move_pictures_and_repeat_their_edge() -> None:
    ramp = torch.arange(6, dtype=torch.uint8)[None, :].expand(5, 6)[..., None].expand(5, 6, 3)
    images = ramp[None, None].expand(64, 2, 5, 6, 3).contiguous()
    moved = shift(images, 2, torch.Generator().manual_seed(0))
    seen = {tuple(row[0, 0, :, 0].tolist()) for row in moved}
    assert seen == {tuple(min(max(x + by, 0), 5) for x in range(6)) for by in range(-2, 3)}
    assert torch.equal(moved[:, 0], moved[:, 1]), "all frames of a window move together"


def test_colours_and_states_change_by_what_was_asked() -> None:
    samples = Samples(
        images={"static": torch.full((200, 1, 2, 2, 3), 100, dtype=torch.uint8)},
        proprioception=torch.zeros(200, 1, 2),
        instructions=["x"] * 200,
        actions=torch.zeros(200, 1, 1, 7),
        mask=torch.ones(200, 1, 1, dtype=torch.bool),
    )
    given = AugmentConfig(brightness=0.2, state_noise=0.5)
    made = augment(
        samples, given, torch.Generator().manual_seed(0), deviation=torch.tensor([1.0, 4.0])
    )
    values = made.images["static"][:, 0, 0, 0, 0]
    assert 80 <= values.min() < 85
    assert 115 < values.max() <= 120
    assert made.proprioception[..., 0].std() == pytest.approx(0.5, rel=0.2)
    assert made.proprioception[..., 1].std() == pytest.approx(2.0, rel=0.2)
    same = augment(samples, AugmentConfig(), torch.Generator(), deviation=torch.ones(2))
    assert torch.equal(same.images["static"], samples.images["static"])


def test_a_training_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("policy: x\nsteps: 5\ndata: [{path: d}]\n")
    config = load_train_config(file, {"optimizer": {"lr": 0.5}})
    assert isinstance(config, TrainConfig)
    assert (config.steps, config.optimizer.lr, config.data[0].weight) == (5, 0.5, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy: x\nsteps: 5\ndata: [{path: d}]\nstep: 3", "step: unknown field.*steps"),
        ("policy: x\nsteps: 5\ndata: [{path: d, wait: 3}]", "data.0.wait: unknown field.*weight"),
        ("policy: x\nsteps: 0\ndata: [{path: d}]", "steps: .*greater than 0.*got 0"),
        ("policy: x\nsteps: 5\ndata: []", "data: "),
        ("- 1", "is list, expected a mapping"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(text)
    with pytest.raises(OptionError, match=said):
        load_train_config(file)
