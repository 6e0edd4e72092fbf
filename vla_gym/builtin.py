"""What the core itself brings, through the same door as everybody else's."""

from __future__ import annotations

from vla_gym.plugins import DatasetEntry, PolicyEntry, hookimpl


@hookimpl
def vla_gym_register_policies() -> list[PolicyEntry]:
    """Return ``random``, ``replay`` and ``takeover``."""
    return [
        PolicyEntry(
            name="random",
            target="vla_gym.policies.random:RandomPolicy",
            summary="random actions in any environment: the lower bound",
        ),
        PolicyEntry(
            name="replay",
            target="vla_gym.policies.replay:ReplayPolicy",
            summary="recorded actions (--set path=RUN_DIR or FILE.npz)",
        ),
        PolicyEntry(
            name="takeover",
            target="vla_gym.collect.takeover:TakeoverPolicy",
            summary="one policy begins a chain, another goes on (--set first=A --set then=B)",
        ),
    ]


@hookimpl
def vla_gym_register_datasets() -> list[DatasetEntry]:
    """Return the format that demonstrations are collected in, and that of Open X-Embodiment."""
    return [
        DatasetEntry(
            name="lerobot",
            target="vla_gym.datasets:lerobot",
            summary="LeRobot v3 folders (parquet and mp4), read and written",
            requires=("pyarrow",),
            install="pip install 'vla-gym[datasets]'",
        ),
        DatasetEntry(
            name="rlds",
            target="vla_gym.datasets:rlds",
            summary="RLDS / Open X-Embodiment (TFRecord shards), read without TensorFlow",
        ),
        DatasetEntry(
            name="clips",
            target="vla_gym.datasets:clips",
            summary="a JSON file a sub-task and videos; tried on files made by a test only",
        ),
    ]
