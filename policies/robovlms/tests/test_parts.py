"""Heads, perceiver, action tokens and normalisation against torch and against formulas."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from samples_vla import FAMILIES, tiny_config, tiny_model
from torch import nn
from vla_gym_robovlms.action_tokens import ActionTokens
from vla_gym_robovlms.backbones.base import Backbone
from vla_gym_robovlms.backbones.huggingface import HuggingFaceBackbone
from vla_gym_robovlms.config import HeadConfig, LossConfig, NormalizationConfig
from vla_gym_robovlms.entries import BackboneEntry
from vla_gym_robovlms.heads import HeadSize, make_head
from vla_gym_robovlms.layout import Layout
from vla_gym_robovlms.normalization import encode_actions, expand_mu_law, normalization_spec
from vla_gym_robovlms.perceiver import PerceiverResampler

from vla_gym.contract.normalization import unnormalize
from vla_gym.registry import registry

ARM_AND_GRIPPER = Layout(tuple(range(6)), (6,))
SIZE = HeadSize(features=16, latents=1, chunk=4, window=5, width=32, layout=ARM_AND_GRIPPER)


def test_the_lstm_head_is_torchs_lstm_and_its_window_is_a_carried_state() -> None:
    head = make_head(HeadConfig(name="lstm"), SIZE)
    features = torch.randn(2, 5, 16)
    reference = nn.LSTM(16, 32, 4, batch_first=True)
    reference.load_state_dict(head.rnn.state_dict())
    state, outputs = None, []
    for step in range(5):
        out, state = reference(features[:, step : step + 1], state)
        outputs.append(out)
    carried = torch.cat(outputs, 1)
    torch.testing.assert_close(head.mix(features), carried, atol=1e-6, rtol=0)
    arm = head.actions(carried).unflatten(-1, (4, 6))
    for last in range(5):
        padded = torch.cat([features[:, : last + 1], torch.zeros(2, 4 - last, 16)], 1)
        chunk = head.act(padded, last, None)
        torch.testing.assert_close(chunk[..., :6], arm[:, last], atol=1e-6, rtol=0)
        assert (chunk[..., 6] > 0).all()


def test_the_lstm_head_has_the_size_of_the_references() -> None:
    size = SIZE._replace(features=2048, chunk=10, window=16, width=1024)
    with torch.device("meta"):
        head = make_head(HeadConfig(name="lstm"), size)
    assert sum(p.numel() for p in head.rnn.parameters()) == pytest.approx(37.8e6, rel=0.01)
    assert sum(p.numel() for p in head.parameters()) == pytest.approx(41.2e6, rel=0.01)


def test_the_losses_are_hubers_and_cross_entropy_over_what_counts() -> None:
    head = make_head(HeadConfig(name="mlp"), SIZE)
    features, actions = torch.randn(2, 5, 16), torch.rand(2, 5, 4, 7).round()
    mask = torch.rand(2, 5, 4) > 0.3
    arm, gripper = head(features)
    losses = head.loss(features, actions, mask, LossConfig())
    huber = nn.functional.huber_loss(arm[mask], actions[..., :6][mask])
    entropy = nn.functional.binary_cross_entropy_with_logits(
        gripper[..., 0][mask], actions[..., 6][mask]
    )
    torch.testing.assert_close(losses["loss"], huber + 0.01 * entropy)
    absolute = head.loss(features, actions, mask, LossConfig(arm="l1"))["arm"]
    torch.testing.assert_close(absolute, (arm - actions[..., :6]).abs()[mask].mean())


@pytest.mark.parametrize("name", ["mlp", "lstm", "gpt", "flow", "diffusion"])
@pytest.mark.parametrize(
    "layout",
    [Layout((0, 2, 3, 4, 6), (1, 5)), Layout((0, 1, 2), ()), Layout((1, 2), (0,))],
    ids=["two grippers", "none", "the gripper comes first"],
)
def test_a_head_says_any_action(name: str, layout: Layout) -> None:
    head = make_head(HeadConfig(name=name), SIZE._replace(layout=layout))
    features, mask = torch.randn(2, 5, 16), torch.ones(2, 5, 4, dtype=torch.bool)
    noise = 9 * torch.randn(2, 4, layout.size)
    chunk = head.act(features, 4, noise)
    assert chunk.shape == (2, 4, layout.size)
    opened = chunk[..., list(layout.grippers)]
    assert ((opened >= 0) & (opened <= 1)).all()
    losses = head.loss(features, torch.rand(2, 5, 4, layout.size).round(), mask, LossConfig())
    losses["loss"].backward()
    assert ("gripper" in losses) == bool(layout.grippers)
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_what_is_regressed_and_what_is_a_probability_stand_at_their_places() -> None:
    head = make_head(HeadConfig(name="mlp"), SIZE._replace(layout=Layout((0, 2), (1, 3))))
    features = torch.randn(2, 5, 16)
    numbers, logits = head(features)
    chunk = head.act(features, 2, None)
    torch.testing.assert_close(chunk[..., [0, 2]], numbers[:, 2], atol=0, rtol=0)
    torch.testing.assert_close(chunk[..., [1, 3]], logits[:, 2].sigmoid(), atol=0, rtol=0)


@pytest.mark.parametrize("name", ["flow", "diffusion"])
def test_a_generative_head_learns_to_point_at_its_target(name: str) -> None:
    torch.manual_seed(0)
    head = make_head(HeadConfig(name=name), SIZE._replace(width=64))
    optimizer = torch.optim.Adam(head.parameters(), 3e-3)
    sides = torch.tensor([[-1.0], [1.0]]).repeat(32, 1)
    features = sides[:, None] * torch.ones(64, 1, 16)
    target = (0.5 * sides)[:, None, None].expand(64, 1, 4, 7).clone()
    target[..., 6] = (sides > 0).float()[:, None]
    mask = torch.ones(64, 1, 4, dtype=torch.bool)
    for _ in range(400):
        optimizer.zero_grad()
        head.loss(features, target, mask, LossConfig())["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        chunk = head.act(features, 0, torch.randn(64, 4, 7))
    assert float((chunk - target[:, 0]).abs().mean()) < 0.15


def test_the_perceiver_is_flamingo_pytorchs() -> None:
    flamingo = pytest.importorskip("flamingo_pytorch")
    theirs = flamingo.PerceiverResampler(dim=24, depth=2, dim_head=8, heads=3, num_latents=5)
    ours = PerceiverResampler(24, latents=5, depth=2, heads=3, head_size=8, media=4)
    names = {
        "norm_media": "norm_media",
        "norm_latents": "norm_latents",
        "to_q": "to_q",
        "to_kv": "to_kv",
        "to_out": "to_out",
    }
    with torch.no_grad():
        ours.latents.copy_(theirs.latents)
        ours.media_positions.copy_(theirs.media_pos_emb)
        ours.norm.load_state_dict(theirs.norm.state_dict())
        for (attention, feed), (other, their_feed) in zip(ours.layers, theirs.layers, strict=True):
            for mine, its in names.items():
                getattr(attention, mine).load_state_dict(getattr(other, its).state_dict())
            for mine, its in zip(feed.parameters(), their_feed.parameters(), strict=True):
                mine.copy_(its)
        media = torch.randn(2, 9, 24)
        found = theirs(media[:, None])[:, 0]
        torch.testing.assert_close(ours(media), found, atol=1e-5, rtol=0)


def test_action_ids_count_down_from_the_end() -> None:
    tokens = ActionTokens(1000, bins=256)
    edges = np.linspace(-1, 1, 256)
    values = np.concatenate([[-1.0, 0.0, 0.999, 1.0], np.random.default_rng(0).uniform(-1, 1, 99)])
    expected = 1000 - np.digitize(values, edges)
    np.testing.assert_array_equal(tokens.encode(torch.tensor(values)).numpy(), expected)
    assert tokens.encode(torch.tensor([-1.0, 1.0])).tolist() == [999, 744]
    centres = (edges[1:] + edges[:-1]) / 2
    assert len(tokens.centres) == 255
    ids = torch.tensor([999, 998, 745, 744, 1000, 10])
    np.testing.assert_allclose(tokens.decode(ids), centres[[0, 1, 254, 254, 0, 254]], atol=1e-7)
    back = tokens.decode(tokens.encode(torch.tensor(values))).numpy()
    assert np.abs(back - values).max() <= 1 / 255 + 1e-6


@pytest.mark.parametrize("kind", ["min_max", "q01_q99", "mean_std"])
@pytest.mark.parametrize("mu_law", [None, 255.0])
def test_labels_come_back_through_the_contract(kind: str, mu_law: float | None) -> None:
    if kind == "mean_std" and mu_law:
        pytest.skip("refused: see the configuration")
    config = NormalizationConfig(
        kind=kind, low=(-0.3,) * 6, high=(0.5,) * 6, inner=0.65, mu_law=mu_law
    )
    spec = normalization_spec(config, ARM_AND_GRIPPER)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.15, 0.35, (20, 7))
    actions[:, 6] = rng.integers(0, 2, 20)
    encoded = encode_actions(actions, config, ARM_AND_GRIPPER).astype(np.float32)
    predicted = expand_mu_law(encoded, config, ARM_AND_GRIPPER)
    np.testing.assert_allclose(unnormalize(predicted, spec), actions, atol=2e-6)


def test_outputs_reach_only_the_middle_of_the_quantile_range() -> None:
    config = NormalizationConfig(kind="q01_q99", low=(-1.0,) * 6, high=(3.0,) * 6, inner=0.65)
    spec = normalization_spec(config, ARM_AND_GRIPPER)
    assert spec.low[:6] == pytest.approx((-0.3,) * 6)
    assert spec.high[:6] == pytest.approx((2.3,) * 6)


def code_lines(backbone: type) -> int:
    """Lines of a backbone's class and of those between it and the two bases.

    Docstrings and blank lines do not count, nor does ``tiny``, the miniature for tests.
    """
    between = [
        kind
        for kind in backbone.__mro__
        if issubclass(kind, Backbone) and kind not in (Backbone, HuggingFaceBackbone)
    ]
    return sum(map(lines_of_class, between))


def lines_of_class(kind: type) -> int:
    source = textwrap.dedent(inspect.getsource(kind))
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        first = node.body[0]
        if ast.get_docstring(node):
            skipped.update(range(first.lineno, (first.end_lineno or 0) + 1))
        if node.name == "tiny":
            decorators = len(node.decorator_list)
            skipped.update(range(node.lineno - decorators, (node.end_lineno or 0) + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(bool(text.strip()) and number not in skipped for number, text in lines)


def test_the_count_of_each_backbone() -> None:
    counts = {name: code_lines(registry().load(BackboneEntry, name)) for name in FAMILIES}
    print("\n" + "\n".join(f"{name:14} {count:3} lines" for name, count in counts.items()))
    assert all(0 < count <= 30 for count in counts.values()), counts


def test_the_count_counts() -> None:
    class Sample(Backbone):
        """Not this."""

        discrete = False

        @classmethod
        def tiny(cls) -> int:
            return 1

        def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
            """Nor this,

            nor this.
            """
            return ids

    assert code_lines(Sample) == 4


def test_lora_trains_adapters_only() -> None:
    pytest.importorskip("peft")
    from vla_gym_robovlms.lora import add_adapters

    config = tiny_config("paligemma", lora={"rank": 4, "targets": ["q_proj", "v_proj"]})
    model = tiny_model(config)
    assert config.lora is not None
    add_adapters(model, config.lora)
    trained = [n for n, p in model.backbone.named_parameters() if p.requires_grad]
    assert trained
    assert all("lora_" in name for name in trained)
    assert all(p.requires_grad for p in model.act_head.parameters())


def test_what_is_frozen_is_not_trained() -> None:
    model = tiny_model(tiny_config("kosmos-2", freeze={"vision": True}))
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == ("vision_model" not in name), name
    model = tiny_model(tiny_config("flamingo-3b", freeze={"backbone": True}))
    trained = {n for n, p in model.backbone.named_parameters() if p.requires_grad}
    assert trained
    assert all("cross." in name or "perceiver." in name for name in trained)


def test_importing_the_plugin_imports_no_torch() -> None:
    code = (
        "import sys, vla_gym_robovlms.plugin; print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
