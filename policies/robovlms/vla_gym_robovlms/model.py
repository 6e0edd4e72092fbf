"""The VLA: a backbone, an action token, a readout and a head, in the formulation that is asked for.

A frame becomes ``[first token][wrist image][static image][text][state][action tokens][end]``, the
order of the reference. ``one-step`` and ``policy-head`` run the language model on each frame alone;
``interleaved`` runs it on the frames of the window one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from vla_gym.training.trainable import Samples
from vla_gym_robovlms.action_tokens import ActionTokens
from vla_gym_robovlms.backbones.base import Backbone, Prompt
from vla_gym_robovlms.config import FormulationError, VlaConfig
from vla_gym_robovlms.heads import HeadSize, make_head
from vla_gym_robovlms.heads.base import Head
from vla_gym_robovlms.perceiver import PerceiverResampler
from vla_gym_robovlms.sequence import ACTION, IMAGE, TEXT, Tokens, join, pad_right, part, unfold

CAMERA_ORDER = ("wrist", "static")
"""Order of the images of a frame: the reference inserts the wrist image last, at the same place."""


class StateEncoder(nn.Module):
    """Proprioception as one token; its scale is measured before a training and kept with it.

    Args:
        states: Numbers of the state.
        width: Of a token.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, states: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(states))
        self.register_buffer("std", torch.ones(states))
        self.linear = nn.Linear(states, width)

    def forward(self, state: Tensor) -> Tensor:
        """Return ``(B, width)`` of ``(B, states)``."""
        embeds: Tensor = self.linear((state - self.mean) / self.std)
        return embeds

    def measure(self, states: Tensor) -> None:
        """Take mean and deviation of the data ``(F, states)`` in."""
        self.mean.copy_(states.mean(0))
        self.std.copy_(states.std(0).clamp_min(1e-3))


class Vla(nn.Module):
    """A vision-language-action model.

    Args:
        config: What it is.
        backbone: The vision-language model.

    Raises:
        FormulationError: What the backbone cannot do.
    """

    def __init__(self, config: VlaConfig, backbone: Backbone) -> None:
        super().__init__()
        check_backbone(config, backbone)
        self.config, self.backbone = config, backbone
        width, latents = backbone.hidden_size, config.readout.latents
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            discrete = config.action == "discrete"
            backbone.learn_actions(config.head.bins + 1 if discrete else 0)
            self.resampler = self._resampler(width)
            states = sum(field.size for field in config.proprioception)
            self.state = StateEncoder(states, width) if states else None
            self.action_token: nn.Parameter | None = None
            self.act_head: Head | None = None
            if config.action == "continuous":
                if config.readout.kind == "token":
                    self.action_token = nn.Parameter(torch.zeros(width))
                size = HeadSize(
                    features=width * latents,
                    latents=latents,
                    chunk=config.chunk,
                    window=config.history,
                    width=config.head_width,
                    layout=config.layout,
                )
                self.act_head = make_head(config.head, size)
        self.tokens: ActionTokens | None = None
        if config.action == "discrete":
            self.tokens = ActionTokens(backbone.action_end, bins=config.head.bins)
        backbone.freeze(config.freeze)
        like = backbone.reference
        for module in (self.resampler, self.state, self.act_head):
            if module is not None:
                module.to(like.dtype)
        if self.action_token is not None:
            self.action_token.data = self.action_token.data.to(like.dtype)

    def _resampler(self, width: int) -> PerceiverResampler | None:
        chosen = self.config.resampler
        if chosen is None:
            return None
        return PerceiverResampler(
            width,
            latents=chosen.latents,
            depth=chosen.depth,
            heads=chosen.heads,
            head_size=chosen.head_size,
        )

    @property
    def action_ids(self) -> int:
        """Discrete tokens of one chunk."""
        return self.config.chunk * self.config.layout.size

    def see(self, images: Mapping[str, Tensor]) -> Tensor:
        """Return image tokens ``(B, N, D)`` of one frame: uint8 ``(B, H, W, 3)`` by camera."""
        seen = []
        for role in CAMERA_ORDER:
            if role in images:
                features = self.backbone.embed_images(self.backbone.normalize(images[role]))
                seen.append(self.resampler(features) if self.resampler else features)
        return torch.cat(seen, 1)

    def prompt(self, instruction: str) -> Prompt:
        """Return the ids of an instruction, as the action space wants it to be put."""
        if self.config.action == "discrete":
            steps = self.config.chunk
            instruction = f"What {steps} step actions should the robot take to {instruction}?"
        return self.backbone.prompt(instruction, self.config.backbone)

    def frame(
        self,
        seen: Tensor,
        prompts: Sequence[Prompt],
        *,
        state: Tensor | None = None,
        action_ids: Tensor | None = None,
        number: int = 0,
        open_end: bool = False,
    ) -> Tokens:
        """Return the tokens of one frame for each row.

        Args:
            seen: Image tokens ``(B, N, D)`` of all cameras.
            prompts: B prompts; shorter rows are padded at their end.
            state: ``(B, n)``, or ``None``.
            action_ids: Discrete actions ``(B, k)`` that stand at the end, or ``None``.
            number: Index of the frame in its window.
            open_end: Leave the tail out: actions are about to be decoded.
        """
        parts = [self._text([p.head for p in prompts]), *self._images(seen)]
        parts.append(self._text([p.body for p in prompts]))
        if self.state is not None and state is not None:
            parts.append(part(self.state(state)[:, None], TEXT, extra_size=self._extra))
        if self.action_token is not None:
            count = self.config.readout.latents
            learned = self.action_token.expand(len(prompts), count, -1)
            parts.append(part(learned, ACTION, extra_size=self._extra))
        if action_ids is not None:
            embeds = self.backbone.embed_actions(action_ids)
            parts.append(part(embeds, ACTION, extra_size=self._extra))
        if not open_end:
            parts.append(self._text([p.tail for p in prompts]))
        tokens = join([one for one in parts if len(one) or one.media is not None])
        tokens = replace(tokens, frames=torch.full_like(tokens.kinds, number))
        return pad_right(tokens) if len(set(map(len, prompts))) > 1 else tokens

    @property
    def _extra(self) -> int:
        return self.backbone.extra_size

    def _text(self, ids: Sequence[tuple[int, ...]]) -> Tokens:
        longest = max(len(row) for row in ids)
        device = self.backbone.reference.device
        padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids], device=device)
        padded = padded.long().reshape(len(ids), longest)
        lengths = torch.tensor([len(row) for row in ids], device=device)
        mask = torch.arange(longest, device=device)[None] < lengths[:, None]
        embeds = self.backbone.embed_text(padded)
        return part(embeds, TEXT, mask=mask, extra_size=self._extra)

    def _images(self, seen: Tensor) -> list[Tokens]:
        if self.backbone.uses_media:
            return [replace(self._text([()] * len(seen)), media=seen)]
        before, behind = self.backbone.image_delimiters()
        if not before and not behind:
            return [part(seen, IMAGE, extra_size=self._extra)]
        parts = []
        for one in seen.chunk(len(self.config.cameras), 1):
            parts.append(self._text([before] * len(seen)))
            parts.append(part(one, IMAGE, extra_size=self._extra))
            parts.append(self._text([behind] * len(seen)))
        return parts

    def read(self, hidden: Tensor, tokens: Tokens) -> Tensor:
        """Return features ``(B, F)`` of frames, from hidden states ``(B, S, D)``."""
        if self.config.readout.kind == "token":
            chosen = hidden[tokens.kinds == ACTION]
            return chosen.reshape(len(hidden), -1)
        return self._pool(hidden, tokens)

    def _pool(self, hidden: Tensor, tokens: Tokens) -> Tensor:
        wanted = tokens.mask
        if self.config.readout.source != "all":
            kind = TEXT if self.config.readout.source == "text" else IMAGE
            wanted = wanted & (tokens.kinds == kind)
        rows = [states[keep] for states, keep in zip(hidden, wanted, strict=True)]
        groups = self.config.readout.latents
        pooled = [nn.functional.adaptive_max_pool1d(row.T[None], groups)[0].T for row in rows]
        return torch.stack(pooled).flatten(1)

    def features(self, tokens: Tokens, *, window: int = 1) -> Tensor:
        """Return features ``(B, T, F)`` of frames ``(B * T, S)``.

        ``one-step`` and ``policy-head`` look at each frame alone; ``interleaved`` joins the
        ``window`` frames of a row.
        """
        if self.config.formulation != "interleaved":
            found = self.read(self.backbone.transform(tokens), tokens)
        else:
            hidden = self.backbone.transform(unfold(tokens, window))
            found = self.read(hidden.reshape(*tokens.mask.shape, -1), tokens)
        features: Tensor = found.unflatten(0, (-1, window))
        return features

    def act(self, features: Tensor, last: int, noise: Tensor | None = None) -> Tensor:
        """Return the chunk ``(B, N, A)`` of frame ``last`` from features ``(B, T, F)``."""
        assert self.act_head is not None
        return self.act_head.act(features, last, noise)

    def loss(self, batch: Samples) -> dict[str, Tensor]:
        """Return the losses of a batch, ``"loss"`` among them.

        Args:
            batch: With normalised actions, grippers 0 or 1.
        """
        _rows, window = batch.mask.shape[:2]
        flat = {role: images.flatten(0, 1) for role, images in batch.images.items()}
        prompts = [self.prompt(text) for text in batch.instructions for _ in range(window)]
        state = batch.proprioception.to(self.backbone.reference).flatten(0, 1)
        seen = self.see(flat)
        if self.tokens is not None:
            return self._discrete_loss(seen, prompts, state, batch)
        tokens = self.frame(seen, prompts, state=state)
        features = self.features(tokens, window=window)
        assert self.act_head is not None
        actions = batch.actions.to(features.device)
        mask = batch.mask.to(features.device)
        return self.act_head.loss(features, actions, mask, self.config.loss)

    def _discrete_loss(
        self, seen: Tensor, prompts: list[Prompt], state: Tensor, batch: Samples
    ) -> dict[str, Tensor]:
        """Return the cross-entropy of the action tokens, each predicted by the token before."""
        assert self.tokens is not None
        window = batch.mask.shape[1]
        labels = self.tokens.encode(batch.actions.to(seen.device)).flatten(2).flatten(0, 1)
        tokens = self.frame(seen, prompts, state=state, action_ids=labels)
        place = tokens.kinds == ACTION
        if self.config.formulation == "interleaved":
            hidden = self.backbone.transform(unfold(tokens, window))
            hidden = hidden.reshape(*tokens.mask.shape, -1)
        else:
            hidden = self.backbone.transform(tokens)
        before = place.nonzero()[:, 1].view(len(place), -1) - 1  # padding stands at the end
        rows = torch.arange(len(hidden), device=hidden.device)[:, None]
        logits = self.backbone.logits(hidden[rows, before]).float()
        losses = nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), reduction="none"
        ).view_as(labels)
        size = self.config.layout.size
        counts = batch.mask.to(seen.device).flatten(0, 1)[..., None].expand(-1, -1, size)
        counts = counts.flatten(1).to(losses.dtype)
        total = (losses * counts).sum() / counts.sum().clamp_min(1.0)
        right = (logits.argmax(-1) == labels).to(losses.dtype)
        return {"loss": total, "accuracy": (right * counts).sum() / counts.sum().clamp_min(1.0)}

    def decode(self, tokens: Tokens) -> Tensor:
        """Return the ids ``(B, A N)`` that are decoded greedily after ``tokens``.

        Args:
            tokens: Everything up to the first action token, without padding at its end.
        """
        assert self.tokens is not None
        cache = self.backbone.new_cache()
        ids: list[Tensor] = []
        hidden = self.backbone.transform(tokens, cache)
        for count in range(self.action_ids):
            logits = self.backbone.logits(hidden[:, -1])
            if self.config.head.constrain:
                logits = self.tokens.constrain(logits)
            ids.append(logits.argmax(-1))
            if count + 1 < self.action_ids:
                embeds = self.backbone.embed_actions(ids[-1][:, None])
                new = part(embeds, ACTION, extra_size=self._extra)
                new = replace(new, frames=tokens.frames[:, -1:])
                tokens = join([tokens, new])
                hidden = self.backbone.transform(tokens, cache)
        return torch.stack(ids, 1)


def check_backbone(config: VlaConfig, backbone: Backbone | type[Backbone]) -> None:
    """Refuse what a backbone, or already its class, cannot do.

    Raises:
        FormulationError: With a code, what is wrong and what to do.
    """
    name = config.backbone.name
    if config.formulation not in backbone.formulations:
        can = ", ".join(sorted(backbone.formulations))
        raise FormulationError(
            "backbone_formulation",
            f"Backbone {name!r} cannot do {config.formulation}.",
            f"choose one of: {can}",
        )
    if config.action == "discrete" and not backbone.discrete:
        raise FormulationError(
            "backbone_discrete",
            f"Backbone {name!r} has no words to decode actions with.",
            "use action: continuous",
        )
    if config.resampler is not None and (backbone.extra_size or backbone.uses_media):
        raise FormulationError(
            "backbone_resampler",
            f"The image tokens of backbone {name!r} belong to several layers or are resampled.",
            "leave resampler out",
        )
    if backbone.uses_media and config.readout.source == "vision":
        raise FormulationError(
            "readout_source",
            f"Backbone {name!r} has no image tokens in its sequence.",
            "set readout.source to text or all",
        )
    if config.readout.kind == "pool" and config.action == "discrete":
        raise FormulationError(
            "readout_discrete",
            "Discrete actions are decoded, not read from pooled features.",
            "leave readout out",
        )
