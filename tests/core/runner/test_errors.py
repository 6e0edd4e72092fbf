"""Which error stops what, and what is tried again (docs/errors.md)."""

from __future__ import annotations

from typing import Any

import pytest

from vla_gym import errors
from vla_gym.errors import (
    OptionError,
    PolicyError,
    RequestError,
    RunnerError,
    Scope,
    UnknownNameError,
    VlaGymError,
)
from vla_gym.policies import make_policy
from vla_gym.runner import policy_set
from vla_gym.suites import Suite
from vla_gym.testing import MockPolicy, PolicyFault, mock_contract, mock_suite
from vla_gym.testing.chaos import episodes_in

SHORT = {"chunk": 2, "execution": "chunk"}


def with_option(suite: Suite, **options: Any) -> Suite:
    """Return a suite whose episodes are all reset with these options."""
    episodes = tuple(e.model_copy(update={"options": options}) for e in suite.episodes)
    return suite.model_copy(update={"episodes": episodes})


@pytest.mark.parametrize("size", [1, 3])
def test_a_policy_slower_than_the_watchdog_costs_no_worker(size: int, run: Any) -> None:
    suite = mock_suite(3, chain=1, max_steps=4)
    slow = run(MockPolicy(delay=0.7, **SHORT), suite, workers=3, batch_size=size, watchdog=0.5)
    assert [record.solved for record in slow.records] == [1, 1, 0]
    assert {record.timing["attempt"] for record in slow.records} == {1}


def test_a_wrong_reset_option_stops_the_run_and_nothing_is_recorded(
    run: Any, tmp_path: Any
) -> None:
    with pytest.raises(RunnerError, match=r"UnknownNameError: Unknown reset option 'colour"):
        run(suite=with_option(mock_suite(4), colour="red"))
    assert episodes_in(tmp_path / "run") == 0


def test_an_observation_that_breaks_the_contract_is_not_tried_again(run: Any) -> None:
    results = run(suite=mock_suite(3, faults={1: {"kind": "observation", "step": 3}}))
    record = results.records[1]
    assert record.error is not None
    assert record.error.startswith("ObservationError: the mock world was told")
    assert record.timing["attempt"] == 1
    assert [r.error for r in results.records if r.episode != 1] == [None, None]


@pytest.mark.parametrize(("kind", "name"), [("quit", "SystemExit"), ("interrupt", "Keyboard")])
def test_an_environment_that_ends_its_process_is_an_error_of_that_attempt(
    kind: str, name: str, run: Any, tmp_path: Any
) -> None:
    once = {"kind": kind, "step": 3, "once": str(tmp_path / "mark")}
    results = run(suite=mock_suite(3, faults={0: {"kind": kind, "step": 3}, 1: once}))
    assert results.records[0].error.startswith(name)
    assert [r.timing["attempt"] for r in results.records] == [3, 2, 1]
    assert [r.error for r in results.records[1:]] == [None, None]


def test_a_policy_that_exits_is_an_error_never_a_success(run: Any, tmp_path: Any) -> None:
    results = run(MockPolicy(fault=PolicyFault("quit", 1, 1)), mock_suite(2), workers=1)
    (error,) = (record.error for record in results.errors)
    assert error.startswith(
        "PolicyCallError: Policy 'vla_gym.testing.policy.MockPolicy' raised in act() ("
    )
    with pytest.raises(PolicyError, match=r"(?s)SystemExit.*It is not recorded.*0 of 1 episodes"):
        run(MockPolicy(fault=PolicyFault("quit", 0, 1)), mock_suite(1), out="one")
    assert episodes_in(tmp_path / "one") == 0


def test_an_interrupt_in_a_policy_is_the_users(run: Any, capsys: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(MockPolicy(fault=PolicyFault("interrupt", 1)), mock_suite(2), workers=1)
    assert "1 of 2 episodes are finished and safe in" in capsys.readouterr().err


class Broken(MockPolicy):
    """Ends the program where it is asked what it is."""

    @property
    def spec(self) -> Any:
        raise SystemExit(0)


def test_a_policy_that_exits_when_it_says_what_it_is(run: Any) -> None:
    with pytest.raises(PolicyError, match="raised when asked for its spec: SystemExit"):
        run(Broken.__new__(Broken))


class Closing(MockPolicy):
    """Raises when the run is over."""

    def close(self) -> None:
        raise RuntimeError("closed already")


def test_a_finished_run_is_not_lost_by_a_policy_that_cannot_be_closed(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(policy_set.PolicyRef, "make", lambda *_: Closing())
    assert len(run("random", mock_suite(2)).records) == 2
    assert "closed already" in capsys.readouterr().err


def quits(**_: Any) -> None:
    """Stands in for a factory that ends the program."""
    raise SystemExit(0)


def test_a_factory_that_exits_is_a_policy_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vla_gym.policies.random.RandomPolicy.__init__", lambda *_, **__: quits())
    with pytest.raises(PolicyError, match="raised while it was made: SystemExit"):
        make_policy("random", env_contract=mock_contract())


@pytest.mark.parametrize("error", [SystemExit(0), TypeError("no such argument")])
def test_an_environment_that_cannot_even_say_what_it_is(
    error: BaseException, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("vla_gym.testing.MockWorld.__init__", fail)
    with pytest.raises(RunnerError, match=f"cannot be built.*{type(error).__name__}"):
        run()


class Busy(MockPolicy):
    """Is busy at its first calls."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def act(self, batch: Any) -> Any:
        if self.times:
            self.times -= 1
            raise RequestError("the server is busy")
        return super().act(batch)


def test_a_request_that_may_be_made_again_is(run: Any) -> None:
    assert not run(Busy(2), mock_suite(1)).errors
    with pytest.raises(PolicyError, match=r"in act\(\).*RequestError"):
        run(Busy(9), mock_suite(1), out="busy")


def test_every_error_says_what_it_stops_and_whether_to_try_again() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, VlaGymError)]
    table = {kind.__name__: (kind.scope, kind.retry) for kind in kinds}
    assert table.pop("RequestError") == (Scope.REQUEST, True)
    assert table.pop("PolicyCallError") == (Scope.EPISODE, False)
    assert table.pop("ActionError") == table.pop("ObservationError") == (Scope.EPISODE, False)
    assert set(table.values()) == {(Scope.RUN, False)}
    for mistake in (OptionError("x"), UnknownNameError("policy", "x", [])):
        assert errors.reach(mistake) == (Scope.RUN, False)
