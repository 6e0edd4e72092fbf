"""What a run is: weights and threads belong to it, the machine does not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_gym.errors import PolicyError, ProtocolMismatchError
from vla_gym.policies.replay import ReplayOptions, ReplayPolicy
from vla_gym.runner import provenance
from vla_gym.runner.pool import THREAD_VARIABLES
from vla_gym.runner.threads import FixedThreads
from vla_gym.testing import MockPolicy, mock_contract


class Weighty(MockPolicy):
    """Has something loaded."""

    def __init__(self, fingerprint: Any) -> None:
        super().__init__()
        self.fingerprint = fingerprint


def test_other_weights_are_another_policy(run: Any) -> None:
    run(Weighty("one"), limit=2)
    with pytest.raises(ProtocolMismatchError, match=r"policy\.fingerprint: 'one' there, 'two' now"):
        run(Weighty("two"), limit=3)
    assert len(run(Weighty("one"), limit=3).records) == 3


def test_a_fingerprint_that_is_no_text_is_refused(run: Any) -> None:
    with pytest.raises(PolicyError, match="fingerprint 7, expected a text"):
        run(Weighty(7))


def test_other_threads_are_another_run(run: Any) -> None:
    run(limit=1)
    with pytest.raises(ProtocolMismatchError, match="threads: 1 there, 2 now"):
        run(limit=2, threads=2)


def test_other_recordings_are_another_policy(tmp_path: Path) -> None:
    def fingerprint(value: float) -> str:
        np.savez(tmp_path / "000000.npz", actions=np.full((3, 7), value))
        options = ReplayOptions(path=str(tmp_path))
        return ReplayPolicy(options, env_contract=mock_contract()).fingerprint

    assert fingerprint(0.1) == fingerprint(0.1) != fingerprint(0.2)


def test_threads_are_those_that_were_asked_for_whatever_the_machine_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    with FixedThreads(2) as threads:
        assert {os.environ[name] for name in THREAD_VARIABLES} == {"2"}
        assert torch.get_num_threads() == 2
        torch.set_num_threads(5)  # a policy has its own idea
        threads.apply()
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_run_that_goes_on_on_another_processor_says_so(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    run(limit=1)
    monkeypatch.setattr(provenance, "processor", lambda: "Abacus 3000")
    run(limit=2, progress=True)
    assert "another kind of machine" in capsys.readouterr().err
    found = json.loads((tmp_path / "run" / "run.json").read_text())["provenance"]
    assert found["inference"]["processor"] == "Abacus 3000"
    assert found["earlier"][0]["inference"]["processor"] != "Abacus 3000"


def test_what_is_asked_of_torch_is_asked_where_it_is_loaded() -> None:
    found = provenance.inference()
    assert ("torch" in found) == ("torch" in sys.modules)
    assert found["processor"]
