"""The promises of ``evaluate``, with workers as threads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vla_gym import files
from vla_gym.contract import IncompatibleError
from vla_gym.contract.spec import CameraSpec
from vla_gym.errors import (
    JournalError,
    OptionError,
    PolicyError,
    ProtocolMismatchError,
    RunnerError,
    UnknownNameError,
)
from vla_gym.runner import evaluation, policy_set
from vla_gym.suites import Protocol
from vla_gym.testing import ENV_ID, MockPolicy, PolicyFault, mock_suite
from vla_gym.testing.chaos import comparable_lines

KINDS: list[dict[str, Any]] = [
    {},
    {"chunk": 4, "execution": "chunk"},
    {"chunk": 3, "execution": "ensemble"},
]


@pytest.mark.parametrize("options", KINDS, ids=["first", "chunk", "ensemble"])
def test_results_do_not_depend_on_workers_or_batches(
    options: dict[str, Any], run: Any, tmp_path: Path
) -> None:
    run(MockPolicy(**options), out="one", workers=1, batch_size=1)
    expected = comparable_lines(tmp_path / "one")
    assert len(expected) == 6
    settings = [(2, None, 0.0), (4, None, 0.01), (4, 2, 0.05), (3, 1, 0.0)]
    for number, (workers, size, wait) in enumerate(settings):
        out = f"run{number}"
        policy = MockPolicy(**options, delay=0.001 * (number % 2))
        run(policy, out=out, workers=workers, batch_size=size, batch_wait=wait)
        assert comparable_lines(tmp_path / out) == expected


def test_the_mock_policy_sometimes_fails_so_that_equality_means_something(run: Any) -> None:
    results = run(suite=mock_suite(12))
    lengths = {record.solved for record in results.records}
    assert {0, 3} <= lengths


def test_requests_are_gathered_into_batches(run: Any) -> None:
    policy = MockPolicy(delay=0.02)
    run(policy, mock_suite(8), workers=4, batch_wait=1.0)
    assert max(policy.batches) == 4
    assert sum(policy.batches) / len(policy.batches) > 2
    small = MockPolicy(delay=0.002)
    run(small, mock_suite(8), out="small", workers=4, batch_size=2, batch_wait=1.0)
    assert max(small.batches) == 2


def test_a_policy_object_stays_open_and_a_named_one_is_closed(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = MockPolicy()
    run(policy)
    assert not policy.closed
    monkeypatch.setattr(policy_set.PolicyRef, "make", lambda *_: policy)
    run("random", out="named")
    assert policy.closed


@pytest.mark.parametrize("rule", ["subtask", "episode"])
def test_the_policy_is_reset_as_the_protocol_says(rule: Any, run: Any) -> None:
    policy = MockPolicy(competence=1.0)
    results = run(policy, mock_suite(3, protocol=Protocol(success="first", policy_reset=rule)))
    begun = {(r.episode, n) for r in results.records for n in range(len(r.subtasks))}
    expected = begun if rule == "subtask" else {(episode, 0) for episode in range(3)}
    assert set(policy.resets) == expected
    assert len(policy.resets) == len(expected)


# --- resume


def test_a_second_call_keeps_what_is_finished(run: Any, tmp_path: Path) -> None:
    run(limit=2)
    before = (tmp_path / "run" / "episodes.jsonl").read_bytes()
    policy = MockPolicy()
    results = run(policy, limit=6)
    assert (tmp_path / "run" / "episodes.jsonl").read_bytes().startswith(before)
    assert {episode for episode, _ in policy.resets} == {2, 3, 4, 5}
    assert [record.episode for record in results.records] == list(range(6))
    assert results.run.episodes == 6
    run(out="whole")
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "whole")


def test_a_finished_run_starts_nothing(run: Any) -> None:
    run()
    policy = MockPolicy()
    results = run(policy)
    assert not policy.batches
    assert len(results.records) == 6
    assert len(results.run.provenance["earlier"]) == 1


def test_another_run_in_the_same_directory_is_refused(run: Any, tmp_path: Path) -> None:
    run(limit=1)
    before = (tmp_path / "run" / "episodes.jsonl").read_bytes()
    with pytest.raises(ProtocolMismatchError, match=r"policy\.spec\.chunk: 1 there, 2 now"):
        run(MockPolicy(chunk=2))
    with pytest.raises(ProtocolMismatchError, match=r"protocol\.success: 'first' there, 'final'"):
        run(suite=mock_suite(protocol=Protocol(success="final")))
    with pytest.raises(ProtocolMismatchError, match=r"suite\.hash"):
        run(suite=mock_suite(5))
    assert (tmp_path / "run" / "episodes.jsonl").read_bytes() == before


def test_policy_options_are_part_of_the_identity(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_set.PolicyRef, "make", lambda *_: MockPolicy())
    run("random", policy_options={"scale": 0.5}, limit=1)
    with pytest.raises(ProtocolMismatchError, match=r"policy\.options\.scale: 0\.5 there, 1\.0"):
        run("random", policy_options={"scale": 1.0})


def test_a_full_disk_loses_nothing_and_resumes(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(out="whole")
    write, room = files.write_all, [10]

    def full(fd: int, data: bytes) -> None:
        room[0] -= 1
        if room[0] < 0:
            write(fd, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        write(fd, data)

    monkeypatch.setattr(files, "write_all", full)
    with pytest.raises(JournalError, match=r"No space left.*finished episodes are safe.*same"):
        run()
    lines = (tmp_path / "run" / "episodes.jsonl").read_text().splitlines()
    assert 0 < len(lines) < 6
    assert all(json.loads(line) for line in lines)
    monkeypatch.setattr(files, "write_all", write)
    run()
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "whole")


# --- misbehaving policies


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            PolicyFault("raise", 4),
            r"raised in act\(\) \(episode 4\): RuntimeError: the mock policy",
        ),
        (PolicyFault("reset", 4), r"raised in reset\(\) \(episode 4\): RuntimeError"),
        (PolicyFault("shape", 4), r"shape \(1, 1, 5\) \(episode 4\); expected \(1, 1, 7\)"),
    ],
)
def test_what_a_policy_does_wrong_costs_its_episode_only(
    fault: PolicyFault, text: str, run: Any, tmp_path: Path
) -> None:
    results = run(MockPolicy(fault=fault), workers=1)
    assert re.search(text, results.records[4].error)
    assert not any(subtask.success for subtask in results.records[4].subtasks[-1:])
    run(out="whole")
    found, whole = comparable_lines(tmp_path / "run"), comparable_lines(tmp_path / "whole")
    assert [i for i in range(6) if found[i] != whole[i]] == [4]
    run(MockPolicy(fault=fault), workers=3, out="batched")  # nor does it cost who shared the call
    assert comparable_lines(tmp_path / "batched") == found


class Failing(MockPolicy):
    """Raises in all episodes before ``until``."""

    def __init__(self, until: int) -> None:
        super().__init__()
        self.until = until

    def act(self, batch: Any) -> Any:
        if any(slot.episode < self.until for slot in batch.slots):
            raise FileNotFoundError("words.json")
        return super().act(batch)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_policy_that_only_fails_stops_the_run_and_nothing_is_recorded(
    workers: int, run: Any, tmp_path: Path
) -> None:
    with pytest.raises(PolicyError, match=r"words\.json\nThe first 3 episodes all ended so") as e:
        run(Failing(6), workers=workers)
    assert isinstance(e.value.__cause__, FileNotFoundError)
    assert comparable_lines(tmp_path / "run") == []
    run(Failing(0), workers=workers)
    run(out="whole")
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "whole")


def test_a_policy_that_fails_at_first_and_then_does_something_is_recorded(run: Any) -> None:
    assert [r.error is None for r in run(Failing(2), workers=1).records] == [False] * 2 + [True] * 4
    assert len(run(Failing(5), workers=1, policy_errors=6, out="more").errors) == 5


def test_a_run_that_is_known_to_work_goes_on_whatever_fails(run: Any) -> None:
    run(Failing(0), workers=1, limit=1)
    assert len(run(Failing(6), workers=1).errors) == 5


def test_nan_costs_its_episode_only(run: Any, tmp_path: Path) -> None:
    results = run(MockPolicy(fault=PolicyFault("nan", 1)), workers=2)
    bad, good = results.records[1], [r for r in results.records if r.episode != 1]
    assert bad.error is not None
    assert bad.error.startswith("ActionError: step 2: action 0 of the chunk has nan at index 1")
    assert not bad.subtasks[-1].success
    assert all(record.error is None for record in good)
    assert len(results.records) == 6
    run(MockPolicy(fault=PolicyFault("nan", 1)), workers=1, out="again")
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "again")


def test_errors_are_kept_unless_asked_to_retry(run: Any, tmp_path: Path) -> None:
    run(MockPolicy(fault=PolicyFault("nan", 1)))
    assert run().records[1].error is not None
    assert run(retry_errors=True).records[1].error is None
    run(out="whole")
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "whole")


# --- misbehaving environments


def test_an_environment_that_raises_once_changes_nothing(run: Any, tmp_path: Path) -> None:
    suite = mock_suite(faults={2: {"kind": "raise", "step": 3, "once": str(tmp_path / "mark")}})
    results = run(suite=suite)
    assert results.records[2].error is None
    assert results.records[2].timing["attempt"] == 2
    run(suite=suite, out="again", workers=1)
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "again")


def test_an_environment_that_always_raises_is_an_error_with_a_traceback(run: Any) -> None:
    results = run(suite=mock_suite(faults={2: {"kind": "raise", "step": 3}}))
    record = results.records[2]
    assert record.error is not None
    assert record.error.startswith("RuntimeError: the mock world was told to raise")
    assert "in inject" in record.error
    assert record.timing["attempt"] == 3
    assert len(results.records) == 6


def test_an_environment_that_cannot_be_built_stops_the_run(run: Any) -> None:
    suite = mock_suite(env_kwargs={"broken": "mesh.obj is corrupt"})
    with pytest.raises(Exception, match=r"mesh\.obj is corrupt"):
        run(suite=suite)


def test_a_build_failure_in_the_worker_names_the_environment(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = policy_set.contract_of(ENV_ID)
    monkeypatch.setattr(policy_set, "contract_of", lambda *_: contract)
    suite = mock_suite(env_kwargs={"broken": "mesh.obj is corrupt"})
    with pytest.raises(RunnerError, match=r"MockWorld-v0 cannot be built.*mesh\.obj is corrupt"):
        run(suite=suite)


# --- refused before anything starts


def test_an_incompatible_pair_stops_before_any_worker(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "LocalWorkers", None)
    policy = MockPolicy()
    cameras = {"ceiling": CameraSpec(height=8, width=8, resize="area")}
    policy._spec = policy.spec.model_copy(update={"cameras": cameras})
    with pytest.raises(IncompatibleError, match="ceiling"):
        run(policy)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers=0"),
        ({"limit": 0}, "limit=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"video": "some"}, "video='some'.*failures, all, none"),
        ({"watchdog": 0}, "watchdog=0"),
        ({"policy_options": {"a": 1}}, "policy_options"),
        ({"suite_options": {"a": 1}}, "suite_options"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str, run: Any) -> None:
    with pytest.raises(OptionError, match=message):
        run(**options)


def test_unknown_names_have_near_matches(run: Any) -> None:
    with pytest.raises(UnknownNameError, match="random"):
        run("randon")
    with pytest.raises(PolicyError, match="lacks reset and act"):
        run(object())


def test_auto_is_one_worker_a_core_and_never_more_than_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluation.os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert evaluation.worker_count("auto", 10) == 3
    assert evaluation.worker_count("auto", 2) == 2
    assert evaluation.worker_count(8, 5) == 5
    assert evaluation.worker_count("auto", 0) == 1


# --- what is recorded


def test_run_json_says_what_was_run_where(run: Any, tmp_path: Path) -> None:
    run(limit=1)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["identity"]["suite"]["name"] == "mock"
    assert record["identity"]["policy"]["name"] == "vla_gym.testing.policy.MockPolicy"
    assert record["protocol"]["success"] == "first"
    provenance = record["provenance"]
    assert provenance["environments"][ENV_ID]["renderer"]["fingerprint"]
    assert {"python", "numpy", "gymnasium"} <= provenance["versions"].keys()
    assert provenance["conversions"][ENV_ID]["execution"]["mode"] == "first"


def test_videos_are_filmed_for_failures_and_never_change_a_record(run: Any, tmp_path: Path) -> None:
    suite = mock_suite(3, chain=2, max_steps=8)
    results = run(suite=suite, video="failures")
    failed = {r.episode for r in results.records if r.solved < 2}
    assert 0 < len(failed) < 3
    videos = tmp_path / "run" / "videos"
    assert {int(path.stem) for path in videos.glob("*.mp4")} == failed
    assert not results.run.provenance["warnings"]
    run(suite=suite, out="blind", video="none")
    assert comparable_lines(tmp_path / "run") == comparable_lines(tmp_path / "blind")
    # A video that was lost when the run was stopped is made by the next call.
    lost = videos / f"{min(failed):06d}.mp4"
    lost.unlink()
    run(suite=suite, video="failures")
    assert lost.exists()


def test_the_number_of_videos_is_limited(run: Any, tmp_path: Path) -> None:
    suite = mock_suite(3, chain=1, max_steps=4)
    run(suite=suite, video="all", max_videos=1)
    assert len(list((tmp_path / "run" / "videos").glob("*.mp4"))) == 1


def test_progress_says_how_it_goes(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(MockPolicy(fault=PolicyFault("nan", 1)), progress=True, workers=1)
    said = capsys.readouterr().err
    assert "6/6 episodes, average length" in said
    assert "1 errors" in said
    assert "episode 1 ended in an error: ActionError" in said
