"""The shipped suites are what they were: published numbers are compared by these hashes.

``tests/data/protocol_hashes.json`` holds them for the engines below; a change that is meant is
explained in the CHANGELOG.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest

from vla_gym.plugins import SuiteEntry
from vla_gym.registry import registry
from vla_gym.suites import load_suite

ROWS = json.loads((Path(__file__).parent / "data" / "protocol_hashes.json").read_text())
ENGINES = {"pybullet": "3.2.7", "sapien": "3.0.3"}
"""Part of the protocols, hence of the hashes."""


def label(row: dict[str, Any]) -> str:
    return f"{row['suite']}-{row['options'].get('assets', 'own')}"


def test_every_shipped_suite_is_in_the_table() -> None:
    shipped = [
        item.entry.name
        for item in registry().items(SuiteEntry)
        if item.plugin.distribution.startswith("vla-gym-")
    ]
    assert sorted({row["suite"] for row in ROWS}) == shipped


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_a_shipped_suite_keeps_its_hash(row: dict[str, Any], request: Any) -> None:
    for name, version in ENGINES.items():
        if importlib.metadata.version(name) != version:
            pytest.skip(f"the hashes are those of {name} {version}")
    if row["options"].get("assets") == "official":
        request.getfixturevalue("official_assets")
    suite = load_suite(row["suite"], row["options"])
    assert (suite.hash, suite.protocol.hash) == (row["hash"], row["protocol"])
    assert len(suite) == row["episodes"]
