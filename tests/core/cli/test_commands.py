"""Every command, as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from vla_gym.cli import app
from vla_gym.discovery import PluginInfo
from vla_gym.doctor import CheckResult
from vla_gym.plugins import EnvEntry
from vla_gym.registry import Registered, registry
from vla_gym.report import write_video

Invoke = Callable[..., tuple[int, str, str]]
EVAL = ("eval", "--policy", "mock", "--suite", "mock/chain", "--video", "none", "--workers", "2")


def test_help_names_every_command(runner: CliRunner) -> None:
    text = runner.invoke(app, ["--help"]).output
    for command in [
        "eval",
        "matrix",
        "list",
        "suite",
        "results",
        "video",
        "checkpoint",
        "assets",
        "doctor",
        "version",
    ]:
        assert command in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from vla_gym.cli import app; "
        "print([m for m in ('rich.table', 'scipy', 'torch', 'imageio', "
        "'vla_gym.runner.engine', 'vla_gym.results') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, text=True).strip() == "[]"


def test_eval_prints_a_table_and_where_everything_lies(vla_gym: Invoke) -> None:
    status, out, _ = vla_gym(*EVAL, "--limit", 3)
    assert status == 0
    assert "average length" in out
    assert "results: runs/mock__mock-chain" in out
    assert len(Path("runs/mock__mock-chain/episodes.jsonl").read_text().splitlines()) == 3


def test_eval_again_resumes_and_a_larger_limit_adds(vla_gym: Invoke) -> None:
    vla_gym(*EVAL, "--limit", 2, "--out", "here")
    first = Path("here/episodes.jsonl").read_text()
    status, _, _ = vla_gym(*EVAL, "--limit", 4, "--out", "here")
    assert status == 0
    assert Path("here/episodes.jsonl").read_text().startswith(first)
    assert len(Path("here/episodes.jsonl").read_text().splitlines()) == 4


def test_options_reach_policy_and_suite(vla_gym: Invoke) -> None:
    options = ("--set", "competence=1.0", "--set", "chain=2", "--set", "suite.episodes=2")
    status, _, _ = vla_gym(*EVAL, *options, "--out", "here")
    assert status == 0
    run = json.loads(Path("here/run.json").read_text())
    assert run["identity"]["policy"]["options"] == {"competence": 1.0}
    assert (run["chain_length"], run["episodes"]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "mok", "--suite", "mock/chain"), "Unknown policy 'mok'. Did you mean mock?"),
        (("--policy", "mock", "--suite", "mock/chian"), "Did you mean mock/chain?"),
        (("--policy", "mock", "--suite", "none.yaml"), "none.yaml does not exist"),
        ((*EVAL[1:5], "--set", "competense=1"), "Did you mean competence?"),
        ((*EVAL[1:5], "--set", "competence"), "expected key=value"),
        ((*EVAL[1:5], "--set", "competence=[1"), "is not a YAML value"),
        ((*EVAL[1:5], "--workers", "many"), "expected a number from 1, or auto"),
        ((*EVAL[1:5], "--limit", "0"), "limit=0, expected a number from 1"),
    ],
)
def test_bad_input_is_one_clear_error(
    vla_gym: Invoke, arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = vla_gym("eval", *arguments)
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not Path("runs").exists()


def test_debug_shows_the_traceback(vla_gym: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLA_GYM_DEBUG", "")
    status, _, err = vla_gym("--debug", "results", "show", "nowhere")
    assert status == 2
    assert "Traceback" in err


def test_another_run_in_the_same_directory_is_refused(vla_gym: Invoke) -> None:
    vla_gym(*EVAL, "--limit", 1, "--out", "here")
    before = Path("here/episodes.jsonl").read_bytes()
    status, _, err = vla_gym(*EVAL, "--limit", 1, "--out", "here", "--set", "competence=0.1")
    assert status == 2
    assert "policy.options.competence" in err
    assert Path("here/episodes.jsonl").read_bytes() == before


def test_a_policy_that_only_raises_fails_the_run_and_loses_nothing(vla_gym: Invoke) -> None:
    faults = ("--set", "fault=raise", "--set", "fault_episode=0")
    status, _, err = vla_gym(*EVAL[:-1], 1, "--limit", 1, "--out", "here", *faults)
    assert status == 1
    assert "finished and safe in here" in err
    assert "Traceback (most recent call last)" not in err.partition("Error:")[0]


def test_an_episode_in_error_is_shown_and_the_exit_status_says_so(vla_gym: Invoke) -> None:
    faults = ("--set", "fault=nan", "--set", "fault_episode=1")
    status, out, _ = vla_gym(*EVAL, "--limit", 3, "--out", "here", *faults)
    assert status == 1
    assert "errors: 1 episodes could not be finished" in out


def test_results_can_be_shown_again_in_three_forms(vla_gym: Invoke) -> None:
    vla_gym(*EVAL, "--limit", 3, "--out", "here")
    assert "average length" in vla_gym("results", "show", "here")[1]
    assert "| policy | n | 1 |" in vla_gym("results", "show", "here", "--format", "markdown")[1]
    found = json.loads(vla_gym("results", "show", "here", "--json")[1])
    assert found["episodes"] == {"asked": 3, "finished": 3, "errors": []}


def test_list_says_who_brings_what_and_why_it_does_not_work(vla_gym: Invoke) -> None:
    assert "vla-gym-mocks 1.2.3" in vla_gym("list", "policies")[1]
    (brain,) = json.loads(vla_gym("list", "backbones", "--json")[1])
    assert brain["problem"] == "needs no_such_module; install with: pip i x"
    assert "Oops" in vla_gym("list", "plugins")[1]
    assert "No datasets are registered" in vla_gym("list", "datasets")[1]
    assert vla_gym("list", "nonsense")[0] == 2


def test_list_is_in_groups_and_can_be_filtered(vla_gym: Invoke) -> None:
    out = vla_gym("list", "policies")[1]
    assert out.startswith("vla-gym-mocks 1.2.3\n")
    assert "mock" in vla_gym("list", "policies", "--filter", "MOC")[1]
    assert json.loads(vla_gym("list", "policies", "--filter", "nothing", "--json")[1]) == []
    assert "No policies have 'nothing'" in vla_gym("list", "policies", "--filter", "nothing")[1]
    out = vla_gym("list", "backbones")[1]
    assert "brain [1]" in out
    assert "[1] needs no_such_module; install with: pip i x" in out


def test_suite_show_prints_every_episode_as_json(vla_gym: Invoke) -> None:
    found = json.loads(vla_gym("suite", "show", "mock/chain", "--json")[1])
    assert list(found) == ["name", "protocol", "hash", "episodes"]
    assert len(found["episodes"]) == 6
    assert list(found["episodes"][0]) == ["env_id", "env_kwargs", "seed", "options", "subtasks"]
    assert list(found["episodes"][0]["subtasks"][0]) == ["name", "instruction", "max_steps"]
    some = json.loads(vla_gym("suite", "show", "mock/chain", "--json", "--limit", 2)[1])
    assert some["hash"] == found["hash"]
    assert some["episodes"] == found["episodes"][:2]


def test_suite_show_is_readable_and_takes_options(vla_gym: Invoke) -> None:
    status, out, _ = vla_gym("suite", "show", "mock/chain", "--limit", 2, "--set", "episodes=5")
    assert status == 0
    assert "mock: 5 episodes" in out
    assert "... and 3 more" in out


def test_matrix_runs_every_pair_and_prints_one_table(vla_gym: Invoke) -> None:
    matrix = {
        "out": "all",
        "limit": 2,
        "workers": 1,
        "video": "none",
        "policy_errors": 1,
        "policies": ["mock", {"name": "mock", "label": "mock-bad", "options": {"fault": "raise"}}],
        "suites": [{"name": "mock/chain", "options": {"chain": 2}}],
    }
    Path("m.yaml").write_text(json.dumps(matrix))
    status, out, _ = vla_gym("matrix", "m.yaml")
    assert status == 1
    assert "average length" in out
    assert "not run: " in out
    assert len(Path("all/mock__mock-chain/episodes.jsonl").read_text().splitlines()) == 2
    good, bad = json.loads(vla_gym("matrix", "m.yaml", "--json")[1])
    assert good["results"]["episodes"]["finished"] == 2
    assert "error" in bad


def test_a_matrix_trains_its_policies_and_compares_their_order(
    vla_gym: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def train(config: Any, out: Path, *, progress: bool = True) -> Path:
        trained.append(config.steps)
        out.mkdir(parents=True, exist_ok=True)
        (out / "policy.yaml").write_text("{policy: mock, competence: 1.0}")
        return out

    monkeypatch.setattr("vla_gym.training.loop.train", train)
    Path("t.yaml").write_text("{policy: mock, steps: 5, data: [{path: d}]}")
    made = {"config": "t.yaml", "options": {"steps": 7}}
    matrix = {
        "out": "all",
        "limit": 12,
        "workers": 1,
        "video": "none",
        "policies": [
            {"label": "lost", "name": "mock", "options": {"competence": 0.0}, "published": 0.5},
            {"label": "skilled", "train": made, "published": 4.0},
        ],
        "suites": ["mock/chain", {"name": "mock/chain", "label": "again"}],
    }
    Path("m.yaml").write_text(json.dumps(matrix))
    status, out, _ = vla_gym("matrix", "m.yaml")
    assert (status, trained) == (0, [7])
    assert Path("all/training/skilled/policy.yaml").is_file()
    assert "published" in out
    for suite in ("mock/chain", "again"):
        assert f"{suite}: skilled > lost (published 4 > 0.5): seen" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policies: [mock]", "suites: Field required"),
        ("policies: [{label: x}]\nsuites: [mock/chain]", "expected a name, or a label and train"),
        ("policies: [{name: m, train: {config: t}}]\nsuites: [mock/chain]", "expected a name, or"),
        ("policies: [mock, mock]\nsuites: [mock/chain]", "mock occurs twice"),
        (
            "polices: [mock]\nsuites: [mock/chain]\npolicies: [mock]",
            "line 1: polices: unknown field. Did you mean policies",
        ),
        ("[", "not valid YAML"),
        ("- 1", "is list, expected a mapping"),
    ],
)
def test_a_malformed_matrix_file_is_explained(vla_gym: Invoke, text: str, message: str) -> None:
    Path("m.yaml").write_text(text)
    status, _, err = vla_gym("matrix", "m.yaml")
    assert status == 2
    assert message in err
    assert vla_gym("matrix", "nowhere.yaml")[0] == 2


def test_assets_are_listed_fetched_and_verified(vla_gym: Invoke) -> None:
    assert "absent" in vla_gym("assets", "list")[1]
    status, _, err = vla_gym("assets", "verify", "boxes")
    assert status == 2
    assert "missing" in err
    source = Path(__file__).parent.parent
    assert vla_gym("assets", "fetch", "boxes", "--from", source)[0] == 0
    assert "complete and right: 1 files" in vla_gym("assets", "verify", "boxes")[1]
    (row,) = json.loads(vla_gym("assets", "list", "--json")[1])
    assert row["state"] == "complete"
    assert vla_gym("assets", "path")[1].strip() == str(Path("assets").absolute())


def test_doctor_shows_each_check_and_the_fix(
    vla_gym: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = [
        CheckResult(name="python", status="ok", detail="3.11"),
        CheckResult(name="screen", status="fail", detail="none", fix="apt-get install screen"),
    ]
    monkeypatch.setattr("vla_gym.doctor.run_checks", lambda **_: found)
    status, out, _ = vla_gym("doctor")
    assert status == 1
    assert "screen: apt-get install screen" in out
    assert json.loads(vla_gym("doctor", "--json")[1])[1]["fix"] == "apt-get install screen"
    found.pop()
    assert vla_gym("doctor")[0] == 0


def test_version_names_the_plugins(vla_gym: Invoke) -> None:
    out = vla_gym("version")[1]
    assert out.startswith("vla-gym ")
    assert "vla-gym-mocks 1.2.3" in out


def test_video_strip_writes_a_picture(vla_gym: Invoke) -> None:
    frames = [np.full((64, 96, 3), 20 * i, np.uint8) for i in range(6)]
    write_video(Path("v.mp4"), frames, fps=15)
    status, out, _ = vla_gym("video", "strip", "v.mp4", "--out", "strip.png", "--frames", 3)
    assert status == 0
    assert out.strip() == "strip.png"
    assert Path("strip.png").read_bytes().startswith(b"\x89PNG")


class World:
    """A world.

    Args:
        colour: Of the floor,
            as a name.
        **options: Checked elsewhere.
    """

    reset_options = ("start",)

    def __init__(self, *, colour: str = "grey", size: int, **options: Any) -> None: ...


def spots(**_: Any) -> list[str]:
    return ["reach_red"]


@pytest.mark.parametrize("needs", ["", "no_such_module"])
def test_show_env_says_what_it_offers_and_takes(
    vla_gym: Invoke, monkeypatch: pytest.MonkeyPatch, needs: str
) -> None:
    entry = EnvEntry(
        "Shown-v0",
        f"{__name__}:World",
        requires=(needs,) if needs else (),
        contract="vla_gym.testing:mock_contract",
        tasks=f"{__name__}:spots",
        options="vla_gym.policies.random:RandomOptions",
        kwargs={"size": 3},
    )
    registered = Registered(entry, PluginInfo("mine", "mine 1"))
    monkeypatch.setitem(registry()._found.setdefault("envs", {}), "Shown-v0", registered)
    if needs:
        assert "needs no_such_module" in vla_gym("show", "env", "Shown-v0")[2]
        return
    status, out, _ = vla_gym("show", "env", "Shown-v0")
    assert status == 0
    for word in ("wrist: 16 x 24", "gripper [6:7]: ", "30 Hz", "reach_red", "start", "as a name"):
        assert word in out
    found = json.loads(vla_gym("show", "env", "Shown-v0", "--json")[1])
    assert {row["option"]: row["default"] for row in found["options"]}.items() >= {
        ("colour", "'grey'"),
        ("size", "3"),
        ("scale", "1.0"),
    }
    assert list(found["contract"]["cameras"]) == ["static", "wrist"]
    assert (found["tasks"], found["reset_options"]) == (["reach_red"], ["start"])


def test_show_env_of_one_that_no_plugin_speaks_for(vla_gym: Invoke) -> None:
    status, out, _ = vla_gym("show", "env", "vla_gym.testing.mock_env:MockWorld-v0")
    assert status == 0
    assert "no plugin speaks for it" in out
    status, _, err = vla_gym("show", "env", "CartPole-v1")
    assert (status, "no environment of vla_gym" in err) == (2, True)


def test_show_says_what_may_be_set_and_what_it_is_otherwise(vla_gym: Invoke) -> None:
    rows = json.loads(vla_gym("show", "suite", "mock/chain", "--json")[1])
    assert {row["option"]: row["default"] for row in rows}["chain"] == "3"
    status, out, _ = vla_gym("show", "policy", "mock")
    assert status == 0
    assert "competence" in out
    status, _, err = vla_gym("show", "policy", "mokc")
    assert status == 2
    assert "Did you mean mock?" in err
    assert vla_gym("show", "gripper", "x")[0] == 2


def test_options_of_the_run_are_set_like_others(vla_gym: Invoke) -> None:
    status, _, err = vla_gym(*EVAL[:-1], 1, "--out", "here", "--set", "run.max_attempts=0")
    assert status == 2
    assert "max_attempts" in err
    status, _, _ = vla_gym(*EVAL[:-1], 1, "--limit", 1, "--out", "here", "--set", "run.threads=2")
    assert status == 0
    status, _, err = vla_gym(*EVAL[:-1], 1, "--limit", 1, "--out", "here", "--threads", 1)
    assert status == 2
    assert "threads: 2 there, 1 now" in err


def test_versions_are_an_option_too(vla_gym: Invoke) -> None:
    assert vla_gym("--version")[:2] == vla_gym("version")[:2]
