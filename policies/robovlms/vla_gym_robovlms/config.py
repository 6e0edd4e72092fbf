"""One file describes a VLA: what ``configs/robovlms/*.yaml`` may say, and what is wrong with it.

The file is the whole truth about a policy: backbone, formulation, head, what its numbers mean and
how they were normalised. It travels inside a checkpoint and is compared when one is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from vla_gym.contract.issues import Issue
from vla_gym.contract.spec import (
    ActionSpec,
    Execution,
    GripperSpec,
    NormalizationKind,
    ProprioceptionField,
)
from vla_gym.errors import OptionError
from vla_gym.options import RuntimeOption
from vla_gym.schema import Record
from vla_gym.validation import problems
from vla_gym.yaml_file import read_yaml
from vla_gym_robovlms.layout import Layout, layout
from vla_gym_robovlms.robots import robot_action

CONFIGS = Path(__file__).parent / "configs"

Formulation = Literal["one-step", "interleaved", "policy-head"]
ActionKind = Literal["continuous", "discrete"]
HeadName = Literal["mlp", "lstm", "gpt", "flow", "diffusion", "detokeniser"]


class FormulationError(OptionError):
    """A combination that is not defined; ``issue.code`` says why."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        self.issue = Issue(code, "error", message, hint)
        super().__init__(str(self.issue))


class BackboneConfig(Record):
    """Which vision-language model, and where its weights are.

    Attributes:
        name: Registered name (``vla-gym list backbones``).
        size: ``"tiny"`` is a random miniature for tests; ``"base"`` the real thing.
        weights: Hub name or local folder; the backbone's own default if ``None``; ``"random"``
            builds the architecture without weights (a checkpoint brings them, or a benchmark).
        image_size: Pixels a side; the model's own if ``None``.
        attention: ``"causal"`` as the paper trained all of them, ``"native"`` as the model was
            pretrained (PaliGemma, Gemma 3: image tokens see each other).
        template: Text with ``{instruction}`` in it; the backbone's own if ``None``.
        text_limit: Most text tokens; a longer instruction is refused, never cut.
        trust_remote_code: Allow code of the weights' repository to run.
        quantization: Load through bitsandbytes (GPU only).
    """

    name: str
    size: Literal["tiny", "base"] = "base"
    weights: str | None = None
    image_size: int | None = Field(default=None, gt=0)
    attention: Literal["causal", "native"] = "causal"
    template: str | None = None
    text_limit: int = Field(default=512, gt=0)
    trust_remote_code: bool = False
    quantization: Literal["4bit", "8bit"] | None = None


class HeadConfig(Record):
    """What turns features into actions.

    Attributes:
        hidden: Width; 1024 (the reference's) if ``None``, 32 beside a tiny backbone.
        layers: Of the LSTM (4), the GPT (8) or the denoiser (3).
        attention_heads: Of the GPT.
        steps: Integration steps of ``flow`` (10) and denoising steps of ``diffusion`` (20).
        bins: Edges of the discrete tokeniser (256 edges, 255 centres).
        constrain: Discrete decoding chooses among action tokens only; the reference takes the best
            of the whole vocabulary and clips it.
    """

    name: HeadName
    hidden: int | None = Field(default=None, gt=0)
    layers: int | None = Field(default=None, gt=0)
    attention_heads: int = Field(default=8, gt=0)
    steps: int | None = Field(default=None, gt=0)
    bins: int = Field(default=256, gt=2)
    constrain: bool = True


class ReadoutConfig(Record):
    """How hidden states become the feature of a frame.

    Attributes:
        kind: ``"token"``: the hidden states of the learnable action tokens. ``"pool"``: the
            maximum over tokens (Flamingo, UForm in the reference), no action token.
        latents: Action tokens a frame, or pooled groups.
        source: Which tokens are pooled.
    """

    kind: Literal["token", "pool"] = "token"
    latents: int = Field(default=1, gt=0)
    source: Literal["text", "vision", "all"] = "all"


class ResamplerConfig(Record):
    """A perceiver that shortens the image tokens (defaults of the reference's constructor)."""

    latents: int = Field(default=64, gt=0)
    depth: int = Field(default=6, gt=0)
    heads: int = Field(default=8, gt=0)
    head_size: int = Field(default=64, gt=0)


class NormalizationConfig(Record):
    """Statistics of the numbers that are no grippers; a gripper is never normalised.

    Attributes:
        kind: ``min_max`` and ``q01_q99`` map [-1, 1] onto [low, high]; ``mean_std`` is z-scores.
        low: Minimum, 1 % quantile or mean.
        high: Maximum, 99 % quantile or standard deviation.
        inner: For ``q01_q99``: the outputs cover only the middle [-inner, inner] of the range.
            The reference clips its OXE data to 0.65 and stretches that; 1 uses the full range.
        mu_law: Companding constant applied before scaling (255 in the reference), or ``None``.
    """

    kind: NormalizationKind = NormalizationKind.MIN_MAX
    low: tuple[float, ...] = (-0.65,) * 6
    high: tuple[float, ...] = (0.65,) * 6
    inner: float = Field(default=1.0, gt=0, le=1)
    mu_law: float | None = Field(default=None, gt=0)

    @property
    def measured(self) -> bool:
        """Whether the statistics were said, and are not those by default."""
        return bool({"low", "high"} & self.model_fields_set)

    def ends(self, count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return ``low`` and ``high`` for ``count`` numbers."""
        if self.measured:
            return self.low, self.high
        return (self.low[0],) * count, (self.high[0],) * count

    @model_validator(mode="after")
    def _mu_law_is_defined(self) -> NormalizationConfig:
        if self.mu_law and self.kind is NormalizationKind.MEAN_STD:
            raise ValueError("mu_law is defined for values in [-1, 1], not for mean_std")
        return self


class ExecutionConfig(Record):
    """What is done with a chunk (``vla_gym.contract.Execution``)."""

    mode: Execution = Execution.FIRST
    execute: int | None = Field(default=None, gt=0)
    decay: float | None = None


class LossConfig(Record):
    """Weights of the training loss: arm + gripper * ``gripper`` (reference: 0.01).

    Attributes:
        arm: ``"l1"`` learns the median of what demonstrations do: little, where that is no motion.
        gripper: Weight of the cross-entropy.
    """

    arm: Literal["huber", "mse", "l1"] = "huber"
    gripper: float = Field(default=0.01, ge=0)


class LoraConfig(Record):
    """Low-rank adapters in the backbone, through peft."""

    rank: int = Field(default=32, gt=0)
    alpha: int = Field(default=16, gt=0)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"


class FreezeConfig(Record):
    """What is not trained.

    Attributes:
        backbone: All of it but the parts that were added to it (Flamingo's cross-attention).
        vision: The vision tower.
        text_embedding: The table of words.
    """

    backbone: bool = False
    vision: bool = False
    text_embedding: bool = False


class VlaConfig(Record):
    """A vision-language-action model.

    Attributes:
        summary: One line for ``vla-gym list policies``.
        history: Frames of the window, the present one included.
        chunk: Actions predicted at once.
        robot: What an action means: a preset (``vla_gym_robovlms.robots``), or all fields of a
            ``vla_gym.contract.ActionSpec``, with grippers from 0 (closed) to 1 (open).
        proprioception: Fields fed to the model; the released models use none.
        checkpoint: Our own checkpoint folder or a released ``.pt``; random weights if ``None``
            beside a tiny backbone.
        micro_batch: Rows of one forward pass, always exactly so many: a slot's actions are then a
            function of that slot alone, bit by bit. 1 suits a CPU, 8 or 16 a GPU.
        cache_vision: Encode each frame once instead of once a window.
        seed: Of random weights.
    """

    summary: str = ""
    backbone: BackboneConfig
    formulation: Formulation
    action: ActionKind = "continuous"
    head: HeadConfig
    history: int = Field(default=1, gt=0)
    chunk: int = Field(default=10, gt=0)
    cameras: tuple[Literal["static", "wrist"], ...] = Field(default=("static",), min_length=1)
    proprioception: tuple[ProprioceptionField, ...] = ()
    robot: str | ActionSpec = "calvin"
    normalization: NormalizationConfig = NormalizationConfig()
    readout: ReadoutConfig = ReadoutConfig()
    resampler: ResamplerConfig | None = None
    execution: ExecutionConfig = ExecutionConfig()
    loss: LossConfig = LossConfig()
    freeze: FreezeConfig = FreezeConfig()
    lora: LoraConfig | None = None
    checkpoint: str | None = None
    device: Annotated[str, RuntimeOption()] = "auto"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: Annotated[bool, RuntimeOption()] = False
    micro_batch: Annotated[int, Field(gt=0), RuntimeOption()] = 1
    cache_vision: Annotated[bool, RuntimeOption()] = True
    seed: int = 0

    @field_validator("robot")
    @classmethod
    def _probability(cls, value: str | ActionSpec) -> str | ActionSpec:
        grippers = value.of(GripperSpec) if isinstance(value, ActionSpec) else ()
        if any((gripper.open, gripper.closed) != (1, 0) for gripper in grippers):
            raise ValueError("a gripper is predicted as a probability: open must be 1, closed 0")
        return value

    @model_validator(mode="after")
    def _statistics_fit(self) -> VlaConfig:
        count = len(self.layout.numbers)
        if {len(ends) for ends in self.normalization.ends(count)} != {count}:
            raise ValueError(
                f"normalization: low and high need {count} numbers each, one for every number of "
                "an action that is no gripper"
            )
        return self

    @property
    def layout(self) -> Layout:
        """Where things lie in an action."""
        return layout(robot_action(self.robot))

    @property
    def head_width(self) -> int:
        """Width of the head's layers."""
        return self.head.hidden or (32 if self.backbone.size == "tiny" else 1024)


def parse_config(data: Mapping[str, Any], *, where: str = "config") -> VlaConfig:
    """Return a checked configuration.

    Raises:
        OptionError: Unknown fields (with near matches) and values that do not fit.
        FormulationError: A combination that the paper does not define.
    """
    try:
        config = VlaConfig.model_validate(data)
    except ValidationError as error:
        raise OptionError(
            "\n".join([f"{where} is not a VLA:", *problems(error, VlaConfig)])
        ) from error
    check_formulation(config)
    return config


def load_config(path: Path) -> dict[str, Any]:
    """Return what a YAML file says, without the line that names the policy.

    Raises:
        OptionError: When it cannot be read or is no mapping.
    """
    return {key: value for key, value in read_yaml(path).data.items() if key != "policy"}


def check_formulation(config: VlaConfig) -> None:
    """Refuse combinations that are not defined.

    Raises:
        FormulationError: With a code, what is wrong and what to do.
    """
    name = config.head.name
    discrete = config.action == "discrete"
    if discrete != (name == "detokeniser"):
        wanted = "detokeniser" if discrete else "mlp, lstm, gpt, flow or diffusion"
        raise FormulationError(
            "head_action",
            f"action={config.action!r} with head {name!r}.",
            f"set head.name to {wanted}",
        )
    if discrete and config.formulation == "policy-head":
        raise FormulationError(
            "policy_head_discrete",
            "A policy head fuses features of frames; discrete tokens are decoded by the VLM.",
            "use one-step or interleaved, or action: continuous",
        )
    if discrete and config.compile:
        raise FormulationError(
            "compile_discrete",
            "Discrete actions are decoded with a growing cache, which is not compiled.",
            "set compile: false",
        )
    if (config.execution.execute or 1) > config.chunk:
        raise FormulationError(
            "execute_chunk",
            f"execution.execute={config.execution.execute} of a chunk of {config.chunk}.",
            "set execution.execute to at most chunk, or to null",
        )
    if config.formulation == "one-step" and config.history != 1:
        raise FormulationError(
            "one_step_history",
            f"one-step looks at one frame, history is {config.history}.",
            "set history to 1, or choose interleaved or policy-head",
        )
    if config.formulation != "policy-head" and name in ("lstm", "gpt"):
        raise FormulationError(
            "recurrent_head",
            f"Head {name!r} fuses history, which {config.formulation} does not leave to it.",
            "use head mlp, flow or diffusion, or formulation policy-head",
        )
    if config.formulation == "policy-head" and name not in ("lstm", "gpt") and config.history > 1:
        raise FormulationError(
            "headless_history",
            f"Head {name!r} sees one frame, history is {config.history}.",
            "use head lstm or gpt, or history 1",
        )
