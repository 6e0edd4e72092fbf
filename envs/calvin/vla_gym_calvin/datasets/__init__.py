"""CALVIN's own data: recorded play, cut into sentences."""

from vla_gym_calvin.datasets import format
from vla_gym_calvin.datasets.annotations import Annotation
from vla_gym_calvin.datasets.play import PlayDataset
from vla_gym_calvin.datasets.writing import PlayWriter

__all__ = ["Annotation", "PlayDataset", "PlayWriter", "format"]
