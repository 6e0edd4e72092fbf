"""From a configuration to what a training runs on: the policy, its data and its statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from vla_gym.datasets import load_dataset
from vla_gym.datasets.demonstration import Dataset
from vla_gym.errors import OptionError
from vla_gym.plugins import PolicyEntry
from vla_gym.policies.ref import PolicyRef
from vla_gym.registry import load_target, registry
from vla_gym.training.config import DataConfig, TrainConfig
from vla_gym.training.frame_cache import open_store
from vla_gym.training.mixture import Mixture, Source, chosen_episodes
from vla_gym.training.trainable import Trainable


def open_data(config: TrainConfig) -> list[Dataset]:
    """Return the data sets of a mixture, in its order."""
    return [load_dataset(Path(data.path), dict(data.options)) for data in config.data]


def make_trainable(config: TrainConfig) -> Trainable:
    """Return the policy that a configuration trains.

    Raises:
        OptionError: When the policy cannot be trained.
    """
    ref = PolicyRef.parse(config.policy, config.options)
    if not ref.entry.trainer:
        able = [item.entry.name for item in registry().items(PolicyEntry) if item.entry.trainer]
        raise OptionError(
            f"Policy {ref.entry.name!r} cannot be trained; these can: {', '.join(able)}."
        )
    registry().load(PolicyEntry, ref.entry.name)  # says what is missing
    trainable: Trainable = load_target(ref.entry.trainer)(ref.options)
    return trainable


def make_mixture(
    config: TrainConfig,
    datasets: Sequence[Dataset],
    trainable: Trainable,
    progress: Callable[[str], None],
) -> Mixture:
    """Return the mixture in the policy's terms; decodes pictures that are not decoded yet."""
    sources = [
        _source(data, dataset, trainable, progress)
        for data, dataset in zip(config.data, datasets, strict=True)
    ]
    spec = trainable.spec
    return Mixture(sources, history=spec.history, chunk=spec.chunk, seed=config.seed)


def _source(
    data: DataConfig, dataset: Dataset, trainable: Trainable, progress: Callable[[str], None]
) -> Source:
    store = open_store(dataset, trainable.spec, path=Path(data.path), progress=progress)
    frames = store.frames(chosen_episodes(store.tasks, data))
    return Source(store, frames, data.weight or float(len(frames)))
