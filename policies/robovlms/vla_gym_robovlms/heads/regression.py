"""MLP, LSTM and GPT heads, as the paper compares them."""

from __future__ import annotations

from torch import Tensor, nn

from vla_gym_robovlms.heads.base import HeadSize, RegressionHead, initialize


class MlpHead(RegressionHead):
    """One frame at a time: two layers, then the towers."""

    def __init__(self, size: HeadSize) -> None:
        """Narrow to half, widen to ``width`` a latent."""
        wide = size.width * size.latents
        super().__init__(size, wide)
        half = max(1, size.features // 2)
        self.mlp = nn.Sequential(
            nn.Linear(size.features, half), nn.ReLU(), nn.Linear(half, wide), nn.ReLU()
        )
        initialize(self)

    def mix(self, features: Tensor) -> Tensor:
        """Nothing is mixed over time."""
        result: Tensor = self.mlp(features)
        return result


class LstmHead(RegressionHead):
    """An LSTM over the frames of the window (reference: four layers of 1024, no dropout).

    The reference carries the hidden state for the first T calls and runs the LSTM again over the
    last T frames from then on. Running it over the window each time is the same, and needs no
    state beside the features.
    """

    def __init__(self, size: HeadSize, *, layers: int = 4) -> None:
        """Build it."""
        wide = size.width * size.latents
        super().__init__(size, wide)
        self.rnn = nn.LSTM(size.features, wide, layers, batch_first=True)
        initialize(self)

    def mix(self, features: Tensor) -> Tensor:
        """Return the LSTM's outputs."""
        outputs: Tensor = self.rnn(features)[0]
        return outputs


class GptHead(RegressionHead):
    """A GPT-2 over the frames of the window, with learned positions."""

    def __init__(self, size: HeadSize, *, layers: int = 8, attention_heads: int = 8) -> None:
        """Build it; the features are projected to its width."""
        from transformers import GPT2Config, GPT2Model

        super().__init__(size, size.width)
        config = GPT2Config(
            vocab_size=1,
            n_embd=size.width,
            n_layer=layers,
            n_head=attention_heads,
            n_positions=size.window,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
            bos_token_id=None,
            eos_token_id=None,
        )
        self.project = nn.Linear(size.features, size.width)
        self.gpt = GPT2Model(config)
        del self.gpt.wte  # features come in, never tokens

    def mix(self, features: Tensor) -> Tensor:
        """Return the last hidden states, causal in time."""
        hidden: Tensor = self.gpt(inputs_embeds=self.project(features)).last_hidden_state
        return hidden
