"""Flow matching and diffusion heads: where the field has gone since the paper.

Both denoise a whole chunk ``(N, A)``, grippers among the numbers as -1 (closed) to 1 (open),
conditioned on the feature of one frame. The noise comes from the slot's seed and the solvers are
deterministic, so an action is a function of the episode alone.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from vla_gym_robovlms.config import LossConfig
from vla_gym_robovlms.heads.base import Head, HeadSize, masked_mean

FREQUENCIES = 16
"""Sines and cosines each that a time is written in."""


class Denoiser(nn.Module):
    """A residual MLP of chunk, time and feature."""

    def __init__(self, size: HeadSize, layers: int) -> None:
        """Build ``layers`` blocks of ``size.width``."""
        super().__init__()
        numbers = size.chunk * size.layout.size
        self.enter = nn.Linear(numbers + size.features + 2 * FREQUENCIES, size.width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(size.width),
                nn.Linear(size.width, 4 * size.width),
                nn.SiLU(),
                nn.Linear(4 * size.width, size.width),
            )
            for _ in range(layers)
        )
        self.leave = nn.Linear(size.width, numbers)

    def forward(self, chunk: Tensor, time: Tensor, features: Tensor) -> Tensor:
        """Return ``(..., N, A)`` of a chunk like it, a time ``(...)`` in [0, 1], ``(..., F)``."""
        steps = torch.arange(FREQUENCIES, device=chunk.device, dtype=torch.float32)
        angles = time[..., None].float() * math.pi * 2.0 ** (steps / 2)
        written = torch.cat([angles.sin(), angles.cos()], -1).to(chunk.dtype)
        hidden = self.enter(torch.cat([chunk.flatten(-2), features, written], -1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        result: Tensor = self.leave(hidden).unflatten(-1, chunk.shape[-2:])
        return result


class GenerativeHead(Head):
    """What the two have in common."""

    random = True

    def __init__(self, size: HeadSize, *, layers: int = 3, steps: int) -> None:
        """Build the denoiser."""
        super().__init__()
        self.size, self.steps = size, steps
        self.denoiser = Denoiser(size, layers)

    @abstractmethod
    def sample(self, features: Tensor, noise: Tensor) -> Tensor:
        """Return ``(B, N, A)`` from features ``(B, F)`` and noise like the result."""

    @abstractmethod
    def errors(self, features: Tensor, chunk: Tensor) -> Tensor:
        """Return squared errors ``(B, T, N, A)`` at a random time."""

    def act(self, features: Tensor, last: int, noise: Tensor | None) -> Tensor:
        """Return the chunk of frame ``last``."""
        if noise is None:
            raise ValueError("a generative head needs noise (B, N, A)")
        chunk = self.sample(features[:, last], noise.to(features)).clamp(-1.0, 1.0)
        if grippers := self.size.layout.grippers:
            chunk[..., grippers] = (chunk[..., grippers] + 1.0) / 2.0
        return chunk

    def loss(
        self, features: Tensor, actions: Tensor, mask: Tensor, weights: LossConfig
    ) -> dict[str, Tensor]:
        """Return the denoising loss; the parts are not weighted, their ranges are equal."""
        del weights
        chunk, layout = actions.clone(), self.size.layout
        if layout.grippers:
            chunk[..., layout.grippers] = chunk[..., layout.grippers] * 2.0 - 1.0
        errors, counts = self.errors(features, chunk.to(features.dtype)), mask[..., None]
        losses = {"loss": masked_mean(errors, counts)}
        losses["arm"] = masked_mean(errors[..., layout.numbers], counts)
        if layout.grippers:
            losses["gripper"] = masked_mean(errors[..., layout.grippers], counts)
        return losses


class FlowHead(GenerativeHead):
    """Flow matching on straight lines from noise (time 0) to the chunk (time 1), Euler steps."""

    def __init__(self, size: HeadSize, *, layers: int = 3, steps: int = 10) -> None:
        """Build it."""
        super().__init__(size, layers=layers, steps=steps)

    def sample(self, features: Tensor, noise: Tensor) -> Tensor:
        """Follow the velocity."""
        chunk = noise
        for step in range(self.steps):
            time = chunk.new_full((len(chunk),), step / self.steps)
            chunk = chunk + self.denoiser(chunk, time, features) / self.steps
        return chunk

    def errors(self, features: Tensor, chunk: Tensor) -> Tensor:
        """Compare the velocity at a point of the line with the line's own."""
        noise = torch.randn_like(chunk)
        time = torch.rand(chunk.shape[:2], device=chunk.device, dtype=chunk.dtype)
        share = time[..., None, None]
        velocity = self.denoiser(share * chunk + (1 - share) * noise, time, features)
        error: Tensor = (velocity - (chunk - noise)) ** 2
        return error


class DiffusionHead(GenerativeHead):
    """Diffusion with the cosine schedule (Nichol & Dhariwal 2021) and the DDIM solver."""

    signal: Tensor

    def __init__(self, size: HeadSize, *, layers: int = 3, steps: int = 20) -> None:
        """Build it; ``signal`` is the share of the signal's variance, from 1 to nearly 0."""
        super().__init__(size, layers=layers, steps=steps)
        times = torch.linspace(0, 1, steps + 1)
        shape = torch.cos((times + 0.008) / 1.008 * math.pi / 2) ** 2
        self.register_buffer("signal", (shape / shape[0]).clamp(1e-4, 1.0), persistent=False)

    def sample(self, features: Tensor, noise: Tensor) -> Tensor:
        """Take the predicted noise away, step by step."""
        chunk = noise
        for step in range(self.steps, 0, -1):
            now, before = self.signal[step], self.signal[step - 1]
            time = chunk.new_full((len(chunk),), step / self.steps)
            predicted = self.denoiser(chunk, time, features)
            clean = ((chunk - (1 - now).sqrt() * predicted) / now.sqrt()).clamp(-1.0, 1.0)
            chunk = before.sqrt() * clean + (1 - before).sqrt() * predicted
        return chunk

    def errors(self, features: Tensor, chunk: Tensor) -> Tensor:
        """Compare the predicted noise with the noise."""
        steps = torch.randint(1, self.steps + 1, chunk.shape[:2], device=chunk.device)
        signal = self.signal[steps][..., None, None].to(chunk.dtype)
        noise = torch.randn_like(chunk)
        noisy = signal.sqrt() * chunk + (1 - signal).sqrt() * noise
        time = steps.to(chunk.dtype) / self.steps
        error: Tensor = (self.denoiser(noisy, time, features) - noise) ** 2
        return error
