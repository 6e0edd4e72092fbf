"""A tokenizer without a vocabulary file: bytes. For tiny models and random weights."""

from __future__ import annotations

BOS, EOS, PAD = 0, 2, 1
_FIRST_BYTE = 3


class ByteTokenizer:
    """One token a byte of UTF-8, between a begin and an end token.

    Args:
        size: Vocabulary of the model; what lies above the bytes is free for discrete actions.
        ends: Append the end token.
    """

    bos_token_id, eos_token_id, pad_token_id = BOS, EOS, PAD
    all_special_ids = (BOS, PAD, EOS)

    def __init__(self, size: int, *, ends: bool = True) -> None:
        self._size, self._ends = size, ends

    def encode(self, text: str) -> list[int]:
        """Return ids of a text."""
        ids = [BOS, *(_FIRST_BYTE + byte for byte in text.encode())]
        return [*ids, EOS] if self._ends else ids

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return self._size
