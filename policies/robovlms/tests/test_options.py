"""What a configuration may add: state, resampler, readouts, types, compiling, rows at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from samples_vla import FAMILIES, FORMULATIONS, awake, pictures, tiny_config, tiny_model
from vla_gym_robovlms.config import FormulationError, VlaConfig
from vla_gym_robovlms.factory import make_model
from vla_gym_robovlms.policy import RoboVlmsPolicy

from vla_gym.contract.policy import Batch, Slot
from vla_gym.errors import OptionError
from vla_gym.options import identity_options

WORDS = ["open the drawer", "push the red block to the left", "open the drawer", "go", "stop it"]


def observe(config: VlaConfig, size: int, rows: list[int], step: int) -> Batch:
    """Return the observations of some slots, a function of slot and step."""
    states = sum(field.size for field in config.proprioception)
    return Batch(
        slots=[Slot(i, seed=i) for i in rows],
        images={
            role: np.stack([pictures(size, seed=100 * step + i).numpy() for i in rows])
            for role in config.cameras
        },
        proprioception=np.stack([np.full(states, i + 0.1 * step, np.float32) for i in rows]),
        instructions=[WORDS[i] for i in rows],
    )


def actions(config: VlaConfig, *groups: list[int], steps: int = 3, model: Any = None) -> Any:
    """Return actions ``(steps, slots, N, 7)``; each group of slots is asked at once."""
    policy = RoboVlmsPolicy(config, model or awake(make_model(config)))
    size = policy.model.backbone.image_size
    count = sum(map(len, groups))
    result = np.zeros((steps, count, config.chunk, 7), np.float32)
    policy.reset([Slot(i, seed=i) for i in range(count)])
    for step in range(steps):
        for rows in groups:
            result[step, rows] = policy.act(observe(config, size, rows, step))
    return result


def test_proprioception_reaches_the_action() -> None:
    field = {"name": "joints", "size": 7, "unit": "rad"}
    config = tiny_config(proprioception=[field])
    model = tiny_model(config)
    policy = RoboVlmsPolicy(config, model)
    batch = observe(config, 28, [0], 0)
    chunks = []
    for shift in (0.0, 0.0, 1.0):
        policy.reset(batch.slots)
        moved = Batch(batch.slots, batch.images, batch.proprioception + shift, batch.instructions)
        chunks.append(policy.act(moved))
    np.testing.assert_array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[0], chunks[2])


@pytest.mark.parametrize(
    "options",
    [
        {"resampler": {"latents": 3, "depth": 1, "heads": 2, "head_size": 8}},
        {"readout": {"latents": 2}},
        {"readout": {"kind": "pool", "latents": 2}},
        {"readout": {"kind": "pool", "source": "text"}},
        {"readout": {"kind": "pool", "source": "vision"}},
        {"normalization": {"mu_law": 255.0}},
        {"backbone_options": {"template": "do {instruction} now"}},
        {"loss": {"arm": "mse", "gripper": 1.0}},
    ],
    ids=str,
)
def test_a_variation_acts_and_differs_from_the_plain_model(options: dict[str, Any]) -> None:
    varied, plain = tiny_config(**options), tiny_config()
    found = actions(varied, [0, 1])
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    same = np.array_equal(found, actions(plain, [0, 1]))
    assert same == ("loss" in options), "the loss alone changes no action"


def test_a_resampler_shortens_the_image() -> None:
    config = tiny_config(resampler={"latents": 3, "depth": 1, "heads": 2, "head_size": 8})
    model = tiny_model(config)
    image = {"static": pictures(28, 2)}
    assert model.see(image).shape == (2, 3, 32)
    assert tiny_model(tiny_config()).see(image).shape == (2, 8, 32)


@pytest.mark.parametrize("name", ["policy-head-lstm", "interleaved-mlp"])
def test_frames_that_are_encoded_once_act_as_if_encoded_anew(name: str) -> None:
    cached = tiny_config(cameras=["static", "wrist"], **FORMULATIONS[name])
    anew = cached.model_copy(update={"cache_vision": False})
    np.testing.assert_array_equal(actions(cached, [0, 1], steps=5), actions(anew, [0, 1], steps=5))


def test_a_frame_is_encoded_once() -> None:
    config = tiny_config(history=3)
    model = tiny_model(config)
    calls: list[int] = []
    embed = model.backbone.embed_images
    model.backbone.embed_images = lambda pixels: (calls.append(len(pixels)), embed(pixels))[1]
    actions(config, [0, 1], steps=6, model=model)
    assert calls == [1] * 12


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_that_run_together_change_nothing(family: str) -> None:
    config = tiny_config(family, micro_batch=4)
    model = tiny_model(config)
    together = actions(config, [0, 1, 2, 3, 4], model=model)
    np.testing.assert_array_equal(together, actions(config, [3], [4, 0], [1, 2], model=model))


@pytest.mark.parametrize("name", FORMULATIONS)
def test_rows_run_together_in_every_formulation(name: str) -> None:
    config = tiny_config(**FORMULATIONS[name], micro_batch=4)
    model = tiny_model(config)
    together = actions(config, [0, 1, 2, 3, 4], model=model)
    np.testing.assert_array_equal(together, actions(config, [3], [4, 0], [1, 2], model=model))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    "family", ["kosmos-2", "paligemma-2", "qwen3-vl", "flamingo-3b", "compact"]
)
def test_half_precision_acts_nearly_alike(family: str, dtype: str) -> None:
    half, full = tiny_config(family, dtype=dtype), tiny_config(family)
    found, wanted = actions(half, [0, 1]), actions(full, [0, 1])
    assert not np.array_equal(found, wanted)
    np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.full
def test_a_compiled_model_acts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tracer is what can fail on our code; the compiler behind it needs minutes and a C++ one.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    config = tiny_config()
    compiled = config.model_copy(update={"compile": True})
    model = tiny_model(config)
    found = actions(compiled, [0], steps=2, model=model)
    np.testing.assert_allclose(found, actions(config, [0], steps=2, model=model), atol=1e-5)


def test_noise_comes_from_the_seed_of_the_slot() -> None:
    config = tiny_config(**FORMULATIONS["one-step-flow"])
    policy = RoboVlmsPolicy(config, tiny_model(config))
    batch = observe(config, 28, [0], 0)
    chunks = []
    for seed in (1, 1, 2):
        slot = Slot(0, seed=seed)
        policy.reset([slot])
        chunks.append(policy.act(Batch([slot], batch.images, batch.proprioception, ["go"])))
    np.testing.assert_array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[0], chunks[2])


def test_an_image_size_that_the_model_has_not_is_refused() -> None:
    with pytest.raises(FormulationError, match="kosmos-2' sees 28 px, not 224") as error:
        tiny_model(tiny_config(backbone_options={"image_size": 224}))
    assert error.value.issue.code == "image_size"
    chosen = tiny_model(tiny_config("qwen2-vl", backbone_options={"image_size": 112}))
    assert chosen.see({"static": pictures(112, 1)}).shape[1] == 16
    with pytest.raises(OptionError, match=r"image_size=100: .* multiple of 28; use 112"):
        tiny_model(tiny_config("qwen2-vl", backbone_options={"image_size": 100}))


def test_a_window_longer_than_the_positions_is_refused() -> None:
    options = {**FORMULATIONS["interleaved-mlp"], "history": 90}
    config = tiny_config("compact", **options)
    model = tiny_model(config)
    frame = model.frame(model.see({"static": pictures(56, 90)}), [model.prompt("go")] * 90)
    model.features(frame, window=90)
    long = [model.prompt("open the drawer, please")] * 90
    with pytest.raises(OptionError, match="2048 positions: use less history"):
        model.features(model.frame(model.see({"static": pictures(56, 90)}), long), window=90)


def test_where_and_how_fast_a_model_runs_is_not_what_it_is() -> None:
    how = {"device": "cpu", "compile": True, "micro_batch": 8, "cache_vision": False}
    assert identity_options(VlaConfig, {"chunk": 4, **how}) == {"chunk": 4}
