"""A verdict only where the protocol matches; otherwise the reason for none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vla_gym.results import differences, load_results, published_rows
from vla_gym.suites import Protocol

Write = Callable[..., Path]
Make = Callable[..., Any]
PROTOCOL = Protocol(success="first", settings={"renderer": "plain"})


def row(value: float, protocol: str | None, **fields: Any) -> dict[str, Any]:
    values = {"avg_len": value, "1": 0.5}
    return {"label": "them", "values": values, "source": "a paper", "protocol": protocol, **fields}


def test_an_unknown_protocol_gets_no_verdict(write: Write) -> None:
    (found,) = published_rows(load_results(write(published=(row(1.5, None),))))
    assert not found.comparable
    assert found.verdict == "not comparable: the protocol of the number is not known"


def test_another_protocol_gets_no_verdict_and_both_hashes(write: Write) -> None:
    (found,) = published_rows(load_results(write(published=(row(1.5, "0123"),))))
    assert not found.comparable
    assert "0123" in found.verdict
    assert PROTOCOL.hash in found.verdict


def test_the_same_protocol_gets_a_verdict_from_our_interval(write: Write) -> None:
    rows = (row(1.4, PROTOCOL.hash), row(2.99, PROTOCOL.hash), row(0.01, PROTOCOL.hash))
    verdicts = [item.verdict for item in published_rows(load_results(write(published=rows)))]
    assert verdicts == [
        "no difference shown in avg_len",
        "ours is lower in avg_len",
        "ours is higher in avg_len",
    ]


def test_a_verdict_on_a_rate_says_how_many_episodes_it_would_take(
    write: Write, make_episode: Make
) -> None:
    records = [make_episode(index, [index % 2 == 0]) for index in range(24)]
    published = {**row(0, PROTOCOL.hash), "values": {"success": 0.6}}
    folder = write(records, table="tasks", chain_length=1, published=(published,))
    (found,) = published_rows(load_results(folder))
    assert found.verdict == "no difference shown in success (to tell them apart: 388 episodes each)"


def test_runs_of_one_protocol_and_one_renderer_are_comparable(write: Write) -> None:
    runs = [load_results(write(name=name)) for name in ("a", "b")]
    assert differences(runs) == []


def test_different_protocols_are_named_field_by_field(write: Write) -> None:
    other = Protocol(success="final", settings={"renderer": "fancy"}).model_dump(mode="json")
    runs = [load_results(write(name="a")), load_results(write(name="b", protocol=other))]
    (line,) = differences(runs)
    assert "settings.renderer: plain / fancy" in line
    assert "success: first / final" in line


def test_different_pictures_are_reported(write: Write) -> None:
    elsewhere = {"environments": {"Box-v0": {"renderer": {"fingerprint": "bb"}}}}
    runs = [load_results(write(name="a")), load_results(write(name="b", provenance=elsewhere))]
    (line,) = differences(runs)
    assert "reference frames aa / bb" in line
