"""Which cameras, and how large: the same keyword arguments everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from vla_gym.env.cameras import resolve_camera_sizes
from vla_gym.errors import OptionError, UnknownNameError

OFFICIAL = {"static": (200, 200), "wrist": (84, 84)}


def test_those_asked_for_in_their_order_with_their_sizes() -> None:
    assert resolve_camera_sizes(OFFICIAL, ()) == {}
    found = resolve_camera_sizes(OFFICIAL, ("wrist", "static"), {"static": [64, 96]})
    assert list(found.items()) == [("wrist", (84, 84)), ("static", (64, 96))]


@pytest.mark.parametrize(
    ("cameras", "sizes", "error", "words"),
    [
        ("static", None, OptionError, r"expected a list of roles, such as \['static'\]"),
        (("top",), None, UnknownNameError, "Unknown camera 'top'"),
        (("static",), {"wirst": (64, 64)}, UnknownNameError, "Did you mean wrist"),
        (("static",), {"wrist": (64, 7)}, OptionError, r"\(64, 7\).* at least 8 x 8"),
        (("static",), {"wrist": (64, 64.5)}, OptionError, "height, width"),
        (("static",), {"wrist": (64,)}, OptionError, "height, width"),
    ],
)
def test_what_is_none_is_named(cameras: Any, sizes: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        resolve_camera_sizes(OFFICIAL, cameras, sizes, least=8)
