"""How a training goes: a bar, a log of lines, and TensorBoard where it is installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vla_gym.results import Results

FILE = "log.jsonl"


class Log:
    """Of one training; a context.

    Args:
        out: Folder of the training.
        total: Steps.
        show: Draw a bar on standard error.
    """

    def __init__(self, out: Path, *, total: int, show: bool) -> None:
        self._file = (out / FILE).open("a", encoding="utf-8")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not show,
        )
        self._task = self._bar.add_task("training", total=total)
        self._board = _board(out)
        self._sums: dict[str, float] = {}
        self._count = 0

    def __enter__(self) -> Log:
        """Begin to draw."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing."""
        self._bar.stop()
        self._file.close()
        if self._board is not None:
            self._board.close()

    def note(self, text: str) -> None:
        """Say what goes on."""
        self._bar.update(self._task, description=text)

    def begin(self, done: int, data: Mapping[str, object]) -> None:
        """Say how many steps are done already and what the rest learns from."""
        self._bar.update(self._task, completed=done, description="training")
        if "inexact" in data and not self._bar.disable:
            self._bar.console.print(
                f"Of {data['frames']} frames {data['inexact']} have a label that does not lead "
                "back to what was recorded; they are learned as nearly as the policy can say."
            )
        self._write({"begin": done, **data})

    def step(self, done: int, values: Mapping[str, float], *, every: int) -> None:
        """Take a step into account; write the mean of ``every`` steps."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        self._bar.update(self._task, completed=done, description=f"loss {values['loss']:.4f}")
        if done % every == 0:
            means = {name: total / self._count for name, total in self._sums.items()}
            self._write({"step": done, **{name: round(v, 8) for name, v in means.items()}})
            self._show(done, means)
            self._sums, self._count = {}, 0

    def evaluated(self, done: int, results: Results) -> None:
        """Write the main numbers of an evaluation."""
        scores = results.summary.columns
        self._write({"step": done, "eval": scores})
        self._show(done, {f"eval/{name}": value for name, value in scores.items()})

    def held_out(self, done: int, losses: Mapping[str, float]) -> None:
        """Write the losses on demonstrations that are not learned from."""
        self._write({"step": done, "held_out": {name: round(v, 8) for name, v in losses.items()}})
        self._show(done, {f"held_out/{name}": value for name, value in losses.items()})

    def _show(self, done: int, values: Mapping[str, float]) -> None:
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, done)

    def _write(self, values: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(dict(values)) + "\n")
        self._file.flush()


def _board(out: Path) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"))
