"""LeRobot folders, versions 2.0, 2.1 and 3.0: what we collect is in, and what the community shares.

Parquet for numbers, MP4 (or parquet) for pictures, JSON for the rest. What a column is called
differs, so the options say it where it is not LeRobot's default; what the numbers mean
(``DatasetSpec``) is said too, since only folders of our own know. What LeRobot has no place for
(success, what was executed where it was disturbed) stands under names of our own that other readers
pass over.

An episode that shows several tasks (``task_index`` changes) is several demonstrations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vla_gym.datasets.demonstration import (
    DatasetSpec,
    Demonstration,
    Floats,
    Pictures,
    check_demonstration,
)
from vla_gym.datasets.lerobot_columns import ACTION, STATE, Columns, columns
from vla_gym.datasets.lerobot_frames import FrameReader, Frames, stretches
from vla_gym.datasets.lerobot_info import INFO
from vla_gym.datasets.lerobot_meta import Episode, Meta
from vla_gym.datasets.lerobot_proposal import describe
from vla_gym.datasets.pictures import read_pictures
from vla_gym.errors import DatasetError, SpecMissingError
from vla_gym.options import validated
from vla_gym.schema import Record
from vla_gym.validation import problems

__all__ = ["LeRobotDataset", "LeRobotOptions", "describe", "open", "recognises"]

EXECUTED: Final = "vla_gym.executed"
"""Our own column: what was executed, where ``action`` says what should have been."""
LABELS: Final = "vla_gym.labels"
"""What ``action`` is now called, in folders that an older version wrote (with the executed one in
its place)."""
EXTRA: Final = "vla_gym/"
"""In front of our own columns of ``meta/episodes``: ``task``, ``success``, ``source``."""
SPEC: Final = "vla_gym_spec"
"""Our own entry of ``info.json``: the ``DatasetSpec``."""


def recognises(path: Path) -> bool:
    """Whether a folder has LeRobot's ``meta/info.json``."""
    return (path / INFO).is_file()


class LeRobotOptions(Record):
    """What may be said of a folder.

    Attributes:
        spec: What its numbers mean; needed where the folder was not written by vla_gym.
        cameras: Column of each camera, by its role in the spec.
        state: Columns that are the proprioception, joined in this order.
        action: Columns that are the action, joined in this order.
        split: Which of the folder's splits; "train" where it has any, "all" takes everything.
    """

    spec: DatasetSpec | None = None
    cameras: Mapping[str, str] = Field(default_factory=dict)
    state: str | tuple[str, ...] = STATE
    action: str | tuple[str, ...] = ACTION
    split: str | None = None


def open(path: Path, **options: Any) -> LeRobotDataset:
    """Return the data set in a folder; the options are those of ``LeRobotOptions``."""
    return LeRobotDataset(path, **options)


@dataclass(frozen=True)
class _Stretch:
    """Frames of an episode, ``first`` to before ``last``, that show one task."""

    episode: Episode
    first: int
    last: int
    instruction: str


class _Own(BaseModel):
    """Our own columns of ``meta/episodes``; absent in folders of others."""

    model_config = ConfigDict(strict=True, frozen=True)

    task: str | None = Field(default=None, alias=f"{EXTRA}task")
    success: bool | None = Field(default=None, alias=f"{EXTRA}success")
    source: str | None = Field(default=None, alias=f"{EXTRA}source")


class LeRobotDataset:
    """A LeRobot folder.

    Args:
        root: The folder.
        spec: What its numbers mean; needed where the folder was not written by vla_gym.
        **options: The others of ``LeRobotOptions``.

    Raises:
        DatasetError: When it is another version, damaged, its meaning is not known, or it was
            recorded at another rate than the spec says.
        OptionError: When an option names what is not there.
    """

    def __init__(self, root: Path, *, spec: DatasetSpec | None = None, **options: Any) -> None:
        self.root = root
        self._options = validated(LeRobotOptions, options, where=str(root))
        self._meta = Meta(root)
        self.spec = spec or self._own_spec()
        self._check_rate()
        self._reader = FrameReader(self._meta.info.fps)

    @property
    def lengths(self) -> list[int]:
        """Frames of every demonstration."""
        return [one.last - one.first for one in self._stretches]

    @property
    def chosen(self) -> dict[str, Any]:
        """What was said of the folder and is not in ``spec``: the columns and the split."""
        return self._options.model_dump(mode="json", exclude={"spec"})

    def episode(self, index: int, *, images: bool = True) -> Demonstration:
        """Return a demonstration; without its pictures where only numbers are wanted.

        Raises:
            DatasetError: When a file is absent, damaged or too short.
        """
        one = self._stretches[index]
        frames = self._frames(one.episode, images=images)
        self._check_task(one, frames)
        span, own = slice(one.first, one.last), self._own(one.episode)
        actions, labels = (rows[span] for rows in self._actions(frames))
        demonstration = Demonstration(
            images=self._pictures(one, frames) if images else {},
            proprioception=frames.numbers(self._columns.state)[span],
            actions=actions,
            instruction=one.instruction,
            task=own.task or "",
            success=own.success,
            labels=None if np.array_equal(actions, labels) else labels,
            source=self._source(one, own),
        )
        check_demonstration(demonstration, self.spec, where=frames.where)
        return demonstration

    @cached_property
    def _stretches(self) -> list[_Stretch]:
        episodes = self._meta.of_split(self._options.split)
        return [stretch for episode in episodes for stretch in self._split(episode)]

    @cached_property
    def _columns(self) -> Columns:
        said = self._options
        names = {name: _names(getattr(said, name)) for name in ("state", "action")}
        return columns(self._meta, self.spec, cameras=said.cameras, **names)

    def _actions(self, frames: Frames) -> tuple[Floats, Floats]:
        """Return what was executed, and what should have been."""
        action, there = frames.numbers(self._columns.action), frames.table.column_names
        if self._columns.action != (ACTION,):
            return action, action
        if EXECUTED in there:
            return frames.numbers([EXECUTED]), action
        return action, frames.numbers([LABELS]) if LABELS in there else action

    def _split(self, episode: Episode) -> Iterator[_Stretch]:
        """Yield what an episode shows; its frames are read where it may be several tasks."""
        if episode.tasks is not None and len(episode.tasks) == 1:
            yield _Stretch(episode, 0, episode.length, episode.tasks[0])
            return
        frames = self._frames(episode, images=False)
        for first, last, task in stretches(frames.tasks):
            yield _Stretch(episode, first, last, self._sentence(task, frames.where))

    def _check_task(self, one: _Stretch, frames: Frames) -> None:
        for task in np.unique(frames.tasks[one.first : one.last]):
            text = self._sentence(int(task), frames.where)
            if text != one.instruction or text not in (one.episode.tasks or [text]):
                raise DatasetError(
                    f"{frames.where}: task_index {task} is {text!r}, meta's list of episodes says "
                    f"{list(one.episode.tasks or [])}."
                )

    def _sentence(self, task: int, where: str) -> str:
        if task not in self._meta.tasks:
            raise DatasetError(
                f"{where}: task_index {task} is none of the {len(self._meta.tasks)} tasks in meta."
            )
        return self._meta.tasks[task]

    def _frames(self, episode: Episode, *, images: bool) -> Frames:
        """Return the rows of an episode."""
        chosen = self._columns
        cameras = [name for name in chosen.cameras.values() if name in chosen.stored]
        return self._reader.read(
            episode,
            [*chosen.state, *chosen.action],
            pictures=cameras if images else (),
            optional=(EXECUTED, LABELS),
        )

    def _pictures(self, one: _Stretch, frames: Frames) -> dict[str, Pictures]:
        out: dict[str, Pictures] = {}
        fps, length = self._meta.info.fps, one.last - one.first
        for role, column in self._columns.cameras.items():
            if column in self._columns.stored:
                part = frames.part(one.first, one.last)
                out[role] = part.pictures(column, self.spec.cameras[role], self.root)
            else:
                video, start = self._meta.video(one.episode, column)
                start += frames.start + one.first / fps
                out[role] = read_pictures(video, length, start=start, fps=fps)
        return out

    def _own(self, episode: Episode) -> _Own:
        """Return what we say of an episode."""
        try:
            return _Own.model_validate(dict(episode.row))
        except ValidationError as error:
            lines = "\n".join(problems(error, _Own))
            where = f"{self.root}, episode {episode.number}"
            raise DatasetError(f"{where}: its row in meta is wrong:\n{lines}") from error

    def _source(self, one: _Stretch, own: _Own) -> dict[str, Any]:
        if own.source is None:
            return {"dataset": str(self.root), "episode": one.episode.number, "frame": one.first}
        try:
            found = json.loads(own.source)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise DatasetError(
                f"{self.root}, episode {one.episode.number}: {EXTRA}source is {own.source!r}, "
                "expected a mapping in JSON."
            )
        return found

    def _check_rate(self) -> None:
        said = self._meta.info.fps
        rates = {"fps": self.spec.fps, "action.control_hz": self.spec.action.control_hz}
        for name, rate in rates.items():
            if rate != said:
                raise DatasetError(
                    f"{self.root / INFO}: fps is {said:g}, {name} of the spec is {rate:g} Hz. A "
                    "frame has one action, so all three are the same: give the spec of what was "
                    "recorded, or record it at another rate."
                )

    def _own_spec(self) -> DatasetSpec:
        found = self._meta.info.vla_gym_spec
        if found is None:
            raise SpecMissingError(
                f"{self.root / INFO} does not say what an action means (units, frame, gripper). "
                "Give spec=DatasetSpec(...) in the terms of vla_gym.contract; vla-gym dataset info "
                "proposes one."
            )
        try:
            return DatasetSpec.model_validate(found)
        except ValidationError as error:
            found = [f"  {_place(one)}: {one['msg']}" for one in error.errors(include_url=False)]
            raise DatasetError(
                "\n".join([f"{self.root / INFO}, {SPEC} is not what this version stores:", *found])
                + "\nFix: add what is missing there (an older version did not store it), give "
                "spec=DatasetSpec(...), or collect again."
            ) from error


def _place(problem: Mapping[str, Any]) -> str:
    return ".".join(map(str, problem["loc"]))


def _names(said: str | Sequence[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
