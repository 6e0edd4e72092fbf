"""``robovlms``: the policy that the runner asks, made from a configuration.

It keeps the frames of each slot, runs the formulation on them and returns chunks in the terms that
its ``spec`` declares. Nothing here depends on who else is in the batch (see ``history``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vla_gym.contract.policy import Batch, Slot
from vla_gym.contract.spec import CameraSpec, PolicySpec
from vla_gym.errors import PolicyError
from vla_gym_robovlms.config import VlaConfig
from vla_gym_robovlms.fingerprint import fingerprint
from vla_gym_robovlms.history import Frame, Memory, in_micro_batches
from vla_gym_robovlms.model import Vla
from vla_gym_robovlms.normalization import expand_mu_law, normalization_spec
from vla_gym_robovlms.robots import robot_action
from vla_gym_robovlms.sequence import join


class RoboVlmsPolicy:
    """A VLA at work.

    Args:
        config: What it is.
        model: Its network, in evaluation mode and on its device.
    """

    def __init__(self, config: VlaConfig, model: Vla) -> None:
        self.config, self.model = config, model.eval()
        self._memories: dict[int, Memory] = {}
        size = model.backbone.image_size
        camera = CameraSpec(height=size, width=size, resize="bicubic")
        self.spec = PolicySpec(
            cameras=dict.fromkeys(config.cameras, camera),
            proprioception=config.proprioception,
            action=robot_action(config.robot),
            chunk=config.chunk,
            execution=config.execution.mode,
            execute=config.execution.execute,
            ensemble_decay=config.execution.decay,
            history=config.history,
            normalization=normalization_spec(config.normalization, config.layout),
        )
        self._transform = torch.compile(model.features) if config.compile else model.features

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the configuration and the weights."""
        return fingerprint(self.config, self.model)

    def reset(self, slots: Sequence[Slot]) -> None:
        """Forget the frames of these slots."""
        for slot in slots:
            memory = Memory(deque(maxlen=self.config.history))
            memory.noise.manual_seed(slot.seed)
            self._memories[slot.id] = memory

    @torch.inference_mode()
    def act(self, batch: Batch) -> npt.NDArray[np.float32]:
        """Return chunks ``(B, N, A)``."""
        missing = [slot.id for slot in batch.slots if slot.id not in self._memories]
        if missing:
            raise PolicyError(f"act() for slots {missing} that were never reset.")
        memories = [self._memories[slot.id] for slot in batch.slots]
        self._look(batch, memories)
        chunks = self._decode(memories) if self.model.tokens else self._regress(memories)
        actions = torch.stack(chunks).float().cpu().numpy().astype(np.float32)
        return expand_mu_law(actions, self.config.normalization, self.config.layout)

    def _look(self, batch: Batch, memories: list[Memory]) -> None:
        """Append the present frame to each slot's window."""
        pictures = self._pictures(batch)
        states = torch.from_numpy(np.array(batch.proprioception, np.float32))
        states = states.to(self.model.backbone.reference)
        seen = self._see(pictures)
        for row, memory in enumerate(memories):
            kept = {} if self.config.cache_vision else {r: p[row] for r, p in pictures.items()}
            prompt = self.model.prompt(batch.instructions[row])
            memory.frames.append(Frame(kept, seen[row], prompt, states[row]))

    def _pictures(self, batch: Batch) -> dict[str, Tensor]:
        pictures = {}
        for role, camera in self.spec.cameras.items():
            images = batch.images.get(role)
            wanted = (len(batch), camera.height, camera.width, 3)
            if images is None or images.shape != wanted or images.dtype != np.uint8:
                got = "none" if images is None else f"{images.dtype} {images.shape}"
                raise PolicyError(f"Camera {role!r}: got {got}, expected uint8 {wanted}.")
            pictures[role] = torch.from_numpy(np.array(images))
        return pictures

    def _see(self, pictures: dict[str, Tensor]) -> list[Tensor]:
        count = len(next(iter(pictures.values())))

        def run(rows: list[int]) -> Tensor:
            return self.model.see({role: images[rows] for role, images in pictures.items()})

        return in_micro_batches([0] * count, self.config.micro_batch, run)

    def _regress(self, memories: list[Memory]) -> list[Tensor]:
        """Return chunks ``(N, A)`` of the continuous formulations."""
        if not self.config.cache_vision:
            self._look_again(memories)
        if self.config.formulation == "interleaved":
            features = self._window_features(memories)
            lasts = [0] * len(memories)
        else:
            features = self._frame_features(memories)
            lasts = [len(memory.frames) - 1 for memory in memories]
        noise = [self._noise(memory) for memory in memories]

        def run(rows: list[int]) -> Tensor:
            drawn = torch.stack([noise[row] for row in rows]) if noise[0].numel() else None
            window = torch.stack([features[row] for row in rows])
            return self.model.act(window, lasts[rows[0]], drawn)

        return in_micro_batches(lasts, self.config.micro_batch, run)

    def _frame_features(self, memories: list[Memory]) -> list[Tensor]:
        """Return features ``(T, F)`` of windows, filled up with zeros behind the present frame."""
        pending = [frame for memory in memories for frame in memory.frames if frame.feature is None]

        def run(rows: list[int]) -> Tensor:
            return self._transform(self._frames([pending[row] for row in rows]))[:, 0]

        keys = [self._shape(frame) for frame in pending]
        found = in_micro_batches(keys, self.config.micro_batch, run)
        for frame, feature in zip(pending, found, strict=True):
            frame.feature = feature
        return [self._padded(memory) for memory in memories]

    def _padded(self, memory: Memory) -> Tensor:
        known = torch.stack([f.feature for f in memory.frames if f.feature is not None])
        window = known.new_zeros(self.config.history, known.shape[-1])
        window[: len(known)] = known
        return window

    def _window_features(self, memories: list[Memory]) -> list[Tensor]:
        """Return the feature ``(1, F)`` of the newest frame, in the light of the window."""

        def run(rows: list[int]) -> Tensor:
            windows = [list(memories[row].frames) for row in rows]
            tokens = self._frames([frame for window in windows for frame in window])
            return self._transform(tokens, window=len(windows[0]))[:, -1:]

        keys = [tuple(map(self._shape, memory.frames)) for memory in memories]
        return in_micro_batches(keys, self.config.micro_batch, run)

    def _decode(self, memories: list[Memory]) -> list[Tensor]:
        """Return chunks ``(N, A)`` of the discrete formulations."""
        assert self.model.tokens is not None

        def run(rows: list[int]) -> Tensor:
            windows = [memories[row].frames for row in rows]
            past = [self._frames([w[t] for w in windows], t) for t in range(len(windows[0]))]
            return self.model.decode(join(past))

        keys = [tuple(map(self._shape, memory.frames)) for memory in memories]
        found = in_micro_batches(keys, self.config.micro_batch, run)
        for memory, ids in zip(memories, found, strict=True):
            memory.frames[-1].action_ids = ids
        size = self.config.layout.size
        return [self.model.tokens.decode(ids).unflatten(0, (-1, size)) for ids in found]

    def _frames(self, frames: list[Frame], number: int = 0) -> Any:
        """Return the tokens of frames, a row each."""
        ids = [frame.action_ids for frame in frames if frame.action_ids is not None]
        return self.model.frame(
            torch.stack([frame.seen for frame in frames]),
            [frame.prompt for frame in frames],
            state=torch.stack([frame.state for frame in frames]),
            action_ids=torch.stack(ids) if ids else None,
            number=number,
            open_end=self.model.tokens is not None and not ids,
        )

    def _shape(self, frame: Frame) -> tuple[int, int, int]:
        prompt = frame.prompt
        return len(prompt.head), len(prompt.body), len(prompt.tail)

    def _look_again(self, memories: list[Memory]) -> None:
        """Encode every frame of every window anew (for comparison: ``cache_vision: false``)."""
        for memory in memories:
            for frame in memory.frames:
                frame.seen = self._see({r: p[None] for r, p in frame.pixels.items()})[0]
                frame.feature = None

    def _noise(self, memory: Memory) -> Tensor:
        head = self.model.act_head
        if head is None or not head.random:
            return torch.empty(0)
        return torch.randn(self.config.chunk, self.config.layout.size, generator=memory.noise)
