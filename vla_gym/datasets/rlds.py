"""RLDS data sets (Open X-Embodiment): TFRecord shards with an episode a record.

Every set names its fields as it likes and says nothing of units or frames, so whoever opens one
gives both: ``RldsFields`` and a ``DatasetSpec``. A record that shows several instructions is
several demonstrations.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.rlds_shards import ALL, SHARDS, TRAIN, places
from vla_gym.datasets.tfrecord import Feature, parse_example, read_record
from vla_gym.errors import DatasetError, OptionError, SpecMissingError, suggest
from vla_gym.schema import Record

_STEPS = "steps/"
_FIRST, _LAST = "is_first", "is_last"


class RldsFields(Record):
    """How a data set calls things, below ``steps/``.

    Attributes:
        images: By camera role, such as ``{"static": "observation/image"}``.
        action: Joined in this order; integers and flags count as numbers.
        proprioception: Joined in this order.
        instruction: The sentence of every step.
    """

    images: Mapping[str, str]
    action: tuple[str, ...] = ("action",)
    proprioception: tuple[str, ...] = ()
    instruction: str = "language_instruction"


def recognises(path: Path) -> bool:
    """Whether a folder is one version of a TFDS data set."""
    return (path / "features.json").is_file() and next(path.glob(SHARDS), None) is not None


class RldsOptions(Record):
    """What has to be said of a folder, since its files do not.

    Attributes:
        spec: What its numbers mean.
        fields: Where they lie in a step.
        split: Which of its splits; ``"all"`` takes everything.
    """

    spec: DatasetSpec | None = None
    fields: RldsFields | None = None
    split: str = TRAIN


def open(
    path: Path,
    *,
    spec: DatasetSpec | None = None,
    fields: RldsFields | None = None,
    split: str = TRAIN,
) -> RldsDataset:
    """Return the data set in a folder; needs the options ``spec`` and ``fields``."""
    if spec is None or fields is None:
        raise SpecMissingError(
            f"{path} is RLDS, which does not say what its numbers mean. Give a spec and the names "
            "of its fields: --spec FILE (or a registered one by its name), in Python "
            "load_dataset(path, {'spec': DatasetSpec(...), 'fields': RldsFields(...)})."
        )
    return RldsDataset(path, spec=spec, fields=fields, split=split)


def describe(path: Path) -> Iterator[str]:
    """Yield what the first episode of a folder holds, in lines.

    Raises:
        DatasetError: When it is damaged.
    """
    found = places(path, ALL)
    yield "format       RLDS"
    yield f"episodes     {len(found)} in {len({shard for shard, _ in found})} shards, all splits"
    for shard, place in found[:1]:
        for name, values in sorted(_parsed(shard, place).items()):
            kind = "bytes" if isinstance(values, list) else str(values.dtype)
            yield f"field        {name.removeprefix(_STEPS)} ({len(values)} x {kind})"


@dataclass(frozen=True)
class _Stretch:
    """Frames of a record, ``first`` to before ``last``, with one instruction."""

    record: int
    first: int
    last: int
    instruction: str


class RldsDataset:
    """The episodes in the shards of a folder.

    Args:
        folder: ``.../NAME/VERSION``.
        spec: What the numbers mean.
        fields: What the fields are called.
        split: Which of its splits.

    Raises:
        DatasetError: When a shard is lost or damaged.
        OptionError: An unknown split; a camera that the spec does not have.
    """

    def __init__(
        self, folder: Path, *, spec: DatasetSpec, fields: RldsFields, split: str = TRAIN
    ) -> None:
        self.folder, self.spec, self._fields, self._split = folder, spec, fields, split
        if set(fields.images) != set(spec.cameras):
            raise OptionError(
                f"fields.images names the cameras {sorted(fields.images)}, the spec has "
                f"{sorted(spec.cameras)}: both must have the same."
            )
        self._places = places(folder, split)

    @property
    def chosen(self) -> dict[str, Any]:
        """What was said of the folder and is not in ``spec``: the fields and the split."""
        return {"fields": self._fields.model_dump(mode="json"), "split": self._split}

    @property
    def lengths(self) -> list[int]:
        """Frames of every demonstration; reads all shards once."""
        return [one.last - one.first for one in self._stretches]

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return a demonstration; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a field is absent or a picture damaged; the message names it.
        """
        one, fields = self._stretches[index], self._fields
        steps, record, span = self._steps(one.record), one.record, slice(one.first, one.last)
        length = len(self._feature(steps, fields.instruction, record))
        demonstration = Demonstration(
            images={
                role: self._pictures(self._frames(steps, key, length, record)[span], key, record)
                for role, key in fields.images.items()
                if images
            },
            proprioception=self._numbers(steps, fields.proprioception, length, record)[span],
            actions=self._numbers(steps, fields.action, length, record)[span],
            instruction=one.instruction,
            source={"dataset": str(self.folder), "episode": record, "frame": one.first},
        )
        check_demonstration(demonstration, self.spec, where=self._where(record))
        return demonstration

    @cached_property
    def _stretches(self) -> list[_Stretch]:
        return [one for record in range(len(self._places)) for one in self._split_up(record)]

    def _split_up(self, record: int) -> Iterator[_Stretch]:
        """Yield the stretches of a record that show one instruction."""
        steps = self._steps(record)
        words = self._feature(steps, self._fields.instruction, record)
        self._check_ends(steps, len(words), record)
        first = 0
        for frame in range(1, len(words) + 1):
            if frame == len(words) or words[frame] != words[first]:
                yield _Stretch(record, first, frame, self._text(words[first], record))
                first = frame

    def _check_ends(self, steps: Mapping[str, Feature], length: int, record: int) -> None:
        """Refuse a record that holds more than one episode, or none."""
        if not length:
            raise DatasetError(f"{self._where(record)} has no frames.")
        for name, place in ((_FIRST, 0), (_LAST, length - 1)):
            marked = np.flatnonzero(np.asarray(steps.get(name, ())))
            if len(marked) and marked.tolist() != [place]:
                raise DatasetError(
                    f"{self._where(record)}: {name} marks the frames {marked.tolist()[:5]}, "
                    f"expected {place} alone: a record is one episode."
                )

    def _text(self, word: Any, record: int) -> str:
        try:
            return bytes(word).decode() if isinstance(word, bytes) else _no_text(word)
        except ValueError as error:
            raise DatasetError(
                f"{self._where(record)}: {self._fields.instruction!r} is no text: {error}"
            ) from error

    def _steps(self, record: int) -> dict[str, Feature]:
        return {
            name.removeprefix(_STEPS): value
            for name, value in _parsed(*self._places[record]).items()
            if name.startswith(_STEPS)
        }

    def _feature(self, steps: Mapping[str, Feature], key: str, record: int) -> Feature:
        if key not in steps:
            raise DatasetError(f"{self._where(record)} has no field {key!r}. {suggest(key, steps)}")
        return steps[key]

    def _frames(
        self, steps: Mapping[str, Feature], key: str, length: int, record: int
    ) -> list[bytes]:
        """Return one encoded picture a frame."""
        found = self._feature(steps, key, record)
        if not isinstance(found, list) or len(found) != length:
            raise DatasetError(
                f"{self._where(record)}: {key!r} has {len(found)} values, expected an encoded "
                f"picture for each of {length} frames."
            )
        return found

    def _numbers(
        self, steps: Mapping[str, Feature], keys: tuple[str, ...], length: int, record: int
    ) -> Floats:
        parts = [np.zeros((length, 0), np.float32)]
        for key in keys:
            found = self._feature(steps, key, record)
            if isinstance(found, list) or len(found) % length:
                kind = "pieces of text" if isinstance(found, list) else "numbers"
                raise DatasetError(
                    f"{self._where(record)}: {key!r} has {len(found)} {kind} for {length} frames."
                )
            parts.append(np.asarray(found, np.float32).reshape(length, -1))
        return np.concatenate(parts, axis=1)

    def _pictures(self, encoded: list[bytes], key: str, record: int) -> Pictures:
        try:
            return np.stack(
                [np.asarray(Image.open(io.BytesIO(one)).convert("RGB")) for one in encoded]
            )
        except Exception as error:  # what Pillow raises for damaged bytes can be anything
            raise DatasetError(f"{self._where(record)}: {key!r}: {error}") from error

    def _where(self, record: int) -> str:
        return _place(*self._places[record])


def _parsed(shard: Path, place: tuple[int, int]) -> dict[str, Feature]:
    try:
        return parse_example(read_record(shard, place))
    except (ValueError, LookupError, ArithmeticError) as error:
        raise DatasetError(f"{_place(shard, place)} is no tf.train.Example: {error}") from error


def _place(shard: Path, place: tuple[int, int]) -> str:
    return f"{shard}, record at byte {place[0]}"


def _no_text(word: Any) -> str:
    raise ValueError(f"{word!r}")
