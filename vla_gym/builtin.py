"""What the core itself brings, through the same door as everybody else's."""

from __future__ import annotations

from vla_gym.plugins import (
    DatasetEntry,
    Entry,
    PolicyEntry,
    ReportFormatEntry,
    SummaryEntry,
    hookimpl,
)

_POLICIES = "vla_gym.policies"
_DATASETS = "vla_gym.datasets"


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return policies that need no model, formats of demonstrations, and forms of results."""
    return [*_policies(), *_datasets(), *_summaries(), *_reports()]


def _policies() -> list[PolicyEntry]:
    return [
        PolicyEntry(
            name="random",
            target=f"{_POLICIES}.random:RandomPolicy",
            summary="random actions in any environment: the lower bound",
            options=f"{_POLICIES}.random:RandomOptions",
            needs_contract=True,
        ),
        PolicyEntry(
            name="replay",
            target=f"{_POLICIES}.replay:ReplayPolicy",
            summary="recorded actions (--set path=RUN_DIR or FILE.npz)",
            options=f"{_POLICIES}.replay:ReplayOptions",
            needs_contract=True,
        ),
        PolicyEntry(
            name="takeover",
            target="vla_gym.collection.takeover:make_takeover",
            summary="one policy begins a chain, another goes on (--set first=A --set then=B)",
            options="vla_gym.collection.takeover:TakeoverOptions",
            needs_contract=True,
        ),
    ]


def _datasets() -> list[DatasetEntry]:
    return [
        DatasetEntry(
            name="lerobot",
            target=f"{_DATASETS}:lerobot",
            summary="LeRobot folders: v2.0, v2.1 and v3.0 read, v3.0 written",
            requires=("pyarrow",),
            install="pip install 'vla-gym[datasets]'",
            options=f"{_DATASETS}.lerobot:LeRobotOptions",
        ),
        DatasetEntry(
            name="rlds",
            target=f"{_DATASETS}:rlds",
            summary="RLDS / Open X-Embodiment (TFRecord shards), read without TensorFlow",
            options=f"{_DATASETS}.rlds:RldsOptions",
        ),
        DatasetEntry(
            name="clips",
            target=f"{_DATASETS}:clips",
            summary="a JSON file per sub-task and videos; tried on files made by a test only",
            options=f"{_DATASETS}.clips:ClipsOptions",
        ),
    ]


def _summaries() -> list[SummaryEntry]:
    return [
        SummaryEntry(
            name="chain",
            target="vla_gym.results.chain:chain_summary",
            summary="success at 1..n in a row, average length, tasks and transitions",
        ),
        SummaryEntry(
            name="tasks",
            target="vla_gym.results.tasks:tasks_summary",
            summary="success by group and over all",
        ),
    ]


def _reports() -> list[ReportFormatEntry]:
    formats = "vla_gym.report.formats"
    return [
        ReportFormatEntry("json", f"{formats}:as_json", "everything, for programs", suffix=".json"),
        ReportFormatEntry("markdown", f"{formats}:as_markdown", "GitHub Markdown", suffix=".md"),
        ReportFormatEntry("text", f"{formats}:as_text", "tables as a terminal shows them"),
    ]
