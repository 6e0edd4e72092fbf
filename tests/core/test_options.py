"""What of the options of a policy makes it another policy, and what does not."""

from __future__ import annotations

from typing import Annotated

from vla_gym.options import RuntimeOption, identity_options
from vla_gym.schema import Record


class Inner(Record):
    width: int = 8
    batch: Annotated[int, RuntimeOption()] = 1


class Options(Record):
    layers: int = 4
    device: Annotated[str, RuntimeOption()] = "auto"
    inner: Inner | None = None


def test_how_it_is_run_is_not_part_of_what_it_is() -> None:
    given = {"layers": 3, "device": "cpu", "inner": {"width": 2, "batch": 4}}
    assert identity_options(Options, given) == {"layers": 3, "inner": {"width": 2}}


def test_unknown_options_and_plain_values_stay() -> None:
    assert identity_options(Options, {"other": 1, "inner": None}) == {"other": 1, "inner": None}
