"""What of the options of a policy makes it another policy, and what does not."""

from __future__ import annotations

from typing import Annotated

from vla_gym.options import RuntimeOption, describe, identity_options
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


def test_options_are_shown_with_what_they_are_if_nobody_sets_them() -> None:
    plain = {one.name: one.default for one in describe(Options)}
    assert plain == {
        "layers": "4",
        "device": "'auto'",
        "inner": "None",
        "inner.width": "8",
        "inner.batch": "1",
    }
    chosen = {one.name: one.default for one in describe(Options, Options(inner=Inner(width=3)))}
    assert (chosen["inner"], chosen["inner.width"]) == ("...", "3")
