"""RLDS data sets (Open X-Embodiment): TFRecord shards with an episode a record.

Every set names its fields as it likes and says nothing of units or frames, so whoever opens one
gives both: ``RldsFields`` and a ``DatasetSpec``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.tfrecord import Feature, parse_example, read_record, record_places
from vla_gym.errors import DatasetError, suggest
from vla_gym.schema import Record

_SHARDS = "*.tfrecord*"


class RldsFields(Record):
    """How a data set calls things, below ``steps/``.

    Attributes:
        images: By camera role, such as ``{"static": "observation/image"}``.
        action: Joined in this order; integers and flags count as numbers.
        proprioception: Joined in this order.
        instruction: The sentence of every step; the first one counts.
    """

    images: Mapping[str, str]
    action: tuple[str, ...] = ("action",)
    proprioception: tuple[str, ...] = ()
    instruction: str = "language_instruction"


def recognises(path: Path) -> bool:
    """Whether a folder is one version of a TFDS data set."""
    return (path / "features.json").is_file() and next(path.glob(_SHARDS), None) is not None


class RldsOptions(Record):
    """What has to be said of a folder, since its files do not.

    Attributes:
        spec: What its numbers mean.
        fields: Where they lie in a step.
    """

    spec: DatasetSpec | None = None
    fields: RldsFields | None = None


def open(
    path: Path, *, spec: DatasetSpec | None = None, fields: RldsFields | None = None
) -> RldsDataset:
    """Return the data set in a folder; needs the options ``spec`` and ``fields``."""
    if spec is None or fields is None:
        raise DatasetError(
            f"{path} is RLDS, which does not say what its numbers mean. In Python: "
            "load_dataset(path, {'spec': DatasetSpec(...), 'fields': RldsFields(...)})."
        )
    return RldsDataset(path, spec=spec, fields=fields)


class RldsDataset:
    """The episodes in the shards of a folder.

    Args:
        folder: ``.../NAME/VERSION``.
        spec: What the numbers mean.
        fields: What the fields are called.

    Raises:
        DatasetError: When a shard is damaged.
    """

    def __init__(self, folder: Path, *, spec: DatasetSpec, fields: RldsFields) -> None:
        self.folder, self.spec, self._fields = folder, spec, fields
        shards = sorted(folder.glob(_SHARDS))
        self._places = [(shard, place) for shard in shards for place in record_places(shard)]

    @cached_property
    def lengths(self) -> list[int]:
        """Frames of every episode; reads all shards once."""
        key = self._fields.instruction
        return [len(self._feature(self._steps(n), key, n)) for n in range(len(self._places))]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return an episode; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a field is absent or a picture damaged; the message names it.
        """
        steps, fields = self._steps(index), self._fields
        words = self._feature(steps, fields.instruction, index)
        demonstration = Demonstration(
            images={
                role: self._pictures(self._feature(steps, key, index), key, index)
                for role, key in fields.images.items()
                if images
            },
            proprioception=self._numbers(steps, fields.proprioception, len(words), index),
            actions=self._numbers(steps, fields.action, len(words), index),
            instruction=bytes(words[0]).decode() if len(words) else "",
            source={"dataset": str(self.folder), "episode": index},
        )
        check_demonstration(demonstration, self.spec, where=self._where(index))
        return demonstration

    def _steps(self, index: int) -> dict[str, Feature]:
        shard, place = self._places[index]
        try:
            features = parse_example(read_record(shard, place))
        except (ValueError, KeyError) as error:
            raise DatasetError(f"{self._where(index)} is no tf.train.Example: {error}") from error
        return {
            name.removeprefix("steps/"): value
            for name, value in features.items()
            if name.startswith("steps/")
        }

    def _feature(self, steps: Mapping[str, Feature], key: str, index: int) -> Feature:
        if key not in steps:
            raise DatasetError(f"{self._where(index)} has no field {key!r}. {suggest(key, steps)}")
        return steps[key]

    def _numbers(
        self, steps: Mapping[str, Feature], keys: tuple[str, ...], length: int, index: int
    ) -> Floats:
        if not length:
            raise DatasetError(f"{self._where(index)} has no frames.")
        parts = [np.zeros((length, 0), np.float32)]
        for key in keys:
            values = np.asarray(self._feature(steps, key, index), np.float32)
            if len(values) % length:
                raise DatasetError(
                    f"{self._where(index)}: {key!r} has {len(values)} numbers for {length} frames."
                )
            parts.append(values.reshape(length, -1))
        return np.concatenate(parts, axis=1)

    def _pictures(self, encoded: Feature, key: str, index: int) -> Pictures:
        try:
            return np.stack(
                [np.asarray(Image.open(io.BytesIO(bytes(one))).convert("RGB")) for one in encoded]
            )
        except (OSError, ValueError) as error:
            raise DatasetError(f"{self._where(index)}: {key!r}: {error}") from error

    def _where(self, index: int) -> str:
        shard, place = self._places[index]
        return f"{shard}, record at byte {place[0]}"
