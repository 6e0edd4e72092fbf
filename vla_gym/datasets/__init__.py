"""Demonstrations: one view of them, whatever they are stored as.

A ``Dataset`` gives whole episodes; ``action_statistics`` says how to normalise. Formats come
through plugins (``load_dataset``); training cuts episodes into windows.
"""

from vla_gym.datasets import clips, lerobot, rlds
from vla_gym.datasets.demonstration import Dataset, DatasetSpec, Demonstration
from vla_gym.datasets.formats import DatasetFormat, audit_dataset, describe_folder, load_dataset
from vla_gym.datasets.statistics import Statistics, action_statistics

__all__ = [
    "Dataset",
    "DatasetFormat",
    "DatasetSpec",
    "Demonstration",
    "Statistics",
    "action_statistics",
    "audit_dataset",
    "clips",
    "describe_folder",
    "lerobot",
    "load_dataset",
    "rlds",
]
