"""What ``vla-gym checkpoint inspect`` and ``convert`` do with files of this family.

A released file is compared with the model that a configuration describes: ``--set config=NAME``, or
``--set json=FILE`` for the configuration that was published with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_gym_robovlms.checkpoints.errors import CheckpointError
from vla_gym_robovlms.checkpoints.own import (
    META,
    WEIGHTS,
    read_meta,
    read_state_shapes,
    save_checkpoint,
    store_smaller,
)
from vla_gym_robovlms.checkpoints.published import config_from_published
from vla_gym_robovlms.checkpoints.released import load_released, read_released, report_released
from vla_gym_robovlms.robots import ROBOTS

if TYPE_CHECKING:
    from vla_gym_robovlms.model import Vla

_SUFFIXES = {".pt", ".pth", ".ckpt"}


class RoboVlmsFormat:
    """Our folders and the released files."""

    def recognises(self, path: Path) -> bool:
        """Whether it is one of the two."""
        return path.suffix in _SUFFIXES or (path / META).exists()

    def inspect(self, path: Path, options: Mapping[str, Any]) -> Sequence[str]:
        """Say what is in it; with a configuration, what of it fits."""
        if path.is_dir():
            return self._inspect_own(path)
        state = read_released(path)
        lines = [
            f"{path}: {len(state)} tensors, {sum(v.numel() for v in state.values()):,} numbers",
            *(f"  {prefix}: {count}" for prefix, count in _prefixes(state).items()),
        ]
        if not options:
            return [*lines, "Give --set config=NAME or --set json=FILE to see what fits."]
        model = _model(options)
        return [*lines, *report_released(model, path).lines()]

    def convert(self, path: Path, out: Path, options: Mapping[str, Any]) -> Sequence[str]:
        """Write a released file as one of our folders, or one of our folders smaller."""
        if path.is_dir():
            return self._convert_own(path, out, options)
        if not options:
            raise CheckpointError(
                "A released file does not say what it is: give --set config=NAME, or "
                "--set json=FILE with the configuration published beside it."
            )
        model = _model(options)
        report = load_released(model, path)
        save_checkpoint(model, out)
        return [*report.lines(), _written(out)]

    def _inspect_own(self, path: Path) -> Sequence[str]:
        meta = read_meta(path)
        shapes = read_state_shapes(path)
        facts = [f"  {key}: {value}" for key, value in meta.items()]
        return [f"{path}: {len(shapes)} tensors in {WEIGHTS}", *facts]

    def _convert_own(self, path: Path, out: Path, options: Mapping[str, Any]) -> Sequence[str]:
        if set(options) != {"precision"}:
            raise CheckpointError(
                f"{path} is in our own format already; --set precision=float16 halves its size."
            )
        store_smaller(path, out, str(options["precision"]))
        return [_written(out)]


FORMAT = RoboVlmsFormat()


def _model(options: Mapping[str, Any]) -> Vla:
    """Return the network of a configuration, with random weights."""
    from vla_gym.options import merged
    from vla_gym_robovlms.factory import make_model
    from vla_gym_robovlms.options import resolve

    given = dict(options)
    published = given.pop("json", None)
    name = given.pop("config", None)
    if published is not None:
        file = Path(str(published))
        given = merged(config_from_published(file, robot=given.get("robot")), given)
        if "robot" not in given:
            raise CheckpointError(
                f"{file} has no train_dataset, so it does not tell which robot these weights move. "
                f"Say it: --set robot=NAME, one of {', '.join(ROBOTS)}."
            )
    config = resolve(name, given)
    if config.backbone.size == "base" and config.backbone.weights is None:
        backbone = config.backbone.model_copy(update={"weights": "random"})
        config = config.model_copy(update={"backbone": backbone})
    return make_model(config)


def _written(out: Path) -> str:
    return f"written: {out} (vla-gym eval --policy {out}/policy.yaml)"


def _prefixes(state: Mapping[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in state:
        prefix = ".".join(key.split(".")[:3])
        counts[prefix] = counts.get(prefix, 0) + 1
    return counts
