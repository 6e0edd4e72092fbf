"""The base of everything that is declared, stored or sent: a frozen, strict pydantic model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen record: unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
