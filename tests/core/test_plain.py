"""Whatever an environment says about itself can be written and read again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from vla_gym.plain import description, plain


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"a": (1, 2.5, None, True)}, {"a": [1, 2.5, None, True]}),
        ({"a": np.arange(2), 3: np.float32(0.5)}, {"a": [0, 1], "3": 0.5}),
        ({"a": b"x", "b": float("nan"), "c": "\udcff"}, {"a": "b'x'", "b": "nan", "c": "\\udcff"}),
        (None, {"description": None}),
        ("text", {"description": "text"}),
        ({"a": object}, {"a": "<class 'object'>"}),
    ],
)
def test_it_becomes_values_of_json(said: Any, kept: Any) -> None:
    found = description(said)
    assert found == kept
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_what_holds_itself_ends() -> None:
    said: dict[str, Any] = {}
    said["again"] = said
    assert "again" in json.dumps(plain(said))
