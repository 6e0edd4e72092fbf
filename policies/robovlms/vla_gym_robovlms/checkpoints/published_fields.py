"""The fields of a published JSON configuration, each with what the reference does with it.

A field that changes what the weights mean is read, or has the one value that is known here. One
that nobody knows stops with its name: better a question than a robot that moves wrongly. Defaults
are those of the reference (Robot-VLAs/RoboVLMs @ 8adc1d2: ``main.py``, ``base_backbone.py``,
``policy_head/base_policy.py``); a field without one has to be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from vla_gym.schema import Record


def _only(*allowed: object) -> AfterValidator:
    """Return the check that a value is one that is known here."""

    def check(value: object) -> object:
        if value not in allowed:
            shown = " or ".join(map(repr, allowed))
            raise ValueError(f"only {shown} has an equivalent here")
        return value

    return AfterValidator(check)


Off = Annotated[bool | None, _only(False, None)]
On = Annotated[bool, _only(True)]
Count = Annotated[int, Field(gt=0)]

CLIP_MEAN: Final = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD: Final = [0.26862954, 0.26130258, 0.27577711]

WITHOUT_MEANING: Final[Mapping[str, frozenset[str]]] = {
    section: frozenset(names.split())
    for section, names in {
        # Paths, the training itself, arguments of main.py that it saves along, and what the
        # reference never reads (``use_state`` is looked up under a misspelt name).
        "": "task_name model_url model_path model_config model_load_path model_load_source "
        "output_root log_root cache_root raw_config_path log_dir output_dir data_dir exp_name "
        "config resume seed gpus num_nodes num_workers batch_size data_scale data_subfolder "
        "annotation_file task_num optimizer learning_rate min_lr_scale scheduler weight_decay "
        "warmup_epochs warmup_steps warmup_ratio gradient_clip_val trainer vlm val_dataset llm "
        "seq_len act_step cap_loss_ratio fwd_loss_ratio kl_loss_ratio clip_loss_ratio "
        "vl_cotrain_ratio train_weights use_state use_mim_obs_loss use_pixel_loss use_obs_queries "
        "use_time_causal_attn vision_masked_ratio use_tube_mask use_multi_modal_emb "
        "no_video_pretrained_model finetune act_encoder",
        # Overridden by the model's own, or never read.
        "act_head": "window_size fwd_pred_next_n with_history",
        "tokenizer": "type tokenizer_type pretrained_model_name_or_path",
        "train_setup": "precision gradient_checkpointing mm_projector_lr lora_r lora_alpha "
        "lora_dropout lora_bias freeze_resampler freeze_mm_mlp_adapter tune_mm_mlp_adapter reinit "
        "train_decoder_layers",
        "train_dataset": "data_dir data_root_dir data_subfolder model_name rgb_pad gripper_pad "
        "image_aug mode window_sample organize_type shuffle_buffer_size train few_shot traj_cons "
        "text_aug window_size fwd_pred_next_n is_training weight",
        "vision_resampler": "vis_dim",
    }.items()
}


class _Section(Record):
    """Fields of a JSON file: no text for a number, no number for a flag."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class PublishedHead(_Section):
    """``act_head``."""

    type: Literal["LSTMDecoder", "FCDecoder", "GPTDecoder", "DiscreteDecoder"]
    hidden_size: Count = 1024
    num_layers: Count | None = None
    action_dim: Annotated[int, _only(7)] = 7
    action_space: Literal["continuous", "discrete", "down_sample"] = "continuous"
    down_sample: Literal["none", "pooling"] = "none"
    token_source: Literal["text", "vision", "all"] | None = None
    latent: Count = 1
    history_type: Literal["post", "pre"] = "post"
    n_bin: Annotated[int, Field(gt=2)] = 256
    min_action: Annotated[float, _only(-1.0)] = -1.0
    max_action: Annotated[float, _only(1.0)] = 1.0
    policy_rnn_dropout_p: Annotated[float, _only(0.0)] = 0.0

    @model_validator(mode="after")
    def _belong_together(self) -> PublishedHead:
        pooled = self.action_space == "down_sample"
        if pooled != (self.down_sample == "pooling"):
            raise ValueError(
                f"down_sample={self.down_sample!r} with action_space={self.action_space!r}: only "
                "'pooling' with 'down_sample', and 'none' with the others, has an equivalent here"
            )
        if self.token_source is not None and not pooled:
            raise ValueError(
                f"token_source={self.token_source!r} is for action_space='down_sample'"
            )
        if self.n_bin != 256 and self.action_space != "discrete":
            raise ValueError(f"n_bin={self.n_bin} is for action_space='discrete'")
        return self


class PublishedSetup(_Section):
    """``train_setup``."""

    predict_action: On = True
    predict_forward: Off = False
    predict_forward_hand: Off = False
    predict_caption: Off = False
    train_vision: bool = True
    train_text_embedding: bool = True
    freeze_backbone: bool = False
    lora_enable: Off = False
    bits: Annotated[int, _only(-1, 16, 32)] = -1
    mm_use_im_start_end: Off = False
    mm_use_im_patch_token: Off = False


class PublishedTokenizer(_Section):
    """``tokenizer``."""

    max_text_len: Count | None = None
    additional_special_tokens: None = None


class PublishedResampler(_Section):
    """``vision_resampler``: not passed on by the reference, which builds its constructor's."""

    depth: Annotated[int, _only(6, 8)] = 6
    heads: Annotated[int, _only(8)] = 8
    dim_head: Annotated[int, _only(64)] = 64
    num_latents: Annotated[int, _only(64)] = 64


class PublishedData(_Section):
    """``train_dataset``."""

    type: str
    data_mix: str | None = None
    shift_first: Off = False


class Published(_Section):
    """The whole file, without what has no meaning for the weights."""

    robovlm_name: Literal["RoboKosMos", "RoboPaligemma", "RoboLLaVA", "RoboMoonDream", "RoboUform"]
    model: str
    window_size: Count
    fwd_pred_next_n: Count
    act_head: PublishedHead
    parent: None = None
    image_size: Count | None = None
    image_mean: Annotated[list[float], _only(CLIP_MEAN)] = CLIP_MEAN
    image_std: Annotated[list[float], _only(CLIP_STD)] = CLIP_STD
    use_hand_rgb: bool = False
    norm_action: bool = False
    norm_min: float = -1.0
    norm_max: float = 1.0
    regular_action: bool = False
    x_mean: float = 0.0
    x_std: Annotated[float, Field(gt=0)] = 1.0
    use_mu_law: bool = False
    mu_val: Annotated[float, Field(gt=0)] = 255.0
    tcp_rel: Off = False
    discrete_action_history: Off = False
    predict_stop_token: On = True
    arm_gripper_loss_ratio: Annotated[float, Field(ge=0)] | None = None
    use_vision_resampler: bool = False
    vision_resampler: PublishedResampler | None = None
    fwd_head: None = None
    train_setup: PublishedSetup = PublishedSetup()
    tokenizer: PublishedTokenizer = PublishedTokenizer()
    train_dataset: PublishedData | None = None

    @model_validator(mode="after")
    def _belong_together(self) -> Published:
        if self.norm_action and self.norm_min >= self.norm_max:
            raise ValueError(f"norm_min={self.norm_min:g} is not below norm_max={self.norm_max:g}")
        if self.regular_action and (self.norm_action or self.use_mu_law):
            raise ValueError("regular_action has no equivalent with norm_action or use_mu_law")
        if not self.use_mu_law and self.mu_val != 255:
            raise ValueError(f"mu_val={self.mu_val:g} is for use_mu_law=true")
        if not self.regular_action and (self.x_mean, self.x_std) != (0, 1):
            raise ValueError("x_mean and x_std are for regular_action=true")
        return self


def with_meaning(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a file that can change what the weights mean."""
    kept = {key: value for key, value in data.items() if key not in WITHOUT_MEANING[""]}
    for section, names in WITHOUT_MEANING.items():
        inner = kept.get(section)
        if section and isinstance(inner, Mapping):
            kept[section] = {key: value for key, value in inner.items() if key not in names}
    return kept
