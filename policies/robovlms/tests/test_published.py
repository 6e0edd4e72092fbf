"""A published JSON is taken at its word: a field that means something is used, or stops by name."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vla_gym_robovlms.checkpoint_format import FORMAT
from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.checkpoints.published import config_from_published
from vla_gym_robovlms.checkpoints.published_fields import CLIP_MEAN, CLIP_STD, WITHOUT_MEANING
from vla_gym_robovlms.config import FormulationError
from vla_gym_robovlms.normalization import normalization_spec
from vla_gym_robovlms.options import resolve

BRIDGE = {"type": "OpenVLADataset", "data_mix": "bridge", "data_root_dir": "oxe", "image_aug": True}
CALVIN = {"type": "DiskCalvinDataset", "data_dir": "ABC_D", "shift_first": False, "rgb_pad": 10}
WHOLE: dict[str, Any] = {
    "robovlm_name": "RoboKosMos",
    "parent": None,
    "task_name": "calvin_finetune",
    "model": "kosmos",
    "image_size": 224,
    "image_mean": CLIP_MEAN,
    "image_std": CLIP_STD,
    "window_size": 16,
    "fwd_pred_next_n": 10,
    "arm_gripper_loss_ratio": 0.01,
    "cap_loss_ratio": 0.05,
    "seed": 123,
    "optimizer": "adam",
    "use_hand_rgb": True,
    "use_state": True,
    "use_vision_resampler": False,
    "vision_resampler": {
        "vis_dim": 1024,
        "depth": 8,
        "dim_head": 64,
        "heads": 8,
        "num_latents": 64,
    },
    "norm_action": True,
    "norm_min": -0.65,
    "norm_max": 0.65,
    "train_setup": {
        "precision": "16",
        "predict_action": True,
        "predict_forward": False,
        "train_vision": True,
        "train_text_embedding": True,
        "freeze_backbone": False,
        "lora_enable": False,
        "lora_r": 64,
        "bits": -1,
    },
    "act_head": {
        "type": "LSTMDecoder",
        "hidden_size": 1024,
        "action_dim": 7,
        "down_sample": "none",
        "latent": 1,
        "fwd_pred_next_n": 1,
        "window_size": 1,
        "action_space": "continuous",
        "with_history": True,
        "history_type": "post",
    },
    "fwd_head": None,
    "tokenizer": {"type": "AutoProcessor", "max_text_len": 256, "additional_special_tokens": None},
    "vlm": {"name": "kosmos"},
    "trainer": {"precision": "16", "gradient_clip_val": 1.0},
    "train_dataset": CALVIN,
    "val_dataset": CALVIN,
}
CHANGES: list[tuple[str, Any]] = [
    ("robovlm_name", "RoboPaligemma"),
    ("robovlm_name", "RoboQwen"),
    ("parent", "base.json"),
    ("model", "paligemma"),
    ("image_size", 336),
    ("image_mean", [0.5, 0.5, 0.5]),
    ("image_std", [0.5, 0.5, 0.5]),
    ("window_size", 8),
    ("window_size", 1),
    ("window_size", "8"),
    ("fwd_pred_next_n", 5),
    ("arm_gripper_loss_ratio", 0.1),
    ("use_hand_rgb", False),
    ("use_hand_rgb", "false"),
    ("use_vision_resampler", True),
    ("vision_resampler.num_latents", 32),
    ("vision_resampler.depth", 4),
    ("norm_action", False),
    ("norm_min", -1.0),
    ("norm_max", 1.0),
    ("norm_max", -0.7),
    ("norm_max", float("nan")),
    ("regular_action", True),
    ("x_mean", 0.1),
    ("x_std", 2.0),
    ("use_mu_law", True),
    ("mu_val", 100),
    ("tcp_rel", True),
    ("discrete_action_history", True),
    ("predict_stop_token", False),
    ("train_setup.predict_action", False),
    ("train_setup.predict_forward", True),
    ("train_setup.train_vision", False),
    ("train_setup.train_text_embedding", False),
    ("train_setup.freeze_backbone", True),
    ("train_setup.lora_enable", True),
    ("train_setup.bits", 4),
    ("train_setup.mm_use_im_start_end", True),
    ("act_head.type", "GPTDecoder"),
    ("act_head.type", "DiffusionDecoder"),
    ("act_head.hidden_size", 512),
    ("act_head.num_layers", 2),
    ("act_head.action_dim", 14),
    ("act_head.down_sample", "pooling"),
    ("act_head.token_source", "text"),
    ("act_head.latent", 2),
    ("act_head.action_space", "down_sample"),
    ("act_head.action_space", "discrete"),
    ("act_head.history_type", "pre"),
    ("act_head.history_type", "video"),
    ("act_head.n_bin", 128),
    ("act_head.min_action", -2),
    ("act_head.max_action", 0.5),
    ("fwd_head", {"type": "x"}),
    ("tokenizer.max_text_len", 64),
    ("tokenizer.additional_special_tokens", ["<a>"]),
    ("train_dataset", BRIDGE),
    ("train_dataset", [CALVIN, BRIDGE]),
    ("train_dataset.type", "GRDataset"),
    ("train_dataset.data_mix", "bridge"),
    ("train_dataset.shift_first", True),
    ("surprise", 1),
    ("act_head.surprise", 1),
    ("train_setup.surprise", 1),
    ("train_dataset.surprise", 1),
    ("tokenizer.surprise", 1),
]


def changed(field: str, value: Any, base: dict[str, Any] = WHOLE) -> dict[str, Any]:
    data = copy.deepcopy(base)
    *sections, name = field.split(".")
    place = data
    for section in sections:
        place = place[section]
    place[name] = value
    return data


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(data: Any, **more: Any) -> Any:
        file = tmp_path / "published.json"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        return config_from_published(file, **more)

    return read


def test_a_published_configuration_of_calvin_is_our_shipped_one(read) -> None:
    ours, theirs = resolve("kosmos-policy-head-continuous", {}), resolve(None, read(WHOLE))
    for field in type(ours).model_fields:
        if field not in ("summary", "backbone", "head", "normalization", "loss"):
            assert getattr(theirs, field) == getattr(ours, field), field
    assert theirs.head_width == ours.head_width
    assert normalization_spec(theirs.normalization, theirs.layout) == normalization_spec(
        ours.normalization, ours.layout
    )


@pytest.mark.parametrize(
    ("mix", "shipped"), [("bridge", "widowx"), ("rt_1", "google-robot")], ids=["bridge", "rt_1"]
)
def test_what_was_trained_on_open_x_embodiment_has_its_robot_and_its_statistics(
    mix: str, shipped: str, read
) -> None:
    data = changed("train_dataset", {**BRIDGE, "data_mix": mix})
    ours, theirs = resolve(f"kosmos-policy-head-{shipped}", {}), resolve(None, read(data))
    assert theirs.robot == ours.robot == shipped
    assert theirs.cameras == ("static",)
    assert theirs.normalization == ours.normalization
    whole = resolve(None, read({**data, "norm_action": False}))
    assert whole.normalization == ours.normalization.model_copy(update={"inner": 1.0})
    skewed = resolve(None, read({**data, "norm_min": -1.0, "norm_max": 0.5}))
    low, high = np.array(ours.normalization.low), np.array(ours.normalization.high)
    assert np.allclose(skewed.normalization.low, low)
    assert np.allclose(skewed.normalization.high, low + 0.75 * (high - low))


def test_a_mixture_of_several_robots_is_a_question(read) -> None:
    data = changed("train_dataset", {**BRIDGE, "data_mix": "oxe_magic_soup"})
    with pytest.raises(CheckpointError, match=r"oxe_magic_soup.*--set robot=google-robot or"):
        read(data)
    with pytest.raises(CheckpointError, match="oxe_magic_soup"):
        read(data, robot="calvin")
    answered = read(data, robot="widowx")
    assert answered == read(changed("train_dataset", BRIDGE))


def test_numbers_that_were_not_normalised_stay_as_they_are(read) -> None:
    for data in (
        changed("norm_action", False),
        {k: v for k, v in WHOLE.items() if "norm_" not in k},
    ):
        config = resolve(None, read(data))
        assert normalization_spec(config.normalization, config.layout).low[:6] == (-1.0,) * 6
        assert normalization_spec(config.normalization, config.layout).high[:6] == (1.0,) * 6


@pytest.mark.parametrize(("field", "value"), CHANGES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_field_that_means_something_changes_the_result_or_stops_by_name(
    field: str, value: Any, read
) -> None:
    result = told = None
    try:
        result = read(changed(field, value))
    except CheckpointError as error:
        told = str(error)
    assert result != read(WHOLE)
    assert result is not None or field.rpartition(".")[2] in told
    if result is not None:
        with contextlib.suppress(FormulationError):
            resolve(None, result)


def test_the_bins_of_a_discrete_head_are_taken_and_their_range_is_known(read) -> None:
    head = {"type": "DiscreteDecoder", "action_space": "discrete", "history_type": "pre"}
    base = {**WHOLE, "act_head": head}
    assert resolve(None, read(base)).head.bins == 256
    assert resolve(None, read(changed("act_head.n_bin", 64, base))).head.bins == 64
    with pytest.raises(CheckpointError, match="min_action"):
        read(changed("act_head.min_action", -2, base))


def test_a_pooled_readout_is_read(read) -> None:
    head = {**WHOLE["act_head"], "action_space": "down_sample", "down_sample": "pooling"}
    readout = read({**WHOLE, "act_head": {**head, "token_source": "vision", "latent": 3}})[
        "readout"
    ]
    assert readout == {"kind": "pool", "latents": 3, "source": "vision"}


@pytest.mark.parametrize("field", ["robovlm_name", "model", "window_size", "fwd_pred_next_n"])
def test_a_field_without_a_default_has_to_be_there(field: str, read) -> None:
    with pytest.raises(CheckpointError, match=field):
        read({key: value for key, value in WHOLE.items() if key != field})


def test_what_only_concerned_the_training_changes_nothing(read) -> None:
    data = copy.deepcopy(WHOLE)
    for section, names in WITHOUT_MEANING.items():
        place = data[section] if section else data
        place |= dict.fromkeys(names, 7)
    assert read(data) == read(WHOLE)


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000, '{"act_head": 3}', "\udcff"])
def test_what_is_no_configuration_says_so(text: str, tmp_path: Path) -> None:
    file = tmp_path / "published.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointError, match=r"published\.json"):
        config_from_published(file)


def test_convert_asks_for_the_robot_that_a_file_does_not_tell(tmp_path: Path) -> None:
    file = tmp_path / "published.json"
    file.write_text(json.dumps({k: v for k, v in WHOLE.items() if k != "train_dataset"}))
    (tmp_path / "model.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"train_dataset.*--set robot=NAME, one of calvin"):
        FORMAT.convert(tmp_path / "model.pt", tmp_path / "out", {"json": str(file)})
