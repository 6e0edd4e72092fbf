"""Other weights are another policy; where they lie, and how they are run, is not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from vla_gym.errors import ProtocolMismatchError
from vla_gym.policies.ref import PolicyRef
from vla_gym.runner.evaluation import evaluate

TINY = Path(__file__).parent.parent / "vla_gym_robovlms/trained/robovlms-tiny"


def fingerprint(folder: Path, **options: Any) -> str:
    policy: Any = PolicyRef.parse(str(folder / "policy.yaml"), options).make(None)
    return str(policy.fingerprint)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the weights that come along."""
    return Path(shutil.copytree(TINY, tmp_path / "copy"))


def zero(folder: Path) -> None:
    """Overwrite the weights."""
    path = folder / "model.safetensors"
    save_file({name: tensor * 0 for name, tensor in load_file(path).items()}, path)


def test_it_is_of_the_weights(copied: Path) -> None:
    before = fingerprint(copied)
    assert before == fingerprint(TINY) == fingerprint(copied, micro_batch=3, device="cpu")
    assert before != fingerprint(copied, execution={"mode": "chunk", "execute": 1})
    zero(copied)
    assert fingerprint(copied) != before


@pytest.mark.slow
def test_a_run_does_not_go_on_with_other_weights(copied: Path, tmp_path: Path) -> None:
    def run(limit: int) -> Any:
        return evaluate(
            str(copied / "policy.yaml"),
            "calvin/quick",
            tmp_path / "run",
            limit=limit,
            workers=1,
            video="none",
            progress=False,
        )

    run(1)
    zero(copied)
    for limit in (1, 2):
        with pytest.raises(ProtocolMismatchError, match=r"policy\.fingerprint"):
            run(limit)
