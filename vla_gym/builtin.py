"""What the core itself brings, through the same door as everybody else's."""

from __future__ import annotations

from vla_gym.plugins import DatasetEntry, Entry, PolicyEntry, hookimpl

_POLICIES = "vla_gym.policies"
_DATASETS = "vla_gym.datasets"


@hookimpl
def vla_gym_register() -> list[Entry]:
    """Return the policies that need no model, and the formats of demonstrations."""
    return [*_policies(), *_datasets()]


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
            target="vla_gym.collect.takeover:make_takeover",
            summary="one policy begins a chain, another goes on (--set first=A --set then=B)",
            options="vla_gym.collect.takeover:TakeoverOptions",
            needs_contract=True,
        ),
    ]


def _datasets() -> list[DatasetEntry]:
    return [
        DatasetEntry(
            name="lerobot",
            target=f"{_DATASETS}:lerobot",
            summary="LeRobot v3 folders (parquet and mp4), read and written",
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
