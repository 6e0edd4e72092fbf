"""Demonstrations: one view of them, whatever they are stored as.

A ``Dataset`` gives whole episodes; ``Windows`` cuts them into what a policy is trained on;
``action_statistics`` says how to normalise. Formats come through plugins (``open_dataset``).
"""

from vla_gym.datasets import clips, lerobot, rlds
from vla_gym.datasets.demonstration import Dataset, DatasetSpec, Demonstration
from vla_gym.datasets.formats import DatasetFormat, audit_dataset, open_dataset
from vla_gym.datasets.statistics import Statistics, action_statistics
from vla_gym.datasets.windows import Window, Windows

__all__ = [
    "Dataset",
    "DatasetFormat",
    "DatasetSpec",
    "Demonstration",
    "Statistics",
    "Window",
    "Windows",
    "action_statistics",
    "audit_dataset",
    "clips",
    "lerobot",
    "open_dataset",
    "rlds",
]
