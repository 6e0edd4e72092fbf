"""No action knows the future: what is perturbed at a later frame changes nothing before it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from samples_vla import FAMILIES, cells, pictures, tiny_config, tiny_model
from test_table import BOTH, FORMULATIONS

WINDOW = 3
CASES = [
    ("policy-head-lstm", "causal"),
    ("policy-head-gpt", "causal"),
    ("interleaved-mlp", "causal"),
    ("interleaved-mlp", "native"),
]


def impossible(family: str, formulation: str) -> bool:
    return family.startswith(("flamingo", "florence", "mini")) and formulation == "interleaved"


def window_chunks(model: Any, images: torch.Tensor) -> torch.Tensor:
    """Return the chunks ``(T, N, 7)`` of one window."""
    prompts = [model.prompt("open the drawer")] * WINDOW
    seen = model.see(dict.fromkeys(model.config.cameras, images))
    features = model.features(model.frame(seen, prompts), window=WINDOW)
    return torch.stack([model.act(features, t)[0] for t in range(WINDOW)])


@pytest.mark.parametrize(("family", "case"), cells(FAMILIES, CASES, every=2))
def test_a_later_frame_changes_no_earlier_action(family: str, case: tuple[str, str]) -> None:
    name, attention = case
    options = {**BOTH, **FORMULATIONS[name], "backbone_options": {"attention": attention}}
    config = tiny_config(family, **options)
    if impossible(family, config.formulation):
        pytest.skip("refused: see the table test")
    model = tiny_model(config)
    images = pictures(model.backbone.image_size, WINDOW)
    for later in range(1, WINDOW):
        changed = images.clone()
        changed[later:] = 255 - changed[later:]
        with torch.no_grad():
            before, after = window_chunks(model, images), window_chunks(model, changed)
        assert torch.equal(before[:later], after[:later])
        assert not torch.equal(before[later], after[later])


@pytest.mark.parametrize("name", ["policy-head-lstm", "interleaved-mlp"])
@pytest.mark.parametrize("family", FAMILIES)
def test_padding_changes_nothing(family: str, name: str) -> None:
    config = tiny_config(family, **FORMULATIONS[name])
    if impossible(family, config.formulation):
        pytest.skip("refused: see the table test")
    model = tiny_model(config)
    images = pictures(model.backbone.image_size, WINDOW)
    short, long = model.prompt("push it"), model.prompt("push the block to the left")
    with torch.no_grad():
        seen = model.see({"static": images})
        alone = model.features(model.frame(seen, [short] * WINDOW), window=WINDOW)
        both = model.frame(torch.cat([seen, seen]), [short] * WINDOW + [long] * WINDOW)
        padded = model.features(both, window=WINDOW)[:1]
    torch.testing.assert_close(alone, padded, atol=1e-5, rtol=0)
