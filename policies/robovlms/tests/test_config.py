"""Configurations: all that ship are valid, and what is wrong with others is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from samples_vla import FAMILIES, pictures, tiny_config, tiny_model
from vla_gym_robovlms.backbones import backbone_class, make_backbone
from vla_gym_robovlms.config import CONFIGS, BackboneConfig, FormulationError, parse_config
from vla_gym_robovlms.factory import make_policy
from vla_gym_robovlms.model import check_backbone
from vla_gym_robovlms.options import resolve, vla_options
from vla_gym_robovlms.policy import RoboVlmsPolicy

from vla_gym.contract.policy import Batch, Slot
from vla_gym.errors import OptionError, PolicyError, UnknownNameError
from vla_gym.grid.config import load_matrix
from vla_gym.plugins import SuiteEntry
from vla_gym.registry import registry
from vla_gym.training import load_train_config

DISCRETE: dict[str, Any] = {
    "formulation": "interleaved",
    "action": "discrete",
    "head": {"name": "detokeniser"},
}
ROOT = Path(__file__).resolve().parents[3]
MATRIX = ROOT / "configs/matrix"
TRAININGS = sorted((ROOT / "configs/train").rglob("*.yaml"))
STUDIES = [ROOT / "configs/study" / f"{name}.yaml" for name in ("formulations", "data-scale")]
SHIPPED = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
SOME = [pytest.param(n, marks=[pytest.mark.full] if i % 3 else []) for i, n in enumerate(SHIPPED)]
GOOD: dict[str, Any] = {
    "backbone": {"name": "kosmos-2", "size": "tiny"},
    "formulation": "policy-head",
    "head": {"name": "lstm"},
    "history": 3,
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_configuration_is_valid_and_says_what_it_is(name: str) -> None:
    config = resolve(name, {})
    assert config.summary
    assert config.backbone.name in FAMILIES
    assert config.backbone.size == "base"


@pytest.mark.parametrize("path", TRAININGS, ids=lambda path: path.stem)
def test_a_training_names_what_exists(path: Path) -> None:
    training = load_train_config(path)
    assert resolve(str(ROOT / training.policy), training.options).backbone.name in FAMILIES
    assert training.batch_size % training.accumulate == 0
    if training.evaluate:
        assert not registry().get(SuiteEntry, training.evaluate.suite).problem


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_trains_what_can_be_built(path: Path) -> None:
    study = load_matrix(path)
    assert len(study.policies) > 1
    for policy in study.policies:
        assert policy.train is not None
        assert policy.published is not None
        training = load_train_config(ROOT / policy.train.config, policy.train.options)
        config = resolve(str(ROOT / training.policy), training.options)
        check_backbone(config, backbone_class(config.backbone.name))


@pytest.mark.parametrize("suite", ["calvin", "simpler"])
def test_the_matrix_files_name_every_configuration(suite: str) -> None:
    matrix = MATRIX / ("robovlms.yaml" if suite == "calvin" else f"robovlms-{suite}.yaml")
    policies = yaml.safe_load(matrix.read_text())["policies"]
    named = {policy["name"].removeprefix("robovlms/") for policy in policies}
    others = {name for name in SHIPPED if resolve(name, {}).robot != "calvin"}
    assert named == set(SHIPPED) - (others if suite == "calvin" else set())
    assert all(policy["options"]["backbone"] == {"size": "tiny"} for policy in policies)


@pytest.mark.parametrize("name", SOME)
def test_a_shipped_configuration_acts_in_miniature(name: str) -> None:
    policy = make_policy(vla_options(name, {"backbone": {"size": "tiny"}}))
    slots = [Slot(0, seed=3)]
    policy.reset(slots)
    size = policy.model.backbone.image_size
    views = {role: pictures(size, 1).numpy() for role in policy.config.cameras}
    state = np.zeros((1, sum(field.size for field in policy.spec.proprioception)), np.float32)
    batch = Batch(slots, views, state, ["open the drawer"])
    chunks = [policy.act(batch) for _ in range(2)]
    assert chunks[0].shape == (1, policy.config.chunk, 7)
    assert np.isfinite(chunks[1]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"histroy": 3}, "histroy: unknown field. Did you mean history"),
        ({"head": {"name": "lstm", "layer": 2}}, "head.layer: unknown field. Did you mean layers"),
        ({"backbone": {"name": "kosmos-2", "sise": "tiny"}}, "Did you mean size"),
        ({"history": 0}, "history: .*greater than 0.*got 0"),
        ({"head": {"name": "lstn"}}, r"head.name: .*got 'lstn'\)\. Did you mean lstm"),
        ({"formulation": "onestep"}, "Did you mean one-step"),
        ({"normalization": {"low": [0.0]}}, "6 numbers"),
    ],
)
def test_unknown_fields_and_values_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        parse_config({**GOOD, **change})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "discrete"}, "head_action"),
        ({"chunk": 2, "execution": {"mode": "chunk", "execute": 3}}, "execute_chunk"),
        ({"action": "discrete", "head": {"name": "detokeniser"}}, "policy_head_discrete"),
        ({"formulation": "one-step", "head": {"name": "mlp"}}, "one_step_history"),
        ({"formulation": "interleaved"}, "recurrent_head"),
        ({"head": {"name": "mlp"}}, "headless_history"),
        ({**DISCRETE, "compile": True}, "compile_discrete"),
    ],
)
def test_undefined_combinations_have_a_code(change: dict[str, Any], code: str) -> None:
    with pytest.raises(FormulationError) as error:
        parse_config({**GOOD, **change})
    assert error.value.issue.code == code
    assert "Fix:" in str(error.value)


RESAMPLER = {"latents": 3, "depth": 1}


@pytest.mark.parametrize(
    ("family", "options", "code"),
    [
        ("flamingo-3b", {"formulation": "interleaved", "head": {"name": "mlp"}}, "formulation"),
        ("mini", {**DISCRETE, "formulation": "one-step", "history": 1}, "discrete"),
        ("qwen3-vl", {"resampler": RESAMPLER}, "resampler"),
        ("flamingo-9b", {"resampler": RESAMPLER}, "resampler"),
    ],
)
def test_what_a_backbone_cannot_do_has_a_code(
    family: str, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(FormulationError, match=f"'{family}'.*\n?.*Fix:") as error:
        tiny_model(tiny_config(family, **options))
    assert error.value.issue.code == f"backbone_{code}"


def test_a_readout_of_what_is_not_there_has_a_code() -> None:
    pool = {"readout": {"kind": "pool", "source": "vision"}}
    with pytest.raises(FormulationError) as error:
        tiny_model(tiny_config("flamingo-3b", **pool))
    assert error.value.issue.code == "readout_source"
    with pytest.raises(FormulationError) as error:
        tiny_model(tiny_config("kosmos-2", **DISCRETE, **pool))
    assert error.value.issue.code == "readout_discrete"


def test_what_a_backbone_cannot_do_is_said_before_its_weights_are_looked_for() -> None:
    with pytest.raises(FormulationError) as error:
        make_policy(vla_options("llava-one-step-discrete", {"backbone": {"name": "florence-2"}}))
    assert error.value.issue.code == "backbone_discrete"


def test_flamingos_own_weights_are_refused() -> None:
    with pytest.raises(FormulationError, match=r"backbone\.weights: random") as error:
        make_backbone(BackboneConfig(name="flamingo-4b"))
    assert error.value.issue.code == "flamingo_weights"


def test_an_unknown_backbone_names_its_neighbours() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean .*kosmos-2"):
        make_backbone(BackboneConfig(name="kosmos2", size="tiny"))


def test_an_unknown_configuration_names_its_neighbours() -> None:
    with pytest.raises(UnknownNameError, match="kosmos-policy-head-continuous"):
        resolve("kosmos-policy-head-continous", {})


def test_absent_weights_say_what_to_do(tmp_path: Path) -> None:
    config = BackboneConfig(name="kosmos-2", weights=str(tmp_path))
    with pytest.raises(OptionError, match=r"backbone\.weights=FOLDER.*backbone\.size=tiny"):
        make_backbone(config)


def test_a_long_instruction_is_refused_not_cut() -> None:
    config = tiny_config(backbone_options={"text_limit": 60})
    model = tiny_model(config)
    model.prompt("open the drawer")
    with pytest.raises(OptionError, match=r"text_limit is 60.*not cut"):
        model.prompt("open the drawer and then close it again")


@pytest.mark.parametrize("wrong", ["size", "dtype", "camera"])
def test_a_wrong_image_is_refused(wrong: str) -> None:
    config = tiny_config()
    policy = RoboVlmsPolicy(config, tiny_model(config))
    policy.reset([Slot(0)])
    image: Any = pictures(28, 1).numpy()
    image = {"size": image[:, :20], "dtype": image.astype(np.float32), "camera": image}[wrong]
    views = {"wrist" if wrong == "camera" else "static": image}
    with pytest.raises(
        PolicyError, match=r"Camera 'static': got .*expected uint8 \(1, 28, 28, 3\)"
    ):
        policy.act(Batch([Slot(0)], views, np.zeros((1, 0), np.float32), ["go"]))


def test_quantised_weights_without_a_gpu_are_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    config = BackboneConfig(name="kosmos-2", quantization="4bit", weights="nowhere")
    with pytest.raises(OptionError, match=r"CUDA|nowhere"):
        make_backbone(config)


def test_options_go_before_the_file() -> None:
    config = resolve("kosmos-policy-head-continuous", {"head": {"layers": 2}, "history": 3})
    assert (config.head.name, config.head.layers, config.history) == ("lstm", 2, 3)
