"""Every backbone in every formulation with every head: forward, loss, backward, inference, saving.

Whatever a backbone cannot do is refused with a code, and that is part of the table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from samples_vla import (
    BOTH,
    FAMILIES,
    FORMULATIONS,
    cells,
    pictures,
    shared_backbone,
    tiny_config,
    tiny_model,
    training_batch,
)
from vla_gym_robovlms.checkpoints import load_checkpoint, save_checkpoint
from vla_gym_robovlms.config import FormulationError, VlaConfig
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.policy import RoboVlmsPolicy

from vla_gym.contract.policy import Batch, Slot


def refused(config: VlaConfig) -> str:
    """Return the code that a backbone refuses a configuration with, or an empty string."""
    try:
        tiny_model(config)
    except FormulationError as error:
        return error.issue.code
    return ""


def rollout(model: Vla, steps: int, *, together: bool, first: int = 0) -> np.ndarray:
    """Return actions ``(steps, 3, N, 7)`` of three slots that begin one step after the other.

    The first begins at step ``first``; what a slot sees depends on slot and step alone.
    """
    policy = RoboVlmsPolicy(model.config, model)
    slots = [Slot(i, seed=i, episode=i) for i in range(3)]
    policy.reset(slots)
    size = model.backbone.image_size
    words = ["open the drawer", "close the drawer", "lift the blue block"]
    result = np.zeros((steps, 3, model.config.chunk, 7), np.float32)
    for step in range(steps):
        ready = [i for i in range(3) if step >= first + i]
        for rows in [ready] if together and ready else [[i] for i in ready]:
            views = {
                role: np.stack([pictures(size, seed=100 * step + i).numpy() for i in rows])
                for role in model.config.cameras
            }
            batch = Batch(
                slots=[slots[i] for i in rows],
                images=views,
                proprioception=np.zeros((len(rows), 0), np.float32),
                instructions=[words[i] for i in rows],
            )
            result[step, rows] = policy.act(batch)
    return result


@pytest.mark.parametrize(("backbone", "name"), cells(FAMILIES, FORMULATIONS))
def test_the_table(backbone: str, name: str, tmp_path: Path) -> None:
    config = tiny_config(backbone, **{**BOTH, "history": 2, **FORMULATIONS[name]})
    kind = type(shared_backbone(backbone))
    possible = config.formulation in kind.formulations and (
        config.action == "continuous" or kind.discrete
    )
    if not possible:
        assert refused(config) in ("backbone_formulation", "backbone_discrete")
        return
    model = tiny_model(config)
    losses = model.loss(training_batch(config, model.backbone.image_size))
    losses["loss"].backward()
    assert torch.isfinite(losses["loss"])
    grads = [p.grad for p in (model.act_head or model.backbone).parameters() if p.grad is not None]
    assert any(float(grad.abs().sum()) > 0 for grad in grads)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.backbone.parameters())

    steps = config.history + 2  # the window fills up and rolls over
    actions = rollout(model, steps, together=True)
    assert np.isfinite(actions).all()
    assert np.abs(actions).max() <= 1
    np.testing.assert_array_equal(actions, rollout(model, steps, together=False))
    if model.act_head is not None and not model.act_head.random:
        late = rollout(model, steps, together=True, first=steps - config.history)
        np.testing.assert_array_equal(actions[-1, 0], late[-1, 0])  # older frames are forgotten

    save_checkpoint(model, tmp_path / "saved")
    other = Vla(config, type(model.backbone).build(config.backbone, seed=7)).eval()
    load_checkpoint(other, tmp_path / "saved")
    np.testing.assert_array_equal(actions[:2], rollout(other, 2, together=True))
